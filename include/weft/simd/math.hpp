// Elementary functions of packs of float and double: at most 2 ulp over the whole range.
//
//   exp expm1 sigmoid tanh      exp.hpp
//   log log1p                   log.hpp
//   erf                         erf.hpp
//   sin cos                     trig.hpp
//   rsqrt                       1 / sqrt(x), inf at 0
#pragma once
#include <weft/simd/divisor.hpp>
#include <weft/simd/erf.hpp>
#include <weft/simd/exp.hpp>
#include <weft/simd/log.hpp>
#include <weft/simd/pack.hpp>
#include <weft/simd/trig.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace simd {

template <class T, int N>
  requires std::is_floating_point_v<T>
WEFT_INLINE pack<T, N> rsqrt(pack<T, N> x) {
  return pack<T, N>(1) / sqrt(x);
}

}  // namespace simd
}  // namespace WEFT_ISA
}  // namespace weft
