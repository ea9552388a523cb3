// Views that are read: every index, steps of both signs, views of views and of expressions, axes in another order.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "../engine/oracle.hpp"

#include <array>
#include <limits>

using namespace oracle;
using weft::all, weft::begin, weft::ellipsis, weft::end, weft::newaxis, weft::range, weft::shape, weft::tensor;

TEST_CASE("range(a, b, step) takes what NumPy's a:b:step takes") {
  // The definition: indices from the first on, as long as they are before the last; both are clipped.
  for (index_t n = 0; n <= 5; ++n)
    for (index_t step : {-3, -2, -1, 1, 2, 3, 7})
      for (index_t a = -8; a <= 8; ++a)
        for (index_t b = -8; b <= 8; ++b) {
          auto const clip = [&](index_t i, index_t low, index_t high) {
            if (i < 0) i += n;
            return i < low ? low : i > high ? high : i;
          };
          index_t const first = step > 0 ? clip(a, 0, n) : clip(a, -1, n - 1);
          index_t const last = step > 0 ? clip(b, 0, n) : clip(b, -1, n - 1);
          index_t count = 0;
          for (index_t i = first; step > 0 ? i < last : i > last; i += step) ++count;
          auto const got = range(a, b, step).over(n);
          if (got.count != count || (count > 0 && got.start != first)) {
            CAPTURE(n);
            CAPTURE(a);
            CAPTURE(b);
            CAPTURE(step);
            CHECK(got.count == count);
            CHECK(got.start == first);
          }
        }
  CHECK(range(end, begin, -1).over(4).count == 4);
  CHECK(range(end, begin, -1).over(4).start == 3);
  CHECK(range(begin, end).over(4).count == 4);
  CHECK(range(end, begin, -1).over(0).count == 0);
  CHECK_THROWS_AS((void)range(0, 1, 0).over(4), weft::index_error);
}

TEST_CASE("a step or bound near 2^63 takes the first element and no other") {
  index_t const most = std::numeric_limits<index_t>::max(), least = std::numeric_limits<index_t>::min();
  tensor<int, 1> const v = weft::arange<int>(5);
  tensor<int, 2> const m = weft::reshape(weft::arange<int>(12), {3, 4});
  for (index_t step : {most, most - 1, most - 3, most / 2, most / 4, index_t{100}, index_t{5}}) {
    CAPTURE(step);
    CHECK(range(0, 5, step).over(5).count == 1);
    CHECK(range(1, end, step).over(5).count == 1);
    CHECK(range(1, 1, step).over(5).count == 0);
    CHECK(range(0, end, step).over(0).count == 0);
    CHECK(holds(v(range(0, end, step)), {0}));
    CHECK(holds(v(range(2, end, step)), {2}));
    CHECK(holds(m(range(1, end, step), range(1, end, step)), {5}));
    CHECK(holds(m(all, range(1, end, step)), {1, 5, 9}));
    CHECK(holds(transpose(m)(range(1, end, step)), {1, 5, 9}));
    CHECK(holds(m(range(1, end, step))(all, range(0, end, step)), {4}));
  }
  for (index_t step : {least, least + 1, least + 3, least / 2, index_t{-100}, index_t{-5}}) {
    CAPTURE(step);
    CHECK(range(end, begin, step).over(5).count == 1);
    CHECK(range(end, begin, step).over(5).start == 4);
    CHECK(range(0, 0, step).over(5).count == 0);
    CHECK(holds(v(range(end, begin, step)), {4}));
    CHECK(holds(m(range(end, begin, step), range(2, begin, step)), {10}));
  }
  CHECK(range(most - 1, end).over(5).count == 0);
  CHECK(range(least + 1, end).over(5).count == 5);
  CHECK(range(0, least + 1).over(5).count == 0);
  CHECK(range(most - 1, least + 1, -1).over(5).count == 5);
  tensor<int, 2> w = m;
  w(range(0, end, most), range(end, begin, least)) = 99;
  CHECK(w(0, 3) == 99);
  CHECK(sum(w) == 66 - 3 + 99);
}

TEST_CASE("integers, all, ranges, newaxis, ellipsis") {
  tensor<int, 3> a = weft::reshape(weft::arange<int>(24), {2, 3, 4});
  CHECK(holds(a(1, 2, all), {20, 21, 22, 23}));
  CHECK(holds(a(1, 2), {20, 21, 22, 23}));
  CHECK(holds(a(-1, -1, range(0, 4, 2)), {20, 22}));
  CHECK(holds(a(ellipsis, 1), {1, 5, 9, 13, 17, 21}));
  CHECK(holds(a(0, ellipsis, -1), {3, 7, 11}));
  CHECK(a(ellipsis).shape() == a.shape());
  CHECK(a(0, ellipsis, newaxis).shape() == std::array<index_t, 3>{3, 4, 1});
  CHECK(a(newaxis, 0, newaxis, all, 1, newaxis).shape() == std::array<index_t, 4>{1, 1, 3, 1});
  CHECK(a(all, 1).shape() == std::array<index_t, 2>{2, 4});
  CHECK(holds(a(0, range(end, begin, -1), 0), {8, 4, 0}));
  CHECK(a(all, range(2, 2), all).shape() == std::array<index_t, 3>{2, 0, 4});
  CHECK(holds(a(all, range(2, 1)), {}));
  CHECK_THROWS_AS((void)a(2, all), weft::index_error);
  CHECK_THROWS_AS((void)a(all, -4), weft::index_error);
  CHECK_THROWS_WITH_AS((void)a(all, 3), doctest::Contains("(2, 3, 4)"), weft::index_error);
  unsigned char const small = 1;
  CHECK(holds(a(small, std::size_t{2}), {20, 21, 22, 23}));
}

TEST_CASE("views of views, views of expressions") {
  tensor<float, 2> a = weft::reshape(weft::arange<float>(30), {5, 6});
  CHECK(holds(a(range(end, begin, -1), all)(0, range(5, begin, -2)), {29, 27, 25}));
  CHECK(holds(a(all, range(1, 5))(range(1, 5, 2))(all, 0), {7, 19}));
  CHECK(holds(a(2)(newaxis, all)(0, range(0, 2)), {12, 13}));
  CHECK(float(a(1)(2)) == 8);
  auto const e = a * 2 + 1;
  CHECK(holds(e(1, range(0, 6, 3)), {13, 19}));
  CHECK(float(e(4, 5)) == 59);
  CHECK(holds((a * 2)(range(3, begin, -3), 1), {38, 2}));
  agrees(exp(a / 30)(all, range(end, begin, -2)) + a(all, range(0, 6, 2)), 1e-6);
  agrees(transpose(a)(2) * transpose(a + 1)(range(0, 1), all), 0);
  agrees(sum(a, weft::axis<1>)(range(end, begin, -1)), 1e-6);
  agrees(matmul(a, transpose(a))(1, range(0, 5, 2)), 1e-6);
  agrees(softmax(a / 30)(range(0, 5, 2), range(1, 3)));
}

TEST_CASE("random views of rank 3, strided operands beside dense ones") {
  numbers n(5);
  auto a = some<float>({7, 8, 9}, 1);
  for (int round = 0; round < 60; ++round) {
    auto const r = [&](index_t size) {
      index_t const x = n.below(size), y = n.below(size + 1), step = 1 + n.below(3);
      return n.below(2) ? range(x, y, step) : range(y, x == 0 ? begin : x, -step);
    };
    range const p = r(7), q = r(8), s = r(9);
    auto v = a(p, q, s);
    agrees(v, 0);
    agrees(transpose(v)(all, all, newaxis, all) + eval(transpose(v))(all, all, newaxis), 0);
  }
}

TEST_CASE("axes in another order") {
  tensor<int, 3> a = weft::reshape(weft::arange<int>(24), {2, 3, 4});
  CHECK(transpose(a).shape() == std::array<index_t, 3>{4, 3, 2});
  CHECK(transpose(a)(3, 1, 0) == a(0, 1, 3));
  CHECK(weft::swapaxes<0, -1>(a).shape() == std::array<index_t, 3>{4, 3, 2});
  CHECK(weft::swapaxes<1, 2>(a)(1, 3, 2) == a(1, 2, 3));
  CHECK(weft::swapaxes(a, 0, 1)(2, 1, 3) == a(1, 2, 3));
  CHECK_THROWS_AS((void)weft::swapaxes(a, 0, 3), weft::index_error);
  CHECK(weft::moveaxis<0, -1>(a).shape() == std::array<index_t, 3>{3, 4, 2});
  CHECK(weft::moveaxis<0, -1>(a)(2, 3, 1) == a(1, 2, 3));
  CHECK(weft::moveaxis(a, 2, 0).shape() == std::array<index_t, 3>{4, 2, 3});
  CHECK(weft::moveaxis(a, -1, 0)(3, 1, 2) == a(1, 2, 3));
  CHECK(weft::moveaxis(a, 1, 1).shape() == a.shape());
  CHECK_THROWS_AS((void)weft::moveaxis(a, 0, 3), weft::index_error);
  CHECK(weft::expand_dims(a, 0).shape() == std::array<index_t, 4>{1, 2, 3, 4});
  CHECK(weft::expand_dims(a, -1).shape() == std::array<index_t, 4>{2, 3, 4, 1});
  CHECK(weft::expand_dims(a, 2).shape() == std::array<index_t, 4>{2, 3, 1, 4});
  CHECK_THROWS_AS((void)weft::expand_dims(a, 4), weft::index_error);
  tensor<int, 1> v = {1, 2, 3};
  CHECK(holds(transpose(v), {1, 2, 3}));
  agrees(weft::swapaxes<0, 1>(a) + weft::swapaxes(a, 0, 1), 0);
}

TEST_CASE("broadcast_to") {
  CHECK_THROWS_WITH_AS((void)broadcast_to(weft::ones<float>({1, 4}), {-1, 4}), "broadcast_to: a negative size in (-1, 4)",
                       weft::shape_error);
  tensor<int, 1> v = {1, 2, 3};
  CHECK(holds(weft::broadcast_to(v, {2, 3}), {1, 2, 3, 1, 2, 3}));
  CHECK(holds(weft::broadcast_to(v(all, newaxis), {3, 2}), {1, 1, 2, 2, 3, 3}));
  CHECK(holds(weft::broadcast_to(tensor<int, 0>(5), {2, 2}), {5, 5, 5, 5}));
  CHECK(weft::broadcast_to(v(range(0, 1)), {0}).size() == 0);
  CHECK_THROWS_WITH_AS((void)weft::broadcast_to(v, {3, 2}), doctest::Contains("broadcast_to: (3,) and (3, 2)"),
                       weft::shape_error);
}

TEST_CASE("a named view is a snapshot, also of a moved and of a dead tensor") {
  tensor<int, 2> a = {{1, 2}, {3, 4}};
  auto row = a(1, all);
  auto const column = std::as_const(a)(all, 0);
  auto later = row + 1;
  a(1, 0) = 50;
  a = a * 2;
  CHECK(holds(row, {3, 4}));
  CHECK(holds(column, {1, 3}));
  tensor<int, 2> b = std::move(a);
  a = weft::zeros<int>({1, 1});
  b = weft::zeros<int>({2, 2});
  CHECK(holds(row, {3, 4}));
  CHECK(holds(later, {4, 5}));
  auto orphan = [] {
    tensor<int, 1> t = {7, 8, 9};
    return t(range(end, begin, -1));
  }();
  CHECK(holds(orphan, {9, 8, 7}));
  auto part = weft::eval(b + 3)(0, all);
  CHECK(holds(part, {3, 3}));
}

TEST_CASE("what the compiler knows of a view's shape") {
  tensor<float, shape{"batch", 4, 5}> x = weft::zeros<float>({3, 4, 5});
  static_assert(std::is_same_v<decltype(eval(x(0))), tensor<float, shape{4, 5}>>);
  static_assert(std::is_same_v<decltype(eval(x(all, 1))), tensor<float, shape{"batch", 5}>>);
  static_assert(std::is_same_v<decltype(eval(x(newaxis, ellipsis, 2))), tensor<float, shape{1, "batch", 4}>>);
  static_assert(std::is_same_v<decltype(eval(x(range(0, 2), all, range(0, 2)))), tensor<float, shape{weft::dyn, 4, weft::dyn}>>);
  static_assert(std::is_same_v<decltype(eval(transpose(x))), tensor<float, shape{5, 4, "batch"}>>);
  static_assert(std::is_same_v<decltype(eval(weft::swapaxes<0, 1>(x))), tensor<float, shape{4, "batch", 5}>>);
  CHECK(eval(x(0)).size() == 20);
}
