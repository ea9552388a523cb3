// From an expression to the tokens of its loop and the table of what it reads.
//
// `bind<Context>(node, binder, map, names)`, a function a role. What lies in memory goes to the binder's table. What can't be
// part of the loop (a product inside the tree, a reduction over other axes) is evaluated here, before the loop begins; equal
// parts of a statement once. A product that a row program reads is not evaluated: it is a source, whose rows are computed
// tile by tile.
//
// The context says which reductions fuse: those over the last `q` axes of the domain.
#pragma once
#include <weft/engine/code.hpp>
#include <weft/engine/leaf.hpp>
#include <weft/engine/registers.hpp>
#include <weft/expr/let.hpp>
#include <weft/expr/fold.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace engine {

using expr::axis_map;
using expr::facts_of;
using expr::kid;
using expr::kid_t;

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

// The axes of a node of rank R are the domain's first R: where every bind begins. (An axis_map is what views make of it.)
template <int R>
struct whole_domain {};
WEFT_INLINE axis_map const& as_axis_map(axis_map const& m) { return m; }
template <int R>
WEFT_INLINE axis_map as_axis_map(whole_domain<R>) {
  return axis_map::identity<R>();
}

// Something that must live as long as the loop runs.
struct companion {
  companion* next = nullptr;
  virtual ~companion() = default;
};
// Something that was evaluated apart, by the type and the place of its node.
struct evaluated_part {
  void const* type;
  void const* node;
  storage const* result;
  int source = -1;  // or it is computed by tiles, and this leaf
};
template <class E>
inline constexpr char type_mark = 0;

// Where bind puts what it finds, in the order in which kernels enter their spots. (Another binder, which only says what
// would be done, is explain's.)
struct binder {
  frame const& f;
  leaf* next;
  number_bits* numbers;
  storage* kept;          // of results evaluated apart
  evaluated_part* parts;  // beside them
  companion** companions;
  leaf* tile = nullptr;   // the producer whose epilogue is bound
  int parts_count = 0;
  leaf* first = next;

  template <class T>
  WEFT_INLINE void constant(T x) {
    set_number(*numbers++, x);
  }
  // Elements in memory, dense. `e`: their extents, which stay where they are until the leaves are placed.
  template <class T, int R>
  WEFT_INLINE void leaf_of(T const* data, whole_domain<R>, index_t const* e, int rank, bool single) {
    leaf& l = *next++;
    l.base = data;
    l.type = &leaf_type_of<T>;
    l.ext = e;
    l.rank = static_cast<std::int16_t>(rank);
    l.last = R - 1;
    l.single = single;
  }
  template <class T>
  WEFT_INLINE void leaf_of(T const* data, axis_map const& m, index_t const* e, int rank, bool single) {
    leaf& l = *next++;
    if (WEFT_CHECKS && !data) check_nothing_read(f);
    l.type = &leaf_type_of<T>;
    l.ext = nullptr;
    l.single = single;
    l.base = data + lay_out_dense(l, f, m, e, rank);
  }
  template <class T>
  WEFT_INLINE void tile_of();
  // What is evaluated before the loop begins: something of one element, and something with axes.
  template <class Node, class Names>
  void number(Node const& n, Names const& names);
  template <class Node, class Map, class Names>
  void part(Node const& n, Map const& m, Names const& names, bool single);
  // A producer that is a source of rows, and a source of tiles.
  template <class Node>
  void rows(Node const& n);
  template <class Node>
  void tiles(Node const& n);
  template <class Node>
  bool add_twin(Node const& n);
  // The body of a let whose definition is evaluated now.
  template <class Id, class Node, class Names>
  auto const& made(Node const& n, Names const& names);
};

template <class Context, class Node, class Binder, class Map, class Names>
auto bind(Node const& n, Binder& b, Map const& m, Names const& names);
template <class Context, class Node>
using bound = decltype(bind<Context>(std::declval<Node const&>(), std::declval<binder&>(),
                                     whole_domain<Node::dims.rank>{}, no_names{}));

// (No std::array: where nothing is inlined, its members are shared by units of every instruction set.)
template <int N>
struct kept_parts {
  storage at[static_cast<std::size_t>(N)];
  evaluated_part parts[static_cast<std::size_t>(N)];
  companion* companions = nullptr;
  kept_parts() = default;
  kept_parts(kept_parts const&) = delete;
  ~kept_parts() {
    while (companions) {
      companion* const c = companions;
      companions = c->next;
      delete c;
    }
  }
};
// The leaves and numbers of a program, and what was evaluated for it.
template <class C>
struct table {
  static constexpr int leaves = C::leaves, numbers = C::numbers, kept = C::kept;
  leaf at[static_cast<std::size_t>(larger(leaves, 1))];
  number_bits number[static_cast<std::size_t>(larger(numbers, 1))];
  [[no_unique_address]] std::conditional_t<(kept > 0), kept_parts<kept>, no_names> own;
  WEFT_INLINE table() {
    if constexpr (leaves == 0) at[0].base = nullptr;
    if constexpr (numbers == 0) number[0] = {};
  }
  table(table const&) = delete;
  WEFT_INLINE binder into(frame const& f) {
    if constexpr (kept > 0)
      return {f, at, number, own.at, own.parts, &own.companions};
    else
      return {f, at, number, nullptr, nullptr, nullptr};
  }
};

// -- the contexts of children ----------------------------------------------------------------------------------------

// A column: an operand in memory whose last axis is known to be of size 1, such as bias(all, newaxis).
template <class E>
inline constexpr bool is_column = expr::is_column<E>(facts_of<E>);

// A child of an elementwise node has the same place: axes are aligned at the end, and lay_out_dense stretches those of
// size 1.
template <class Context, class Parent, class Child>
using child_context = std::conditional_t<
    Context::columns && is_column<Child>, typename Context::once_a_row,
    std::conditional_t<Context::outer || Child::dims.rank == 0 || Child::dims.rank == Parent::dims.rank, Context,
                       typename Context::indirect>>;
template <class Context, class D>
using defining_context =
    std::conditional_t<Context::outer && !(expr::row_of<D>.q == Context::q && expr::row_of<D>.domain == Context::domain),
                       typename Context::inside, Context>;

template <class Context, class Node>
inline constexpr bool fold_fuses = Context::q > 0 && Context::direct && kid_t<0, Node>::dims.rank == Context::domain &&
                                   expr::trailing(Node::mask, kid_t<0, Node>::dims.rank) == Context::q &&
                                   (!facts_of<Node>.reached || requires { Node::operation::back_by_rows; });
// A view that drops the axes of the row from what has one value a row.
template <class Context, class Node>
inline constexpr bool drops_row = Context::outer && Node::drops != 0 && kid_t<0, Node>::dims.rank == Context::domain &&
                                  expr::trailing(Node::drops, Context::domain) == Context::q;
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
  }(expr::kid_indices<E>{});
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
      return {false, expr::mentions<Id, E>};
  } else if constexpr (E::role == role::view) {
    if constexpr (drops_row<Context, E>)
      return find_uses<Id, Context, kid_t<0, E>>();
    else
      return {false, expr::mentions<Id, E>};
  } else if constexpr (E::role == role::let) {
    constexpr uses body = find_uses<Id, Context, kid_t<1, E>>();
    constexpr uses inner = find_uses<typename E::id, Context, kid_t<1, E>>();
    uses u = body;
    if (inner.loop) u = u | find_uses<Id, defining_context<Context, kid_t<0, E>>, kid_t<0, E>>();
    if (inner.apart) u = u | uses{false, expr::mentions<Id, kid_t<0, E>>};
    return u;
  } else {
    return {false, expr::mentions<Id, E>};
  }
}

// -- parts that are evaluated apart ----------------------------------------------------------------------------------

// The node with the definitions of the names around it, so that it can stand alone. They are put below reductions,
// producers and sources: what is left at the root is something that a plan knows how to run.
template <class Node>
WEFT_INLINE auto close_over(Node const& n, no_names const&) {
  return n;
}
template <class Node, class Id, class D, bool Met, class Outer>
auto close_over(Node const& n, scope<Id, D, Met, Outer> const& names) {
  if constexpr (Node::role == role::fold || Node::role == role::producer || Node::role == role::source)
    return expr::rebuilt(n, [&](auto const& k) { return close_over(k, names); });
  else if constexpr (expr::mentions<Id, Node>)
    return close_over(expr::let_node<Id, D, Node>(names.definition, n), names.outer);
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
    }(expr::kid_indices<E>{});
}
// Are two expressions of one type the same: of the same elements in memory, numbers, views?
template <class E>
bool same_expression(E const& x, E const& y) {
  if constexpr (E::role == role::leaf) {
    return x.data() == y.data() && x.sizes() == y.sizes();
  } else if constexpr (E::role == role::number) {
    return std::memcmp(&x.value, &y.value, sizeof(x.value)) == 0;
  } else if constexpr (E::role == role::name) {
    return true;
  } else {
    if constexpr (requires { x.looks_like(y); })
      if (!x.looks_like(y)) return false;
    return [&]<int... I>(std::integer_sequence<int, I...>) {
      return (same_expression(kid<I>(x), kid<I>(y)) && ...);
    }(expr::kid_indices<E>{});
  }
}

template <class T, int R, class E>
tensor<T, R> evaluated(E const& e);

// E with a tensor in the place of a name.
template <class Id, class E, class T, auto S>
auto with_value(E const& e, tensor<T, S> const& value) {
  if constexpr (E::role == role::name && std::is_same_v<typename std::conditional_t<E::role == role::name, E, no_id>::id, Id>)
    return value;
  else if constexpr (!expr::mentions<Id, E>)
    return e;
  else
    return expr::rebuilt(e, [&value](auto const& k) { return with_value<Id>(k, value); });
}
// The value of a definition, and the body in which it stands.
template <class Body>
struct made_body final : companion {
  Body body;
  explicit made_body(Body&& b) : body(static_cast<Body&&>(b)) {}
};

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

// Operands are bound from here, without `bind` between: what a tree costs the compiler is how often each part is inlined.
template <>
struct binding<role::map> {
  template <class Context, class Node, class Binder, class Map, class Names>
  WEFT_INLINE static auto make(Node const& n, Binder& b, Map const& m, Names const& names) {
    using ending = decltype(ending_of_map<Node>(expr::kid_indices<Node>{}));
    using A = kid_t<0, Node>;
    auto first = binding<A::role>::template make<child_context<Context, Node, A>>(kid<0>(n), b, m, names);
    if constexpr (Node::arity == 1) {
      return joined_t<decltype(first), ending>{};
    } else {
      using B = kid_t<1, Node>;
      auto second = binding<B::role>::template make<child_context<Context, Node, B>>(kid<1>(n), b, m, names);
      if constexpr (Node::arity == 2) {
        return joined_t<decltype(first), decltype(second), ending>{};
      } else {
        using C = kid_t<2, Node>;
        auto third = binding<C::role>::template make<child_context<Context, Node, C>>(kid<2>(n), b, m, names);
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
    using A = kid_t<0, Node>;
    if constexpr (expr::evaluated_number<Node> && !drops_row<Context, Node>) {
      b.number(kid<0>(n), names);
      return tokens<number<element_t<Node>, facts_of<Node>.reached>>{};
    } else {
      axis_map r;
      n.look(r, as_axis_map(m));
      if constexpr (drops_row<Context, Node>)
        return bind<Context>(kid<0>(n), b, r, names);
      else if constexpr (facts_of<A>.elementwise)
        return bind<typename Context::indirect>(kid<0>(n), b, r, names);
      else
        return bind_evaluated<Context>(kid<0>(n), b, r, names);
    }
  }
};

template <>
struct binding<role::producer> {
  template <class Context, class Node, class Binder, class Map, class Names>
  WEFT_INLINE static auto make(Node const& n, Binder& b, Map const& m, Names const& names) {
    using T = element_t<Node>;
    if constexpr (Context::tile) {
      // The driver's tile: its address and row pitch are set for each block (engine/product.hpp).
      b.template tile_of<T>();
      return tokens<memory<T>>{};
    } else if constexpr (computed_by_rows<Context, Node> && !is_open<Node>()) {
      if (covers_frame(n.sizes(), b.f))
        b.rows(n);
      else
        bind_evaluated<Context>(n, b, m, names);
      return tokens<memory<T, false, true>>{};
    } else {
      return bind_evaluated<Context>(n, b, m, names);
    }
  }
  template <std::size_t R>
  static bool covers_frame(std::array<index_t, R> const& e, frame const& f) {
    for (std::size_t i = 0; i < R; ++i)
      if (e[i] != f.ext[i]) return false;
    return true;
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
      if (binding<role::producer>::covers_frame(n.sizes(), b.f))
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
  expr::check_life(n);
  return binding<Node::role>::template make<Context>(n, b, m, names);
}

// -- what the binder evaluates ---------------------------------------------------------------------------------------

// The tile of a producer, as the rest of the statement sees it.
template <class T>
WEFT_INLINE void set_tile_leaf(leaf& l) {
  l.base = nullptr;
  l.type = &leaf_type_of<T>;
  l.ext = nullptr;
  l.single = false;
  for (int d = 0; d < max_rank; ++d) l.stride[d] = 0;
}
template <class T>
WEFT_INLINE void binder::tile_of() {
  tile = next++;
  set_tile_leaf<T>(*tile);
}
template <class Node, class Names>
void binder::number(Node const& n, Names const& names) {
  using T = element_t<Node>;
  auto const result = evaluated<T, Node::dims.rank>(close_over(n, names));
  constant(static_cast<T>(*result.data()));
}
template <class Id, class Node, class Names>
auto const& binder::made(Node const& n, Names const& names) {
  using D = kid_t<0, Node>;
  auto body = with_value<Id>(kid<1>(n), evaluated<element_t<D>, D::dims.rank>(close_over(kid<0>(n), names)));
  auto* const c = new made_body<decltype(body)>(static_cast<decltype(body)&&>(body));
  c->next = *companions;
  *companions = c;
  ++kept;
  return c->body;
}
// Of equal parts of a statement one is evaluated.
template <class Node, class Map, class Names>
void binder::part(Node const& n, Map const& m, Names const& names, bool single) {
  using T = element_t<Node>;
  constexpr int R = Node::dims.rank;
  constexpr bool closed = !is_open<Node>();
  storage buffer;
  if constexpr (closed) {
    for (int i = 0; i < parts_count && !buffer; ++i)
      if (parts[i].type == &type_mark<Node> && parts[i].result && same_expression(n, *static_cast<Node const*>(parts[i].node)))
        buffer = *parts[i].result;
  }
  if (!buffer) buffer = static_cast<storage&&>(evaluated<T, R>(close_over(n, names)).items().buffer);
  auto const ext = n.sizes();
  leaf_of(static_cast<T const*>(std::as_const(buffer).data()), as_axis_map(m), ext.data(), R, single);
  *kept = static_cast<storage&&>(buffer);
  if constexpr (closed) parts[parts_count++] = {&type_mark<Node>, &n, kept};
  ++kept;
}

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft
