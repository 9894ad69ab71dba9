#!/bin/sh
# check_consumer.sh CMAKE BUILD_DIRECTORY CONSUMER_SOURCE COMPILER
set -eu
cmake=$1
build=$2
consumer=$3
compiler=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$cmake" --install "$build" --prefix "$work/prefix" >/dev/null
"$cmake" -S "$consumer" -B "$work/build" -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_BUILD_TYPE=Release
"$cmake" --build "$work/build"
"$work/build/consumer"
"$work/prefix/bin/physprobe" version
# Every other command runs in physprobe-models, found from where it is installed.
"$work/prefix/bin/physprobe" list --json >/dev/null
