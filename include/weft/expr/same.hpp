// Are two expressions of one type the same: of the same elements in memory, numbers, views?
#pragma once
#include <weft/expr/node.hpp>

#include <cstring>

namespace weft {
inline namespace WEFT_ISA {
namespace expr {

template <class E>
bool same_expression(E const& x, E const& y) {
  if constexpr (E::role == role::leaf) {
    return x.data() == y.data() && x.sizes() == y.sizes();
  } else if constexpr (E::role == role::number) {
    return std::memcmp(&x.value, &y.value, sizeof(x.value)) == 0;
  } else if constexpr (E::role == role::name) {
    return true;
  } else {
    if constexpr (requires { x.looks_like(y); })
      if (!x.looks_like(y)) return false;
    return [&]<int... I>(std::integer_sequence<int, I...>) {
      return (same_expression(kid<I>(x), kid<I>(y)) && ...);
    }(kid_indices<E>{});
  }
}
// Do all leaves of the rank of the extents `e` have them? Precondition: what is no leaf is a map or a let.
template <class E, std::size_t R>
WEFT_INLINE bool all_flat(E const& n, std::array<index_t, R> const& e) {
  if constexpr (E::role == role::leaf) {
    if constexpr (E::dims.rank == static_cast<int>(R))
      return same_extents(n.sizes(), e);
    else
      return true;
  } else if constexpr (E::role == role::map || E::role == role::let) {
    if constexpr (E::arity == 1)
      return all_flat(kid<0>(n), e);
    else if constexpr (E::arity == 2)
      return all_flat(kid<0>(n), e) && all_flat(kid<1>(n), e);
    else
      return all_flat(kid<0>(n), e) && all_flat(kid<1>(n), e) && all_flat(kid<2>(n), e);
  } else {
    return true;
  }
}

}  // namespace expr
}  // namespace WEFT_ISA
}  // namespace weft
