// Lines: what the inner loop sees of an expression while it walks along one row.
//
// A line is a small value made anew for every row: pointers to the row of each leaf, packs of what is constant along
// it. `load<N>(i, part, cells)` gives elements [i, i + N) as a pack or a mask; `part` is `full` or, in the tail,
// `first{n}`; `cells` are the packs of the let definitions that enclose it.
//
// Two rewrites live here because a line knows which operands are constant: multiply and add become one fused
// operation, and a division by what a reduction gave becomes a multiplication by its reciprocal (within 1.5 ulp).
#pragma once
#include <weft/expr/op.hpp>
#include <weft/simd/pack.hpp>

#include <limits>

namespace weft {
inline namespace WEFT_ISA {
namespace engine {

namespace op = expr::op;
using simd::mask;
using simd::pack;

struct full {};
struct first {
  int n;  // lanes that exist
};

// -- packs and masks of any type as what an operation wants -----------------------------------------------------

template <class P, class T, int N>
WEFT_INLINE pack<P, N> as(pack<T, N> v) {
  return simd::convert<P>(v);
}
template <class P, class T, int N>
WEFT_INLINE pack<P, N> as(mask<T, N> m) {
  if constexpr (std::is_same_v<P, bool>)
    return simd::to_pack(m);
  else
    return simd::select(simd::convert_mask<P>(m), pack<P, N>(P(1)), pack<P, N>(P(0)));
}
template <class T, int N>
WEFT_INLINE mask<T, N> as_mask(mask<T, N> m) {
  return m;
}
template <class T, int N>
WEFT_INLINE auto as_mask(pack<T, N> v) {
  if constexpr (std::is_same_v<T, bool>)
    return simd::to_mask<uint8>(v);
  else
    return v != pack<T, N>(T(0));
}
template <class U, class T, int N>
WEFT_INLINE mask<U, N> as_mask_of(mask<T, N> m) {
  return simd::convert_mask<U>(m);
}
template <class U, class T, int N>
WEFT_INLINE mask<U, N> as_mask_of(pack<T, N> v) {
  if constexpr (std::is_same_v<T, bool>)
    return simd::to_mask<U>(v);
  else
    return simd::convert_mask<U>(v != pack<T, N>(T(0)));
}
template <class T>
struct lane_of;
template <class T, int N>
struct lane_of<mask<T, N>> {
  using type = T;
};

// One application of an operation whose operands have the element types TA...
template <class Op, class TA, class VA>
WEFT_INLINE auto apply(VA a) {
  using P = typename Op::template compute<TA>;
  if constexpr (op::on_masks<Op>)
    return Op::apply(as_mask(a));
  else if constexpr (std::is_same_v<P, bool> && !std::is_same_v<Op, op::cast<bool>>)
    return as<bool>(Op::apply(as<uint8>(a)));  // as numbers 0 and 1
  else
    return Op::apply(as<P>(a));
}
template <class Op, class TA, class TB, class VA, class VB>
WEFT_INLINE auto apply(VA a, VB b) {
  if constexpr (op::on_masks<Op>) {
    auto const m = as_mask(a);
    return Op::apply(m, as_mask_of<typename lane_of<std::remove_const_t<decltype(m)>>::type>(b));
  } else {
    using P = typename Op::template compute<TA, TB>;
    if constexpr (std::is_same_v<P, bool> && std::is_same_v<Op, op::add>)
      return apply<op::logical_or, TA, TB>(a, b);
    else if constexpr (std::is_same_v<P, bool> && std::is_same_v<Op, op::multiply>)
      return apply<op::logical_and, TA, TB>(a, b);
    else if constexpr (std::is_same_v<P, bool> && std::is_same_v<Op, op::subtract>)
      return apply<op::not_equal, TA, TB>(a, b);
    else if constexpr (std::is_same_v<P, bool>)  // comparisons, maximum and the like, as numbers 0 and 1
      return Op::apply(as<uint8>(a), as<uint8>(b));
    else
      return Op::apply(as<P>(a), as<P>(b));
  }
}
template <class Op, class TA, class TB, class TC, class VA, class VB, class VC>
WEFT_INLINE auto apply(VA a, VB b, VC c) {
  using P = typename Op::template compute<TA, TB, TC>;
  using Q = std::conditional_t<std::is_same_v<P, bool>, uint8, P>;
  return Op::apply(as_mask_of<Q>(a), as<Q>(b), as<Q>(c));
}

// -- the packs of let definitions, innermost first --------------------------------------------------------------

struct no_cells {};
template <class Id, class V, class Outer>
struct cells {
  V value;
  Outer const& outer;
};
template <class Id, class V, class Outer>
WEFT_INLINE V find_cell(cells<Id, V, Outer> const& c, Id*) {
  return c.value;
}
template <class Other, class V, class Outer, class Id>
WEFT_INLINE auto find_cell(cells<Other, V, Outer> const& c, Id* id) {
  return find_cell(c.outer, id);
}

// -- lines -----------------------------------------------------------------------------------------------------

// Elements in memory, one after the other.
template <class T, int N>
struct memory_line {
  using type = T;
  T const* p;
  template <class C>
  WEFT_INLINE pack<T, N> load(index_t i, full, C const&) const {
    return pack<T, N>::load(p + i);
  }
  template <class C>
  WEFT_INLINE pack<T, N> load(index_t i, first f, C const&) const {
    return pack<T, N>::load_partial(p + i, f.n);
  }
};

// The same value all along the row. `Row`: it comes from a reduction over the row.
template <class T, class V, bool Row>
struct splat_line {
  using type = T;
  V value;
  template <class P, class C>
  WEFT_INLINE V load(index_t, P, C const&) const {
    return value;
  }
};
template <class L>
inline constexpr bool is_splat = false;
template <class T, class V, bool Row>
inline constexpr bool is_splat<splat_line<T, V, Row>> = true;
template <class L>
inline constexpr bool is_row_splat = false;
template <class T, class V>
inline constexpr bool is_row_splat<splat_line<T, V, true>> = true;

// A let definition that was computed just before, in a register.
template <class Id, class T>
struct cell_line {
  using type = T;
  template <class P, class C>
  WEFT_INLINE auto load(index_t, P, C const& c) const {
    return find_cell(c, static_cast<Id*>(nullptr));
  }
};
template <class Id, class D, class B>
struct let_line {
  using type = typename B::type;
  D definition;
  B body;
  template <class P, class C>
  WEFT_INLINE auto load(index_t i, P part, C const& outer) const {
    auto const v = definition.load(i, part, outer);
    return body.load(i, part, cells<Id, decltype(definition.load(i, part, outer)), C>{v, outer});
  }
};

template <class Op, class A, class B = void, class C = void>
struct map_line;

template <class Op, class A>
struct map_line<Op, A> {
  using type = typename Op::template result<typename A::type>;
  A a;
  template <class P, class E>
  WEFT_INLINE auto load(index_t i, P part, E const& env) const {
    return apply<Op, typename A::type>(a.load(i, part, env));
  }
};

template <class L, class T>
inline constexpr bool is_product_of = false;
template <class A, class B, class T>
inline constexpr bool is_product_of<map_line<op::multiply, A, B>, T> =
    std::is_same_v<T, promote_t<typename A::type, typename B::type>>;
template <class A, class T>
inline constexpr bool is_product_of<map_line<op::square, A>, T> = std::is_same_v<T, typename A::type>;

// left * right + c in one rounding where the instruction set has it.
template <class T, class A, class B, class I, class P, class E>
WEFT_INLINE auto fused(map_line<op::multiply, A, B> const& m, I const& c, index_t i, P part, E const& env) {
  return simd::fma(as<T>(m.a.load(i, part, env)), as<T>(m.b.load(i, part, env)), c);
}
template <class T, class A, class I, class P, class E>
WEFT_INLINE auto fused(map_line<op::square, A> const& m, I const& c, index_t i, P part, E const& env) {
  auto const a = as<T>(m.a.load(i, part, env));
  return simd::fma(a, a, c);
}

template <class Op, class A, class B>
struct map_line<Op, A, B> {
  using type = typename Op::template result<typename A::type, typename B::type>;
  A a;
  B b;
  template <class P, class E>
  WEFT_INLINE auto load(index_t i, P part, E const& env) const {
    constexpr bool floats = std::is_floating_point_v<type>;
    if constexpr (floats && std::is_same_v<Op, op::add> && is_product_of<A, type>)
      return fused<type>(a, as<type>(b.load(i, part, env)), i, part, env);
    else if constexpr (floats && std::is_same_v<Op, op::add> && is_product_of<B, type>)
      return fused<type>(b, as<type>(a.load(i, part, env)), i, part, env);
    else if constexpr (floats && std::is_same_v<Op, op::subtract> && is_product_of<A, type>)
      return fused<type>(a, -as<type>(b.load(i, part, env)), i, part, env);
    else if constexpr (floats && std::is_same_v<Op, op::subtract> && is_product_of<B, type>)
      return -fused<type>(b, -as<type>(a.load(i, part, env)), i, part, env);
    else
      return apply<Op, typename A::type, typename B::type>(a.load(i, part, env), b.load(i, part, env));
  }
};

// a times the reciprocal of what was a row's divisor, unless that reciprocal would not be a normal number. A branch that is
// always foretold: a second factor would be in the way of every pack.
template <class A, class V>
struct scaled_line {
  using type = typename A::type;
  A a;
  V divisor, reciprocal;
  bool divides;
  template <class P, class E>
  WEFT_INLINE V load(index_t i, P part, E const& env) const {
    V const x = as<type>(a.load(i, part, env));
    if (divides) [[unlikely]]
      return x / divisor;
    return x * reciprocal;
  }
};
template <class T>
WEFT_INLINE bool has_normal_reciprocal(T x) {
  T const size = x < 0 ? -x : x;
  return size >= std::numeric_limits<T>::min() && size <= T(0.25) / std::numeric_limits<T>::min();
}

template <class Op, class A, class B, class C>
struct map_line {
  using type = typename Op::template result<typename A::type, typename B::type, typename C::type>;
  A a;
  B b;
  C c;
  template <class P, class E>
  WEFT_INLINE auto load(index_t i, P part, E const& env) const {
    return apply<Op, typename A::type, typename B::type, typename C::type>(
        a.load(i, part, env), b.load(i, part, env), c.load(i, part, env));
  }
};

// -- making map lines: what is made of constants is a constant ---------------------------------------------------

template <class Op, class A>
WEFT_INLINE auto line_of(A const& a) {
  using T = typename map_line<Op, A>::type;
  if constexpr (is_splat<A>) {
    auto const v = apply<Op, typename A::type>(a.value);
    return splat_line<T, std::remove_const_t<decltype(v)>, is_row_splat<A>>{v};
  } else {
    return map_line<Op, A>{a};
  }
}
template <class Op, class A, class B>
WEFT_INLINE auto line_of(A const& a, B const& b) {
  using T = typename map_line<Op, A, B>::type;
  if constexpr (is_splat<A> && is_splat<B>) {
    auto const v = apply<Op, typename A::type, typename B::type>(a.value, b.value);
    return splat_line<T, std::remove_const_t<decltype(v)>, is_row_splat<A> || is_row_splat<B>>{v};
  } else if constexpr (std::is_same_v<Op, op::divide> && is_row_splat<B> && std::is_floating_point_v<T> &&
                       std::is_same_v<T, typename A::type> && std::is_same_v<T, typename B::type>) {
    using V = std::remove_const_t<decltype(b.value)>;
    return scaled_line<A, V>{a, b.value, V(T(1)) / b.value, !has_normal_reciprocal(b.value[0])};
  } else {
    return map_line<Op, A, B>{a, b};
  }
}
template <class Op, class A, class B, class C>
WEFT_INLINE auto line_of(A const& a, B const& b, C const& c) {
  return map_line<Op, A, B, C>{a, b, c};
}

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft
