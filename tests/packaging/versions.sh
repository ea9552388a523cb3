#!/usr/bin/env bash
# The version is the same wherever it's written: versions.sh <CMake's version>
set -uo pipefail
WEFT_SOURCE=${WEFT_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
cd "$WEFT_SOURCE" || exit 1
result=0
header=$(sed -nE 's/^#define WEFT_VERSION_(MAJOR|MINOR|PATCH) ([0-9]+).*/\2/p' include/weft/config.hpp |
  tr '\n' '.' | sed 's/\.$//')
if [[ $header != "$1" ]]; then
  echo "include/weft/config.hpp says $header, CMake says $1"
  result=1
fi
if [[ $(grep -m 1 '^## ' CHANGELOG.md) != "## $header"* ]]; then
  echo "the first entry of CHANGELOG.md isn't $header: $(grep -m 1 '^## ' CHANGELOG.md)"
  result=1
fi
# Translation units of two versions may meet in one program.
minor=v$(cut -d. -f1,2 <<<"$header" | tr . _)_
if grep -E '^#define WEFT_ISA_SET ' include/weft/config.hpp | grep -v "WEFT_ISA_SET $minor"; then
  echo "an inline namespace isn't named after $header"
  result=1
fi
# The recipe reads the header itself; it must not write a number of its own.
if grep -nE '^ *version *=' conanfile.py; then
  echo "conanfile.py writes a version of its own"
  result=1
fi
exit $result
