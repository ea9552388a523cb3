// W rows of W lanes, columns for rows, in registers.
//
//   pack<float, 8> rows[8];   // rows[i][j]
//   transpose(rows);          // rows[j][i]
//
// Native packs of 32-bit and 64-bit lanes take log2(W) shuffles a row; others go through memory.
#pragma once
#include <weft/simd/lanes.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace simd {
namespace detail {

#if WEFT_SIMD_LEVEL
// Of each 16 bytes of a and b the low (high) halves, their 32-bit or 64-bit lanes alternating.
template <int size, bool high, int B>
WEFT_INLINE ints<B> unpack(ints<B> a, ints<B> b) {
#define WEFT_UNPACK(BYTES, P)                                             \
  if constexpr (B == BYTES) {                                             \
    if constexpr (size == 4 && !high) return P##_unpacklo_epi32(a, b);    \
    else if constexpr (size == 4) return P##_unpackhi_epi32(a, b);        \
    else if constexpr (!high) return P##_unpacklo_epi64(a, b);            \
    else return P##_unpackhi_epi64(a, b);                                 \
  }
#if WEFT_SIMD_LEVEL == 3
  WEFT_UNPACK(64, _mm512)
#endif
#if WEFT_SIMD_LEVEL >= 2
  WEFT_UNPACK(32, _mm256)
#endif
  WEFT_UNPACK(16, _mm)
#undef WEFT_UNPACK
}

// r is a matrix of 16-byte blocks, one register a row: its transpose.
template <int B, class Register>
WEFT_INLINE void transpose_blocks([[maybe_unused]] Register (&r)[B / 16U]) {
#if WEFT_SIMD_LEVEL == 3
  if constexpr (B == 64) {
    auto a = _mm512_shuffle_i64x2(r[0], r[1], 0x44), b = _mm512_shuffle_i64x2(r[0], r[1], 0xee);
    auto c = _mm512_shuffle_i64x2(r[2], r[3], 0x44), d = _mm512_shuffle_i64x2(r[2], r[3], 0xee);
    r[0] = _mm512_shuffle_i64x2(a, c, 0x88);
    r[1] = _mm512_shuffle_i64x2(a, c, 0xdd);
    r[2] = _mm512_shuffle_i64x2(b, d, 0x88);
    r[3] = _mm512_shuffle_i64x2(b, d, 0xdd);
  }
#endif
#if WEFT_SIMD_LEVEL >= 2
  if constexpr (B == 32) {
    auto a = _mm256_permute2x128_si256(r[0], r[1], 0x20);
    r[1] = _mm256_permute2x128_si256(r[0], r[1], 0x31);
    r[0] = a;
  }
#endif
}

// First the 4x4 (2x2) matrices inside each 16 bytes, then the blocks of 16 bytes.
template <class T, int B, int W>
WEFT_INLINE void transpose_native(pack<T, W> (&rows)[std::size_t{W}]) {
  using I = ints<B>;
  using S = typename pack<T, W>::storage;
  constexpr unsigned inner = 16 / sizeof(T), blocks = B / 16;
  I out[blocks][inner];
#pragma GCC unroll 16
  for (unsigned g = 0; g < blocks; ++g) {
    if constexpr (inner == 4) {
      I r0 = (I)rows[4 * g].data, r1 = (I)rows[4 * g + 1].data, r2 = (I)rows[4 * g + 2].data,
        r3 = (I)rows[4 * g + 3].data;
      I a = unpack<4, false, B>(r0, r1), b = unpack<4, true, B>(r0, r1);
      I c = unpack<4, false, B>(r2, r3), d = unpack<4, true, B>(r2, r3);
      out[g][0] = unpack<8, false, B>(a, c);
      out[g][1] = unpack<8, true, B>(a, c);
      out[g][2] = unpack<8, false, B>(b, d);
      out[g][3] = unpack<8, true, B>(b, d);
    } else {
      I r0 = (I)rows[2 * g].data, r1 = (I)rows[2 * g + 1].data;
      out[g][0] = unpack<8, false, B>(r0, r1);
      out[g][1] = unpack<8, true, B>(r0, r1);
    }
  }
  // out[g][j], block l: column inner * l + j of the rows of group g
#pragma GCC unroll 16
  for (unsigned j = 0; j < inner; ++j) {
    I column[blocks];
#pragma GCC unroll 16
    for (unsigned g = 0; g < blocks; ++g) column[g] = out[g][j];
    transpose_blocks<B>(column);
#pragma GCC unroll 16
    for (unsigned l = 0; l < blocks; ++l) rows[inner * l + j].data = (S)column[l];
  }
}
#endif

}  // namespace detail

template <class T, int W>
WEFT_INLINE void transpose(pack<T, W> (&rows)[std::size_t{W}]) {
#if WEFT_SIMD_LEVEL
  constexpr int B = detail::bytes<T, W>;
  if constexpr (sizeof(T) >= 4 && B >= 16 && !detail::halved<T, W>) return detail::transpose_native<T, B>(rows);
#endif
  alignas(64) T at[std::size_t{W}][std::size_t{W}];
  for (int i = 0; i < W; ++i) rows[i].store(at[i]);
  for (int i = 0; i < W; ++i) rows[i] = detail::per_lane<T, W>([&](int j) { return at[j][i]; });
}

}  // namespace simd
}  // namespace WEFT_ISA
}  // namespace weft
