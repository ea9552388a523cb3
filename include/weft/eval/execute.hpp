// How an expression is run: which of the loops, over which iteration space, into which memory.
//
//   rows      maps, and row programs: reductions over the last axes beside what varies along them
//   narrow    one value a row: sum(x, axis<-1>), logsumexp, a mean and a variance
//   columns   a reduction whose last axis stays: sum(x, axis<0>)
//   product   a matrix product with what surrounds it (eval/product.hpp)
//
// `execute(e, room)` chooses by type; `room` says where the result may go.
#pragma once
#include <weft/eval/agree.hpp>
#include <weft/eval/columns.hpp>
#include <weft/eval/leaves.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace engine {

// An expression whose leaves are dense, and all of one shape if their extents are equal.
template <class E, int R>
inline constexpr bool flat_when_alike = false;
template <class T, int R>
inline constexpr bool flat_when_alike<expr::constant<T>, R> = true;
template <unsigned Mask, class A, int R>
inline constexpr bool flat_when_alike<squeeze_node<Mask, A>, R> = evaluated_number<squeeze_node<Mask, A>>;
template <class T, auto S, int R>
inline constexpr bool flat_when_alike<tensor<T, S>, R> = to_shape(S).rank == R || to_shape(S).rank == 0;
template <class T, int S, int R>
inline constexpr bool flat_when_alike<borrowed<T, S>, R> = S == R;
template <class Id, class T, weft::shape D, int Row, int R>
inline constexpr bool flat_when_alike<cell<Id, T, D, Row>, R> = true;  // as its definition: looked at too where the loop meets it
template <class Op, class A, int R>
inline constexpr bool flat_when_alike<map<Op, A>, R> = flat_when_alike<A, R>;
template <class Op, class A, class B, int R>
inline constexpr bool flat_when_alike<map<Op, A, B>, R> = flat_when_alike<A, R> && flat_when_alike<B, R>;
template <class Op, class A, class B, class C, int R>
inline constexpr bool flat_when_alike<map<Op, A, B, C>, R> =
    flat_when_alike<A, R> && flat_when_alike<B, R> && flat_when_alike<C, R>;
template <class Id, class D, class B, int R>
inline constexpr bool flat_when_alike<let_node<Id, D, B>, R> = flat_when_alike<D, R> && flat_when_alike<B, R>;

// Precondition: flat_when_alike. Do all leaves have the extents `e`?
template <class E, std::size_t R>
WEFT_INLINE bool all_flat(E const& n, std::array<index_t, R> const& e) {
  if constexpr (requires { n.c; }) {
    return all_flat(n.a, e) && all_flat(n.b, e) && all_flat(n.c, e);
  } else if constexpr (requires { n.b; }) {
    return all_flat(n.a, e) && all_flat(n.b, e);
  } else if constexpr (requires { n.definition; }) {
    return all_flat(n.definition, e) && all_flat(n.body, e);
  } else if constexpr (requires { n.data(); }) {
    if constexpr (E::dims.rank == static_cast<int>(R))
      return same_extents(n.sizes(), e);
    else
      return true;
  } else if constexpr (requires { n.a; } && !evaluated_number<E>) {
    return all_flat(n.a, e);
  } else {
    return true;
  }
}

// Does everything that lies in memory have the extents `e`? Few operands are compared in place.
template <class Cursor, class E, std::size_t R>
WEFT_INLINE bool all_alike(E const& n, leaf const* leaves, std::array<index_t, R> const& e) {
  if constexpr (Cursor::leaves <= 3)
    return all_flat(n, e);
  else
    return same_sizes(leaves, Cursor::leaves, e.data(), static_cast<int>(R));
}

template <int R>
WEFT_INLINE void set_extents(frame& f, extents<R> const& e) {
  f.rank = R;
  for (int i = 0; i < R; ++i) f.ext[i] = e[static_cast<std::size_t>(i)];
}

// -- maps and row programs ---------------------------------------------------------------------------------------

// Does a map read a column? Then there are two loops for it, since the last axis may turn out to be of size 1.
template <class E>
inline constexpr bool reads_column = false;
template <class Op, class A>
inline constexpr bool reads_column<map<Op, A>> = is_column<A> || reads_column<A>;
template <class Op, class A, class B>
inline constexpr bool reads_column<map<Op, A, B>> = is_column<A> || reads_column<A> || is_column<B> || reads_column<B>;
template <class Op, class A, class B, class C>
inline constexpr bool reads_column<map<Op, A, B, C>> =
    is_column<A> || reads_column<A> || is_column<B> || reads_column<B> || is_column<C> || reads_column<C>;
template <class Op, unsigned Mask, class A>
inline constexpr bool reads_column<reduce<Op, Mask, A>> = reads_column<A>;
template <class Id, class D, class B>
inline constexpr bool reads_column<let_node<Id, D, B>> = reads_column<D> || reads_column<B>;

template <int Q, class T, bool Columns = false, class E>
[[gnu::noinline]] void execute_rows(E const& e, room& where) {
  constexpr int R = E::dims.rank;
  if constexpr (!Columns && Q <= 1 && R > 0 && E::dims[R > 0 ? R - 1 : 0].extent != 1 && reads_column<E>)
    if (e.sizes()[R - 1] != 1) return execute_rows<Q, T, true>(e, where);
  using with = context<R, Q, true, false, false, Columns>;
  using cursor = bound<with, E>;
  constexpr auto const& p = program_of<false, (Q > 0 && Q == R), cursor, one_result<T>>;
  auto const ext = e.sizes();
  frame f;
  table<cursor> leaves;
  binder b = leaves.into(f);
  if constexpr (Q == 0 && R > 0 && !Columns && flat_when_alike<E, R>) {
    cursor const c = bind<with>(e, b, whole_domain<R>{}, no_names{});
    if (!where.strides && all_alike<cursor>(e, leaves.at, ext)) [[likely]]
      return run_flat(p, leaves.at, cursor::leaves, &c, count(ext), result_type_of<T>, where);
    set_extents<R>(f, ext);
    run_rows_of(p, leaves.at, cursor::leaves, &c, f, 0, result_type_of<T>, where);
  } else {
    set_extents<R>(f, ext);
    f.set_row(R - Q);
    cursor const c = bind<with>(e, b, whole_domain<R>{}, no_names{});
    run_rows_of(p, leaves.at, cursor::leaves, &c, f, Q, result_type_of<T>, where);
  }
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
void execute_narrow(E const& e, room& where) {
  constexpr int R = E::dims.rank, D = Context::domain, Q = Context::q;
  frame f;
  set_extents<D>(f, reduced<E>::sizes(e));
  f.set_row(D - Q);
  using cursor = bound<Context, E>;
  table<cursor> leaves;
  binder b = leaves.into(f);
  cursor const c = bind<Context>(e, b, whole_domain<R>{}, no_names{});
  auto const ext = e.sizes();
  run_values_of(program_of<true, (Q == D), cursor, one_result<T>>, leaves.at, cursor::leaves, &c, f, ext.data(), R,
                result_type_of<T>, where);
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

template <class T, class Op, unsigned Mask, class A>
void execute_reduction(reduce<Op, Mask, A> const& e, room& where) {
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
      execute_narrow<context<R, expr::trailing(mask, R), true, true>, T>(moved, where);
    else
      execute_reduction<T>(moved, where);
  } else {
    constexpr int outer_axes = [] {
      int n = 0;
      while (!((Mask >> n) & 1)) ++n;
      return n;
    }();
    frame f;
    set_extents<R>(f, e.a.sizes());
    f.set_row(outer_axes + reduced_axes);
    using cursor = bound<context<R, 0, true>, A>;
    table<cursor> leaves;
    binder b = leaves.into(f);
    cursor const c = bind<context<R, 0, true>>(e.a, b, whole_domain<R>{}, no_names{});
    place_leaves(leaves.at, cursor::leaves, f);
    result out;
    where.strides = nullptr;
    out.type = &result_type_of<T>;
    auto const ext = e.sizes();
    place_result(out, where, ext.data(), std::remove_cvref_t<decltype(e)>::dims.rank, leaves.at, cursor::leaves, f, false);
    reduce_columns<Op, element_t<A>>(c, leaves.at, f, outer_axes, static_cast<T*>(out.base));
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
void execute_product(E const& e, room& where);
template <class E>
struct product_in;

template <class T, class E>
void execute(E const& e, room& where) {
  constexpr int R = E::dims.rank;
  constexpr auto one = expr::narrow<E>;
  if constexpr (product_in<E>::whole && (R == 2 || std::is_same_v<T, element_t<E>>)) {
    execute_product<T>(e, where);
  } else if constexpr (root<E>::columns) {
    if (where.strides) {  // a strided place: the reduction is written dense, and copied by the caller
      where.in_place = nullptr;
    }
    execute_reduction<T>(root<E>::node(e), where);
  } else if constexpr (one.q > 0) {
    if constexpr (single_reduction<E>) {
      execute_narrow<context<one.domain, one.q, true, true>, T>(e, where);
    } else {
      auto const ext = reduced<E>::sizes(e);
      if (narrow_agrees<context<one.domain, one.q, true, true>>(e, ext.data())) [[likely]]
        execute_narrow<context<one.domain, one.q, true, true>, T>(e, where);
      else if constexpr (root_reduction<E>)
        execute_narrow<shallow_context<one.domain, one.q>, T>(e, where);
      else
        execute_rows<0, T>(e, where);
    }
  } else if constexpr (expr::fused_axes<E> > 0) {
    constexpr int q = expr::fused_axes<E>;
    auto const ext = e.sizes();
    if (rows_agree<context<R, q, true>>(e, ext.data())) [[likely]]
      execute_rows<q, T>(e, where);
    else
      execute_rows<0, T>(e, where);
  } else {
    execute_rows<0, T>(e, where);
  }
}

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft
