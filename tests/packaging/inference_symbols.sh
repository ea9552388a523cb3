#!/usr/bin/env bash
# A program that only runs a model contains nothing of the backward pass; the one that trains it does.
#   inference_symbols.sh <compiler> <flags>...
set -uo pipefail
WEFT_SOURCE=${WEFT_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
backward='backward|reverse::(sweep|push|mirror|made|statement|sink|cotangent)|weft::tape|autograd::record'
compiler=$1
shift
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
result=0
for level in -O0 -O2; do
  for program in mlp_inference mlp_training; do
    "$compiler" -std=c++20 "$level" "$@" -c "$WEFT_SOURCE/bench/compile_time/$program.cpp" -o "$folder/$program.o" || exit 1
    nm -C "$folder/$program.o" >"$folder/all" || exit 1
    grep -E "$backward" "$folder/all" >"$folder/$program"
  done
  inference=$(wc -l <"$folder/mlp_inference") training=$(wc -l <"$folder/mlp_training")
  echo "$compiler $level: $inference symbols of the backward pass in inference, $training in training"
  if ((inference > 0)); then
    cut -c 1-200 "$folder/mlp_inference"
    result=1
  fi
  if ((training < 20)); then
    echo "too few in training: the pattern looks for what isn't there"
    result=1
  fi
done
exit $result
