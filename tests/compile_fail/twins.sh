#!/usr/bin/env bash
# A mistake and its harmless twin live in one file: twins.sh <compiler> <source> <flags...>
#
#   // expect: weft: add: named dimensions differ        an extended regular expression, in the first line
#   #include <weft/all.hpp>
#   void user(...) {
#   #ifdef WEFT_MISTAKE
#     a + c;
#   #else
#     a + b;
#   #endif
#   }
#
# With WEFT_MISTAKE the file doesn't compile, the output matches, and is at most 40 lines long. Without it, it compiles:
# harmless.sh compiles all files at once.
# For an expectation that differs by compiler, one line each: `// expect g++: ...`, `// expect clang++: ...`.
set -uo pipefail
compiler=$1 source=$2
shift 2
short=$(basename "$compiler")
expectation=$(sed -nE "1,3s|^// expect( ${short//+/\\+})?: *||p" "$source" | head -n 1)
if [[ $expectation != *weft:* ]]; then
  echo "$source: the first line must be '// expect: weft: ...'"
  exit 1
fi
compile=("$compiler" -std=c++20 -fsyntax-only -fno-diagnostics-color "$@")

if output=$("${compile[@]}" -DWEFT_MISTAKE "$source" 2>&1); then
  echo "$source: the mistake compiles"
  exit 1
fi
echo "$output"
lines=$(wc -l <<<"$output") errors=$(grep -c 'error:' <<<"$output")
first=$(grep -m 1 'error:' <<<"$output")
result=0
if ! grep -Eq -- "$expectation" <<<"$output"; then
  echo "$source: no line matches: $expectation"
  result=1
elif ! grep -Eq -- "$expectation" <<<"$first"; then
  echo "note: the first error is another one: $first"
fi
if ((lines > 40)); then
  echo "$source: $lines lines for one mistake, at most 40 are allowed"
  result=1
fi
echo "$lines lines, $errors errors"
exit $result
