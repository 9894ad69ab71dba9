#!/bin/sh
# From a fresh machine to passing tests: set-up (with a browser for the report's tests), build, ctest.
# Arguments go to ctest, e.g.  scripts/test.sh -LE slow
set -eu
cd "$(dirname "$0")/.."
PHYSPROBE_SETUP_BROWSER=1 ./scripts/setup.sh
./scripts/build.sh
echo "[test] running the tests"
ctest --test-dir build/release --output-on-failure "$@"
