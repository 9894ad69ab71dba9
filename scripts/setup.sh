#!/bin/sh
# Installs what physprobe is built from, on Debian 12 or 13. Needs root or sudo; does nothing when everything is there.
set -eu

packages="g++ cmake ninja-build ccache pkg-config git ca-certificates
  libtorch-dev libopencv-dev libavformat-dev libavcodec-dev libavutil-dev libswscale-dev libfaiss-dev libhdf5-dev
  libgtest-dev libgmock-dev nlohmann-json3-dev libyaml-cpp-dev libcli11-dev libfmt-dev libbenchmark-dev
  libopenblas-dev libopenblas0-openmp libjs-vega libssl-dev zlib1g-dev ffmpeg"
[ "${PHYSPROBE_SETUP_BROWSER:-0}" = 1 ] && packages="$packages chromium"

missing=""
for package in $packages; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
if [ -z "$missing" ]; then
  echo "[setup] all packages are installed"
  exit 0
fi

if ! command -v apt-get >/dev/null 2>&1; then
  echo "[setup] this is not Debian (no apt-get). Install the packages named in scripts/setup.sh with your own" >&2
  echo "        package manager or a conda environment, then build as docs/cluster.md shows." >&2
  exit 3
fi
as_root=""
if [ "$(id -u)" -ne 0 ]; then
  if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root="sudo"
  elif command -v sudo >/dev/null 2>&1 && [ -t 0 ]; then
    as_root="sudo"
  else
    echo "[setup] missing packages:$missing" >&2
    echo "[setup] installing them needs root, and neither root nor sudo is at hand. Either ask an administrator for" >&2
    echo "          apt-get install$missing" >&2
    echo "        or build without root against your own LibTorch: docs/cluster.md." >&2
    exit 3
  fi
fi
echo "[setup] installing:$missing"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -q
# shellcheck disable=SC2086
$as_root apt-get install -y -q --no-install-recommends $missing
echo "[setup] done"
