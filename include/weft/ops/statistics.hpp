// Functions that are made of other nodes: what a user could write, with what is shared given a name.
//
//   softmax log_softmax logsumexp var stddev
//   var(x, axis<-1>, ddof(1))      the squares' sum over n - 1
#pragma once
#include <weft/expr/let.hpp>
#include <weft/ops/exponential.hpp>
#include <weft/ops/reduce.hpp>

namespace weft {

// What var and stddev take from the count of elements before they divide by it. Explicit: a plain number is an axis.
struct ddof {
  index_t less = 0;
  explicit constexpr ddof(index_t n) : less(n) {}
};

inline namespace WEFT_ISA {

namespace ops {
using expr::drop_axes, expr::mask_of, expr::move_axis_last, expr::move_last_axis_to, expr::shared;

// All axes of an expression, as a list of axes.
template <std::size_t... I>
axis_list<static_cast<index_t>(I)...> every(std::index_sequence<I...>);
template <class E>
using every_axis_of = decltype(every(std::make_index_sequence<static_cast<std::size_t>(rank_of<E>)>()));

// Drops the axes that were kept, unless they were asked for.
template <unsigned Mask, bool Keep, class E>
WEFT_INLINE constexpr auto finish_axes(E const& e) {
  if constexpr (Keep)
    return e;
  else
    return drop_axes<E, Mask>(e);
}

// f(v) of x with an axis known at run time as the last one, where f keeps the shape.
template <class X, class F>
WEFT_INLINE auto mapped_at(char const* operation, X const& x, index_t at, F const& f) {
  int const i = checked_axis(operation, at, rank_of<X>);
  return move_last_axis_to(f(move_axis_last(x, i)), i);
}

// A reduction of nothing in the middle of a function is that function's error: it isn't the maximum that was asked for.
template <class X, index_t... I>
WEFT_INLINE constexpr void check_some(char const* operation, X const& x, axis_list<I...>) {
  if constexpr (!poisoned<X>) {
    constexpr unsigned mask = mask_of<rank_of<X>, I...>();
    auto const e = x.sizes();
    for (int i = 0; i < rank_of<X>; ++i)
      if (((mask >> i) & 1) && e[static_cast<std::size_t>(i)] == 0) [[unlikely]]
        fail<shape_error>(std::string(operation) + ": nothing to reduce in " + to_text(e));
  }
}

template <bool Keep, class X, index_t... I>
WEFT_INLINE constexpr auto logsumexp_over(X&& x, axis_list<I...> axes) {
  check_some("logsumexp", x, axes);
  constexpr unsigned mask = mask_of<rank_of<X>, I...>();
  auto e = shared(static_cast<X&&>(x), [&](auto const& v) {
    using T = float_t<element_t<decltype(v)>>;
    // An infinite maximum is taken as 0, so that exp sees no inf - inf.
    return weft::let(reduce_axes<shift, true>(v, axes), [&](auto const& top) {
      constexpr T big = std::numeric_limits<T>::max();
      return weft::let(weft::where(weft::abs(top) <= big, top, T(0)), [&](auto const& m) { return weft::log(weft::sum(weft::exp(v - m), axes, keepdims)) + m; });
    });
  });
  return finish_axes<mask, Keep>(e);
}
template <bool Keep, class X, index_t... I>
WEFT_INLINE constexpr auto var_over(X&& x, axis_list<I...> axes, ddof d) {
  constexpr unsigned mask = mask_of<rank_of<X>, I...>();
  auto const ext = x.sizes();
  index_t n = 1;
  for (int i = 0; i < rank_of<X>; ++i)
    if ((mask >> i) & 1) n *= ext[static_cast<std::size_t>(i)];
  index_t const divisor = n > d.less ? n - d.less : 0;
  auto e = shared(static_cast<X&&>(x), [&](auto const& v) {
    using T = mean_t<element_t<decltype(v)>>;
    return weft::let(v - weft::mean(v, axes, keepdims), [&](auto const& centred) {
      return weft::sum(weft::square(centred), axes, keepdims) / static_cast<T>(divisor);
    });
  });
  return finish_axes<mask, Keep>(e);
}
// As it is, or what exp would make of it: differences of integers wrap.
template <class X>
WEFT_INLINE constexpr decltype(auto) as_floating(X&& x) {
  using T = element_t<X>;
  if constexpr (poisoned<X> || std::is_same_v<T, float_t<T>>)
    return static_cast<X&&>(x);
  else
    return weft::cast<float_t<T>>(static_cast<X&&>(x));
}
template <class X, index_t... I>
WEFT_INLINE constexpr auto softmax_over(X&& x, axis_list<I...> axes) {
  check_some("softmax", x, axes);
  return shared(as_floating(static_cast<X&&>(x)), [&](auto const& v) {
    return weft::let(weft::exp(v - reduce_axes<shift, true>(v, axes)), [&](auto const& e) { return e / weft::sum(e, axes, keepdims); });
  });
}
template <class X, index_t... I>
WEFT_INLINE constexpr auto log_softmax_over(X&& x, axis_list<I...> axes) {
  check_some("log_softmax", x, axes);
  return shared(as_floating(static_cast<X&&>(x)), [&](auto const& v) {
    return weft::let(v - reduce_axes<shift, true>(v, axes),
               [&](auto const& shifted) { return shifted - weft::log(weft::sum(weft::exp(shifted), axes, keepdims)); });
  });
}
}  // namespace ops

// log of the sum of exponentials, without overflow.
template <expression X>
WEFT_INLINE constexpr auto logsumexp(X&& x) {
  return ops::logsumexp_over<false>(static_cast<X&&>(x), ops::every_axis_of<X>{});
}
template <expression X, index_t... I>
WEFT_INLINE constexpr auto logsumexp(X&& x, axis_list<I...> axes) {
  return ops::logsumexp_over<false>(static_cast<X&&>(x), axes);
}
template <expression X, index_t... I>
WEFT_INLINE constexpr auto logsumexp(X&& x, axis_list<I...> axes, keepdims_t) {
  return ops::logsumexp_over<true>(static_cast<X&&>(x), axes);
}
template <expression X>
WEFT_INLINE auto logsumexp(X&& x, index_t at) {
  return expr::reduced_at<false>("logsumexp", x, at, [](auto const& v) { return logsumexp(v, axis<-1>, keepdims); });
}
template <expression X>
WEFT_INLINE auto logsumexp(X&& x, index_t at, keepdims_t) {
  return expr::reduced_at<true>("logsumexp", x, at, [](auto const& v) { return logsumexp(v, axis<-1>, keepdims); });
}
// The mean squared distance from the mean; divides by n - ddof.
template <expression X>
WEFT_INLINE constexpr auto var(X&& x, ddof d = ddof(0)) {
  return ops::var_over<false>(static_cast<X&&>(x), ops::every_axis_of<X>{}, d);
}
template <expression X, index_t... I>
WEFT_INLINE constexpr auto var(X&& x, axis_list<I...> axes, ddof d = ddof(0)) {
  return ops::var_over<false>(static_cast<X&&>(x), axes, d);
}
template <expression X, index_t... I>
WEFT_INLINE constexpr auto var(X&& x, axis_list<I...> axes, keepdims_t, ddof d = ddof(0)) {
  return ops::var_over<true>(static_cast<X&&>(x), axes, d);
}
template <expression X>
WEFT_INLINE auto var(X&& x, index_t at, ddof d = ddof(0)) {
  return expr::reduced_at<false>("var", x, at, [d](auto const& v) { return var(v, axis<-1>, keepdims, d); });
}
template <expression X>
WEFT_INLINE auto var(X&& x, index_t at, keepdims_t, ddof d = ddof(0)) {
  return expr::reduced_at<true>("var", x, at, [d](auto const& v) { return var(v, axis<-1>, keepdims, d); });
}
template <expression X, class... Rest>
WEFT_INLINE constexpr auto stddev(X&& x, Rest const&... rest) {
  return sqrt(var(static_cast<X&&>(x), rest...));
}

// exp(x) / sum(exp(x)) along the axes; the last one if none are given.
template <expression X>
WEFT_INLINE constexpr auto softmax(X&& x) {
  return ops::softmax_over(static_cast<X&&>(x), axis<-1>);
}
template <expression X, index_t... I>
WEFT_INLINE constexpr auto softmax(X&& x, axis_list<I...> axes) {
  return ops::softmax_over(static_cast<X&&>(x), axes);
}
template <expression X>
WEFT_INLINE auto softmax(X&& x, index_t at) {
  return ops::mapped_at("softmax", x, at, [](auto const& v) { return softmax(v); });
}
template <expression X>
WEFT_INLINE constexpr auto log_softmax(X&& x) {
  return ops::log_softmax_over(static_cast<X&&>(x), axis<-1>);
}
template <expression X, index_t... I>
WEFT_INLINE constexpr auto log_softmax(X&& x, axis_list<I...> axes) {
  return ops::log_softmax_over(static_cast<X&&>(x), axes);
}
template <expression X>
WEFT_INLINE auto log_softmax(X&& x, index_t at) {
  return ops::mapped_at("log_softmax", x, at, [](auto const& v) { return log_softmax(v); });
}

}  // namespace WEFT_ISA
}  // namespace weft
