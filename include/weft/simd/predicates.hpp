// AVX-512 alone: comparisons into k-registers, and what k-registers do to memory and lanes, for every lane type and
// register size. An overload set in the intrinsics' headers is missing, so this table is it.
//
//   compare<T, B, code>(a, b)   bits; code is one of comparison::eq, ne, lt, le, gt, ge, unordered
//   blend<T, B>(bits, a, b)     a where the bit is set
//   masked_load<T, B>(fill, bits, p), masked_store<T, B>(p, bits, v)
//   ones_where<T, B>(bits)      lanes of all ones
#pragma once
#include <weft/simd/registers.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace simd {
namespace detail {

enum class comparison { eq, ne, lt, le, gt, ge, unordered };

#if WEFT_SIMD_LEVEL == 3
template <int N>
using bits_of = std::conditional_t<
    N <= 8, std::uint8_t,
    std::conditional_t<N == 16, std::uint16_t, std::conditional_t<N == 32, std::uint32_t, unsigned long long>>>;
template <class T, int B>
using bits_in = bits_of<B / int(sizeof(T))>;

// The immediate operand: ordered and quiet for floats, except ne, which is true for NaN.
inline constexpr int float_code(comparison c) {
  switch (c) {
    case comparison::eq: return _CMP_EQ_OQ;
    case comparison::ne: return _CMP_NEQ_UQ;
    case comparison::lt: return _CMP_LT_OQ;
    case comparison::le: return _CMP_LE_OQ;
    case comparison::gt: return _CMP_GT_OQ;
    case comparison::ge: return _CMP_GE_OQ;
    default: return _CMP_UNORD_Q;
  }
}
inline constexpr int integer_code(comparison c) {
  switch (c) {
    case comparison::eq: return _MM_CMPINT_EQ;
    case comparison::ne: return _MM_CMPINT_NE;
    case comparison::lt: return _MM_CMPINT_LT;
    case comparison::le: return _MM_CMPINT_LE;
    case comparison::gt: return _MM_CMPINT_NLE;
    default: return _MM_CMPINT_NLT;
  }
}

template <class T, int B, comparison C>
WEFT_INLINE bits_in<T, B> compare(vec<T, B> a, vec<T, B> b) {
  constexpr int f = float_code(C), i = integer_code(C);
  constexpr bool s = std::is_signed_v<T>;
  constexpr int size = sizeof(T);
#define WEFT_COMPARE(BYTES, P)                                                                             \
  if constexpr (B == BYTES) {                                                                              \
    if constexpr (std::is_same_v<T, float>) return P##_cmp_ps_mask(a, b, f);                               \
    else if constexpr (std::is_same_v<T, double>) return P##_cmp_pd_mask(a, b, f);                         \
    else if constexpr (size == 1 && s) return P##_cmp_epi8_mask((ints<B>)a, (ints<B>)b, i);                \
    else if constexpr (size == 1) return P##_cmp_epu8_mask((ints<B>)a, (ints<B>)b, i);                     \
    else if constexpr (size == 2 && s) return P##_cmp_epi16_mask((ints<B>)a, (ints<B>)b, i);               \
    else if constexpr (size == 2) return P##_cmp_epu16_mask((ints<B>)a, (ints<B>)b, i);                    \
    else if constexpr (size == 4 && s) return P##_cmp_epi32_mask((ints<B>)a, (ints<B>)b, i);               \
    else if constexpr (size == 4) return P##_cmp_epu32_mask((ints<B>)a, (ints<B>)b, i);                    \
    else if constexpr (s) return P##_cmp_epi64_mask((ints<B>)a, (ints<B>)b, i);                            \
    else return P##_cmp_epu64_mask((ints<B>)a, (ints<B>)b, i);                                             \
  }
  WEFT_COMPARE(16, _mm)
  WEFT_COMPARE(32, _mm256)
  WEFT_COMPARE(64, _mm512)
#undef WEFT_COMPARE
}

template <class T, int B>
WEFT_INLINE vec<T, B> blend(bits_in<T, B> m, vec<T, B> a, vec<T, B> b) {
  constexpr int size = sizeof(T);
#define WEFT_BLEND(BYTES, P)                                                                                     \
  if constexpr (B == BYTES) {                                                                                    \
    if constexpr (std::is_same_v<T, float>) return P##_mask_blend_ps(m, b, a);                                   \
    else if constexpr (std::is_same_v<T, double>) return P##_mask_blend_pd(m, b, a);                             \
    else if constexpr (size == 1) return (vec<T, B>)P##_mask_blend_epi8(m, (ints<B>)b, (ints<B>)a);              \
    else if constexpr (size == 2) return (vec<T, B>)P##_mask_blend_epi16(m, (ints<B>)b, (ints<B>)a);             \
    else if constexpr (size == 4) return (vec<T, B>)P##_mask_blend_epi32(m, (ints<B>)b, (ints<B>)a);             \
    else return (vec<T, B>)P##_mask_blend_epi64(m, (ints<B>)b, (ints<B>)a);                                      \
  }
  WEFT_BLEND(16, _mm)
  WEFT_BLEND(32, _mm256)
  WEFT_BLEND(64, _mm512)
#undef WEFT_BLEND
}

template <class T, int B>
WEFT_INLINE vec<T, B> masked_load(vec<T, B> fill, bits_in<T, B> m, void const* p) {
  constexpr int size = sizeof(T);
#define WEFT_LOAD(BYTES, P)                                                                     \
  if constexpr (B == BYTES) {                                                                   \
    if constexpr (size == 1) return (vec<T, B>)P##_mask_loadu_epi8((ints<B>)fill, m, p);        \
    else if constexpr (size == 2) return (vec<T, B>)P##_mask_loadu_epi16((ints<B>)fill, m, p);  \
    else if constexpr (size == 4) return (vec<T, B>)P##_mask_loadu_epi32((ints<B>)fill, m, p);  \
    else return (vec<T, B>)P##_mask_loadu_epi64((ints<B>)fill, m, p);                           \
  }
  WEFT_LOAD(16, _mm)
  WEFT_LOAD(32, _mm256)
  WEFT_LOAD(64, _mm512)
#undef WEFT_LOAD
}

template <class T, int B>
WEFT_INLINE void masked_store(void* p, bits_in<T, B> m, vec<T, B> v) {
  constexpr int size = sizeof(T);
#define WEFT_STORE(BYTES, P)                                                   \
  if constexpr (B == BYTES) {                                                  \
    if constexpr (size == 1) P##_mask_storeu_epi8(p, m, (ints<B>)v);           \
    else if constexpr (size == 2) P##_mask_storeu_epi16(p, m, (ints<B>)v);     \
    else if constexpr (size == 4) P##_mask_storeu_epi32(p, m, (ints<B>)v);     \
    else P##_mask_storeu_epi64(p, m, (ints<B>)v);                              \
  }
  WEFT_STORE(16, _mm)
  WEFT_STORE(32, _mm256)
  WEFT_STORE(64, _mm512)
#undef WEFT_STORE
}

template <class T, int B>
WEFT_INLINE vec<T, B> ones_where(bits_in<T, B> m) {
  constexpr int size = sizeof(T);
#define WEFT_ONES(BYTES, P)                                                \
  if constexpr (B == BYTES) {                                              \
    if constexpr (size == 1) return (vec<T, B>)P##_movm_epi8(m);           \
    else if constexpr (size == 2) return (vec<T, B>)P##_movm_epi16(m);     \
    else if constexpr (size == 4) return (vec<T, B>)P##_movm_epi32(m);     \
    else return (vec<T, B>)P##_movm_epi64(m);                              \
  }
  WEFT_ONES(16, _mm)
  WEFT_ONES(32, _mm256)
  WEFT_ONES(64, _mm512)
#undef WEFT_ONES
}
#endif

}  // namespace detail
}  // namespace simd
}  // namespace WEFT_ISA
}  // namespace weft
