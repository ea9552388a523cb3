// How an expression is run: which of the loops, over which iteration space, into which memory.
//
//   rows      maps, and row programs: reductions over the last axes beside what varies along them
//   narrow    one value a row: sum(x, axis<-1>), logsumexp, a mean and a variance
//   columns   a reduction whose last axis stays: sum(x, axis<0>)
//   product   a matrix product with what surrounds it (eval/product.hpp)
//
// `execute(e, room)` chooses by type; `room` says where the result may go.
#pragma once
#include <weft/eval/columns.hpp>
#include <weft/eval/leaves.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace engine {

// The memory of a result. `in_place` may be read by the expression itself and is used when every read is at the
// element being written; otherwise the result goes to a new buffer.
template <class T>
struct room {
  T* in_place = nullptr;
  index_t const* strides = nullptr;  // of in_place, an element for each axis of the result; null: dense
  storage fresh{};
  bool used_fresh = false;

  WEFT_INLINE T* allocate(index_t count) {
    used_fresh = true;
    fresh = storage::allocate(static_cast<std::size_t>(count) * sizeof(T));
    return static_cast<T*>(fresh.data());
  }
};

struct overlap {
  bool touches = false;   // some leaf reads what is written
  bool crosses = false;   // ... at another place than the one being written
};
struct byte_range {
  std::uintptr_t low, high;
};
WEFT_INLINE byte_range range_of(void const* base, index_t size, index_t const* stride, frame const& f) {
  index_t low = 0, high = 0;
  for (int d = 0; d < f.rank; ++d) {
    index_t const reach = stride[d] * (f.ext[d] - 1);
    (reach < 0 ? low : high) += reach;
  }
  auto const b = reinterpret_cast<std::uintptr_t>(base);
  return {b + static_cast<std::uintptr_t>(low * size), b + static_cast<std::uintptr_t>((high + 1) * size)};
}
[[gnu::noinline]] inline void compare_leaf(overlap& o, frame const& f, void const* base, index_t leaf_size,
                                           index_t const* leaf_stride, void const* out, index_t size,
                                           index_t const* stride) {
  if (!base) return;
  byte_range const w = range_of(out, size, stride, f), r = range_of(base, leaf_size, leaf_stride, f);
  if (r.high <= w.low || w.high <= r.low) return;
  o.touches = true;
  bool same = base == out && leaf_size == size;
  for (int d = 0; d < f.rank && same; ++d) same = f.ext[d] == 1 || leaf_stride[d] == stride[d];
  if (!same) o.crosses = true;
}
// The same for a flat frame, where all there is to compare is addresses.
template <class Cursor>
WEFT_INLINE bool crosses_flat(Cursor const& c, index_t n, void const* out, index_t size) {
  bool crosses = false;
  auto const low = static_cast<char const*>(out), high = low + n * size;
  c.each_leaf([&](void const* base, index_t leaf_size, index_t const*) {
    auto const b = static_cast<char const*>(base);
    crosses = crosses || (b != low && b < high && low < b + n * leaf_size) || (b == low && leaf_size != size);
  });
  return crosses;
}
[[gnu::noinline]] inline overlap overlap_of(leaf_handle const* leaf, int count, frame const& f, void const* out,
                                            index_t size, index_t const* stride) {
  overlap o;
  for (int i = 0; i < count; ++i) compare_leaf(o, f, leaf[i].base, leaf[i].size, leaf[i].strides->stride, out, size, stride);
  return o;
}

// Every leaf is dense and has exactly these extents, or is a number by the time the loop begins.
template <class E, std::size_t R>
WEFT_INLINE bool all_flat(E const&, std::array<index_t, R> const&) {
  return false;
}
template <class T, std::size_t R>
WEFT_INLINE bool all_flat(expr::constant<T> const&, std::array<index_t, R> const&) {
  return true;
}
template <unsigned Mask, class A, std::size_t R>
WEFT_INLINE bool all_flat(squeeze_node<Mask, A> const&, std::array<index_t, R> const&) {
  return evaluated_number<squeeze_node<Mask, A>>;
}
template <class T, auto S, std::size_t R>
WEFT_INLINE bool all_flat(tensor<T, S> const& t, std::array<index_t, R> const& e) {
  if constexpr (to_shape(S).rank == R)
    return same_extents(t.sizes(), e);
  else
    return to_shape(S).rank == 0;
}
template <class T, int S, std::size_t R>
WEFT_INLINE bool all_flat(borrowed<T, S> const& t, std::array<index_t, R> const& e) {
  if constexpr (S == R)
    return same_extents(t.sizes(), e);
  else
    return false;
}
template <class Id, class T, weft::shape D, int Row, std::size_t R>
WEFT_INLINE bool all_flat(cell<Id, T, D, Row> const&, std::array<index_t, R> const&) {
  return true;  // as its definition, which is looked at too
}
template <class Op, class A, std::size_t R>
WEFT_INLINE bool all_flat(map<Op, A> const& n, std::array<index_t, R> const& e) {
  return all_flat(n.a, e);
}
template <class Op, class A, class B, std::size_t R>
WEFT_INLINE bool all_flat(map<Op, A, B> const& n, std::array<index_t, R> const& e) {
  return all_flat(n.a, e) && all_flat(n.b, e);
}
template <class Op, class A, class B, class C, std::size_t R>
WEFT_INLINE bool all_flat(map<Op, A, B, C> const& n, std::array<index_t, R> const& e) {
  return all_flat(n.a, e) && all_flat(n.b, e) && all_flat(n.c, e);
}
template <class Id, class D, class B, std::size_t R>
WEFT_INLINE bool all_flat(let_node<Id, D, B> const& n, std::array<index_t, R> const& e) {
  return all_flat(n.definition, e) && all_flat(n.body, e);
}

template <int R>
WEFT_INLINE void set_extents(frame& f, extents<R> const& e) {
  f.rank = R;
  for (int i = 0; i < R; ++i) f.ext[i] = e[static_cast<std::size_t>(i)];
}

// Fills the strides of a result of extents `e` in the domain and finds its memory.
template <int R, class T, class Leaves>
WEFT_INLINE bool place_result(target<T>& out, room<T>& where, extents<R> const& e, Leaves const& leaves, frame const& f,
                              bool same_place) {
  for (int d = 0; d < f.rank; ++d) out.stride[d] = 0;
  index_t dense[max_rank];
  dense_strides(e.data(), R, dense);
  if (where.in_place) {
    for (int i = 0; i < R; ++i) out.stride[i] = where.strides ? where.strides[i] : dense[i];
    overlap const o = overlap_of(leaves.at, leaves.count, f, where.in_place, sizeof(T), out.stride);
    if (!o.crosses && (same_place || !o.touches)) {
      out.base = where.in_place;
      return !o.touches;
    }
  }
  for (int i = 0; i < R; ++i) out.stride[i] = dense[i];
  out.base = where.allocate(count(e));
  return true;
}

// -- maps and row programs ---------------------------------------------------------------------------------------

template <int Q, class T, class E>
[[gnu::noinline]] void execute_rows(E const& e, room<T>& where) {
  constexpr int R = E::dims.rank;
  frame f;
  auto const ext = e.sizes();
  bool flat = false;
  if constexpr (Q == 0 && R > 0) flat = !where.strides && all_flat(e, ext);
  axis_map m;
  if (flat) {  // one loop over everything, and no axes to think about
    f.flat = true;
    f.rank = 1;
    f.n = f.ext[0] = count(ext);
  } else {
    m = axis_map::identity<R>();
    set_extents<R>(f, ext);
    f.set_row(R - Q);
  }
  auto c = bind<context<R, Q, true>>(e, f, m, no_names{});
  target<T> out;
  bool apart = true;
  if (flat) {
    out.stride[0] = 1;
    out.base = where.in_place && !crosses_flat(c, f.n, where.in_place, sizeof(T))
                   ? where.in_place
                   : where.allocate(f.n);
  } else {
    leaf_handles<decltype(c)> const leaves(c);
    apart = place_result<R>(out, where, ext, leaves, f, true);
    if constexpr (Q == 0 && R > 0) {
      int const x = row_axes(leaves.at, leaves.count, f), y = out.dense_axes(f);
      int const k = x < y ? x : y;
      f.set_row(R - (k > 0 ? k : 1));
    }
  }
  run<false, (Q > 0 && Q == R)>(c, out, f, apart);
}

// -- one value a row -------------------------------------------------------------------------------------------

// The extents that the reductions of a narrow expression go over: those of the first one.
template <class E>
struct reduced {
  static constexpr bool any = false;
};
template <class Op, unsigned Mask, class A>
struct reduced<reduce<Op, Mask, A>> {
  static constexpr bool any = true;
  WEFT_INLINE static auto sizes(reduce<Op, Mask, A> const& n) { return n.a.sizes(); }
};
template <unsigned Mask, class A>
struct reduced<squeeze_node<Mask, A>> {
  static constexpr bool any = reduced<A>::any;
  WEFT_INLINE static auto sizes(squeeze_node<Mask, A> const& n) { return reduced<A>::sizes(n.a); }
};
template <class Op, class A>
struct reduced<map<Op, A>> {
  static constexpr bool any = reduced<A>::any;
  WEFT_INLINE static auto sizes(map<Op, A> const& n) { return reduced<A>::sizes(n.a); }
};
template <class Op, class A, class B>
struct reduced<map<Op, A, B>> {
  static constexpr bool any = reduced<A>::any || reduced<B>::any;
  WEFT_INLINE static auto sizes(map<Op, A, B> const& n) {
    if constexpr (reduced<A>::any)
      return reduced<A>::sizes(n.a);
    else
      return reduced<B>::sizes(n.b);
  }
};
template <class Op, class A, class B, class C>
struct reduced<map<Op, A, B, C>> {
  static constexpr bool any = reduced<A>::any || reduced<B>::any || reduced<C>::any;
  WEFT_INLINE static auto sizes(map<Op, A, B, C> const& n) {
    if constexpr (reduced<A>::any)
      return reduced<A>::sizes(n.a);
    else if constexpr (reduced<B>::any)
      return reduced<B>::sizes(n.b);
    else
      return reduced<C>::sizes(n.c);
  }
};
template <class Id, class D, class B>
struct reduced<let_node<Id, D, B>> {
  static constexpr bool any = reduced<B>::any || reduced<D>::any;
  WEFT_INLINE static auto sizes(let_node<Id, D, B> const& n) {
    if constexpr (reduced<B>::any)
      return reduced<B>::sizes(n.body);
    else
      return reduced<D>::sizes(n.definition);
  }
};

// A reduction of what holds no reductions itself: its rows cannot disagree with anything.
template <class E>
inline constexpr bool single_reduction = false;
template <class Op, unsigned Mask, class A>
inline constexpr bool single_reduction<reduce<Op, Mask, A>> = expr::fused_in<A, A::dims.rank>::q == 0;
template <unsigned Mask, class A>
inline constexpr bool single_reduction<squeeze_node<Mask, A>> = single_reduction<A>;

template <class E>
inline constexpr bool root_reduction = false;
template <class Op, unsigned Mask, class A>
inline constexpr bool root_reduction<reduce<Op, Mask, A>> = true;
template <unsigned Mask, class A>
inline constexpr bool root_reduction<squeeze_node<Mask, A>> = root_reduction<A>;

// As `context`, but reductions inside the reduced expression are evaluated apart.
template <int Domain, int Q>
struct shallow_context : context<Domain, Q, true, true> {
  using indirect = shallow_context;
  using inside = context<Domain, 0, true>;
};

template <class Context, class T, class E>
void execute_narrow(E const& e, room<T>& where) {
  constexpr int R = E::dims.rank, D = Context::domain, Q = Context::q;
  frame f;
  set_extents<D>(f, reduced<E>::sizes(e));
  f.set_row(D - Q);
  auto c = bind<Context>(e, f, axis_map::identity<R>(), no_names{});
  target<T> out;
  place_result<R>(out, where, e.sizes(), leaf_handles<decltype(c)>(c), f, false);
  run<true, (Q == D)>(c, out, f, false);
}

// The reductions have the rows of the domain, and the result has a value for each row and nothing besides: not so
// for sum(x, axis<1>) + b where x has one row and b is longer.
template <class Context, class E>
WEFT_INLINE bool narrow_agrees(E const& e, index_t const* ext) {
  constexpr int kept = Context::domain - Context::q;
  auto const own = e.sizes();
  for (int i = 0; i < E::dims.rank; ++i)
    if (own[static_cast<std::size_t>(i)] != (i < kept ? ext[i] : 1)) return false;
  return rows_agree<Context>(e, ext);
}

// -- columns ---------------------------------------------------------------------------------------------------

// The order [kept but for the last run][reduced][the last run of kept axes]; with a reduced last axis, that run is
// empty.
template <int R, unsigned Mask>
constexpr auto column_order() {
  std::array<int, static_cast<std::size_t>(R)> o{};
  int last_run = 0;
  while (last_run < R && !((Mask >> (R - 1 - last_run)) & 1)) ++last_run;
  std::size_t n = 0;
  for (int i = 0; i < R - last_run; ++i)
    if (!((Mask >> i) & 1)) o[n++] = i;
  for (int i = 0; i < R; ++i)
    if ((Mask >> i) & 1) o[n++] = i;
  for (int i = R - last_run; i < R; ++i) o[n++] = i;
  return o;
}
template <int R>
constexpr bool in_order(std::array<int, static_cast<std::size_t>(R)> const& o) {
  for (int i = 0; i < R; ++i)
    if (o[static_cast<std::size_t>(i)] != i) return false;
  return true;
}

template <class Op, unsigned Mask, class A, class T>
void execute_reduction(reduce<Op, Mask, A> const& e, room<T>& where) {
  constexpr int R = A::dims.rank;
  constexpr auto order = column_order<R, Mask>();
  constexpr int reduced_axes = [] {
    int n = 0;
    for (int i = 0; i < R; ++i)
      if ((Mask >> i) & 1) ++n;
    return n;
  }();
  if constexpr (!in_order<R>(order) || ((Mask >> (R - 1)) & 1)) {
    // Reorder, and try again: either a reduction over the last axes, or columns in order.
    auto v = expr::permuted_by<order>(e.a);
    constexpr unsigned mask = [order] {
      unsigned m = 0;
      for (int i = 0; i < R; ++i)
        if ((Mask >> order[static_cast<std::size_t>(i)]) & 1) m |= 1u << i;
      return m;
    }();
    reduce<Op, mask, decltype(v)> const moved(v);
    if constexpr (expr::trailing(mask, R) > 0)
      execute_narrow<context<R, expr::trailing(mask, R), true, true>>(moved, where);
    else
      execute_reduction(moved, where);
  } else {
    constexpr int outer_axes = [] {
      int n = 0;
      while (!((Mask >> n) & 1)) ++n;
      return n;
    }();
    frame f;
    set_extents<R>(f, e.a.sizes());
    f.set_row(outer_axes + reduced_axes);
    auto c = bind<context<R, 0, true>>(e.a, f, axis_map::identity<R>(), no_names{});
    target<T> out;
    auto const ext = e.sizes();
    where.strides = nullptr;
    place_result<R>(out, where, ext, leaf_handles<decltype(c)>(c), f, false);
    reduce_columns<Op, element_t<A>>(c, f, outer_axes, out.base);
  }
}

// -- the choice ------------------------------------------------------------------------------------------------

template <class E>
struct root {
  static constexpr bool columns = false;
};
template <class Op, unsigned Mask, class A>
struct root<reduce<Op, Mask, A>> {
  static constexpr bool columns = Mask != 0 && expr::trailing(Mask, A::dims.rank) == 0;
  static constexpr reduce<Op, Mask, A> const& node(reduce<Op, Mask, A> const& e) { return e; }
};
template <unsigned Mask, class A>
struct root<squeeze_node<Mask, A>> {
  static constexpr bool columns = root<A>::columns;
  static constexpr auto const& node(squeeze_node<Mask, A> const& e) { return root<A>::node(e.a); }
};

template <class T, class E>
void execute_product(E const& e, room<T>& where);
template <class E>
struct product_in;

template <class T, class E>
void execute(E const& e, room<T>& where) {
  constexpr int R = E::dims.rank;
  constexpr auto one = expr::narrow<E>;
  if constexpr (product_in<E>::whole && (R == 2 || std::is_same_v<T, element_t<E>>)) {
    execute_product(e, where);
  } else if constexpr (root<E>::columns) {
    if (where.strides) {  // a strided place: the reduction is written dense, and copied by the caller
      where.in_place = nullptr;
    }
    execute_reduction(root<E>::node(e), where);
  } else if constexpr (one.q > 0) {
    if constexpr (single_reduction<E>) {
      execute_narrow<context<one.domain, one.q, true, true>>(e, where);
    } else {
      auto const ext = reduced<E>::sizes(e);
      if (narrow_agrees<context<one.domain, one.q, true, true>>(e, ext.data())) [[likely]]
        execute_narrow<context<one.domain, one.q, true, true>>(e, where);
      else if constexpr (root_reduction<E>)
        execute_narrow<shallow_context<one.domain, one.q>>(e, where);
      else
        execute_rows<0>(e, where);
    }
  } else if constexpr (expr::fused_axes<E> > 0) {
    constexpr int q = expr::fused_axes<E>;
    auto const ext = e.sizes();
    if (rows_agree<context<R, q, true>>(e, ext.data())) [[likely]]
      execute_rows<q>(e, where);
    else
      execute_rows<0>(e, where);
  } else {
    execute_rows<0>(e, where);
  }
}

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft
