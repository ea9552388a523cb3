// gelu of tensors and of numbers: right in its negative tail, down to the smallest numbers, and in one way for both.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <weft/core.hpp>

#include <cmath>
#include <limits>

using weft::index_t, weft::tensor;

namespace {

// In a wider type, by the function of the tail.
template <class T>
long double reference(T at) {
  long double const x = at, half = x * 0.70710678118654752440L;
  return 0.5L * x * std::erfc(-half);
}

template <class T>
void check(T from, T to, index_t n) {
  auto const x = weft::linspace<T>(from, to, n);
  tensor<T, 1> const y = gelu(x), slopes = gelu_slope(x);
  long double const eps = std::numeric_limits<T>::epsilon(), least = std::numeric_limits<T>::denorm_min();
  for (index_t i = 0; i < n; ++i) {
    long double const want = reference(T(x(i)));
    CAPTURE(T(x(i)));
    CHECK(std::abs((long double)(y(i)) - want) <= 2.75L * eps * std::abs(want) + least);
    T const number = weft::ops::gelu::apply(T(x(i)));
    CHECK(std::abs((long double)(number) - want) <= 0.75L * eps * std::abs(want) + least);
    long double const w = T(x(i)), below = 0.5L * std::erfc(-w * 0.70710678118654752440L);
    long double const rest = w * 0.39894228040143267794L * std::exp(-0.5L * w * w);
    long double const size = std::abs(below) + std::abs(rest);
    CHECK(std::abs((long double)(slopes(i)) - (below + rest)) <= 2.25L * eps * size + least);
    CHECK(std::abs((long double)(weft::ops::gelu_slope::apply(T(x(i)))) - (below + rest)) <= 1.25L * eps * size + least);
  }
}

}  // namespace

TEST_CASE("gelu and its slope from where they underflow to where they are x and 1") {
  check<float>(-15, 15, 3001);
  check<double>(-39, 39, 3001);
  tensor<float, 1> const far = {-5.5f, -6, -8, -10, -13};
  tensor<float, 1> const y = gelu(far);
  for (index_t i = 0; i < 5; ++i) CHECK(y(i) < 0);  // 1 + erf was 0 from -5.6 on
  CHECK(y(3) == doctest::Approx(-7.6198530241605e-23).epsilon(1e-6));
}
