// Random numbers: published answers of the block function, distributions, and the same bits from every build.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <weft/simd/random.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>

using namespace weft::simd;

namespace {

using words = pack<std::uint32_t, 4>;

std::uint64_t hash(void const* p, std::size_t n, std::uint64_t h) {
  auto b = static_cast<unsigned char const*>(p);
  for (std::size_t i = 0; i < n; ++i) h = (h ^ b[i]) * 1099511628211u;
  return h;
}

template <class T, int N, class F>
std::uint64_t checksum(F f) {
  std::uint64_t h = 14695981039346656037u;
  for (std::int64_t i = 0; i < 1 << 16; i += N) {
    T out[std::size_t{N}];
    f(i).store(out);
    h = hash(out, sizeof out, h);
  }
  return h;
}

template <class T, int N>
std::uint64_t uniform_sum() {
  return checksum<T, N>([](std::int64_t i) { return uniform<T, N>({7, 9}, i, T(-1.25), T(3.1)); });
}
template <class T, int N>
std::uint64_t normal_sum() {
  return checksum<T, N>([](std::int64_t i) { return normal<T, N>({7, 9}, i); });
}

}  // namespace

TEST_CASE("the block function gives the published answers") {
  auto z = threefry<4>({0, 0}, words(0), words(0));
  CHECK(z.first[0] == 0x6b200159u);
  CHECK(z.second[3] == 0x99ba4efeu);
  z = threefry<4>({~0u, ~0u}, words(~0u), words(~0u));
  CHECK(z.first[1] == 0x1cb996fcu);
  CHECK(z.second[2] == 0xbb002be7u);
  z = threefry<4>({0x13198a2eu, 0x03707344u}, words(0x243f6a88u), words(0x85a308d3u));
  CHECK(z.first[0] == 0xc4923a9cu);
  CHECK(z.second[0] == 0x483df7a0u);
}

TEST_CASE("an element depends on key and index alone") {
  for (std::int64_t start : {0ll, 5ll, 0xfffffff8ll, 0x7ffffffffll, 1ll << 40}) {
    auto wide = random_words<64>({1, 2}, start);
    auto z = normal<float, 32>({1, 2}, start);
    auto d = normal<double, 32>({1, 2}, start);
    auto u = uniform<double, 16>({1, 2}, start, 0., 1.);
    for (int i = 0; i < 64; ++i) {
      auto one = random_words<1>({1, 2}, start + i);
      CHECK(wide.first[i] == one.first[0]);
      CHECK(wide.second[i] == one.second[0]);
      if (i < 32) CHECK(z[i] == normal<float, 1>({1, 2}, start + i)[0]);
      if (i < 32) CHECK(d[i] == normal<double, 4>({1, 2}, start + i)[0]);
      if (i < 16) CHECK(u[i] == uniform<double, 1>({1, 2}, start + i, 0., 1.)[0]);
    }
  }
  CHECK(child({1, 2}, 0) != child({1, 2}, 1));
  CHECK(child({1, 2}, 0) != child({1, 3}, 0));
}

TEST_CASE_TEMPLATE("uniform stays inside [a, b)", T, float, double) {
  auto inside = [](T a, T b) {
    double sum = 0;
    long bad = 0;
    for (std::int64_t i = 0; i < 1 << 18; i += 16) {
      auto u = uniform<T, 16>({3, 4}, i, a, b);
      for (int j = 0; j < 16; ++j) {
        bad += !(u[j] >= a && u[j] < b);
        sum += (double(u[j]) - double(a)) / (double(b) - double(a));
      }
    }
    CHECK(bad == 0);
    return sum / (1 << 18);
  };
  CHECK(inside(0, 1) == doctest::Approx(0.5).epsilon(0.005));
  CHECK(inside(-3, 5) == doctest::Approx(0.5).epsilon(0.005));
  CHECK(inside(-1, 0) == doctest::Approx(0.5).epsilon(0.005));
  inside(1, std::nextafter(T(1), T(2)));
  inside(-1, std::nextafter(T(-1), T(2)));
  inside(T(1e6), T(1e6) + T(0.25));
}

TEST_CASE_TEMPLATE("normal has the moments and the tails", T, float, double) {
  double m1 = 0, m2 = 0, m3 = 0, m4 = 0, worst = 0;
  long beyond2 = 0, n = 1 << 19;
  for (std::int64_t i = 0; i < n; i += 16) {
    auto z = normal<T, 16>({5, 6}, i);
    auto k = detail::random_integer<T>(random_words<16>({5, 6}, i));
    for (int j = 0; j < 16; ++j) {
      double x = z[j];
      m1 += x, m2 += x * x, m3 += x * x * x, m4 += x * x * x * x;
      beyond2 += std::abs(x) > 2;
      // The share of the distribution below |x|, against the integer that it was made of.
      double parts = sizeof(T) == 4 ? 0x1p24 : 0x1p53, tail = k[j] < parts / 2 ? k[j] + 0.5 : parts - k[j] - 0.5;
      double p = std::erfc(std::abs(x) / std::sqrt(2.)), want = 2 * tail / parts;
      // d p / p over d x / x
      double slope = 2 * std::exp(-x * x / 2) / std::sqrt(2 * 3.14159265358979) * std::abs(x) / p;
      worst = std::max(worst, std::abs(p / want - 1) / slope);
    }
  }
  double count = double(n);
  CHECK(m1 / count == doctest::Approx(0).epsilon(0.006));
  CHECK(m2 / count == doctest::Approx(1).epsilon(0.006));
  CHECK(std::abs(m3 / count) < 0.02);
  CHECK(m4 / count == doctest::Approx(3).epsilon(0.02));
  CHECK(double(beyond2) / count == doctest::Approx(0.0455).epsilon(0.02));
  std::printf("normal of %zu bytes: relative error %.3g\n", sizeof(T), worst);
  CHECK(worst < (sizeof(T) == 4 ? 1e-6 : 1e-12));
}

TEST_CASE("the same bits from every build") {
  std::uint64_t sums[4] = {uniform_sum<float, 16>(), uniform_sum<double, 16>(), normal_sum<float, 16>(),
                           normal_sum<double, 16>()};
  for (auto s : sums) std::printf("0x%016llxu\n", static_cast<unsigned long long>(s));
  CHECK(sums[0] == uniform_sum<float, 4>());
  CHECK(sums[1] == uniform_sum<double, 64>());
  CHECK(sums[2] == normal_sum<float, 64>());
  CHECK(sums[3] == normal_sum<double, 2>());
  CHECK(sums[0] == 0xae5d9aa90af686aau);
  CHECK(sums[1] == 0x9d468550ecb3d35eu);
  CHECK(sums[2] == 0xefd1e3183c3635e0u);
  CHECK(sums[3] == 0x753747aeaf1ec341u);
}
