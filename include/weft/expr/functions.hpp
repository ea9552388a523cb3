// The elementwise operations as a user writes them: operators and functions.
#pragma once
#include <weft/expr/map.hpp>
#include <weft/expr/op.hpp>

namespace weft {
inline namespace WEFT_ISA {

// clang-format off
template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto operator+(A&& a, B&& b) { return expr::made<expr::op::add, A, B>(static_cast<A&&>(a), static_cast<B&&>(b)); }
template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto operator-(A&& a, B&& b) { return expr::made<expr::op::subtract, A, B>(static_cast<A&&>(a), static_cast<B&&>(b)); }
template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto operator*(A&& a, B&& b) { return expr::made<expr::op::multiply, A, B>(static_cast<A&&>(a), static_cast<B&&>(b)); }
template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto operator/(A&& a, B&& b) { return expr::made<expr::op::divide, A, B>(static_cast<A&&>(a), static_cast<B&&>(b)); }
template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto operator==(A&& a, B&& b) { return expr::made<expr::op::equal, A, B>(static_cast<A&&>(a), static_cast<B&&>(b)); }
template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto operator!=(A&& a, B&& b) { return expr::made<expr::op::not_equal, A, B>(static_cast<A&&>(a), static_cast<B&&>(b)); }
template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto operator<(A&& a, B&& b) { return expr::made<expr::op::less, A, B>(static_cast<A&&>(a), static_cast<B&&>(b)); }
template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto operator<=(A&& a, B&& b) { return expr::made<expr::op::less_equal, A, B>(static_cast<A&&>(a), static_cast<B&&>(b)); }
template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto operator>(A&& a, B&& b) { return expr::made<expr::op::greater, A, B>(static_cast<A&&>(a), static_cast<B&&>(b)); }
template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto operator>=(A&& a, B&& b) { return expr::made<expr::op::greater_equal, A, B>(static_cast<A&&>(a), static_cast<B&&>(b)); }
template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto operator&&(A&& a, B&& b) { return expr::made<expr::op::logical_and, A, B>(static_cast<A&&>(a), static_cast<B&&>(b)); }
template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto operator||(A&& a, B&& b) { return expr::made<expr::op::logical_or, A, B>(static_cast<A&&>(a), static_cast<B&&>(b)); }
template <expression A>
WEFT_INLINE constexpr auto operator!(A&& a) { return expr::made<expr::op::logical_not, A>(static_cast<A&&>(a)); }
template <expression A>
WEFT_INLINE constexpr auto operator-(A&& a) { return expr::made<expr::op::negative, A>(static_cast<A&&>(a)); }
template <expression A>
WEFT_INLINE constexpr auto operator+(A const& a) { return stored_t<A>(stored(a)); }

template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto maximum(A&& a, B&& b) { return expr::made<expr::op::maximum, A, B>(static_cast<A&&>(a), static_cast<B&&>(b)); }
template <class A, class B> requires operands<A, B>
WEFT_INLINE constexpr auto minimum(A&& a, B&& b) { return expr::made<expr::op::minimum, A, B>(static_cast<A&&>(a), static_cast<B&&>(b)); }
template <expression A> WEFT_INLINE constexpr auto relu(A&& a) { return expr::made<expr::op::relu, A>(static_cast<A&&>(a)); }
template <expression A> WEFT_INLINE constexpr auto abs(A&& a) { return expr::made<expr::op::abs, A>(static_cast<A&&>(a)); }
template <expression A> WEFT_INLINE constexpr auto square(A&& a) { return expr::made<expr::op::square, A>(static_cast<A&&>(a)); }
template <expression A> WEFT_INLINE constexpr auto exp(A&& a) { return expr::made<expr::op::exp, A>(static_cast<A&&>(a)); }
template <expression A> WEFT_INLINE constexpr auto expm1(A&& a) { return expr::made<expr::op::expm1, A>(static_cast<A&&>(a)); }
template <expression A> WEFT_INLINE constexpr auto log(A&& a) { return expr::made<expr::op::log, A>(static_cast<A&&>(a)); }
template <expression A> WEFT_INLINE constexpr auto log1p(A&& a) { return expr::made<expr::op::log1p, A>(static_cast<A&&>(a)); }
template <expression A> WEFT_INLINE constexpr auto sin(A&& a) { return expr::made<expr::op::sin, A>(static_cast<A&&>(a)); }
template <expression A> WEFT_INLINE constexpr auto cos(A&& a) { return expr::made<expr::op::cos, A>(static_cast<A&&>(a)); }
template <expression A> WEFT_INLINE constexpr auto tanh(A&& a) { return expr::made<expr::op::tanh, A>(static_cast<A&&>(a)); }
template <expression A> WEFT_INLINE constexpr auto erf(A&& a) { return expr::made<expr::op::erf, A>(static_cast<A&&>(a)); }
template <expression A> WEFT_INLINE constexpr auto sigmoid(A&& a) { return expr::made<expr::op::sigmoid, A>(static_cast<A&&>(a)); }
template <expression A> WEFT_INLINE constexpr auto gelu(A&& a) { return expr::made<expr::op::gelu, A>(static_cast<A&&>(a)); }
template <expression A> WEFT_INLINE constexpr auto gelu_slope(A&& a) { return expr::made<expr::op::gelu_slope, A>(static_cast<A&&>(a)); }
template <expression A> WEFT_INLINE constexpr auto sqrt(A&& a) { return expr::made<expr::op::sqrt, A>(static_cast<A&&>(a)); }
template <expression A> WEFT_INLINE constexpr auto rsqrt(A&& a) { return expr::made<expr::op::rsqrt, A>(static_cast<A&&>(a)); }
template <expression A> WEFT_INLINE constexpr auto floor(A&& a) { return expr::made<expr::op::floor, A>(static_cast<A&&>(a)); }
template <expression A> WEFT_INLINE constexpr auto ceil(A&& a) { return expr::made<expr::op::ceil, A>(static_cast<A&&>(a)); }
template <expression A> WEFT_INLINE constexpr auto trunc(A&& a) { return expr::made<expr::op::trunc, A>(static_cast<A&&>(a)); }
template <expression A> WEFT_INLINE constexpr auto round(A&& a) { return expr::made<expr::op::round, A>(static_cast<A&&>(a)); }
template <expression A> WEFT_INLINE constexpr auto isnan(A&& a) { return expr::made<expr::op::isnan, A>(static_cast<A&&>(a)); }
// clang-format on

// Elementwise choice; both branches are computed.
template <class C, class A, class B>
  requires operands<C, A, B>
WEFT_INLINE constexpr auto where(C&& condition, A&& a, B&& b) {
  return expr::made<expr::op::where, C, A, B>(static_cast<C&&>(condition), static_cast<A&&>(a), static_cast<B&&>(b));
}
// minimum(maximum(x, low), high): where low > high, high.
template <expression A, operand L, operand H>
WEFT_INLINE constexpr auto clip(A&& x, L&& low, H&& high) {
  return minimum(maximum(static_cast<A&&>(x), static_cast<L&&>(low)), static_cast<H&&>(high));
}
template <element T, expression A>
WEFT_INLINE constexpr auto cast(A&& a) {
  return expr::made<expr::op::cast<T>, A>(static_cast<A&&>(a));
}

}  // namespace WEFT_ISA
}  // namespace weft
