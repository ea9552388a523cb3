// The elementwise operations: what they are called, which type they compute in, and what they do to one pack.
//
// An operation is an empty struct:
//   name        as errors and plans say it
//   compute<A..>  the type its operands are converted to
//   result<A..>   the element type of the node
//   apply(v...)   on numbers and on packs alike
// A predicate gets packs and gives a mask; a `logical` operation gets masks. What an operation's derivative is
// stands in grad/rules.hpp.
#pragma once
#include <weft/config.hpp>
#include <weft/core/dtype.hpp>
#include <weft/simd/math.hpp>

#include <cmath>
#include <type_traits>

namespace weft {
inline namespace WEFT_ISA {
namespace expr::op {

template <class V>
inline constexpr bool is_number = std::is_arithmetic_v<V>;

template <class V>
constexpr bool on_integers() {
  if constexpr (is_number<V>)
    return std::is_integral_v<V>;
  else
    return std::is_integral_v<typename V::value_type>;
}

// How the operands' types become one.
struct promoting {
  template <class... A>
  struct joint;
  template <class A>
  struct joint<A> {
    using type = A;
  };
  template <class A, class B>
  struct joint<A, B> {
    using type = promote_t<A, B>;
  };
  template <class... A>
  using compute = typename joint<A...>::type;
  template <class... A>
  using result = typename joint<A...>::type;
};
struct floating {  // exp of an integer is float32
  template <class... A>
  using compute = float_t<typename promoting::joint<A...>::type>;
  template <class... A>
  using result = compute<A...>;
};
struct predicate : promoting {
  template <class... A>
  using result = bool;
};
struct logical {
  static constexpr bool on_masks = true;
  template <class... A>
  using compute = bool;
  template <class... A>
  using result = bool;
};

// Whole numbers wrap in the compiler's hands too, as they do in packs: computed without a sign.
template <class V>
WEFT_INLINE constexpr auto unsign(V a) {
  if constexpr (std::is_integral_v<V> && !std::is_same_v<V, bool>)
    return static_cast<std::make_unsigned_t<decltype(+a)>>(a);
  else
    return a;
}

// clang-format off
struct add : promoting { static constexpr char const* name = "add";
  template <class V> static WEFT_INLINE constexpr V apply(V a, V b) { return static_cast<V>(unsign(a) + unsign(b)); } };
struct subtract : promoting { static constexpr char const* name = "subtract";
  template <class V> static WEFT_INLINE constexpr V apply(V a, V b) { return static_cast<V>(unsign(a) - unsign(b)); } };
struct multiply : promoting { static constexpr char const* name = "multiply";
  template <class V> static WEFT_INLINE constexpr V apply(V a, V b) { return static_cast<V>(unsign(a) * unsign(b)); } };
struct divide : floating { static constexpr char const* name = "divide";
  template <class V> static WEFT_INLINE constexpr V apply(V a, V b) { return a / b; } };
struct negative : promoting { static constexpr char const* name = "negative";
  template <class V> static WEFT_INLINE constexpr V apply(V a) { return static_cast<V>(-unsign(a)); } };
struct square : promoting { static constexpr char const* name = "square";
  template <class V> static WEFT_INLINE constexpr V apply(V a) { return static_cast<V>(unsign(a) * unsign(a)); } };
// clang-format on

// NaN wins; of equal values the second.
struct maximum : promoting {
  static constexpr char const* name = "maximum";
  template <class V>
  static WEFT_INLINE constexpr V apply(V a, V b) {
    if constexpr (is_number<V>)
      return a != a ? a : a > b ? a : b;
    else
      return simd::maximum(a, b);
  }
};
struct minimum : promoting {
  static constexpr char const* name = "minimum";
  template <class V>
  static WEFT_INLINE constexpr V apply(V a, V b) {
    if constexpr (is_number<V>)
      return a != a ? a : a < b ? a : b;
    else
      return simd::minimum(a, b);
  }
};
struct relu : promoting {
  static constexpr char const* name = "relu";
  template <class V>
  static WEFT_INLINE constexpr V apply(V a) {
    if constexpr (is_number<V>)
      return maximum::apply(a, V(0));
    else
      return simd::max(V(0), a);  // the second operand where one is NaN
  }
};
struct abs : promoting {
  static constexpr char const* name = "abs";
  template <class V>
  static WEFT_INLINE constexpr V apply(V a) {
    if constexpr (is_number<V>)
      return a < V(0) ? negative::apply(a) : a;
    else
      return simd::abs(a);
  }
};

// Functions that the packs have and numbers take from <cmath>.
#define WEFT_FUNCTION(NAME, NUMBER)                    \
  struct NAME : floating {                             \
    static constexpr char const* name = #NAME;         \
    template <class V>                                 \
    static WEFT_INLINE V apply(V a) {                  \
      if constexpr (is_number<V>)                      \
        return static_cast<V>(NUMBER);                 \
      else                                             \
        return simd::NAME(a);                          \
    }                                                  \
  }
WEFT_FUNCTION(exp, std::exp(a));
WEFT_FUNCTION(expm1, std::expm1(a));
WEFT_FUNCTION(log, std::log(a));
WEFT_FUNCTION(log1p, std::log1p(a));
WEFT_FUNCTION(sin, std::sin(a));
WEFT_FUNCTION(cos, std::cos(a));
WEFT_FUNCTION(tanh, std::tanh(a));
WEFT_FUNCTION(erf, std::erf(a));
WEFT_FUNCTION(sigmoid, V(1) / (V(1) + std::exp(-a)));
WEFT_FUNCTION(sqrt, std::sqrt(a));
WEFT_FUNCTION(rsqrt, V(1) / std::sqrt(a));
#undef WEFT_FUNCTION

// x times the normal distribution function of x, and its derivative. Numbers by erfc in a wider type, because rounding
// its argument would cost x^2 ulp.
struct gelu : floating {
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
};
struct gelu_slope : floating {
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
};

// Rounding leaves integers as they are.
#define WEFT_ROUNDING(NAME, PACK, NUMBER)              \
  struct NAME : promoting {                            \
    static constexpr char const* name = #NAME;         \
    template <class V>                                 \
    static WEFT_INLINE V apply(V a) {                  \
      if constexpr (on_integers<V>())                  \
        return a;                                      \
      else if constexpr (is_number<V>)                 \
        return static_cast<V>(NUMBER);                 \
      else                                             \
        return simd::PACK(a);                          \
    }                                                  \
  }
WEFT_ROUNDING(floor, floor, std::floor(a));
WEFT_ROUNDING(ceil, ceil, std::ceil(a));
WEFT_ROUNDING(trunc, trunc, std::trunc(a));
WEFT_ROUNDING(round, rint, std::nearbyint(a));
#undef WEFT_ROUNDING

// clang-format off
struct equal : predicate { static constexpr char const* name = "equal";
  template <class V> static WEFT_INLINE constexpr auto apply(V a, V b) { return a == b; } };
struct not_equal : predicate { static constexpr char const* name = "not_equal";
  template <class V> static WEFT_INLINE constexpr auto apply(V a, V b) { return a != b; } };
struct less : predicate { static constexpr char const* name = "less";
  template <class V> static WEFT_INLINE constexpr auto apply(V a, V b) { return a < b; } };
struct less_equal : predicate { static constexpr char const* name = "less_equal";
  template <class V> static WEFT_INLINE constexpr auto apply(V a, V b) { return a <= b; } };
struct greater : predicate { static constexpr char const* name = "greater";
  template <class V> static WEFT_INLINE constexpr auto apply(V a, V b) { return a > b; } };
struct greater_equal : predicate { static constexpr char const* name = "greater_equal";
  template <class V> static WEFT_INLINE constexpr auto apply(V a, V b) { return a >= b; } };
struct isnan : predicate { static constexpr char const* name = "isnan";
  template <class V> static WEFT_INLINE constexpr auto apply(V a) { return a != a; } };
struct logical_and : logical { static constexpr char const* name = "logical_and";
  template <class M> static WEFT_INLINE constexpr M apply(M a, M b) { if constexpr (is_number<M>) return a && b; else return a & b; } };
struct logical_or : logical { static constexpr char const* name = "logical_or";
  template <class M> static WEFT_INLINE constexpr M apply(M a, M b) { if constexpr (is_number<M>) return a || b; else return a | b; } };
struct logical_not : logical { static constexpr char const* name = "logical_not";
  template <class M> static WEFT_INLINE constexpr M apply(M a) { if constexpr (is_number<M>) return !a; else return ~a; } };
// clang-format on

// The first operand is a mask of lanes of the type in which the others are computed.
struct where {
  static constexpr char const* name = "where";
  template <class C, class A, class B>
  using compute = promote_t<A, B>;
  template <class C, class A, class B>
  using result = promote_t<A, B>;
  template <class M, class V>
  static WEFT_INLINE constexpr V apply(M condition, V a, V b) {
    if constexpr (is_number<V>)
      return condition ? a : b;
    else
      return simd::select(condition, a, b);
  }
};

template <class T>
struct cast {
  static constexpr char const* name = "cast";
  template <class A>
  using compute = T;
  template <class A>
  using result = T;
  template <class V>
  static WEFT_INLINE constexpr V apply(V a) {
    return a;
  }
};

template <class Op>
concept on_masks = requires { Op::on_masks; };

}  // namespace expr::op
}  // namespace WEFT_ISA
}  // namespace weft
