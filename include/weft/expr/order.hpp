// Which leaves an expression has: whether it is differentiated, and at which order.
//
//   order_of<E>     0: a plain expression. n: it contains something tracked at order n (and nothing above), or, for
//                   n = 1, nothing but parameters and numbers. Integers and truth values are never tracked.
//   parametric<E>   of order 0, but with parameters, buffers or tracked values below: the engine works on settled(e)
//
// Found by the children's names: a node has the public members `a`, `b`, `c`, or `definition` and `body`. Whatever
// has none of them is a leaf; grad/tracked.hpp, nn/parameter.hpp and nn/buffer.hpp specialise `leaves_of` for theirs.
#pragma once
#include <weft/expr/node.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace expr {

template <class T>
struct constant;
template <class Id, class T, weft::shape D, int Row>
struct cell;

// What an expression is made of.
struct leaves {
  int order = 0;           // the highest of its tracked leaves
  bool plain = false;      // a tensor or the like
  bool parameter = false;  // a parameter
  bool settles = false;    // a leaf that the engine doesn't know

  constexpr leaves operator|(leaves const& o) const {
    return {order > o.order ? order : o.order, plain || o.plain, parameter || o.parameter, settles || o.settles};
  }
};

template <class E>
constexpr leaves find_leaves();

template <class E>
inline constexpr leaves leaves_of = find_leaves<E>();
template <class T>
inline constexpr leaves leaves_of<constant<T>> = {};
template <class Id, class T, weft::shape D, int Row>
inline constexpr leaves leaves_of<cell<Id, T, D, Row>> = {};
template <>
inline constexpr leaves leaves_of<poison> = {};

template <class E>
constexpr leaves find_leaves() {
  if constexpr (!expression<E>)
    return {};
  else if constexpr (requires(E const& e) { e.c; })
    return leaves_of<decltype(E::a)> | leaves_of<decltype(E::b)> | leaves_of<decltype(E::c)>;
  else if constexpr (requires(E const& e) { e.b; })
    return leaves_of<decltype(E::a)> | leaves_of<decltype(E::b)>;
  else if constexpr (requires(E const& e) { e.a; })
    return leaves_of<decltype(E::a)>;
  else if constexpr (requires(E const& e) { e.definition; })
    return leaves_of<decltype(E::definition)> | leaves_of<decltype(E::body)>;
  else
    return {.plain = true};
}

template <class E>
constexpr int find_order() {
  if constexpr (!expression<E>) {
    return 0;
  } else if constexpr (kind_of_type<element_t<E>> != kind::floating) {
    return 0;
  } else {
    constexpr leaves l = leaves_of<E>;
    return l.order > 0 ? l.order : l.parameter && !l.plain ? 1 : 0;
  }
}

}  // namespace expr

template <class E>
inline constexpr int order_of = expr::find_order<std::remove_cvref_t<E>>();
template <class E>
inline constexpr bool parametric =
    order_of<E> == 0 && (expr::leaves_of<std::remove_cvref_t<E>>.settles || expr::leaves_of<std::remove_cvref_t<E>>.order > 0);

}  // namespace WEFT_ISA
}  // namespace weft
