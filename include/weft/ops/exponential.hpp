// Exponentials and logarithms, and the functions of networks that are made of them.
//
//   exp expm1 log log1p   sigmoid tanh erf gelu silu
#pragma once
#include <weft/expr/operation.hpp>
#include <weft/expr/let.hpp>
#include <weft/ops/arithmetic.hpp>
#include <weft/simd/math.hpp>

#include <cmath>

namespace weft {
inline namespace WEFT_ISA {
namespace ops {
struct exp;
struct expm1;
struct log;
struct log1p;
struct sigmoid;
struct tanh;
struct erf;
struct gelu;
struct gelu_slope;
}  // namespace ops

template <expression A>
WEFT_INLINE constexpr auto exp(A&& a) {
  return expr::made<ops::exp, A>(static_cast<A&&>(a));
}
template <expression A>
WEFT_INLINE constexpr auto expm1(A&& a) {
  return expr::made<ops::expm1, A>(static_cast<A&&>(a));
}
template <expression A>
WEFT_INLINE constexpr auto log(A&& a) {
  return expr::made<ops::log, A>(static_cast<A&&>(a));
}
template <expression A>
WEFT_INLINE constexpr auto log1p(A&& a) {
  return expr::made<ops::log1p, A>(static_cast<A&&>(a));
}
template <expression A>
WEFT_INLINE constexpr auto sigmoid(A&& a) {
  return expr::made<ops::sigmoid, A>(static_cast<A&&>(a));
}
template <expression A>
WEFT_INLINE constexpr auto tanh(A&& a) {
  return expr::made<ops::tanh, A>(static_cast<A&&>(a));
}
template <expression A>
WEFT_INLINE constexpr auto erf(A&& a) {
  return expr::made<ops::erf, A>(static_cast<A&&>(a));
}
template <expression A>
WEFT_INLINE constexpr auto gelu(A&& a) {
  return expr::made<ops::gelu, A>(static_cast<A&&>(a));
}
// The derivative of gelu.
template <expression A>
WEFT_INLINE constexpr auto gelu_slope(A&& a) {
  return expr::made<ops::gelu_slope, A>(static_cast<A&&>(a));
}
template <expression X>
WEFT_INLINE constexpr auto silu(X&& x) {
  return expr::shared(static_cast<X&&>(x), [](auto const& v) { return v * sigmoid(v); });
}

namespace ops {

using expr::is_number;
using expr::promoting, expr::floating, expr::smooth, expr::stepwise, expr::predicate, expr::logical;

struct exp : floating, smooth {
  static constexpr char const* name = "exp";
  template <class V>
  static WEFT_INLINE V apply(V a) {
    if constexpr (is_number<V>)
      return static_cast<V>(std::exp(a));
    else
      return simd::exp(a);
  }
  static WEFT_INLINE auto da(auto const& g, auto const& y, auto const&) { return g * y; }
};
struct expm1 : floating, smooth {
  static constexpr char const* name = "expm1";
  template <class V>
  static WEFT_INLINE V apply(V a) {
    if constexpr (is_number<V>)
      return static_cast<V>(std::expm1(a));
    else
      return simd::expm1(a);
  }
  static WEFT_INLINE auto da(auto const& g, auto const& y, auto const&) { return g * (y + 1); }
};
struct log : floating, smooth {
  static constexpr char const* name = "log";
  template <class V>
  static WEFT_INLINE V apply(V a) {
    if constexpr (is_number<V>)
      return static_cast<V>(std::log(a));
    else
      return simd::log(a);
  }
  static WEFT_INLINE auto da(auto const& g, auto const&, auto const& a) { return g / a; }
};
struct log1p : floating, smooth {
  static constexpr char const* name = "log1p";
  template <class V>
  static WEFT_INLINE V apply(V a) {
    if constexpr (is_number<V>)
      return static_cast<V>(std::log1p(a));
    else
      return simd::log1p(a);
  }
  static WEFT_INLINE auto da(auto const& g, auto const&, auto const& a) { return g / (a + 1); }
};
struct sigmoid : floating, smooth {
  static constexpr char const* name = "sigmoid";
  template <class V>
  static WEFT_INLINE V apply(V a) {
    if constexpr (is_number<V>)
      return static_cast<V>(V(1) / (V(1) + std::exp(-a)));
    else
      return simd::sigmoid(a);
  }
  static WEFT_INLINE auto da(auto const& g, auto const& y, auto const&) { return g * (y - y * y); }
};
struct tanh : floating, smooth {
  static constexpr char const* name = "tanh";
  template <class V>
  static WEFT_INLINE V apply(V a) {
    if constexpr (is_number<V>)
      return static_cast<V>(std::tanh(a));
    else
      return simd::tanh(a);
  }
  static WEFT_INLINE auto da(auto const& g, auto const& y, auto const&) { return g * (1 - y * y); }
};
struct erf : floating, smooth {
  static constexpr char const* name = "erf";
  template <class V>
  static WEFT_INLINE V apply(V a) {
    if constexpr (is_number<V>)
      return static_cast<V>(std::erf(a));
    else
      return simd::erf(a);
  }
  // 2 / sqrt(pi)
  static WEFT_INLINE auto da(auto const& g, auto const&, auto const& a) {
    return 1.1283791670955126 * (g * weft::exp(-(a * a)));
  }
};
// x times the normal distribution function of x, and its derivative. Numbers by erfc in a wider type, because rounding
// its argument would cost x^2 ulp.
struct gelu : floating, smooth {
  static constexpr char const* name = "gelu";
  template <class V>
  static WEFT_INLINE V apply(V a) {
    if constexpr (is_number<V>) {
      using W = std::conditional_t<sizeof(V) == 4, double, long double>;
      return static_cast<V>(W(0.5) * W(a) * std::erfc(W(a) * -W(0.70710678118654752440L)));
    } else {
      return simd::gelu(a);
    }
  }
  static WEFT_INLINE auto da(auto const& g, auto const&, auto const& a) { return g * weft::gelu_slope(a); }
};
struct gelu_slope : floating, smooth {
  static constexpr char const* name = "gelu_slope";
  template <class V>
  static WEFT_INLINE V apply(V a) {
    if constexpr (is_number<V>) {
      using W = std::conditional_t<sizeof(V) == 4, double, long double>;
      W const x = W(a), bound = W(50), b = x < -bound ? -bound : x > bound ? bound : x;  // no inf times 0
      return static_cast<V>(W(0.5) * std::erfc(b * -W(0.70710678118654752440L)) +
                            b * W(0.39894228040143267794L) * std::exp(W(-0.5) * b * b));
    } else {
      return simd::gelu_slope(a);
    }
  }
  // The density times 2 - a^2; 1 / sqrt(2 pi).
  static WEFT_INLINE auto da(auto const& g, auto const&, auto const& a) {
    return g * (0.3989422804014327 * (weft::exp(-0.5 * (a * a)) * (2 - a * a)));
  }
};

}  // namespace ops

}  // namespace WEFT_ISA
}  // namespace weft
