// Contexts: what a node is for the loop that it stands in.
//
// `context` says which reductions fuse, and whether the node's axes are the loop's own; `child_context` and its neighbours
// say how that goes down to its children, or that what they are is evaluated apart. `find_uses`: where a loop meets the name of a
// definition.
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

// What a loop takes of a node. `in_loop`: the node is computed there, step by step, and not evaluated apart. Then its operand I
// stands there too, in `kid_context`, or is evaluated apart itself: `apart`.
struct apart {};
template <class Context, class E>
constexpr bool find_in_loop() {
  if constexpr (E::role == role::fold)
    return fold_fuses<Context, E>;
  else
    return E::role != role::producer && E::role != role::source;
}
template <class Context, class E>
inline constexpr bool in_loop = find_in_loop<Context, E>();
template <class Context, class E, int I>
auto find_kid_context() {
  using K = kid_t<I, E>;
  if constexpr (E::role == role::map)
    return std::type_identity<child_context<Context, E, K>>();
  else if constexpr (E::role == role::fold)
    return std::type_identity<typename Context::inside>();
  else if constexpr (E::role == role::let)
    return std::type_identity<std::conditional_t<I == 0, defining_context<Context, K>, Context>>();
  else if constexpr (drops_row<Context, E>)
    return std::type_identity<Context>();
  else
    return std::type_identity<std::conditional_t<facts_of<K>.elementwise, typename Context::indirect, apart>>();
}
template <class Context, class E, int I>
using kid_context = typename decltype(find_kid_context<Context, E, I>())::type;

// Where a statement meets the name of a definition: in the loop itself, or in what is evaluated apart.
struct uses {
  bool loop = false, apart = false;
  constexpr uses operator|(uses o) const { return {loop || o.loop, apart || o.apart}; }
};
template <class Id, class Context, class E>
constexpr uses find_uses() {
  if constexpr (std::is_same_v<Context, apart>) {
    return {false, mentions<Id, E>};
  } else if constexpr (!in_loop<Context, E>) {
    return {false, mentions<Id, E>};
  } else if constexpr (E::role == role::name) {
    return {std::is_same_v<typename E::id, Id>, false};
  } else if constexpr (E::role == role::let) {
    // The definition is where the body reads it.
    using D = kid_t<0, E>;
    constexpr uses inner = find_uses<typename E::id, Context, kid_t<1, E>>();
    uses u = find_uses<Id, Context, kid_t<1, E>>();
    if (inner.loop) u = u | find_uses<Id, kid_context<Context, E, 0>, D>();
    if (inner.apart) u = u | uses{false, mentions<Id, D>};
    return u;
  } else {
    return []<int... I>(std::integer_sequence<int, I...>) {
      return (find_uses<Id, kid_context<Context, E, I>, kid_t<I, E>>() | ... | uses{});
    }(kid_indices<E>{});
  }
}
// Is the name that a let defines read by the loop alone?
template <class Context, class E>
constexpr bool find_name_in_loop() {
  if constexpr (E::role == role::let)
    return !find_uses<typename E::id, Context, kid_t<1, E>>().apart;
  else
    return true;
}
template <class Context, class E>
inline constexpr bool name_in_loop = find_name_in_loop<Context, E>();

}  // namespace expr
}  // namespace WEFT_ISA
}  // namespace weft
