// Random numbers by counting: element i of a stream is a function of the key and i alone, the same bits for every
// lane count, thread count, instruction set and compiler.
//
//   random_key key{7, 0};
//   auto u = uniform<float, 16>(key, i, 0.f, 1.f);    // elements i to i + 15, in [0, 1)
//   auto z = normal<float, 16>(key, i);               // mean 0, deviation 1
//
//   random_key                    two words; child(key, i) is an independent key
//   random_words<N>(key, i)       two packs of uint32 for the elements from i on: Threefry-2x32, 20 rounds
//   uniform<T, N>(key, i, a, b)   in [a, b), a < b and b - a finite: multiples of (b - a) 2^-24 (2^-53)
//   normal<T, N>(key, i)          sqrt(2) erfinv(u), u the middles of 2^24 (2^53) equal parts of (-1, 1): within
//                                 3e-7 of the right value in float, 1e-12 in double
#pragma once
#include <weft/simd/exact.hpp>
#include <weft/simd/log.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace simd {

struct random_key {
  std::uint32_t a = 0, b = 0;
  friend bool operator==(random_key const&, random_key const&) = default;
};

template <int N>
struct random_pair {
  pack<std::uint32_t, N> first, second;
};

// The block function: (low, high) is the counter.
template <int N>
WEFT_INLINE random_pair<N> threefry(random_key key, pack<std::uint32_t, N> low, pack<std::uint32_t, N> high) {
  using P = pack<std::uint32_t, N>;
  std::uint32_t const keys[3] = {key.a, key.b, key.a ^ key.b ^ 0x1bd11bdau};
  P x = low + P(keys[0]), y = high + P(keys[1]);
  auto round = [&](int r) __attribute__((always_inline)) {
    x = x + y;
    y = ((y << r) | (y >> (32 - r))) ^ x;
  };
  auto even = [&]() __attribute__((always_inline)) { round(13), round(15), round(26), round(6); };
  auto odd = [&]() __attribute__((always_inline)) { round(17), round(29), round(16), round(24); };
  auto inject = [&](unsigned i) __attribute__((always_inline)) {
    x = x + P(keys[i % 3]);
    y = y + P(keys[(i + 1) % 3] + i);
  };
  even(), inject(1), odd(), inject(2), even(), inject(3), odd(), inject(4), even(), inject(5);
  return {x, y};
}

inline random_key child(random_key key, std::uint64_t i) {
  using P = pack<std::uint32_t, 1>;
  // The top bit of the counter is set for keys only, so that no element of the parent shares its words.
  auto words = threefry<1>(key, P(static_cast<std::uint32_t>(i)),
                           P(static_cast<std::uint32_t>(i >> 32) | 0x80000000u));
  return {words.first[0], words.second[0]};
}

template <int N>
WEFT_INLINE random_pair<N> random_words(random_key key, std::int64_t start) {
  using P = pack<std::uint32_t, N>;
  auto first = static_cast<std::uint32_t>(start), top = static_cast<std::uint32_t>(start >> 32);
  P low = P::iota(first);
  P high = select(low < first, P(top + 1), P(top));
  return threefry<N>(key, low, high);
}

namespace detail {

// 24 (53) random bits as an integer.
template <class T, int N>
WEFT_INLINE pack<T, N> random_integer(random_pair<N> words) {
  if constexpr (std::is_same_v<T, float>) {
    return convert<float>(bit_cast<std::int32_t>(words.first >> 8));
  } else {
    auto high = convert<double>(bit_cast<std::int32_t>(words.first >> 5));
    return high * pack<double, N>(67108864.) + convert<double>(bit_cast<std::int32_t>(words.second >> 6));
  }
}

// -log(x) for x in [2^-53, 1], by operations that are exact or rounded alike everywhere.
template <class T, int N>
WEFT_INLINE pack<T, N> exact_minus_log(pack<T, N> x) {
  using P = pack<T, N>;
  auto [k, m] = split_at_two(x);
  P f = m - P(1), y;
  if constexpr (std::is_same_v<T, float>) {
    P p = exact::polynomial(f, 0.3333344751f, -0.2500019418f, 0.1999111693f, -0.1664376232f, 0.1446738871f,
                            -0.1318644397f, 0.1058363801f, -0.04618182633f);
    P z = exact::mul(f, f);
    y = exact::mul(exact::mul(z, f), p) - exact::mul(z, P(0.5f));
  } else {
    P s = f / (f + P(2)), z = exact::mul(s, s), half = exact::mul(exact::mul(f, f), P(0.5));
    P q = exact::mul(z, exact::polynomial(z, 0.666666666666666001, 0.400000000000548164, 0.285714285561609575,
                                          0.222222242670577100, 0.181816673026972051, 0.153910732514764566,
                                          0.131741493971097871, 0.138398466044897871));
    y = exact::mul(s, half + q) - half;
  }
  y = (y + exact::mul(k, P(binary<T>::ln2_low))) + f;
  return -(y + exact::mul(k, P(binary<T>::ln2_high)));
}

// sqrt(2) erfinv(u) / u by w = -log(1 - u^2)
template <int N>
WEFT_INLINE pack<float, N> normal_factor(pack<float, N> w) {
  using P = pack<float, N>;
  P y = exact::polynomial(w - P(2.5f), 2.123313567f, 0.3488026602f, -5.908171122e-3f, -1.773010447e-3f,
                          3.091503038e-4f, -6.217912418e-6f, -4.990588383e-6f, 4.860971079e-7f, 4.035629987e-8f);
  auto far = w > 5.f;
  if (__builtin_expect(any(far), 0)) {
    P s = sqrt(w) - P(3);
    y = select(far, exact::polynomial(s, 4.006434537f, 1.416581426f, 0.01334174940f, -0.01078767430f,
                                      8.162551617e-3f, -5.161714543e-3f, 1.808816818e-3f, 1.074921517e-4f,
                                      -2.126918247e-4f), y);
  }
  return y;
}
template <int N>
WEFT_INLINE pack<double, N> normal_factor(pack<double, N> w) {
  using P = pack<double, N>;
  P y = exact::polynomial(w - P(3.125), 2.33862071002657505, 0.339634958701279638, -8.53289917687455815e-3,
                          -1.04751157041164019e-3, 2.64082048161306795e-4, -1.96328510576767001e-5,
                          -1.93106316389948345e-6, 5.98887861584055119e-7, -4.11130121792972935e-8,
                          -5.81537214723161244e-9, 1.48714908341956348e-9, -7.68130816839251350e-11,
                          -1.84713593434566386e-11, 3.76647547357871113e-12, -9.73056643417259770e-14,
                          -6.22600428051540945e-14, 7.77638978939857732e-15, 3.81182468424723194e-16,
                          -1.07653822972787481e-16, 1.76733799527036057e-18);
  auto far = w > 6.25;
  if (__builtin_expect(any(far), 0)) {
    P root = sqrt(w), s = root - P(3.25), t = root - P(5);
    P middle = exact::polynomial(s, 4.36127285516562023, 1.42165086581431059, 7.59562014667290897e-3,
                                 -5.30501022610804997e-3, 3.52343308404206992e-3, -2.38757673149995487e-3,
                                 1.34813104604922920e-3, -5.02144898539571641e-4, 3.41330643650293960e-5,
                                 9.67631283719074259e-5, -6.74222308570516234e-5, 1.72280406851849981e-5,
                                 5.09157740448681217e-6, -5.28759393399864776e-6, 1.17306141319269918e-6);
    P last = exact::polynomial(t, 6.85880340911259909, 1.42878061948775518, -1.96178781913115785e-4,
                               -3.04098638602180310e-4, 1.07474115265485791e-4, -2.78332376332479278e-5,
                               6.39780756591132738e-6, -1.40752980518353814e-6, 3.31709014634773531e-7,
                               -9.09305189486400813e-8, 3.04753169772141999e-8, -2.41385403458595279e-8,
                               1.82503342228502705e-8, -5.20388746087644506e-9);
    y = select(far, select(w > 16., last, middle), y);
  }
  return y;
}

}  // namespace detail

template <class T, int N>
  requires std::is_floating_point_v<T>
WEFT_INLINE pack<T, N> uniform(random_key key, std::int64_t start, T low, T high) {
  using P = pack<T, N>;
  using U = detail::unsigned_of<T>;
  constexpr T unit = T(1) / T(std::uint64_t{1} << (detail::binary<T>::mantissa + 1));
  P u = detail::random_integer<T>(random_words<N>(key, start)) * P(unit);
  P y = exact::add(exact::mul(u, P(high - low)), P(low));
  // Rounding can reach the end: the number before it is taken instead.
  P end(high);
  P magnitude = bit_cast<T>(bit_cast<U>(end) - pack<U, N>(U(1)));
  P below = high > 0 ? magnitude : high < 0 ? bit_cast<T>(bit_cast<U>(end) + pack<U, N>(U(1)))
                                            : P(-std::numeric_limits<T>::denorm_min());
  return select(y < high, y, below);
}

template <class T, int N>
  requires std::is_floating_point_v<T>
WEFT_INLINE pack<T, N> normal(random_key key, std::int64_t start) {
  using P = pack<T, N>;
  if constexpr (detail::halved<T, N>) {
    return {normal<T, N / 2>(key, start), normal<T, N / 2>(key, start + N / 2)};
  } else {
    constexpr T parts = T(std::uint64_t{1} << (detail::binary<T>::mantissa + 1));
    P i = detail::random_integer<T>(random_words<N>(key, start));
    P u = ((i - P(parts / 2)) + P(T(0.5))) * P(2 / parts);
    P w = detail::exact_minus_log(exact::mul(P(1) - u, P(1) + u));
    return exact::mul(u, detail::normal_factor(w));
  }
}

}  // namespace simd
}  // namespace WEFT_ISA
}  // namespace weft
