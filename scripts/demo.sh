#!/bin/sh
# From a fresh machine to a report: set-up, build, render the embedded data set, run the demo suite.
set -eu
cd "$(dirname "$0")/.."
./scripts/setup.sh
./scripts/build.sh
out="${1:-runs/demo}"
echo "[demo] running configs/suites/demo.yaml"
./build/release/physprobe run configs/suites/demo.yaml --out "$out"
echo
echo "[demo] open the report in a browser: $(cd "$out" && pwd)/report.html"
