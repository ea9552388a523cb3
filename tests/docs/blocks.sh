#!/usr/bin/env bash
# Compiles every C++ block of the README and of the guide, each inside a function of its own: what the documentation shows must compile.
#   tests/docs/blocks.sh [compiler]
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
{
  echo '#include <weft/all.hpp>'
  echo '#include <iostream>'
  echo '#include <vector>'
  echo 'using namespace weft;'
  # A struct goes before its block's function: local ones can't have templates.
  awk '/^```cpp/ {inside = 1; body = ""; next}
       /^```/ && inside {inside = 0; print "void block_" ++n "() {\n" body "}"; next}
       inside && /^struct/ {type = 1}
       inside && type {print; if (/^};/) type = 0; next}
       inside && !/^#include/ {body = body $0 "\n"}' "$root/README.md" "$root/docs/guide.md"
} >"$folder/guide.cpp"
blocks=$(grep -c '^void block_' "$folder/guide.cpp")
"${1:-${CXX:-g++}}" -std=c++20 -fsyntax-only -I"$root/include" "$folder/guide.cpp"
echo "documentation: $blocks blocks compile"
