// Producers stand alone in a recorded statement: what they take, and what reads them, are statements of their own.
//
//   cut(relu(matmul(x * 2, w) + b))     x * 2 becomes a tracked leaf; the rest stays
//   cut(tanh(matmul(x, w)) * y)         the rule of * reads tanh(...): it becomes a leaf
//
// What is too large for one loop is a statement of its own, too: its value is kept instead of being computed again.
//
// So a producer's operands are leaves or views of leaves, and its value is never needed when its statement is run back. (The
// statement's own result is kept on the tape where a rule reads it.)
#pragma once
#include <weft/autodiff/rewrite.hpp>
#include <weft/autodiff/rules.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace autodiff {

// What a producer takes as it is: memory, seen through views.
template <class E>
inline constexpr bool is_operand = facts_of<E>.in_place;
template <class E>
inline constexpr bool stays_operand = is_operand<E> || (facts_of<E>.below.order == 0 && facts_of<E>.producers == 0);

// (What is no floating number leads nowhere: it is evaluated once, as argsort(x) in take(x, argsort(x)).)
template <class E>
inline constexpr bool is_floating = kind_of_type<element_t<E>> == kind::floating;

template <class E, int I>
inline constexpr bool is_large = expr::large_kid<E, I> && facts_of<kid_t<I, E>>.reached;
template <class E>
constexpr bool has_large_parts() {
  if constexpr (facts_of<E>.large_parts == 0 || !facts_of<E>.reached)
    return false;
  else
    return []<int... I>(std::integer_sequence<int, I...>) {
      return ((is_large<E, I> || has_large_parts<kid_t<I, E>>()) || ...);
    }(expr::kid_indices<E>{});
}

// `Read`: a derivative above reads this value in the backward pass, so it must not be computed again with a producer in it.
template <bool Read, bool Root, class E>
constexpr bool is_whole() {
  if constexpr (facts_of<E>.producers == 0)
    return !has_large_parts<E>();
  else if constexpr (facts_of<E>.below.order == 0 || !is_floating<E>)
    return false;
  else if constexpr (Read)
    return false;
  else if constexpr (facts_of<E>.own_loop)
    return []<int... I>(std::integer_sequence<int, I...>) { return (stays_operand<kid_t<I, E>> && ...); }(expr::kid_indices<E>{});
  else if constexpr (reads_of_node<E>.y && !Root)
    return false;
  else
    return []<int... I>(std::integer_sequence<int, I...>) {
      return ((!is_large<E, I> && is_whole<expr::reads_operand(reads_of_node<E>, I), false, kid_t<I, E>>()) && ...);
    }(expr::kid_indices<E>{});
}

template <bool Read, bool Root, class E>
auto cut_at(E const& e) {
  if constexpr (is_whole<Read, Root, E>()) {
    return e;
  } else if constexpr (facts_of<E>.producers > 0 && (Read || facts_of<E>.below.order == 0 || !is_floating<E> || (reads_of_node<E>.y && !Root))) {
    return eval(e);
  } else if constexpr (facts_of<E>.own_loop) {
    return expr::rebuilt(e, [](auto const& k) {
      if constexpr (stays_operand<std::remove_cvref_t<decltype(k)>>)
        return k;
      else
        return eval(k);
    });
  } else {
    return [&]<int... I>(std::integer_sequence<int, I...>) {
      auto const part = [&]<int K>() {
        if constexpr (is_large<E, K>)
          return eval(kid<K>(e));
        else
          return cut_at<expr::reads_operand(reads_of_node<E>, K), false>(kid<K>(e));
      };
      return e.remade(part.template operator()<I>()...);
    }(expr::kid_indices<E>{});
  }
}

// A reference where nothing changes.
template <class E>
decltype(auto) cut(E const& e) {
  if constexpr (is_whole<false, true, E>())
    return (e);
  else
    return cut_at<false, true>(e);
}

}  // namespace autodiff
}  // namespace WEFT_ISA
}  // namespace weft
