// Choices between elements of other widths than their condition's: GCC 12 ended with internal errors on these, with AVX-512.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "../engine/oracle.hpp"

using namespace oracle;
using namespace weft;

TEST_CASE("bytes under the mask of wider lanes") {
  for (index_t n : {0, 1, 7, 8, 9, 16, 33}) {
    auto s = some<double>({n}, 1);
    auto a = some<int8>({n}, 2);
    auto b = some<int16>({n}, 3);
    auto c = some<uint32>({n}, 4);
    auto d = some<uint8>({n}, 5);
    agrees(where(s > 0, cast<int16>(a), 0), 0);
    agrees(where(b < c, d, b), 0);
    agrees(where(b > d, cast<int64>(a), cast<int64>(d)), 0);
  }
}
TEST_CASE("truth values as wide numbers under a mask") {
  for (index_t n : {1, 8, 9, 40}) {
    tensor<bool, 1> p = some<int8>({n}, 1) > 0, q = some<int8>({n}, 2) > 0, a = some<int8>({n}, 3) > 0, b = some<int8>({n}, 4) > 0;
    agrees(where(a && b, cast<int64>(p), cast<int64>(q)), 0);
    agrees(where(a || b, cast<int8>(p), cast<int8>(q)), 0);
  }
}
TEST_CASE("reductions of bytes as choices") {
  auto a = some<int16>({5, 9}, 1);
  auto b = some<uint8>({5, 9}, 2);
  auto c = some<int8>({5, 9}, 3);
  agrees(where(a > b, max(c, axis<-1>, keepdims), prod(c, axis<-1>, keepdims)), 0);
}
