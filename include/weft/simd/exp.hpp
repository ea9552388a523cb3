// exp and what is made of it, for packs of float and double.
//
//   exp(x) expm1(x) sigmoid(x) tanh(x)
//
// At most 2 ulp everywhere (2.25 for tanh of doubles where there is no fma), results that are subnormal, infinite or
// NaN included. A lane's result depends on that lane alone, and on the instruction set: AVX-512 picks coefficients of
// short polynomials from tables in two registers, AVX2 does so for tanh from one; the others have longer polynomials.
//
// x = k ln 2 + r, |r| <= ln(2) / 2, exp x = 2^k exp r. Adding 1.5 * 2^23 (2^52) rounds to an integer; ln 2 is two
// numbers of which the first has so few bits that k times it is exact without fma too.
#pragma once
#include <weft/simd/arithmetic.hpp>
#include <weft/simd/tables.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace simd {
namespace detail {

template <class T>
struct binary;
template <>
struct binary<float> {
  static constexpr int mantissa = 23;
  static constexpr float bias = 127.f, magic = 12582912.f, log2e = 1.44269504f;
  static constexpr float ln2_high = 0x1.62ep-1f, ln2_low = 3.19461850e-5f;
  // exp is a normal number from exp_normal on, tanh is 1 from one_at on
  static constexpr float exp_low = -104.5f, exp_high = 89.f, exp_normal = -87.f, one_at = 10.f;
};
template <>
struct binary<double> {
  static constexpr int mantissa = 52;
  static constexpr double bias = 1023., magic = 6755399441055744., log2e = 1.4426950408889634;
  static constexpr double ln2_high = 0x1.62e42fefap-1, ln2_low = 1.6465949582897081e-12;
  static constexpr double exp_low = -746., exp_high = 710., exp_normal = -708., one_at = 20.;
};

// 2^(k + extra) for integers k whose result is a normal number.
template <int extra, class T, int N>
WEFT_INLINE pack<T, N> power_of_two(pack<T, N> k) {
  using B = binary<T>;
  return bit_cast<T>(bit_cast<unsigned_of<T>>(k + pack<T, N>(B::magic + B::bias + T(extra))) << B::mantissa);
}

// y 2^k, rounded once: y in [0.5, 2), k an integer.
template <class T, int N>
WEFT_INLINE pack<T, N> scaled(pack<T, N> y, pack<T, N> k) {
#if WEFT_SIMD_LEVEL == 3
  constexpr int B = held<T, N>;
  if constexpr (B == 64 && sizeof(T) == 4) return pack<T, N>(_mm512_scalef_ps(y.data, k.data));
  else if constexpr (B == 32 && sizeof(T) == 4) return pack<T, N>(_mm256_scalef_ps(y.data, k.data));
  else if constexpr (B == 16 && sizeof(T) == 4) return pack<T, N>(_mm_scalef_ps(y.data, k.data));
  else if constexpr (B == 64) return pack<T, N>(_mm512_scalef_pd(y.data, k.data));
  else if constexpr (B == 32) return pack<T, N>(_mm256_scalef_pd(y.data, k.data));
  else return pack<T, N>(_mm_scalef_pd(y.data, k.data));
#else
  // In two steps, the first of which stays normal; 2^128 is not a float, hence the 1.
  auto first = max(k, pack<T, N>(T(3) - binary<T>::bias));
  return y * power_of_two<-1>(first) * power_of_two<1>(k - first);
#endif
}

// a0 + x (a1 + x (...))
template <class T, int N>
WEFT_INLINE pack<T, N> polynomial(pack<T, N>, T a) {
  return pack<T, N>(a);
}
template <class T, int N, class... More>
WEFT_INLINE pack<T, N> polynomial(pack<T, N> x, T a, More... more) {
  return fma(polynomial(x, more...), x, pack<T, N>(a));
}

template <class T, int N>
struct reduced {
  pack<T, N> k, r;
};
template <class T, int N>
WEFT_INLINE reduced<T, N> reduce_by_ln2(pack<T, N> x) {
  using P = pack<T, N>;
  using B = binary<T>;
  P k = fma(x, P(B::log2e), P(B::magic)) - P(B::magic);
  P r = fnma(k, P(B::ln2_high), x);
  return {k, fnma(k, P(B::ln2_low), r)};
}

// exp(r) - 1 for |r| <= ln(2) / 2: right in relation to itself, for `exact`, or to exp(r).
template <bool exact, class T, int N>
WEFT_INLINE pack<T, N> expm1_reduced(pack<T, N> r) {
  pack<T, N> q;
  if constexpr (std::is_same_v<T, float> && exact) {
    q = polynomial(r, 0.5000000044f, 0.1666666681f, 0.04166635972f, 8.333273431e-3f, 1.394072665e-3f, 1.991400882e-4f);
  } else if constexpr (std::is_same_v<T, float>) {
    q = polynomial(r, 0.5000000091f, 0.1666652046f, 0.04166621323f, 8.368753874e-3f, 1.395014735e-3f);
  } else {
    q = polynomial(r, 0.5, 0.166666666666666763, 0.0416666666666667002, 8.33333333332183536e-3, 1.38888888888672296e-3,
                   1.98412698857066175e-4, 2.48015873599991513e-5, 2.75572445548961256e-6, 2.75572431138901789e-7,
                   2.51089385060434084e-8, 2.09243607050581895e-9);
  }
  return fma(r * r, q, r);
}

#if WEFT_SIMD_LEVEL == 3
template <class Index>
WEFT_INLINE auto pick(float const* table, Index i) {
  return _mm512_permutex2var_ps(_mm512_load_ps(table), i, _mm512_load_ps(table + 16));
}

// 512 bits of which the lanes of x are the low ones, and back.
template <int N>
WEFT_INLINE auto spread(pack<float, N> x) {
  if constexpr (N == 16) return x.data;
  else if constexpr (N == 8) return _mm512_castps256_ps512(x.data);
  else return _mm512_castps128_ps512(x.data);
}
template <int N, class Register>
WEFT_INLINE pack<float, N> low_lanes(Register y) {
  if constexpr (N == 16) return pack<float, N>(y);
  else if constexpr (N == 8) return pack<float, N>(_mm512_castps512_ps256(y));
  else return pack<float, N>(_mm512_castps512_ps128(y));
}

// k is a multiple of 1/32 whose fraction picks from the table; a cubic does the rest. x needs no bounds: vrangeps
// holds |r| where k is no longer near x / ln 2 (and replaces inf - inf), and vscalefps makes 0, inf or NaN of k.
template <class Register>
WEFT_INLINE Register exp_by_table(Register x) {
  Register const magic = _mm512_set1_ps(393216.f);  // 1.5 * 2^18
  Register shifted = _mm512_fmadd_ps(x, _mm512_set1_ps(1.44269504f), magic);
  Register k = _mm512_sub_ps(shifted, magic);
  Register r = _mm512_fnmadd_ps(k, _mm512_set1_ps(0x1.62ep-1f), x);
  r = _mm512_fnmadd_ps(k, _mm512_set1_ps(3.19461850e-5f), r);
  r = _mm512_range_ps(r, _mm512_set1_ps(0.0109f), 2);
  __m512i i = _mm512_castps_si512(shifted);
  Register p = _mm512_mul_ps(_mm512_fmadd_ps(r, _mm512_set1_ps(1.f / 6), _mm512_set1_ps(0.5f)), r);
  p = _mm512_fmadd_ps(p, r, r);
  Register t = pick(exp2_table, i);
  return _mm512_scalef_ps(_mm512_fmadd_ps(t, p, t), k);
}

// |tanh| of a >= 0
template <class Register>
WEFT_INLINE Register tanh_by_table(Register a) {
  a = _mm512_min_ps(_mm512_set1_ps(9.02f), a);
  __m512i i = _mm512_srli_epi32(_mm512_castps_si512(_mm512_max_ps(a, _mm512_set1_ps(0x1.cp-5f))), 21);
  Register d = _mm512_sub_ps(a, pick(tanh_table[0], i));
  Register y = _mm512_fmadd_ps(pick(tanh_table[6], i), d, pick(tanh_table[5], i));
  y = _mm512_fmadd_ps(y, d, pick(tanh_table[4], i));
  y = _mm512_fmadd_ps(y, d, pick(tanh_table[3], i));
  y = _mm512_fmadd_ps(y, d, pick(tanh_table[2], i));
  return _mm512_fmadd_ps(y, d, pick(tanh_table[1], i));
}

// sigmoid(-a) for a in [0, 15.75), NaN for NaN. (31.5 steps would be rounded to 32.)
template <class Register>
WEFT_INLINE Register sigmoid_by_table(Register a) {
  Register const magic = _mm512_set1_ps(6291456.f);  // 1.5 * 2^22: two steps a unit
  Register shifted = _mm512_add_ps(a, magic);
  __m512i i = _mm512_castps_si512(shifted);
  Register d = _mm512_sub_ps(_mm512_sub_ps(shifted, magic), a);
  Register y = _mm512_fmadd_ps(pick(sigmoid_table[5], i), d, pick(sigmoid_table[4], i));
  y = _mm512_fmadd_ps(y, d, pick(sigmoid_table[3], i));
  y = _mm512_fmadd_ps(y, d, pick(sigmoid_table[2], i));
  y = _mm512_fmadd_ps(y, d, pick(sigmoid_table[1], i));
  return _mm512_fmadd_ps(y, d, pick(sigmoid_table[0], i));
}
#elif WEFT_SIMD_LEVEL == 2
WEFT_INLINE __m256 pick(float const* table, __m256i i) { return _mm256_permutevar8x32_ps(_mm256_load_ps(table), i); }

// 256 bits of which the lanes of x are the low ones, and back.
template <int N>
WEFT_INLINE __m256 spread(pack<float, N> x) {
  if constexpr (N == 8) return x.data;
  else return _mm256_castps128_ps256(x.data);
}
template <int N>
WEFT_INLINE pack<float, N> low_lanes(__m256 y) {
  if constexpr (N == 8) return pack<float, N>(y);
  else return pack<float, N>(_mm256_castps256_ps128(y));
}

// |tanh| of a >= 0: 1 from 9.1 on, where the last polynomial is safely above the middle between 1 and the float before.
WEFT_INLINE __m256 tanh_by_table(__m256 a) {
  a = _mm256_min_ps(_mm256_set1_ps(9.1f), a);
  __m256i i = _mm256_srli_epi32(
      _mm256_castps_si256(_mm256_fmadd_ps(a, _mm256_set1_ps(0.82f), _mm256_set1_ps(0.5f))), 22);
  __m256 d = _mm256_sub_ps(a, pick(tanh_table_of_8[0], i));
  __m256 y = _mm256_fmadd_ps(pick(tanh_table_of_8[7], i), d, pick(tanh_table_of_8[6], i));
  y = _mm256_fmadd_ps(y, d, pick(tanh_table_of_8[5], i));
  y = _mm256_fmadd_ps(y, d, pick(tanh_table_of_8[4], i));
  y = _mm256_fmadd_ps(y, d, pick(tanh_table_of_8[3], i));
  y = _mm256_fmadd_ps(y, d, pick(tanh_table_of_8[2], i));
  return _mm256_fmadd_ps(y, d, pick(tanh_table_of_8[1], i));
}
#endif

}  // namespace detail

template <class T, int N>
  requires std::is_floating_point_v<T>
WEFT_INLINE pack<T, N> exp(pack<T, N> x) {
  using P = pack<T, N>;
  using B = detail::binary<T>;
  if constexpr (detail::halved<T, N>) return {exp(x.data.low), exp(x.data.high)};
#if WEFT_SIMD_LEVEL == 3
  else if constexpr (std::is_same_v<T, float>) {
    return detail::low_lanes<N>(detail::exp_by_table(detail::spread(x)));
  }
#endif
  else {
    x = max(P(B::exp_low), min(P(B::exp_high), x));  // NaN comes through as the second operand
    auto [k, r] = detail::reduce_by_ln2(x);
    return detail::scaled(detail::expm1_reduced<false>(r) + P(1), k);
  }
}

// y = e / (1 + e), e = exp(x); where e is small as e - e y, which does not feel 1 + e being rounded. Where exp takes two
// steps to scale, e = exp(-|x|) takes one unless it is subnormal, and above 0 the result is 1 - y.
template <class T, int N>
  requires std::is_floating_point_v<T>
WEFT_INLINE pack<T, N> sigmoid(pack<T, N> x) {
  using P = pack<T, N>;
  using B = detail::binary<T>;
  if constexpr (detail::halved<T, N>) return {sigmoid(x.data.low), sigmoid(x.data.high)};
#if WEFT_SIMD_LEVEL == 3
  else if constexpr (std::is_same_v<T, float>) {
    P a = abs(x), y = detail::low_lanes<N>(detail::sigmoid_by_table(detail::spread(a)));
    auto far = a >= 15.75f;
    if (__builtin_expect(any(far), 0)) {
      P e = exp(-a);
      y = select(far, fnma(e, e, e), y);
    }
    return select(x < 0.f, y, P(1) - y);
  }
#endif
  else if constexpr (WEFT_SIMD_LEVEL == 3) {  // exp scales in one step
    P e = exp(min(P(T(4) * B::one_at), x)), y = e / (e + P(1));
    return select(x < T(0), fnma(e, y, e), y);
  } else {
    P a = min(x, -x), e;
    if (__builtin_expect(any(a < B::exp_normal), 0)) {
      e = exp(a);
    } else {
      auto [k, r] = detail::reduce_by_ln2(a);
      e = (detail::expm1_reduced<false>(r) + P(1)) * detail::power_of_two<0>(k);
    }
    P y = e / (e + P(1));
    return select(x < T(0), fnma(e, y, e), P(1) - y);
  }
}

template <class T, int N>
  requires std::is_floating_point_v<T>
WEFT_INLINE pack<T, N> expm1(pack<T, N> x) {
  using P = pack<T, N>;
  using B = detail::binary<T>;
  if constexpr (detail::halved<T, N>) return {expm1(x.data.low), expm1(x.data.high)};
  else {
    auto [k, r] = detail::reduce_by_ln2(max(P(T(-2) * B::one_at), min(P(B::exp_high), x)));
    P half = detail::power_of_two<-1>(k);  // 2^k may be too large
    P y = fma(half, detail::expm1_reduced<true>(r), half - P(T(0.5)));
    return detail::with_bits_of(y + y, detail::sign_of(x));
  }
}

// q = m / (m + 2), m = expm1(2|x|); what rounding m + 2 and the quotient lost is added: 1 / (m + 2) is (1 - q) / 2,
// as long as q is not nearly 1.
template <class T, int N>
  requires std::is_floating_point_v<T>
WEFT_INLINE pack<T, N> tanh(pack<T, N> x) {
  using P = pack<T, N>;
  using B = detail::binary<T>;
  if constexpr (detail::halved<T, N>) return {tanh(x.data.low), tanh(x.data.high)};
#if WEFT_SIMD_LEVEL >= 2
  else if constexpr (std::is_same_v<T, float>) {
    return detail::with_bits_of(detail::low_lanes<N>(detail::tanh_by_table(detail::spread(abs(x)))),
                                detail::sign_of(x));
  }
#endif
  else {
    P y = min(P(B::one_at), abs(x));
    auto [k, r] = detail::reduce_by_ln2(y + y);
    P s = detail::power_of_two<0>(k);
    P m = fma(s, detail::expm1_reduced<true>(r), s - P(1)), d = m + P(2), q = m / d;
    P left = fnma(q, m - (d - P(2)), fnma(q, d, m));
    P better = fma(left, fnma(P(T(0.5)), q, P(T(0.5))), q);
    return detail::with_bits_of(select(m < T(16), better, q), detail::sign_of(x));
  }
}

}  // namespace simd
}  // namespace WEFT_ISA
}  // namespace weft
