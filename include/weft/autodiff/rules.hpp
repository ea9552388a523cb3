// What a statement needs to go back is there: an operation without a derivative is a compile error that names it.
#pragma once
#include <weft/expr/pull.hpp>
#include <weft/autodiff/tracked.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace autodiff {

using expr::asked;
using expr::facts_of;
using expr::kid;
using expr::kid_t;
using expr::letter;
using expr::reading;
using expr::reads_of_node;

template <class Op>
struct no_derivative {
  static constexpr bool known = false;
};

// Does a node with a loop of its own say what its operands get? Its `pull` is found by its name, which is ambiguous beside
// another one, so that nothing is compiled for the question.
struct another_pull {
  void pull();
};
template <class E>
struct beside_another : E, another_pull {};
template <class E>
concept says_pull = !requires { &beside_another<E>::pull; };

// What has to state a node's derivative, and doesn't: its operation, or the node itself where it says how it runs. Or void.
template <class E>
constexpr auto missing_rule() {
  if constexpr (requires { requires !expr::differentiable<typename E::operation>; })
    return std::type_identity<typename E::operation>();
  else if constexpr (requires { typename E::production; requires !says_pull<E>; })
    return std::type_identity<E>();
  else
    return std::type_identity<void>();
}
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
  if constexpr (facts_of<E>.below.order == 0)
    return std::type_identity<void>();
  else if constexpr (kind_of_type<element_t<E>> == kind::floating && !std::is_void_v<typename decltype(missing_rule<E>())::type>)
    return missing_rule<E>();
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
