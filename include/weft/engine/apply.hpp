// One operation on packs: what it does with operands of any element types.
//
//   applied<ops::add, int8, float>::on(x, y)      operands are converted to the type that the operation computes in
//   fused(...)                                   a sum that takes a product along, in one rounding
//   now<T, N>(e)                                 an expression over packs that pose as numbers (see `held`)
//
// A product that stands directly below a sum is always taken along, and nothing else is, so that an expression gives the
// same bits wherever it stands. Of two products under one sum neither is: x * x - y * y is 0 where x is y.
#pragma once
#include <weft/expr/map.hpp>
#include <weft/expr/operation.hpp>
#include <weft/simd/divisor.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace engine {

using simd::mask;
using simd::pack;

// Which lanes of a pack exist.
struct full {};
struct first : full {
  int n;
  WEFT_INLINE explicit first(int lanes) : n(lanes) {}
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

// What a row is divided by stays in the form that division wants; for everything else it is a number.
template <class P, class T, int N>
WEFT_INLINE pack<P, N> as(simd::divisor<T, N> d) {
  return as<P>(d.value);
}

template <class T>
inline constexpr bool is_divisor = false;
template <class T, int N>
inline constexpr bool is_divisor<simd::divisor<T, N>> = true;

// An operation whose operands have the element types T...
template <class Op, class... T>
struct applied {
  using P = typename Op::template compute<T...>;
  // A truth value takes part in arithmetic as 0 or 1.
  using Q = std::conditional_t<std::is_same_v<P, bool>, uint8, P>;

  template <class A>
  static WEFT_INLINE auto on(A a) {
    if constexpr (expr::on_masks<Op>)
      return Op::apply(as_mask(a));
    else if constexpr (requires { Op::converts; })
      return as<P>(a);
    else if constexpr (std::is_same_v<P, bool>)
      return as<bool>(Op::apply(as<uint8>(a)));
    else
      return Op::apply(as<P>(a));
  }
  template <class A, class B>
  static WEFT_INLINE auto on(A a, B b) {
    if constexpr (expr::on_masks<Op>) {
      auto const m = as_mask(a);
      return Op::apply(m, as_mask_of<typename lane_of<std::remove_const_t<decltype(m)>>::type>(b));
    } else if constexpr (std::is_same_v<P, bool> && requires { typename Op::on_bools; }) {
      return applied<typename Op::on_bools, T...>::on(a, b);
    } else if constexpr (is_divisor<B> && requires { typename Op::by_row; }) {
      return Op::apply(as<Q>(a), b);
    } else {
      return Op::apply(as<Q>(a), as<Q>(b));
    }
  }
  template <class A, class B, class C>
  static WEFT_INLINE auto on(A a, B b, C c) {
    if constexpr (requires { Op::chooses; })
      return Op::apply(as_mask_of<Q>(a), as<Q>(b), as<Q>(c));
    else
      return Op::apply(as<Q>(a), as<Q>(b), as<Q>(c));
  }
};

// GCC contracts a product and a sum of its own accord, intrinsics too. Where neither of two products may be taken along,
// it is kept from seeing that they are products. (Clang contracts only what stands in one expression of the source.)
template <class T, int N>
WEFT_INLINE pack<T, N> held_back(pack<T, N> x) {
#if defined(__GNUC__) && !defined(__clang__) && defined(__FMA__) && WEFT_SIMD_LEVEL
  if constexpr (requires { x.data.low; })
    return {held_back(x.data.low), held_back(x.data.high)};
  else if constexpr (sizeof(x.data) >= 16)
    __asm__("" : "+v"(x.data));
#endif
  return x;
}
// Op (a sum or a difference) of two products.
template <class Op, class T, class A, class B>
WEFT_INLINE auto sum_of_products(A a, B b) {
  return Op::apply(held_back(as<T>(a)), held_back(as<T>(b)));
}
// a * b + c, or what a difference makes of it; `First`: the product is the first operand.
template <class Op, bool First, class T, class A, class B, class C>
WEFT_INLINE auto fused(A a, B b, C c) {
  auto const x = as<T>(a), y = as<T>(b), z = as<T>(c);
  if constexpr (!requires { Op::takes_away; })
    return simd::fma(x, y, z);
  else if constexpr (First)
    return simd::fma(x, y, -z);
  else
    return -simd::fma(x, y, -z);
}

// -- expressions over packs --------------------------------------------------------------------------------------

// A pack, a mask or a divisor that poses as a number: what derivatives are written over.
template <class T, class V>
struct held : described<held<T, V>, T, weft::shape{}> {
  static constexpr weft::role role = weft::role::number;
  static constexpr int arity = 0;
  V v;
  WEFT_INLINE explicit held(V x) : v(x) {}
  WEFT_INLINE constexpr extents<0> sizes() const { return {}; }
};

template <int N, class E>
WEFT_INLINE auto value_now(E const& e);

template <class Op, bool First, class T, int N, class E, class C>
WEFT_INLINE auto fused_now(E const& e, C const& c) {
  using expr::kid;
  if constexpr (E::arity == 1) {
    auto const a = value_now<N>(kid<0>(e));
    return fused<Op, First, T>(a, a, value_now<N>(c));
  } else {
    return fused<Op, First, T>(value_now<N>(kid<0>(e)), value_now<N>(kid<1>(e)), value_now<N>(c));
  }
}
template <int N, class E>
WEFT_INLINE auto value_now(E const& e) {
  using T = element_t<E>;
  using expr::kid;
  using expr::kid_t;
  if constexpr (requires { e.v; }) {
    return e.v;
  } else if constexpr (E::arity == 0) {
    return pack<T, N>(e.value);
  } else if constexpr (E::arity == 1) {
    return applied<typename E::operation, element_t<kid_t<0, E>>>::on(value_now<N>(kid<0>(e)));
  } else if constexpr (E::arity == 2) {
    using Op = typename E::operation;
    using A = kid_t<0, E>;
    using B = kid_t<1, E>;
    if constexpr (Op::adds && expr::is_product_of<A, T> && expr::is_product_of<B, T>)
      return sum_of_products<Op, T>(value_now<N>(kid<0>(e)), value_now<N>(kid<1>(e)));
    else if constexpr (Op::adds && expr::is_product_of<A, T>)
      return fused_now<Op, true, T, N>(kid<0>(e), kid<1>(e));
    else if constexpr (Op::adds && expr::is_product_of<B, T>)
      return fused_now<Op, false, T, N>(kid<1>(e), kid<0>(e));
    else
      return applied<Op, element_t<A>, element_t<B>>::on(value_now<N>(kid<0>(e)), value_now<N>(kid<1>(e)));
  } else {
    return applied<typename E::operation, element_t<kid_t<0, E>>, element_t<kid_t<1, E>>, element_t<kid_t<2, E>>>::on(
        value_now<N>(kid<0>(e)), value_now<N>(kid<1>(e)), value_now<N>(kid<2>(e)));
  }
}
// What such an expression is, as a pack of T.
template <class T, int N, class E>
WEFT_INLINE pack<T, N> now(E const& e) {
  return as<T>(value_now<N>(e));
}

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft
