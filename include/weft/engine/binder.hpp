// The table of what a loop reads: what `bind` (expr/bind.hpp) finds in an expression goes there.
//
// What can't be part of the loop (a product inside the tree, a reduction over other axes) is evaluated here, before the loop
// begins; equal parts of a statement once. A product that a row program reads is not evaluated: it is a source, whose rows
// are computed tile by tile (engine/producer.hpp).
#pragma once
#include <weft/engine/code.hpp>
#include <weft/engine/leaf.hpp>
#include <weft/engine/registers.hpp>
#include <weft/expr/bind.hpp>
#include <weft/expr/same.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace engine {

using expr::as_axis_map;
using expr::axis_map;
using expr::bind;
using expr::close_over;
using expr::context;
using expr::facts_of;
using expr::is_open;
using expr::kid;
using expr::kid_t;
using expr::no_names;
using expr::same_expression;
using expr::whole_domain;
using expr::with_value;

// Something that must live as long as the loop runs.
struct companion {
  companion* next = nullptr;
  virtual ~companion() = default;
};
struct companion_list {
  companion* first = nullptr;
  companion_list() = default;
  companion_list(companion_list const&) = delete;
  ~companion_list() {
    while (first) {
      companion* const c = first;
      first = c->next;
      delete c;
    }
  }
  template <class C>
  C* add(C* c) {
    c->next = first;
    first = c;
    return c;
  }
};
// A part of a statement for which the table keeps something, so that an equal part needn't be made again: the type of its node
// (the address of its `type_mark`) and the node.
struct evaluated_part {
  void const* type;
  void const* node;
  storage const* result;
  int source = -1;  // or no result, but the number of the leaf that computes its tiles
};
template <class E>
inline constexpr char type_mark = 0;

// Has something of the domain's rank the domain's extents?
template <std::size_t R>
bool covers_frame(std::array<index_t, R> const& e, frame const& f) {
  for (std::size_t i = 0; i < R; ++i)
    if (e[i] != f.ext[i]) return false;
  return true;
}

// Where bind puts what it finds, in the order in which kernels enter their spots. (Another binder, which only says what
// would be done, is explain's.)
struct binder {
  frame const& f;
  leaf* next;
  number_bits* numbers;
  storage* kept;          // where the next buffer goes of what was evaluated apart
  evaluated_part* parts;  // what each of these buffers and each source was made of
  companion_list* companions;
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
  // The tile of the producer whose epilogue is bound: its address and row pitch are set for each block.
  template <class T>
  WEFT_INLINE void tile_of();
  template <std::size_t R>
  bool covers(std::array<index_t, R> const& e) const {
    return covers_frame(e, f);
  }
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

template <class Context, class Node>
using bound = decltype(bind<Context>(std::declval<Node const&>(), std::declval<binder&>(),
                                     whole_domain<Node::dims.rank>{}, no_names{}));

// What a table keeps alive while its loop runs.
// (No std::array: where nothing is inlined, its members are shared by units of every instruction set.)
template <int N>
struct kept_parts {
  storage at[static_cast<std::size_t>(N)];
  evaluated_part parts[static_cast<std::size_t>(N)];
  companion_list companions;
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

template <class T, int R, class E>
tensor<T, R> evaluated(E const& e);

// The value of a definition, and the body in which it stands.
template <class Body>
struct made_body final : companion {
  Body body;
  explicit made_body(Body&& b) : body(static_cast<Body&&>(b)) {}
};

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
  ++kept;
  return companions->add(c)->body;
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
  if (!buffer) {
    if constexpr (closed)
      buffer = static_cast<storage&&>(evaluated<T, R>(n).items().buffer);
    else
      buffer = static_cast<storage&&>(evaluated<T, R>(close_over(n, names)).items().buffer);
  }
  auto const ext = n.sizes();
  leaf_of(static_cast<T const*>(std::as_const(buffer).data()), as_axis_map(m), ext.data(), R, single);
  *kept = static_cast<storage&&>(buffer);
  if constexpr (closed) parts[parts_count++] = {&type_mark<Node>, &n, kept};
  ++kept;
}

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft
