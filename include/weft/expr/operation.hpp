// What an elementwise operation states of itself. An operation is an empty struct in a file of ops/, with these facts and its
// derivative; nothing has a default.
//
//   name           as errors and plans say it
//   compute<A..>   the type its operands are converted to
//   result<A..>    the element type of the node
//   apply(v...)    on numbers and on packs alike
//   cost           what one pack of it takes, about, an addition being 1
//   multiplies     it is a product of its operands (or of its operand by itself)
//   divides        it is the quotient of its operands
//   negates        it is its operand with the other sign
//   adds           it is a sum or a difference, which takes a product along in one rounding
//   passing        its value has a form of its own, which only the next operation reads
//   da, db, dc     what operands a, b, c get of the cotangent g of its result y, as expressions:
//                    static auto da(auto const& g, auto const& y, auto const& a, auto const& b) { return g * b; }
//                  Which of y, a, b, c one mentions decides what is computed again, kept, or forgotten
//   flat           true instead: it is constant between its steps (false where it has a derivative)
//
// The bases below give facts to families of operations.
#pragma once
#include <weft/expr/map.hpp>

#include <type_traits>

namespace weft {
inline namespace WEFT_ISA {
namespace expr {

template <class V>
inline constexpr bool is_number = std::is_arithmetic_v<V>;

template <class V>
constexpr bool on_integers() {
  if constexpr (is_number<V>)
    return std::is_integral_v<V>;
  else
    return std::is_integral_v<typename V::value_type>;
}

// What most operations are.
template <int Cost>
struct costing {
  static constexpr int cost = Cost;
  static constexpr bool multiplies = false, divides = false, negates = false, adds = false, passing = false;
};

// How the operands' types become one.
struct promoting : costing<1> {
  template <class... A>
  struct joint;
  template <class A>
  struct joint<A> {
    using type = A;
  };
  template <class A, class B, class... More>
  struct joint<A, B, More...> : joint<promote_t<A, B>, More...> {};
  template <class... A>
  using compute = typename joint<A...>::type;
  template <class... A>
  using result = typename joint<A...>::type;
};
struct floating : costing<12> {  // exp of an integer is float32
  template <class... A>
  using compute = float_t<typename promoting::joint<A...>::type>;
  template <class... A>
  using result = compute<A...>;
};
// It has a derivative.
struct smooth {
  static constexpr bool flat = false;
};
// It is constant between its steps.
struct stepwise {
  static constexpr bool flat = true;
};
// Its operands are compared: what comes out has no derivative.
struct predicate : promoting, stepwise {
  template <class... A>
  using result = bool;
};
// A `logical` operation gets masks.
struct logical : costing<1>, stepwise {
  static constexpr bool on_masks = true;
  template <class... A>
  using compute = bool;
  template <class... A>
  using result = bool;
};

template <class Op>
concept on_masks = requires { Op::on_masks; };

// Does the operation say what its derivative is?
template <class Op>
concept differentiable = requires { Op::flat; };

// Whole numbers wrap in the compiler's hands too, as they do in packs: computed without a sign.
template <class V>
WEFT_INLINE constexpr auto unsign(V a) {
  if constexpr (std::is_integral_v<V> && !std::is_same_v<V, bool>)
    return static_cast<std::make_unsigned_t<decltype(+a)>>(a);
  else
    return a;
}

// -- what a derivative reads -----------------------------------------------------------------------------------------

// The arguments of a derivative have letters (see above; s is what a reduction counts). `asked` stands for one of them that is only
// asked about, or that the derivative doesn't mention.
enum class letter { g, y, a, b, c, s };
template <letter P, class T>
struct asked : described<asked<P, T>, T, weft::shape{}> {
  static constexpr weft::role role = weft::role::number;
  static constexpr int arity = 0;
  static constexpr letter stands_for = P;
  WEFT_INLINE constexpr extents<0> sizes() const { return {}; }
};
struct reading {
  bool y = false, a = false, b = false, c = false, s = false;
  constexpr reading operator|(reading o) const { return {y || o.y, a || o.a, b || o.b, c || o.c, s || o.s}; }
};
// What an expression over such arguments mentions, and what it costs.
template <class E>
constexpr reading mentioned() {
  if constexpr (requires { E::stands_for; })
    return {E::stands_for == letter::y, E::stands_for == letter::a, E::stands_for == letter::b, E::stands_for == letter::c,
            E::stands_for == letter::s};
  else
    return []<int... I>(std::integer_sequence<int, I...>) {
      return (mentioned<kid_t<I, E>>() | ... | reading{});
    }(kid_indices<E>{});
}
template <class E>
constexpr int cost_of_expression() {
  if constexpr (E::arity == 0)
    return 0;
  else
    return E::operation::cost + []<int... I>(std::integer_sequence<int, I...>) {
      return (cost_of_expression<kid_t<I, E>>() + ...);
    }(kid_indices<E>{});
}

// What operand I contributes of the cotangent g; the further arguments are y, a, b, c.
template <class Op, int I, class... X>
WEFT_INLINE auto pulled(X const&... x) {
  if constexpr (I == 0)
    return Op::da(x...);
  else if constexpr (I == 1)
    return Op::db(x...);
  else
    return Op::dc(x...);
}
template <class Op, int I, class T, class... A, int... K>
auto pulled_shape(std::integer_sequence<int, K...>)
    -> decltype(pulled<Op, I>(asked<letter::g, T>(), asked<letter::y, T>(), asked<static_cast<letter>(2 + K), A>()...));
// The expression that operand I of an operation with the result type T and the operand types A gets.
template <class Op, int I, class T, class... A>
using pulled_t = decltype(pulled_shape<Op, I, T, A...>(std::make_integer_sequence<int, int(sizeof...(A))>{}));

// Is a node the product of two values of its own floating type? A sum takes such an operand along in one rounding.
template <class E>
constexpr bool is_product_of_floats() {
  if constexpr (E::role == role::map) {
    using Op = typename E::operation;
    return Op::multiplies && std::is_floating_point_v<element_t<E>> &&
           []<int... I>(std::integer_sequence<int, I...>) {
             return (std::is_same_v<element_t<kid_t<I, E>>, element_t<E>> && ...);
           }(kid_indices<E>{});
  } else {
    return false;
  }
}
template <class E, class T>
inline constexpr bool is_product_of = is_product_of_floats<E>() && std::is_same_v<element_t<E>, T>;

}  // namespace expr
}  // namespace WEFT_ISA
}  // namespace weft
