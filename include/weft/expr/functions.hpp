// The elementwise operations as a user writes them: operators and functions.
#pragma once
#include <weft/expr/map.hpp>
#include <weft/expr/op.hpp>

namespace weft {
inline namespace WEFT_ISA {

// clang-format off
template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto operator+(A const& a, B const& b) { return expr::make<expr::op::add>(a, b); }
template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto operator-(A const& a, B const& b) { return expr::make<expr::op::subtract>(a, b); }
template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto operator*(A const& a, B const& b) { return expr::make<expr::op::multiply>(a, b); }
template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto operator/(A const& a, B const& b) { return expr::make<expr::op::divide>(a, b); }
template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto operator==(A const& a, B const& b) { return expr::make<expr::op::equal>(a, b); }
template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto operator!=(A const& a, B const& b) { return expr::make<expr::op::not_equal>(a, b); }
template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto operator<(A const& a, B const& b) { return expr::make<expr::op::less>(a, b); }
template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto operator<=(A const& a, B const& b) { return expr::make<expr::op::less_equal>(a, b); }
template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto operator>(A const& a, B const& b) { return expr::make<expr::op::greater>(a, b); }
template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto operator>=(A const& a, B const& b) { return expr::make<expr::op::greater_equal>(a, b); }
template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto operator&&(A const& a, B const& b) { return expr::make<expr::op::logical_and>(a, b); }
template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto operator||(A const& a, B const& b) { return expr::make<expr::op::logical_or>(a, b); }
template <expression A>
WEFT_INLINE constexpr auto operator!(A const& a) { return expr::make<expr::op::logical_not>(a); }
template <expression A>
WEFT_INLINE constexpr auto operator-(A const& a) { return expr::make<expr::op::negative>(a); }
template <expression A>
WEFT_INLINE constexpr auto operator+(A const& a) { return a; }

template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto maximum(A const& a, B const& b) { return expr::make<expr::op::maximum>(a, b); }
template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto minimum(A const& a, B const& b) { return expr::make<expr::op::minimum>(a, b); }
template <expression A> WEFT_INLINE constexpr auto relu(A const& a) { return expr::make<expr::op::relu>(a); }
template <expression A> WEFT_INLINE constexpr auto abs(A const& a) { return expr::make<expr::op::abs>(a); }
template <expression A> WEFT_INLINE constexpr auto square(A const& a) { return expr::make<expr::op::square>(a); }
template <expression A> WEFT_INLINE constexpr auto exp(A const& a) { return expr::make<expr::op::exp>(a); }
template <expression A> WEFT_INLINE constexpr auto expm1(A const& a) { return expr::make<expr::op::expm1>(a); }
template <expression A> WEFT_INLINE constexpr auto log(A const& a) { return expr::make<expr::op::log>(a); }
template <expression A> WEFT_INLINE constexpr auto log1p(A const& a) { return expr::make<expr::op::log1p>(a); }
template <expression A> WEFT_INLINE constexpr auto sin(A const& a) { return expr::make<expr::op::sin>(a); }
template <expression A> WEFT_INLINE constexpr auto cos(A const& a) { return expr::make<expr::op::cos>(a); }
template <expression A> WEFT_INLINE constexpr auto tanh(A const& a) { return expr::make<expr::op::tanh>(a); }
template <expression A> WEFT_INLINE constexpr auto erf(A const& a) { return expr::make<expr::op::erf>(a); }
template <expression A> WEFT_INLINE constexpr auto sigmoid(A const& a) { return expr::make<expr::op::sigmoid>(a); }
template <expression A> WEFT_INLINE constexpr auto gelu(A const& a) { return expr::make<expr::op::gelu>(a); }
template <expression A> WEFT_INLINE constexpr auto sqrt(A const& a) { return expr::make<expr::op::sqrt>(a); }
template <expression A> WEFT_INLINE constexpr auto rsqrt(A const& a) { return expr::make<expr::op::rsqrt>(a); }
template <expression A> WEFT_INLINE constexpr auto floor(A const& a) { return expr::make<expr::op::floor>(a); }
template <expression A> WEFT_INLINE constexpr auto ceil(A const& a) { return expr::make<expr::op::ceil>(a); }
template <expression A> WEFT_INLINE constexpr auto trunc(A const& a) { return expr::make<expr::op::trunc>(a); }
template <expression A> WEFT_INLINE constexpr auto round(A const& a) { return expr::make<expr::op::round>(a); }
template <expression A> WEFT_INLINE constexpr auto isnan(A const& a) { return expr::make<expr::op::isnan>(a); }
// clang-format on

// Elementwise choice; both branches are computed.
template <class C, class A, class B>
  requires operands<C, A, B>
WEFT_INLINE constexpr auto where(C const& condition, A const& a, B const& b) {
  return expr::make<expr::op::where>(condition, a, b);
}
// minimum(maximum(x, low), high): where low > high, high.
template <expression A, operand L, operand H>
WEFT_INLINE constexpr auto clip(A const& x, L const& low, H const& high) {
  return minimum(maximum(x, low), high);
}
template <element T, expression A>
WEFT_INLINE constexpr auto cast(A const& a) {
  return expr::make<expr::op::cast<T>>(a);
}

}  // namespace WEFT_ISA
}  // namespace weft
