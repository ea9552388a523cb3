// The plan of a statement: which loop runs it, over which rows. Assignment, explain, several results and gradients all ask
// here.
//
//   rows      maps, and row programs: reductions over the last axes beside what varies along them
//   values    one value a row: sum(x, axis<-1>), logsumexp, a mean and a variance
//   columns   a reduction whose last axis stays: sum(x, axis<0>)
//   product   a producer with a loop of its own, and the maps around it, which run on its tiles
//
// The type decides all but one thing: whether the reductions of `x - mean(y, axis<-1>, keepdims)` have the rows of the
// result is known only when sizes are. `with_plan(e, f)` finds that out and calls f(loop) with the loop to run.
#pragma once
#include <weft/engine/bind.hpp>
#include <weft/engine/kernel.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace engine {

enum class strategy { rows, narrow, columns, product };

// A loop: its kind and what it is bound for.
template <strategy S, class Context = no_names>
struct loop {
  static constexpr engine::strategy strategy = S;
  using context = Context;
};

// -- what the type says ----------------------------------------------------------------------------------------------

// The one producer whose tile the rest of the statement can run on: it has the statement's axes, and only maps are around
// it. `find`: from the root.
template <class E>
constexpr bool tile_below();
template <class E>
constexpr bool find_tile() {
  if constexpr (E::role == role::producer) {
    return requires { typename E::tiles; };
  } else if constexpr (E::role == role::view) {
    // A product with a vector: the same numbers, an axis less.
    if constexpr (E::drops != 0)
      return kid_t<0, E>::role == role::producer && find_tile<kid_t<0, E>>();
    else
      return false;
  } else if constexpr (E::role == role::map) {
    return facts_of<E>.producers == 1 && expr::fused_axes<E> == 0 &&
           []<int... I>(std::integer_sequence<int, I...>) {
             return ((kid_t<I, E>::dims.rank == E::dims.rank && kid_t<I, E>::role != role::view && find_tile<kid_t<I, E>>()) || ...);
           }(expr::kid_indices<E>{});
  } else {
    return false;
  }
}
template <class E>
inline constexpr bool has_tile = find_tile<E>();
// Precondition: has_tile.
template <class E>
WEFT_INLINE auto const& tile_in(E const& e) {
  if constexpr (E::role == role::producer) {
    return e;
  } else if constexpr (E::arity == 1) {
    return tile_in(kid<0>(e));
  } else if constexpr (facts_of<kid_t<0, E>>.producers == 1) {
    return tile_in(kid<0>(e));
  } else if constexpr (facts_of<kid_t<1, E>>.producers == 1) {
    return tile_in(kid<1>(e));
  } else {
    return tile_in(kid<2>(e));
  }
}

// A reduction at the root, below views that drop its axes.
template <class E>
constexpr bool find_root_fold() {
  if constexpr (E::role == role::view)
    return E::drops != 0 && find_root_fold<kid_t<0, E>>();
  else
    return E::role == role::fold;
}
template <class E>
inline constexpr bool root_fold = find_root_fold<E>();
template <class E>
WEFT_INLINE auto const& fold_of(E const& e) {
  if constexpr (E::role == role::fold)
    return e;
  else
    return fold_of(kid<0>(e));
}
template <class E>
using fold_t = std::remove_cvref_t<decltype(fold_of(std::declval<E const&>()))>;
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
    return strategy::product;
  else if constexpr (find_columns<E>())
    return strategy::columns;
  else
    return expr::row_of<E>.q > 0 ? strategy::narrow : strategy::rows;
}
template <class E>
inline constexpr strategy strategy_of = find_strategy<E>();

// The extents that the reductions of a narrow expression go over: those of the first one.
template <class E>
constexpr bool has_fold() {
  if constexpr (E::role == role::fold)
    return true;
  else if constexpr (E::role == role::view)
    return E::drops != 0 && has_fold<kid_t<0, E>>();
  else if constexpr (E::role == role::map || E::role == role::let)
    return []<int... I>(std::integer_sequence<int, I...>) { return (has_fold<kid_t<I, E>>() || ...); }(expr::kid_indices<E>{});
  else
    return false;
}
template <class E>
WEFT_INLINE auto reduced_sizes(E const& e) {
  if constexpr (E::role == role::fold) {
    return kid<0>(e).sizes();
  } else if constexpr (E::role == role::let) {
    if constexpr (has_fold<kid_t<1, E>>())
      return reduced_sizes(kid<1>(e));
    else
      return reduced_sizes(kid<0>(e));
  } else if constexpr (has_fold<kid_t<0, E>>()) {
    return reduced_sizes(kid<0>(e));
  } else if constexpr (has_fold<kid_t<1, E>>()) {
    return reduced_sizes(kid<1>(e));
  } else {
    return reduced_sizes(kid<2>(e));
  }
}
// A reduction of what holds no reductions itself: its rows cannot disagree with anything.
template <class E>
constexpr bool find_single_fold() {
  if constexpr (root_fold<E>)
    return expr::fused_axes<kid_t<0, fold_t<E>>> == 0;
  else
    return false;
}
template <class E>
inline constexpr bool single_fold = find_single_fold<E>();

// -- what run time says ----------------------------------------------------------------------------------------------

// Do the fused reductions have the rows of the domain, of extents `ext`?
template <class Context, class E>
WEFT_INLINE bool rows_agree(E const& e, index_t const* ext) {
  if constexpr (E::role == role::fold) {
    if constexpr (kid_t<0, E>::dims.rank == Context::domain &&
                  expr::trailing(E::mask, kid_t<0, E>::dims.rank) == Context::q) {
      auto const s = kid<0>(e).sizes();
      for (int i = 0; i < Context::domain; ++i)
        if (s[static_cast<std::size_t>(i)] != ext[i]) return false;
      return rows_agree<Context>(kid<0>(e), ext);
    } else {
      return true;
    }
  } else if constexpr (E::role == role::map || E::role == role::let) {
    return [&]<int... I>(std::integer_sequence<int, I...>) {
      return (rows_agree<Context>(kid<I>(e), ext) && ...);
    }(expr::kid_indices<E>{});
  } else if constexpr (E::role == role::view) {
    if constexpr (E::drops != 0)
      return rows_agree<Context>(kid<0>(e), ext);
    else
      return true;
  } else {
    return true;
  }
}
// The reductions have the rows of the domain, and the result has a value for each row and nothing besides: not so
// for sum(x, axis<1>) + b where x has one row and b is longer.
template <class Context, class E>
WEFT_INLINE bool values_agree(E const& e, index_t const* ext) {
  constexpr int kept = Context::domain - Context::q;
  auto const own = e.sizes();
  for (int i = 0; i < E::dims.rank; ++i)
    if (own[static_cast<std::size_t>(i)] != (i < kept ? ext[i] : 1)) return false;
  return rows_agree<Context>(e, ext);
}

template <class E>
using rows_alone = loop<strategy::rows, context<E::dims.rank, 0, true>>;
template <class E>
using rows_fused = loop<strategy::rows, context<E::dims.rank, expr::fused_axes<E>, true>>;
template <class E>
using values_fused = loop<strategy::narrow, context<expr::row_of<E>.domain, expr::row_of<E>.q, true, true>>;

template <class E, class F>
WEFT_INLINE void with_plan(E const& e, F const& f) {
  constexpr strategy s = strategy_of<E>;
  if constexpr (s == strategy::product) {
    f(loop<strategy::product>{});
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
      return f(loop<strategy::narrow, shallow_context<with::domain, with::q>>{});
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

// The program of a loop.
template <class Loop, class E>
using code_for = code_of<bound<typename Loop::context, E>>;

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft
