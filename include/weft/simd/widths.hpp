// Conversions between registers whose lanes differ in size: what the compilers' own __builtin_convertvector takes
// apart lane by lane (GCC) is spelled here in the instructions meant for it.
//
//   widen<U, T, B>(v)     integers to larger ones, B bytes come out
//   narrow<U, T, B>(v)    integers to smaller ones (wrapping), from B bytes
//   single<B>(v), twice<B>(v), from_int32<B>(v), to_int32<B>(v)   double <-> float and int32; B bytes of doubles
//
// The smaller side lies low in a register of at least 16 bytes.
#pragma once
#include <weft/simd/lanes.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace simd {
namespace detail {

#if WEFT_SIMD_LEVEL
// Bytes of the register for B bytes of U, when the lanes are T.
template <class T, class U, int B>
inline constexpr int held_for = B * int(sizeof(T)) / int(sizeof(U)) < 16 ? 16 : B * int(sizeof(T)) / int(sizeof(U));

template <class U, class T, int B>
WEFT_INLINE vec<U, B> widen(vec<T, held_for<T, U, B>> x) {
#if WEFT_SIMD_LEVEL == 3 && defined(__GNUC__) && !defined(__clang__)
  // GCC 12 ends with an internal error where eight bytes are loaded, widened and selected from in one instruction.
  if constexpr (sizeof(T) == 1 && B / int(sizeof(U)) == 8) __asm__("" : "+v"(x));
#endif
  constexpr int from = sizeof(T), to = sizeof(U);
  constexpr bool s = std::is_signed_v<T>;
  auto v = (ints<held_for<T, U, B>>)x;
#define WEFT_WIDEN(BYTES, P)                                                                        \
  if constexpr (B == BYTES) {                                                                       \
    if constexpr (from == 1 && to == 2 && s) return (vec<U, B>)P##_cvtepi8_epi16(v);                \
    else if constexpr (from == 1 && to == 4 && s) return (vec<U, B>)P##_cvtepi8_epi32(v);           \
    else if constexpr (from == 1 && to == 8 && s) return (vec<U, B>)P##_cvtepi8_epi64(v);           \
    else if constexpr (from == 2 && to == 4 && s) return (vec<U, B>)P##_cvtepi16_epi32(v);          \
    else if constexpr (from == 2 && to == 8 && s) return (vec<U, B>)P##_cvtepi16_epi64(v);          \
    else if constexpr (from == 4 && to == 8 && s) return (vec<U, B>)P##_cvtepi32_epi64(v);          \
    else if constexpr (from == 1 && to == 2) return (vec<U, B>)P##_cvtepu8_epi16(v);                \
    else if constexpr (from == 1 && to == 4) return (vec<U, B>)P##_cvtepu8_epi32(v);                \
    else if constexpr (from == 1 && to == 8) return (vec<U, B>)P##_cvtepu8_epi64(v);                \
    else if constexpr (from == 2 && to == 4) return (vec<U, B>)P##_cvtepu16_epi32(v);               \
    else if constexpr (from == 2 && to == 8) return (vec<U, B>)P##_cvtepu16_epi64(v);               \
    else return (vec<U, B>)P##_cvtepu32_epi64(v);                                                   \
  }
#if WEFT_SIMD_LEVEL == 3
  WEFT_WIDEN(64, _mm512)
#endif
#if WEFT_SIMD_LEVEL >= 2
  WEFT_WIDEN(32, _mm256)
#endif
#if defined(__SSE4_1__)
  WEFT_WIDEN(16, _mm)
#else
  if constexpr (s && to == 4) {  // the bytes land at the top, an arithmetic shift brings them down
    if constexpr (from == 1) v = _mm_unpacklo_epi8(v, v);
    return (vec<U, B>)_mm_srai_epi32(_mm_unpacklo_epi16(v, v), 32 - 8 * from);
  } else if constexpr (to > 2 * from) {
    using H = std::conditional_t<s, typename integer_of<2 * from>::type,
                                 std::make_unsigned_t<typename integer_of<2 * from>::type>>;
    return widen<U, H, B>(widen<H, T, B>(x));
  } else {
    ints<16> sign{};
    if constexpr (s) sign = (ints<16>)(x < vec<T, 16>{});
    if constexpr (from == 1) return (vec<U, B>)_mm_unpacklo_epi8(v, sign);
    else if constexpr (from == 2) return (vec<U, B>)_mm_unpacklo_epi16(v, sign);
    else return (vec<U, B>)_mm_unpacklo_epi32(v, sign);
  }
#endif
#undef WEFT_WIDEN
}

// The low bytes of each lane of 16 bytes, side by side from the bottom.
template <int from, int to>
WEFT_INLINE ints<16> narrow_16(ints<16> v) {
#if defined(__SSSE3__)
  if constexpr (from == 8 && to == 4) return _mm_shuffle_epi32(v, 0x08);
  else if constexpr (from == 8 && to == 2) {
    return _mm_shuffle_epi8(v, _mm_setr_epi8(0, 1, 8, 9, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1));
  } else if constexpr (from == 8) {
    return _mm_shuffle_epi8(v, _mm_setr_epi8(0, 8, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1));
  } else if constexpr (from == 4 && to == 2) {
    return _mm_shuffle_epi8(v, _mm_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, -1, -1, -1, -1, -1, -1, -1, -1));
  } else if constexpr (from == 4) {
    return _mm_shuffle_epi8(v, _mm_setr_epi8(0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1));
  } else {
    return _mm_shuffle_epi8(v, _mm_setr_epi8(0, 2, 4, 6, 8, 10, 12, 14, -1, -1, -1, -1, -1, -1, -1, -1));
  }
#else
  if constexpr (from == 8 && to == 4) return _mm_shuffle_epi32(v, 0x08);
  else if constexpr (from == 8) return narrow_16<4, to>(narrow_16<8, 4>(v));
  else if constexpr (from == 4 && to == 2) {
    v = _mm_srai_epi32(_mm_slli_epi32(v, 16), 16);  // so that saturation keeps the bits
    return _mm_packs_epi32(v, v);
  } else if constexpr (from == 4) {
    v = _mm_and_si128(v, _mm_set1_epi32(0xff));
    v = _mm_packs_epi32(v, v);
    return _mm_packus_epi16(v, v);
  }
  else {
    v = _mm_and_si128(v, _mm_set1_epi16(0xff));
    return _mm_packus_epi16(v, v);
  }
#endif
}

template <class U, class T, int B>
WEFT_INLINE vec<U, held_for<U, T, B>> narrow(vec<T, B> x) {
  constexpr int from = sizeof(T), to = sizeof(U);
  using R = vec<U, held_for<U, T, B>>;
  auto v = (ints<B>)x;
#if WEFT_SIMD_LEVEL == 3
#define WEFT_NARROW(BYTES, P)                                                       \
  if constexpr (B == BYTES) {                                                       \
    if constexpr (from == 8 && to == 4) return (R)P##_cvtepi64_epi32(v);            \
    else if constexpr (from == 8 && to == 2) return (R)P##_cvtepi64_epi16(v);       \
    else if constexpr (from == 8) return (R)P##_cvtepi64_epi8(v);                   \
    else if constexpr (from == 4 && to == 2) return (R)P##_cvtepi32_epi16(v);       \
    else if constexpr (from == 4) return (R)P##_cvtepi32_epi8(v);                   \
    else return (R)P##_cvtepi16_epi8(v);                                            \
  }
  WEFT_NARROW(64, _mm512)
  WEFT_NARROW(32, _mm256)
  WEFT_NARROW(16, _mm)
#undef WEFT_NARROW
#elif WEFT_SIMD_LEVEL
  if constexpr (B == 16) return (R)narrow_16<from, to>(v);
#if WEFT_SIMD_LEVEL == 2
  else {
    auto low = narrow_16<from, to>(_mm256_castsi256_si128(v));
    auto high = narrow_16<from, to>(_mm256_extracti128_si256(v, 1));
    return (R)join<16, 32 * to / from>(low, high);
  }
#endif
#endif
}

// B bytes of doubles from floats, and back.
template <int B>
WEFT_INLINE vec<double, B> twice(vec<float, held_for<float, double, B>> v) {
#if WEFT_SIMD_LEVEL == 3
  if constexpr (B == 64) return _mm512_cvtps_pd(v);
#endif
#if WEFT_SIMD_LEVEL >= 2
  if constexpr (B == 32) return _mm256_cvtps_pd(v);
#endif
  if constexpr (B == 16) return _mm_cvtps_pd(v);
}
template <int B>
WEFT_INLINE vec<float, held_for<float, double, B>> single(vec<double, B> v) {
#if WEFT_SIMD_LEVEL == 3
  if constexpr (B == 64) return _mm512_cvtpd_ps(v);
#endif
#if WEFT_SIMD_LEVEL >= 2
  if constexpr (B == 32) return _mm256_cvtpd_ps(v);
#endif
  if constexpr (B == 16) return _mm_cvtpd_ps(v);
}
// B bytes of doubles from int32, and back (towards zero).
template <int B>
WEFT_INLINE vec<double, B> from_int32(ints<(B > 16 ? B / 2 : 16)> v) {
#if WEFT_SIMD_LEVEL == 3
  if constexpr (B == 64) return _mm512_cvtepi32_pd(v);
#endif
#if WEFT_SIMD_LEVEL >= 2
  if constexpr (B == 32) return _mm256_cvtepi32_pd(v);
#endif
  if constexpr (B == 16) return _mm_cvtepi32_pd(v);
}
template <int B>
WEFT_INLINE ints<(B > 16 ? B / 2 : 16)> to_int32(vec<double, B> v) {
#if WEFT_SIMD_LEVEL == 3
  if constexpr (B == 64) return _mm512_cvttpd_epi32(v);
#endif
#if WEFT_SIMD_LEVEL >= 2
  if constexpr (B == 32) return _mm256_cvttpd_epi32(v);
#endif
  if constexpr (B == 16) return _mm_cvttpd_epi32(v);
}

#if WEFT_SIMD_LEVEL == 3
// What AVX-512 alone has: unsigned 32-bit and 64-bit integers from and to floats of another size.
template <int B>
WEFT_INLINE vec<double, B> from_uint32(ints<(B > 16 ? B / 2 : 16)> v) {
  if constexpr (B == 64) return _mm512_cvtepu32_pd(v);
  else if constexpr (B == 32) return _mm256_cvtepu32_pd(v);
  else return _mm_cvtepu32_pd(v);
}
template <int B>
WEFT_INLINE ints<(B > 16 ? B / 2 : 16)> to_uint32(vec<double, B> v) {
  if constexpr (B == 64) return _mm512_cvttpd_epu32(v);
  else if constexpr (B == 32) return _mm256_cvttpd_epu32(v);
  else return _mm_cvttpd_epu32(v);
}
// B bytes of 64-bit integers.
template <bool is_signed, int B>
WEFT_INLINE vec<float, (B > 16 ? B / 2 : 16)> float_from_64(ints<B> v) {
  if constexpr (B == 64 && is_signed) return _mm512_cvtepi64_ps(v);
  else if constexpr (B == 64) return _mm512_cvtepu64_ps(v);
  else if constexpr (B == 32 && is_signed) return _mm256_cvtepi64_ps(v);
  else if constexpr (B == 32) return _mm256_cvtepu64_ps(v);
  else if constexpr (is_signed) return _mm_cvtepi64_ps(v);
  else return _mm_cvtepu64_ps(v);
}
template <bool is_signed, int B>
WEFT_INLINE ints<B> float_to_64(vec<float, (B > 16 ? B / 2 : 16)> v) {
  if constexpr (B == 64 && is_signed) return _mm512_cvttps_epi64(v);
  else if constexpr (B == 64) return _mm512_cvttps_epu64(v);
  else if constexpr (B == 32 && is_signed) return _mm256_cvttps_epi64(v);
  else if constexpr (B == 32) return _mm256_cvttps_epu64(v);
  else if constexpr (is_signed) return _mm_cvttps_epi64(v);
  else return _mm_cvttps_epu64(v);
}
#endif
#endif

}  // namespace detail
}  // namespace simd
}  // namespace WEFT_ISA
}  // namespace weft
