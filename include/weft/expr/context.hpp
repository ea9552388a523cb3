// Contexts: what a node is for the loop that it stands in.
//
// `context` says which reductions fuse, and whether the node's axes are the loop's own; `child_context` and its neighbours
// say how that goes down to its children. `find_uses`: where a loop meets the name of a definition.
#pragma once
#include <weft/expr/facts.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace expr {

// What a bind is for. `domain`: rank of the domain; `q`: axes of the row that reductions fuse over, 0 for none;
// `direct`: the node's axes are the domain's own; `outer`: the expression has one value a row; `tile`: the product
// in it is the tile that the driver hands over; `columns`: operands whose last axis is known to be of size 1 are read once
// a row (the domain's is longer).
template <int Domain, int Q, bool Direct, bool Outer = false, bool Tile = false, bool Columns = false>
struct context {
  static constexpr int domain = Domain;
  static constexpr int q = Q;
  static constexpr bool direct = Direct;
  static constexpr bool outer = Outer;
  static constexpr bool tile = Tile;
  static constexpr bool columns = Columns;
  using indirect = context<Domain, Q, false, Outer, Tile, Columns>;
  using once_a_row = context<Domain, Q, false, true, false, true>;
  using inside = context<Domain, Q, true, false, false, Columns>;  // of a reduction, or of a definition as wide as the row
};
// As `context`, but reductions inside the reduced expression are evaluated apart.
template <int Domain, int Q>
struct shallow_context : context<Domain, Q, true, true> {
  using indirect = shallow_context;
  using inside = context<Domain, 0, true>;
};

// A column: an operand in memory whose last axis is known to be of size 1, such as bias(all, newaxis).
template <class E>
inline constexpr bool reads_a_column = is_column<E>(facts_of<E>);

// A child of an elementwise node has the same place: axes are aligned at the end, and lay_out_dense stretches those of
// size 1.
template <class Context, class Parent, class Child>
using child_context = std::conditional_t<
    Context::columns && reads_a_column<Child>, typename Context::once_a_row,
    std::conditional_t<Context::outer || Child::dims.rank == 0 || Child::dims.rank == Parent::dims.rank, Context,
                       typename Context::indirect>>;
template <class Context, class D>
using defining_context =
    std::conditional_t<Context::outer && !(row_of<D>.q == Context::q && row_of<D>.domain == Context::domain),
                       typename Context::inside, Context>;

template <class Context, class Node>
inline constexpr bool fold_fuses = Context::q > 0 && Context::direct && kid_t<0, Node>::dims.rank == Context::domain &&
                                   trailing(Node::mask, kid_t<0, Node>::dims.rank) == Context::q &&
                                   (!facts_of<Node>.reached || requires { Node::operation::back_by_rows; });
// A view that drops the axes of the row from what has one value a row.
template <class Context, class Node>
inline constexpr bool drops_row = Context::outer && Node::drops != 0 && kid_t<0, Node>::dims.rank == Context::domain &&
                                  trailing(Node::drops, Context::domain) == Context::q;
// A product as wide as the rows of a row program is computed row by row.
template <class Context, class Node>
inline constexpr bool computed_by_rows = Context::q == 1 && Context::direct && !Context::outer && !Context::tile &&
                                         Node::dims.rank == Context::domain && !facts_of<Node>.reached &&
                                         requires { typename Node::rows; };

// Where a statement meets the name of a definition: in the loop itself, or in what is evaluated apart.
struct uses {
  bool loop = false, apart = false;
  constexpr uses operator|(uses o) const { return {loop || o.loop, apart || o.apart}; }
};
template <class Id, class Context, class E>
constexpr uses find_uses();
template <class Id, class Context, class E>
constexpr uses uses_in_map() {
  return []<int... I>(std::integer_sequence<int, I...>) {
    return (find_uses<Id, child_context<Context, E, kid_t<I, E>>, kid_t<I, E>>() | ... | uses{});
  }(kid_indices<E>{});
}
template <class Id, class Context, class E>
constexpr uses find_uses() {
  if constexpr (E::role == role::name) {
    return {std::is_same_v<typename E::id, Id>, false};
  } else if constexpr (E::role == role::map) {
    return uses_in_map<Id, Context, E>();
  } else if constexpr (E::role == role::fold) {
    if constexpr (fold_fuses<Context, E>)
      return find_uses<Id, typename Context::inside, kid_t<0, E>>();
    else
      return {false, mentions<Id, E>};
  } else if constexpr (E::role == role::view) {
    if constexpr (drops_row<Context, E>)
      return find_uses<Id, Context, kid_t<0, E>>();
    else
      return {false, mentions<Id, E>};
  } else if constexpr (E::role == role::let) {
    constexpr uses body = find_uses<Id, Context, kid_t<1, E>>();
    constexpr uses inner = find_uses<typename E::id, Context, kid_t<1, E>>();
    uses u = body;
    if (inner.loop) u = u | find_uses<Id, defining_context<Context, kid_t<0, E>>, kid_t<0, E>>();
    if (inner.apart) u = u | uses{false, mentions<Id, kid_t<0, E>>};
    return u;
  } else {
    return {false, mentions<Id, E>};
  }
}

}  // namespace expr
}  // namespace WEFT_ISA
}  // namespace weft
