#!/usr/bin/env bash
# What gdb shows with weft_printers.py: check.sh <compiler> <flags...>. Exits with 77 where there is no gdb.
set -euo pipefail
command -v gdb >/dev/null || { echo "gdb isn't installed"; exit 77; }
compiler=$1
shift
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

cat >"$work/shown.cpp" <<'END'
#include <weft/core.hpp>
void stop() {}
int main() {
  weft::tensor<float, 2> a = {{1, 2, 3}, {4, 5, 6}};
  weft::tensor<int, 1> none;
  weft::tensor<double, 0> number = 2.5;
  weft::tensor<int, weft::shape{2, 2}> inside = {{1, 2}, {3, 4}};
  weft::tensor<double, weft::shape{"batch", 3}> named = weft::ones<double>({2, 3});
  weft::tensor<bool, 3> blocks = weft::zeros<bool>({2, 1, 2});
  float mine[] = {1, 2, 3, 4, 5, 6};
  auto view = weft::borrow(mine, {3, 2});
  auto sum = a + 10;
  auto many = a * a + a / a;
  stop();
  return static_cast<int>(sum.size() + view.size() + none.size() + number.size() + inside.size() + named.size() +
                          blocks.size() + many.size()) < 0;
}
END
"$compiler" -std=c++20 -I"$here/../../include" "$@" -O0 -g "$work/shown.cpp" -o "$work/shown"
names=(a none number inside named blocks view sum a.items_.buffer many)
commands=()
for name in "${names[@]}"; do commands+=(-ex "print $name"); done
gdb -nx -q -batch -ex "source $here/weft_printers.py" -ex "break stop" -ex run -ex up "${commands[@]}" \
  "$work/shown" >"$work/out" 2>&1 || true

failed=0
expect() {
  grep -qE -- "$1" "$work/out" || { echo "missing: $1"; failed=1; }
}
expect '^\$1 = tensor \(2, 3\) float = \{\{1, 2, 3\}, \{4, 5, 6\}\}$'
expect '^\$2 = tensor \(0,\) int$'
expect '^\$3 = tensor \(\) double = 2\.5$'
expect '^\$4 = tensor \(2, 2\) int = \{\{1, 2\}, \{3, 4\}\}$'
expect '^\$5 = tensor \(batch=2, 3\) double = \{\{1, 1, 1\}, \{1, 1, 1\}\}$'
expect '^\$6 = tensor \(2, 1, 2\) bool = \{\{\{false, false\}\}, \{\{false, false\}\}\}$'
expect '^\$7 = borrowed \(3, 2\) float = \{\{1, 2\}, \{3, 4\}, \{5, 6\}\}$'
expect '^\$8 = map<add> = \{a = tensor \(2, 3\) float = \{\{1, 2, 3\}, \{4, 5, 6\}\}, b = '
expect '^\$9 = storage of 24 bytes at 0x[0-9a-f]+, [0-9]+ holders$'
expect '^\$10 = map<add> = \{a = map<multiply> = \{a = tensor .*, b = map<divide> = \{a = tensor '
if ((failed)); then
  cat "$work/out"
  exit 1
fi
echo "$compiler: gdb shows ${#names[@]} values as expected"
