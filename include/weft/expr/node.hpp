// What every expression is: a plain value that says its element type, its shape and its extents.
//
// A node has the nested tag `weft_node`, the type `element`, the constant `dims` (what the compiler knows of
// its shape) and `sizes()` (extents at run time). `described` gives it what a user may ask of any expression:
// shape(), rank(), size(), views, and for rank 0 the conversion to a number.
//
// What a node is made of is asked in one way: `E::role` says which kind of thing it is, `E::arity` how many children it
// has, kid<I>(e) gives one of them, rebuilt(e, f) the same node over other children. What else is known of a type is a
// constant value, facts_of<E> (expr/facts.hpp).
//
// Public: concept expression, concept scalar, poison; inside: described, rank_of, element_t, kid, rebuilt.
#pragma once
#include <weft/expr/axes.hpp>

#include <type_traits>
#include <utility>

namespace weft {

template <class T>
struct element_ref;

namespace detail {
template <class T>
inline constexpr bool is_element_ref = false;
template <class T>
inline constexpr bool is_element_ref<element_ref<T>> = true;

// The type of the number that an operand is or, of rank 0, can be read as; void if it is none.
template <class X>
struct number_type {
  using type = X;
};
template <class T>
struct number_type<element_ref<T>> {
  using type = T;
};
template <class X>
  requires requires { typename X::weft_node; }
struct number_type<X> {
  using type = std::conditional_t<X::dims.rank == 0, typename X::element, void>;
};
}  // namespace detail

inline namespace WEFT_ISA {
namespace expr {

// What the leaves of an expression are. A leaf says so of itself: `static constexpr expr::leaves own`.
struct leaves {
  int order = 0;           // the highest of its tracked leaves
  bool plain = false;      // a tensor or the like
  bool parameter = false;  // a parameter
  bool settles = false;    // a leaf that loops don't know

  constexpr leaves operator|(leaves const& o) const {
    return {order > o.order ? order : o.order, plain || o.plain, parameter || o.parameter, settles || o.settles};
  }
};

}  // namespace expr
}  // namespace WEFT_ISA

// The kinds of node there are. An operation chooses one of them and states its facts; it never adds a kind.
enum class role {
  leaf,      // elements in memory, or values that settle into such
  number,    // one value, known before the loop
  name,      // stands for the definition of a let
  map,       // elementwise
  view,      // another way to index what is there
  fold,      // a reduction, which keeps its axes as sizes of 1
  let,       // a definition (child 0) and the body it is used in (child 1)
  producer,  // an operation with a loop of its own: products, scans, sorts
  source     // elements found elsewhere: gathered, joined, padded
};

template <class E>
concept expression = requires { typename std::remove_cvref_t<E>::weft_node; };

// A number: a C++ arithmetic value, or one element of a tensor.
template <class X>
concept scalar = std::is_arithmetic_v<std::remove_cvref_t<X>> || detail::is_element_ref<std::remove_cvref_t<X>>;

template <class X>
concept operand = expression<X> || scalar<X>;

// What can name a place on an axis: an integer, an element of a tensor of integers, a rank-0 result such as argmax(x).
template <class X>
concept index_number = operand<X> && std::is_integral_v<typename detail::number_type<std::remove_cvref_t<X>>::type>;

// At least one is an expression, so that the operators never meet plain numbers.
template <class... X>
concept operands = (operand<X> && ...) && (expression<X> || ...);

template <class E>
using element_t = typename std::remove_cvref_t<E>::element;
template <class E>
inline constexpr shape dims_of = std::remove_cvref_t<E>::dims;
template <class E>
inline constexpr int rank_of = std::remove_cvref_t<E>::dims.rank;

// The base of every node. The base differs from node to node, so that it never costs a byte.
template <class Self, class T, shape D>
struct described {
  using weft_node = void;
  using element = T;
  static constexpr weft::shape dims = D;

  WEFT_ALWAYS_INLINE constexpr Self const& self() const { return static_cast<Self const&>(*this); }
  WEFT_ALWAYS_INLINE static constexpr int rank() { return D.rank; }
  WEFT_ALWAYS_INLINE constexpr extents<D.rank> shape() const { return self().sizes(); }
  WEFT_ALWAYS_INLINE constexpr index_t shape(index_t axis) const {
    return self().sizes()[static_cast<std::size_t>(checked_axis("shape", axis, D.rank))];
  }
  WEFT_ALWAYS_INLINE constexpr index_t size() const { return count(self().sizes()); }

  // A view of any expression: e(all, range(0, 3), newaxis, 1).
  template <class... I>
    requires(D.rank > 0 && sizeof...(I) > 0)
  WEFT_ALWAYS_INLINE constexpr auto operator()(I const&... index) const& {
    return view_of(self(), index...);
  }

  // A rank-0 expression is a number.
  WEFT_ALWAYS_INLINE constexpr operator T() const
    requires(D.rank == 0)
  {
    return number_of(self());
  }
};

inline namespace WEFT_ISA {
namespace expr {

// Child I of a node.
template <int I, class E>
WEFT_INLINE constexpr auto const& kid(E const& e) {
  if constexpr (requires { e.template child<I>(); })
    return e.template child<I>();
  else if constexpr (I == 0)
    return e.a;
  else if constexpr (I == 1)
    return e.b;
  else
    return e.c;
}
template <int I, class E>
using kid_t = std::remove_cvref_t<decltype(kid<I>(std::declval<E const&>()))>;

template <class E>
using kid_indices = std::make_integer_sequence<int, E::arity>;

// The node with f applied to each of its children.
template <class E, class F>
WEFT_INLINE constexpr auto rebuilt(E const& e, F const& f) {
  return [&]<int... I>(std::integer_sequence<int, I...>) { return e.remade(f(kid<I>(e))...); }(kid_indices<E>{});
}

// f(leaf) for each node without children, from left to right. (Of the first two without a lambda, for compile time.)
template <class E, class F>
WEFT_INLINE constexpr void each_leaf(E const& e, F const& f);
template <int First, class E, class F>
WEFT_INLINE constexpr void each_leaf_from(E const& e, F const& f) {
  each_leaf(kid<First>(e), f);
  if constexpr (First + 1 < E::arity) each_leaf_from<First + 1>(e, f);
}
template <class E, class F>
WEFT_INLINE constexpr void each_leaf(E const& e, F const& f) {
  if constexpr (E::arity == 0)
    f(e);
  else
    each_leaf(kid<0>(e), f);
  if constexpr (E::arity > 1) each_leaf(kid<1>(e), f);
  if constexpr (E::arity > 2) each_leaf_from<2>(e, f);
}

}  // namespace expr
}  // namespace WEFT_ISA

// What an operand becomes inside a tree: a place (a view that can be written to) is only a view there.
template <class X>
WEFT_ALWAYS_INLINE constexpr decltype(auto) stored(X const& x) {
  if constexpr (requires { x.as_view(); })
    return x.as_view();
  else
    return (x);
}
template <class X>
using stored_t = std::remove_cvref_t<decltype(stored(std::declval<X const&>()))>;

// The same by value: what has no name is moved, so that the tree holds the only handle to what it owns and the result
// may take the place of an operand.
template <class X>
WEFT_ALWAYS_INLINE constexpr stored_t<X> taken(X&& x) {
  if constexpr (std::is_same_v<X, std::remove_cvref_t<X>>)
    return static_cast<stored_t<X>&&>(x);
  else
    return stored(x);
}

// A number as an element of type T. A whole one that T cannot hold is a mistake: it would wrap, and compare wrongly. (A
// char is a byte, whatever its sign.)
template <class T, class X>
WEFT_ALWAYS_INLINE constexpr T exactly(X const& x) {
  using number = typename detail::number_type<X>::type;
  if constexpr (!std::is_same_v<X, number>)
    return exactly<T>(static_cast<number>(x));
  else if constexpr (std::is_integral_v<X> && std::is_integral_v<T> && !std::is_same_v<X, T> && !std::is_same_v<T, bool> &&
                     !(std::is_same_v<X, char> && sizeof(T) == 1))
    if (!std::in_range<T>(+x)) [[unlikely]]
      fail_narrowed(static_cast<std::uint64_t>(x), +x < 0, name(dtype_of<T>));
  return static_cast<T>(x);
}

// Whose an expression is that is assigned: the statement's, if nobody else can see it afterwards (it has no name, or
// was given up by std::move), or that of a variable, which stays the snapshot it is. What is const isn't given up.
enum class owner { statement, variable };
template <class X>
inline constexpr owner owner_of =  // of an X&&
    std::is_lvalue_reference_v<X> || std::is_const_v<X> ? owner::variable : owner::statement;

// The result of a mistake that was reported already: takes part in anything, so that one mistake gives one message.
struct poison {
  using weft_node = void;
  using element = float;
  static constexpr weft::shape dims = weft::shape();
  static constexpr weft::role role = weft::role::number;
  static constexpr int arity = 0;
  constexpr poison() = default;
  template <class... X>
  explicit constexpr poison(X const&...) {}
  constexpr extents<0> sizes() const { return {}; }
  template <class T>
  operator T() const;
  template <class... I>
  poison operator()(I const&...) const;
};
template <class... X>
inline constexpr bool poisoned = (std::is_same_v<std::remove_cvref_t<X>, poison> || ...);

}  // namespace weft
