// Cursors: an expression bound to an iteration space. Extents and names leave the types here, so that tensors of
// eight shapes share one loop.
//
// `bind<Context>(node, frame, axis_map, names)` turns a node into a cursor:
//   memory      a leaf: address and strides in the domain. Where its row is neither dense nor of one axis, it is
//               staged: copied tile by tile into scratch
//   constant    a number
//   mapped      an operation over cursors
//   row_reduce  a reduction over the row, fused: computed in pass `pass`, a constant of the row from pass+1 on
//   named, cell a let and its name: in a register within the pass that computes it, in a row of scratch later
//   owned       the result of what was materialised: products inside the tree, reductions over other axes (phases)
//
// A cursor makes lines (eval/line.hpp) for one row: `line<P, N>(r, names)` in pass P. What it does besides, such as
// adding up a reduction, is its `work<P, N>` (eval/row.hpp).
//
// The context says which reductions fuse: those over the last `q` axes of the domain.
#pragma once
#include <weft/eval/frame.hpp>
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
// in it is the tile that the driver hands over.
template <int Domain, int Q, bool Direct, bool Outer = false, bool Tile = false>
struct context {
  static constexpr int domain = Domain;
  static constexpr int q = Q;
  static constexpr bool direct = Direct;
  static constexpr bool outer = Outer;
  static constexpr bool tile = Tile;
  using indirect = context<Domain, Q, false, Outer, Tile>;
  using inside = context<Domain, Q, true, false, false>;  // of a reduction, or of a definition as wide as the row
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

// -- leaves ----------------------------------------------------------------------------------------------------

// Domain strides of a leaf, in elements.
struct leaf_strides {
  index_t stride[max_rank];

  WEFT_INLINE leaf_strides() {}
  // Written out so that compilers must build cursors where they stay: a copy right after the fields were written, by
  // wider moves, stalls for longer than a small statement takes.
  WEFT_INLINE leaf_strides(leaf_strides const& o) {
    for (int d = 0; d < max_rank; ++d) stride[d] = o.stride[d];
  }
  WEFT_INLINE leaf_strides& operator=(leaf_strides const& o) {
    for (int d = 0; d < max_rank; ++d) stride[d] = o.stride[d];
    return *this;
  }

  // How many of the last axes of the frame can be one dense row.
  [[gnu::noinline]] int dense_axes(frame const& f) const {
    index_t expected = 1;
    int k = 0;
    for (int d = f.rank - 1; d >= 0; --d, ++k) {
      if (f.ext[d] == 1) continue;
      if (stride[d] != expected) break;
      expected *= f.ext[d];
    }
    return k;
  }
  WEFT_INLINE bool dense_row(frame const& f) const { return f.flat || dense_rows(f); }
  [[gnu::noinline]] bool dense_rows(frame const& f) const {
    index_t expected = 1;
    for (int d = f.rank - 1; d >= f.row; --d) {
      if (f.ext[d] == 1) continue;
      if (stride[d] != expected) return false;
      expected *= f.ext[d];
    }
    return true;
  }
};

// A leaf without its type, for what is done once a tile: it is compiled once, not once an expression.
struct leaf_handle {
  void* self;
  leaf_strides const* strides;
  void const* base;
  index_t size;  // of an element
  bool single;   // one element a row: never staged
  void (*prepare)(void* self, frame const& f, arena_scope& scope, index_t rows, index_t columns);
  void (*enter)(void* self, frame const& f, region const& t);
};

// What tile-wise work needs to know of all leaves of a cursor.
template <class Cursor>
struct leaf_handles {
  static constexpr int count = Cursor::leaves;
  leaf_handle at[count > 0 ? static_cast<std::size_t>(count) : 1];
  WEFT_INLINE leaf_handles() {}
  WEFT_INLINE explicit leaf_handles(Cursor& c) { collect(c); }
  WEFT_INLINE void collect(Cursor& c) {
    leaf_handle* p = at;
    c.collect(p);
  }
};

// How many trailing axes can be one row for all of them.
[[gnu::noinline]] inline int row_axes(leaf_handle const* leaf, int count, frame const& f) {
  int axes = f.rank;
  for (int i = 0; i < count; ++i) {
    int const k = leaf[i].single ? f.rank : leaf[i].strides->dense_axes(f);
    if (k < axes) axes = k;
  }
  return axes;
}
struct staging {
  bool any = false;      // some leaf's rows are copied to scratch
  bool strided = false;  // ... and not just one element repeated
};
[[gnu::noinline]] inline staging staging_of(leaf_handle const* leaf, int count, frame const& f) {
  staging s;
  for (int i = 0; i < count; ++i) {
    if (leaf[i].single || leaf[i].strides->dense_row(f)) continue;
    s.any = true;
    if (leaf[i].strides->stride[f.rank - 1] != 0) s.strided = true;
  }
  return s;
}
[[gnu::noinline]] inline void prepare_leaves(leaf_handle const* leaf, int count, frame const& f, arena_scope& scope,
                                             index_t rows, index_t columns) {
  for (int i = 0; i < count; ++i) leaf[i].prepare(leaf[i].self, f, scope, rows, columns);
}
[[gnu::noinline]] inline void enter_leaves(leaf_handle const* leaf, int count, frame const& f, region const& t) {
  for (int i = 0; i < count; ++i) leaf[i].enter(leaf[i].self, f, t);
}

template <class T>
struct memory : leaf_strides {
  static constexpr int leaves = 1;
  static constexpr int avail = 0;
  static constexpr bool reduces = false;
  static constexpr int cost = 0;
  static constexpr bool row_constant = false;
  static constexpr int width = sizeof(T);
  using type = T;

  T const* base;              // element at domain index 0
  T const* here = nullptr;    // first element of the tile: in place or staged
  index_t pitch = 0;          // from row to row of the tile
  T* scratch = nullptr;       // (rows of a tile, columns of a tile) when staged

  WEFT_INLINE int row_axes(frame const& f) const { return dense_axes(f); }
  // True: the row is not dense, so tiles of it are copied.
  WEFT_INLINE bool staged(frame const& f) const { return !dense_row(f); }
  template <int Last>
  WEFT_INLINE void prepare(frame const& f, arena_scope& scope, index_t rows, index_t columns) {
    scratch = staged(f) ? scope.take<T>(rows * columns) : nullptr;
  }
  WEFT_INLINE bool any_staged(frame const& f) const { return staged(f); }
  WEFT_INLINE bool any_strided(frame const& f) const { return !f.flat && stride[f.rank - 1] != 0 && staged(f); }

  template <int Last>
  WEFT_INLINE void take_rows(arena_scope&, index_t) {}
  WEFT_INLINE void enter_flat(index_t from) { here = base + from; }
  WEFT_INLINE void enter(frame const& f, region const& t) {
    if (f.row == 0 && !scratch)
      here = base + t.from;
    else
      enter_rows(f, t);
  }
  WEFT_INLINE void collect(leaf_handle*& p) {
    *p++ = {this, this, base, index_t(sizeof(T)), false,
            [](void* self, frame const& f, arena_scope& scope, index_t rows, index_t columns) {
              static_cast<memory*>(self)->template prepare<0>(f, scope, rows, columns);
            },
            [](void* self, frame const& f, region const& t) { static_cast<memory*>(self)->enter(f, t); }};
  }
  [[gnu::noinline]] void enter_rows(frame const& f, region const& t) {
    T const* p = base;
    for (int d = 0; d + 1 < f.row; ++d) p += t.outer[d] * stride[d];
    index_t const step = f.row > 0 ? stride[f.row - 1] : 0;
    p += t.first * step;
    if (!scratch) {
      here = p + t.from;
      pitch = step;
      return;
    }
    if (f.rank - f.row == 1) {
      index_t const inner = stride[f.rank - 1];
      gather(p + t.from * inner, step, inner, t.rows, t.columns, scratch, t.columns);
    } else {
      for (index_t r = 0; r < t.rows; ++r)
        gather_row(p + r * step, stride + f.row, f.ext + f.row, f.rank - f.row, t.from, t.columns,
                   scratch + r * t.columns);
    }
    here = scratch;
    pitch = t.columns;
  }
  template <int P, int N, class E>
  WEFT_INLINE memory_line<T, N> line(index_t r, E const&) const {
    return {here + r * pitch};
  }
  template <class F>
  WEFT_INLINE void each_leaf(F const& f) const {
    f(static_cast<void const*>(base), index_t(sizeof(T)), stride);
  }
};

// A leaf of one element a row: operands of an expression whose row is what it reduces over.
template <class T>
struct constant {
  static constexpr int leaves = 0;
  static constexpr int avail = 0;
  static constexpr bool reduces = false;
  static constexpr int cost = 0;
  static constexpr bool row_constant = true;
  static constexpr int width = sizeof(T);
  using type = T;
  T value;
  WEFT_INLINE int row_axes(frame const& f) const { return f.rank; }
  template <int Last>
  WEFT_INLINE void prepare(frame const&, arena_scope&, index_t, index_t) {}
  WEFT_INLINE bool any_staged(frame const&) const { return false; }
  WEFT_INLINE bool any_strided(frame const&) const { return false; }
  WEFT_INLINE void enter(frame const&, region const&) {}
  template <int Last>
  WEFT_INLINE void take_rows(arena_scope&, index_t) {}
  WEFT_INLINE void enter_flat(index_t) {}
  WEFT_INLINE void collect(leaf_handle*&) {}
  template <int P, int N, class E>
  WEFT_INLINE auto line(index_t, E const&) const {
    return splat_line<T, pack<T, N>, false>{pack<T, N>(value)};
  }
  template <class F>
  WEFT_INLINE void each_leaf(F const&) const {}
};

// Holds the buffer of what was materialised for this statement.
template <class Memory>
struct owned : Memory {
  storage keep;
};

// The tile of a product, as the rest of the statement sees it.
template <class T>
struct tile_memory : memory<T> {
  WEFT_INLINE int row_axes(frame const&) const { return 1; }
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
  static constexpr int leaves = A::leaves;
  static constexpr int avail = A::avail;
  static constexpr bool reduces = A::reduces;
  static constexpr int cost = A::cost + cost_of<Op>();
  using type = typename Op::template result<typename A::type>;
  static constexpr bool row_constant = A::row_constant;
  static constexpr int width = larger(A::width, sizeof(typename Op::template compute<typename A::type>));
  A a;
  WEFT_INLINE int row_axes(frame const& f) const { return a.row_axes(f); }
  template <int Last>
  WEFT_INLINE void prepare(frame const& f, arena_scope& s, index_t r, index_t c) { a.template prepare<Last>(f, s, r, c); }
  WEFT_INLINE bool any_staged(frame const& f) const { return a.any_staged(f); }
  WEFT_INLINE bool any_strided(frame const& f) const { return a.any_strided(f); }
  WEFT_INLINE void enter(frame const& f, region const& t) { a.enter(f, t); }
  template <int Last>
  WEFT_INLINE void take_rows(arena_scope& s, index_t n) {
    a.template take_rows<Last>(s, n);
  }
  WEFT_INLINE void enter_flat(index_t from) {
    a.enter_flat(from);
  }
  WEFT_INLINE void collect(leaf_handle*& p) {
    a.collect(p);
  }
  template <int P, int N, class E>
  WEFT_INLINE auto line(index_t r, E const& e) const {
    return line_of<Op>(a.template line<P, N>(r, e));
  }
  template <class F>
  WEFT_INLINE void each_leaf(F const& f) const {
    a.each_leaf(f);
  }
};
template <class Op, class A, class B>
struct mapped<Op, A, B> {
  static constexpr int leaves = A::leaves + B::leaves;
  static constexpr int avail = larger(A::avail, B::avail);
  static constexpr bool reduces = A::reduces || B::reduces;
  static constexpr int cost = A::cost + B::cost + cost_of<Op>();
  using type = typename Op::template result<typename A::type, typename B::type>;
  static constexpr bool row_constant = A::row_constant && B::row_constant;
  static constexpr int width = larger(larger(A::width, B::width),
                                      sizeof(typename Op::template compute<typename A::type, typename B::type>));
  A a;
  B b;
  WEFT_INLINE int row_axes(frame const& f) const {
    int const x = a.row_axes(f), y = b.row_axes(f);
    return x < y ? x : y;
  }
  template <int Last>
  WEFT_INLINE void prepare(frame const& f, arena_scope& s, index_t r, index_t c) {
    a.template prepare<Last>(f, s, r, c);
    b.template prepare<Last>(f, s, r, c);
  }
  WEFT_INLINE bool any_staged(frame const& f) const { return a.any_staged(f) || b.any_staged(f); }
  WEFT_INLINE bool any_strided(frame const& f) const { return a.any_strided(f) || b.any_strided(f); }
  WEFT_INLINE void enter(frame const& f, region const& t) {
    a.enter(f, t);
    b.enter(f, t);
  }
  template <int Last>
  WEFT_INLINE void take_rows(arena_scope& s, index_t n) {
    a.template take_rows<Last>(s, n);
    b.template take_rows<Last>(s, n);
  }
  WEFT_INLINE void enter_flat(index_t from) {
    a.enter_flat(from);
    b.enter_flat(from);
  }
  WEFT_INLINE void collect(leaf_handle*& p) {
    a.collect(p);
    b.collect(p);
  }
  template <int P, int N, class E>
  WEFT_INLINE auto line(index_t r, E const& e) const {
    return line_of<Op>(a.template line<P, N>(r, e), b.template line<P, N>(r, e));
  }
  template <class F>
  WEFT_INLINE void each_leaf(F const& f) const {
    a.each_leaf(f);
    b.each_leaf(f);
  }
};
template <class Op, class A, class B, class C>
struct mapped<Op, A, B, C> {
  static constexpr int leaves = A::leaves + B::leaves + C::leaves;
  static constexpr int avail = larger(A::avail, larger(B::avail, C::avail));
  static constexpr bool reduces = A::reduces || B::reduces || C::reduces;
  static constexpr int cost = A::cost + B::cost + C::cost + cost_of<Op>();
  using type = typename Op::template result<typename A::type, typename B::type, typename C::type>;
  static constexpr bool row_constant = A::row_constant && B::row_constant && C::row_constant;
  static constexpr int width = larger(larger(A::width, larger(B::width, C::width)), sizeof(type));
  A a;
  B b;
  C c;
  WEFT_INLINE int row_axes(frame const& f) const {
    int const x = a.row_axes(f), y = b.row_axes(f), z = c.row_axes(f);
    int const m = x < y ? x : y;
    return m < z ? m : z;
  }
  template <int Last>
  WEFT_INLINE void prepare(frame const& f, arena_scope& s, index_t r, index_t cols) {
    a.template prepare<Last>(f, s, r, cols);
    b.template prepare<Last>(f, s, r, cols);
    c.template prepare<Last>(f, s, r, cols);
  }
  WEFT_INLINE bool any_staged(frame const& f) const {
    return a.any_staged(f) || b.any_staged(f) || c.any_staged(f);
  }
  WEFT_INLINE bool any_strided(frame const& f) const {
    return a.any_strided(f) || b.any_strided(f) || c.any_strided(f);
  }
  WEFT_INLINE void enter(frame const& f, region const& t) {
    a.enter(f, t);
    b.enter(f, t);
    c.enter(f, t);
  }
  template <int Last>
  WEFT_INLINE void take_rows(arena_scope& s, index_t n) {
    a.template take_rows<Last>(s, n);
    b.template take_rows<Last>(s, n);
    c.template take_rows<Last>(s, n);
  }
  WEFT_INLINE void enter_flat(index_t from) {
    a.enter_flat(from);
    b.enter_flat(from);
    c.enter_flat(from);
  }
  WEFT_INLINE void collect(leaf_handle*& p) {
    a.collect(p);
    b.collect(p);
    c.collect(p);
  }
  template <int P, int N, class E>
  WEFT_INLINE auto line(index_t r, E const& e) const {
    return line_of<Op>(a.template line<P, N>(r, e), b.template line<P, N>(r, e), c.template line<P, N>(r, e));
  }
  template <class F>
  WEFT_INLINE void each_leaf(F const& f) const {
    a.each_leaf(f);
    b.each_leaf(f);
    c.each_leaf(f);
  }
};

// -- reductions over the row and names ---------------------------------------------------------------------------

template <class Op, class T, class A>
struct row_reduce {
  static constexpr int leaves = A::leaves;
  static constexpr int pass = A::avail;
  static constexpr int avail = A::avail + 1;
  static constexpr bool reduces = true;
  static constexpr int cost = 0;
  using compute = typename Op::template compute<T>;
  using type = typename Op::template result<T>;
  static constexpr bool row_constant = true;
  static constexpr int width = larger(A::width, sizeof(compute));
  A a;
  type value{};
  WEFT_INLINE int row_axes(frame const& f) const { return a.row_axes(f); }
  template <int Last>
  WEFT_INLINE void prepare(frame const& f, arena_scope& s, index_t r, index_t c) { a.template prepare<Last>(f, s, r, c); }
  WEFT_INLINE bool any_staged(frame const& f) const { return a.any_staged(f); }
  WEFT_INLINE bool any_strided(frame const& f) const { return a.any_strided(f); }
  WEFT_INLINE void enter(frame const& f, region const& t) { a.enter(f, t); }
  template <int Last>
  WEFT_INLINE void take_rows(arena_scope& s, index_t n) {
    a.template take_rows<Last>(s, n);
  }
  WEFT_INLINE void enter_flat(index_t from) {
    a.enter_flat(from);
  }
  WEFT_INLINE void collect(leaf_handle*& p) {
    a.collect(p);
  }
  template <int P, int N, class E>
  WEFT_INLINE auto line(index_t, E const&) const {
    static_assert(P >= avail);
    return splat_line<type, pack<type, N>, true>{pack<type, N>(value)};
  }
  template <class F>
  WEFT_INLINE void each_leaf(F const& f) const {
    a.each_leaf(f);
  }
};

// The name of a definition. `Splat`: it is a constant of the row.
template <class Id, class T, int Avail, bool Splat>
struct cell_cursor {
  static constexpr int leaves = 0;
  static constexpr int avail = Avail;
  static constexpr bool reduces = false;
  static constexpr bool row_constant = Splat;
  static constexpr int cost = 0;
  static constexpr int width = sizeof(T);
  using type = T;
  WEFT_INLINE int row_axes(frame const& f) const { return f.rank; }
  template <int Last>
  WEFT_INLINE void prepare(frame const&, arena_scope&, index_t, index_t) {}
  WEFT_INLINE bool any_staged(frame const&) const { return false; }
  WEFT_INLINE bool any_strided(frame const&) const { return false; }
  WEFT_INLINE void enter(frame const&, region const&) {}
  template <int Last>
  WEFT_INLINE void take_rows(arena_scope&, index_t) {}
  WEFT_INLINE void enter_flat(index_t) {}
  WEFT_INLINE void collect(leaf_handle*&) {}
  template <int P, int N, class E>
  WEFT_INLINE auto line(index_t r, E const& names) const {
    return look_up<P, N>(r, names);
  }
  template <class F>
  WEFT_INLINE void each_leaf(F const&) const {}

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
  static constexpr int leaves = D::leaves + B::leaves;
  static constexpr int ready = D::avail;  // the pass that computes the definition
  static constexpr int avail = B::avail;
  static constexpr bool reduces = D::reduces || B::reduces;
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

  WEFT_INLINE int row_axes(frame const& f) const {
    int const x = definition.row_axes(f), y = body.row_axes(f);
    return x < y ? x : y;
  }
  template <int Last>
  WEFT_INLINE void prepare(frame const& f, arena_scope& s, index_t r, index_t c) {
    definition.template prepare<Last>(f, s, r, c);
    body.template prepare<Last>(f, s, r, c);
    if constexpr (Last > ready && !again) row = scratch = s.take<row_type>(c);
  }
  WEFT_INLINE bool any_staged(frame const& f) const { return definition.any_staged(f) || body.any_staged(f); }
  WEFT_INLINE bool any_strided(frame const& f) const { return definition.any_strided(f) || body.any_strided(f); }
  WEFT_INLINE void enter(frame const& f, region const& t) {
    definition.enter(f, t);
    body.enter(f, t);
  }
  WEFT_INLINE void enter_flat(index_t from) {
    definition.enter_flat(from);
    body.enter_flat(from);
  }
  WEFT_INLINE void collect(leaf_handle*& p) {
    definition.collect(p);
    body.collect(p);
  }
  template <int Last>
  WEFT_INLINE void take_rows(arena_scope& s, index_t columns) {
    definition.template take_rows<Last>(s, columns);
    body.template take_rows<Last>(s, columns);
    if constexpr (Last > ready && !again) row = scratch = s.take<row_type>(columns);
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
  template <class F>
  WEFT_INLINE void each_leaf(F const& f) const {
    definition.each_leaf(f);
    body.each_leaf(f);
  }
};

// One element a row, beside reductions over it.
template <class T>
struct outer_memory : memory<T> {
  static constexpr bool row_constant = true;
  WEFT_INLINE void collect(leaf_handle*& p) {
    *p++ = {this, this, this->base, index_t(sizeof(T)), true, [](void*, frame const&, arena_scope&, index_t, index_t) {},
            [](void* self, frame const& f, region const& t) { static_cast<memory<T>*>(self)->enter(f, t); }};
  }
  WEFT_INLINE int row_axes(frame const& f) const { return f.rank; }
  template <int Last>
  WEFT_INLINE void prepare(frame const&, arena_scope&, index_t, index_t) {}
  WEFT_INLINE bool any_staged(frame const&) const { return false; }
  WEFT_INLINE bool any_strided(frame const&) const { return false; }
  template <int P, int N, class E>
  WEFT_INLINE auto line(index_t r, E const&) const {
    return splat_line<T, pack<T, N>, true>{pack<T, N>(this->here[r * this->pitch])};
  }
};

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft
