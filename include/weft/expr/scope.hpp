// Names in scope: what stands in an expression for the definition of a let around it.
//
//   close_over(n, names)   the node with the definitions of the names around it, so that it can stand alone
//   is_open<E>()           does a name stand in E whose let is not in E?
//   with_value<Id>(e, x)   e with a value in the place of a name
//   without_lets(e, make)  e where each let of tracked values is its body over what `make` makes of the definition
#pragma once
#include <weft/expr/facts.hpp>
#include <weft/expr/let.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace expr {

// Names in scope. `Met`: the loop itself has a use for it, so that its definition stands among the tokens.
struct no_names {};
struct no_id {
  using id = void;
};
template <class Id, class D, bool Met, class Outer>
struct scope {
  D const& definition;
  Outer const& outer;
};

// The node with the definitions of the names around it, so that it can stand alone. They are put below reductions,
// producers and sources: what is left at the root is something that a plan knows how to run.
template <class Node>
WEFT_INLINE auto close_over(Node const& n, no_names const&) {
  return n;
}
template <class Node, class Id, class D, bool Met, class Outer>
auto close_over(Node const& n, scope<Id, D, Met, Outer> const& names) {
  if constexpr (Node::role == role::fold || Node::role == role::producer || Node::role == role::source)
    return rebuilt(n, [&](auto const& k) { return close_over(k, names); });
  else if constexpr (mentions<Id, Node>)
    return close_over(let_node<Id, D, Node>(names.definition, n), names.outer);
  else
    return close_over(n, names.outer);
}

// Does a name stand in E whose let is not in E?
template <class E, class... Bound>
constexpr bool is_open() {
  if constexpr (E::role == role::name)
    return !(std::is_same_v<typename E::id, Bound> || ... || false);
  else if constexpr (E::role == role::let)
    return is_open<kid_t<0, E>, Bound...>() || is_open<kid_t<1, E>, Bound..., typename E::id>();
  else
    return []<int... I>(std::integer_sequence<int, I...>) {
      return (is_open<kid_t<I, E>, Bound...>() || ... || false);
    }(kid_indices<E>{});
}
// E with a value in the place of a name.
template <class Id, class E, class V>
auto with_value(E const& e, V const& value) {
  if constexpr (E::role == role::name && std::is_same_v<typename std::conditional_t<E::role == role::name, E, no_id>::id, Id>)
    return value;
  else if constexpr (!mentions<Id, E>)
    return e;
  else
    return rebuilt(e, [&value](auto const& k) { return with_value<Id>(k, value); });
}
// Precondition: no name of a let around E is below.
template <class E, class F>
auto without_lets(E const& e, F const& make) {
  if constexpr (!facts_of<E>.lets || facts_of<E>.below.order == 0)
    return e;
  else if constexpr (E::role == role::let)
    return without_lets(with_value<typename E::id>(kid<1>(e), make(without_lets(kid<0>(e), make))), make);
  else
    return rebuilt(e, [&make](auto const& k) { return without_lets(k, make); });
}
}  // namespace expr
}  // namespace WEFT_ISA
}  // namespace weft
