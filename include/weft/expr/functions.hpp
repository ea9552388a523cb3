// The elementwise operations as a user writes them: operators and functions.
#pragma once
#include <weft/expr/map.hpp>
#include <weft/expr/op.hpp>

namespace weft {
inline namespace WEFT_ISA {

// clang-format off
template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto operator+(A&& a, B&& b) { return expr::make<expr::op::add>(static_cast<A&&>(a), static_cast<B&&>(b)); }
template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto operator-(A&& a, B&& b) { return expr::make<expr::op::subtract>(static_cast<A&&>(a), static_cast<B&&>(b)); }
template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto operator*(A&& a, B&& b) { return expr::make<expr::op::multiply>(static_cast<A&&>(a), static_cast<B&&>(b)); }
template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto operator/(A&& a, B&& b) { return expr::make<expr::op::divide>(static_cast<A&&>(a), static_cast<B&&>(b)); }
template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto operator==(A&& a, B&& b) { return expr::make<expr::op::equal>(static_cast<A&&>(a), static_cast<B&&>(b)); }
template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto operator!=(A&& a, B&& b) { return expr::make<expr::op::not_equal>(static_cast<A&&>(a), static_cast<B&&>(b)); }
template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto operator<(A&& a, B&& b) { return expr::make<expr::op::less>(static_cast<A&&>(a), static_cast<B&&>(b)); }
template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto operator<=(A&& a, B&& b) { return expr::make<expr::op::less_equal>(static_cast<A&&>(a), static_cast<B&&>(b)); }
template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto operator>(A&& a, B&& b) { return expr::make<expr::op::greater>(static_cast<A&&>(a), static_cast<B&&>(b)); }
template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto operator>=(A&& a, B&& b) { return expr::make<expr::op::greater_equal>(static_cast<A&&>(a), static_cast<B&&>(b)); }
template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto operator&&(A&& a, B&& b) { return expr::make<expr::op::logical_and>(static_cast<A&&>(a), static_cast<B&&>(b)); }
template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto operator||(A&& a, B&& b) { return expr::make<expr::op::logical_or>(static_cast<A&&>(a), static_cast<B&&>(b)); }
template <expression A>
WEFT_INLINE constexpr auto operator!(A&& a) { return expr::make<expr::op::logical_not>(static_cast<A&&>(a)); }
template <expression A>
WEFT_INLINE constexpr auto operator-(A&& a) { return expr::make<expr::op::negative>(static_cast<A&&>(a)); }
template <expression A>
WEFT_INLINE constexpr auto operator+(A const& a) { return stored_t<A>(stored(a)); }

template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto maximum(A&& a, B&& b) { return expr::make<expr::op::maximum>(static_cast<A&&>(a), static_cast<B&&>(b)); }
template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto minimum(A&& a, B&& b) { return expr::make<expr::op::minimum>(static_cast<A&&>(a), static_cast<B&&>(b)); }
template <expression A> WEFT_INLINE constexpr auto relu(A&& a) { return expr::make<expr::op::relu>(static_cast<A&&>(a)); }
template <expression A> WEFT_INLINE constexpr auto abs(A&& a) { return expr::make<expr::op::abs>(static_cast<A&&>(a)); }
template <expression A> WEFT_INLINE constexpr auto square(A&& a) { return expr::make<expr::op::square>(static_cast<A&&>(a)); }
template <expression A> WEFT_INLINE constexpr auto exp(A&& a) { return expr::make<expr::op::exp>(static_cast<A&&>(a)); }
template <expression A> WEFT_INLINE constexpr auto expm1(A&& a) { return expr::make<expr::op::expm1>(static_cast<A&&>(a)); }
template <expression A> WEFT_INLINE constexpr auto log(A&& a) { return expr::make<expr::op::log>(static_cast<A&&>(a)); }
template <expression A> WEFT_INLINE constexpr auto log1p(A&& a) { return expr::make<expr::op::log1p>(static_cast<A&&>(a)); }
template <expression A> WEFT_INLINE constexpr auto sin(A&& a) { return expr::make<expr::op::sin>(static_cast<A&&>(a)); }
template <expression A> WEFT_INLINE constexpr auto cos(A&& a) { return expr::make<expr::op::cos>(static_cast<A&&>(a)); }
template <expression A> WEFT_INLINE constexpr auto tanh(A&& a) { return expr::make<expr::op::tanh>(static_cast<A&&>(a)); }
template <expression A> WEFT_INLINE constexpr auto erf(A&& a) { return expr::make<expr::op::erf>(static_cast<A&&>(a)); }
template <expression A> WEFT_INLINE constexpr auto sigmoid(A&& a) { return expr::make<expr::op::sigmoid>(static_cast<A&&>(a)); }
template <expression A> WEFT_INLINE constexpr auto gelu(A&& a) { return expr::make<expr::op::gelu>(static_cast<A&&>(a)); }
template <expression A> WEFT_INLINE constexpr auto sqrt(A&& a) { return expr::make<expr::op::sqrt>(static_cast<A&&>(a)); }
template <expression A> WEFT_INLINE constexpr auto rsqrt(A&& a) { return expr::make<expr::op::rsqrt>(static_cast<A&&>(a)); }
template <expression A> WEFT_INLINE constexpr auto floor(A&& a) { return expr::make<expr::op::floor>(static_cast<A&&>(a)); }
template <expression A> WEFT_INLINE constexpr auto ceil(A&& a) { return expr::make<expr::op::ceil>(static_cast<A&&>(a)); }
template <expression A> WEFT_INLINE constexpr auto trunc(A&& a) { return expr::make<expr::op::trunc>(static_cast<A&&>(a)); }
template <expression A> WEFT_INLINE constexpr auto round(A&& a) { return expr::make<expr::op::round>(static_cast<A&&>(a)); }
template <expression A> WEFT_INLINE constexpr auto isnan(A&& a) { return expr::make<expr::op::isnan>(static_cast<A&&>(a)); }
// clang-format on

// Elementwise choice; both branches are computed.
template <class C, class A, class B>
  requires operands<C, A, B>
WEFT_INLINE constexpr auto where(C&& condition, A&& a, B&& b) {
  return expr::make<expr::op::where>(static_cast<C&&>(condition), static_cast<A&&>(a), static_cast<B&&>(b));
}
// minimum(maximum(x, low), high): where low > high, high.
template <expression A, operand L, operand H>
WEFT_INLINE constexpr auto clip(A&& x, L&& low, H&& high) {
  return minimum(maximum(static_cast<A&&>(x), static_cast<L&&>(low)), static_cast<H&&>(high));
}
template <element T, expression A>
WEFT_INLINE constexpr auto cast(A&& a) {
  return expr::make<expr::op::cast<T>>(static_cast<A&&>(a));
}

}  // namespace WEFT_ISA
}  // namespace weft
