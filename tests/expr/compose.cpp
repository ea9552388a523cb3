// Functions made of other nodes.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "../eval/oracle.hpp"

using namespace oracle;
using weft::axis, weft::keepdims, weft::tensor;

TEST_CASE("var and stddev") {
  auto x = some<float>({3, 4, 5}, 1);
  agrees(var(x));
  agrees(var(x * 2, axis<0>));
  agrees(var(x, axis<1>, keepdims));
  agrees(var(x, axis<1, 2>));
  agrees(var(x + 1, axis<-1>, index_t(1)));
  agrees(weft::stddev(x, axis<0, 2>));
  auto far = x + 10000;
  CHECK(float(var(far)) == doctest::Approx(float(var(x))).epsilon(1e-2));
  CHECK(float(var(tensor<float, 1>{1, 2, 3, 4})) == 1.25f);
  CHECK(float(var(tensor<float, 1>{1, 2, 3, 4}, index_t(1))) == doctest::Approx(5.0 / 3));
}

TEST_CASE("logsumexp, softmax, log_softmax along any axis") {
  auto x = some<float>({3, 4, 5}, 1);
  agrees(logsumexp(x));
  agrees(logsumexp(x * 2, axis<0>));
  agrees(logsumexp(x, axis<1, 2>, keepdims));
  agrees(softmax(x, axis<0>));
  agrees(softmax(x * 2, axis<1>));
  agrees(log_softmax(x));
  agrees(log_softmax(x + 1, axis<0, 2>));
  for (index_t at : {-3, -2, -1, 0, 1, 2}) agrees(softmax(x, at));
  CHECK_THROWS_AS((void)softmax(x, 3), weft::index_error);
}

TEST_CASE("without overflow, and infinities") {
  float const inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  tensor<float, 2> x = {{1000, 1001}, {-1000, -1001}, {-inf, 0}, {-inf, -inf}, {inf, 0}, {nan, 0}};
  tensor<float, 1> const l = logsumexp(x, axis<1>);
  CHECK(l(0) == doctest::Approx(1001.3133f));
  CHECK(l(1) == doctest::Approx(-999.6867f));
  CHECK(l(2) == 0);
  CHECK(l(3) == -inf);
  CHECK(l(4) == inf);
  CHECK(std::isnan(l(5)));
  tensor<float, 2> const p = softmax(x);
  CHECK(p(0, 1) == doctest::Approx(0.7310586f));
  CHECK(p(2, 0) == 0);
  CHECK(p(2, 1) == 1);
}

TEST_CASE("silu, clip") {
  auto x = some<float>({3, 7}, 1);
  agrees(silu(x));
  agrees(silu(x * 2) * x);
  agrees(clip(x, -1, 0.5f), 0);
  agrees(clip(x, x * 0 - 1, 1), 0);
}

TEST_CASE("allclose, isclose, array_equal") {
  float const inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  tensor<float, 1> a = {1, inf, -inf, nan, 1}, b = {1, inf, inf, nan, inf};
  CHECK(holds(weft::cast<int>(isclose(a, b)), {1, 1, 0, 0, 0}));
  CHECK(allclose(a(weft::range(0, 2)), b(weft::range(0, 2))));
  CHECK(!allclose(a, b));
  CHECK(!allclose(tensor<float, 1>{1}, tensor<float, 1>{inf}));
  CHECK(allclose(tensor<float, 1>{1.000001f}, tensor<float, 1>{1}));
  CHECK(!allclose(tensor<float, 1>{1.001f}, tensor<float, 1>{1}));
  CHECK(allclose(tensor<int, 1>{1, 2}, tensor<double, 1>{1, 2}));
  CHECK(allclose(weft::zeros<float>({0}), weft::zeros<float>({0})));
  CHECK(array_equal(tensor<int, 1>{1, 2}, tensor<float, 1>{1, 2}));
  CHECK(!array_equal(tensor<int, 1>{1, 2}, tensor<int, 1>{1, 3}));
  CHECK(!array_equal(tensor<int, 1>{1, 1}, tensor<int, 2>{{1, 1}}));
  CHECK(!array_equal(tensor<int, 1>{1, 1}, tensor<int, 1>{1}));
  CHECK(array_equal(tensor<int, 2>(), tensor<int, 2>()));
}
