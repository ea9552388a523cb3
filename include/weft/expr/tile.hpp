// The tile of a statement: the one producer whose elements the rest of the statement can be computed from, block by block. It has
// the statement's axes, and only maps are around it.
#pragma once
#include <weft/expr/facts.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace expr {

template <class E>
constexpr bool find_tile() {
  if constexpr (E::role == role::producer) {
    return requires { typename E::tiles; };
  } else if constexpr (E::role == role::view) {
    // A product with a vector: the same numbers, an axis less.
    if constexpr (E::drops != 0)
      return kid_t<0, E>::role == role::producer && find_tile<kid_t<0, E>>();
    else
      return false;
  } else if constexpr (E::role == role::map) {
    return facts_of<E>.producers == 1 && fused_axes<E> == 0 &&
           []<int... I>(std::integer_sequence<int, I...>) {
             return ((kid_t<I, E>::dims.rank == E::dims.rank && kid_t<I, E>::role != role::view && find_tile<kid_t<I, E>>()) || ...);
           }(kid_indices<E>{});
  } else {
    return false;
  }
}
template <class E>
inline constexpr bool has_tile = find_tile<E>();
// Precondition: has_tile.
template <class E>
WEFT_INLINE auto const& tile_in(E const& e) {
  if constexpr (E::role == role::producer) {
    return e;
  } else if constexpr (E::arity == 1) {
    return tile_in(kid<0>(e));
  } else if constexpr (facts_of<kid_t<0, E>>.producers == 1) {
    return tile_in(kid<0>(e));
  } else if constexpr (facts_of<kid_t<1, E>>.producers == 1) {
    return tile_in(kid<1>(e));
  } else {
    return tile_in(kid<2>(e));
  }
}

}  // namespace expr
}  // namespace WEFT_ISA
}  // namespace weft
