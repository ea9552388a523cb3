// Reductions over every set of axes, named at compile time and at run time, of dense and of strided operands.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "../engine/oracle.hpp"

using namespace oracle;
using weft::argmax, weft::argmin, weft::axis, weft::keepdims, weft::max, weft::mean, weft::min, weft::range, weft::sum,
    weft::tensor;

TEST_CASE("every set of axes of rank 3") {
  auto x = some<float>({3, 4, 5}, 1);
  agrees(sum(x));
  agrees(sum(x, axis<0>));
  agrees(sum(x, axis<1>));
  agrees(sum(x, axis<2>));
  agrees(sum(x, axis<0, 1>));
  agrees(sum(x, axis<0, 2>));
  agrees(sum(x, axis<1, 2>));
  agrees(sum(x, axis<0, 1, 2>));
  agrees(sum(x, axis<2, 0>, keepdims));
  agrees(max(x, axis<1>, keepdims));
  agrees(sum(x, axis<>));
  CHECK(sum(x, axis<-2>, keepdims).shape() == std::array<index_t, 3>{3, 1, 5});
}

TEST_CASE("middle and scattered axes of rank 4, strided operands") {
  auto x = some<float>({2, 3, 4, 5}, 1);
  agrees(sum(x, axis<1, 3>));
  agrees(mean(x, axis<0, 2>, keepdims));
  agrees(argmax(x, axis<1, 2>));
  auto t = transpose(x);
  agrees(sum(t, axis<0>));
  agrees(sum(t, axis<3, 1>));
  agrees(max(x(weft::all, range(weft::end, weft::begin, -2), weft::all, range(1, 4)), axis<1>));
  agrees(min(x(weft::all, 1) * 2, axis<0, 2>));
}

TEST_CASE("an axis known at run time") {
  auto x = some<float>({3, 4, 5}, 1);
  for (index_t at : {-3, -2, -1, 0, 1, 2}) {
    CAPTURE(at);
    agrees(sum(x, at));
    agrees(argmax(x * 2, at, keepdims));
  }
  CHECK(max(x, 1).shape() == std::array<index_t, 2>{3, 5});
  CHECK(max(x, 1, keepdims).shape() == std::array<index_t, 3>{3, 1, 5});
  CHECK_THROWS_WITH_AS((void)sum(x, 3), "sum: axis 3 of a tensor of rank 3", weft::index_error);
  CHECK_THROWS_AS((void)max(x, -4), weft::index_error);
}

TEST_CASE("rank 0 and numbers") {
  tensor<float, 0> s = 3;
  CHECK(float(sum(s)) == 3);
  CHECK(float(max(s)) == 3);
  CHECK(index_t(argmax(s)) == 0);
  tensor<float, 1> x = {1, 5, 2};
  float const total = sum(x);
  CHECK(total == 8);
  CHECK(max(x) == 5);
  CHECK(argmax(x) == 1);
  CHECK(sum(x) * 2 + max(x) == 21);
  CHECK(bool(weft::all(x > 0)));
  CHECK(!bool(any(x > 5)));
  CHECK(bool(any(x * 0.1f)));  // numbers: something else than 0
}

TEST_CASE("nothing to reduce") {
  auto none = weft::zeros<float>({0, 3});
  CHECK(float(sum(none)) == 0);
  CHECK(float(prod(none)) == 1);
  CHECK(std::isnan(float(mean(none))));
  CHECK(holds(sum(none, axis<0>), {0, 0, 0}));
  CHECK(sum(none, axis<1>).size() == 0);
  CHECK(eval(max(none, axis<1>)).size() == 0);
  CHECK(bool(weft::all(none > 0)));
  CHECK(!bool(any(none > 0)));
  CHECK_THROWS_WITH_AS((void)max(none), doctest::Contains("max: nothing to reduce in (0, 3)"), weft::shape_error);
  CHECK_THROWS_AS((void)argmin(none, axis<0>), weft::shape_error);
  CHECK_THROWS_AS((void)min(none, 0), weft::shape_error);
}

TEST_CASE("argmax and argmin: of equal values the first") {
  for (index_t n : {1, 5, 16, 40, 300, 9000}) {
    auto x = weft::zeros<float>({n});
    CHECK(argmax(x) == 0);
    CHECK(argmin(x) == 0);
    x(n - 1) = 1;
    CHECK(argmax(x) == n - 1);
    x(n / 2) = 1;
    CHECK(argmax(x) == n / 2);
    auto columns = weft::broadcast_to(x(weft::all, weft::newaxis), {n, 7});
    CHECK(index_t(sum(weft::cast<weft::int64>(argmax(columns, axis<0>)))) == 7 * (n / 2));
  }
}

TEST_CASE("NaN and infinities") {
  float const nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  for (index_t n : {1, 4, 7, 33, 8200})
    for (index_t at : {index_t(0), n / 2, n - 1}) {
      CAPTURE(n);
      CAPTURE(at);
      auto x = some<float>({n}, 1);
      x(at) = inf;
      CHECK(max(x) == inf);
      CHECK(argmax(x) == at);
      CHECK(float(sum(x)) == inf);
      x(at) = -inf;
      CHECK(min(x) == -inf);
      CHECK(argmin(x) == at);
      x(at) = nan;
      CHECK(std::isnan(float(max(x))));
      CHECK(std::isnan(float(min(x))));
      CHECK(std::isnan(float(sum(x))));
      if (n > 1) CHECK(argmax(x) != at);  // a NaN is never the place
      auto two = weft::broadcast_to(x(weft::all, weft::newaxis), {n, 3});
      CHECK(std::isnan(eval(max(two, axis<0>))(1)));
    }
  tensor<float, 1> low = {-inf, -inf};
  CHECK(max(low) == -inf);
  CHECK(argmax(low) == 0);
  tensor<float, 1> all_nan = {nan, nan};
  CHECK(argmax(all_nan) == 0);
  CHECK(std::isnan(float(max(all_nan))));
}

TEST_CASE("argmax of more elements than its places can count is refused") {
  auto const many = weft::broadcast_to(tensor<std::uint8_t, 1>{7}, {index_t(3000000000)});
  CHECK_THROWS_AS((void)argmax(many), weft::shape_error);
  CHECK_THROWS_AS((void)argmin(many, axis<0>), weft::shape_error);
  CHECK_NOTHROW((void)argmax(weft::cast<double>(many)));
}

TEST_CASE("small integers don't wrap, sums of many ones are exact") {
  CHECK(sum(weft::full<weft::int8>({1000}, 100)) == 100000);
  CHECK(sum(weft::ones<bool>({70000})) == 70000);
  CHECK(float(sum(weft::ones<float>({index_t(1) << 24}))) == 16777216);
  CHECK(float(mean(weft::ones<float>({3, index_t(1) << 20}))) == 1);
  auto tenth = weft::full<float>({1 << 20}, 0.1f);
  CHECK(std::abs(float(sum(tenth)) - 104857.6f) < 1);
  auto columns = weft::full<float>({1 << 18, 4}, 0.1f);
  CHECK(std::abs(eval(sum(columns, axis<0>))(3) - 26214.4f) < 0.3f);
}

TEST_CASE("more than one block") {
  for (index_t n : {8191, 8192, 8193, 24577}) {
    CAPTURE(n);
    auto x = some<double>({n, 2}, 1);
    agrees(sum(x, axis<0>), 1e-12);
    agrees(sum(transpose(x), axis<1>), 1e-12);
    agrees(max(transpose(x), axis<1>), 0);
    agrees(argmin(x), 0);
  }
}
