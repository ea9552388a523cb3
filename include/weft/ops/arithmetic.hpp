// Sums, products, quotients and what is made of a few of them.
//
//   + - * /   abs square sqrt rsqrt maximum minimum relu clip   floor ceil trunc round
//
// Of equal operands maximum and minimum give the second; NaN wins, the first if both are. The cotangent goes to the operand whose
// value it is. relu'(0) = abs'(0) = 0, sqrt'(0) is infinite, relu of NaN is NaN.
#pragma once
#include <weft/ops/compare.hpp>
#include <weft/simd/divisor.hpp>
#include <weft/simd/math.hpp>

#include <cmath>

namespace weft {
inline namespace WEFT_ISA {
namespace ops {
struct add;
struct subtract;
struct multiply;
struct as_divisor;
struct divide;
struct negative;
struct square;
struct maximum;
struct minimum;
struct relu;
struct abs;
struct sqrt;
struct rsqrt;
struct floor;
struct ceil;
struct trunc;
struct round;
}  // namespace ops

template <class A, class B>
  requires operands<A, B>
WEFT_INLINE constexpr auto operator+(A&& a, B&& b) {
  return expr::made<ops::add, A, B>(static_cast<A&&>(a), static_cast<B&&>(b));
}
template <class A, class B>
  requires operands<A, B>
WEFT_INLINE constexpr auto operator-(A&& a, B&& b) {
  return expr::made<ops::subtract, A, B>(static_cast<A&&>(a), static_cast<B&&>(b));
}
template <class A, class B>
  requires operands<A, B>
WEFT_INLINE constexpr auto operator*(A&& a, B&& b) {
  return expr::made<ops::multiply, A, B>(static_cast<A&&>(a), static_cast<B&&>(b));
}
template <class A, class B>
  requires operands<A, B>
WEFT_INLINE constexpr auto operator/(A&& a, B&& b) {
  return expr::made<ops::divide, A, B>(static_cast<A&&>(a), static_cast<B&&>(b));
}
template <class A, class B>
  requires operands<A, B>
WEFT_INLINE constexpr auto maximum(A&& a, B&& b) {
  return expr::made<ops::maximum, A, B>(static_cast<A&&>(a), static_cast<B&&>(b));
}
template <class A, class B>
  requires operands<A, B>
WEFT_INLINE constexpr auto minimum(A&& a, B&& b) {
  return expr::made<ops::minimum, A, B>(static_cast<A&&>(a), static_cast<B&&>(b));
}
template <expression A>
WEFT_INLINE constexpr auto operator-(A&& a) {
  return expr::made<ops::negative, A>(static_cast<A&&>(a));
}
template <expression A>
WEFT_INLINE constexpr auto operator+(A const& a) {
  return stored_t<A>(stored(a));
}
template <expression A>
WEFT_INLINE constexpr auto relu(A&& a) {
  return expr::made<ops::relu, A>(static_cast<A&&>(a));
}
template <expression A>
WEFT_INLINE constexpr auto abs(A&& a) {
  return expr::made<ops::abs, A>(static_cast<A&&>(a));
}
template <expression A>
WEFT_INLINE constexpr auto square(A&& a) {
  return expr::made<ops::square, A>(static_cast<A&&>(a));
}
template <expression A>
WEFT_INLINE constexpr auto sqrt(A&& a) {
  return expr::made<ops::sqrt, A>(static_cast<A&&>(a));
}
template <expression A>
WEFT_INLINE constexpr auto rsqrt(A&& a) {
  return expr::made<ops::rsqrt, A>(static_cast<A&&>(a));
}
template <expression A>
WEFT_INLINE constexpr auto floor(A&& a) {
  return expr::made<ops::floor, A>(static_cast<A&&>(a));
}
template <expression A>
WEFT_INLINE constexpr auto ceil(A&& a) {
  return expr::made<ops::ceil, A>(static_cast<A&&>(a));
}
template <expression A>
WEFT_INLINE constexpr auto trunc(A&& a) {
  return expr::made<ops::trunc, A>(static_cast<A&&>(a));
}
template <expression A>
WEFT_INLINE constexpr auto round(A&& a) {
  return expr::made<ops::round, A>(static_cast<A&&>(a));
}
// minimum(maximum(x, low), high): where low > high, high.
template <expression A, operand L, operand H>
WEFT_INLINE constexpr auto clip(A&& x, L&& low, H&& high) {
  return minimum(maximum(static_cast<A&&>(x), static_cast<L&&>(low)), static_cast<H&&>(high));
}

namespace ops {

using expr::is_number;
using expr::promoting, expr::floating, expr::smooth, expr::stepwise, expr::predicate, expr::logical;

struct add : promoting, smooth {
  static constexpr char const* name = "add";
  static constexpr bool adds = true;
  using on_bools = logical_or;  // of truth values
  template <class V>
  static WEFT_INLINE constexpr V apply(V a, V b) {
    return static_cast<V>(expr::unsign(a) + expr::unsign(b));
  }
  static WEFT_INLINE auto da(auto const& g, auto const&, auto const&, auto const&) { return g; }
  static WEFT_INLINE auto db(auto const& g, auto const&, auto const&, auto const&) { return g; }
};
struct subtract : promoting, smooth {
  static constexpr char const* name = "subtract";
  static constexpr bool adds = true, takes_away = true;
  using on_bools = not_equal;
  template <class V>
  static WEFT_INLINE constexpr V apply(V a, V b) {
    return static_cast<V>(expr::unsign(a) - expr::unsign(b));
  }
  static WEFT_INLINE auto da(auto const& g, auto const&, auto const&, auto const&) { return g; }
  static WEFT_INLINE auto db(auto const& g, auto const&, auto const&, auto const&) { return -g; }
};
struct multiply : promoting, smooth {
  static constexpr char const* name = "multiply";
  static constexpr bool multiplies = true;
  using on_bools = logical_and;
  template <class V>
  static WEFT_INLINE constexpr V apply(V a, V b) {
    return static_cast<V>(expr::unsign(a) * expr::unsign(b));
  }
  static WEFT_INLINE auto da(auto const& g, auto const&, auto const&, auto const& b) { return g * b; }
  static WEFT_INLINE auto db(auto const& g, auto const&, auto const& a, auto const&) { return g * a; }
};
// What a row is divided by, in the form that division wants (simd/divisor.hpp).
struct as_divisor : promoting, smooth {
  static constexpr char const* name = "as_divisor";
  static constexpr int cost = 6;
  static constexpr bool passing = true;
  template <class T, int N>
  static WEFT_INLINE simd::divisor<T, N> apply(simd::pack<T, N> a) {
    return simd::divisor<T, N>(a);
  }
  static WEFT_INLINE auto da(auto const& g, auto const&, auto const&) { return g; }
};
struct divide : floating, smooth {
  static constexpr char const* name = "divide";
  static constexpr int cost = 6;
  static constexpr bool divides = true;
  using by_row = as_divisor;  // what becomes of a divisor that reductions made
  template <class V>
  static WEFT_INLINE constexpr V apply(V a, V b) {
    return a / b;
  }
  template <class T, int N>
  static WEFT_INLINE simd::pack<T, N> apply(simd::pack<T, N> a, simd::divisor<T, N> b) {
    return a / b;
  }
  static WEFT_INLINE auto da(auto const& g, auto const&, auto const&, auto const& b) { return g / b; }
  static WEFT_INLINE auto db(auto const& g, auto const& y, auto const&, auto const& b) { return -(g / b * y); }
};
struct negative : promoting, smooth {
  static constexpr char const* name = "negative";
  static constexpr bool negates = true;
  template <class V>
  static WEFT_INLINE constexpr V apply(V a) {
    return static_cast<V>(-expr::unsign(a));
  }
  static WEFT_INLINE auto da(auto const& g, auto const&, auto const&) { return -g; }
};
struct square : promoting, smooth {
  static constexpr char const* name = "square";
  static constexpr bool multiplies = true;
  template <class V>
  static WEFT_INLINE constexpr V apply(V a) {
    return static_cast<V>(expr::unsign(a) * expr::unsign(a));
  }
  static WEFT_INLINE auto da(auto const& g, auto const&, auto const& a) { return 2 * (g * a); }
};
struct maximum : promoting, smooth {
  static constexpr char const* name = "maximum";
  template <class V>
  static WEFT_INLINE constexpr V apply(V a, V b) {
    if constexpr (is_number<V>)
      return a != a || a > b ? a : b;
    else
      return simd::maximum(a, b);
  }
  static WEFT_INLINE auto da(auto const& g, auto const&, auto const& a, auto const& b) { return weft::where(weft::isnan(a) || a > b, g, 0); }
  static WEFT_INLINE auto db(auto const& g, auto const&, auto const& a, auto const& b) { return weft::where(weft::isnan(a) || a > b, 0, g); }
};
struct minimum : promoting, smooth {
  static constexpr char const* name = "minimum";
  template <class V>
  static WEFT_INLINE constexpr V apply(V a, V b) {
    if constexpr (is_number<V>)
      return a != a || a < b ? a : b;
    else
      return simd::minimum(a, b);
  }
  static WEFT_INLINE auto da(auto const& g, auto const&, auto const& a, auto const& b) { return weft::where(weft::isnan(a) || a < b, g, 0); }
  static WEFT_INLINE auto db(auto const& g, auto const&, auto const& a, auto const& b) { return weft::where(weft::isnan(a) || a < b, 0, g); }
};
struct relu : promoting, smooth {
  static constexpr char const* name = "relu";
  template <class V>
  static WEFT_INLINE constexpr V apply(V a) {
    if constexpr (is_number<V>)
      return maximum::apply(a, V(0));
    else
      return simd::max(V(0), a);  // the second operand where one is NaN
  }
  static WEFT_INLINE auto da(auto const& g, auto const& y, auto const&) { return weft::where(y > 0, g, 0); }
};
struct abs : promoting, smooth {
  static constexpr char const* name = "abs";
  template <class V>
  static WEFT_INLINE constexpr V apply(V a) {
    if constexpr (is_number<V>)
      return a < V(0) ? negative::apply(a) : a;
    else
      return simd::abs(a);
  }
  static WEFT_INLINE auto da(auto const& g, auto const&, auto const& a) {
    return weft::where(a > 0, g, weft::where(a < 0, -g, 0));
  }
};
struct sqrt : floating, smooth {
  static constexpr char const* name = "sqrt";
  template <class V>
  static WEFT_INLINE V apply(V a) {
    if constexpr (is_number<V>)
      return static_cast<V>(std::sqrt(a));
    else
      return simd::sqrt(a);
  }
  static WEFT_INLINE auto da(auto const& g, auto const& y, auto const&) { return 0.5 * (g / y); }
};
struct rsqrt : floating, smooth {
  static constexpr char const* name = "rsqrt";
  template <class V>
  static WEFT_INLINE V apply(V a) {
    if constexpr (is_number<V>)
      return static_cast<V>(V(1) / std::sqrt(a));
    else
      return simd::rsqrt(a);
  }
  static WEFT_INLINE auto da(auto const& g, auto const& y, auto const&) { return -0.5 * (g * (y * y * y)); }
};
// Rounding leaves integers as they are. `Self` rounds numbers and packs of its own.
template <class Self>
struct rounding : promoting, stepwise {
  template <class V>
  static WEFT_INLINE V apply(V a) {
    if constexpr (expr::on_integers<V>())
      return a;
    else if constexpr (is_number<V>)
      return static_cast<V>(Self::of_number(a));
    else
      return Self::of_pack(a);
  }
};
struct floor : rounding<floor> {
  static constexpr char const* name = "floor";
  static WEFT_INLINE auto of_number(auto a) { return std::floor(a); }
  static WEFT_INLINE auto of_pack(auto a) { return simd::floor(a); }
};
struct ceil : rounding<ceil> {
  static constexpr char const* name = "ceil";
  static WEFT_INLINE auto of_number(auto a) { return std::ceil(a); }
  static WEFT_INLINE auto of_pack(auto a) { return simd::ceil(a); }
};
struct trunc : rounding<trunc> {
  static constexpr char const* name = "trunc";
  static WEFT_INLINE auto of_number(auto a) { return std::trunc(a); }
  static WEFT_INLINE auto of_pack(auto a) { return simd::trunc(a); }
};
struct round : rounding<round> {
  static constexpr char const* name = "round";
  static WEFT_INLINE auto of_number(auto a) { return std::nearbyint(a); }
  static WEFT_INLINE auto of_pack(auto a) { return simd::rint(a); }
};

}  // namespace ops

}  // namespace WEFT_ISA
}  // namespace weft
