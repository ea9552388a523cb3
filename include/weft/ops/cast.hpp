// Elements as another type.
#pragma once
#include <weft/expr/operation.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace ops {
template <class T>
struct cast;
}  // namespace ops

template <element T, expression A>
WEFT_INLINE constexpr auto cast(A&& a) {
  return expr::made<ops::cast<T>, A>(static_cast<A&&>(a));
}

namespace ops {

using expr::is_number;
using expr::promoting, expr::floating, expr::smooth, expr::stepwise, expr::predicate, expr::logical;

template <class T>
struct cast : expr::costing<1> {
  static constexpr char const* name = "cast";
  static constexpr bool converts = true;
  static constexpr bool flat = kind_of_type<T> != kind::floating;
  template <class A>
  using compute = T;
  template <class A>
  using result = T;
  template <class V>
  static WEFT_INLINE constexpr V apply(V a) {
    return a;
  }
  template <class A>
  static WEFT_INLINE auto da(auto const& g, auto const&, A const&) {
    return expr::make<cast<element_t<A>>>(g);
  }
};

}  // namespace ops

}  // namespace WEFT_ISA
}  // namespace weft
