// Every rule against central differences in float64, with the operands broadcast both ways; ties and bounds.
#include <doctest/doctest.h>
#include <weft/grad.hpp>

#include <cmath>
#include <limits>

using namespace weft;

namespace {

constexpr double near = 1e-6;

// Elements in [low, high], of no pattern.
template <int R>
tensor<double, R> varied(extents<R> const& e, double low, double high, unsigned seed) {
  tensor<double, R> t;
  t.prepare(e);
  double* const p = t.data();
  unsigned s = seed * 2654435761u + 12345;
  for (index_t i = 0; i < t.size(); ++i) {
    s = s * 1664525u + 1013904223u;
    p[i] = low + (high - low) * (s >> 8) / double(1u << 24);
  }
  return t;
}

// sum(weights * f(x)) for x of several sizes, tails included.
template <class F>
double worst_of_one(F const& f, double low, double high) {
  double worst = 0;
  for (index_t n : {1, 7, 8, 9, 33}) {
    auto const x = varied<1>({n}, low, high, static_cast<unsigned>(n));
    auto const w = varied<1>({n}, -1, 1, 77);
    auto const g = [&](auto const& v, auto const& u) { return sum(f(v) * u); };
    worst = std::fmax(worst, check_gradients(g, x, w));
    // As a statement of its own: its result may come from the tape.
    auto const h = [&](auto const& v, auto const& u) { return sum(eval(f(v)) * u); };
    worst = std::fmax(worst, check_gradients(h, x, w));
  }
  return worst;
}

// f(a, b) for a and b of equal shape, rows, columns, numbers and sizes of 1.
template <class F>
double worst_of_two(F const& f, double low_a, double high_a, double low_b, double high_b) {
  double worst = 0;
  auto const check = [&](auto const& a, auto const& b) {
    auto const g = [&](auto const& u, auto const& v) { return sum(square(f(u, v)) + f(u, v)); };
    auto const h = [&](auto const& u, auto const& v) { return sum(square(eval(f(u, v)))); };
    worst = std::fmax(worst, check_gradients(g, a, b));
    worst = std::fmax(worst, check_gradients(h, a, b));
  };
  auto const full = varied<2>({5, 11}, low_a, high_a, 1), other = varied<2>({5, 11}, low_b, high_b, 2);
  auto const row = varied<1>({11}, low_b, high_b, 3), column_a = varied<1>({11}, low_a, high_a, 4);
  auto const column = varied<2>({5, 1}, low_b, high_b, 5), first = varied<2>({1, 11}, low_a, high_a, 6);
  check(full, other);
  check(full, row);
  check(column_a, other);
  check(full, column);
  check(first, column);
  check(full, tensor<double, 0>(0.5 * (low_b + high_b) + 0.1));
  check(tensor<double, 0>(0.5 * (low_a + high_a) + 0.1), other);
  return worst;
}

template <class F>
double slope(F const& f, double at) {
  return grad([&](auto const& x) { return sum(f(x)); })(tensor<double, 1>{at})(0);
}

}  // namespace

#define ONE(NAME, LOW, HIGH)                                                            \
  TEST_CASE("rule of " #NAME) {                                                         \
    CHECK(worst_of_one([](auto const& x) { return NAME(x); }, LOW, HIGH) < near);      \
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
TEST_CASE("rules of a choice, broadcast both ways") {
  CHECK(worst_of_two([](auto const& a, auto const& b) { return maximum(a, b); }, -1, 1.05, 1.1, 2) < near);
  CHECK(worst_of_two([](auto const& a, auto const& b) { return minimum(a, b); }, -1, 1.05, 1.1, 2) < near);
  CHECK(worst_of_two([](auto const& a, auto const& b) { return where(a > 0.3, a * b, b); }, 0.4, 1, 1, 2) < near);
  CHECK(worst_of_two([](auto const& a, auto const& b) { return where(b > 0.3, a, 3.0) * clip(a, 0.0, b); }, 0.4, 1, 1, 2) < near);
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
  // Both branches are differentiated: 0 * inf of the one that was not taken is not a number.
  CHECK(std::isnan(slope([](auto const& x) { return where(x > 0, sqrt(x), 0.0); }, 0)));
  CHECK(std::isnan(slope([](auto const& x) { return exp(x); }, std::numeric_limits<double>::quiet_NaN())));
  CHECK(slope([](auto const& x) { return log(x); }, 0) == inf);
  CHECK(slope([](auto const& x) { return tanh(x); }, inf) == 0);
}

TEST_CASE("reductions") {
  auto const x = varied<2>({5, 13}, -1, 1, 1);
  auto const y = varied<3>({3, 4, 5}, 0.5, 1.5, 2);
#define REDUCTION(NAME)                                                                                            \
  CHECK(check_gradients([](auto const& v) { return NAME(v); }, x) < near);                                        \
  CHECK(check_gradients([](auto const& v) { return sum(square(NAME(v, axis<0>))); }, x) < near);                  \
  CHECK(check_gradients([](auto const& v) { return sum(square(NAME(v, axis<1>))); }, x) < near);                  \
  CHECK(check_gradients([](auto const& v) { return sum(v * NAME(v, axis<1>, keepdims)); }, x) < near);            \
  CHECK(check_gradients([](auto const& v) { return sum(v * NAME(v * v, axis<0>)); }, x) < near);                  \
  CHECK(check_gradients([](auto const& v) { return sum(v * NAME(v)); }, x) < near);                               \
  CHECK(check_gradients([](auto const& v) { return sum(square(NAME(v, axis<0, 2>))); }, y) < near);               \
  CHECK(check_gradients([](auto const& v) { return sum(square(NAME(v, axis<1>, keepdims)) * v); }, y) < near);    \
  CHECK(check_gradients([](auto const& v) { return sum(square(NAME(v, 1))); }, y) < near);                        \
  CHECK(check_gradients([](auto const& v) { return sum(square(eval(NAME(v * v, axis<-1>)))); }, y) < near)
  REDUCTION(sum);
  REDUCTION(mean);
  REDUCTION(max);
  REDUCTION(min);
  REDUCTION(prod);
#undef REDUCTION
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
  CHECK(check_gradients([](auto const& v, auto const& u) { return sum(softmax(v) * u); }, x, w) < near);
  CHECK(check_gradients([](auto const& v, auto const& u) { return sum(log_softmax(v * u) * u); }, x, w) < near);
  CHECK(check_gradients([](auto const& v) { return mean(logsumexp(v, axis<-1>)); }, x) < near);
  CHECK(check_gradients([](auto const& v) { return sum(square(var(v, axis<0>))) + stddev(v); }, x) < near);
  auto norm = [](auto const& v, auto const& g, auto const& s) {
    auto m = mean(v, axis<-1>, keepdims);
    auto d = var(v, axis<-1>, keepdims);
    return sum(tanh((v - m) * rsqrt(d + 1e-5) * g + s));
  };
  CHECK(check_gradients(norm, x, gain, shift) < near);
  auto plain_softmax = [](auto const& v, auto const& u) {
    auto e = exp(v - max(v, axis<1>, keepdims));
    return sum(e / sum(e, axis<1>, keepdims) * u);
  };
  CHECK(check_gradients(plain_softmax, x, w) < near);
}

TEST_CASE("views give their cotangents back to where they look") {
  auto const x = varied<2>({6, 9}, -1, 1, 1);
  auto const y = varied<3>({2, 3, 4}, -1, 1, 2);
  auto const v = varied<1>({9}, -1, 1, 3);
#define VIEW(...) CHECK(check_gradients([](auto const& a) { return sum(square(__VA_ARGS__)); }, x) < near)
  VIEW(transpose(a));
  VIEW(a(2, all));
  VIEW(a(all, -1) * 2);
  VIEW(a(range(1, 5, 2), range(8, 2, -3)));
  VIEW(a(newaxis, all, newaxis, 3));
  VIEW(a(range(0, 5), all) * a(range(1, 6), all));
  VIEW(a(2, 3) * a);
  VIEW(a + a(range(2, 3), all) + a(all, range(4, 5)));
  VIEW(transpose(a * a)(range(1, 4), all));
  VIEW(transpose(a)(all, 2) * exp(a(2, all)));
  VIEW(sum(a, axis<1>)(range(1, 4)));
  VIEW(expand_dims(a, 1) * 3 + a(all, newaxis, all));
  VIEW(matmul(a, transpose(a))(range(0, 3), all));
  VIEW(eval(transpose(a)) * eval(a)(range(0, 1), range(0, 1)));
#undef VIEW
  CHECK(check_gradients([](auto const& a) { return sum(square(swapaxes<0, 2>(a)) * 2 + swapaxes<0, 2>(a)); }, y) < near);
  CHECK(check_gradients([](auto const& a) { return sum(square(swapaxes(a, 0, 2))); }, y) < near);
  CHECK(check_gradients([](auto const& a) { return sum(exp(broadcast_to(a, {4, 9})) * 0.1); }, v) < near);
  CHECK(check_gradients([](auto const& a, auto const& b) { return sum(a * transpose(b) + transpose(a * transpose(b))); },
                        varied<2>({7, 7}, -1, 1, 5), varied<2>({7, 7}, -1, 1, 6)) < near);
  // The same leaf straight and transposed in one statement, wider than a tile.
  CHECK(check_gradients([](auto const& a) { return sum(a * transpose(a) * a); }, varied<2>({70, 70}, -1, 1, 7)) < near);
}

TEST_CASE("products") {
  auto const a = varied<2>({5, 7}, -1, 1, 1), b = varied<2>({7, 4}, -1, 1, 2), c = varied<2>({4, 7}, -1, 1, 3);
  auto const bias = varied<1>({4}, -1, 1, 4), v = varied<1>({7}, -1, 1, 5), u = varied<1>({5}, -1, 1, 6);
  auto check = [](auto const& f, auto const&... x) { return check_gradients(f, x...) < near; };
  CHECK(check([](auto const& x, auto const& w) { return sum(square(matmul(x, w))); }, a, b));
  CHECK(check([](auto const& x, auto const& w) { return sum(square(matmul(x, transpose(w)))); }, a, c));
  CHECK(check([](auto const& x, auto const& w) { return sum(square(matmul(transpose(w), transpose(x)))); }, a, b));
  CHECK(check([](auto const& x, auto const& w, auto const& s) { return sum(tanh(matmul(x, w) + s)); }, a, b, bias));
  CHECK(check([](auto const& x, auto const& w, auto const& s) { return sum(square(eval(relu(matmul(x, w) + s)))); }, a, b, bias));
  CHECK(check([](auto const& x, auto const& w, auto const& s) { return sum(matmul(x * x, exp(w)) * sigmoid(s)); }, a, b, bias));
  CHECK(check([](auto const& x, auto const& w) { return sum(matmul(matmul(x, w), transpose(matmul(x, w)))); }, a, b));
  CHECK(check([](auto const& x, auto const& w) { return sum(matmul(x, w) * matmul(x, w) + matmul(x, w)); }, a, b));
  CHECK(check([](auto const& x, auto const& w) { return sum(square(matmul(x, w))); }, a, v));
  CHECK(check([](auto const& x, auto const& w) { return sum(square(matmul(x, w))); }, u, a));
  CHECK(check([](auto const& x, auto const& w) { return matmul(x, w) * matmul(w, x); }, v, v));
  CHECK(check([](auto const& x, auto const& w) { return sum(square(matmul(x(range(0, 5, 2), all), w(all, range(1, 3))))); }, a, b));
  CHECK(check([](auto const& x, auto const& w) { return sum(max(matmul(x, w), axis<1>)) + mean(matmul(x, w)); }, a, b));
  CHECK(check([](auto const& x, auto const& w) { return sum(softmax(matmul(x, w)) * matmul(x, w)); }, a, b));
  CHECK(check([](auto const& x) { return sum(matmul(x, transpose(x)) * 2.0 - 1); }, a));
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
