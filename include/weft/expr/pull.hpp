// The way back through a node: what its operands get of the cotangent of its value.
//
//   leads_back<E, I>              does operand I lead to something tracked?
//   reads_of_node<E>              which of its value and its operands those that do take
//   only_seen<E>                  its operand gets the cotangent itself, stretched or with further axes
//   pull_of_operand<I>(n, g, of)  what operand I gets of the cotangent g, as an expression
//
// A function a role. What it needs besides g it asks `of`, who knows the values (autodiff/push.hpp evaluates them, autodiff/ending.hpp
// knows numbers):
//
//   of.value(), of.operand<K>()   of the node, and of its operand K: a number or what was evaluated, where it is read
//   of.counted(), of.elements()   of a reduction: the sum of what its operation counts, and how many elements it takes together
//   of.placed(g, view)            zeros, with g in the places that the view shows
//   of.node()                     the node over values
//   of.made(e)                    the value of an expression that is read more than once
//   Of::order                     1: what it gives is read by a loop; above: it is differentiated again
#pragma once
#include <weft/expr/facts.hpp>
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

// What is known of an operand's pull.
struct pull_facts {
  reading reads{};          // the values that it takes
  bool of_numbers = false;  // over numbers alone the node is a number, and so is what the operand gets of one
  bool only_seen = false;   // the operand gets the cotangent itself (or what is made of it alone), stretched or with further axes
};

// -- a struct a role -------------------------------------------------------------------------------------------------

// Nodes with a pull of their own; and what has no operands, or is no part of a backward pass but in a loop (a let).
template <role R>
struct pulling {
  template <class E, int I>
  static constexpr pull_facts facts{};
  template <int I, class E, class G, class Of>
  static auto make(E const&, G const& g, Of const& of) {
    return of.node().template pull<I>(g);
  }
};

template <>
struct pulling<role::map> {
  template <class E, int I, int... K>
  static constexpr reading reads(std::integer_sequence<int, K...>) {
    return mentioned<pulled_t<typename E::operation, I, element_t<E>, element_t<kid_t<K, E>>...>>();
  }
  template <class E, int I>
  static constexpr pull_facts facts{.reads = reads<E, I>(kid_indices<E>{}), .of_numbers = true};
  template <int I, class E, class G, class Of>
  static auto make(E const&, G const& g, Of const& of) {
    return [&]<int... K>(std::integer_sequence<int, K...>) {
      return pulled<typename E::operation, I>(g, of.value(), of.template operand<K>()...);
    }(kid_indices<E>{});
  }
};

// A reduction whose operation says what one element gets has it in a row program too; another one is pulled as a whole.
template <>
struct pulling<role::fold> {
  template <class E>
  static constexpr reading reads() {
    using Op = typename E::operation;
    using T = element_t<E>;
    if constexpr (requires { Op::back_by_rows; })
      return mentioned<decltype(Op::da(asked<letter::g, T>(), asked<letter::y, T>(), asked<letter::a, T>(), asked<letter::s, T>(),
                                       asked<letter::b, T>()))>();
    else
      return {true, true};
  }
  template <class E, int I>
  static constexpr pull_facts facts{.reads = reads<E>(),
                                    .only_seen = !reads<E>().y && !reads<E>().a && !reads<E>().s};
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
struct pulling<role::view> {
  template <class E, int I>
  static constexpr pull_facts facts{.of_numbers = E::drops != 0, .only_seen = E::drops != 0};
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

// -- what is asked ---------------------------------------------------------------------------------------------------

template <class E, int I>
constexpr pull_facts find_pull_facts() {
  if constexpr (facts_of<E>.reached && leads_back<E, I>)
    return pulling<E::role>::template facts<E, I>;
  else
    return {};
}
// Of operand I; nothing of one that nothing goes back to.
template <class E, int I>
inline constexpr pull_facts pull_facts_of = find_pull_facts<E, I>();

template <class E, int... I>
constexpr reading find_reads(std::integer_sequence<int, I...>) {
  return (pull_facts_of<E, I>.reads | ... | reading{});
}
template <class E>
inline constexpr reading reads_of_node = find_reads<E>(kid_indices<E>{});

template <class E>
constexpr bool find_only_seen() {
  if constexpr (E::arity == 1)
    return pull_facts_of<E, 0>.only_seen;
  else
    return false;
}
template <class E>
inline constexpr bool only_seen = find_only_seen<E>();

// Does operand I get a number of a number, which is known before any value but those of numbers is?
template <class E, int... K>
constexpr bool reads_only_numbers(reading r, std::integer_sequence<int, K...>) {
  return !r.y && ((!reads_operand(r, K) || facts_of<kid_t<K, E>>.numbers) && ...);
}
template <class E, int I>
inline constexpr bool known_pull =
    pull_facts_of<E, I>.of_numbers && reads_only_numbers<E>(pull_facts_of<E, I>.reads, kid_indices<E>{});

template <int I, class E, class G, class Of>
auto pull_of_operand(E const& n, G const& g, Of const& of) {
  return pulling<E::role>::template make<I>(n, g, of);
}

}  // namespace expr
}  // namespace WEFT_ISA
}  // namespace weft
