// Row programs over strided, stretched and empty operands.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "oracle.hpp"

using namespace oracle;
using weft::axis, weft::keepdims, weft::max, weft::mean, weft::sum;

TEST_CASE("strided and stretched operands of row programs") {
  auto x = some<float>({5, 6, 7}, 1);
  auto t = transpose(x);  // (7, 6, 5)
  agrees(softmax(t));
  agrees(softmax(x(weft::all, weft::range(0, 6, 2), weft::range(weft::end, weft::begin, -1))));
  agrees(t - mean(t, axis<1, 2>, keepdims));
  auto column = some<float>({6, 1}, 2);
  auto row = some<float>({7}, 3);
  agrees(softmax(x * column + row));
  agrees(softmax(x * column(weft::all, 0)(weft::all, weft::newaxis)) * max(x * row, axis<2>, keepdims));
}

TEST_CASE("no rows, rows without elements") {
  auto none = weft::zeros<float>({0, 5}), bare = weft::zeros<float>({5, 0});
  agrees(softmax(none));
  agrees(none - mean(none, axis<1>, keepdims));
  agrees(bare - sum(bare, axis<1>, keepdims));
  agrees(sum(bare, axis<1>) + 1);
  CHECK(weft::eval(softmax(none)).shape(1) == 5);
}
