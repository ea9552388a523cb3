// Arithmetic that no compiler contracts to fma: the same bits on every instruction set and from every compiler.
//
//   exact::add(exact::mul(a, b), c)     two roundings, always
//
//   exact::mul exact::add exact::sub    of packs of float and double
//   exact::polynomial(x, a0, a1, ...)   a0 + x (a1 + x (...))
//   opaque(x)                           x; the compiler can't see how it was made
//
// Division, square roots and integer arithmetic need no such care. The empty asm statements cost no instruction.
#pragma once
#include <weft/simd/lanes.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace simd {

template <class T, int N>
  requires std::is_floating_point_v<T>
WEFT_INLINE pack<T, N> opaque(pack<T, N> x) {
  if constexpr (detail::halved<T, N>) return {opaque(x.data.low), opaque(x.data.high)};
  else {
#if WEFT_SIMD_LEVEL == 3
    asm("" : "+v"(x.data));
#elif WEFT_SIMD_LEVEL
    asm("" : "+x"(x.data));
#else
    for (int i = 0; i < N; ++i) {
#if defined(__SSE2__)
      asm("" : "+x"(x.data.at[i]));
#elif defined(__aarch64__)
      asm("" : "+w"(x.data.at[i]));
#else
      asm("" : "+m"(x.data.at[i]));
#endif
    }
#endif
    return x;
  }
}

namespace exact {

template <class T, int N>
WEFT_INLINE pack<T, N> mul(pack<T, N> a, std::type_identity_t<pack<T, N>> b) {
  return opaque(a * b);
}
// The operands may be products.
template <class T, int N>
WEFT_INLINE pack<T, N> add(pack<T, N> a, std::type_identity_t<pack<T, N>> b) {
  return opaque(a) + opaque(b);
}
template <class T, int N>
WEFT_INLINE pack<T, N> sub(pack<T, N> a, std::type_identity_t<pack<T, N>> b) {
  return opaque(a) - opaque(b);
}

template <class T, int N>
WEFT_INLINE pack<T, N> polynomial(pack<T, N>, std::type_identity_t<T> a) {
  return pack<T, N>(a);
}
template <class T, int N, class... More>
WEFT_INLINE pack<T, N> polynomial(pack<T, N> x, std::type_identity_t<T> a, More... more) {
  return mul(polynomial(x, more...), x) + pack<T, N>(a);
}

}  // namespace exact
}  // namespace simd
}  // namespace WEFT_ISA
}  // namespace weft
