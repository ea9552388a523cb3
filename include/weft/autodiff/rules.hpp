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
using expr::part;
using expr::reading;
using expr::reads_of_node;

template <class Op>
struct no_derivative {
  static constexpr bool known = false;
};

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
  else if constexpr (kind_of_type<element_t<E>> == kind::floating && !expr::states_rule<E>)
    return std::type_identity<expr::rule_of<E>>();
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
