// The plan of a statement: which loop runs it, over which rows. Assignment, explain, several results and gradients all ask
// here.
//
//   rows      maps, and row programs: reductions over the last axes beside what varies along them
//   narrow    one value a row: sum(x, axis<-1>), logsumexp, a mean and a variance
//   columns   a reduction whose last axis stays: sum(x, axis<0>)
//   product   a producer with a loop of its own, and the maps around it, which run on its tiles
//
// The type decides all but one thing: whether the reductions of `x - mean(y, axis<-1>, keepdims)` have the rows of the
// result is known only when sizes are. `with_plan(e, f)` finds that out and calls f(loop) with the loop to run.
#pragma once
#include <weft/engine/binder.hpp>
#include <weft/engine/kernel.hpp>
#include <weft/expr/rows.hpp>
#include <weft/expr/tile.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace engine {

using expr::fold_of;
using expr::fold_t;
using expr::has_tile;
using expr::reduced_sizes;
using expr::root_fold;
using expr::rows_agree;
using expr::single_fold;
using expr::tile_in;
using expr::values_agree;

enum class strategy { rows, narrow, columns, producer };

// A loop: its kind and what it is bound for.
template <strategy S, class Context = no_names>
struct loop {
  static constexpr engine::strategy strategy = S;
  using context = Context;
};

// -- what the type says ----------------------------------------------------------------------------------------------

template <class E>
constexpr bool find_columns() {
  if constexpr (root_fold<E>)
    return fold_t<E>::mask != 0 && expr::trailing(fold_t<E>::mask, kid_t<0, fold_t<E>>::dims.rank) == 0;
  else
    return false;
}

template <class E>
constexpr strategy find_strategy() {
  if constexpr (has_tile<E>)
    return strategy::producer;
  else if constexpr (find_columns<E>())
    return strategy::columns;
  else
    return expr::row_of<E>.q > 0 ? strategy::narrow : strategy::rows;
}
template <class E>
inline constexpr strategy strategy_of = find_strategy<E>();

template <class E>
using rows_alone = loop<strategy::rows, context<E::dims.rank, 0, true>>;
template <class E>
using rows_fused = loop<strategy::rows, context<E::dims.rank, expr::fused_axes<E>, true>>;
template <class E>
using values_fused = loop<strategy::narrow, context<expr::row_of<E>.domain, expr::row_of<E>.q, true, true>>;

template <class E, class F>
WEFT_INLINE void with_plan(E const& e, F const& f) {
  constexpr strategy s = strategy_of<E>;
  if constexpr (s == strategy::producer) {
    f(loop<strategy::producer>{});
  } else if constexpr (s == strategy::columns) {
    f(loop<strategy::columns>{});
  } else if constexpr (s == strategy::narrow) {
    using fused = values_fused<E>;
    using with = typename fused::context;
    if constexpr (single_fold<E>)
      return f(fused{});
    else if (values_agree<with>(e, reduced_sizes(e).data())) [[likely]]
      return f(fused{});
    else if constexpr (root_fold<E>)
      return f(loop<strategy::narrow, expr::shallow_context<with::domain, with::q>>{});
    else
      return f(rows_alone<E>{});
  } else if constexpr (expr::fused_axes<E> > 0) {
    if (rows_agree<typename rows_fused<E>::context>(e, e.sizes().data())) [[likely]]
      return f(rows_fused<E>{});
    else
      return f(rows_alone<E>{});
  } else {
    f(rows_alone<E>{});
  }
}

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft
