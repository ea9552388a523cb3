// Are two tensors equal, or nearly?
//
//   isclose(a, b)   allclose(a, b, 1e-4, 1e-5)   array_equal(a, b)
#pragma once
#include <weft/ops/compare.hpp>
#include <weft/ops/reduce.hpp>

namespace weft {
inline namespace WEFT_ISA {

namespace ops {
template <class X>
WEFT_INLINE constexpr auto in_doubles(X const& x) {
  if constexpr (expression<X>)
    return weft::cast<double>(x);
  else
    return static_cast<double>(x);
}
template <class T, class X>
WEFT_INLINE constexpr auto magnitude(X const& x) {
  if constexpr (!expression<X>) {
    double const v = static_cast<double>(x);
    return v < 0 ? -v : v;
  } else if constexpr (kind_of_type<element_t<X>> == kind::floating) {
    return weft::abs(x);
  } else {
    return weft::abs(weft::cast<T>(x));  // the smallest whole number has no opposite of its own type
  }
}
}  // namespace ops

// |a - b| <= atol + rtol |b|, of integers in float64, where a difference doesn't wrap; infinities of one sign
// are close, NaN is not.
template <class A, class B>
  requires operands<A, B>
WEFT_INLINE constexpr auto isclose(A const& a, B const& b, double rtol = 1e-5, double atol = 1e-8) {
  using T = element_t<decltype(a - b)>;
  if constexpr (kind_of_type<T> != kind::floating) {
    return isclose(ops::in_doubles(a), ops::in_doubles(b), rtol, atol);
  } else {
    constexpr auto big = std::numeric_limits<T>::max();  // inf - 1 is inf, and within inf of it
    return a == b || (abs(a - b) <= atol + rtol * ops::magnitude<T>(b) && abs(a - b) <= big);
  }
}
// Of shapes that broadcast, and close everywhere.
template <expression A, expression B>
[[nodiscard]] bool allclose(A const& a, B const& b, double rtol = 1e-5, double atol = 1e-8) {
  return all_of(isclose(a, b, rtol, atol));
}
// Of one shape, and equal everywhere.
template <expression A, expression B>
[[nodiscard]] bool array_equal(A const& a, B const& b) {
  if constexpr (rank_of<A> != rank_of<B>) {
    return false;
  } else {
    if (a.sizes() != b.sizes()) return false;
    return all_of(a == b);
  }
}

}  // namespace WEFT_ISA
}  // namespace weft
