// Comparisons, logic and choice.
//
//   == != < <= > >= isnan   && || !   where(condition, a, b)
//
// A comparison gives a mask to what stands above it, and a tensor of bool. `where` computes both branches, and differentiates
// both.
#pragma once
#include <weft/expr/operation.hpp>
#include <weft/simd/pack.hpp>

namespace weft {
inline namespace WEFT_ISA {

namespace ops {
struct equal;
struct not_equal;
struct less;
struct less_equal;
struct greater;
struct greater_equal;
struct isnan;
struct logical_and;
struct logical_or;
struct logical_not;
struct where;
}  // namespace ops

template <class A, class B>
  requires operands<A, B>
WEFT_INLINE constexpr auto operator==(A&& a, B&& b) {
  return expr::made<ops::equal, A, B>(static_cast<A&&>(a), static_cast<B&&>(b));
}
template <class A, class B>
  requires operands<A, B>
WEFT_INLINE constexpr auto operator!=(A&& a, B&& b) {
  return expr::made<ops::not_equal, A, B>(static_cast<A&&>(a), static_cast<B&&>(b));
}
template <class A, class B>
  requires operands<A, B>
WEFT_INLINE constexpr auto operator<(A&& a, B&& b) {
  return expr::made<ops::less, A, B>(static_cast<A&&>(a), static_cast<B&&>(b));
}
template <class A, class B>
  requires operands<A, B>
WEFT_INLINE constexpr auto operator<=(A&& a, B&& b) {
  return expr::made<ops::less_equal, A, B>(static_cast<A&&>(a), static_cast<B&&>(b));
}
template <class A, class B>
  requires operands<A, B>
WEFT_INLINE constexpr auto operator>(A&& a, B&& b) {
  return expr::made<ops::greater, A, B>(static_cast<A&&>(a), static_cast<B&&>(b));
}
template <class A, class B>
  requires operands<A, B>
WEFT_INLINE constexpr auto operator>=(A&& a, B&& b) {
  return expr::made<ops::greater_equal, A, B>(static_cast<A&&>(a), static_cast<B&&>(b));
}
template <class A, class B>
  requires operands<A, B>
WEFT_INLINE constexpr auto operator&&(A&& a, B&& b) {
  return expr::made<ops::logical_and, A, B>(static_cast<A&&>(a), static_cast<B&&>(b));
}
template <class A, class B>
  requires operands<A, B>
WEFT_INLINE constexpr auto operator||(A&& a, B&& b) {
  return expr::made<ops::logical_or, A, B>(static_cast<A&&>(a), static_cast<B&&>(b));
}
template <expression A>
WEFT_INLINE constexpr auto operator!(A&& a) {
  return expr::made<ops::logical_not, A>(static_cast<A&&>(a));
}
template <expression A>
WEFT_INLINE constexpr auto isnan(A&& a) {
  return expr::made<ops::isnan, A>(static_cast<A&&>(a));
}
// Elementwise choice; both branches are computed.
template <class C, class A, class B>
  requires operands<C, A, B>
WEFT_INLINE constexpr auto where(C&& condition, A&& a, B&& b) {
  return expr::made<ops::where, C, A, B>(static_cast<C&&>(condition), static_cast<A&&>(a), static_cast<B&&>(b));
}

namespace ops {

using expr::is_number;
using expr::promoting, expr::floating, expr::smooth, expr::stepwise, expr::predicate, expr::logical;

struct equal : predicate {
  static constexpr char const* name = "equal";
  template <class V>
  static WEFT_INLINE constexpr auto apply(V a, V b) {
    return a == b;
  }
};
struct not_equal : predicate {
  static constexpr char const* name = "not_equal";
  template <class V>
  static WEFT_INLINE constexpr auto apply(V a, V b) {
    return a != b;
  }
};
struct less : predicate {
  static constexpr char const* name = "less";
  template <class V>
  static WEFT_INLINE constexpr auto apply(V a, V b) {
    return a < b;
  }
};
struct less_equal : predicate {
  static constexpr char const* name = "less_equal";
  template <class V>
  static WEFT_INLINE constexpr auto apply(V a, V b) {
    return a <= b;
  }
};
struct greater : predicate {
  static constexpr char const* name = "greater";
  template <class V>
  static WEFT_INLINE constexpr auto apply(V a, V b) {
    return a > b;
  }
};
struct greater_equal : predicate {
  static constexpr char const* name = "greater_equal";
  template <class V>
  static WEFT_INLINE constexpr auto apply(V a, V b) {
    return a >= b;
  }
};
struct isnan : predicate {
  static constexpr char const* name = "isnan";
  template <class V>
  static WEFT_INLINE constexpr auto apply(V a) {
    return a != a;
  }
};
struct logical_and : logical {
  static constexpr char const* name = "logical_and";
  template <class M>
  static WEFT_INLINE constexpr M apply(M a, M b) {
    if constexpr (is_number<M>)
      return a && b;
    else
      return a & b;
  }
};
struct logical_or : logical {
  static constexpr char const* name = "logical_or";
  template <class M>
  static WEFT_INLINE constexpr M apply(M a, M b) {
    if constexpr (is_number<M>)
      return a || b;
    else
      return a | b;
  }
};
struct logical_not : logical {
  static constexpr char const* name = "logical_not";
  template <class M>
  static WEFT_INLINE constexpr M apply(M a) {
    if constexpr (is_number<M>)
      return !a;
    else
      return ~a;
  }
};
// The first operand is a mask of lanes of the type in which the others are computed.
struct where : expr::costing<1>, smooth {
  static constexpr char const* name = "where";
  static constexpr bool chooses = true;
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
  static WEFT_INLINE auto db(auto const& g, auto const&, auto const& a, auto const&, auto const&) {
    return weft::where(a, g, 0);
  }
  static WEFT_INLINE auto dc(auto const& g, auto const&, auto const& a, auto const&, auto const&) {
    return weft::where(a, 0, g);
  }
};

}  // namespace ops

}  // namespace WEFT_ISA
}  // namespace weft
