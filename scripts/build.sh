#!/bin/sh
# Configures and builds the release preset; fast the second time. Arguments go to cmake --build.
set -eu
cd "$(dirname "$0")/.."
echo "[build] configuring (preset release)"
cmake --preset release >build-configure.log 2>&1 || { cat build-configure.log >&2; rm -f build-configure.log; exit 1; }
rm -f build-configure.log
echo "[build] compiling (a few minutes the first time)"
cmake --build --preset release "$@"
