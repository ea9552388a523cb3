// From nodes to cursors.
//
// `bind<Context>(node, binder, axis_map, names)`; one `binding<Node>` a kind of node, below. What lies in memory goes
// to the binder's table. What can't be part of the loop (a product inside the tree, a reduction over other axes) is
// evaluated here, before the loop begins.
#pragma once
#include <weft/eval/apart.hpp>
#include <weft/expr/view.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace engine {

template <class Node>
struct binding;

template <class T, int R, class E>
tensor<T, R> evaluated(E const& e);

// The axes of a node of rank R are the domain's first R: where every bind begins. (An axis_map is what views make of
// it.)
template <int R>
struct whole_domain {};

// Where bind puts what it finds, in the order in which cursors enter their spots.
struct binder {
  frame const& f;
  leaf* next;
  storage* kept;         // of results evaluated apart
  leaf* tile = nullptr;  // the product whose epilogue is bound
};

template <class Context, class Node, class Map, class Names>
WEFT_INLINE auto bind(Node const& node, binder& b, Map const& m, Names const& names) {
  return binding<Node>::template make<Context>(node, b, m, names);
}
template <class Context, class Node>
using bound = decltype(bind<Context>(std::declval<Node const&>(), std::declval<binder&>(),
                                     whole_domain<Node::dims.rank>{}, no_names{}));

// (No std::array: where nothing is inlined, its members are shared by units of every instruction set.)
template <int N>
struct kept_buffers {
  storage at[static_cast<std::size_t>(N)];
};
// The leaves of a cursor, and what was evaluated for it.
template <class Cursor>
struct table {
  static constexpr int count = Cursor::leaves;
  leaf at[count > 0 ? static_cast<std::size_t>(count) : 1];
  [[no_unique_address]] std::conditional_t<(Cursor::kept > 0), kept_buffers<Cursor::kept>, no_names> kept;
  WEFT_INLINE table() {
    if constexpr (count == 0) at[0].base = nullptr;
  }
  WEFT_INLINE binder into(frame const& f) {
    if constexpr (Cursor::kept > 0)
      return {f, at, kept.at};
    else
      return {f, at, nullptr};
  }
};

// A dense leaf. `e`: its extents, which stay where they are until the leaves are placed.
template <class T, int R>
WEFT_INLINE void add_leaf(binder& b, T const* data, whole_domain<R>, index_t const* e, int rank, bool single) {
  leaf& l = *b.next++;
  l.base = data;
  l.type = &leaf_type_of<T>;
  l.ext = e;
  l.rank = static_cast<std::int16_t>(rank);
  l.last = R - 1;
  l.single = single;
}
template <class T>
WEFT_INLINE void add_leaf(binder& b, T const* data, axis_map const& m, index_t const* e, int rank, bool single) {
  leaf& l = *b.next++;
  if (WEFT_CHECKS && !data) check_nothing_read(b.f);
  l.type = &leaf_type_of<T>;
  l.ext = nullptr;
  l.single = single;
  l.base = data + lay_out_dense(l, b.f, m, e, rank);
}
WEFT_INLINE axis_map const& as_axis_map(axis_map const& m) { return m; }
template <int R>
WEFT_INLINE axis_map as_axis_map(whole_domain<R>) {
  return axis_map::identity<R>();
}
template <class Context, class T>
using memory_in = std::conditional_t<Context::outer, outer_memory<T, !Context::columns>, memory<T>>;

template <class T, auto S>
struct binding<tensor<T, S>> {
  template <class Context, class Map, class Names>
  WEFT_INLINE static auto make(tensor<T, S> const& t, binder& b, Map const& m, Names const&) {
    if constexpr (to_shape(S).rank == 0) {
      return constant<T>{*t.data()};
    } else {
      add_leaf(b, t.data(), m, t.items().extents_at(), to_shape(S).rank, Context::outer);
      return memory_in<Context, T>{};
    }
  }
};

template <class T>
struct binding<expr::constant<T>> {
  template <class Context, class Map, class Names>
  WEFT_INLINE static auto make(expr::constant<T> const& t, binder&, Map const&, Names const&) {
    return constant<T>{t.value};
  }
};

// A child of an elementwise node has the same place: axes are aligned at the end, and lay_out_dense stretches those of
// size 1.
//
// A column: an operand in memory whose last axis is known to be of size 1, such as bias(all, newaxis).
template <class E>
inline constexpr bool is_read_in_place = expr::in_memory<E>;
template <class A, weft::shape D>
inline constexpr bool is_read_in_place<view<A, D>> = is_read_in_place<A>;
template <class E>
inline constexpr bool is_column = is_read_in_place<E> && E::dims.rank > 0 && E::dims[E::dims.rank - 1].extent == 1;

template <class Context, class Parent, class Child>
using child_context = std::conditional_t<
    Context::columns && is_column<Child>, typename Context::once_a_row,
    std::conditional_t<Context::outer || Child::dims.rank == 0 || Child::dims.rank == Parent::dims.rank, Context,
                       typename Context::indirect>>;
template <class Context, class Node, class Child, class Map, class Names>
WEFT_INLINE auto bind_child(Node const&, Child const& child, binder& b, Map const& m, Names const& names) {
  return bind<child_context<Context, Node, Child>>(child, b, m, names);
}

template <class Op, class A>
struct binding<map<Op, A>> {
  template <class Context, class Map, class Names>
  WEFT_INLINE static auto make(map<Op, A> const& n, binder& b, Map const& m, Names const& names) {
    expr::check_life(n);
    using W = child_context<Context, map<Op, A>, A>;
    using CA = decltype(binding<A>::template make<W>(n.a, b, m, names));
    return mapped<Op, CA>{binding<A>::template make<W>(n.a, b, m, names)};
  }
};
template <class Op, class A, class B>
struct binding<map<Op, A, B>> {
  template <class Context, class Map, class Names>
  WEFT_INLINE static auto make(map<Op, A, B> const& n, binder& b, Map const& m, Names const& names) {
    expr::check_life(n);
    using WA = child_context<Context, map<Op, A, B>, A>;
    using WB = child_context<Context, map<Op, A, B>, B>;
    using CA = decltype(binding<A>::template make<WA>(n.a, b, m, names));
    using CB = decltype(binding<B>::template make<WB>(n.b, b, m, names));
    return mapped<Op, CA, CB>{binding<A>::template make<WA>(n.a, b, m, names),
                              binding<B>::template make<WB>(n.b, b, m, names)};
  }
};
template <class Op, class A, class B, class C>
struct binding<map<Op, A, B, C>> {
  template <class Context, class Map, class Names>
  WEFT_INLINE static auto make(map<Op, A, B, C> const& n, binder& b, Map const& m, Names const& names) {
    expr::check_life(n);
    using CA = decltype(bind_child<Context>(n, n.a, b, m, names));
    using CB = decltype(bind_child<Context>(n, n.b, b, m, names));
    using CC = decltype(bind_child<Context>(n, n.c, b, m, names));
    return mapped<Op, CA, CB, CC>{bind_child<Context>(n, n.a, b, m, names), bind_child<Context>(n, n.b, b, m, names),
                                  bind_child<Context>(n, n.c, b, m, names)};
  }
};

// -- what is evaluated apart -------------------------------------------------------------------------------------

template <class Context, class Node, class Map, class Names>
WEFT_INLINE auto bind_evaluated(Node const& n, binder& b, Map const& m, Names const& names) {
  using T = element_t<Node>;
  constexpr int R = Node::dims.rank;
  auto result = evaluated<T, R>(close_over(n, names));
  if constexpr (R == 0) {
    return constant<T>{result.items().items[0]};
  } else {
    add_leaf(b, std::as_const(result).data(), as_axis_map(m), result.items().extents_at(), R, Context::outer);
    *b.kept++ = static_cast<storage&&>(result.items().buffer);
    return owned<memory_in<Context, T>>{};
  }
}

template <class Op, unsigned Mask, class A>
struct binding<reduce<Op, Mask, A>> {
  using node = reduce<Op, Mask, A>;
  template <class Context>
  static constexpr bool fuses = Context::q > 0 && Context::direct && A::dims.rank == Context::domain &&
                                node::q == Context::q;

  template <class Context, class Map, class Names>
  WEFT_INLINE static auto make(node const& n, binder& b, Map const& m, Names const& names) {
    if constexpr (fuses<Context>) {
      whole_domain<A::dims.rank> const own;
      using C = decltype(bind<typename Context::inside>(n.a, b, own, names));
      return row_reduce<Op, element_t<A>, C>{bind<typename Context::inside>(n.a, b, own, names)};
    } else {
      return bind_evaluated<Context>(n, b, m, names);
    }
  }
};

// The tile of a product, as the rest of the statement sees it.
template <class T>
WEFT_INLINE void set_tile_leaf(leaf& l) {
  l.base = nullptr;
  l.type = &leaf_type_of<T>;
  l.ext = nullptr;
  l.single = false;
  l.stride[0] = 0;
  l.stride[1] = 1;
}
template <class A, class B>
struct binding<contract<A, B>> {
  template <class Context, class Map, class Names>
  WEFT_INLINE static auto make(contract<A, B> const& n, binder& b, Map const& m, Names const& names) {
    if constexpr (Context::tile) {
      // The driver's tile: its address and row pitch are set for each block (eval/product.hpp).
      using T = element_t<contract<A, B>>;
      b.tile = b.next++;
      set_tile_leaf<T>(*b.tile);
      return memory<T>{};
    } else {
      return bind_evaluated<Context>(n, b, m, names);
    }
  }
};

// -- views -----------------------------------------------------------------------------------------------------

// sum(x) beside an operand of any rank: a number, found before the loop begins. Precondition: n has one element.
template <class Node, class Names>
WEFT_INLINE auto bind_number(Node const& n, Names const& names) {
  using T = element_t<Node>;
  auto const result = evaluated<T, Node::dims.rank>(close_over(n, names));
  return constant<T>{*result.data()};
}
template <class Context, class A, class Map, class Names>
WEFT_INLINE auto bind_viewed(A const& a, binder& b, Map const& m, Names const& names) {
  if constexpr (elementwise<A>)
    return bind<typename Context::indirect>(a, b, m, names);
  else
    return bind_evaluated<Context>(a, b, m, names);
}

// The map of what a view of extents `own` (rank) looks at.
[[gnu::noinline]] inline void look_through(axis_map& to, axis_map const& m, index_t const* own, int rank,
                                           expr::axis_source const* from, int child_rank) {
  to.rank = child_rank;
  for (int c = 0; c < child_rank; ++c) {
    auto const& s = from[c];
    bool const moves = s.axis >= 0 && own[s.axis] != 1;
    int const i = moves ? s.axis + m.rank - rank : 0;
    to.axis[c] = moves ? m.axis[i] : -1;
    to.start[c] = s.start + (moves ? s.step * m.start[i] : 0);
    to.step[c] = moves ? s.step * m.step[i] : 0;
  }
}
// The same for a node of `rank` axes that drops those in `mask` of its child, each of size 1.
[[gnu::noinline]] inline void look_through(axis_map& to, axis_map const& m, int rank, unsigned mask, int child_rank) {
  to.rank = child_rank;
  for (int c = 0, i = m.rank - rank; c < child_rank; ++c) {
    bool const dropped = (mask >> c) & 1;
    to.axis[c] = dropped ? -1 : m.axis[i];
    to.start[c] = dropped ? 0 : m.start[i];
    to.step[c] = dropped ? 0 : m.step[i];
    if (!dropped) ++i;
  }
}


template <class A, weft::shape D>
struct binding<view<A, D>> {
  template <class Context, class Map, class Names>
  WEFT_INLINE static auto make(view<A, D> const& n, binder& b, Map const& m, Names const& names) {
    axis_map r;
    look_through(r, as_axis_map(m), n.ext.data(), D.rank, n.from.data(), A::dims.rank);
    return bind_viewed<Context>(n.a, b, r, names);
  }
};

template <unsigned Mask, class A>
struct binding<squeeze_node<Mask, A>> {
  template <class Context, class Map, class Names>
  WEFT_INLINE static auto make(squeeze_node<Mask, A> const& n, binder& b, Map const& m, Names const& names) {
    constexpr int R = A::dims.rank;
    if constexpr (evaluated_number<squeeze_node<Mask, A>> &&
                  !(Context::outer && R == Context::domain && expr::trailing(Mask, R) == Context::q)) {
      return bind_number(n.a, names);
    } else {
      axis_map r;
      look_through(r, as_axis_map(m), squeeze_node<Mask, A>::dims.rank, Mask, R);
      if constexpr (Context::outer && R == Context::domain && expr::trailing(Mask, R) == Context::q)
        return bind<Context>(n.a, b, r, names);
      else
        return bind_viewed<Context>(n.a, b, r, names);
    }
  }
};

// -- names -----------------------------------------------------------------------------------------------------

// Whether the loop itself meets the name, rather than only what is evaluated apart (reductions that do not fuse,
// products, views of what has the name in it).
template <class Id, class Context, class Node>
struct met {
  static constexpr bool value = expr::is_cell_of<Id, Node>;
};
template <class Id, class Context, class Op, class A>
struct met<Id, Context, map<Op, A>> : met<Id, Context, A> {};
template <class Id, class Context, class Op, class A, class B>
struct met<Id, Context, map<Op, A, B>> {
  using node = map<Op, A, B>;
  static constexpr bool value =
      met<Id, child_context<Context, node, A>, A>::value || met<Id, child_context<Context, node, B>, B>::value;
};
template <class Id, class Context, class Op, class A, class B, class C>
struct met<Id, Context, map<Op, A, B, C>> {
  using node = map<Op, A, B, C>;
  static constexpr bool value = met<Id, child_context<Context, node, A>, A>::value ||
                                met<Id, child_context<Context, node, B>, B>::value ||
                                met<Id, child_context<Context, node, C>, C>::value;
};
template <class Id, class Context, class Op, unsigned Mask, class A>
struct met<Id, Context, reduce<Op, Mask, A>> {
  static constexpr bool value =
      binding<reduce<Op, Mask, A>>::template fuses<Context> && met<Id, typename Context::inside, A>::value;
};
template <class Id, class Context, unsigned Mask, class A>
struct met<Id, Context, squeeze_node<Mask, A>> {
  static constexpr int R = A::dims.rank;
  static constexpr bool value = Context::outer && R == Context::domain && expr::trailing(Mask, R) == Context::q &&
                                met<Id, Context, A>::value;
};
template <class Context, class D>
using defining_context =
    std::conditional_t<Context::outer && !(expr::narrow<D>.q > 0), typename Context::inside, Context>;
template <class Id, class Context, class Inner, class D, class B>
struct met<Id, Context, let_node<Inner, D, B>> {
  static constexpr bool value = met<Id, Context, B>::value ||
                                (met<Inner, Context, B>::value && met<Id, defining_context<Context, D>, D>::value);
};

template <class Id, class D, class B>
struct binding<let_node<Id, D, B>> {
  // The node may be narrower than the definition, whose place is then that of the reduction it stands in.
  template <class Context, class Map, class Names>
  WEFT_INLINE static auto define(let_node<Id, D, B> const& n, binder& b, Map const& m, Names const& names) {
    constexpr int C = D::dims.rank;
    using defining = defining_context<Context, D>;
    if constexpr (C > 0 && Context::direct && C == Context::domain) {
      whole_domain<C> const own;
      return bind<defining>(n.definition, b, own, names);
    } else {
      return bind_child<defining>(n, n.definition, b, m, names);
    }
  }
  template <class Context, class Map, class Names>
  WEFT_INLINE static auto make(let_node<Id, D, B> const& n, binder& b, Map const& m, Names const& names) {
    if constexpr (met<Id, Context, B>::value) {
      using DC = decltype(define<Context>(n, b, m, names));
      name<Id, D, DC::avail, DC::row_constant, Names> const inner{n.definition, names};
      using BC = decltype(bind<Context>(n.body, b, m, inner));
      return named<Id, DC, BC>{define<Context>(n, b, m, names), bind<Context>(n.body, b, m, inner)};
    } else {
      return bind<Context>(n.body, b, m, name<Id, D, 0, true, Names>{n.definition, names});
    }
  }
};

template <class Id, class T, weft::shape S, int Row>
struct binding<cell<Id, T, S, Row>> {
  template <class Context, class Map, class Names>
  WEFT_INLINE static auto make(cell<Id, T, S, Row> const&, binder&, Map const&, Names const& names) {
    return find(names);
  }

 private:
  template <class D, int A, bool Splat, class Outer>
  WEFT_INLINE static auto find(name<Id, D, A, Splat, Outer> const&) {
    return cell_cursor<Id, T, A, Splat>{};
  }
  template <class Other, class D, int A, bool Splat, class Outer>
  WEFT_INLINE static auto find(name<Other, D, A, Splat, Outer> const& n) {
    return find(n.outer);
  }
};

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft
