// Sums over a row that derivatives make are taken apart (autodiff/sums.hpp): whatever they are made of, the gradient is right, and
// what the user's own sums are is left alone.
#include <doctest/doctest.h>
#include <weft/grad.hpp>

#include "support.hpp"

#include <algorithm>
#include <cmath>

using namespace weft;

namespace {

auto softmax_of(auto const& x) {
  return let(exp(x - max(x, axis<-1>, keepdims)), [](auto e) { return e / sum(e, axis<-1>, keepdims); });
}
auto standard_of(auto const& x) {
  return let(x - mean(x, axis<-1>, keepdims),
             [](auto c) { return c * rsqrt(mean(square(c), axis<-1>, keepdims) + 1e-3); });
}

// Rows of a register and its neighbours, and of several registers. (Softmax of one element is constant, and there is no relative
// difference of nothing.)
constexpr index_t lengths[] = {2, 7, 8, 9, 33};

template <class F>
void right(F const& f) {
  for (index_t n : lengths) {
    CAPTURE(n);
    auto const x = varied<2>({5, n}, -1, 1, 3), y = varied<2>({5, n}, 0.5, 1.5, 4);
    auto const row = varied<1>({n}, 0.5, 1.5, 5);
    auto const column = varied<2>({5, 1}, 0.5, 1.5, 6);
    CHECK(check_gradients(f, x, y, row, column) < 3e-5);
  }
}

}  // namespace

TEST_CASE("products with constants of the row, and sums of them") {
  right([](auto const& x, auto const& y, auto const& row, auto const&) { return sum(standard_of(x) * row * y); });
  right([](auto const& x, auto const& y, auto const& row, auto const& column) {
    return sum((softmax_of(x) * column + row) * y / (sum(y, axis<-1>, keepdims) + column));
  });
  right([](auto const& x, auto const& y, auto const&, auto const& column) {
    return sum(let(x / sum(y, axis<-1>, keepdims), [&](auto q) { return q * sum(q * column, axis<-1>, keepdims) - q; }));
  });
#ifdef WEFT_LONG_TESTS
  right([](auto const& x, auto const& y, auto const&, auto const&) { return sum(softmax_of(x * 3) * y); });
  right([](auto const& x, auto const& y, auto const& row, auto const&) {
    return sum(y * x * log(sum(exp(x * row), axis<-1>, keepdims)) / mean(y, axis<-1>, keepdims));
  });
#endif
}

TEST_CASE("sums of what no constant can be taken out of") {
  right([](auto const& x, auto const& y, auto const&, auto const& column) {
    return sum(tanh(x * sum(y, axis<-1>, keepdims) * 0.1) / sum(tanh(y * column), axis<-1>, keepdims));
  });
  right([](auto const& x, auto const& y, auto const& row, auto const&) {
    return sum(softmax_of(standard_of(x) * row) * softmax_of(y));
  });
#ifdef WEFT_LONG_TESTS
  right([](auto const& x, auto const& y, auto const&, auto const&) {
    return sum(y / (x * x + sum(y, axis<-1>, keepdims)) * sum(x * y, axis<-1>, keepdims));
  });
#endif
}

TEST_CASE("constants that stand alone: rows are as long as they are") {
  right([](auto const& x, auto const& y, auto const&, auto const& column) {
    return sum(square(x) * sum(x, axis<-1>, keepdims) + sum(y, axis<-1>, keepdims) * column);
  });
  // Rows of one element beside longer ones.
  right([](auto const& x, auto const& y, auto const&, auto const& column) {
    return sum((x - mean(column, axis<-1>, keepdims)) * sum(y, axis<-1>, keepdims) / sum(exp(column), axis<-1>, keepdims));
  });
}

TEST_CASE("rows of one element") {
  tensor<double, 2> const x = {{3}, {-2}}, y = {{5}, {7}};
  auto [d, e] = grad([](auto const& a, auto const& b) { return sum(softmax_of(a) * b + a * sum(b, axis<-1>, keepdims)); },
                     wrt<0, 1>)(x, y);
  CHECK(double(d(0, 0)) == 5);
  CHECK(double(d(1, 0)) == 7);
  CHECK(double(e(0, 0)) == 4);
  CHECK(double(e(1, 0)) == -1);
}

TEST_CASE("float32: as accurate as the mathematics") {
  for (index_t n : {index_t(16), index_t(100), index_t(1000)}) {
    CAPTURE(n);
    auto const xd = varied<2>({6, n}, -8, 8, 7), gd = varied<2>({6, n}, -1, 1, 8);
    tensor<float, 2> const x = cast<float>(xd), g = cast<float>(gd);
    auto const f = [](auto const& a, auto const& b) { return sum(softmax_of(a) * b); };
    tensor<double, 2> const right = grad(f)(tensor<double, 2>(cast<double>(x)), tensor<double, 2>(cast<double>(g)));
    tensor<float, 2> const got = grad(f)(x, g);
    // p (g - p . g): held against the largest element of a row.
    double worst = 0;
    for (index_t r = 0; r < 6; ++r) {
      double size = 0, off = 0;
      for (index_t c = 0; c < n; ++c) {
        size = std::max(size, std::abs(double(right(r, c))));
        off = std::max(off, std::abs(double(right(r, c)) - double(got(r, c))));
      }
      worst = std::max(worst, off / size);
    }
    CHECK(worst < 2e-6);
  }
}

TEST_CASE("nothing goes back through what a softmax is shifted by") {
  for (index_t n : {index_t(300), index_t(9000)}) {
    CAPTURE(n);
    auto const xd = varied<2>({3, n}, -1, 1, 9), gd = varied<2>({3, n}, 99, 101, 10);
    tensor<float, 2> const x = cast<float>(xd), g = cast<float>(gd);
    auto const worst = [&](auto const& f) {
      tensor<double, 2> const right = grad(f)(tensor<double, 2>(cast<double>(x)), tensor<double, 2>(cast<double>(g)));
      tensor<float, 2> const got = grad(f)(x, g);
      return double(max(abs(right - cast<double>(got)))) / double(max(abs(right)));
    };
    CHECK(worst([](auto const& a, auto const& b) { return sum(softmax(a) * b); }) < 3e-5);
    CHECK(worst([](auto const& a, auto const& b) { return sum(log_softmax(a) * b); }) < 3e-5);
    CHECK(worst([](auto const& a, auto const& b) { return sum(logsumexp(a, axis<-1>, keepdims) * b); }) < 3e-5);
  }
}

TEST_CASE("a row of zeros and infinities") {
  tensor<float, 2> const x = {{0, 0, 0}, {1, 2, 3}, {-INFINITY, 0, 1}}, g = {{1, 1, 1}, {0, 0, 0}, {1, 2, 3}};
  tensor<float, 2> const d = grad([](auto const& a, auto const& b) { return sum(softmax_of(a) * b); })(x, g);
  for (index_t c = 0; c < 3; ++c) {
    CHECK(std::abs(float(d(0, c))) < 1e-6f);
    CHECK(float(d(1, c)) == 0);
  }
  CHECK(float(d(2, 0)) == 0);
  CHECK(float(d(2, 1)) == doctest::Approx(-0.19661193));
}
