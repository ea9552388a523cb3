// From an expression to the tokens of its loop.
//
// `bind<Context>(node, binder, map, names)`, a function a role: it returns the tokens, and hands what they read to the binder, in
// the same order. Numbers and what lies in memory stand in the loop as they are. What can't be part of it (a product inside
// the tree, a reduction over other axes) is a `part`, which the binder evaluates before the loop begins, or computes tile by
// tile (`rows`, `tiles`). There are several binders: one fills a table (engine/binder.hpp), one only says what would be done
// (engine/explain.hpp), one also finds out where cotangents go (autodiff/sweep.hpp).
//
// The context says which reductions fuse: those over the last `q` axes of the domain.
#pragma once
#include <weft/expr/context.hpp>
#include <weft/expr/fold.hpp>
#include <weft/expr/scope.hpp>
#include <weft/expr/token.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace expr {

// The axes of a node of rank R are the domain's first R: where every bind begins. (An axis_map is what views make of it.)
template <int R>
struct whole_domain {};
WEFT_INLINE axis_map const& as_axis_map(axis_map const& m) { return m; }
template <int R>
WEFT_INLINE axis_map as_axis_map(whole_domain<R>) {
  return axis_map::identity<R>();
}

template <class Context, class Node, class Binder, class Map, class Names>
auto bind(Node const& n, Binder& b, Map const& m, Names const& names);

template <class Context, class Node, class Binder, class Map, class Names>
auto bind_evaluated(Node const& n, Binder& b, Map const& m, Names const& names) {
  using T = element_t<Node>;
  if constexpr (Node::dims.rank == 0) {
    b.number(n, names);
    return tokens<number<T, facts_of<Node>.reached>>{};
  } else {
    b.part(n, m, names, Context::outer);
    return tokens<memory<T, Context::outer, true, facts_of<Node>.reached>>{};
  }
}

// -- a function a role -----------------------------------------------------------------------------------------------

template <role R>
struct binding;

template <>
struct binding<role::leaf> {
  template <class Context, class Node, class Binder, class Map, class Names>
  WEFT_INLINE static auto make(Node const& n, Binder& b, Map const& m, Names const&) {
    using T = element_t<Node>;
    if constexpr (Node::own.order > 0) {  // a tracked value: this is a backward pass
      b.tracked(n, m, Context::outer);
      if constexpr (Node::dims.rank == 0)
        return tokens<number<T, true>>{};
      else
        return tokens<memory<T, Context::outer, false, true>>{};
    } else if constexpr (Node::dims.rank == 0) {
      T const* const data = n.data();
      b.constant(static_cast<T>(*data));
      return tokens<number<T>>{};
    } else {
      T const* const data = n.data();
      b.leaf_of(data, m, n.extents_at(), Node::dims.rank, Context::outer);
      return tokens<memory<T, Context::outer>>{};
    }
  }
};

template <>
struct binding<role::number> {
  template <class Context, class Node, class Binder, class Map, class Names>
  WEFT_INLINE static auto make(Node const& n, Binder& b, Map const&, Names const&) {
    b.constant(static_cast<element_t<Node>>(n.value));
    return tokens<number<element_t<Node>>>{};
  }
};

// How a map's tokens end. A divisor that reductions made is brought into the form that division wants: so a quotient has the
// same bits wherever it stands, in the row that the reduction was made of or elsewhere.
template <class Node, int... I>
auto ending_of_map(std::integer_sequence<int, I...>) {
  using Op = typename Node::operation;
  using T = element_t<Node>;
  using plain = tokens<mapped<Op, element_t<kid_t<I, Node>>...>>;
  if constexpr (requires { typename Op::by_row; }) {
    if constexpr (facts_of<kid_t<1, Node>>.of_folds && std::is_floating_point_v<T> &&
                  (std::is_same_v<T, element_t<kid_t<I, Node>>> && ...))
      return tokens<mapped<typename Op::by_row, T>, mapped<Op, T, T>>{};
    else
      return plain{};
  } else {
    return plain{};
  }
}

// Operands are bound from here, without `bind` between: what a tree costs the compiler is how often each part is inlined. What is
// too large for the loop is evaluated before it, where the loop has the same axes.
template <class Context, class Node, int I>
inline constexpr bool made_before = large_kid<Node, I> && Context::direct && !Context::outer && !Context::tile;
template <>
struct binding<role::map> {
  template <class Context, int I, class Node, class Binder, class Map, class Names>
  WEFT_INLINE static auto child(Node const& n, Binder& b, Map const& m, Names const& names) {
    if constexpr (made_before<Context, Node, I>)
      return bind_evaluated<Context>(kid<I>(n), b, m, names);
    else
      return binding<kid_t<I, Node>::role>::template make<child_context<Context, Node, kid_t<I, Node>>>(kid<I>(n), b, m, names);
  }
  template <class Context, class Node, class Binder, class Map, class Names>
  WEFT_INLINE static auto make(Node const& n, Binder& b, Map const& m, Names const& names) {
    using ending = decltype(ending_of_map<Node>(kid_indices<Node>{}));
    auto first = child<Context, 0>(n, b, m, names);
    if constexpr (Node::arity == 1) {
      return joined_t<decltype(first), ending>{};
    } else {
      auto second = child<Context, 1>(n, b, m, names);
      if constexpr (Node::arity == 2) {
        return joined_t<decltype(first), decltype(second), ending>{};
      } else {
        auto third = child<Context, 2>(n, b, m, names);
        return joined_t<decltype(first), decltype(second), decltype(third), ending>{};
      }
    }
  }
};

template <>
struct binding<role::fold> {
  template <class Context, class Node, class Binder, class Map, class Names>
  WEFT_INLINE static auto make(Node const& n, Binder& b, Map const& m, Names const& names) {
    using A = kid_t<0, Node>;
    if constexpr (fold_fuses<Context, Node>) {
      whole_domain<A::dims.rank> const own;
      using inside = decltype(bind<typename Context::inside>(kid<0>(n), b, own, names));
      bind<typename Context::inside>(kid<0>(n), b, own, names);
      if constexpr (requires { b.row_of(kid<0>(n)); }) b.row_of(kid<0>(n));
      using Op = typename Node::operation;
      using fold = tokens<folded<Op, element_t<A>>>;
      // Rows of one element may stand beside longer ones. In a backward pass they are stretched, so that a sum is too large by
      // that; a forward pass makes such a reduction first (with_plan).
      if constexpr (facts_of<Node>.reached && requires { typename Op::grows_by; }) {
        using R = element_t<Node>;
        b.template stretch<R>(kid<0>(n));
        return joined_t<inside, fold, tokens<number<R>, mapped<typename Op::grows_by, R, R>>>{};
      } else {
        return joined_t<inside, fold>{};
      }
    } else {
      return bind_evaluated<Context>(n, b, m, names);
    }
  }
};

template <>
struct binding<role::view> {
  template <class Context, class Node, class Binder, class Map, class Names>
  WEFT_INLINE static auto make(Node const& n, Binder& b, Map const& m, Names const& names) {
    using inside = kid_context<Context, Node, 0>;
    if constexpr (evaluated_number<Node> && std::is_same_v<inside, apart>) {
      b.number(kid<0>(n), names);
      return tokens<number<element_t<Node>, facts_of<Node>.reached>>{};
    } else {
      axis_map r;
      n.look(r, as_axis_map(m));
      if constexpr (std::is_same_v<inside, apart>)
        return bind_evaluated<Context>(kid<0>(n), b, r, names);
      else
        return bind<inside>(kid<0>(n), b, r, names);
    }
  }
};

template <>
struct binding<role::producer> {
  template <class Context, class Node, class Binder, class Map, class Names>
  WEFT_INLINE static auto make(Node const& n, Binder& b, Map const& m, Names const& names) {
    using T = element_t<Node>;
    if constexpr (Context::tile) {
      // The driver's tile: its address and row pitch are set for each block (engine/producer.hpp).
      b.template tile_of<T>();
      return tokens<memory<T>>{};
    } else if constexpr (computed_by_rows<Context, Node> && !is_open<Node>()) {
      if (b.covers(n.sizes()))
        b.rows(n);
      else
        bind_evaluated<Context>(n, b, m, names);
      return tokens<memory<T, false, true>>{};
    } else {
      return bind_evaluated<Context>(n, b, m, names);
    }
  }
};

// Elements that are found elsewhere: computed a tile at a time where they have the domain's axes.
template <class Context, class Node>
inline constexpr bool computed_by_tiles = Context::q <= 1 && Context::direct && !Context::outer && Node::dims.rank > 0 &&
                                          Node::dims.rank == Context::domain && !facts_of<Node>.reached;
template <>
struct binding<role::source> {
  template <class Context, class Node, class Binder, class Map, class Names>
  WEFT_INLINE static auto make(Node const& n, Binder& b, Map const& m, Names const& names) {
    if constexpr (computed_by_tiles<Context, Node> && !is_open<Node>()) {
      if (b.covers(n.sizes()))
        b.tiles(n);
      else
        bind_evaluated<Context>(n, b, m, names);
      return tokens<memory<element_t<Node>, false, true>>{};
    } else {
      return bind_evaluated<Context>(n, b, m, names);
    }
  }
};

template <>
struct binding<role::let> {
  // The node may be narrower than the definition, whose place is then that of the reduction it stands in.
  template <class Context, class Node, class Binder, class Map, class Names>
  WEFT_INLINE static auto define_it(Node const& n, Binder& b, Map const& m, Names const& names) {
    using D = kid_t<0, Node>;
    constexpr int C = D::dims.rank;
    using defining = defining_context<Context, D>;
    if constexpr (C > 0 && Context::direct && C == Context::domain) {
      whole_domain<C> const own;
      return bind<defining>(kid<0>(n), b, own, names);
    } else {
      return bind<child_context<defining, Node, D>>(kid<0>(n), b, m, names);
    }
  }
  template <class Context, class Node, class Binder, class Map, class Names>
  WEFT_INLINE static auto make(Node const& n, Binder& b, Map const& m, Names const& names) {
    using D = kid_t<0, Node>;
    using B = kid_t<1, Node>;
    using id = typename Node::id;
    constexpr uses used = find_uses<id, Context, B>();
    if constexpr (used.apart && !facts_of<D>.elementwise && !facts_of<D>.reached) {
      // What is evaluated apart would make the definition again: it is made once, and its value stands in the body.
      using body_type = decltype(with_value<id>(kid<1>(n), std::declval<tensor<element_t<D>, D::dims.rank> const&>()));
      using body = decltype(bind<Context>(std::declval<body_type const&>(), b, m, names));
      bind<Context>(b.template made<id>(n, names), b, m, names);
      return joined_t<tokens<keep>, body>{};
    } else if constexpr (used.loop) {
      scope<id, D, true, Names> const inner{kid<0>(n), names};
      using definition = decltype(define_it<Context>(n, b, m, names));
      using body = decltype(bind<Context>(kid<1>(n), b, m, inner));
      define_it<Context>(n, b, m, names);
      if constexpr (requires { b.row_of(kid<0>(n)); }) b.row_of(kid<0>(n));
      bind<Context>(kid<1>(n), b, m, inner);
      return joined_t<definition, tokens<define>, body, tokens<forget>>{};
    } else {
      return bind<Context>(kid<1>(n), b, m, scope<id, D, false, Names>{kid<0>(n), names});
    }
  }
};

template <>
struct binding<role::name> {
  template <class Context, class Node, class Binder, class Map, class Names>
  WEFT_INLINE static auto make(Node const&, Binder&, Map const&, Names const&) {
    return find<typename Node::id, 0>(static_cast<Names const*>(nullptr));
  }

 private:
  template <class Id, int Depth, class Other, class D, bool Met, class Outer>
  static auto find(scope<Other, D, Met, Outer> const*) {
    if constexpr (std::is_same_v<Id, Other>)
      return tokens<recall<Depth>>{};
    else
      return find<Id, Depth + (Met ? 1 : 0)>(static_cast<Outer const*>(nullptr));
  }
};

// (A map below a map was found alive when that was made.)
template <class Context, class Node, class Binder, class Map, class Names>
WEFT_INLINE auto bind(Node const& n, Binder& b, Map const& m, Names const& names) {
  check_life(n);
  return binding<Node::role>::template make<Context>(n, b, m, names);
}

}  // namespace expr
}  // namespace WEFT_ISA
}  // namespace weft
