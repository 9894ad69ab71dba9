#!/bin/sh
# check_headers.sh COMPILER HEADER_LIST INCLUDE_FLAGS…
# Fails if a listed header does not compile alone or pulls in a library that its layer hides.
set -u
compiler=$1
list=$2
shift 2
forbidden='/(torch/(torch|script|all)\.h|ATen/ATen\.h|opencv2/|libav(codec|format|util)/|libswscale/|faiss/|hdf5\.h|H5public\.h|CLI/|yaml-cpp/|spdlog/|openssl/|nlohmann/json\.hpp|fmt/)'
torch='|/(ATen|c10|torch)/'
failed=0
count=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
while IFS=' ' read -r header kind; do
  [ -n "$header" ] || continue
  count=$((count + 1))
  if ! printf '#include "%s"\n' "$header" | "$compiler" -std=c++17 -x c++ -fsyntax-only -H "$@" - 2>"$work/out"; then
    echo "$header does not compile alone:"
    grep -m 5 -E 'error' "$work/out"
    failed=1
  fi
  pattern=$forbidden
  [ "$kind" != "without-LibTorch" ] || pattern=$forbidden$torch
  leaks=$(sed -n 's/^\.\{1,\} //p' "$work/out" | grep -E "$pattern" | head -n 3)
  if [ -n "$leaks" ]; then
    echo "$header pulls in what its layer hides:"
    echo "$leaks"
    failed=1
  fi
done <"$list"
# The check itself must be able to fail: a header that does leak has to be noticed.
must_notice() {
  header=$1
  pattern=$2
  shift 2
  printf '#include <%s>\n' "$header" | "$compiler" -std=c++17 -x c++ -fsyntax-only -H "$@" - 2>&1 | sed -n 's/^\.\{1,\} //p' | grep -qE "$pattern" || {
    echo "the check did not notice $header: it cannot be trusted"
    failed=1
  }
}
must_notice ATen/ATen.h "$forbidden" "$@"
must_notice ATen/core/Tensor.h "$forbidden$torch" "$@"
[ "$count" -gt 0 ] || { echo "no public headers are listed"; failed=1; }
echo "$count public headers checked"
exit $failed
