// Functions of packs that are an instruction or a few: fused products, extremes, rounding, horizontal sums.
//
//   fma(a, b, c)            a * b + c, rounded once where the ISA can, else twice;  fnma: c - a * b
//   min max                 a < b ? a : b, the second operand where either is NaN (one instruction)
//   minimum maximum         NaN where either is NaN; the second of equal ones
//   abs copysign sqrt       sqrt is exact
//   floor ceil trunc rint   rint takes halves to even
//   reduce_add reduce_mul reduce_min reduce_max
//                           halves first: (0+4)+(2+6) ..., the same order on every ISA for a given N
#pragma once
#include <weft/simd/mask.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace simd {

namespace detail {
#if WEFT_SIMD_LEVEL >= 2
template <class T, int N>
WEFT_INLINE batch<T, held<T, N>> batch_of(pack<T, N> a) {
  return batch<T, held<T, N>>(a.data);
}
template <class T, int N>
WEFT_INLINE pack<T, N> pack_of(batch<T, held<T, N>> b) {
  return pack<T, N>((typename pack<T, N>::storage)b.data);
}
#endif
}  // namespace detail

template <class T, int N>
WEFT_INLINE pack<T, N> fma(pack<T, N> a, std::type_identity_t<pack<T, N>> b, std::type_identity_t<pack<T, N>> c) {
  if constexpr (detail::halved<T, N>) {
    return {fma(a.data.low, b.data.low, c.data.low), fma(a.data.high, b.data.high, c.data.high)};
  }
#if WEFT_SIMD_LEVEL >= 2
  else if constexpr (std::is_floating_point_v<T>) {
    constexpr int B = detail::held<T, N>;
    constexpr bool single = std::is_same_v<T, float>;
    if constexpr (B == 16 && single) return pack<T, N>(_mm_fmadd_ps(a.data, b.data, c.data));
    else if constexpr (B == 16) return pack<T, N>(_mm_fmadd_pd(a.data, b.data, c.data));
    else if constexpr (B == 32 && single) return pack<T, N>(_mm256_fmadd_ps(a.data, b.data, c.data));
    else if constexpr (B == 32) return pack<T, N>(_mm256_fmadd_pd(a.data, b.data, c.data));
#if WEFT_SIMD_LEVEL == 3
    else if constexpr (single) return pack<T, N>(_mm512_fmadd_ps(a.data, b.data, c.data));
    else return pack<T, N>(_mm512_fmadd_pd(a.data, b.data, c.data));
#endif
  }
#elif WEFT_SIMD_LEVEL == 0 && defined(__FMA__)
  else if constexpr (std::is_same_v<T, float>) {
    return detail::per_lane<T, N>([&](int i) { return __builtin_fmaf(a[i], b[i], c[i]); });
  } else if constexpr (std::is_same_v<T, double>) {
    return detail::per_lane<T, N>([&](int i) { return __builtin_fma(a[i], b[i], c[i]); });
  }
#endif
  else return a * b + c;
}
template <class T, int N>
WEFT_INLINE pack<T, N> fnma(pack<T, N> a, std::type_identity_t<pack<T, N>> b, std::type_identity_t<pack<T, N>> c) {
  if constexpr (detail::halved<T, N>) {
    return {fnma(a.data.low, b.data.low, c.data.low), fnma(a.data.high, b.data.high, c.data.high)};
  }
#if WEFT_SIMD_LEVEL >= 2
  else if constexpr (std::is_floating_point_v<T>) {
    constexpr int B = detail::held<T, N>;
    constexpr bool single = std::is_same_v<T, float>;
    if constexpr (B == 16 && single) return pack<T, N>(_mm_fnmadd_ps(a.data, b.data, c.data));
    else if constexpr (B == 16) return pack<T, N>(_mm_fnmadd_pd(a.data, b.data, c.data));
    else if constexpr (B == 32 && single) return pack<T, N>(_mm256_fnmadd_ps(a.data, b.data, c.data));
    else if constexpr (B == 32) return pack<T, N>(_mm256_fnmadd_pd(a.data, b.data, c.data));
#if WEFT_SIMD_LEVEL == 3
    else if constexpr (single) return pack<T, N>(_mm512_fnmadd_ps(a.data, b.data, c.data));
    else return pack<T, N>(_mm512_fnmadd_pd(a.data, b.data, c.data));
#endif
  }
#else
  else if constexpr (std::is_floating_point_v<T>) return fma(-a, b, c);
#endif
  else return c - a * b;
}

#define WEFT_EXTREME(name, op)                                                                                  \
  template <class T, int N>                                                                                     \
  WEFT_INLINE pack<T, N> name(pack<T, N> a, std::type_identity_t<pack<T, N>> b) {                               \
    if constexpr (detail::halved<T, N>) return {name(a.data.low, b.data.low), name(a.data.high, b.data.high)};  \
    else if constexpr (detail::plain) {                                                                         \
      for (int i = 0; i < N; ++i) a.data.at[i] = a.data.at[i] op b.data.at[i] ? a.data.at[i] : b.data.at[i];    \
      return a;                                                                                                 \
    } else return detail::name##_register(a, b);                                                                \
  }
namespace detail {
#if WEFT_SIMD_LEVEL
// 128 bits, without xsimd: where nothing is inlined, its members for such a register are shared by units of every
// instruction set, and the oldest could run what was built for the newest.
template <class T, int N>
inline constexpr bool oldest = held<T, N> == 16;
WEFT_INLINE __m128 least(__m128 a, __m128 b) { return _mm_min_ps(a, b); }
WEFT_INLINE __m128d least(__m128d a, __m128d b) { return _mm_min_pd(a, b); }
WEFT_INLINE __m128 most(__m128 a, __m128 b) { return _mm_max_ps(a, b); }
WEFT_INLINE __m128d most(__m128d a, __m128d b) { return _mm_max_pd(a, b); }
WEFT_INLINE __m128 root(__m128 a) { return _mm_sqrt_ps(a); }
WEFT_INLINE __m128d root(__m128d a) { return _mm_sqrt_pd(a); }
#if defined(__SSE4_1__)
template <int Mode>
WEFT_INLINE __m128 rounded(__m128 a) { return _mm_round_ps(a, Mode); }
template <int Mode>
WEFT_INLINE __m128d rounded(__m128d a) { return _mm_round_pd(a, Mode); }
#endif
#endif
template <class T, int N>
WEFT_INLINE pack<T, N> min_register([[maybe_unused]] pack<T, N> a, [[maybe_unused]] pack<T, N> b) {
#if WEFT_SIMD_LEVEL
  if constexpr (std::is_floating_point_v<T> && oldest<T, N>) return pack<T, N>(least(a.data, b.data));
#if WEFT_SIMD_LEVEL >= 2
  else if constexpr (std::is_floating_point_v<T>) return pack_of<T, N>(xsimd::min(batch_of(a), batch_of(b)));
#endif
  else return pack<T, N>(a.data < b.data ? a.data : b.data);
#endif
}
template <class T, int N>
WEFT_INLINE pack<T, N> max_register([[maybe_unused]] pack<T, N> a, [[maybe_unused]] pack<T, N> b) {
#if WEFT_SIMD_LEVEL
  if constexpr (std::is_floating_point_v<T> && oldest<T, N>) return pack<T, N>(most(a.data, b.data));
#if WEFT_SIMD_LEVEL >= 2
  else if constexpr (std::is_floating_point_v<T>) return pack_of<T, N>(xsimd::max(batch_of(a), batch_of(b)));
#endif
  else return pack<T, N>(a.data > b.data ? a.data : b.data);
#endif
}
}  // namespace detail
WEFT_EXTREME(min, <)
WEFT_EXTREME(max, >)
#undef WEFT_EXTREME

namespace detail {
// x, and a where a is NaN. (Whole registers of AVX-512 have an instruction for it. Its table has four bits for each kind of number:
// 0x22 means that a NaN, quiet or not, comes from a, and that everything else stays as it is in x.)
template <class T, int N>
WEFT_INLINE pack<T, N> or_nan(pack<T, N> x, pack<T, N> a) {
  if constexpr (halved<T, N>) return {or_nan(x.data.low, a.data.low), or_nan(x.data.high, a.data.high)};
#if WEFT_SIMD_LEVEL == 3
  else if constexpr (held<T, N> == 64 && sizeof(T) == 4) return pack<T, N>(_mm512_fixupimm_ps(x.data, a.data, _mm512_set1_epi32(0x22), 0));
  else if constexpr (held<T, N> == 64) return pack<T, N>(_mm512_fixupimm_pd(x.data, a.data, _mm512_set1_epi64(0x22), 0));
#endif
  else return select(isnan(a), a, x);
}
}  // namespace detail

// NaN where either is; of equal ones the second, which min and max give as well.
template <class T, int N>
WEFT_INLINE pack<T, N> minimum(pack<T, N> a, std::type_identity_t<pack<T, N>> b) {
  if constexpr (std::is_floating_point_v<T>) return detail::or_nan(min(a, b), a);
  else return min(a, b);
}
template <class T, int N>
WEFT_INLINE pack<T, N> maximum(pack<T, N> a, std::type_identity_t<pack<T, N>> b) {
  if constexpr (std::is_floating_point_v<T>) return detail::or_nan(max(a, b), a);
  else return max(a, b);
}

namespace detail {
// The sign bits of a, and a with the sign bits of b instead.
template <class T, int N>
WEFT_INLINE pack<T, N> without_sign(pack<T, N> a) {
  using U = unsigned_of<T>;
  return bit_cast<T>(bit_cast<U>(a) & pack<U, N>(static_cast<U>(~U{0}) >> 1));
}
template <class T, int N>
WEFT_INLINE pack<T, N> sign_of(pack<T, N> a) {
  using U = unsigned_of<T>;
  return bit_cast<T>(bit_cast<U>(a) & pack<U, N>(static_cast<U>(U{1} << (8 * sizeof(T) - 1))));
}
template <class T, int N>
WEFT_INLINE pack<T, N> with_bits_of(pack<T, N> a, pack<T, N> b) {
  using U = unsigned_of<T>;
  return bit_cast<T>(bit_cast<U>(a) | bit_cast<U>(b));
}
}  // namespace detail

template <class T, int N>
WEFT_INLINE pack<T, N> abs(pack<T, N> a) {
  if constexpr (std::is_floating_point_v<T>) return detail::without_sign(a);
  else if constexpr (std::is_unsigned_v<T>) return a;
  else return max(a, -a);
}
template <class T, int N>
  requires std::is_floating_point_v<T>
WEFT_INLINE pack<T, N> copysign(pack<T, N> a, pack<T, N> sign) {
  return detail::with_bits_of(detail::without_sign(a), detail::sign_of(sign));
}

template <class T, int N>
  requires std::is_floating_point_v<T>
WEFT_INLINE pack<T, N> sqrt(pack<T, N> a) {
  if constexpr (detail::halved<T, N>) return {sqrt(a.data.low), sqrt(a.data.high)};
  else if constexpr (detail::plain) return detail::per_lane<T, N>([&](int i) { return std::sqrt(a[i]); });
#if WEFT_SIMD_LEVEL
  else if constexpr (detail::oldest<T, N>) return pack<T, N>(detail::root(a.data));
#endif
#if WEFT_SIMD_LEVEL >= 2
  else return detail::pack_of<T, N>(xsimd::sqrt(detail::batch_of(a)));
#endif
}

// Without a rounding instruction: adding and subtracting 1.5 * 2^23 (or 2^52) rounds, the rest corrects that.
#define WEFT_ROUNDING(name, without)                                                                            \
  template <class T, int N>                                                                                     \
    requires std::is_floating_point_v<T>                                                                        \
  WEFT_INLINE pack<T, N> name(pack<T, N> a) {                                                                   \
    if constexpr (detail::halved<T, N>) return {name(a.data.low), name(a.data.high)};                           \
    else if constexpr (detail::plain) return detail::per_lane<T, N>([&](int i) { return std::name(a[i]); });    \
    else return without;                                                                                        \
  }
#if WEFT_SIMD_LEVEL >= 2 || (WEFT_SIMD_LEVEL && defined(__SSE4_1__))
#if WEFT_SIMD_LEVEL >= 2
#define WEFT_ROUNDED(mode, name)                                                              \
  [&] {                                                                                       \
    if constexpr (detail::oldest<T, N>) return pack<T, N>(detail::rounded<mode>(a.data));     \
    else return detail::pack_of<T, N>(xsimd::name(detail::batch_of(a)));                      \
  }()
#else
#define WEFT_ROUNDED(mode, name) pack<T, N>(detail::rounded<mode>(a.data))
#endif
WEFT_ROUNDING(floor, (WEFT_ROUNDED(_MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC, floor)))
WEFT_ROUNDING(ceil, (WEFT_ROUNDED(_MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC, ceil)))
WEFT_ROUNDING(trunc, (WEFT_ROUNDED(_MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC, trunc)))
WEFT_ROUNDING(rint, (WEFT_ROUNDED(_MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC, nearbyint)))
#undef WEFT_ROUNDED
#else
namespace detail {
template <class T, int N>
WEFT_INLINE pack<T, N> round_by_adding(pack<T, N> a) {
  pack<T, N> const big(sizeof(T) == 4 ? T(8388608) : T(4503599627370496)), x = abs(a);
  return select(x < big, with_bits_of((x + big) - big, sign_of(a)), a);
}
template <class T, int N>
WEFT_INLINE pack<T, N> floor_by_adding(pack<T, N> a) {
  pack<T, N> r = round_by_adding(a);
  return with_bits_of(select(r > a, r - pack<T, N>(1), r), sign_of(a));
}
template <class T, int N>
WEFT_INLINE pack<T, N> trunc_by_adding(pack<T, N> a) {
  pack<T, N> x = without_sign(a);
  return with_bits_of(floor_by_adding(x), sign_of(a));
}
}  // namespace detail
WEFT_ROUNDING(rint, detail::round_by_adding(a))
WEFT_ROUNDING(floor, detail::floor_by_adding(a))
WEFT_ROUNDING(ceil, -detail::floor_by_adding(-a))
WEFT_ROUNDING(trunc, detail::trunc_by_adding(a))
#endif
#undef WEFT_ROUNDING

#define WEFT_REDUCE(name, combined)                                  \
  template <class T, int N>                                          \
  WEFT_INLINE T name(pack<T, N> a) {                                 \
    if constexpr (N == 1) return a[0];                               \
    else {                                                           \
      pack<T, N / 2> x = lower(a), y = upper(a);                     \
      return name(combined);                                         \
    }                                                                \
  }
WEFT_REDUCE(reduce_add, x + y)
WEFT_REDUCE(reduce_mul, x* y)
WEFT_REDUCE(reduce_min, min(x, y))
WEFT_REDUCE(reduce_max, max(x, y))
#undef WEFT_REDUCE

}  // namespace simd
}  // namespace WEFT_ISA
}  // namespace weft
