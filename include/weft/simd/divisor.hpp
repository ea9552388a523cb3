// One number, or a few, by which many others are divided.
//
//   divisor<float, 16> d(total);      // what division by it needs, found once
//   y = x / d;                        // four instructions instead of a division
//
// The quotient x * (1 / d) is off by up to 1.5 ulp; one step of correction, x - q d, makes it the rounded one (in all but
// some of 10^8 cases, where it is the number beside), so that d / d is 1. Divisors whose reciprocal is no normal number are
// divided by as usual; so are all where the instruction set has no fused multiply-add.
#pragma once
#include <weft/simd/pack.hpp>

#include <limits>

namespace weft {
inline namespace WEFT_ISA {
namespace simd {

#if WEFT_SIMD_LEVEL >= 2 || (WEFT_SIMD_LEVEL == 0 && defined(__FMA__))
inline constexpr bool multiplies_and_adds_at_once = true;
#else
inline constexpr bool multiplies_and_adds_at_once = false;
#endif

template <class T, int N>
struct divisor {
  pack<T, N> value, reciprocal;
  bool divides;  // some lane's reciprocal is no normal number
  divisor() = default;
  WEFT_INLINE explicit divisor(pack<T, N> x)
      : value(x), reciprocal(pack<T, N>(T(1)) / x), divides(!multiplies_and_adds_at_once || !all(normal(x))) {}
  WEFT_INLINE static mask<T, N> normal(pack<T, N> x) {
    pack<T, N> const size = abs(x);
    return (size >= pack<T, N>(std::numeric_limits<T>::min())) &
           (size <= pack<T, N>(T(0.25) / std::numeric_limits<T>::min()));
  }
};

// x scaled, and corrected where that is a number and no zero.
template <class T, int N>
WEFT_INLINE pack<T, N> corrected_quotient(pack<T, N> x, divisor<T, N> const& d) {
  pack<T, N> const q = x * d.reciprocal, rest = fnma(q, d.value, x);
  return select(abs(rest) > pack<T, N>(T(0)), fma(rest, d.reciprocal, q), q);
}
template <class T, int N>
WEFT_INLINE pack<T, N> operator/(pack<T, N> x, divisor<T, N> const& d) {
  if (d.divides) [[unlikely]] {
    if constexpr (!multiplies_and_adds_at_once)
      return x / d.value;
    else
      return select(divisor<T, N>::normal(d.value), corrected_quotient(x, d), x / d.value);
  }
  return corrected_quotient(x, d);
}

}  // namespace simd
}  // namespace WEFT_ISA
}  // namespace weft
