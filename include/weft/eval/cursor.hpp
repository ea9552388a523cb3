// Cursors: an expression bound to an iteration space. Extents, names and addresses leave the types here, so that tensors
// of eight shapes share one loop.
//
// `bind<Context>(node, binder, axis_map, names)` (eval/bind.hpp) puts what it finds in memory into a table of leaves
// (eval/leaf.hpp) and returns a cursor, which has the form of the tree:
//   memory      a leaf of the table
//   constant    a number
//   mapped      an operation over cursors
//   row_reduce  a reduction over the row, fused: computed in pass `pass`, a constant of the row from pass+1 on
//   named, cell a let and its name: in a register within the pass that computes it, in a row of scratch later
//   owned       the result of what was materialised: products inside the tree, reductions over other axes
//
// A kernel copies the cursor, lets it `enter` a tile (the leaves take their rows from the spots of the walk, in order)
// and makes lines (eval/line.hpp) for one row: `line<P, N>(r, names)` in pass P. What a cursor does besides, such as
// adding up a reduction, is its `work<P, N>` (eval/work.hpp).
//
// A cursor says how many `leaves` and results of its own (`kept`) it has, the pass it is `avail`able in, its `cost`,
// the `width` of its widest type and whether it is `row_constant`.
//
// The context says which reductions fuse: those over the last `q` axes of the domain.
#pragma once
#include <weft/eval/leaf.hpp>
#include <weft/eval/line.hpp>
#include <weft/expr/contract.hpp>
#include <weft/expr/let.hpp>
#include <weft/expr/reduce.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace engine {

using expr::cell;
using expr::contract;
using expr::let_node;
using expr::map;
using expr::reduce;
using expr::squeeze_node;
using expr::view;

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

// Names in scope while binding: the definition (for what has to be evaluated apart), the pass it is ready in and
// whether it is a constant of the row.
struct no_names {};
template <class Id, class D, int Avail, bool Splat, class Outer>
struct name {
  D const& definition;
  Outer const& outer;
};

// Names in scope while walking: where the values are.
template <class Id, class Cursor, class Outer>
struct place_of {
  Cursor const& cursor;
  Outer const& outer;
};

// Rows of scratch for definitions, each of `columns` elements.
struct scratch_rows {
  char* next;
  index_t columns;
  template <class T>
  WEFT_INLINE T* take() {
    auto* const row = reinterpret_cast<T*>(next);
    next += (columns * index_t(sizeof(T)) + 63) / 64 * 64;
    return row;
  }
};

// -- leaves ----------------------------------------------------------------------------------------------------

template <class T>
struct memory {
  static constexpr int leaves = 1, kept = 0;
  static constexpr int avail = 0;
  static constexpr int cost = 0;
  static constexpr bool row_constant = false;
  static constexpr int width = sizeof(T);
  using type = T;

  T const* here = nullptr;  // first element of the tile
  index_t pitch = 0;        // from row to row of the tile

  WEFT_INLINE void enter(spot const*& s) {
    here = static_cast<T const*>(s->here);
    pitch = s->pitch;
    ++s;
  }
  template <int Last>
  WEFT_INLINE void take_rows(scratch_rows&) {}
  template <int P, int N, class E>
  WEFT_INLINE memory_line<T, N> line(index_t r, E const&) const {
    return {here + r * pitch};
  }
};

// One element a row: beside reductions over it (`Derived`), or a column.
template <class T, bool Derived>
struct outer_memory : memory<T> {
  static constexpr bool row_constant = true;
  template <int P, int N, class E>
  WEFT_INLINE auto line(index_t r, E const&) const {
    return splat_line<T, pack<T, N>, Derived>{pack<T, N>(this->here[r * this->pitch])};
  }
};

// What was evaluated for this statement: the table holds its buffer.
template <class Memory>
struct owned : Memory {
  static constexpr int kept = 1;
};

template <class T>
struct constant {
  static constexpr int leaves = 0, kept = 0;
  static constexpr int avail = 0;
  static constexpr int cost = 0;
  static constexpr bool row_constant = true;
  static constexpr int width = sizeof(T);
  using type = T;
  T value;
  WEFT_INLINE void enter(spot const*&) {}
  template <int Last>
  WEFT_INLINE void take_rows(scratch_rows&) {}
  template <int P, int N, class E>
  WEFT_INLINE auto line(index_t, E const&) const {
    return splat_line<T, pack<T, N>, false>{pack<T, N>(value)};
  }
};

// -- operations ------------------------------------------------------------------------------------------------

constexpr int larger(int a, int b) { return a > b ? a : b; }

// What one pack of the operation costs, about: decides whether a let definition is computed again or stored.
template <class Op>
constexpr int cost_of() {
  using namespace expr::op;
  if constexpr (std::is_base_of_v<promoting, Op>)
    return 1;
  else if constexpr (std::is_same_v<Op, divide>)
    return 6;
  else
    return std::is_base_of_v<floating, Op> ? 12 : 1;
}

template <class Op, class... A>
struct mapped;

template <class Op, class A>
struct mapped<Op, A> {
  static constexpr int leaves = A::leaves, kept = A::kept;
  static constexpr int avail = A::avail;
  static constexpr int cost = A::cost + cost_of<Op>();
  using type = typename Op::template result<typename A::type>;
  static constexpr bool row_constant = A::row_constant;
  static constexpr int width = larger(A::width, sizeof(typename Op::template compute<typename A::type>));
  A a;
  WEFT_INLINE void enter(spot const*& s) { a.enter(s); }
  template <int Last>
  WEFT_INLINE void take_rows(scratch_rows& s) {
    a.template take_rows<Last>(s);
  }
  template <int P, int N, class E>
  WEFT_INLINE auto line(index_t r, E const& e) const {
    return line_of<Op>(a.template line<P, N>(r, e));
  }
};
template <class Op, class A, class B>
struct mapped<Op, A, B> {
  static constexpr int leaves = A::leaves + B::leaves, kept = A::kept + B::kept;
  static constexpr int avail = larger(A::avail, B::avail);
  static constexpr int cost = A::cost + B::cost + cost_of<Op>();
  using type = typename Op::template result<typename A::type, typename B::type>;
  static constexpr bool row_constant = A::row_constant && B::row_constant;
  static constexpr int width = larger(larger(A::width, B::width),
                                      sizeof(typename Op::template compute<typename A::type, typename B::type>));
  A a;
  B b;
  WEFT_INLINE void enter(spot const*& s) {
    a.enter(s);
    b.enter(s);
  }
  template <int Last>
  WEFT_INLINE void take_rows(scratch_rows& s) {
    a.template take_rows<Last>(s);
    b.template take_rows<Last>(s);
  }
  template <int P, int N, class E>
  WEFT_INLINE auto line(index_t r, E const& e) const {
    return line_of<Op>(a.template line<P, N>(r, e), b.template line<P, N>(r, e));
  }
};
template <class Op, class A, class B, class C>
struct mapped<Op, A, B, C> {
  static constexpr int leaves = A::leaves + B::leaves + C::leaves, kept = A::kept + B::kept + C::kept;
  static constexpr int avail = larger(A::avail, larger(B::avail, C::avail));
  static constexpr int cost = A::cost + B::cost + C::cost + cost_of<Op>();
  using type = typename Op::template result<typename A::type, typename B::type, typename C::type>;
  static constexpr bool row_constant = A::row_constant && B::row_constant && C::row_constant;
  static constexpr int width = larger(larger(A::width, larger(B::width, C::width)), sizeof(type));
  A a;
  B b;
  C c;
  WEFT_INLINE void enter(spot const*& s) {
    a.enter(s);
    b.enter(s);
    c.enter(s);
  }
  template <int Last>
  WEFT_INLINE void take_rows(scratch_rows& s) {
    a.template take_rows<Last>(s);
    b.template take_rows<Last>(s);
    c.template take_rows<Last>(s);
  }
  template <int P, int N, class E>
  WEFT_INLINE auto line(index_t r, E const& e) const {
    return line_of<Op>(a.template line<P, N>(r, e), b.template line<P, N>(r, e), c.template line<P, N>(r, e));
  }
};

// -- reductions over the row and names ---------------------------------------------------------------------------

template <class Op, class T, class A>
struct row_reduce {
  static constexpr int leaves = A::leaves, kept = A::kept;
  static constexpr int pass = A::avail;
  static constexpr int avail = A::avail + 1;
  static constexpr int cost = 0;
  using compute = typename Op::template compute<T>;
  using type = typename Op::template result<T>;
  static constexpr bool row_constant = true;
  static constexpr int width = larger(A::width, sizeof(compute));
  A a;
  type value{};
  WEFT_INLINE void enter(spot const*& s) { a.enter(s); }
  template <int Last>
  WEFT_INLINE void take_rows(scratch_rows& s) {
    a.template take_rows<Last>(s);
  }
  template <int P, int N, class E>
  WEFT_INLINE auto line(index_t, E const&) const {
    static_assert(P >= avail);
    return splat_line<type, pack<type, N>, true>{pack<type, N>(value)};
  }
};

// The name of a definition. `Splat`: it is a constant of the row.
template <class Id, class T, int Avail, bool Splat>
struct cell_cursor {
  static constexpr int leaves = 0, kept = 0;
  static constexpr int avail = Avail;
  static constexpr bool row_constant = Splat;
  static constexpr int cost = 0;
  static constexpr int width = sizeof(T);
  using type = T;
  WEFT_INLINE void enter(spot const*&) {}
  template <int Last>
  WEFT_INLINE void take_rows(scratch_rows&) {}
  template <int P, int N, class E>
  WEFT_INLINE auto line(index_t r, E const& names) const {
    return look_up<P, N>(r, names);
  }

 private:
  template <int P, int N, class C, class O>
  WEFT_INLINE static auto look_up(index_t r, place_of<Id, C, O> const& names) {
    return names.cursor.template cell<P, N>(r, names.outer);
  }
  template <int P, int N, class Other, class C, class O>
  WEFT_INLINE static auto look_up(index_t r, place_of<Other, C, O> const& names) {
    return look_up<P, N>(r, names.outer);
  }
};

// A definition and what it is used in. Passes after the one that computes it find it in a row of scratch, unless it
// is constant along the row or cheap enough to be computed again.
template <class Id, class D, class B>
struct named {
  static constexpr int leaves = D::leaves + B::leaves, kept = D::kept + B::kept;
  static constexpr int ready = D::avail;  // the pass that computes the definition
  static constexpr int avail = B::avail;
  static constexpr bool row_constant = B::row_constant;
  static constexpr int cost = D::cost + B::cost;
  static constexpr int width = larger(D::width, B::width);
  static constexpr bool again = D::row_constant || D::cost <= 2;
  using type = typename B::type;
  using row_type = typename D::type;
  D definition;
  B body;
  row_type* row = nullptr;  // scratch (elements of a row), or the destination's own row
  row_type* scratch = nullptr;

  WEFT_INLINE void enter(spot const*& s) {
    definition.enter(s);
    body.enter(s);
  }
  template <int Last>
  WEFT_INLINE void take_rows(scratch_rows& s) {
    definition.template take_rows<Last>(s);
    body.template take_rows<Last>(s);
    if constexpr (Last > ready && !again) row = scratch = s.take<row_type>();
  }
  template <int P, int N, class E>
  WEFT_INLINE auto line(index_t r, E const& e) const {
    place_of<Id, named, E> const inner{*this, e};
    if constexpr (P == ready && !D::row_constant) {
      auto d = definition.template line<P, N>(r, e);
      auto b = body.template line<P, N>(r, inner);
      return let_line<Id, decltype(d), decltype(b)>{d, b};
    } else {
      return body.template line<P, N>(r, inner);
    }
  }
  template <int P, int N, class E>
  WEFT_INLINE auto cell(index_t r, E const& outer) const {
    if constexpr (P == ready && !D::row_constant)
      return cell_line<Id, row_type>{};
    else if constexpr (again)
      return definition.template line<P, N>(r, outer);
    else
      return memory_line<row_type, N>{row};
  }
};

// What the definitions of a program keep of a row, in bytes an element.
template <class Cursor, int Last>
struct rows_kept {
  static constexpr int rows = 0;
  static constexpr index_t bytes = 0;
};
template <class Op, class... A, int Last>
struct rows_kept<mapped<Op, A...>, Last> {
  static constexpr int rows = (rows_kept<A, Last>::rows + ...);
  static constexpr index_t bytes = (rows_kept<A, Last>::bytes + ...);
};
template <class Op, class T, class A, int Last>
struct rows_kept<row_reduce<Op, T, A>, Last> : rows_kept<A, Last> {};
template <class Id, class D, class B, int Last>
struct rows_kept<named<Id, D, B>, Last> {
  static constexpr bool stores = Last > D::avail && !named<Id, D, B>::again;
  static constexpr int rows = rows_kept<D, Last>::rows + rows_kept<B, Last>::rows + (stores ? 1 : 0);
  static constexpr index_t bytes = rows_kept<D, Last>::bytes + rows_kept<B, Last>::bytes +
                                   (stores ? index_t(sizeof(typename D::type)) : 0);
};

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft
