#!/bin/sh
# Units for SSE2, AVX2 and AVX-512 in one program: does it work, and does the oldest unit only run code built for it?
#
#   tests/packaging/mixed_march/run.sh [directory for the objects]
#
# For each compiler, with and without optimisation, in both orders of linking (the first definition of a shared
# function is the one the linker keeps). CXXS="g++" and LEVELS="-O0" restrict them; STD=1 also fails for code of std.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
include=$here/../../../include
out=${1:-$(mktemp -d)}
mkdir -p "$out"
failed=0

for cxx in ${CXXS:-g++ clang++}; do
  command -v "$cxx" >/dev/null || continue
  for level in ${LEVELS:--O0 -O2}; do
    flags="-std=c++20 $level -I$include ${CPPFLAGS:-}"
    o=$out/${cxx##*/}$level
    "$cxx" $flags -march=x86-64 -c "$here/main.cpp" -o "$o-main.o"
    "$cxx" $flags -march=x86-64 -DUNIT=base -c "$here/unit.cpp" -o "$o-base.o"
    "$cxx" $flags -march=x86-64-v3 -DUNIT=avx2 -c "$here/unit.cpp" -o "$o-avx2.o"
    "$cxx" $flags -march=x86-64-v4 -DUNIT=avx512 -c "$here/unit.cpp" -o "$o-avx512.o"
    for order in "base avx2 avx512 main" "avx512 avx2 base main"; do
      files=
      for unit in $order; do files="$files $o-$unit.o"; done
      echo "$cxx $level, linked as $order"
      "$cxx" $files -o "$o-program" -pthread
      WEFT_NUM_THREADS=2 "$o-program" >"$o-output" || failed=1
      sed 's/^/    /' "$o-output"
      STD=${STD:-0} python3 "$here/reach.py" "$o-program" "$o-base.o" "$o-main.o" || failed=1
    done
  done
done
[ $failed = 0 ] && echo "mixed -march: all right" || echo "mixed -march: FAILED"
exit $failed
