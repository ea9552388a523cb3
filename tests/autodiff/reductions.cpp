// Gradients of reductions, and of what users make of them.
#include <doctest/doctest.h>
#include <weft/grad.hpp>

#include "support.hpp"

using namespace weft;

TEST_CASE("reductions") {
  auto const x = varied<2>({5, 13}, -1, 1, 1);
  auto const y = varied<3>({3, 4, 5}, 0.5, 1.5, 2);
#define WITHIN_ROWS(NAME) \
  CHECK(check_gradients([](auto const& v) { return sum(v * NAME(v)) + sum(v * NAME(v, axis<1>, keepdims)); }, x) < near)
#define APART(NAME)                                                                                                   \
  CHECK(check_gradients(                                                                                              \
            [](auto const& v) { return sum(square(NAME(v, axis<0>))) + sum(square(NAME(v, 1)) + eval(NAME(v * v, axis<1>))); }, \
            y) < near)
#define WHOLE_AND_SEVERAL(NAME) \
  CHECK(check_gradients([](auto const& v) { return sum(square(NAME(v, axis<0, 2>))) + NAME(v * v); }, y) < near)
  WITHIN_ROWS(max);
  WITHIN_ROWS(prod);
  APART(min);
  WHOLE_AND_SEVERAL(mean);
#ifdef WEFT_LONG_TESTS
  WITHIN_ROWS(sum);
  WITHIN_ROWS(mean);
  WITHIN_ROWS(min);
  APART(sum);
  APART(mean);
  APART(max);
  APART(prod);
  WHOLE_AND_SEVERAL(sum);
  WHOLE_AND_SEVERAL(max);
  WHOLE_AND_SEVERAL(min);
  WHOLE_AND_SEVERAL(prod);
#endif
#undef WITHIN_ROWS
#undef APART
#undef WHOLE_AND_SEVERAL
}

TEST_CASE("extremes share among ties, products with zeros") {
  tensor<double, 2> const x = {{1, 3, 3}, {2, 2, 2}};
  CHECK(array_equal(grad([](auto const& v) { return max(v); })(x), tensor<double, 2>{{0, 0.5, 0.5}, {0, 0, 0}}));
  CHECK(allclose(grad([](auto const& v) { return sum(min(v, axis<1>)); })(x),
                 tensor<double, 2>{{1, 0, 0}, {1 / 3., 1 / 3., 1 / 3.}}));
  auto const p = [](auto const& v) { return sum(prod(v, axis<1>)); };
  CHECK(array_equal(grad(p)(tensor<double, 2>{{2, 0, 3}, {0, 0, 5}, {1, 2, 3}}),
                    tensor<double, 2>{{0, 6, 0}, {0, 0, 0}, {6, 3, 2}}));
}

TEST_CASE("softmax, logsumexp, variance, layer norm: as a user writes them") {
  auto const x = varied<2>({6, 19}, -2, 2, 1), w = varied<2>({6, 19}, -1, 1, 2);
  auto const gain = varied<1>({19}, 0.5, 1.5, 3), shift = varied<1>({19}, -1, 1, 4);
  CHECK(check_gradients([](auto const& v, auto const& u) { return sum(log_softmax(v * u) * u); }, x, w) < near);
  auto norm = [](auto const& v, auto const& g, auto const& s) {
    auto m = mean(v, axis<-1>, keepdims);
    auto d = var(v, axis<-1>, keepdims);
    return sum(tanh((v - m) * rsqrt(d + 1e-5) * g + s));
  };
  CHECK(check_gradients(norm, x, gain, shift) < near);
#ifdef WEFT_LONG_TESTS
  CHECK(check_gradients([](auto const& v) { return sum(square(var(v, axis<0>))) + stddev(v); }, x) < near);
  CHECK(check_gradients([](auto const& v, auto const& u) { return sum(softmax(v) * u); }, x, w) < near);
  CHECK(check_gradients([](auto const& v) { return mean(logsumexp(v, axis<-1>)); }, x) < near);
  auto plain_softmax = [](auto const& v, auto const& u) {
    auto e = exp(v - max(v, axis<1>, keepdims));
    return sum(e / sum(e, axis<1>, keepdims) * u);
  };
  CHECK(check_gradients(plain_softmax, x, w) < near);
#endif
}

TEST_CASE("the same along an axis known at run time") {
  auto const x = varied<3>({3, 4, 5}, -2, 2, 1);
  CHECK(check_gradients([](auto const& v) { return sum(square(var(v, 1))) + sum(stddev(v, 0, ddof(1))); }, x) < near);
  CHECK(check_gradients([](auto const& v) { return sum(square(v - logsumexp(v, 0, keepdims))); }, x) < near);
  CHECK(check_gradients([](auto const& v) { return sum(softmax(v, 1) * v); }, x) < near);
#ifdef WEFT_LONG_TESTS
  CHECK(check_gradients([](auto const& v) { return sum(v * var(v, 1, keepdims)); }, x) < near);
  CHECK(check_gradients([](auto const& v) { return sum(square(logsumexp(v, 1))); }, x) < near);
  CHECK(check_gradients([](auto const& v) { return sum(square(log_softmax(v, 0))); }, x) < near);
#endif
}

TEST_CASE("float32 sums stay accurate over many rows") {
  index_t const rows = 300000;
  auto f = [](auto const& x, auto const& b, auto const& s) { return sum((x + b) * s); };
  tensor<float, 2> x = full<float>({rows, 3}, 0.1f);
  tensor<float, 1> b = zeros<float>({3});
  auto [db, ds] = grad(f, wrt<1, 2>)(x, b, tensor<float, 0>(0.1f));
  CHECK(double(db(1)) == doctest::Approx(0.1f * double(rows)).epsilon(1e-5));
  CHECK(double(ds) == doctest::Approx(3 * 0.1f * double(rows)).epsilon(1e-6));
}

TEST_CASE("empty tensors") {
  auto f = [](auto const& x, auto const& b) { return sum(exp(x) * b); };
  auto [dx, db] = grad(f, wrt<0, 1>)(zeros<double>({0, 3}), tensor<double, 1>{1, 2, 3});
  CHECK(dx.shape() == extents<2>{0, 3});
  CHECK(array_equal(db, zeros<double>({3})));
}
