// The last statement of a differentiated function: value and cotangents in one sweep, since its own cotangent is known.
//
//   mean(square(x - y)) + 0.1 * sum(w * w)      two sweeps, each forward and back
//
// Full sums and means, and whatever is linear in them, are run so; anything else is evaluated, then run back.
#pragma once
#include <weft/autodiff/statement.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace autodiff {

// A full sum, or what is made of one, of something that a loop computes: the sweep over its operand says its value too. (What is
// a reduction itself has its value by its own loop, and its operand gets a number.)
template <class E>
constexpr bool find_total() {
  if constexpr (requires { E::operation::is_linear; }) {
    using A = kid_t<0, E>;
    if constexpr (E::mask != expr::every_axis<A::dims.rank> || !expr::in_loop<context_of<A>, A>)
      return false;
    else if constexpr (expr::root_fold<A>)
      return !std::is_same_v<expr::fold_t<A>, A>;
    else
      return true;
  } else {
    return false;
  }
}
template <class E>
inline constexpr bool is_total = find_total<E>();
// Can the value of a rank-0 expression, and its cotangents, be had in one go?
template <class E>
constexpr bool ends_linear() {
  if constexpr (!facts_of<E>.reached || is_total<E>)
    return true;
  else
    return []<int... I>(std::integer_sequence<int, I...>) {
      return ((!expr::leads_back<E, I> ||
               (expr::known_pull<E, I> && ends_linear<kid_t<I, E>>() && std::is_same_v<element_t<kid_t<I, E>>, element_t<E>>)) && ...);
    }(expr::kid_indices<E>{});
}

template <class E>
constexpr bool end_keeps_lets() {
  if constexpr (!facts_of<E>.lets)
    return true;
  else if constexpr (!ends_linear<E>())
    return keeps_lets<E>();
  else if constexpr (is_total<E>)
    return facts_of<E>.producers == 0 && lets_stay<context_of<kid_t<0, E>>, kid_t<0, E>>();
  else
    return []<int... I>(std::integer_sequence<int, I...>) { return (end_keeps_lets<kid_t<I, E>>() && ...); }(expr::kid_indices<E>{});
}
template <int N, class E>
decltype(auto) end_without_lets(E const& e) {
  if constexpr (N == 1 && end_keeps_lets<E>())
    return (e);
  else
    return without_lets<N>(e);
}

// What a pull asks for before the value of its node is known: numbers, or something that is only asked about.
template <class E>
struct known_values {
  using T = element_t<E>;
  E const& e;
  asked<letter::y, T> value() const { return {}; }
  template <int K>
  auto operand() const {
    if constexpr (facts_of<kid_t<K, E>>.numbers)
      return expr::constant<element_t<kid_t<K, E>>>(known_number(kid<K>(e)));
    else
      return asked<static_cast<letter>(2 + K), element_t<kid_t<K, E>>>();
  }
  asked<letter::s, T> counted() const { return {}; }
  auto elements() const { return expr::constant<T>(static_cast<T>(count(kid<0>(e).sizes()))); }
};
template <int I, class E>
auto known_share(E const& e, element_t<E> scale) {
  return static_cast<element_t<kid_t<I, E>>>(
      known_number(expr::pull_of_operand<I>(e, expr::constant<element_t<E>>(scale), known_values<E>{e})));
}

// The value of a rank-0 statement of order 1, and the cotangents of its leaves where its own is `scale`.
template <class E>
element_t<E> run_end(tape& t, E const& e, element_t<E> scale) {
  using T = element_t<E>;
  if constexpr (!facts_of<E>.reached) {
    return number_of(stripped<1>(e));
  } else if constexpr (!ends_linear<E>() || E::arity == 0) {
    T const value = number_of(stripped<1>(e));
    push<1>(t, e, expr::constant<T>(scale));
    return value;
  } else if constexpr (is_total<E>) {
    return E::operation::template of_total<T>(run_both(t, kid<0>(e), known_share<0>(e, scale)), count(kid<0>(e).sizes()));
  } else {
    auto const number = [&]<int I>() {
      using K = element_t<kid_t<I, E>>;
      if constexpr (expr::leads_back<E, I>)
        return expr::constant<K>(run_end(t, kid<I>(e), known_share<I>(e, scale)));
      else
        return expr::constant<K>(number_of(stripped<1>(kid<I>(e))));
    };
    return [&]<int... I>(std::integer_sequence<int, I...>) {
      return known_number(e.remade(number.template operator()<I>()...));
    }(expr::kid_indices<E>{});
  }
}

}  // namespace autodiff
}  // namespace WEFT_ISA
}  // namespace weft
