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

// Is kid I of a map scaled by a number that is known before its value is?
template <class E, int I>
constexpr bool is_linear_in() {
  constexpr reading read = reads_for_operand<E, I>(expr::kid_indices<E>{});
  return !read.y && [](reading r) {
    return [r]<int... K>(std::integer_sequence<int, K...>) {
      return ((!reads_kid(r, K) || facts_of<kid_t<K, E>>.numbers) && ...);
    }(expr::kid_indices<E>{});
  }(read);
}
// Can the value of a rank-0 expression, and its cotangents, be had in one go?
template <class E>
constexpr bool ends_linear() {
  if constexpr (!facts_of<E>.reached || E::role == role::leaf)
    return true;
  else if constexpr (E::role == role::view)
    return E::drops != 0 && ends_linear<kid_t<0, E>>();
  else if constexpr (E::role == role::fold)
    return E::mask == (1u << kid_t<0, E>::dims.rank) - 1 && requires { E::operation::is_linear; } &&
           (kid_t<0, E>::role != role::producer && kid_t<0, E>::role != role::source && kid_t<0, E>::role != role::fold) &&
           facts_of<kid_t<0, E>>.reached;
  else if constexpr (E::role == role::map)
    return []<int... I>(std::integer_sequence<int, I...>) {
      return ((!leads_back<E, I>() ||
               (is_linear_in<E, I>() && ends_linear<kid_t<I, E>>() && std::is_same_v<element_t<kid_t<I, E>>, element_t<E>>)) && ...);
    }(expr::kid_indices<E>{});
  else
    return false;
}

template <class E>
constexpr bool end_keeps_lets() {
  if constexpr (!facts_of<E>.lets)
    return true;
  else if constexpr (!ends_linear<E>())
    return keeps_lets<E>();
  else if constexpr (E::role == role::fold)
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

// The value of a rank-0 statement of order 1, and the cotangents of its leaves where its own is `scale`.
template <class E>
element_t<E> run_end(tape& t, E const& e, element_t<E> scale) {
  using T = element_t<E>;
  if constexpr (!facts_of<E>.reached) {
    return number_of(stripped<1>(e));
  } else if constexpr (!ends_linear<E>()) {
    T const value = number_of(stripped<1>(e));
    if constexpr (E::dims.rank == 0)
      push<1>(t, e, tensor<T, 0>(scale));
    else
      push<1>(t, e, expr::constant<T>(scale));
    return value;
  } else if constexpr (E::role == role::leaf) {
    T const value = *e.value.data();
    push<1>(t, e, expr::constant<T>(scale));
    return value;
  } else if constexpr (E::role == role::view) {
    return run_end(t, kid<0>(e), scale);
  } else if constexpr (E::role == role::fold) {
    using Op = typename E::operation;
    index_t const n = count(kid<0>(e).sizes());
    auto const each = Op::da(expr::constant<T>(scale), asked<part::y, T>(), asked<part::a, T>(), asked<part::s, T>(),
                             expr::constant<T>(static_cast<T>(n)));
    return Op::template of_total<T>(run_both(t, kid<0>(e), static_cast<element_t<kid_t<0, E>>>(known_number(each))), n);
  } else {
    using Op = typename E::operation;
    auto const number = [&]<int I>() {
      if constexpr (leads_back<E, I>()) {
        // What the other operands are is known, or not asked for.
        auto const known = [&]<int K>() {
          if constexpr (facts_of<kid_t<K, E>>.numbers)
            return expr::constant<element_t<kid_t<K, E>>>(known_number(kid<K>(e)));
          else
            return asked<static_cast<part>(2 + K), element_t<kid_t<K, E>>>();
        };
        auto const g = [&]<int... K>(std::integer_sequence<int, K...>) {
          return known_number(expr::pulled<Op, I>(expr::constant<T>(scale), asked<part::y, T>(), known.template operator()<K>()...));
        }(expr::kid_indices<E>{});
        return expr::constant<T>(run_end(t, kid<I>(e), static_cast<T>(g)));
      } else {
        return expr::constant<element_t<kid_t<I, E>>>(number_of(stripped<1>(kid<I>(e))));
      }
    };
    return [&]<int... I>(std::integer_sequence<int, I...>) {
      return known_number(e.remade(number.template operator()<I>()...));
    }(expr::kid_indices<E>{});
  }
}

}  // namespace autodiff
}  // namespace WEFT_ISA
}  // namespace weft
