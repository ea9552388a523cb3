// The way back through a node: what its operands get of the cotangent of its value.
//
//   leads_back<E, I>            does operand I lead to something tracked?
//   reads_of_node<E>            which of its value and its operands that takes
//   pull_of_operand<I>(n, g, of)  what operand I gets of the cotangent g, as an expression
//
// A function a role. What it needs besides g it asks `of`, who knows the values (autodiff/push.hpp evaluates them, autodiff/ending.hpp
// knows numbers):
//
//   of.value(), of.operand<K>()   of the node, and of its operand K: a number or what was evaluated, where it is read
//   of.counted(), of.elements()   of a reduction: the sum of what its operation counts, and how many elements it takes together
//   of.placed(g, view)            zeros, with g in the places that the view shows
//   of.node()                     the node over values
#pragma once
#include <weft/expr/fold.hpp>
#include <weft/expr/operation.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace expr {

template <class E, int I>
constexpr bool find_leads_back() {
  if constexpr (kind_of_type<element_t<kid_t<I, E>>> == kind::floating)
    return facts_of<kid_t<I, E>>.reached;
  else
    return false;
}
template <class E, int I>
inline constexpr bool leads_back = find_leads_back<E, I>();

// Is operand I among what is read?
constexpr bool reads_operand(reading r, int i) { return i == 0 ? r.a : i == 1 ? r.b : r.c; }

// Does a node with a loop of its own say what its operands get? Its `pull` is found by its name, which is ambiguous beside
// another one, so that nothing is compiled for the question.
struct another_pull {
  void pull();
};
template <class E>
struct beside_another : E, another_pull {};
template <class E>
concept says_pull = !requires { &beside_another<E>::pull; };

// -- a struct a role -------------------------------------------------------------------------------------------------
//
//   rule<E>       who states what operands get, and `states<E>`: does it?
//   reads<E, I>   what operand I's takes
//   of_numbers    over numbers alone the node is a number, and so is what an operand gets of one
//   only_seen     the operand gets the cotangent itself (or what is made of it alone), stretched or with further axes

// What has no operands; and lets, which are part of a program, or statements of their own.
template <role R>
struct pulling {
  template <class E>
  using rule = void;
  template <class E>
  static constexpr bool states = true;
  template <class E, int I>
  static constexpr reading reads{};
  template <class E>
  static constexpr bool of_numbers = false;
  template <class E>
  static constexpr bool only_seen = false;
};

template <class E, int I, int... K>
constexpr reading reads_of_map(std::integer_sequence<int, K...>) {
  return mentioned<pulled_t<typename E::operation, I, element_t<E>, element_t<kid_t<K, E>>...>>();
}
template <>
struct pulling<role::map> {
  template <class E>
  using rule = typename E::operation;
  template <class E>
  static constexpr bool states = differentiable<typename E::operation>;
  template <class E, int I>
  static constexpr reading reads = reads_of_map<E, I>(kid_indices<E>{});
  template <class E>
  static constexpr bool of_numbers = true;
  template <class E>
  static constexpr bool only_seen = false;
  template <int I, class E, class G, class Of>
  static auto make(E const&, G const& g, Of const& of) {
    using Op = typename E::operation;
    if constexpr (E::arity == 1)
      return pulled<Op, I>(g, of.value(), of.template operand<0>());
    else if constexpr (E::arity == 2)
      return pulled<Op, I>(g, of.value(), of.template operand<0>(), of.template operand<1>());
    else
      return pulled<Op, I>(g, of.value(), of.template operand<0>(), of.template operand<1>(), of.template operand<2>());
  }
};

// A reduction whose operation says what one element gets has it in a row program too; another one is pulled as a whole.
template <class E>
constexpr reading reads_of_fold() {
  using Op = typename E::operation;
  using T = element_t<E>;
  if constexpr (requires { Op::back_by_rows; })
    return mentioned<decltype(Op::da(asked<part::g, T>(), asked<part::y, T>(), asked<part::a, T>(), asked<part::s, T>(),
                                     asked<part::b, T>()))>();
  else
    return {true, true};
}
template <>
struct pulling<role::fold> : pulling<role::map> {
  template <class E, int I>
  static constexpr reading reads = reads_of_fold<E>();
  template <class E>
  static constexpr bool of_numbers = false;
  template <class E>
  static constexpr bool only_seen = !reads<E, 0>.y && !reads<E, 0>.a && !reads<E, 0>.s;
  template <int I, class E, class G, class Of>
  static auto make(E const& n, G const& g, Of const& of) {
    using Op = typename E::operation;
    if constexpr (requires { Op::back_by_rows; })
      return Op::da(g, of.value(), of.template operand<0>(), of.counted(), of.elements());
    else
      return Op::pull(n, g, of);
  }
};

template <>
struct pulling<role::view> : pulling<role::let> {
  template <class E>
  static constexpr bool of_numbers = E::drops != 0;
  template <class E>
  static constexpr bool only_seen = E::drops != 0;
  template <int I, class E, class G, class Of>
  static auto make(E const& n, G const& g, Of const& of) {
    if constexpr (E::drops == 0)
      return of.placed(g, n);
    else if constexpr (facts_of<G>.numbers)
      return g;
    else
      return unsqueezed<E::drops>(kid<0>(n).sizes(), g);
  }
};

template <>
struct pulling<role::source> : pulling<role::let> {
  template <class E>
  using rule = E;
  template <class E>
  static constexpr bool states = says_pull<E>;
  template <int I, class E, class G, class Of>
  static auto make(E const&, G const& g, Of const& of) {
    return of.node().template pull<I>(g);
  }
};
template <>
struct pulling<role::producer> : pulling<role::source> {};

template <class E>
constexpr reading find_reads() {
  if constexpr (!facts_of<E>.reached)
    return {};
  else
    return []<int... I>(std::integer_sequence<int, I...>) {
      auto const of = []<int K>() -> reading {
        if constexpr (leads_back<E, K>)
          return pulling<E::role>::template reads<E, K>;
        else
          return {};
      };
      return (of.template operator()<I>() | ... | reading{});
    }(kid_indices<E>{});
}
template <class E>
inline constexpr reading reads_of_node = find_reads<E>();

// Does operand I get a number of a number, which is known before any value but those of numbers is?
template <class E, int... K>
constexpr bool reads_only_numbers(reading r, std::integer_sequence<int, K...>) {
  return !r.y && ((!reads_operand(r, K) || facts_of<kid_t<K, E>>.numbers) && ...);
}
template <class E, int I>
constexpr bool find_known_pull() {
  using from = pulling<E::role>;
  if constexpr (from::template of_numbers<E>)
    return reads_only_numbers<E>(from::template reads<E, I>, kid_indices<E>{});
  else
    return false;
}
template <class E, int I>
inline constexpr bool known_pull = find_known_pull<E, I>();

template <class E>
using rule_of = typename pulling<E::role>::template rule<E>;
template <class E>
inline constexpr bool states_rule = pulling<E::role>::template states<E>;
template <class E>
inline constexpr bool only_seen = pulling<E::role>::template only_seen<E>;

template <int I, class E, class G, class Of>
auto pull_of_operand(E const& n, G const& g, Of const& of) {
  return pulling<E::role>::template make<I>(n, g, of);
}

}  // namespace expr
}  // namespace WEFT_ISA
}  // namespace weft
