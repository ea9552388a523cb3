// sin and cos of packs, at most 2 ulp at any size of the argument.
//
//   sin(x) cos(x)
//
// x = k pi/2 + r in double, pi/2 in four pieces whose products with k are exact; floats are computed as doubles.
// Lanes beyond 2^20 go to the standard library one by one.
#pragma once
#include <weft/simd/convert.hpp>
#include <weft/simd/exp.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace simd {
namespace detail {

// sin of x + quarter * pi/2, quarter 0 or 1.
template <int quarter, int N>
WEFT_INLINE pack<double, N> sine(pack<double, N> x) {
  using P = pack<double, N>;
  using B = binary<double>;
  P shifted = fma(x, P(0.63661977236758138), P(B::magic)), k = shifted - P(B::magic);
  P r = fnma(k, P(0x1.921fb54400000p+0), x);
  P a = fnma(k, P(0x1.0b4611a600000p-34), r);
  P error = fnma(k, P(0x1.0b4611a600000p-34), r - a);
  P b = fnma(k, P(0x1.3198a2e000000p-69), a);
  error = error + fnma(k, P(0x1.3198a2e000000p-69), a - b) - k * P(0x1.b839a252049c1p-104);
  P z = b * b;
  P s = polynomial(z, -0.166666666666666319, 8.33333333332238406e-3, -1.98412698297803250e-4, 2.75573136813689574e-6,
                   -2.50507563324562295e-8, 1.58966857601118170e-10);
  P sine = b + fma(b * z, s, fma(P(-0.5) * z, error, error));
  P c = polynomial(z, 0.0416666666666666000, -1.38888888888741838e-3, 2.48015872895078475e-5, -2.75573143571795941e-7,
                   2.08757236540347556e-9, -1.13596556358328043e-11);
  P half = P(0.5) * z, head = P(1) - half;
  P cosine = head + (((P(1) - head) - half) + fnma(b, error, z * z * c));
  auto turn = bit_cast<std::uint64_t>(shifted) + pack<std::uint64_t, N>(unsigned{quarter});
  using I = pack<std::uint64_t, N>;
  // 0 or 2: no denormal number, which is 0 where the processor was told to take them for that.
  P y = select(bit_cast<double>((turn & I(1)) << 62) == 0., sine, cosine);
  y = bit_cast<double>(bit_cast<std::uint64_t>(y) ^ ((turn & I(2)) << 62));
  if (auto large = ~(abs(x) < 1048576.); __builtin_expect(any(large), 0)) {
    for (int i = 0; i < N; ++i) {
      if (large[i]) y.set(i, quarter ? std::cos(x[i]) : std::sin(x[i]));
    }
  }
  return quarter ? y : select(x == 0., x, y);
}

}  // namespace detail

template <class T, int N>
  requires std::is_floating_point_v<T>
WEFT_INLINE pack<T, N> sin(pack<T, N> x) {
  if constexpr (detail::halved<T, N>) return {sin(x.data.low), sin(x.data.high)};
  else if constexpr (std::is_same_v<T, float>) return convert<float>(sin(convert<double>(x)));
  else return detail::sine<0>(x);
}
template <class T, int N>
  requires std::is_floating_point_v<T>
WEFT_INLINE pack<T, N> cos(pack<T, N> x) {
  if constexpr (detail::halved<T, N>) return {cos(x.data.low), cos(x.data.high)};
  else if constexpr (std::is_same_v<T, float>) return convert<float>(cos(convert<double>(x)));
  else return detail::sine<1>(x);
}

}  // namespace simd
}  // namespace WEFT_ISA
}  // namespace weft
