// Maps, casts and reductions of int32, uint32, float, at sizes around every pack.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "types.hpp"

constexpr index_t sizes[] = {0, 1, 3, 4, 15, 16, 17, 33, 64, 65, 129};

TEST_CASE("int32") {
  for (index_t n : sizes) {
    maps<weft::int32>(n);
    reductions<weft::int32>(n);
    casts<weft::int32>(n);
  }
}
TEST_CASE("uint32") {
  for (index_t n : sizes) {
    maps<weft::uint32>(n);
    reductions<weft::uint32>(n);
    casts<weft::uint32>(n);
  }
}
TEST_CASE("float") {
  for (index_t n : sizes) {
    maps<float>(n);
    reductions<float>(n);
    casts<float>(n);
  }
}
