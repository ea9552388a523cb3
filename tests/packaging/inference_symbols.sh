#!/usr/bin/env bash
# A program that only runs a model contains nothing of the backward pass; the one that trains it does.
#   inference_symbols.sh <compiler>...
set -uo pipefail
WEFT_SOURCE=${WEFT_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
backward='backward|reverse::(sweep|push|mirror|made|statement|sink|cotangent)|weft::tape|autograd::record'
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
symbols_of() {  # <compiler> <level> <program>
  "$1" -std=c++20 "$2" -I"$WEFT_SOURCE/include" -c "$WEFT_SOURCE/bench/compile_time/$3.cpp" -o "$folder/$3.o" &&
    nm -C "$folder/$3.o" | grep -E "$backward"
}
result=0
for compiler in "$@"; do
  for level in -O0 -O2; do
    inference=$(symbols_of "$compiler" "$level" mlp_inference)
    training=$(symbols_of "$compiler" "$level" mlp_training | wc -l)
    echo "$compiler $level: $(grep -c . <<<"$inference") symbols of the backward pass in inference, $training in training"
    if [[ $inference ]]; then
      cut -c 1-200 <<<"$inference"
      result=1
    fi
    if ((training < 20)); then
      echo "too few in training: the pattern looks for what isn't there"
      result=1
    fi
  done
done
exit $result
