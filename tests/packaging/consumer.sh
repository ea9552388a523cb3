#!/usr/bin/env bash
# A user's program, built in the way that is named: consumer.sh <way>
#
#   plain_include    -I alone
#   pkg_config       installed, moved, found through weft.pc
#   find_package     installed, moved, found through weft-config.cmake; other versions refused
#   add_subdirectory, fetch_content   as part of the user's project, which must stay as it was
#   compiled         weft::compiled, installed and moved, and as a subproject; not for another instruction set
#   without_xsimd    installed, used on a machine where nobody has xsimd
set -euo pipefail
WEFT_SOURCE=${WEFT_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
way=$1
here=$(cd "$(dirname "$0")" && pwd)
work=$PWD
rm -rf "${work:?}"/*
generator=(-G Ninja -DCMAKE_CXX_COMPILER="${CXX:-g++}" -DCMAKE_BUILD_TYPE=Debug)

install_and_move() {  # leaves the package in $work/moved
  cmake -S "$WEFT_SOURCE" -B package "${generator[@]}" -DWEFT_BUILD_TESTS=OFF -DWEFT_BUILD_EXAMPLES=OFF \
    -DCMAKE_INSTALL_PREFIX="$work/first" "$@" >package.log
  cmake --install package >>package.log
  mv first moved
  rm -rf package
}

entries() {  # what a user sees of a cache
  grep -E '^[^#/]+:[A-Z]+=' "$1/CMakeCache.txt" | grep -Ev ':(INTERNAL|STATIC)=' | sed 's/:.*//' | sort
}

project() {  # <build folder> <definitions...>
  local build=$1
  shift
  cmake -S "$here/consumer" -B "$build" "${generator[@]}" "$@"
}

case $way in
  plain_include)
    "${CXX:-g++}" -std=c++20 -O1 -pthread -I "$WEFT_SOURCE/include" "$here/consumer/main.cpp" -o user
    ./user
    ;;
  pkg_config)
    install_and_move
    export PKG_CONFIG_PATH=$work/moved/share/pkgconfig
    flags=$(pkg-config --cflags --libs weft)
    echo "$flags"
    [[ $(pkg-config --modversion weft) =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]]
    # shellcheck disable=SC2086
    "${CXX:-g++}" -std=c++20 -O1 "$here/consumer/main.cpp" $flags -o user
    ./user
    ;;
  find_package)
    install_and_move
    if grep -rn "$work" moved; then
      echo "the package names the place where it was built"
      exit 1
    fi
    project user -DHOW=find_package -DCMAKE_PREFIX_PATH="$work/moved"
    cmake --build user
    user/user
    for version in 0.0 99.0; do
      if project refused -DHOW=find_package -DCMAKE_PREFIX_PATH="$work/moved" -DWANTED=$version >refused.log 2>&1; then
        echo "version $version was asked for and another one accepted"
        exit 1
      fi
    done
    ;;
  add_subdirectory | fetch_content)
    project without -DHOW=nothing >without.log
    project user -DHOW="$way" -DWEFT_SOURCE="$WEFT_SOURCE" -DCMAKE_INSTALL_PREFIX="$work/prefix"
    cmake --build user
    user/user
    gained=$(comm -13 <(entries without) <(entries user) | grep -Ev '^(WEFT_|FETCHCONTENT_)' || true)
    if [[ $gained ]]; then
      echo "the user's cache gained: $gained"
      exit 1
    fi
    if cmake --build user --target help | grep -E '(test|bench)_|doctest'; then
      echo "a subproject builds tests"
      exit 1
    fi
    cmake --install user
    if [[ -e prefix ]] && find prefix -name '*weft*' | grep .; then
      echo "a subproject installs itself"
      exit 1
    fi
    ;;
  compiled)
    install_and_move
    project user -DHOW=find_package -DCMAKE_PREFIX_PATH="$work/moved" -DLINKS=weft::compiled
    cmake --build user --target user
    user/user
    if nm -C user/CMakeFiles/user.dir/main.cpp.o | grep -E ' [TWt] weft::.*(take_block|run_part|run_flat)\('; then
      echo "the user's unit has what weft::compiled is for"
      exit 1
    fi
    if cmake --build user --target user_avx2 >avx2.log 2>&1; then
      echo "a unit for AVX2 was linked with a library for another instruction set"
      exit 1
    fi
    if ! grep -E 'undefined.*weft::v[0-9_]+avx2' avx2.log; then
      cat avx2.log
      echo "the linker didn't say whose functions are missing"
      exit 1
    fi
    project subproject -DHOW=add_subdirectory -DWEFT_SOURCE="$WEFT_SOURCE" -DLINKS=weft::compiled
    cmake --build subproject --target user
    subproject/user
    ;;
  without_xsimd)
    install_and_move -DWEFT_WITH_XSIMD=OFF
    project user -DHOW=find_package -DCMAKE_PREFIX_PATH="$work/moved" -DWEFT_WITH_XSIMD=OFF
    cmake --build user
    user/user
    # The header that must not be needed is made unusable.
    mkdir -p poison/xsimd
    echo '#error "xsimd is included"' >poison/xsimd/xsimd.hpp
    "${CXX:-g++}" -std=c++20 -O1 -DWEFT_PLAIN_PACKS=1 -I poison -I moved/include -pthread "$here/consumer/main.cpp" \
      -o plain
    ./plain
    ;;
  *)
    echo "no such way: $way"
    exit 1
    ;;
esac
echo "$way: fine"
