// Every rule against central differences in float64, with the operands broadcast both ways; ties and bounds.
#include <doctest/doctest.h>
#include <weft/grad.hpp>

#include "support.hpp"

#include <cmath>
#include <limits>

using namespace weft;

namespace {

// f as a statement of its own, whose result may come from the tape; tails included. (In a sum: binary rules.)
template <class F>
double worst_of_one(F const& f, double low, double high) {
  double worst = 0;
  auto const g = [&](auto const& v, auto const& u) { return sum(eval(f(v)) * u); };
  for (index_t n : {1, 7, 8, 9, 33})
    worst = std::fmax(
        worst, check_gradients(g, varied<1>({n}, low, high, static_cast<unsigned>(n)), varied<1>({n}, -1, 1, 77)));
  return worst;
}

// f(a, b) for a and b of equal shape, rows, columns and sizes of 1.
template <class F>
double worst_of_two(F const& f, double low_a, double high_a, double low_b, double high_b) {
  double worst = 0;
  auto const g = [&](auto const& u, auto const& v) {
    return sum(square(f(u, v)) + f(u, v));
  };
  for (index_t rows_a : {5, 1})
    for (index_t rows_b : {5, 1})
      for (index_t columns_a : {11, 1})
        for (index_t columns_b : {11, 1})
          worst = std::fmax(worst, check_gradients(g, varied<2>({rows_a, columns_a}, low_a, high_a, 1),
                                                   varied<2>({rows_b, columns_b}, low_b, high_b, 2)));
  return worst;
}

template <class F>
double slope(F const& f, double at) {
  return grad([&](auto const& x) { return sum(f(x)); })(tensor<double, 1>{at})(0);
}

}  // namespace

#define ONE(NAME, LOW, HIGH)                                                      \
  TEST_CASE("rule of " #NAME) {                                                   \
    CHECK(worst_of_one([](auto const& x) { return NAME(x); }, LOW, HIGH) < near); \
  }
ONE(-, -2, 2)
ONE(square, -2, 2)
ONE(exp, -2, 2)
ONE(expm1, -2, 2)
ONE(log, 0.5, 3)
ONE(log1p, -0.4, 3)
ONE(sin, -4, 4)
ONE(cos, -4, 4)
ONE(tanh, -2, 2)
ONE(erf, -2, 2)
ONE(sigmoid, -3, 3)
ONE(sqrt, 0.3, 4)
ONE(rsqrt, 0.3, 4)
ONE(relu, 0.1, 2)
ONE(relu, -2, -0.1)
ONE(abs, 0.1, 2)
ONE(abs, -2, -0.1)
ONE(silu, -2, 2)
ONE(gelu, -2, 2)

TEST_CASE("rules of arithmetic, broadcast both ways") {
  CHECK(worst_of_two([](auto const& a, auto const& b) { return a + b; }, -1, 1, 1, 2) < near);
  CHECK(worst_of_two([](auto const& a, auto const& b) { return a - b; }, -1, 1, 1, 2) < near);
  CHECK(worst_of_two([](auto const& a, auto const& b) { return a * b; }, -1, 1, 1, 2) < near);
  CHECK(worst_of_two([](auto const& a, auto const& b) { return a / b; }, -1, 1, 1, 2) < near);
}
TEST_CASE("operands of different ranks") {
  auto f = [](auto const& m, auto const& row, auto const& k) {
    return sum(square(m * row + k * row / m)) + sum(k * m);
  };
  CHECK(check_gradients(f, varied<2>({5, 11}, 1, 2, 1), varied<1>({11}, -1, 1, 2), tensor<double, 0>(0.7)) < near);
  CHECK(check_gradients(f, varied<1>({11}, 1, 2, 1), varied<2>({5, 11}, -1, 1, 2), tensor<double, 0>(0.7)) < near);
}
TEST_CASE("rules of a choice, broadcast both ways") {
  CHECK(worst_of_two([](auto const& a, auto const& b) { return maximum(a, b); }, -1, 1.05, 1.1, 2) < near);
  CHECK(worst_of_two([](auto const& a, auto const& b) { return minimum(a, b); }, -1, 1.05, 1.1, 2) < near);
  CHECK(worst_of_two([](auto const& a, auto const& b) { return where(a > 0.3, a * b, b); }, 0.4, 1, 1, 2) < near);
  CHECK(worst_of_two([](auto const& a, auto const& b) { return where(b > 0.3, a, 3.0) * clip(a, 0.0, b); }, 0.4, 1, 1,
                     2) < near);
}
TEST_CASE("no derivative through rounding and comparisons") {
  auto f = [](auto const& x) { return floor(x) + ceil(x) + trunc(x) + round(x) + x * (x > 0) + cast<double>(x < 5); };
  CHECK(slope(f, 1.3) == 1);
  CHECK(slope(f, -1.3) == 0);
}

TEST_CASE("ties and bounds") {
  auto const inf = std::numeric_limits<double>::infinity();
  CHECK(slope([](auto const& x) { return relu(x); }, 0) == 0);
  CHECK(slope([](auto const& x) { return abs(x); }, 0) == 0);
  CHECK(slope([](auto const& x) { return sqrt(x); }, 0) == inf);
  CHECK(slope([](auto const& x) { return maximum(x, 2.0); }, 2) == 0);
  CHECK(slope([](auto const& x) { return maximum(2.0, x); }, 2) == 1);
  CHECK(slope([](auto const& x) { return minimum(x, 2.0); }, 2) == 0);
  CHECK(slope([](auto const& x) { return minimum(2.0, x); }, 2) == 1);
  CHECK(slope([](auto const& x) { return maximum(x, x); }, 2) == 1);
  // The cotangent goes to the operand whose value it is: NaN, or of equal ones the second.
  auto const nan = std::numeric_limits<double>::quiet_NaN();
  tensor<double, 1> const a = {1, 2, 2, nan, 1, nan, 0.0, -0.0, 3}, b = {2, 1, 2, 1, nan, -nan, -0.0, 0.0, 3};
  bool const first_is_greater[] = {false, true, false, true, false, true, false, false, false};
  auto const check = [&](auto const& f, auto const& u, auto const& v) {
    tensor<double, 1> const y = f(u, v);
    auto const [du, dv] = grad([&](auto const& x, auto const& z) { return sum(f(x, z) * 2.0); }, wrt<0, 1>)(u, v);
    for (index_t i = 0; i < y.size(); ++i) {
      CAPTURE(i);
      bool const first = first_is_greater[i];
      CHECK(double(du(i)) == (first ? 2 : 0));
      CHECK(double(dv(i)) == (first ? 0 : 2));
      double const own = first ? u(i) : v(i);
      CHECK((std::isnan(own) ? std::isnan(double(y(i))) : double(y(i)) == own));
      CHECK(std::signbit(double(y(i))) == std::signbit(own));
    }
  };
  check([](auto const& u, auto const& v) { return maximum(u, v); }, a, b);
  tensor<double, 1> const minus_a = -a, minus_b = -b;
  check([](auto const& u, auto const& v) { return minimum(u, v); }, minus_a, minus_b);
  // Both branches are differentiated: 0 * inf of the one that was not taken is not a number.
  CHECK(std::isnan(slope([](auto const& x) { return where(x > 0, sqrt(x), 0.0); }, 0)));
  CHECK(std::isnan(slope([](auto const& x) { return exp(x); }, std::numeric_limits<double>::quiet_NaN())));
  CHECK(slope([](auto const& x) { return log(x); }, 0) == inf);
  CHECK(slope([](auto const& x) { return tanh(x); }, inf) == 0);
}

TEST_CASE("mixed types: cotangents come back in the operand's own type") {
  auto f = [](auto const& a, auto const& b, auto const& i) { return sum(a * b * i + cast<double>(a) * 2.0 + i * 0.5); };
  tensor<float, 1> const a = {1, 2, 3};
  tensor<double, 1> const b = {0.5, -1, 2};
  tensor<int32, 1> const i = {1, 2, 3};
  auto [da, db] = grad(f, wrt<0, 1>)(a, b, i);
  static_assert(std::is_same_v<decltype(da), tensor<float, 1>> && std::is_same_v<decltype(db), tensor<double, 1>>);
  CHECK(array_equal(da, tensor<float, 1>{2.5, 0, 8}));
  CHECK(array_equal(db, tensor<double, 1>{1, 4, 9}));
}
