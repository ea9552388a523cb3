// The 16-bit floats, which packs hold as their bits in std::uint16_t: to float and back.
//
//   auto x = float_of_bfloat16(pack<std::uint16_t, 16>::load(p));
//   bfloat16_of_float(x * x).store(q);
//
//   float_of_bfloat16 bfloat16_of_float      rounded to nearest, halves to even; NaN stays NaN
//   float_of_float16 float16_of_float        the same, subnormal numbers included
#pragma once
#include <weft/simd/convert.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace simd {

template <int N>
WEFT_INLINE pack<float, N> float_of_bfloat16(pack<std::uint16_t, N> a) {
  return bit_cast<float>(convert<std::uint32_t>(a) << 16);
}

template <int N>
WEFT_INLINE pack<std::uint16_t, N> bfloat16_of_float(pack<float, N> a) {
  using P = pack<std::uint32_t, N>;
  P b = bit_cast<std::uint32_t>(a);
  P rounded = b + P(0x7fffu) + ((b >> 16) & P(1u));
  return convert<std::uint16_t>(select(convert_mask<std::uint32_t>(isnan(a)), b | P(0x400000u), rounded) >> 16);
}

namespace detail {

template <int N>
WEFT_INLINE pack<float, N> widen_float16(pack<std::uint16_t, N> a) {
  using P = pack<std::uint32_t, N>;
  P b = convert<std::uint32_t>(a), size = (b & P(0x7fffu)) << 13;
  // 2^112 puts the exponent right, of subnormal numbers too; infinity and NaN get theirs.
  auto y = bit_cast<std::uint32_t>(bit_cast<float>(size) * pack<float, N>(0x1p112f));
  y = select(size >= P(0x7c00u << 13), size | P(0x7f800000u), y);
  return bit_cast<float>(y | ((b & P(0x8000u)) << 16));
}

template <int N>
WEFT_INLINE pack<std::uint16_t, N> narrow_float16(pack<float, N> a) {
  using P = pack<std::uint32_t, N>;
  P b = bit_cast<std::uint32_t>(a), sign = b & P(0x80000000u), size = b ^ sign;
  P normal = (size + P(0xc8000fffu) + ((size >> 13) & P(1u))) >> 13;
  // Adding 0.5 shifts the mantissa of small numbers to where the result has it, and rounds.
  P small = bit_cast<std::uint32_t>(bit_cast<float>(size) + pack<float, N>(0.5f)) - P(0x3f000000u);
  P large = select(size > P(0x7f800000u), P(0x7e00u), P(0x7c00u));
  P y = select(size < P(0x38800000u), small, select(size < P(0x47800000u), normal, large));
  return convert<std::uint16_t>(y | (sign >> 16));
}

}  // namespace detail

template <int N>
WEFT_INLINE pack<float, N> float_of_float16(pack<std::uint16_t, N> a) {
#if WEFT_SIMD_LEVEL && defined(__F16C__)
  constexpr int B = detail::held<float, N>;
  using P = pack<float, N>;
  if constexpr (detail::halved<float, N>) return {float_of_float16(lower(a)), float_of_float16(upper(a))};
#if WEFT_SIMD_LEVEL == 3
  else if constexpr (B == 64) return P(_mm512_cvtph_ps((detail::ints<32>)a.data));
#endif
#if WEFT_SIMD_LEVEL >= 2
  else if constexpr (B == 32) return P(_mm256_cvtph_ps((detail::ints<16>)a.data));
#endif
  else return P(_mm_cvtph_ps((detail::ints<16>)a.data));
#else
  return detail::widen_float16(a);
#endif
}

template <int N>
WEFT_INLINE pack<std::uint16_t, N> float16_of_float(pack<float, N> a) {
#if WEFT_SIMD_LEVEL && defined(__F16C__)
  constexpr int B = detail::held<float, N>;
  using P = pack<std::uint16_t, N>;
  using S = typename P::storage;
  if constexpr (detail::halved<float, N>) return combine(float16_of_float(lower(a)), float16_of_float(upper(a)));
#if WEFT_SIMD_LEVEL == 3
  else if constexpr (B == 64) return P((S)_mm512_cvtps_ph(a.data, 0));
#endif
#if WEFT_SIMD_LEVEL >= 2
  else if constexpr (B == 32) return P((S)_mm256_cvtps_ph(a.data, 0));
#endif
  else return P((S)_mm_cvtps_ph(a.data, 0));
#else
  return detail::narrow_float16(a);
#endif
}

}  // namespace simd
}  // namespace WEFT_ISA
}  // namespace weft
