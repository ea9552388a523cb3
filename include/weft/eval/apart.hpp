// What can't be part of the loop and is evaluated apart: which nodes that are, and how they are closed over the names
// around them so that they can stand alone.
#pragma once
#include <weft/eval/cursor.hpp>
#include <weft/expr/narrow.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace engine {

// What has to be evaluated before it can be indexed in another way.
template <class E>
inline constexpr bool elementwise = true;
template <class Op, unsigned Mask, class A>
inline constexpr bool elementwise<reduce<Op, Mask, A>> = false;
template <class A, class B>
inline constexpr bool elementwise<contract<A, B>> = false;
template <class Op, class A>
inline constexpr bool elementwise<map<Op, A>> = elementwise<A>;
template <class Op, class A, class B>
inline constexpr bool elementwise<map<Op, A, B>> = elementwise<A> && elementwise<B>;
template <class Op, class A, class B, class C>
inline constexpr bool elementwise<map<Op, A, B, C>> = elementwise<A> && elementwise<B> && elementwise<C>;
template <class A, weft::shape D>
inline constexpr bool elementwise<view<A, D>> = elementwise<A>;
template <unsigned Mask, class A>
inline constexpr bool elementwise<squeeze_node<Mask, A>> = elementwise<A>;
template <class Id, class D, class B>
inline constexpr bool elementwise<let_node<Id, D, B>> = elementwise<D> && elementwise<B>;
// A name stands for what the loop computes at its own place only.
template <class Id, class T, weft::shape D, int Row>
inline constexpr bool elementwise<cell<Id, T, D, Row>> = false;

// A number, found before the loop begins.
template <class E>
inline constexpr bool evaluated_number = false;
template <unsigned Mask, class A>
inline constexpr bool evaluated_number<squeeze_node<Mask, A>> = squeeze_node<Mask, A>::dims.rank == 0 && !elementwise<A>;

// Does the node mention the name of a definition?
template <class Id, class Node>
constexpr bool mentions() {
  if constexpr (requires(Node const& n) { n.c; })
    return mentions<Id, decltype(Node::a)>() || mentions<Id, decltype(Node::b)>() || mentions<Id, decltype(Node::c)>();
  else if constexpr (requires(Node const& n) { n.b; })
    return mentions<Id, decltype(Node::a)>() || mentions<Id, decltype(Node::b)>();
  else if constexpr (requires(Node const& n) { n.a; })
    return mentions<Id, decltype(Node::a)>();
  else if constexpr (requires(Node const& n) { n.definition; })
    return mentions<Id, decltype(Node::definition)>() || mentions<Id, decltype(Node::body)>();
  else
    return expr::is_cell_of<Id, Node>;
}

// The node with the definitions of the names around it, so that it can stand alone. They are put below reductions and
// products: what is left at the root is something `execute` knows how to run.
template <class Node>
WEFT_INLINE auto close_over(Node const& n, no_names const&) {
  return n;
}
template <class Node, class Id, class D, int A, bool S, class Outer>
WEFT_INLINE auto close_over(Node const& n, name<Id, D, A, S, Outer> const& names);
template <class Op, unsigned Mask, class X, class Id, class D, int A, bool S, class Outer>
WEFT_INLINE auto close_over(reduce<Op, Mask, X> const& n, name<Id, D, A, S, Outer> const& names) {
  auto const inner = close_over(n.a, names);
  return reduce<Op, Mask, std::remove_const_t<decltype(inner)>>(inner);
}
template <class X, class Y, class Id, class D, int A, bool S, class Outer>
WEFT_INLINE auto close_over(contract<X, Y> const& n, name<Id, D, A, S, Outer> const& names) {
  auto const x = close_over(n.a, names);
  auto const y = close_over(n.b, names);
  return contract<std::remove_const_t<decltype(x)>, std::remove_const_t<decltype(y)>>(x, y);
}
template <class Node, class Id, class D, int A, bool S, class Outer>
WEFT_INLINE auto close_over(Node const& n, name<Id, D, A, S, Outer> const& names) {
  if constexpr (mentions<Id, Node>())
    return close_over(let_node<Id, D, Node>(names.definition, n), names.outer);
  else
    return close_over(n, names.outer);
}

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft
