// The error function of packs: erf(x), at most 2 ulp.
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

}  // namespace simd
}  // namespace WEFT_ISA
}  // namespace weft
