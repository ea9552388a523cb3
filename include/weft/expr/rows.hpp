// The rows that reductions go over: which an expression is made of, and whether they are those of a loop.
//
// Types say over how many axes each reduction goes (facts_of, row_of, fused_axes); whether two of them have the same rows is
// known only when sizes are.
#pragma once
#include <weft/expr/context.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace expr {

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

// The extents that the reductions of a narrow expression go over: those of the first one.
template <class E>
constexpr bool has_fold() {
  if constexpr (E::role == role::fold)
    return true;
  else if constexpr (E::role == role::view)
    return E::drops != 0 && has_fold<kid_t<0, E>>();
  else if constexpr (E::role == role::map || E::role == role::let)
    return []<int... I>(std::integer_sequence<int, I...>) { return (has_fold<kid_t<I, E>>() || ...); }(kid_indices<E>{});
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
    return fused_axes<kid_t<0, fold_t<E>>> == 0;
  else
    return false;
}
template <class E>
inline constexpr bool single_fold = find_single_fold<E>();

// -- what run time says ----------------------------------------------------------------------------------------------

// f of the extents of each fused reduction's operand. (What lies below a view, and what goes over other axes, is no part of the loop.)
template <class Context, class E, class F>
WEFT_INLINE void each_fused_fold(E const& e, F const& f) {
  if constexpr (E::role == role::fold) {
    if constexpr (kid_t<0, E>::dims.rank == Context::domain && trailing(E::mask, kid_t<0, E>::dims.rank) == Context::q) {
      f(kid<0>(e).sizes());
      each_fused_fold<Context>(kid<0>(e), f);
    }
  } else if constexpr (E::role == role::map || E::role == role::let || requires { requires E::drops != 0; }) {
    [&]<int... I>(std::integer_sequence<int, I...>) { (each_fused_fold<Context>(kid<I>(e), f), ...); }(kid_indices<E>{});
  }
}
// Do the fused reductions have the rows of the domain, of extents `ext`?
template <class Context, class E>
WEFT_INLINE bool rows_agree(E const& e, index_t const* ext) {
  bool agree = true;
  each_fused_fold<Context>(e, [&](extents<Context::domain> const& s) WEFT_INLINE_LAMBDA {
    for (int i = 0; i < Context::domain; ++i) agree = agree && s[static_cast<std::size_t>(i)] == ext[i];
  });
  return agree;
}
// The reductions have the rows of the domain, and the result has a value for each row and nothing besides: not so
// for sum(x, axis<1>) + b where x has one row and b is longer.
template <class Context, class E>
WEFT_INLINE bool values_agree(E const& e, index_t const* ext) {
  constexpr int outer = Context::domain - Context::q;
  auto const own = e.sizes();
  for (int i = 0; i < E::dims.rank; ++i)
    if (own[static_cast<std::size_t>(i)] != (i < outer ? ext[i] : 1)) return false;
  return rows_agree<Context>(e, ext);
}

// Reductions of one value a row that stand side by side may have rows of different lengths: each is then an edge.
template <class E>
constexpr int folds_on_top() {
  if constexpr (E::role == role::fold)
    return 1;
  else if constexpr (E::role == role::let)
    return folds_on_top<kid_t<1, E>>();
  else if constexpr (E::role == role::map)
    return []<int... I>(std::integer_sequence<int, I...>) { return (folds_on_top<kid_t<I, E>>() + ... + 0); }(
        kid_indices<E>{});
  else if constexpr (E::role == role::view)
    return E::drops != 0 ? folds_on_top<kid_t<0, E>>() : 0;
  else
    return 0;
}
// The extents of the domain: those of E, and along a row that was reduced those of its longest reduction.
template <class Context, class E>
void longest_rows(E const& e, index_t* ext) {
  each_fused_fold<Context>(e, [&](extents<Context::domain> const& s) {
    for (int d = Context::domain - Context::q; d < Context::domain; ++d)
      if (s[static_cast<std::size_t>(d)] > ext[d]) ext[d] = s[static_cast<std::size_t>(d)];
  });
}
// Can all fused reductions be stretched to the rows of the domain?
template <class Context, class E>
bool rows_fit(E const& e, index_t const* ext) {
  bool fit = true;
  each_fused_fold<Context>(e, [&](extents<Context::domain> const& s) {
    for (int d = 0; d < Context::domain; ++d)
      fit = fit && (s[static_cast<std::size_t>(d)] == ext[d] || s[static_cast<std::size_t>(d)] == 1);
  });
  return fit;
}

}  // namespace expr
}  // namespace WEFT_ISA
}  // namespace weft
