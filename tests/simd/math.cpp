// The elementary functions against a wider type, over all of float and much of double. The table says how far off.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <weft/simd/math.hpp>

#include <doctest/doctest.h>

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <vector>

using namespace weft::simd;

namespace {

template <class T>
struct wider;
template <>
struct wider<float> {
  using type = double;
};
template <>
struct wider<double> {
  using type = long double;
};

// The distance in units of the last place of T at the right answer; infinity counts as the next power of two.
template <class T, class W>
double ulps(T got, W want) {
  using limit = std::numeric_limits<T>;
  if (want != want || got != got) return want != want && got != got ? 0 : 1e30;
  W top = std::ldexp(W(1), limit::max_exponent);
  if (std::isinf(got) && std::isinf(want)) return std::signbit(got) == std::signbit(want) ? 0 : 1e30;
  W g = std::isinf(got) ? std::copysign(top, W(got)) : W(got);
  W w = std::abs(want) > top ? std::copysign(top, want) : want;
  int e = 0;
  std::frexp(w, &e);
  e = e < limit::min_exponent || w == 0 ? limit::min_exponent : e;
  return double(std::abs(g - w) / std::ldexp(W(1), e - limit::digits));
}

// The error in relation to the right answer, in epsilons; 0 where that is no normal number.
template <class T, class W>
double epsilons(T got, W want) {
  using limit = std::numeric_limits<T>;
  bool const normal = std::abs(want) >= W(limit::min()) && std::abs(want) <= W(limit::max());
  return normal ? double(std::abs(W(got) - want) / std::abs(want) / W(limit::epsilon())) : 0;
}

struct worst {
  double ulp = 0, at = 0, got = 0, eps = 0;
  long points = 0;
};

template <class T, class F, class G>
void compare(std::vector<T> const& xs, F packed, G wide, worst& w) {
  constexpr int N = lanes<T>;
  for (std::size_t k = 0; k < xs.size(); k += N) {
    int n = xs.size() - k < N ? int(xs.size() - k) : N;
    auto x = pack<T, N>::load_partial(&xs[k], n);
    auto y = packed(x);
    for (int i = 0; i < n; ++i) {
      auto want = wide(typename wider<T>::type(x[i]));
      double u = ulps(y[i], want);
      w.eps = std::max(w.eps, epsilons(y[i], want));
      ++w.points;
      if (u > w.ulp) w.ulp = u, w.at = x[i], w.got = y[i];
    }
  }
}

template <class T, class Bits>
T of_bits(Bits b) {
  T x;
  static_assert(sizeof x == sizeof b);
  std::memcpy(&x, &b, sizeof x);
  return x;
}

std::vector<float> edges_of(float) {
  std::vector<float> v{0.f, -0.f, INFINITY, -INFINITY, NAN, -NAN};
  std::vector<float> centres{
      1e-45f,   1.1754944e-38f, 3e-39f,    1e-20f,    5.96e-8f, 2.98e-8f, 1e-3f,     0.2554f,  0.3049f, 0.3466f,
      0.5f,     0.549f,         0.6098f,   0.75f,     0.92f,    1.f,      1.2195f,   1.5f,     1.8293f, 2.f,
      3.0488f,  3.92f,          3.95f,     4.f,       4.2683f,  6.7073f,  9.01f,     9.1f,     10.f,    15.f,
      16.6355f, 17.33f,         20.f,      87.3365f,  88.f,     88.3762f, 88.72283f, 88.72284f, 89.f,   100.f,
      103.27f,  103.97f,        103.98f,   104.5f,    120.f,    1e5f,     1048576.f, 3e6f,     1e10f,   1e30f,
      3.4028235e38f};
  for (float x = 0.25f; x < 18; x += 0.25f) centres.push_back(x);  // where tables are entered elsewhere
  for (float x : centres) {
    for (float y : {x, -x}) {
      float low = y, high = y;
      for (int i = 0; i < 200; ++i) {
        v.push_back(low);
        v.push_back(high);
        low = std::nextafter(low, -INFINITY);
        high = std::nextafter(high, INFINITY);
      }
    }
  }
  return v;
}
std::vector<double> edges_of(double) {
  std::vector<double> v{0., -0., INFINITY, -INFINITY, NAN};
  for (double x : {5e-324, 2.2250738585072014e-308, 1e-310, 1e-20, 1.11e-16, 2.2e-16, 1e-3, 0.25, 0.3466, 0.5, 0.549,
                   0.75, 1., 1.5, 2., 10., 19., 20., 22., 36.7, 37., 40., 708.39, 709.78271289338397,
                   709.7827128933841, 710., 744., 745.13, 746., 1e5, 1048576., 1e22, 1e300, 1.7976931348623157e308}) {
    for (double y : {x, -x}) {
      double low = y, high = y;
      for (int i = 0; i < 200; ++i) {
        v.push_back(low);
        v.push_back(high);
        low = std::nextafter(low, -INFINITY);
        high = std::nextafter(high, INFINITY);
      }
    }
  }
  return v;
}

// WEFT_STRIDE=1 in the environment visits every float.
std::uint64_t stride() {
  char const* s = std::getenv("WEFT_STRIDE");
  return s ? std::strtoull(s, nullptr, 10) : 4099;
}

template <class F, class G>
worst sweep_float(F packed, G wide) {
  worst w;
  compare(edges_of(0.f), packed, wide, w);
  std::vector<float> xs;
  for (std::uint64_t b = 0; b < (1ull << 32); b += stride()) {
    xs.push_back(of_bits<float>(static_cast<std::uint32_t>(b)));
    if (xs.size() == 1 << 16) compare(xs, packed, wide, w), xs.clear();
  }
  compare(xs, packed, wide, w);
  return w;
}
template <class F, class G>
worst sweep_double(double low, double high, F packed, G wide) {
  worst w;
  compare(edges_of(0.), packed, wide, w);
  std::vector<double> xs;
  std::uint64_t bits = 0x9e3779b97f4a7c15u;
  for (int i = 0; i < 60000; ++i) {
    bits = bits * 6364136223846793005u + 1442695040888963407u;
    xs.push_back(of_bits<double>(bits));                                     // every size
    xs.push_back(low + (high - low) * double(bits >> 11) / 9007199254740992.);  // where it matters
    xs.push_back(xs.back() / 64);
  }
  compare(xs, packed, wide, w);
  return w;
}

// Two roundings for one cost tanh of doubles a little more.
#if defined(__FMA__)
constexpr double double_limit = 2;
#else
constexpr double double_limit = 2.25;
#endif

void report(char const* type, char const* name, worst w) {
  std::printf("%-7s %-8s %6.3f ulp at %.9g (%.9g), %ld points\n", type, name, w.ulp, w.at, w.got, w.points);
}

template <class W>
W sigmoid_of(W x) {
  return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
}

// Right down to the smallest numbers: the distribution function of a negative number by the tail.
template <class W>
W gelu_of(W x) {
  return W(0.5) * x * std::erfc(x * -W(0.70710678118654752440084436210485L));
}

}  // namespace

#define FUNCTION(name, reference, low, high)                                                      \
  TEST_CASE(#name) {                                                                              \
    auto packed = [](auto x) { return weft::simd::name(x); };                                     \
    auto wide = [](auto x) { return reference; };                                                 \
    worst f = sweep_float(packed, wide), d = sweep_double(low, high, packed, wide);               \
    report("float", #name, f);                                                                    \
    report("double", #name, d);                                                                   \
    CHECK(f.ulp <= 2);                                                                            \
    CHECK(d.ulp <= double_limit);                                                                            \
  }
FUNCTION(exp, std::exp(x), -750, 720)
FUNCTION(expm1, std::expm1(x), -40, 720)
FUNCTION(sigmoid, sigmoid_of(x), -750, 40)
FUNCTION(tanh, std::tanh(x), -22, 22)
FUNCTION(log, std::log(x), 0, 10)
FUNCTION(log1p, std::log1p(x), -1, 10)
FUNCTION(erf, std::erf(x), -6, 6)
FUNCTION(sin, std::sin(x), -1e5, 1e5)
FUNCTION(cos, std::cos(x), -1e5, 1e5)
FUNCTION(rsqrt, 1 / std::sqrt(x), 0, 10)

TEST_CASE("gelu") {
  auto packed = [](auto x) { return gelu(x); };
  auto wide = [](auto x) { return gelu_of(x); };
  worst f = sweep_float(packed, wide), d = sweep_double(-39, 10, packed, wide);
  report("float", "gelu", f);
  report("double", "gelu", d);
  std::printf("        gelu      %.3f epsilon, %.3f of double\n", f.eps, d.eps);
  CHECK(f.eps <= 2.75);
  CHECK(d.eps <= 2.75);
  CHECK(f.ulp <= 4.5);  // subnormal results, infinities and NaN too
  CHECK(d.ulp <= 4.5);
}

namespace {

// The same bits in every lane and for every N.
template <class T, int N, class F>
void position(F f, T x, T want) {
  for (int i = 0; i < N; ++i) {
    auto lanes = pack<T, N>(T(-0.7));
    lanes.set(i, x);
    T y = f(lanes)[i];
    CHECK(std::memcmp(&y, &want, sizeof y) == 0);
  }
}
template <class T, class F>
void everywhere(F f) {
  for (T x : {T(0.3), T(-2.7), T(12), T(-89.5), T(1e-40), T(3e6)}) {
    T want = f(pack<T, 1>(x))[0];
    position<T, 1>(f, x, want);
    position<T, 2>(f, x, want);
    position<T, 4>(f, x, want);
    position<T, 8>(f, x, want);
    position<T, 16>(f, x, want);
    position<T, 32>(f, x, want);
  }
}

}  // namespace

TEST_CASE_TEMPLATE("a lane depends neither on its place nor on their number", T, float, double) {
  everywhere<T>([](auto x) { return exp(x); });
  everywhere<T>([](auto x) { return expm1(x); });
  everywhere<T>([](auto x) { return sigmoid(x); });
  everywhere<T>([](auto x) { return tanh(x); });
  everywhere<T>([](auto x) { return log(abs(x)); });
  everywhere<T>([](auto x) { return log1p(abs(x)); });
  everywhere<T>([](auto x) { return erf(x); });
  everywhere<T>([](auto x) { return gelu(x); });
  everywhere<T>([](auto x) { return gelu_slope(x); });
  everywhere<T>([](auto x) { return sin(x); });
  everywhere<T>([](auto x) { return cos(x); });
  everywhere<T>([](auto x) { return rsqrt(abs(x)); });
}

TEST_CASE_TEMPLATE("limits are reached", T, float, double) {
  constexpr int N = lanes<T>;
  using P = pack<T, N>;
  T const inf = std::numeric_limits<T>::infinity();
  for (T far : {T(25), T(1e4), inf}) {
    CHECK(tanh(P(far))[0] == T(1));
    CHECK(tanh(P(-far))[0] == T(-1));
    CHECK(erf(P(far))[0] == T(1));
    CHECK(expm1(P(-far - T(20)))[0] == T(-1));
    CHECK(sigmoid(P(far + T(20)))[0] == T(1));
  }
  CHECK(sigmoid(P(-inf))[0] == T(0));
  CHECK(exp(P(-inf))[0] == T(0));
  CHECK(exp(P(inf))[0] == inf);
  CHECK(log(P(inf))[0] == inf);
}

TEST_CASE_TEMPLATE("gelu where it ends, and its slope", T, float, double) {
  constexpr int N = lanes<T>;
  using P = pack<T, N>;
  T const inf = std::numeric_limits<T>::infinity(), last = sizeof(T) == 4 ? T(14.2) : T(38.4);
  CHECK(gelu(P(inf))[0] == inf);
  CHECK(gelu(P(T(1e30)))[0] == T(1e30));
  CHECK(std::isnan(gelu(P(-inf))[0]));  // -inf times 0, as in MLX and PyTorch
  CHECK(gelu(P(-last))[0] < 0);
  CHECK(gelu(P(T(-1e30)))[0] == 0);
  CHECK(std::signbit(gelu(P(T(-1e30)))[0]));
  CHECK(std::signbit(gelu(P(T(-0.)))[0]));
  CHECK_FALSE(std::signbit(gelu(P(T(0)))[0]));
  CHECK(gelu_slope(P(inf))[0] == 1);
  CHECK(gelu_slope(P(-inf))[0] == 0);
  CHECK(std::isnan(gelu_slope(P(std::numeric_limits<T>::quiet_NaN()))[0]));
  // In relation to the larger of the two terms, whose sum is 0 at -0.75.
  double worst = 0, at = 0;
  T const step = sizeof(T) == 4 ? T(1) / 4096 : T(1) / 512;
  for (T x = -last; x < 10; x += step) {
    using W = typename wider<T>::type;
    W const root = W(0.70710678118654752440084436210485L), w = W(x);
    W const below = std::erfc(-w * root) / 2, density = W(0.39894228040143267794L) * std::exp(-w * w / 2);
    W const size = std::max(below, std::abs(w * density));
    if (size < W(std::numeric_limits<T>::min())) continue;
    W const off = std::abs(W(gelu_slope(P(x))[0]) - (below + w * density)) / size;
    double const eps = double(off / W(std::numeric_limits<T>::epsilon()));
    if (eps > worst) worst = eps, at = double(x);
  }
  std::printf("%s gelu_slope %.3f epsilon of its larger term at %.9g\n", sizeof(T) == 4 ? "float " : "double", worst, at);
  CHECK(worst <= 2.25);
}

TEST_CASE_TEMPLATE("odd functions keep the sign of zero", T, float, double) {
  pack<T, 4> zero(T(-0.));
  CHECK(std::signbit(expm1(zero)[1]));
  CHECK(std::signbit(tanh(zero)[1]));
  CHECK(std::signbit(log1p(zero)[1]));
  CHECK(std::signbit(erf(zero)[1]));
  CHECK(std::signbit(sin(zero)[1]));
}

#if defined(__SSE__)
TEST_CASE("sin and cos where the processor takes denormal numbers for 0") {
  unsigned const mode = _mm_getcsr();
  _mm_setcsr(mode | 0x8040);
  constexpr int N = lanes<float>;
  for (float x : {0.5f, 1.5f, 2.5f, 3.5f, 5.f, 100.f}) {
    CHECK(sin(pack<float, N>(x))[0] == doctest::Approx(std::sin(x)));
    CHECK(cos(pack<float, N>(x))[0] == doctest::Approx(std::cos(x)));
  }
  _mm_setcsr(mode);
}
#endif
