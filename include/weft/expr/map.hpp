// Elementwise nodes: an operation over one, two or three operands that broadcast against each other.
//
//   map<op::add, tensor<float, 2>, constant<float>>      what `x + 1` is
//
// Shapes are checked here, at the user's line: by the compiler where it knows them, else at run time. What becomes of the
// operands is in expr/children.hpp.
#pragma once
#include <weft/expr/children.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace expr {

template <class Op, class A, class B = void, class C = void>
struct map;

// A base that keeps the extents of a node: nothing is stored where the compiler knows them all. (`Self` makes it
// another type for each node: two empty bases of one type would not share an address.)
template <class Self, weft::shape D, bool Known>
struct kept_sizes {
  extents<D.rank> ext;
  WEFT_INLINE constexpr extents<D.rank> sizes() const { return ext; }
};
template <class Self, weft::shape D>
struct kept_sizes<Self, D, true> {
  WEFT_INLINE constexpr kept_sizes(extents<D.rank> const&) {}
  WEFT_INLINE constexpr extents<D.rank> sizes() const { return known_extents<D>(); }
};

template <weft::shape DA, weft::shape DB>
constexpr unsigned same_names() {
  unsigned named = 0;
  for (int i = 1; i <= DA.rank && i <= DB.rank; ++i)
    if (DA[DA.rank - i].named() && DB[DB.rank - i].named()) named |= 1u << i;
  return named;
}
// What is not two equal shapes. By value, so that the usual case keeps its extents in registers.
template <int RA, int RB>
[[gnu::noinline]] auto stretched_sizes(char const* name, extents<RA> a, extents<RB> b, unsigned named) {
  extents<(RA > RB ? RA : RB)> e{};
  join_sizes(name, a.data(), RA, b.data(), RB, named, e.data(), RA > RB ? RA : RB);
  return e;
}
template <class Op, weft::shape DA, weft::shape DB>
WEFT_INLINE constexpr extents<broadcast(DA, DB).rank> joint_sizes(extents<DA.rank> const& a,
                                                                  extents<DB.rank> const& b) {
  constexpr int R = broadcast(DA, DB).rank;
  if constexpr (DA.rank == 0) {
    return b;
  } else if constexpr (DB.rank == 0) {
    return a;
  } else {
    if constexpr (DA.rank == DB.rank)
      if (same_extents(a, b)) [[likely]] return a;
    if (!__builtin_is_constant_evaluated()) return stretched_sizes<DA.rank, DB.rank>(Op::name, a, b, same_names<DA, DB>());
    extents<R> e{};
    for (int i = 1; i <= R; ++i) {
      index_t const x = i <= DA.rank ? a[static_cast<std::size_t>(DA.rank - i)] : 1;
      index_t const y = i <= DB.rank ? b[static_cast<std::size_t>(DB.rank - i)] : 1;
      e[static_cast<std::size_t>(R - i)] = x == 1 ? y : x;
    }
    return e;
  }
}

// The extents of an operand that may be a number.
template <class X>
WEFT_INLINE constexpr auto sizes_of_operand(X const& x) {
  if constexpr (expression<X>)
    return stored(x).sizes();
  else
    return extents<0>{};
}
// Shapes are compared before the operands move in: there is nothing to undo for a mistake.
template <class Op, class A>
struct map<Op, A> : described<map<Op, A>, typename Op::template result<element_t<A>>, A::dims>, children_of<A> {
  using operation = Op;
  static constexpr weft::role role = weft::role::map;
  static constexpr int arity = 1;
  template <class... K>
  static WEFT_INLINE constexpr auto remade(K&&... k) {
    return map<Op, std::remove_cvref_t<K>...>(static_cast<K&&>(k)...);
  }
  template <class X>
    requires(!std::is_same_v<std::remove_cvref_t<X>, map>)
  WEFT_INLINE constexpr explicit map(X&& x) : children_of<A>(given(), static_cast<X&&>(x)) {}
  WEFT_INLINE constexpr auto sizes() const { return this->a.sizes(); }
};

template <class Op, class A, class B>
struct map<Op, A, B> : described<map<Op, A, B>, typename Op::template result<element_t<A>, element_t<B>>,
                                 broadcast(A::dims, B::dims)>,
                       kept_sizes<map<Op, A, B>, broadcast(A::dims, B::dims), broadcast(A::dims, B::dims).known()>,
                       children_of<A, B> {
  using operation = Op;
  static constexpr weft::role role = weft::role::map;
  static constexpr int arity = 2;
  template <class... K>
  static WEFT_INLINE constexpr auto remade(K&&... k) {
    return map<Op, std::remove_cvref_t<K>...>(static_cast<K&&>(k)...);
  }
  static constexpr weft::shape D = broadcast(A::dims, B::dims);
  template <class X, class Y>
  WEFT_INLINE constexpr map(X&& x, Y&& y)
      : kept_sizes<map, D, D.known()>{joint_sizes<Op, A::dims, B::dims>(sizes_of_operand(x), sizes_of_operand(y))},
        children_of<A, B>(given(), static_cast<X&&>(x), static_cast<Y&&>(y)) {}
};

template <class Op, class A, class B, class C>
struct map : described<map<Op, A, B, C>, typename Op::template result<element_t<A>, element_t<B>, element_t<C>>,
                       broadcast(broadcast(A::dims, B::dims), C::dims)>,
             kept_sizes<map<Op, A, B, C>, broadcast(broadcast(A::dims, B::dims), C::dims),
                        broadcast(broadcast(A::dims, B::dims), C::dims).known()>,
             children_of<A, B, C> {
  using operation = Op;
  static constexpr weft::role role = weft::role::map;
  static constexpr int arity = 3;
  template <class... K>
  static WEFT_INLINE constexpr auto remade(K&&... k) {
    return map<Op, std::remove_cvref_t<K>...>(static_cast<K&&>(k)...);
  }
  static constexpr weft::shape D = broadcast(broadcast(A::dims, B::dims), C::dims);
  template <class X, class Y, class Z>
  WEFT_INLINE constexpr map(X&& x, Y&& y, Z&& z)
      : kept_sizes<map, D, D.known()>{joint_sizes<Op, broadcast(A::dims, B::dims), C::dims>(
            joint_sizes<Op, A::dims, B::dims>(sizes_of_operand(x), sizes_of_operand(y)), sizes_of_operand(z))},
        children_of<A, B, C>(given(), static_cast<X&&>(x), static_cast<Y&&>(y), static_cast<Z&&>(z)) {}
};

// -- making them -----------------------------------------------------------------------------------------------

template <class Op, fit Why, class First, class Second>
struct shapes_of {
  static constexpr bool broadcast = Why == fit::ok;
};

// The shape as a compiler prints it. (A default argument made of D crashes GCC 12.)
template <class X, std::size_t... I>
weft::sizes<dims_of<X>[static_cast<int>(I)].extent...> spell(std::index_sequence<I...>);
template <class X>
using sizes_of = decltype(spell<X>(std::make_index_sequence<static_cast<std::size_t>(rank_of<X>)>()));

template <class Op, class A, class B>
constexpr bool check_broadcast() {
  constexpr fit f = fits(A::dims, B::dims);
  static_assert(f != fit::names || shapes_of<Op, f, A, B>::broadcast,
                "weft: these operands have axes of different names in the same place");
  static_assert(f != fit::sizes || shapes_of<Op, f, sizes_of<A>, sizes_of<B>>::broadcast,
                "weft: these sizes do not broadcast (-1: known only at run time)");
  return f == fit::ok;
}

// What an operation has to state of itself, said by name to its author.
template <class Op>
constexpr bool check_facts() {
  constexpr bool name = requires { Op::name; }, cost = requires { Op::cost; }, multiplies = requires { Op::multiplies; };
  constexpr bool adds = requires { Op::adds; }, passing = requires { Op::passing; };
  static_assert(name, "weft: this operation does not state its name (`name`)");
  static_assert(cost, "weft: this operation does not state what it costs (`cost`, an addition being 1)");
  static_assert(multiplies, "weft: this operation does not state whether it is a product of its operands (`multiplies`)");
  static_assert(adds, "weft: this operation does not state whether it is a sum of its operands (`adds`)");
  static_assert(passing, "weft: this operation does not state whether its value has a form of its own (`passing`)");
  return name && cost && multiplies && adds && passing;
}
template <class Op>
inline constexpr bool states_facts = check_facts<Op>();

// The node that an operation on these operands is, as the user gave them: map<Op, ...>, or poison after a mistake.
template <class Op, bool Poisoned, class... X>
struct node_of;
template <class Op, class... X>
struct node_of<Op, true, X...> {
  using type = poison;
};
template <class Op, class X>
struct node_of<Op, false, X> {
  using type = std::conditional_t<states_facts<Op>, map<Op, own_t<float, X>>, poison>;
};
template <class Op, class X, class Y>
struct node_of<Op, false, X, Y> {
  using T = strong_t<X, Y>;
  using A = own_t<T, X>;
  using B = own_t<T, Y>;
  using type = std::conditional_t<states_facts<Op> && check_broadcast<Op, A, B>(), map<Op, A, B>, poison>;
};
template <class Op, class C, class X, class Y>
struct node_of<Op, false, C, X, Y> {
  static constexpr auto element() {
    if constexpr (expression<X> || expression<Y>)
      return std::type_identity<strong_t<X, Y>>();
    else  // two literals: C++'s own common type decides
      return std::common_type<typename detail::number_type<std::remove_cvref_t<X>>::type, typename detail::number_type<std::remove_cvref_t<Y>>::type>();
  }
  using T = typename decltype(element())::type;
  using A = own_t<bool, C>;
  using P = own_t<T, X>;
  using Q = own_t<T, Y>;
  using type = std::conditional_t<states_facts<Op> && check_broadcast<Op, A, P>() && check_broadcast<Op, P, Q>() && check_broadcast<Op, A, Q>(),
                                  map<Op, A, P, Q>, poison>;
};
template <class Op, class... X>
using made = typename node_of<Op, poisoned<X...>, X...>::type;

// The same as a value, for operations of one's own.
template <class Op, class... X>
  requires(sizeof...(X) >= 1 && sizeof...(X) <= 3 && (operand<X> && ...))
WEFT_INLINE constexpr auto make(X&&... x) {
  return made<Op, X...>(static_cast<X&&>(x)...);
}

}  // namespace expr
}  // namespace WEFT_ISA
}  // namespace weft
