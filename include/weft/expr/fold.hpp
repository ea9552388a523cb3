// Reductions as nodes, and the axes they go over.
//
//   sum(x)                         over everything: rank 0, converts to a number
//   sum(x, axis<0, -1>, keepdims)  axes known to the compiler: names and static sizes of the others stay
//   sum(x, 1)                      an axis known at run time
//
// A `reduce` node always keeps its axes, as sizes of 1: that is the form in which it broadcasts against the row it
// was made from. Dropping them is a `squeeze` around it. The operations themselves are in ops/reduce.hpp.
//
// Public: axis, keepdims.
#pragma once
#include <weft/expr/view.hpp>

namespace weft {

template <index_t... A>
struct axis_list {};
template <index_t... A>
inline constexpr axis_list<A...> axis{};

struct keepdims_t {};
inline constexpr keepdims_t keepdims{};

inline namespace WEFT_ISA {
namespace expr {

// The axes as a bit mask, bit i for axis i; 0 for a mistake.
template <int R, index_t... A>
constexpr unsigned mask_of() {
  unsigned m = 0;
  bool good = true;
  ((good = good && A >= -R && A < R && !(m & (1u << ((A + R) % (R > 0 ? R : 1)))), m |= good ? 1u << ((A + R) % (R > 0 ? R : 1)) : 0u), ...);
  return good ? m : 0;
}
template <int R>
inline constexpr unsigned every_axis = (1u << R) - 1;

constexpr weft::shape kept_shape(weft::shape s, unsigned mask) {
  for (int i = 0; i < s.rank; ++i)
    if ((mask >> i) & 1) s[i] = dim(1);
  return s;
}

template <class Op, unsigned Mask, class A>
struct reduce : described<reduce<Op, Mask, A>, typename Op::template result<element_t<A>>, kept_shape(A::dims, Mask)> {
  using operation = Op;
  static constexpr weft::role role = weft::role::fold;
  static constexpr int arity = 1;
  static constexpr unsigned mask = Mask;
  static constexpr int q = trailing(Mask, A::dims.rank);
  template <class K>
  static WEFT_INLINE constexpr auto remade(K&& k) {
    return reduce<Op, Mask, std::remove_cvref_t<K>>(static_cast<K&&>(k));
  }
  A a;
  WEFT_INLINE constexpr explicit reduce(A x) : a(static_cast<A&&>(x)) {
    if constexpr (Op::needs_elements) check_not_empty();
    if constexpr (Op::places) check_places();
  }
  WEFT_INLINE constexpr extents<A::dims.rank> sizes() const {
    auto e = a.sizes();
    for (int i = 0; i < A::dims.rank; ++i)
      if ((Mask >> i) & 1) e[static_cast<std::size_t>(i)] = 1;
    return e;
  }

 private:
  WEFT_INLINE constexpr void check_not_empty() const {
    auto const e = a.sizes();
    for (int i = 0; i < A::dims.rank; ++i)
      if (((Mask >> i) & 1) && e[static_cast<std::size_t>(i)] == 0) [[unlikely]]
        fail<shape_error>(std::string(Op::name) + ": nothing to reduce in " + to_text(e));
  }
  // Places are as wide as the elements, so that the loop has as many lanes of them.
  WEFT_INLINE constexpr void check_places() const {
    auto const e = a.sizes();
    index_t n = 1;
    for (int i = 0; i < A::dims.rank; ++i)
      if ((Mask >> i) & 1) n *= e[static_cast<std::size_t>(i)];
    if (sizeof(element_t<A>) < 8 && n > std::numeric_limits<std::int32_t>::max()) [[unlikely]]
      fail<shape_error>(std::string(Op::name) + ": " + to_text(e) +
                        " has more than 2^31 elements a place: reshape it, or cast it to 64 bits");
  }
};

template <class A, unsigned Mask>
WEFT_INLINE constexpr auto drop_axes(A a) {
  if constexpr (Mask == 0)
    return a;
  else
    return squeeze_node<Mask, A>(static_cast<A&&>(a));
}

// f(v) of x with an axis known at run time moved to the end, whose size f makes 1; names and static sizes are lost.
template <bool Keep, class X, class F>
WEFT_INLINE auto reduced_at(char const* operation, X const& x, index_t at, F const& f) {
  constexpr int R = rank_of<X>;
  int const i = checked_axis(operation, at, R);
  auto e = f(move_axis_last(x, i));
  if constexpr (Keep)
    return move_last_axis_to(e, i);
  else
    return drop_axes<decltype(e), 1u << (R - 1)>(static_cast<decltype(e)&&>(e));
}
}  // namespace expr
}  // namespace WEFT_ISA
}  // namespace weft
