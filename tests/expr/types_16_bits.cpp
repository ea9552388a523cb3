// Maps, casts and reductions of int16, uint16, at sizes around every pack.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "types.hpp"

constexpr index_t sizes[] = {0, 1, 3, 4, 15, 16, 17, 33, 64, 65, 129};

TEST_CASE("int16") {
  for (index_t n : sizes) {
    maps<weft::int16>(n);
    reductions<weft::int16>(n);
    casts<weft::int16>(n);
  }
}
TEST_CASE("uint16") {
  for (index_t n : sizes) {
    maps<weft::uint16>(n);
    reductions<weft::uint16>(n);
    casts<weft::uint16>(n);
  }
}
