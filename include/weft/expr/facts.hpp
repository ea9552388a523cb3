// What is known of an expression's type, asked in one place: facts_of<E>, a constant that is folded from the facts of its
// children once a type. Whoever has a question about a tree asks it here first.
//
//   facts_of<E>.producers     how many products, scans and the like are below
//   row_of<E>                 the rows that E has one value each of, if it is made of reductions over them
//   fused_axes<E>             for an expression as wide as its rows: over how many trailing axes its reductions fuse
//   order_of<E>               0: plain. n: something tracked at order n is below (and nothing above), or, for n = 1, nothing
//                             but parameters and numbers. Integers and truth values are never tracked
//   parametric<E>             of order 0, but with parameters, buffers or tracked values below: loops work on settled(e)
//
// A leaf states its own part as `static constexpr expr::leaves own`; nothing has a default.
#pragma once
#include <weft/expr/node.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace expr {

// How many axes the mask takes from the end, if it takes no others; else 0.
constexpr int trailing(unsigned mask, int rank) {
  int q = 0;
  while (q < rank && ((mask >> (rank - 1 - q)) & 1)) ++q;
  return mask == ((1u << rank) - (1u << (rank - q))) ? q : 0;
}

// An expression that has one value for each row of `domain` axes, of which the last q are the row; q = 0: it is not of
// that kind. `neutral`: it fits beside any rows (numbers; tensors, whose rank is remembered).
struct narrowness {
  int domain = 0, q = 0;
  bool neutral = false;
  int leaf_rank = 0;  // of the largest plain leaf beside the reductions
};
constexpr narrowness join(narrowness a, narrowness b) {
  int const leaf = a.leaf_rank > b.leaf_rank ? a.leaf_rank : b.leaf_rank;
  if (a.neutral && b.neutral) return {0, 0, true, leaf};
  if (a.neutral) a = b;
  if (b.neutral) b = a;
  if (a.q == 0 || a.q != b.q || a.domain != b.domain) return {};
  return {a.domain, a.q, false, leaf};
}

// A map of so many nodes, leaves included, is too large to be part of a larger one: it is evaluated by itself, so that compile
// time grows with the number of operations and not faster, and a loop's operands don't spill (docs/decisions/large-statements.md).
inline constexpr int largest_map = 160;

struct facts {
  leaves below{};            // what its leaves are
  bool reached = false;      // a gradient comes through to some tracked leaf: along floating types, through operations that
                             // have a derivative
  int nodes_together = 1;           // how many of them are in one loop, if what is too large is evaluated by itself
  bool too_large = false;    // to be part of a larger map
  int large_parts = 0;       // how many such maps are below maps
  int producers = 0;         // products and other operations with a loop of their own
  bool own_loop = false;     // it is one
  bool lets = false;         // some let is below
  bool elementwise = true;   // can be read at any place: no reduction, producer or name below
  bool in_place = false;     // memory, seen through views alone
  bool reads_column = false; // some map below reads memory whose last axis is known to be of size 1
  bool of_folds = false;     // made of reductions and numbers alone, with a reduction among them
  bool numbers = false;      // made of numbers alone
  bool dense = true;         // what its loop reads are tensors as they are, of the ranks that are set in `ranks`
  unsigned ranks = 0;
  narrowness narrow{};
  // Entry R: over how many trailing axes the first reduction of something of rank R goes.
  signed char fused[max_rank + 1] = {};
};

template <class E>
constexpr facts find_facts();
template <class E>
inline constexpr facts facts_of = find_facts<std::remove_cvref_t<E>>();

template <class E>
constexpr bool is_column(facts const& f) {
  if constexpr (E::dims.rank > 0)
    return f.in_place && E::dims[E::dims.rank - 1].extent == 1;
  else
    return false;
}
template <class E>
constexpr bool reads_column_at(facts const& f) {
  return f.reads_column || is_column<E>(f);
}

// What is joined of children in whatever way a node uses them.
constexpr void add_child(facts& to, facts const& k) {
  to.below = to.below | k.below;
  to.nodes_together += k.nodes_together;
  to.large_parts += k.large_parts;
  to.producers += k.producers;
  to.lets = to.lets || k.lets;
  to.elementwise = to.elementwise && k.elementwise;
}
constexpr void add_operand(facts& to, facts const& k, bool first) {
  add_child(to, k);
  if (k.too_large) {
    to.nodes_together += 1 - k.nodes_together;
    to.large_parts += 1;
    to.dense = false;
  }
  to.of_folds = first ? k.of_folds : (to.of_folds && (k.of_folds || k.numbers)) || (to.numbers && k.of_folds);
  to.numbers = first ? k.numbers : to.numbers && k.numbers;
  to.dense = to.dense && k.dense;
  to.ranks |= k.ranks;
  to.narrow = first ? k.narrow : join(to.narrow, k.narrow);
  for (int r = 0; r <= max_rank; ++r)
    if (to.fused[r] == 0) to.fused[r] = k.fused[r];
}

template <class E>
constexpr bool passes_gradient() {
  if constexpr (kind_of_type<element_t<E>> != kind::floating)
    return false;
  else if constexpr (E::role == role::map || E::role == role::fold)
    return requires { requires !E::operation::flat; };
  else
    return true;
}
template <class E>
constexpr bool find_reached() {
  return passes_gradient<E>() && []<int... I>(std::integer_sequence<int, I...>) {
    return ((kind_of_type<element_t<kid_t<I, E>>> == kind::floating && facts_of<kid_t<I, E>>.reached) || ... || false);
  }(kid_indices<E>{});
}

// What a node with a loop or with elements of its own has to state, said by name to its author. (Of operations: expr/map.hpp.)
template <class E>
struct stated_of_node {
  static_assert(requires { E::name; }, "weft: this node does not state its name (`name`)");
  static_assert(requires { typename E::production; }, "weft: this node does not state how it runs (`production`)");
  static_assert(E::role == role::source || requires { typename E::tiles; },
                "weft: this producer does not state that the rest of a statement can run on what it makes (`tiles`)");
  static constexpr bool all = true;
};

template <class E>
constexpr facts find_facts() {
  facts f;
  if constexpr (E::arity > 0) f.reached = find_reached<E>();
  if constexpr (E::role == role::leaf) {
    f.below = E::own;
    f.reached = E::own.order > 0;
    f.in_place = true;
    f.ranks = 1u << E::dims.rank;
    f.narrow = {0, 0, true, E::dims.rank};
  } else if constexpr (E::role == role::number) {
    f.numbers = true;
    f.narrow = {0, 0, true, 0};
  } else if constexpr (E::role == role::name) {
    f.elementwise = false;
    f.of_folds = E::row > 0;
    f.narrow = {E::row > 0 ? E::dims.rank : 0, E::row, false, 0};
  } else if constexpr (E::role == role::map) {
    [&]<int... I>(std::integer_sequence<int, I...>) {
      (add_operand(f, facts_of<kid_t<I, E>>, I == 0), ...);
      f.reads_column = (reads_column_at<kid_t<I, E>>(facts_of<kid_t<I, E>>) || ...);
    }(kid_indices<E>{});
    // A product may be taken along by a sum above it, and what is computed in a wider type is rounded where it is stored: in
    // another place these would have other bits.
    f.too_large = f.nodes_together >= largest_map && f.elementwise && !E::operation::multiplies && std::is_floating_point_v<element_t<E>>;
  } else if constexpr (E::role == role::fold) {
    using A = kid_t<0, E>;
    constexpr facts const& a = facts_of<A>;
    add_child(f, a);
    f.elementwise = f.dense = false;
    f.of_folds = true;
    f.reads_column = a.reads_column;
    f.narrow = {A::dims.rank, trailing(E::mask, A::dims.rank), false, 0};
    f.fused[A::dims.rank] = static_cast<signed char>(trailing(E::mask, A::dims.rank));
  } else if constexpr (E::role == role::let) {
    using D = kid_t<0, E>;
    constexpr facts const &d = facts_of<D>, &b = facts_of<kid_t<1, E>>;
    add_operand(f, d, true);
    add_operand(f, b, false);
    f.elementwise = d.elementwise && b.elementwise;
    f.lets = true;
    f.of_folds = b.of_folds;
    f.numbers = b.numbers;
    f.reads_column = d.reads_column || b.reads_column;
    f.narrow = D::dims.rank == b.narrow.domain ? b.narrow : narrowness{};
  } else if constexpr (E::role == role::view) {
    using A = kid_t<0, E>;
    constexpr facts const& a = facts_of<A>;
    add_child(f, a);
    f.in_place = a.in_place && !E::drops;
    f.of_folds = a.of_folds;
    f.dense = false;
    if constexpr (E::drops != 0) {
      if (E::dims.rank == 0 && !a.elementwise) f.dense = true;  // a number, found before the loop begins
      if (a.narrow.q > 0 && A::dims.rank == a.narrow.domain && trailing(E::drops, A::dims.rank) == a.narrow.q &&
          a.narrow.leaf_rank == 0)
        f.narrow = a.narrow;
    }
  } else {
    static_assert(E::role == role::producer || E::role == role::source);
    static_assert(stated_of_node<E>::all);
    [&]<int... I>(std::integer_sequence<int, I...>) { (add_child(f, facts_of<kid_t<I, E>>), ...); }(kid_indices<E>{});
    f.elementwise = false;
    f.dense = false;
    f.own_loop = E::role == role::producer;
    f.producers += f.own_loop;
  }
  return f;
}

// Kid I of a map, too large for the map's loop. (What is stretched, or seen through a view, is left where it is.)
template <class E, int I>
inline constexpr bool large_kid = E::role == role::map && facts_of<kid_t<I, E>>.too_large && kid_t<I, E>::dims.rank == E::dims.rank;

// The rows that E has one value each of. Leaves beside the reductions must have the shape of the result, whose row axes are
// gone.
template <class E>
constexpr narrowness find_row() {
  constexpr narrowness n = facts_of<E>.narrow;
  if constexpr (n.neutral || (n.leaf_rank > 0 && E::dims.rank != n.domain - n.q))
    return {};
  else
    return n;
}
template <class E>
inline constexpr narrowness row_of = find_row<E>();

template <class E>
inline constexpr int fused_axes = facts_of<E>.fused[E::dims.rank];

// A number, found before the loop begins: sum(x) beside an operand of any rank.
template <class E>
constexpr bool find_evaluated_number() {
  if constexpr (E::role == role::view)
    return E::drops != 0 && E::dims.rank == 0 && !facts_of<kid_t<0, E>>.elementwise;
  else
    return false;
}
template <class E>
inline constexpr bool evaluated_number = find_evaluated_number<E>();

template <class E>
constexpr int find_order() {
  if constexpr (!expression<E>) {
    return 0;
  } else if constexpr (kind_of_type<element_t<E>> != kind::floating) {
    return 0;
  } else {
    constexpr leaves l = facts_of<E>.below;
    return l.order > 0 ? l.order : l.parameter && !l.plain ? 1 : 0;
  }
}

// Does the expression mention the name of a definition?
template <class Id, class E>
constexpr bool find_mention() {
  if constexpr (E::role == role::name)
    return std::is_same_v<typename E::id, Id>;
  else
    return []<int... I>(std::integer_sequence<int, I...>) {
      return (find_mention<Id, kid_t<I, E>>() || ... || false);
    }(kid_indices<E>{});
}
template <class Id, class E>
inline constexpr bool mentions = find_mention<Id, E>();

}  // namespace expr

template <class E>
inline constexpr int order_of = expr::find_order<std::remove_cvref_t<E>>();
template <class E>
constexpr bool find_parametric() {
  if constexpr (expression<E>)
    return order_of<E> == 0 && (expr::facts_of<E>.below.settles || expr::facts_of<E>.below.order > 0);
  else
    return false;
}
template <class E>
inline constexpr bool parametric = find_parametric<std::remove_cvref_t<E>>();

}  // namespace WEFT_ISA
}  // namespace weft
