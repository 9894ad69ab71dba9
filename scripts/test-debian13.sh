#!/bin/sh
# Proves the build and the tests against the packages of Debian 13 in a root of its own (debootstrap). Needs root.
#   scripts/test-debian13.sh [ROOT_DIRECTORY]
# The mirror is read from this machine's apt sources; set PHYSPROBE_DEBIAN_MIRROR to use another.
set -eu
project=$(cd "$(dirname "$0")/.." && pwd)
root="${1:-/var/tmp/physprobe-debian13}"
if [ "$(id -u)" -ne 0 ]; then
  echo "[debian13] needs root (debootstrap and chroot); run it with sudo" >&2
  exit 3
fi
command -v debootstrap >/dev/null 2>&1 || apt-get install -y -q --no-install-recommends debootstrap
mirror="${PHYSPROBE_DEBIAN_MIRROR:-}"
if [ -z "$mirror" ]; then
  mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
    sed -n -e 's/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*\) .*/\2/p' -e 's/^URIs: *\([^ ]*\).*/\1/p' | grep -v security | head -n 1)
fi
[ -n "$mirror" ] || { echo "[debian13] no mirror in the apt sources; set PHYSPROBE_DEBIAN_MIRROR" >&2; exit 2; }
if [ ! -e "$root/.physprobe-ready" ]; then
  echo "[debian13] debootstrap trixie into $root"
  debootstrap --variant=minbase trixie "$root" "$mirror"
  cp /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || true
  cp /etc/apt/apt.conf.d/*proxy* "$root/etc/apt/apt.conf.d/" 2>/dev/null || true
  touch "$root/.physprobe-ready"
fi
# What an interrupted run left mounted would be emptied by the next line but one.
for mount in physprobe/build proc dev; do
  while mountpoint -q "$root/$mount"; do umount "$root/$mount"; done
done
echo "[debian13] copying the project"
rm -rf "$root/physprobe"
mkdir -p "$root/physprobe"
(cd "$project" && git ls-files -z | xargs -0 tar cf -) | tar xf - -C "$root/physprobe"
# The build tree is kept outside the copy, so that a second run is quick.
mkdir -p "$root/physprobe-build" "$root/physprobe/build"
for mount in proc dev; do mountpoint -q "$root/$mount" || mount --bind "/$mount" "$root/$mount"; done
trap 'umount "$root/proc" "$root/dev" 2>/dev/null || true' EXIT
mount --bind "$root/physprobe-build" "$root/physprobe/build"
trap 'umount "$root/physprobe/build" "$root/proc" "$root/dev" 2>/dev/null || true' EXIT
chroot "$root" /usr/bin/env LC_ALL=C.UTF-8 CCACHE_DIR=/physprobe-build/ccache sh -c 'cd /physprobe && ./scripts/setup.sh && ./scripts/build.sh -- -k 0 &&
  ctest --test-dir build/release --output-on-failure -LE slow'
echo "[debian13] passed"
