#!/usr/bin/env bash
# Compiles each header by itself, with every warning an error: alone.sh <compiler> <include folder> <flags...>
# DEPTH=1: only those that users include, which lie directly in weft/
set -uo pipefail
compiler=$1 include=$2
shift 2
warnings=(-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Werror)
count=0 failed=()
while read -r header; do
  count=$((count + 1))
  if ! echo "#include <$header>" | "$compiler" -std=c++20 -fsyntax-only "${warnings[@]}" "$@" -x c++ -; then
    failed+=("$header")
  fi
done < <(cd "$include" && find weft -maxdepth "${DEPTH:-9}" -name '*.hpp' | sort)
echo "$compiler: $count headers, ${#failed[@]} not clean: ${failed[*]-}"
((count > 0 && ${#failed[@]} == 0))
