// From nodes to cursors.
//
// `bind<Context>(node, frame, axis_map, names)`; one `binding<Node>` a kind of node, below. What can't be part of
// the loop (a product inside the tree, a reduction over other axes) is evaluated here, before the loop begins.
#pragma once
#include <weft/eval/cursor.hpp>
#include <weft/expr/narrow.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace engine {

template <class Node>
struct binding;

template <class T, int R, class E>
tensor<T, R> evaluated(E const& e);

template <class Context, class Node, class Names>
WEFT_INLINE auto bind(Node const& node, frame const& f, axis_map const& m, Names const& names) {
  return binding<Node>::template make<Context>(node, f, m, names);
}

// Extents and strides of a leaf's memory become strides in the domain. Returns what is added to its address.
[[gnu::noinline]] inline index_t lay_out(leaf_strides& c, frame const& f, axis_map const& m, index_t const* strides,
                                         int rank) {
  index_t offset = 0;
  for (int d = 0; d < f.rank; ++d) c.stride[d] = 0;
  for (int i = 0; i < rank; ++i) {
    offset += strides[i] * m.start[i];
    if (m.axis[i] >= 0) c.stride[m.axis[i]] += strides[i] * m.step[i];
  }
  return offset;
}
WEFT_INLINE void dense_strides(index_t const* e, int rank, index_t* strides) {
  index_t s = 1;
  for (int i = rank - 1; i >= 0; --i) {
    strides[i] = s;
    s *= e[i];
  }
}
[[gnu::noinline]] inline index_t lay_out_dense(leaf_strides& c, frame const& f, axis_map const& m, index_t const* e,
                                               int rank) {
  index_t strides[max_rank];
  dense_strides(e, rank, strides);
  return lay_out(c, f, m, strides, rank);
}
template <class Context, class T>
using memory_in = std::conditional_t<Context::outer, outer_memory<T>, memory<T>>;

// A dense leaf of the extents `e`. (GCC 12 builds the result in place only if it is declared in the function's own
// block.)
template <class Cursor, class T, std::size_t R>
WEFT_INLINE Cursor dense_leaf(T const* data, std::array<index_t, R> const& e, frame const& f, axis_map const& m) {
  Cursor c;
  c.base = data;
  if (f.flat)
    c.stride[0] = 1;
  else
    c.base += lay_out_dense(c, f, m, e.data(), static_cast<int>(R));
  return c;
}

template <class T, auto S>
struct binding<tensor<T, S>> {
  template <class Context, class Names>
  WEFT_INLINE static auto make(tensor<T, S> const& t, frame const& f, axis_map const& m, Names const&) {
    if constexpr (to_shape(S).rank == 0) {
      return constant<T>{*t.data()};
    } else {
      return dense_leaf<memory_in<Context, T>>(t.data(), t.sizes(), f, m);
    }
  }
};

template <class T>
struct binding<expr::constant<T>> {
  template <class Context, class Names>
  WEFT_INLINE static auto make(expr::constant<T> const& t, frame const&, axis_map const&, Names const&) {
    return constant<T>{t.value};
  }
};

// The map of a child of an elementwise node: same place, but axes of size 1 that are stretched stay at 0.
[[gnu::noinline]] inline axis_map child_map(axis_map const& m, index_t const* own, int R, index_t const* child, int C) {
  axis_map r;
  for (int c = 0; c < C; ++c) {
    int const i = c + R - C;
    bool const stretched = child[c] == 1 && own[i] != 1;
    r.axis[c] = stretched ? -1 : m.axis[i];
    r.start[c] = stretched ? 0 : m.start[i];
    r.step[c] = stretched ? 0 : m.step[i];
  }
  return r;
}
template <int R, int C>
WEFT_INLINE axis_map child_map(axis_map const& m, extents<R> const& own, extents<C> const& child) {
  return child_map(m, own.data(), R, child.data(), C);
}
template <class Context, class Node, class Child, class Names>
WEFT_INLINE auto bind_child(Node const& node, Child const& child, frame const& f, axis_map const& m,
                            Names const& names) {
  constexpr int R = Node::dims.rank, C = Child::dims.rank;
  if constexpr (C == 0 || (R == C && Node::dims.known() && Node::dims == Child::dims)) {
    return bind<Context>(child, f, m, names);
  } else if constexpr (Context::outer) {
    return bind<Context>(child, f, child_map<R, C>(m, node.sizes(), child.sizes()), names);
  } else if constexpr (R == C) {
    return bind<Context>(child, f, f.flat ? m : child_map<R, C>(m, node.sizes(), child.sizes()), names);
  } else {
    return bind<typename Context::indirect>(child, f, child_map<R, C>(m, node.sizes(), child.sizes()), names);
  }
}

template <class Op, class A>
struct binding<map<Op, A>> {
  template <class Context, class Names>
  WEFT_INLINE static auto make(map<Op, A> const& n, frame const& f, axis_map const& m, Names const& names) {
    using CA = decltype(bind_child<Context>(n, n.a, f, m, names));
    return mapped<Op, CA>{bind_child<Context>(n, n.a, f, m, names)};
  }
};
template <class Op, class A, class B>
struct binding<map<Op, A, B>> {
  template <class Context, class Names>
  WEFT_INLINE static auto make(map<Op, A, B> const& n, frame const& f, axis_map const& m, Names const& names) {
    using CA = decltype(bind_child<Context>(n, n.a, f, m, names));
    using CB = decltype(bind_child<Context>(n, n.b, f, m, names));
    return mapped<Op, CA, CB>{bind_child<Context>(n, n.a, f, m, names), bind_child<Context>(n, n.b, f, m, names)};
  }
};
template <class Op, class A, class B, class C>
struct binding<map<Op, A, B, C>> {
  template <class Context, class Names>
  WEFT_INLINE static auto make(map<Op, A, B, C> const& n, frame const& f, axis_map const& m, Names const& names) {
    using CA = decltype(bind_child<Context>(n, n.a, f, m, names));
    using CB = decltype(bind_child<Context>(n, n.b, f, m, names));
    using CC = decltype(bind_child<Context>(n, n.c, f, m, names));
    return mapped<Op, CA, CB, CC>{bind_child<Context>(n, n.a, f, m, names), bind_child<Context>(n, n.b, f, m, names),
                                  bind_child<Context>(n, n.c, f, m, names)};
  }
};

// -- what is evaluated apart -------------------------------------------------------------------------------------

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

template <class Context, class Node, class Names>
WEFT_INLINE auto bind_evaluated(Node const& n, frame const& f, axis_map const& m, Names const& names) {
  using T = element_t<Node>;
  constexpr int R = Node::dims.rank;
  auto result = evaluated<T, R>(close_over(n, names));
  if constexpr (R == 0) {
    return constant<T>{result.items().items[0]};
  } else {
    auto c = dense_leaf<owned<memory_in<Context, T>>>(std::as_const(result).data(), result.sizes(), f, m);
    c.keep = result.items().buffer;
    return c;
  }
}

template <class Op, unsigned Mask, class A>
struct binding<reduce<Op, Mask, A>> {
  using node = reduce<Op, Mask, A>;
  template <class Context>
  static constexpr bool fuses = Context::q > 0 && Context::direct && A::dims.rank == Context::domain &&
                                node::q == Context::q;

  template <class Context, class Names>
  WEFT_INLINE static auto make(node const& n, frame const& f, axis_map const& m, Names const& names) {
    if constexpr (fuses<Context>) {
      auto const own = axis_map::identity<A::dims.rank>();
      using C = decltype(bind<typename Context::inside>(n.a, f, own, names));
      return row_reduce<Op, element_t<A>, C>{bind<typename Context::inside>(n.a, f, own, names)};
    } else {
      return bind_evaluated<Context>(n, f, m, names);
    }
  }
};

template <class A, class B>
struct binding<contract<A, B>> {
  template <class Context, class Names>
  WEFT_INLINE static auto make(contract<A, B> const& n, frame const& f, axis_map const& m, Names const& names) {
    if constexpr (Context::tile) {
      // The driver's tile: its address and row pitch are set for each block (eval/product.hpp).
      tile_memory<element_t<contract<A, B>>> c;
      c.base = nullptr;
      c.stride[0] = 0;
      c.stride[1] = 1;
      return c;
    } else {
      return bind_evaluated<Context>(n, f, m, names);
    }
  }
};

// -- views -----------------------------------------------------------------------------------------------------

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

// sum(x) beside an operand of any rank: a number, found before the loop begins. Precondition: n has one element.
template <class Node, class Names>
WEFT_INLINE auto bind_number(Node const& n, Names const& names) {
  using T = element_t<Node>;
  auto const result = evaluated<T, Node::dims.rank>(close_over(n, names));
  return constant<T>{*result.data()};
}
template <class E>
inline constexpr bool evaluated_number = false;
template <unsigned Mask, class A>
inline constexpr bool evaluated_number<squeeze_node<Mask, A>> = squeeze_node<Mask, A>::dims.rank == 0 && !elementwise<A>;

template <class Context, class A, class Names>
WEFT_INLINE auto bind_viewed(A const& a, frame const& f, axis_map const& m, Names const& names) {
  if constexpr (elementwise<A>)
    return bind<typename Context::indirect>(a, f, m, names);
  else
    return bind_evaluated<Context>(a, f, m, names);
}

template <class A, weft::shape D>
struct binding<view<A, D>> {
  template <class Context, class Names>
  WEFT_INLINE static auto make(view<A, D> const& n, frame const& f, axis_map const& m, Names const& names) {
    axis_map r;
    for (int c = 0; c < A::dims.rank; ++c) {
      auto const& s = n.from[static_cast<std::size_t>(c)];
      bool const moves = s.axis >= 0;
      r.axis[c] = moves ? m.axis[s.axis] : -1;
      r.start[c] = s.start + (moves ? s.step * m.start[s.axis] : 0);
      r.step[c] = moves ? s.step * m.step[s.axis] : 0;
    }
    return bind_viewed<Context>(n.a, f, r, names);
  }
};

template <unsigned Mask, class A>
struct binding<squeeze_node<Mask, A>> {
  template <class Context, class Names>
  WEFT_INLINE static auto make(squeeze_node<Mask, A> const& n, frame const& f, axis_map const& m, Names const& names) {
    constexpr int R = A::dims.rank;
    axis_map r;
    for (int c = 0, i = 0; c < R; ++c) {
      bool const dropped = (Mask >> c) & 1;
      r.axis[c] = dropped ? -1 : m.axis[i];
      r.start[c] = dropped ? 0 : m.start[i];
      r.step[c] = dropped ? 0 : m.step[i];
      if (!dropped) ++i;
    }
    if constexpr (Context::outer && R == Context::domain && expr::trailing(Mask, R) == Context::q)
      return bind<Context>(n.a, f, r, names);
    else if constexpr (evaluated_number<squeeze_node<Mask, A>>)
      return bind_number(n.a, names);
    else
      return bind_viewed<Context>(n.a, f, r, names);
  }
};

// -- names -----------------------------------------------------------------------------------------------------

// Whether the loop itself meets the name, rather than only what is evaluated apart (reductions that do not fuse,
// products, views of what has the name in it).
template <class Id, class Context, class Node>
struct met {
  static constexpr bool value = expr::is_cell_of<Id, Node>;
};
template <class Parent, class Child, class Context>
using child_context = std::conditional_t<Context::outer || Child::dims.rank == 0 || Child::dims.rank == Parent::dims.rank,
                                         Context, typename Context::indirect>;
template <class Id, class Context, class Op, class A>
struct met<Id, Context, map<Op, A>> : met<Id, Context, A> {};
template <class Id, class Context, class Op, class A, class B>
struct met<Id, Context, map<Op, A, B>> {
  using node = map<Op, A, B>;
  static constexpr bool value =
      met<Id, child_context<node, A, Context>, A>::value || met<Id, child_context<node, B, Context>, B>::value;
};
template <class Id, class Context, class Op, class A, class B, class C>
struct met<Id, Context, map<Op, A, B, C>> {
  using node = map<Op, A, B, C>;
  static constexpr bool value = met<Id, child_context<node, A, Context>, A>::value ||
                                met<Id, child_context<node, B, Context>, B>::value ||
                                met<Id, child_context<node, C, Context>, C>::value;
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
  template <class Context, class Names>
  WEFT_INLINE static auto define(let_node<Id, D, B> const& n, frame const& f, axis_map const& m, Names const& names) {
    constexpr int C = D::dims.rank;
    using defining = defining_context<Context, D>;
    if constexpr (C > 0 && Context::direct && C == Context::domain) {
      if (f.flat) return bind<defining>(n.definition, f, m, names);
      auto const own = axis_map::identity<C>();
      return bind<defining>(n.definition, f, child_map(own, f.ext, C, n.definition.sizes().data(), C), names);
    } else {
      return bind_child<defining>(n, n.definition, f, m, names);
    }
  }
  template <class Context, class Names>
  WEFT_INLINE static auto make(let_node<Id, D, B> const& n, frame const& f, axis_map const& m, Names const& names) {
    if constexpr (met<Id, Context, B>::value) {
      auto d = define<Context>(n, f, m, names);
      using DC = decltype(d);
      name<Id, D, DC::avail, DC::row_constant, Names> const inner{n.definition, names};
      auto b = bind<Context>(n.body, f, m, inner);
      return named<Id, DC, decltype(b)>{d, b};
    } else {
      return bind<Context>(n.body, f, m, name<Id, D, 0, true, Names>{n.definition, names});
    }
  }
};

template <class Id, class T, weft::shape S, int Row>
struct binding<cell<Id, T, S, Row>> {
  template <class Context, class Names>
  WEFT_INLINE static auto make(cell<Id, T, S, Row> const&, frame const&, axis_map const&, Names const& names) {
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

// -- do the fused reductions have the rows of the domain? --------------------------------------------------------
// The compiler cannot know: x - mean(y, keepdims) may have a y with longer rows. Then the reductions are evaluated
// apart, which is another loop.

template <class Context, class Node>
WEFT_INLINE bool rows_agree(Node const& n, index_t const* ext);

template <class Node>
struct agreement {
  template <class Context>
  WEFT_INLINE static bool check(Node const&, index_t const*) {
    return true;
  }
};
template <class Context, class Node>
WEFT_INLINE bool rows_agree(Node const& n, index_t const* ext) {
  return agreement<Node>::template check<Context>(n, ext);
}
template <class Op, class A>
struct agreement<map<Op, A>> {
  template <class Context>
  WEFT_INLINE static bool check(map<Op, A> const& n, index_t const* ext) {
    return rows_agree<Context>(n.a, ext);
  }
};
template <class Op, class A, class B>
struct agreement<map<Op, A, B>> {
  template <class Context>
  WEFT_INLINE static bool check(map<Op, A, B> const& n, index_t const* ext) {
    return rows_agree<Context>(n.a, ext) && rows_agree<Context>(n.b, ext);
  }
};
template <class Op, class A, class B, class C>
struct agreement<map<Op, A, B, C>> {
  template <class Context>
  WEFT_INLINE static bool check(map<Op, A, B, C> const& n, index_t const* ext) {
    return rows_agree<Context>(n.a, ext) && rows_agree<Context>(n.b, ext) && rows_agree<Context>(n.c, ext);
  }
};
template <class Op, unsigned Mask, class A>
struct agreement<reduce<Op, Mask, A>> {
  template <class Context>
  WEFT_INLINE static bool check(reduce<Op, Mask, A> const& n, index_t const* ext) {
    if constexpr (A::dims.rank == Context::domain && reduce<Op, Mask, A>::q == Context::q) {
      auto const e = n.a.sizes();
      for (int i = 0; i < A::dims.rank; ++i)
        if (e[static_cast<std::size_t>(i)] != ext[i]) return false;
      return rows_agree<Context>(n.a, ext);
    } else {
      return true;
    }
  }
};
template <unsigned Mask, class A>
struct agreement<squeeze_node<Mask, A>> {
  template <class Context>
  WEFT_INLINE static bool check(squeeze_node<Mask, A> const& n, index_t const* ext) {
    return rows_agree<Context>(n.a, ext);
  }
};
template <class Id, class D, class B>
struct agreement<let_node<Id, D, B>> {
  template <class Context>
  WEFT_INLINE static bool check(let_node<Id, D, B> const& n, index_t const* ext) {
    return rows_agree<Context>(n.definition, ext) && rows_agree<Context>(n.body, ext);
  }
};

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft
