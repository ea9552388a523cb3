// Functions that are made of other nodes: what a user could write, with what is shared given a name.
//
//   softmax log_softmax logsumexp var stddev silu   allclose array_equal isclose
//   var(x, axis<-1>, ddof(1))      the squares' sum over n - 1
#pragma once
#include <weft/expr/let.hpp>
#include <weft/expr/reduce.hpp>

namespace weft {

// What var and stddev take from the count of elements before they divide by it. Explicit: a plain number is an axis.
struct ddof {
  index_t less = 0;
  explicit constexpr ddof(index_t n) : less(n) {}
};

inline namespace WEFT_ISA {

namespace expr {
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
    return let(max(v, axes, keepdims), [&](auto const& top) {
      constexpr T big = std::numeric_limits<T>::max();
      return let(where(abs(top) <= big, top, T(0)), [&](auto const& m) { return log(sum(exp(v - m), axes, keepdims)) + m; });
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
    return let(v - mean(v, axes, keepdims), [&](auto const& centred) {
      return sum(square(centred), axes, keepdims) / static_cast<T>(divisor);
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
    return cast<float_t<T>>(static_cast<X&&>(x));
}
template <class X, index_t... I>
WEFT_INLINE constexpr auto softmax_over(X&& x, axis_list<I...> axes) {
  check_some("softmax", x, axes);
  return shared(as_floating(static_cast<X&&>(x)), [&](auto const& v) {
    return let(exp(v - max(v, axes, keepdims)), [&](auto const& e) { return e / sum(e, axes, keepdims); });
  });
}
template <class X, index_t... I>
WEFT_INLINE constexpr auto log_softmax_over(X&& x, axis_list<I...> axes) {
  check_some("log_softmax", x, axes);
  return shared(as_floating(static_cast<X&&>(x)), [&](auto const& v) {
    return let(v - max(v, axes, keepdims),
               [&](auto const& shifted) { return shifted - log(sum(exp(shifted), axes, keepdims)); });
  });
}
}  // namespace expr

// log of the sum of exponentials, without overflow.
template <expression X>
WEFT_INLINE constexpr auto logsumexp(X&& x) {
  return expr::logsumexp_over<false>(static_cast<X&&>(x), expr::every_axis_of<X>{});
}
template <expression X, index_t... I>
WEFT_INLINE constexpr auto logsumexp(X&& x, axis_list<I...> axes) {
  return expr::logsumexp_over<false>(static_cast<X&&>(x), axes);
}
template <expression X, index_t... I>
WEFT_INLINE constexpr auto logsumexp(X&& x, axis_list<I...> axes, keepdims_t) {
  return expr::logsumexp_over<true>(static_cast<X&&>(x), axes);
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
  return expr::var_over<false>(static_cast<X&&>(x), expr::every_axis_of<X>{}, d);
}
template <expression X, index_t... I>
WEFT_INLINE constexpr auto var(X&& x, axis_list<I...> axes, ddof d = ddof(0)) {
  return expr::var_over<false>(static_cast<X&&>(x), axes, d);
}
template <expression X, index_t... I>
WEFT_INLINE constexpr auto var(X&& x, axis_list<I...> axes, keepdims_t, ddof d = ddof(0)) {
  return expr::var_over<true>(static_cast<X&&>(x), axes, d);
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
  return expr::softmax_over(static_cast<X&&>(x), axis<-1>);
}
template <expression X, index_t... I>
WEFT_INLINE constexpr auto softmax(X&& x, axis_list<I...> axes) {
  return expr::softmax_over(static_cast<X&&>(x), axes);
}
template <expression X>
WEFT_INLINE auto softmax(X&& x, index_t at) {
  return expr::mapped_at("softmax", x, at, [](auto const& v) { return softmax(v); });
}
template <expression X>
WEFT_INLINE constexpr auto log_softmax(X&& x) {
  return expr::log_softmax_over(static_cast<X&&>(x), axis<-1>);
}
template <expression X, index_t... I>
WEFT_INLINE constexpr auto log_softmax(X&& x, axis_list<I...> axes) {
  return expr::log_softmax_over(static_cast<X&&>(x), axes);
}
template <expression X>
WEFT_INLINE auto log_softmax(X&& x, index_t at) {
  return expr::mapped_at("log_softmax", x, at, [](auto const& v) { return log_softmax(v); });
}

template <expression X>
WEFT_INLINE constexpr auto silu(X&& x) {
  return expr::shared(static_cast<X&&>(x), [](auto const& v) { return v * sigmoid(v); });
}

namespace expr {
template <class X>
WEFT_INLINE constexpr auto in_doubles(X const& x) {
  if constexpr (expression<X>)
    return cast<double>(x);
  else
    return static_cast<double>(x);
}
template <class T, class X>
WEFT_INLINE constexpr auto magnitude(X const& x) {
  if constexpr (!expression<X>) {
    double const v = static_cast<double>(x);
    return v < 0 ? -v : v;
  } else if constexpr (kind_of_type<element_t<X>> == kind::floating) {
    return abs(x);
  } else {
    return abs(cast<T>(x));  // the smallest whole number has no opposite of its own type
  }
}
}  // namespace expr

// |a - b| <= atol + rtol |b|, of integers in float64, where a difference doesn't wrap; infinities of one sign
// are close, NaN is not.
template <class A, class B>
  requires operands<A, B>
WEFT_INLINE constexpr auto isclose(A const& a, B const& b, double rtol = 1e-5, double atol = 1e-8) {
  using T = element_t<decltype(a - b)>;
  if constexpr (kind_of_type<T> != kind::floating) {
    return isclose(expr::in_doubles(a), expr::in_doubles(b), rtol, atol);
  } else {
    constexpr auto big = std::numeric_limits<T>::max();  // inf - 1 is inf, and within inf of it
    return a == b || (abs(a - b) <= atol + rtol * expr::magnitude<T>(b) && abs(a - b) <= big);
  }
}
// Of shapes that broadcast, and close everywhere.
template <expression A, expression B>
[[nodiscard]] bool allclose(A const& a, B const& b, double rtol = 1e-5, double atol = 1e-8) {
  return all_of(isclose(a, b, rtol, atol));
}
// Of one shape, and equal everywhere.
template <expression A, expression B>
[[nodiscard]] bool array_equal(A const& a, B const& b) {
  if constexpr (rank_of<A> != rank_of<B>) {
    return false;
  } else {
    if (a.sizes() != b.sizes()) return false;
    return all_of(a == b);
  }
}

}  // namespace WEFT_ISA
}  // namespace weft
