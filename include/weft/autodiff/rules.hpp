// What the derivatives of operations (in their files of ops/) read, and whether they are there.
//
//   reads_of_node<E>   which of its result and operands the backward pass of a node reads, below which is something tracked
//   check_rules<E>()   an operation without a derivative is a compile error that names it
#pragma once
#include <weft/expr/operation.hpp>
#include <weft/autodiff/tracked.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace autodiff {

using expr::asked;
using expr::facts_of;
using expr::kid;
using expr::kid_t;
using expr::part;
using expr::reading;

template <class Op>
struct no_derivative {
  static constexpr bool known = false;
};

// Does kid I of E lead to something tracked?
template <class E, int I>
constexpr bool leads_back() {
  if constexpr (kind_of_type<element_t<kid_t<I, E>>> == kind::floating)
    return facts_of<kid_t<I, E>>.reached;
  else
    return false;
}

template <class E, int I, int... K>
constexpr reading reads_for_operand(std::integer_sequence<int, K...>) {
  if constexpr (leads_back<E, I>())
    return expr::mentioned<expr::pulled_t<typename E::operation, I, element_t<E>, element_t<kid_t<K, E>>...>>();
  else
    return {};
}
template <class E>
constexpr reading find_reads() {
  if constexpr (!facts_of<E>.reached) {
    return {};
  } else if constexpr (E::role == role::map) {
    return []<int... I>(std::integer_sequence<int, I...>) {
      return (reads_for_operand<E, I>(expr::kid_indices<E>{}) | ... | reading{});
    }(expr::kid_indices<E>{});
  } else if constexpr (E::role == role::fold) {
    using Op = typename E::operation;
    using T = element_t<E>;
    if constexpr (requires { Op::back_by_rows; })
      return expr::mentioned<decltype(Op::da(asked<part::g, T>(), asked<part::y, T>(), asked<part::a, T>(), asked<part::s, T>(),
                                             asked<part::b, T>()))>();
    else
      return {true, true};
  } else {
    return {};
  }
}
template <class E>
inline constexpr reading reads_of_node = find_reads<E>();
// Is kid I among what is read?
constexpr bool reads_kid(reading r, int i) { return i == 0 ? r.a : i == 1 ? r.b : r.c; }

// Does a node with a loop of its own say what its operands get? Its `pull` is found by its name, which is ambiguous beside
// another one, so that nothing is compiled for the question.
struct another_pull {
  void pull();
};
template <class E>
struct beside_another : E, another_pull {};
template <class E>
concept says_pull = !requires { &beside_another<E>::pull; };

// The first operation without a derivative that has something tracked below it, or void. Asked once a statement, so that
// the compiler's message is short.
template <class E>
constexpr auto find_missing();
template <class E, int I, class Found>
constexpr auto first_missing(Found found) {
  if constexpr (!std::is_void_v<typename Found::type> || I >= E::arity)
    return found;
  else
    return first_missing<E, I + 1>(find_missing<kid_t<I, E>>());
}
template <class E>
constexpr auto find_missing() {
  constexpr bool asks = kind_of_type<element_t<E>> == kind::floating && facts_of<E>.below.order > 0;
  if constexpr (facts_of<E>.below.order == 0)
    return std::type_identity<void>();
  else if constexpr (E::role == role::producer || E::role == role::source)
    if constexpr (asks && !says_pull<E>)
      return std::type_identity<E>();
    else
      return first_missing<E, 0>(std::type_identity<void>());
  else if constexpr (requires { typename E::operation; })
    if constexpr (asks && !expr::differentiable<typename E::operation>)
      return std::type_identity<typename E::operation>();
    else
      return first_missing<E, 0>(std::type_identity<void>());
  else
    return first_missing<E, 0>(std::type_identity<void>());
}
template <class E>
constexpr bool check_rules() {
  using op = typename decltype(find_missing<E>())::type;
  constexpr bool known = std::is_void_v<op> || no_derivative<op>::known;
  static_assert(std::is_void_v<op> || no_derivative<op>::known, "weft: grad: this operation does not say what its derivative is");
  return known;
}

}  // namespace autodiff
}  // namespace WEFT_ISA
}  // namespace weft
