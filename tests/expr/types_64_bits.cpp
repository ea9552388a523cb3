// Maps, casts and reductions of int64, uint64, double, at sizes around every pack.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "types.hpp"

constexpr index_t sizes[] = {0, 1, 3, 4, 15, 16, 17, 33, 64, 65, 129};

TEST_CASE("int64") {
  for (index_t n : sizes) {
    maps<weft::int64>(n);
    reductions<weft::int64>(n);
    casts<weft::int64>(n);
  }
}
TEST_CASE("uint64") {
  for (index_t n : sizes) {
    maps<weft::uint64>(n);
    reductions<weft::uint64>(n);
    casts<weft::uint64>(n);
  }
}
TEST_CASE("double") {
  for (index_t n : sizes) {
    maps<double>(n);
    reductions<double>(n);
    casts<double>(n);
  }
}
