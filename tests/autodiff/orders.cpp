// Second and third derivatives: every rule applied to what rules made.
#include <doctest/doctest.h>
#include <weft/grad.hpp>

#include "../support/second_derivatives.hpp"
#include "support.hpp"

using namespace weft;

TEST_CASE("second derivatives of maps, broadcast both ways") {
  auto const x = varied<2>({4, 5}, 0.3, 1.2, 1);
  auto const row = varied<1>({5}, 0.4, 1.1, 2);
  auto const column = varied<2>({4, 1}, 0.4, 1.1, 3);
  CHECK(worst_of_second([](auto const& a) { return sum(exp(a) * tanh(a) + log(a) * sigmoid(a) / sqrt(a)); }, x) < near);
  CHECK(worst_of_second([](auto const& a, auto const& b) { return sum(a * a * b / (a + b)); }, x, row) < near);
  CHECK(worst_of_second([](auto const& c, auto const& b) { return sum(exp(c * b) - c * c); }, column, row) < near);
  CHECK(worst_of_second([](auto const& a, auto const& b) { return sum(where(a > b, a * a * b, a * b * b)); }, x,
                        column) < near);
#ifdef WEFT_LONG_TESTS
  CHECK(worst_of_second([](auto const& a) { return sum(erf(a) * expm1(a) - log1p(a) * cos(a)); }, x) < near);
  CHECK(worst_of_second([](auto const& a) { return sum(gelu(a) * relu(a - 0.7) + abs(a - 0.7) * a * a); }, x) < near);
  CHECK(worst_of_second([](auto const& a, auto const& b) { return sum(maximum(a * b, 0.5) * minimum(a, b) * a); }, x,
                        row) < near);
#endif
}

TEST_CASE("second derivatives of reductions") {
  auto const x = varied<2>({3, 5}, 0.5, 1.5, 1);
  CHECK(worst_of_second([](auto const& a) { return sum(square(mean(a * a, axis<0>))); }, x) < near);
  CHECK(worst_of_second([](auto const& a) { return sum(softmax(a) * a); }, x) < near);
  CHECK(worst_of_second([](auto const& a) { return sum(prod(a, axis<1>)); }, x) < near);
#ifdef WEFT_LONG_TESTS
  CHECK(worst_of_second([](auto const& a) { return sum(square(max(a * a, axis<1>)) * sum(a, axis<1>)); }, x) < near);
  CHECK(worst_of_second([](auto const& a) { return sum(square(a - mean(a, axis<-1>, keepdims))); }, x) < near);
#endif
}

// Sums of derivatives of prod are elementary symmetric polynomials.
TEST_CASE("higher derivatives of prod where elements are 0") {
  auto const p = [](auto const& a) { return prod(a); };
  auto const second = [&](auto const& a) { return sum(grad(p)(a)); };
  using vector = tensor<double, 1>;
  CHECK(array_equal(grad(second)(vector{0, 2, 3}), vector{5, 3, 2}));
  CHECK(array_equal(grad(second)(vector{0, 0, 3}), vector{3, 3, 0}));
  CHECK(array_equal(grad(second)(vector{0, 0, 0}), vector{0, 0, 0}));
  CHECK(array_equal(grad(second)(vector{0, 2}), vector{1, 1}));
  CHECK(array_equal(grad(second)(vector{0}), vector{0}));
#ifdef WEFT_LONG_TESTS
  auto const third = [&](auto const& a) { return sum(grad(second)(a)); };
  CHECK(array_equal(grad(third)(vector{0, 2, 3}), vector{2, 2, 2}));
  CHECK(array_equal(grad(third)(vector{0, 0, 3, 5}), vector{16, 16, 10, 6}));
  auto const whole = varied<3>({3, 4, 5}, 0.5, 1.5, 1);
  auto zeros = whole;
  zeros(1, 2, 3) = 0;
  zeros(1, 0, 3) = 0;
  zeros(2, 2, 1) = 0;
  for (auto const& x : {whole, zeros}) {
    CHECK(worst_of_second([](auto const& a) { return sum(square(prod(a, axis<1>))); }, x) < near);
    CHECK(worst_of_second([](auto const& a) { return sum(prod(a * a, axis<0, 2>) + prod(a, axis<0, 2>)); }, x) < near);
    CHECK(worst_of_second([](auto const& a) { return prod(a) * sum(a); }, x) < near);
  }
#endif
}

TEST_CASE("second derivatives of products and views") {
  auto const x = varied<2>({3, 4}, -1, 1, 1), w = varied<2>({4, 2}, -1, 1, 2);
  auto const b = varied<1>({2}, -1, 1, 3);
  auto net = [](auto const& u, auto const& v, auto const& c) { return sum(square(tanh(matmul(u, v) + c))); };
  CHECK(worst_of_second(net, x, w, b) < near);
  CHECK(worst_of_second([](auto const& u) { return sum(eval(transpose(u * u)) * transpose(u)); }, x) < near);
#ifdef WEFT_LONG_TESTS
  CHECK(worst_of_second([](auto const& u) { return sum(exp(matmul(u, transpose(u)))); }, x) < near);
  CHECK(worst_of_second(
            [](auto const& u) { return sum(exp(u(range(0, 2), range(3, 0, -1)) * u(newaxis, 2, range(0, 3)))); }, x) <
        near);
#endif
}

TEST_CASE("third derivatives against formulas") {
  auto third = [](auto const& f, auto const& x) {
    auto d1 = [&](auto const& v) { return sum(grad(f)(v)); };
    auto d2 = [&](auto const& v) { return sum(grad(d1)(v)); };
    return grad(d2)(x);
  };
  tensor<double, 1> const x = {0.3, 0.9, 1.7};
  CHECK(allclose(third([](auto const& v) { return sum(exp(2 * v)); }, x), 8 * exp(2 * x)));
#ifdef WEFT_LONG_TESTS
  CHECK(allclose(third([](auto const& v) { return sum(log(v)); }, x), 2 / (x * x * x)));
  CHECK(allclose(third([](auto const& v) { return sum(1 / v); }, x), -6 / square(square(x))));
#endif
}

TEST_CASE("orders nest: what belongs to the outer function stays on its tape") {
  tensor<double, 1> const x = {1, 2};
  auto f = [](auto const& v) {
    auto inner = [](auto const& w, auto const& c) { return sum(w * w * w * c); };
    auto d = grad(inner)(v, v);              // 3 v^2 v
    auto fixed = grad(inner)(v, detach(v));  // 3 v^2, times a constant v
    return sum(d) + sum(fixed);
  };
  // d/dv (3 v^2 c) at c = v: 6 v c + 3 v^2, and without the second for the constant one.
  CHECK(allclose(grad(f)(x), 6 * x * x + 3 * x * x + 6 * x * x));
  auto stopped = [](auto const& v) {
    return sum(grad([](auto const& w) { return sum(w * w * stop_gradient(w)); })(v));
  };
  CHECK(allclose(grad(stopped)(x), 2 * x));
}
