// The error function of packs, and what is made of the normal distribution function.
//
//   erf(x)           at most 2 ulp
//   gelu(x)          x Phi(x), right to 2.75 epsilon down to where it underflows
//                    (3.7 ulp in float. Carrying along what the last step of the polynomial and its product with v round off
//                    gives 2.8 ulp and costs 14 % with AVX-512; of the rest 1.6 ulp are exp's.)
//   gelu_slope(x)    its derivative Phi(x) + x phi(x), as near in relation to the larger of its two terms
#pragma once
#include <weft/simd/exp.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace simd {

// Below 0.92 an odd polynomial, above it 1 - exp(-polynomial), which is 1 from 3.95 on. Doubles go one by one.
template <class T, int N>
  requires std::is_floating_point_v<T>
WEFT_INLINE pack<T, N> erf(pack<T, N> x) {
  using P = pack<T, N>;
  if constexpr (std::is_same_v<T, double>) return detail::per_lane<T, N>([&](int i) { return std::erf(x[i]); });
  else if constexpr (detail::halved<T, N>) return {erf(x.data.low), erf(x.data.high)};
  else {
    P a = abs(x), z = x * x;
    P near_zero = fma(x, detail::polynomial(z, 0.1283791665f, -0.3761263229f, 0.1128367255f, -0.02685810433f,
                                            5.197797260e-3f, -8.105966032e-4f, 8.215427090e-5f), x);
    P t = min(P(3.95f), a);
    P g = detail::polynomial(t, -1.758738125e-4f, 1.129520820f, 0.6333346610f, 0.1082939374f, -0.02512861832f,
                             4.174640511e-3f, -4.352183402e-4f, 2.116185673e-5f);
    P far = copysign(P(1) - exp(-g), x);
    return select(a < 0.92f, near_zero, far);
  }
}

namespace detail {

// From here on gelu(-a) is less than half the smallest number.
template <class T>
inline constexpr T normal_end = sizeof(T) == 4 ? T(15) : T(39);

// f exp(-a^2 / 2). The square is two numbers: rounding it would cost a^2 / 2 ulp. f is multiplied in before the result is
// rounded, which may be subnormal. Precondition: a is at most normal_end.
template <class T, int N>
WEFT_INLINE pack<T, N> times_density(pack<T, N> f, pack<T, N> a) {
  using P = pack<T, N>;
#if WEFT_SIMD_LEVEL >= 2 || (WEFT_SIMD_LEVEL == 0 && defined(__FMA__))
  P t = P(T(-0.5)) * a, square = t * a, rest = fma(t, a, -square);
#else
  using U = unsigned_of<T>;
  constexpr U low = sizeof(T) == 4 ? U(0xfff) : U(0x7ffffff);
  P high = bit_cast<T>(bit_cast<U>(a) & pack<U, N>(static_cast<U>(~low)));  // whose square is exact
  P square = P(T(-0.5)) * high * high, rest = P(T(-0.5)) * (a - high) * (a + high);
#endif
  auto [k, r] = reduce_by_ln2(square);
  return scaled(fma(f, expm1_reduced<false>(r + rest), f), k);
}
// Phi(-a) = exp(-a^2 / 2) P(q) / (a + c), q = (a - c) / (a + c) = 2 v - 1.
template <class T>
inline constexpr T normal_offset = sizeof(T) == 4 ? T(3.5) : T(5);
template <class T, int N>
WEFT_INLINE pack<T, N> normal_polynomial(pack<T, N> v) {
  pack<T, N> q = fma(v, pack<T, N>(T(2)), pack<T, N>(T(-1)));
  if constexpr (std::is_same_v<T, float>) {
    return polynomial(q, 0.7444160741f, -0.5655617451f, 0.3154250488f, -0.1160530409f, 0.01740637759f,
                      0.00649311623f, -0.003175307796f, -0.0004949429805f, 0.0004218943008f, 0.0001106872282f);
  } else {
    return polynomial(q, 0.769193049750062956, -0.6653825028900566, 0.495305615969976996, -0.313533156671315718,
                      0.165020366170361679, -0.0691186387059524996, 0.0207950668002398668,
                      -0.0029933767756890682, -0.000797869401456098494, 0.000544899105823033387,
                      -0.0000593757114142321294, -0.0000497630100721044133, 0.0000166811452920612486,
                      3.98149090170662417e-6, -2.76905620415099486e-6, -3.37742807269645578e-7,
                      4.32687773624803968e-7, 4.36123435721983966e-8, -6.53208466058945949e-8,
                      -1.02111510089717049e-8, 7.18230030865799762e-9, 2.01406232860503852e-9);
  }
}

}  // namespace detail

// x - x Phi(-x), or x Phi(x) below 0: Phi of a negative number is small, not 1 minus something. -0 and the NaN of
// -inf 0 come through as x 0.
template <class T, int N>
  requires std::is_floating_point_v<T>
WEFT_INLINE pack<T, N> gelu(pack<T, N> x) {
  using P = pack<T, N>;
  if constexpr (detail::halved<T, N>) return {gelu(x.data.low), gelu(x.data.high)};
  else {
    P a = min(P(detail::normal_end<T>), abs(x)), d = a + P(detail::normal_offset<T>), v = a / d;
    P tail = detail::times_density(v * detail::normal_polynomial(v), a);
    return select(x > P(T(0)), x, x * P(T(0))) - tail;
  }
}

// Phi(x) + x phi(x)
template <class T, int N>
  requires std::is_floating_point_v<T>
WEFT_INLINE pack<T, N> gelu_slope(pack<T, N> x) {
  using P = pack<T, N>;
  if constexpr (detail::halved<T, N>) return {gelu_slope(x.data.low), gelu_slope(x.data.high)};
  else {
    P a = min(P(detail::normal_end<T>), abs(x)), d = a + P(detail::normal_offset<T>), v = a / d;
    P tail = detail::times_density(fnma(P(T(0.39894228040143267794)), a, detail::normal_polynomial(v) / d), a);
    return select(x > P(T(0)), P(T(1)) - tail, tail);
  }
}

}  // namespace simd
}  // namespace WEFT_ISA
}  // namespace weft
