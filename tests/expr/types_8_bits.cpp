// Maps, casts and reductions of bool, int8, uint8, at sizes around every pack.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "types.hpp"

constexpr index_t sizes[] = {0, 1, 3, 4, 15, 16, 17, 33, 64, 65, 129};

TEST_CASE("bool") {
  for (index_t n : sizes) {
    maps<bool>(n);
    reductions<bool>(n);
    casts<bool>(n);
  }
}
TEST_CASE("int8") {
  for (index_t n : sizes) {
    maps<weft::int8>(n);
    reductions<weft::int8>(n);
    casts<weft::int8>(n);
  }
}
TEST_CASE("uint8") {
  for (index_t n : sizes) {
    maps<weft::uint8>(n);
    reductions<weft::uint8>(n);
    casts<weft::uint8>(n);
  }
}
