#!/usr/bin/env bash
# The harmless twins of all mistakes compile: harmless.sh <compiler> <flags...>
# One unit for all of them, each in a namespace; see twins.sh.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
compiler=$1
shift
{
  echo '#include <weft/all.hpp>'
  grep -hE '^#include <' "$here"/*.cpp | sort -u
  for source in "$here"/*.cpp; do
    name=$(basename "$source" .cpp)
    echo "namespace twin_$name {"
    echo "#include \"$source\""
    echo '}'
  done
} >harmless.cpp
"$compiler" -std=c++20 -fsyntax-only "$@" harmless.cpp
echo "$(grep -c '^namespace twin_' harmless.cpp) harmless twins compile"
