// How the loops of a plan are run: the statement is bound, its memory found, and the job started.
//
// `execute<T>(e, room)`: e's elements, as T, go where `room` says.
#pragma once
#include <weft/engine/columns.hpp>
#include <weft/engine/plan.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace engine {

template <int R>
WEFT_INLINE void set_extents(frame& f, extents<R> const& e) {
  f.rank = R;
  for (int i = 0; i < R; ++i) f.ext[i] = e[static_cast<std::size_t>(i)];
}

// An expression whose leaves are dense, and all of one shape if their extents are equal.
template <class E, int R>
inline constexpr bool flat_when_alike = facts_of<E>.dense && (facts_of<E>.ranks & ~((1u << R) | 1u)) == 0;

// Does everything that lies in memory have the extents `e`? Few operands are compared in place.
template <int Leaves, class E, std::size_t R>
WEFT_INLINE bool all_alike(E const& n, leaf const* leaves, std::array<index_t, R> const& e) {
  if constexpr (Leaves <= 3)
    return expr::all_flat(n, e);
  else
    return same_sizes(leaves, Leaves, e.data(), static_cast<int>(R));
}

// A map that reads a column has two loops, since the last axis may turn out to be of size 1.
template <class Context, class E>
inline constexpr bool has_column_loop = !Context::columns && Context::q <= 1 && E::dims.rank > 0 &&
                                        E::dims[E::dims.rank > 0 ? E::dims.rank - 1 : 0].extent != 1 &&
                                        facts_of<E>.reads_column;

// Maps and row programs.
template <class T, class Context, class E>
[[gnu::noinline]] void execute_rows(E const& e, room& where) {
  constexpr int R = E::dims.rank, Q = Context::q;
  if constexpr (has_column_loop<Context, E>)
    if (e.sizes()[R - 1] != 1)
      return execute_rows<T, context<Context::domain, Q, true, false, false, true>>(e, where);
  using code = code_of<bound<Context, E>>;
  constexpr auto const& p = program_of<(Q > 0 && Q == R), code, results<result_as<T>>>;
  auto const ext = e.sizes();
  frame f;
  table<code> t;
  binder b = t.into(f);
  if constexpr (Q == 0 && R > 0 && !Context::columns && flat_when_alike<E, R>) {
    bind<Context>(e, b, whole_domain<R>{}, no_names{});
    if (!where.strides && all_alike<code::leaves>(e, t.at, ext)) [[likely]]
      return run_flat(p, t.at, code::leaves, t.number, count(ext), result_type_of<T>, where);
    set_extents<R>(f, ext);
    run_rows_of(p, t.at, code::leaves, t.number, f, 0, result_type_of<T>, where);
  } else {
    set_extents<R>(f, ext);
    f.set_row(R - Q);
    bind<Context>(e, b, whole_domain<R>{}, no_names{});
    run_rows_of(p, t.at, code::leaves, t.number, f, Q, result_type_of<T>, where);
  }
}

// One value a row.
template <class T, class Context, class E>
void execute_values(E const& e, room& where) {
  constexpr int R = E::dims.rank, D = Context::domain, Q = Context::q;
  frame f;
  set_extents<D>(f, reduced_sizes(e));
  f.set_row(D - Q);
  using code = code_of<bound<Context, E>>;
  table<code> t;
  binder b = t.into(f);
  bind<Context>(e, b, whole_domain<R>{}, no_names{});
  auto const ext = e.sizes();
  run_values_of(program_of<(Q == D), code, results<result_as<T, false>>>, t.at, code::leaves, t.number, f, ext.data(), R,
                result_type_of<T>, where);
}

// -- columns ---------------------------------------------------------------------------------------------------------

// The order of axes that the loop over columns wants: the axes that stay, but for those at the end, then the reduced ones, then
// the axes at the end that stay (none if the last axis is reduced).
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
constexpr bool axes_in_order(std::array<int, static_cast<std::size_t>(R)> const& o) {
  for (int i = 0; i < R; ++i)
    if (o[static_cast<std::size_t>(i)] != i) return false;
  return true;
}

template <class T, class Fold>
void execute_columns(Fold const& e, room& where) {
  using A = kid_t<0, Fold>;
  constexpr int R = A::dims.rank;
  constexpr unsigned Mask = Fold::mask;
  constexpr auto order = column_order<R, Mask>();
  if constexpr (!axes_in_order<R>(order) || ((Mask >> (R - 1)) & 1)) {
    // Reorder, and try again: either a reduction over the last axes, or columns in order.
    auto v = expr::permuted_by<order>(kid<0>(e));
    constexpr unsigned mask = [order] {
      unsigned m = 0;
      for (int i = 0; i < R; ++i)
        if ((Mask >> order[static_cast<std::size_t>(i)]) & 1) m |= 1u << i;
      return m;
    }();
    expr::reduce<typename Fold::operation, mask, decltype(v)> const moved(v);
    if constexpr (expr::trailing(mask, R) > 0)
      execute_values<T, context<R, expr::trailing(mask, R), true, true>>(moved, where);
    else
      execute_columns<T>(moved, where);
  } else {
    constexpr int outer_axes = std::countr_zero(Mask);
    constexpr int reduced_axes = std::popcount(Mask);
    frame f;
    set_extents<R>(f, kid<0>(e).sizes());
    f.set_row(outer_axes + reduced_axes);
    using code = code_of<bound<context<R, 0, true>, A>>;
    table<code> t;
    binder b = t.into(f);
    bind<context<R, 0, true>>(kid<0>(e), b, whole_domain<R>{}, no_names{});
    place_leaves(t.at, code::leaves, f);
    result out;
    where.strides = nullptr;
    out.type = &result_type_of<T>;
    auto const ext = e.sizes();
    place_result(out, where, ext.data(), R, t.at, code::leaves, f, false);
    reduce_columns<typename Fold::operation, element_t<A>, code>(t.number, t.at, f, outer_axes, static_cast<T*>(out.base));
  }
}

// -- all of them -----------------------------------------------------------------------------------------------------

template <class T, class E>
void execute_producer(E const& e, room& where);

template <class T, class Loop, class E>
WEFT_INLINE void execute_loop(E const& e, room& where) {
  constexpr strategy s = Loop::strategy;
  if constexpr (s == strategy::producer) {
    execute_producer<T>(e, where);
  } else if constexpr (s == strategy::columns) {
    if (where.strides) where.in_place = nullptr;  // a strided place: written dense, and copied by the caller
    execute_columns<T>(fold_of(e), where);
  } else if constexpr (s == strategy::narrow) {
    execute_values<T, typename Loop::context>(e, where);
  } else {
    execute_rows<T, typename Loop::context>(e, where);
  }
}
template <class T, class E>
void execute(E const& e, room& where) {
  with_plan(e, [&]<class Loop>(Loop) WEFT_INLINE_LAMBDA { execute_loop<T, Loop>(e, where); });
}

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft
