// Natural logarithms of packs of float and double.
//
//   log(x) log1p(x)         -inf at 0 (-1), NaN below
//
// At most 2 ulp everywhere, subnormal arguments included. x = 2^k m, m in [0.75, 1.5), log x = k ln 2 + log m.
#pragma once
#include <weft/simd/convert.hpp>
#include <weft/simd/exp.hpp>

#include <limits>

namespace weft {
inline namespace WEFT_ISA {
namespace simd {
namespace detail {

template <class T, int N>
struct parts {
  pack<T, N> k, m;
};

// x > 0 and finite becomes 2^k m. AVX-512 takes the others too: k is -inf for 0, inf for inf; m is NaN below 0.
template <class T, int N>
WEFT_INLINE parts<T, N> split_at_two(pack<T, N> x) {
  using P = pack<T, N>;
#if WEFT_SIMD_LEVEL == 3
  constexpr int B = held<T, N>;
  if constexpr (B == 64 && sizeof(T) == 4) {
    auto m = _mm512_getmant_ps(x.data, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_nan);
    return {P(_mm512_sub_ps(_mm512_getexp_ps(x.data), _mm512_getexp_ps(m))), P(m)};
  } else if constexpr (B == 32 && sizeof(T) == 4) {
    auto m = _mm256_getmant_ps(x.data, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_nan);
    return {P(_mm256_sub_ps(_mm256_getexp_ps(x.data), _mm256_getexp_ps(m))), P(m)};
  } else if constexpr (sizeof(T) == 4) {
    auto m = _mm_getmant_ps(x.data, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_nan);
    return {P(_mm_sub_ps(_mm_getexp_ps(x.data), _mm_getexp_ps(m))), P(m)};
  } else if constexpr (B == 64) {
    auto m = _mm512_getmant_pd(x.data, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_nan);
    return {P(_mm512_sub_pd(_mm512_getexp_pd(x.data), _mm512_getexp_pd(m))), P(m)};
  } else if constexpr (B == 32) {
    auto m = _mm256_getmant_pd(x.data, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_nan);
    return {P(_mm256_sub_pd(_mm256_getexp_pd(x.data), _mm256_getexp_pd(m))), P(m)};
  } else {
    auto m = _mm_getmant_pd(x.data, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_nan);
    return {P(_mm_sub_pd(_mm_getexp_pd(x.data), _mm_getexp_pd(m))), P(m)};
  }
#else
  using U = unsigned_of<T>;
  using I = pack<U, N>;
  using B = binary<T>;
  constexpr U one = U(B::bias) << B::mantissa, three_quarters = one - (U{1} << (B::mantissa - 1));
  constexpr U fraction = (U{1} << B::mantissa) - 1;
  constexpr T subnormal_scale = T(U{1} << (B::mantissa + 1));
  auto subnormal = x < std::numeric_limits<T>::min();
  x = select(subnormal, x * P(subnormal_scale), x);
  I b = bit_cast<U>(x);
  I e = b + I(one - three_quarters);
  P m = bit_cast<T>(b - (e & I(U(~fraction))) + I(one));
  // The biased exponent is small enough to be put into a mantissa.
  constexpr T at = T(U{1} << B::mantissa);
  P k = bit_cast<T>((e >> B::mantissa) | I((U(B::bias) + U(B::mantissa)) << B::mantissa));
  P offset = select(subnormal, P(at + B::bias + T(B::mantissa + 1)), P(at + B::bias));
  return {k - offset, m};
#endif
}

// log(1 + f) + k ln 2, 1 + f in [0.75, 1.5)
template <class T, int N>
WEFT_INLINE pack<T, N> log_of_parts(pack<T, N> k, pack<T, N> f) {
  using P = pack<T, N>;
  using B = binary<T>;
  if constexpr (std::is_same_v<T, float>) {
    P p = polynomial(f, 0.3333344751f, -0.2500019418f, 0.1999111693f, -0.1664376232f, 0.1446738871f, -0.1318644397f,
                     0.1058363801f, -0.04618182633f);
    P z = f * f;
    P y = fma(f * z, p, k * P(B::ln2_low));
    return fma(k, P(B::ln2_high), f + fnma(P(0.5f), z, y));
  } else {
    P s = f / (f + P(2)), z = s * s, half = P(0.5) * f * f;
    P q = z * polynomial(z, 0.666666666666666001, 0.400000000000548164, 0.285714285561609575, 0.222222242670577100,
                         0.181816673026972051, 0.153910732514764566, 0.131741493971097871, 0.138398466044897871);
    P y = fma(s, half + q, k * P(B::ln2_low));
    return fma(k, P(B::ln2_high), f - (half - y));
  }
}

// What log gives for x that is not positive and finite; y elsewhere.
template <class T, int N>
WEFT_INLINE pack<T, N> log_at_edges([[maybe_unused]] pack<T, N> x, pack<T, N> y) {
#if WEFT_SIMD_LEVEL == 3
  return y;
#else
  using P = pack<T, N>;
  constexpr T infinity = std::numeric_limits<T>::infinity();
  P edge = select(x == T(0), P(-infinity), select(x < T(0), P(std::numeric_limits<T>::quiet_NaN()), x));
  return select((x > T(0)) & (x < infinity), y, edge);
#endif
}

}  // namespace detail

template <class T, int N>
  requires std::is_floating_point_v<T>
WEFT_INLINE pack<T, N> log(pack<T, N> x) {
  if constexpr (detail::halved<T, N>) return {log(x.data.low), log(x.data.high)};
  else {
    auto [k, m] = detail::split_at_two(x);
    return detail::log_at_edges(x, detail::log_of_parts(k, m - pack<T, N>(1)));
  }
}

// log(u) with u = 1 + x, and what rounding u lost brought into f.
template <class T, int N>
  requires std::is_floating_point_v<T>
WEFT_INLINE pack<T, N> log1p(pack<T, N> x) {
  using P = pack<T, N>;
  if constexpr (detail::halved<T, N>) return {log1p(x.data.low), log1p(x.data.high)};
  else {
    constexpr T infinity = std::numeric_limits<T>::infinity();
    P u = x + P(1), xx = u - P(1);
    P lost = (P(1) - (u - xx)) + (x - xx);
    auto [k, m] = detail::split_at_two(u);
    P down = detail::power_of_two<0>(-min(k, P(T(100))));
    P f = (m - P(1)) + select((u > T(0)) & (u < infinity), lost * down, P(0));
    return detail::with_bits_of(detail::log_at_edges(u, detail::log_of_parts(k, f)), detail::sign_of(x));
  }
}

}  // namespace simd
}  // namespace WEFT_ISA
}  // namespace weft
