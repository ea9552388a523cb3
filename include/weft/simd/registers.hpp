// One machine register of lanes: its type, its memory, its comparisons and its halves. Everything in the
// library that spells an intrinsic is in this folder, and most of it is in this file.
//
//   WEFT_SIMD_LEVEL         0 plain arrays, 1 SSE2 to AVX, 2 AVX2 with FMA, 3 AVX-512 (F, BW, DQ, VL)
//   register_bytes          bytes of a native register (plain arrays pretend to have 16)
//   vec<T, B>               a compiler vector of B bytes with lanes of T (bool is a byte)
//   batch<T, B>             from AVX2 on: the same register as an xsimd batch, whose arch follows from its size
//
// Arithmetic is written with the compilers' vector operators: they know every lane type (8-bit products, unsigned
// comparisons), cost no call at -O0 and generate what the intrinsics do. xsimd supplies what no operator spells.
#pragma once
#include <weft/config.hpp>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

#if WEFT_PLAIN_PACKS || !defined(__SSE2__)
#define WEFT_SIMD_LEVEL 0
#elif defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#define WEFT_SIMD_LEVEL 3
#elif defined(__AVX2__) && defined(__FMA__)
#define WEFT_SIMD_LEVEL 2
#else
#define WEFT_SIMD_LEVEL 1
#endif

// Up to AVX a few small headers have all that is used, and xsimd has nothing to add: both make a compiler work for longer
// than most programs do.
#if WEFT_SIMD_LEVEL == 1 && !defined(__F16C__)
#if defined(__SSE4_1__)
#include <smmintrin.h>
#elif defined(__SSSE3__)
#include <tmmintrin.h>
#else
#include <emmintrin.h>
#endif
#elif WEFT_SIMD_LEVEL
// GCC 12 warns of its own undefined operands (`__m512 y = y`) wherever an AVX-512 intrinsic is inlined.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop
#else
#include <immintrin.h>
#endif
#endif
#if WEFT_SIMD_LEVEL >= 2
#include <xsimd/xsimd.hpp>
#endif

namespace weft {
inline namespace WEFT_ISA {
namespace simd {

inline constexpr int register_bytes = WEFT_SIMD_LEVEL == 3 ? 64 : WEFT_SIMD_LEVEL == 2 ? 32 : 16;

namespace detail {

inline constexpr bool plain = WEFT_SIMD_LEVEL == 0;

// What a lane is stored as. bool is a byte that holds 0 or 1.
template <class T>
struct lane_type {
  static_assert(std::is_arithmetic_v<T> && sizeof(T) <= 8, "a pack has lanes of integers, bool, float or double");
  using type = T;
};
template <>
struct lane_type<bool> {
  using type = std::uint8_t;
};
template <class T>
using lane = typename lane_type<T>::type;

template <int Bytes>
struct integer_of;
template <>
struct integer_of<1> {
  using type = std::int8_t;
};
template <>
struct integer_of<2> {
  using type = std::int16_t;
};
template <>
struct integer_of<4> {
  using type = std::int32_t;
};
template <>
struct integer_of<8> {
  using type = std::int64_t;
};
// The signed and unsigned integers as wide as T.
template <class T>
using signed_of = typename integer_of<int(sizeof(T))>::type;
template <class T>
using unsigned_of = std::make_unsigned_t<signed_of<T>>;

template <class T, int N>
struct array {
  T at[static_cast<unsigned>(N)];
};

#if WEFT_SIMD_LEVEL
template <class T, int B>
struct vector_of {
  using type [[gnu::vector_size(B)]] = T;
};
template <class T, int B>
using vec = typename vector_of<lane<T>, B>::type;
// What the integer intrinsics take: __m128i, __m256i, __m512i.
template <int B>
using ints = typename vector_of<long long, B>::type;

#if WEFT_SIMD_LEVEL >= 2
template <int B>
using arch = std::conditional_t<B == 64, xsimd::avx512bw, std::conditional_t<B == 32, xsimd::avx2, xsimd::sse4_2>>;
template <class T, int B>
using batch = xsimd::batch<T, arch<B>>;
#endif

// The low part of a register, from `bytes` bytes of memory; other lanes are zero.
template <class T, int B, int Bytes>
WEFT_INLINE vec<T, B> load_bytes(void const* p) {
  if constexpr (Bytes == B) {
    vec<T, B> r;
    __builtin_memcpy(&r, p, B);
    return r;
  } else if constexpr (Bytes == 8) {
    long long x;
    __builtin_memcpy(&x, p, 8);
    return (vec<T, B>)ints<16>{x, 0};
  } else {
    std::uint32_t x = 0;
    __builtin_memcpy(&x, p, Bytes);
    return (vec<T, B>)vec<std::uint32_t, 16>{x, 0, 0, 0};
  }
}

template <class T, int B, int Bytes>
WEFT_INLINE void store_bytes(void* p, vec<T, B> v) {
  __builtin_memcpy(p, &v, Bytes);
}

template <int B>
WEFT_INLINE void stream_bytes(void* p, ints<B> v) {
#if WEFT_SIMD_LEVEL == 3
  if constexpr (B == 64) _mm512_stream_si512(static_cast<__m512i*>(p), v);
#endif
#if WEFT_SIMD_LEVEL >= 2
  if constexpr (B == 32) _mm256_stream_si256(static_cast<__m256i*>(p), v);
#endif
  if constexpr (B == 16) _mm_stream_si128(static_cast<__m128i*>(p), v);
}

// The low and high half of a register of B bytes, and back. A half of 16 bytes is 8 bytes low in a register.
template <int B>
WEFT_INLINE ints<(B > 16 ? B / 2 : 16)> low_half(ints<B> v) {
#if WEFT_SIMD_LEVEL == 3
  if constexpr (B == 64) return _mm512_castsi512_si256(v);
#endif
#if WEFT_SIMD_LEVEL >= 2
  if constexpr (B == 32) return _mm256_castsi256_si128(v);
#endif
  if constexpr (B == 16) return v;
}
template <int B, int Bytes>
WEFT_INLINE ints<(B > 16 ? B / 2 : 16)> high_half(ints<B> v) {
#if WEFT_SIMD_LEVEL == 3
  if constexpr (B == 64) return _mm512_extracti64x4_epi64(v, 1);
#endif
#if WEFT_SIMD_LEVEL >= 2
  if constexpr (B == 32) return _mm256_extracti128_si256(v, 1);
#endif
  if constexpr (B == 16) return _mm_srli_si128(v, Bytes / 2);
}
// Two halves of Bytes / 2 bytes each become one register of B bytes.
template <int B, int Bytes>
WEFT_INLINE ints<B> join(ints<(B > 16 ? B / 2 : 16)> low, ints<(B > 16 ? B / 2 : 16)> high) {
#if WEFT_SIMD_LEVEL == 3
  if constexpr (B == 64) return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
#endif
#if WEFT_SIMD_LEVEL >= 2
  if constexpr (B == 32) return _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
#endif
  if constexpr (B == 16) {
    if constexpr (Bytes == 16) return _mm_unpacklo_epi64(low, high);
    else if constexpr (Bytes == 8) return _mm_unpacklo_epi32(low, high);
    else if constexpr (Bytes == 4) return _mm_unpacklo_epi16(low, high);
    else return _mm_unpacklo_epi8(low, high);
  }
}
#endif

#if WEFT_SIMD_LEVEL
// The first `bytes` bytes of memory, at most 16, in a register whose other bytes are 0; and back. What lies behind is not
// touched. Compiled once: a statement has one for each operand.
ints<16> load_few(void const* p, int bytes);
void store_few(void* p, ints<16> v, int bytes);
#endif

// Bits 0 to n - 1, for n in [0, 64].
WEFT_INLINE std::uint64_t first_bits(int n) { return n >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << n) - 1; }

}  // namespace detail
}  // namespace simd
}  // namespace WEFT_ISA
}  // namespace weft

#ifndef WEFT_COMPILED
#include <weft/simd/registers_once.hpp>
#endif
