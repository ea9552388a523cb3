// A user's own memory: read and written in place, aliasing decided by address.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "../engine/oracle.hpp"

#include <vector>

using namespace oracle;
using weft::all, weft::begin, weft::borrow, weft::end, weft::range, weft::tensor;

TEST_CASE("what is written is the memory itself") {
  std::vector<double> mine(6, 1.0);
  auto v = borrow(mine.data(), {2, 3});
  v += 1;
  v(0, 1) = 9;
  CHECK(mine == std::vector<double>{2, 9, 2, 2, 2, 2});
  v *= tensor<double, 1>{1, 2, 3};
  v -= tensor<float, 2>{{1}, {2}};
  v /= 2;
  CHECK(mine == std::vector<double>{0.5, 8.5, 2.5, 0, 1, 2});
  v = 4;
  CHECK(mine == std::vector<double>(6, 4.0));
  v = weft::ones<double>({2, 3}) * 3;
  CHECK(mine[5] == 3);
  CHECK_THROWS_AS((v = weft::ones<double>({3, 2})), weft::shape_error);
  CHECK_THROWS_AS((v += weft::ones<double>({3, 2})), weft::shape_error);
  auto w = borrow(mine.data(), {3, 2});
  CHECK_THROWS_AS((v = w), weft::shape_error);
  CHECK_THROWS_AS((void)borrow(mine.data(), {2, -3}), weft::shape_error);
}

TEST_CASE("no snapshot: an expression reads what is there when it runs") {
  std::vector<float> mine = {1, 2, 3};
  auto v = borrow(mine.data(), {3});
  auto e = v * 2;
  mine[0] = 10;
  CHECK(holds(e, {20, 4, 6}));
  tensor<float, 1> copy = v;
  mine[0] = 0;
  CHECK(copy(0) == 10);
  CHECK(float(sum(v)) == 5);
}

TEST_CASE("parts are written too") {
  std::vector<int> mine = {1, 2, 3, 4, 5, 6};
  auto v = borrow(mine.data(), {2, 3});
  v(0, all) = v(1, all);
  CHECK(mine == std::vector<int>{4, 5, 6, 4, 5, 6});
  v(all, range(0, 2)) = v(all, range(1, 3));
  CHECK(mine == std::vector<int>{5, 6, 6, 5, 6, 6});
  v(1, range(end, begin, -2)) += 10;
  v(0)(1) = 0;
  CHECK(mine == std::vector<int>{5, 0, 6, 15, 6, 16});
  v(all, all) = -v;
  CHECK(mine[0] == -5);
}

TEST_CASE("overlap is found by address") {
  numbers n(1);
  int wrong = 0;
  for (int round = 0; round < 1000; ++round) {
    std::vector<float> mine(40);
    for (float& x : mine) x = static_cast<float>(n.real());
    auto const old = mine;
    index_t const size = n.below(20), to = n.below(20), from = n.below(20);
    auto a = borrow(mine.data() + to, {size});
    auto b = borrow(mine.data() + from, {size});
    bool const add = n.below(2);
    if (add)
      a += 2 * b;
    else
      a = b(range(end, begin, -1));
    auto want = old;
    for (index_t i = 0; i < size; ++i) {
      auto const k = static_cast<std::size_t>(to + i);
      want[k] = add ? old[k] + 2 * old[static_cast<std::size_t>(from + i)]
                    : old[static_cast<std::size_t>(from + size - 1 - i)];
    }
    wrong += !difference(mine.data(), want.data(), 40, 1e-6).empty();
  }
  CHECK(wrong == 0);
  std::vector<float> square = {1, 2, 3, 4};
  auto s = borrow(square.data(), {2, 2});
  s = transpose(s);
  CHECK(square == std::vector<float>{1, 3, 2, 4});
  s = matmul(s, s);
  CHECK(square == std::vector<float>{7, 15, 10, 22});
  s = softmax(s);
  CHECK(s(0, 1) == doctest::Approx(1 / (1 + std::exp(-8.0))));
  tensor<float, 2> t = s + 1;
  t = t + s;
  CHECK(t(1, 1) == doctest::Approx(2 * s(1, 1) + 1));
}

TEST_CASE("memory that is not written to") {
  std::vector<float> const mine = {1, 2, 3, 4};
  auto v = borrow(mine.data(), {2, 2});
  static_assert(std::is_same_v<decltype(v(0, 0)), float const&>);
  agrees(v * transpose(v) + v(0, all));
  agrees(softmax(v));
}

TEST_CASE("several holders of one piece of memory") {
  std::vector<float> mine = {1, 2, 3, 4};
  auto v = borrow(mine.data(), {4});
  auto w = v;  // the same memory
  w(0) = 7;
  CHECK(v(0) == 7);
  auto e = v + w;
  v = e;
  CHECK(mine == std::vector<float>{14, 4, 6, 8});
}
