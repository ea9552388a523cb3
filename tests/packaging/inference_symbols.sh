#!/usr/bin/env bash
# A program that only runs a model contains nothing of the backward pass; the one that trains it does.
#   inference_symbols.sh <compiler> <flags>...
set -uo pipefail
WEFT_SOURCE=${WEFT_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
backward='backward|autodiff::(sweep|push|mirror|gradient_record|statement|sink|cotangent)|weft::tape|autograd::record'
compiler=$1
shift
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for program in mlp_inference mlp_training; do  # at -O0 nothing is inlined away
  "$compiler" -std=c++20 -O0 "$@" -c "$WEFT_SOURCE/bench/compile_time/$program.cpp" -o "$folder/$program.o" || exit 1
  nm -C "$folder/$program.o" >"$folder/all" || exit 1
  grep -E "$backward" "$folder/all" >"$folder/$program"
done
inference=$(wc -l <"$folder/mlp_inference") training=$(wc -l <"$folder/mlp_training")
echo "$inference symbols of the backward pass in inference, $training in training"
cut -c 1-200 "$folder/mlp_inference"
if ((training < 20)); then echo "too few in training: the pattern looks for what isn't there"; fi
((inference == 0 && training >= 20))
