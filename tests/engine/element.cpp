// What the compiler itself can evaluate: inline tensors in constant expressions.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "oracle.hpp"

using weft::all, weft::axis, weft::keepdims, weft::let, weft::newaxis, weft::range, weft::shape, weft::tensor;

constexpr tensor<int, shape{2, 3}> a = {{1, 2, 3}, {4, 5, 6}};
constexpr tensor<float, shape{2, 2}> m = {{1, 2}, {3, 4}};

TEST_CASE("maps, casts, comparisons") {
  static_assert(a(1, 2) == 6);
  static_assert(a.at(-1, 0) == 4);
  constexpr auto b = eval(a * a - 1);
  static_assert(std::is_same_v<decltype(b), tensor<int, shape{2, 3}> const>);
  static_assert(b(1, 1) == 24);
  static_assert(bool(weft::all(a > 0)) && !bool(any(a > 6)));
  static_assert(eval(a / 2)(0, 0) == 0.5f);
  static_assert(eval(weft::cast<weft::int8>(a) + true)(0, 1) == 3);
  static_assert(eval(where(a > 3, a, -a))(0, 2) == -3);
  static_assert(sum(maximum(a, 2)) == 22);
  static_assert(eval(relu(-m) + abs(-m))(1, 1) == 4);
}

TEST_CASE("whole numbers wrap, as they do at run time") {
  constexpr tensor<weft::uint16, shape{1}> most = {65535};
  static_assert(eval(most * most)(0) == 1);
  static_assert(eval(square(most))(0) == 1);
  constexpr tensor<int, shape{1}> least = {std::numeric_limits<int>::min()};
  static_assert(eval(-least)(0) == std::numeric_limits<int>::min());
  static_assert(eval(abs(least))(0) == std::numeric_limits<int>::min());
  static_assert(eval(least - 1)(0) == std::numeric_limits<int>::max());
  static_assert(eval(least + least)(0) == 0);
  constexpr tensor<int, shape{3}> large = {std::numeric_limits<int>::max(), 1, 2};
  static_assert(sum(large) == std::numeric_limits<int>::min() + 2);
  static_assert(prod(large) == -2);
  CHECK(int(eval(abs(tensor<int, 1>{std::numeric_limits<int>::min()}))(0)) == std::numeric_limits<int>::min());
}

TEST_CASE("broadcasting, views, transposes") {
  constexpr tensor<int, shape{3}> row = {10, 20, 30};
  constexpr tensor<int, shape{2, 1}> column = {{100}, {200}};
  static_assert(eval(a + row)(1, 2) == 36);
  static_assert(eval(column + row)(1, 0) == 210);
  static_assert(sum(a(0, all)) == 6);
  static_assert(sum(a(all, range(0, 3, 2))) == 14);
  static_assert(sum(a(newaxis, 1, range(weft::end, weft::begin, -1))) == 15);
  static_assert(eval(transpose(a))(2, 1) == 6);
  static_assert(sum(weft::swapaxes<0, 1>(a) * transpose(a)) == 91);
}

TEST_CASE("reductions, let, products") {
  static_assert(sum(a) == 21);
  static_assert(eval(sum(a, axis<0>))(1) == 7);
  static_assert(eval(mean(m, axis<1>, keepdims))(1, 0) == 3.5f);
  static_assert(max(a) == 6 && min(a) == 1 && argmax(a) == 5 && prod(a) == 720);
  static_assert(eval(m - mean(m, axis<1>, keepdims))(0, 0) == -0.5f);
  static_assert(let(m + 1, [](auto c) { return sum(c * c); }) == 4 + 9 + 16 + 25);
  static_assert(eval(matmul(m, m))(1, 0) == 15);
  static_assert(float(var(m)) == 1.25f);
}

constexpr int changed() {
  tensor<int, shape{2, 2}> t = {{1, 2}, {3, 4}};
  t(0, 0) = 10;
  t(1, 1) += 5;
  t = t + transpose(t);
  return t(0, 1) * 100 + t(1, 1);
}
static_assert(changed() == 518);

TEST_CASE("the same at run time") {
  CHECK(changed() == 518);
  CHECK(int(sum(a * a)) == 91);
}
