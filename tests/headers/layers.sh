#!/bin/sh
# layers.sh <source>: a folder of include/weft includes nothing of the folders that stand below it in docs/design.md's table of
# layers, and only expr/ and the file of an operation ask of which kind a node is.
cd "$1/include/weft" || exit 1
status=0
folders=$(sed -n '/^## Layers/,/^## To add/s/^| \(`[a-z]*\/`[^|]*\)|.*/\1/p' ../../docs/design.md | grep -oE '[a-z]+')
[ "$(echo "$folders" | sort)" = "$(ls -d */ | tr -d / | grep -v compiled | sort)" ] || {
  echo "docs/design.md's table of layers and the folders of include/weft differ"
  status=1
}
above=
for folder in $folders; do
  for other in $above; do
    if grep -rn "#include <weft/$folder/" "$other"; then
      echo "weft/$other stands above weft/$folder and includes it"
      status=1
    fi
  done
  above="$above $folder"
done
if grep -rnE 'role::|::role\b' core simd gemm engine models autodiff | grep -vE 'static constexpr weft::role role = weft::role::[a-z]+;'; then
  echo "this asks of which kind an expression is: that is for expr/ and for what defines the operation"
  status=1
fi
exit $status
