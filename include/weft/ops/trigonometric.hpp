// Sine and cosine.
#pragma once
#include <weft/expr/operation.hpp>
#include <weft/ops/arithmetic.hpp>
#include <weft/simd/math.hpp>

#include <cmath>

namespace weft {
inline namespace WEFT_ISA {
namespace ops {
struct sin;
struct cos;
}  // namespace ops

template <expression A>
WEFT_INLINE constexpr auto sin(A&& a) {
  return expr::made<ops::sin, A>(static_cast<A&&>(a));
}
template <expression A>
WEFT_INLINE constexpr auto cos(A&& a) {
  return expr::made<ops::cos, A>(static_cast<A&&>(a));
}

namespace ops {

using expr::is_number;
using expr::promoting, expr::floating, expr::smooth, expr::stepwise, expr::predicate, expr::logical;

struct sin : floating, smooth {
  static constexpr char const* name = "sin";
  template <class V>
  static WEFT_INLINE V apply(V a) {
    if constexpr (is_number<V>)
      return static_cast<V>(std::sin(a));
    else
      return simd::sin(a);
  }
  static WEFT_INLINE auto da(auto const& g, auto const&, auto const& a) { return g * weft::cos(a); }
};
struct cos : floating, smooth {
  static constexpr char const* name = "cos";
  template <class V>
  static WEFT_INLINE V apply(V a) {
    if constexpr (is_number<V>)
      return static_cast<V>(std::cos(a));
    else
      return simd::cos(a);
  }
  static WEFT_INLINE auto da(auto const& g, auto const&, auto const& a) { return -(g * weft::sin(a)); }
};

}  // namespace ops

}  // namespace WEFT_ISA
}  // namespace weft
