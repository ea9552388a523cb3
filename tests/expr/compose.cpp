// Functions made of other nodes.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "../engine/oracle.hpp"

#include <algorithm>
#include <vector>

using namespace oracle;
using weft::axis, weft::ddof, weft::keepdims, weft::tensor;

TEST_CASE("var and stddev") {
  auto x = some<float>({3, 4, 5}, 1);
  agrees(var(x));
  agrees(var(x, axis<1>, keepdims));
  agrees(var(x, axis<1, 2>));
  agrees(var(x + 1, axis<-1>, ddof(1)));
  agrees(weft::stddev(x, axis<0, 2>));
  auto far = x + 10000;
  CHECK(float(var(far)) == doctest::Approx(float(var(x))).epsilon(1e-2));
  CHECK(float(var(tensor<float, 1>{1, 2, 3, 4})) == 1.25f);
  CHECK(float(var(tensor<float, 1>{1, 2, 3, 4}, ddof(1))) == doctest::Approx(5.0 / 3));
  CHECK(float(weft::stddev(tensor<float, 1>{1, 2, 3, 4}, ddof(1))) == doctest::Approx(std::sqrt(5.0 / 3)));
  static_assert(!std::is_convertible_v<int, ddof>);  // a number is an axis
}

TEST_CASE("logsumexp, softmax, log_softmax along any axis") {
  auto x = some<float>({3, 4, 5}, 1);
  agrees(logsumexp(x));
  agrees(logsumexp(x * 2, axis<0>));
  agrees(softmax(x, axis<0>));
  agrees(log_softmax(x + 1, axis<0, 2>));
#ifdef WEFT_LONG_TESTS
  agrees(logsumexp(x, axis<1, 2>, keepdims));
  agrees(softmax(x * 2, axis<1>));
  agrees(log_softmax(x));
#endif
}

// An axis known at run time: what is made of each line along it, in double.
using line = std::vector<double>;
double spread(line const& x, double less) {
  double m = 0, s = 0;
  for (double v : x) m += v / double(x.size());
  for (double v : x) s += (v - m) * (v - m);
  return s / (double(x.size()) - less);
}
double log_of_sum(line const& x) {
  double s = 0;
  for (double v : x) s += std::exp(v);
  return std::log(s);
}
line one(double v) { return {v}; }

// `got`, of one value or of as many as there were a line, against `definition` of each line of x along `axis`.
void follows(tensor<float, 3> const& x, weft::index_t along, tensor<float, 1> const& got, line (*definition)(line const&)) {
  auto const n = static_cast<std::size_t>(x.shape(along));
  std::size_t const step = along == 2 || along == -1 ? 1 : along == 0 ? 20 : 5;
  std::size_t made = 0;
  for (std::size_t first = 0; first < 60; ++first) {
    if (first / step % n != 0) continue;
    line values;
    for (std::size_t i = 0; i < n; ++i) values.push_back(double(x.data()[first + i * step]));
    line const want = definition(values);
    for (std::size_t i = 0; i < want.size(); ++i, ++made) {
      std::size_t const place = want.size() == 1 ? first / (step * n) * step + first % step : first + i * step;
      CHECK(double(got.data()[place]) == doctest::Approx(want[i]).epsilon(1e-5));
    }
  }
  CHECK(made == static_cast<std::size_t>(got.size()));
}
template <class F>
void at_run_time(F const& f, line (*definition)(line const&)) {
  auto const x = some<float>({3, 4, 5}, 1);
  for (weft::index_t along : {0, 1, 2, -1}) {
    CAPTURE(along);
    auto const r = eval(f(x, along));
    follows(x, along, flatten(r), definition);
  }
  CHECK_THROWS_AS((void)f(x, 3), weft::index_error);
  CHECK_THROWS_AS((void)f(x, -4), weft::index_error);
}

TEST_CASE("an axis known at run time") {
  at_run_time([](auto const& x, auto at) { return var(x, at); }, [](line const& v) { return one(spread(v, 0)); });
  at_run_time([](auto const& x, auto at) { return weft::stddev(x, at, keepdims, ddof(1)); },
              [](line const& v) { return one(std::sqrt(spread(v, 1))); });
  at_run_time([](auto const& x, auto at) { return logsumexp(x, at); }, [](line const& v) { return one(log_of_sum(v)); });
  at_run_time([](auto const& x, auto at) { return softmax(x, at); }, [](line const& v) {
    line r;
    for (double a : v) r.push_back(std::exp(a - log_of_sum(v)));
    return r;
  });
  at_run_time([](auto const& x, auto at) { return log_softmax(x, at); }, [](line const& v) {
    line r;
    for (double a : v) r.push_back(a - log_of_sum(v));
    return r;
  });
  at_run_time([](auto const& x, auto at) { return weft::cast<float>(weft::all(x > -1.5f, at, keepdims)); },
              [](line const& v) { return one(*std::min_element(v.begin(), v.end()) > -1.5); });
#ifdef WEFT_LONG_TESTS
  at_run_time([](auto const& x, auto at) { return var(x, at, keepdims, ddof(1)); }, [](line const& v) { return one(spread(v, 1)); });
  at_run_time([](auto const& x, auto at) { return weft::stddev(x, at); },
              [](line const& v) { return one(std::sqrt(spread(v, 0))); });
  at_run_time([](auto const& x, auto at) { return logsumexp(x * 1, at, keepdims); },
              [](line const& v) { return one(log_of_sum(v)); });
  at_run_time([](auto const& x, auto at) { return weft::cast<float>(weft::all(x > -1.5f, at)); },
              [](line const& v) { return one(*std::min_element(v.begin(), v.end()) > -1.5); });
#endif
  auto const x = some<float>({3, 4, 5}, 1);
  static_assert(std::is_same_v<decltype(softmax(x, 1).shape()), decltype(x.shape())>);
  CHECK(var(x, 1, keepdims, ddof(1)).shape() == std::array<weft::index_t, 3>{3, 1, 5});
  CHECK(logsumexp(x, 1).shape() == std::array<weft::index_t, 2>{3, 5});
  CHECK(holds(var(tensor<float, 2>{{1, 2, 3}, {1, 1, 1}}, 1), {2.f / 3, 0}));
  CHECK(holds(var(tensor<float, 2>{{1, 2, 3}, {1, 1, 1}}, 1, ddof(1)), {1, 0}));
  CHECK(holds(weft::all(tensor<int, 2>{{1, 2}, {0, 3}}, 0), {0, 1}));
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

// What the same numbers as floats give.
template <class T>
void as_floats(tensor<T, 2> const& x) {
  auto const f = eval(weft::cast<float>(x));
  static_assert(std::is_same_v<weft::element_t<decltype(softmax(x))>, float>);
  CHECK(allclose(eval(softmax(x)), eval(softmax(f))));
  CHECK(allclose(eval(logsumexp(x)), eval(logsumexp(f))));
}

TEST_CASE("over an empty axis the error names the function that was called") {
  tensor<float, 2> const none = weft::zeros<float>({3, 0});
  tensor<int, 1> const numbers = weft::zeros<int>({0});
  using weft::shape_error;
  CHECK_THROWS_WITH_AS((void)softmax(none), "softmax: nothing to reduce in (3, 0)", shape_error);
  CHECK_THROWS_WITH_AS((void)softmax(none + 1, axis<-1>), "softmax: nothing to reduce in (3, 0)", shape_error);
  CHECK_THROWS_WITH_AS((void)softmax(none, axis<0, 1>), "softmax: nothing to reduce in (3, 0)", shape_error);
  CHECK_THROWS_WITH_AS((void)softmax(none, 1), "softmax: nothing to reduce in (3, 0)", shape_error);
  CHECK_THROWS_WITH_AS((void)softmax(numbers), "softmax: nothing to reduce in (0,)", shape_error);
  CHECK_THROWS_WITH_AS((void)log_softmax(none), "log_softmax: nothing to reduce in (3, 0)", shape_error);
  CHECK_THROWS_WITH_AS((void)log_softmax(none, axis<1>), "log_softmax: nothing to reduce in (3, 0)", shape_error);
  CHECK_THROWS_WITH_AS((void)log_softmax(none, -1), "log_softmax: nothing to reduce in (3, 0)", shape_error);
  CHECK_THROWS_WITH_AS((void)logsumexp(none), "logsumexp: nothing to reduce in (3, 0)", shape_error);
  CHECK_THROWS_WITH_AS((void)logsumexp(none * 2, axis<1>, keepdims), "logsumexp: nothing to reduce in (3, 0)", shape_error);
  CHECK_THROWS_WITH_AS((void)logsumexp(none, 1), "logsumexp: nothing to reduce in (3, 0)", shape_error);
  CHECK_THROWS_WITH_AS((void)logsumexp(none, 1, keepdims), "logsumexp: nothing to reduce in (3, 0)", shape_error);
  CHECK_THROWS_WITH_AS((void)max(none, 1), "max: nothing to reduce in (3, 0)", shape_error);
  // No rows, but something along the axis.
  CHECK(eval(softmax(none, axis<0>)).shape() == none.shape());
  CHECK(eval(log_softmax(none, 0)).shape() == none.shape());
  CHECK(eval(logsumexp(none, axis<0>)).shape() == std::array<weft::index_t, 1>{0});
}

TEST_CASE("of integers and bool") {
  as_floats(tensor<weft::uint8, 2>{{1, 2, 3}, {0, 255, 254}});
  as_floats(tensor<weft::int8, 2>{{-100, 100, 99}, {127, -128, 126}});
  as_floats(tensor<int, 2>{{std::numeric_limits<int>::min(), std::numeric_limits<int>::max(), 0}, {1, 2, 3}});
  as_floats(tensor<bool, 2>{{true, false, true}, {false, false, false}});
  tensor<weft::uint8, 1> const few = {1, 2, 3};
  tensor<float, 1> const p = softmax(few), at_run_time = softmax(few, 0), logs = log_softmax(few);
  CHECK(p(2) == doctest::Approx(0.6652409f));
  CHECK(at_run_time(2) == doctest::Approx(0.6652409f));
  CHECK(logs(2) == doctest::Approx(-0.4076060f));
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
  CHECK(!allclose(tensor<weft::uint32, 1>{0}, tensor<weft::uint32, 1>{4294967295u}));
  CHECK(!allclose(tensor<weft::uint8, 1>{1}, tensor<weft::uint8, 1>{2}));
  CHECK(!allclose(tensor<weft::int8, 1>{-128}, tensor<weft::int8, 1>{127}, 0.5));
  CHECK(allclose(tensor<weft::int8, 1>{-127}, tensor<weft::int8, 1>{-128}, 0.01));
  CHECK(!allclose(tensor<int, 1>{16777216}, tensor<int, 1>{16777217}, 0, 0));
  CHECK(holds(weft::cast<int>(isclose(tensor<weft::uint8, 1>{3, 4}, 3)), {1, 0}));
  CHECK(holds(weft::cast<int>(isclose(tensor<bool, 1>{true, false}, true)), {1, 0}));
  CHECK(holds(weft::cast<int>(isclose(tensor<float, 1>{-3.00001f, 3}, -3.0)), {1, 0}));
  CHECK(allclose(tensor<float, 1>{-128.0005f}, tensor<weft::int8, 1>{-128}));
  CHECK(allclose(tensor<double, 1>{-2147483649.0}, tensor<int, 1>{std::numeric_limits<int>::min()}));
  CHECK(!allclose(tensor<bool, 1>{true, false}, tensor<bool, 1>{false, false}));
  CHECK(allclose(weft::zeros<float>({0}), weft::zeros<float>({0})));
  CHECK(array_equal(tensor<int, 1>{1, 2}, tensor<float, 1>{1, 2}));
  CHECK(!array_equal(tensor<int, 1>{1, 2}, tensor<int, 1>{1, 3}));
  CHECK(!array_equal(tensor<int, 1>{1, 1}, tensor<int, 2>{{1, 1}}));
  CHECK(!array_equal(tensor<int, 1>{1, 1}, tensor<int, 1>{1}));
  CHECK(array_equal(tensor<int, 2>(), tensor<int, 2>()));
}
