// Row programs over operands of other shapes: longer and shorter rows, numbers, strides, nothing at all.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "oracle.hpp"

using namespace oracle;
using weft::axis, weft::keepdims, weft::let, weft::max, weft::mean, weft::sum;

TEST_CASE("reductions whose rows have another length are found apart") {
  auto x = some<float>({4, 5}, 1), longer = some<float>({4, 9}, 2), shorter = some<float>({4, 2}, 3);
  auto one = some<float>({1, 5}, 4), column = some<float>({4, 1}, 5);
  auto row = some<float>({5}, 6);
  agrees(x - mean(longer, axis<1>, keepdims));
  agrees(x - mean(shorter, axis<1>, keepdims) * mean(longer, axis<1>, keepdims));
  agrees(x - mean(one, axis<1>, keepdims));
  agrees(one - mean(x, axis<1>, keepdims));
  agrees(column - mean(x, axis<1>, keepdims));
  agrees(column * mean(column, axis<1>, keepdims) + x);
  agrees(x - mean(row, axis<0>, keepdims));
  agrees(row - mean(x, axis<1>, keepdims));
  agrees(let(longer * 2, [&](auto c) { return x - mean(c, axis<1>, keepdims); }));
  agrees(let(shorter * 2, [&](auto c) { return x - mean(c, axis<1>, keepdims); }));
}

TEST_CASE("numbers from reductions over everything") {
  auto x = some<float>({3, 7}, 1);
  auto v = some<float>({7}, 2);
  agrees(x / sum(x * x));
  agrees(v / sum(v * v) + max(x) * v);
  agrees(x * v + sum(v));
  agrees((x + 1)(0, 1) * x);
  agrees(x * var(x) + weft::stddev(v));
}

// Around the widths of one, two and three packs of every instruction set, of which the first two have a loop of their own.
TEST_CASE("maps over many short rows") {
  for (index_t columns : {1, 3, 4, 5, 8, 9, 15, 16, 17, 31, 32, 33, 48, 63, 64})
    for (index_t rows : {1, 2, 64, 65, 300}) {
      CAPTURE(columns);
      CAPTURE(rows);
      auto const x = some<float>({rows, columns}, 1);
      auto const row = some<float>({columns}, 2), column = some<float>({rows}, 3);
      agrees(relu(x + row) * column(weft::all, weft::newaxis), 0);
      auto y = eval(x + 0.0f);
      y += column(weft::all, weft::newaxis);
      CHECK(array_equal(y, x + column(weft::all, weft::newaxis)));
    }
}
