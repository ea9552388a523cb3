// Values worth testing of every lane type, and comparisons that tell -0 from 0 and take NaN for NaN.
#pragma once
#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace {

template <class T>
bool same(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (a != a || b != b) return a != a && b != b;
    return a == b && std::signbit(a) == std::signbit(b);
  } else {
    return a == b;
  }
}

// Edge cases first, then random ones; every lane position meets every edge.
template <class T>
std::array<T, 512> samples(unsigned seed) {
  std::array<T, 512> v;
  std::mt19937_64 r(seed);
  using limit = std::numeric_limits<T>;
  auto other = [&]() -> T {
    if constexpr (std::is_same_v<T, bool>) return r() & 1;
    else if constexpr (std::is_integral_v<T>) return static_cast<T>(r());
    else return static_cast<T>(static_cast<double>(static_cast<std::int64_t>(r() >> 20)) / 1e10 - 800);
  };
  std::vector<T> edges{T(0), T(1), limit::max(), limit::lowest(), limit::min()};
  if constexpr (std::is_floating_point_v<T>) {
    for (T x : {T(-0.), limit::infinity(), -limit::infinity(), limit::quiet_NaN(), limit::denorm_min(), T(0.5),
                T(-0.5), T(1.5), T(2.5), T(-2.5), T(8388607.5), T(8388609), T(-4194304.5),
                T(4503599627370497.), T(0.49999997f)})
      edges.push_back(x);
  } else if constexpr (!std::is_same_v<T, bool>) {
    for (int x : {-1, 2, 3, 100, 127}) edges.push_back(static_cast<T>(x));
  }
  for (T& x : v) x = r() % 2 ? T(edges[r() % edges.size()]) : other();
  return v;
}

// Out of line: the message is the dear part of a comparison.
template <class T>
[[gnu::noinline]] void equal(char const* what, T const* got, T const* want, int n, int lanes) {
  for (int i = 0; i < n; ++i) {
    if (same(got[i], want[i])) continue;
    CHECK_MESSAGE(false, what << ": lane " << i % lanes << " of " << lanes << ", sample " << i << ": "
                              << double(got[i]) << ", not " << double(want[i]));
    return;
  }
  CHECK(n > 0);
}

}  // namespace

#define TYPES                                                                                                    \
  float, double, bool, std::int8_t, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t, std::uint32_t,      \
      std::int64_t, std::uint64_t
