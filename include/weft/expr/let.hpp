// A sub-expression with a name: computed once where it is used often.
//
//   let(exp(x - max(x, axis<-1>, keepdims)), [](auto e) { return e / sum(e, axis<-1>, keepdims); })
//
// `let_node<Id, D, B>` holds the definition and the body, in which the name stands as `cell<Id, ...>`. In a loop
// of maps the value lives in a register; in a row program in a row of scratch (often the destination's own).
#pragma once
#include <weft/expr/map.hpp>
#include <weft/expr/facts.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace expr {

// Stands for the definition of the enclosing let of that Id. `Row`: the value is one and the same along the last
// `Row` axes (the definition is made of reductions over them), or 0.
template <class Id, class T, weft::shape D, int Row>
struct cell : described<cell<Id, T, D, Row>, T, D>, kept_sizes<cell<Id, T, D, Row>, D, D.known()> {
  using id = Id;
  static constexpr weft::role role = weft::role::name;
  static constexpr int arity = 0;
  static constexpr int row = Row;
  WEFT_INLINE constexpr explicit cell(extents<D.rank> const& e) : kept_sizes<cell, D, D.known()>{e} {}
};

template <class Id, class D, class B>
struct let_node : described<let_node<Id, D, B>, element_t<B>, B::dims> {
  using id = Id;
  static constexpr weft::role role = weft::role::let;
  static constexpr int arity = 2;
  D a;  // the definition
  B b;  // what it is used in
  WEFT_INLINE constexpr let_node(D definition, B body) : a(static_cast<D&&>(definition)), b(static_cast<B&&>(body)) {}
  WEFT_INLINE constexpr auto sizes() const { return b.sizes(); }
  template <class X, class Y>
  static WEFT_INLINE constexpr auto remade(X&& x, Y&& y) {
    return let_node<Id, std::remove_cvref_t<X>, std::remove_cvref_t<Y>>(static_cast<X&&>(x), static_cast<Y&&>(y));
  }
};

// Names are types: the lambda and what it was given tell one let from another that encloses it.
template <class F, class D>
struct name_of_let {};

}  // namespace expr

template <expression X, class F>
WEFT_INLINE constexpr auto let(X&& definition, F const& body) {
  using D = stored_t<X>;
  if constexpr (poisoned<D>) {
    return poison{};
  } else {
    using id = expr::name_of_let<F, D>;
    using name = expr::cell<id, element_t<D>, dims_of<D>, expr::row_of<D>.domain == dims_of<D>.rank ? expr::row_of<D>.q : 0>;
    auto b = body(name(definition.sizes()));
    return expr::let_node<id, D, decltype(b)>(taken(static_cast<X&&>(definition)), static_cast<decltype(b)&&>(b));
  }
}

namespace expr {
// What is used twice is named, unless it is a leaf already.
template <class E>
inline constexpr bool is_leaf = E::arity == 0 && E::role != role::number;

template <class E, class F>
WEFT_INLINE constexpr auto shared(E&& e, F const& body) {
  if constexpr (is_leaf<stored_t<E>>)
    return body(stored(e));
  else
    return let(static_cast<E&&>(e), body);
}
}  // namespace expr

}  // namespace WEFT_ISA
}  // namespace weft
