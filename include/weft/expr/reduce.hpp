// Reductions as nodes, and the axes they go over.
//
//   sum(x)                         over everything: rank 0, converts to a number
//   sum(x, axis<0, -1>, keepdims)  axes known to the compiler: names and static sizes of the others stay
//   sum(x, 1)                      an axis known at run time
//
// A `reduce` node always keeps its axes, as sizes of 1: that is the form in which it broadcasts against the row it
// was made from. Dropping them is a `squeeze` around it. What is added up, and how packs are joined, is in
// expr/accumulate.hpp.
#pragma once
#include <weft/expr/accumulate.hpp>
#include <weft/expr/functions.hpp>
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
constexpr weft::shape squeezed_shape(weft::shape const& s, unsigned mask) {
  weft::shape r;
  for (int i = 0; i < s.rank; ++i)
    if (!((mask >> i) & 1)) r[r.rank++] = s[i];
  return r;
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
    if constexpr (std::is_same_v<Op, fold::argmax> || std::is_same_v<Op, fold::argmin>) check_places();
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

// Over no axes: every element by itself.
template <class Op, class A>
WEFT_INLINE constexpr auto reduce_nothing(A const& a) {
  using T = typename Op::template result<element_t<A>>;
  if constexpr (std::is_same_v<Op, fold::argmax> || std::is_same_v<Op, fold::argmin>)
    return cast<T>(cast<bool>(a) && false);
  else
    return cast<T>(a);
}

// any and all of numbers: is each of them something else than 0?
template <class Op, class A>
inline constexpr bool asks_numbers = (std::is_same_v<Op, fold::any> || std::is_same_v<Op, fold::all>) &&
                                     !std::is_same_v<element_t<A>, bool>;

template <class Op, class X>
WEFT_INLINE constexpr auto reduce_all(X&& x) {
  using A = stored_t<X>;
  if constexpr (poisoned<A>)
    return poison{};
  else if constexpr (asks_numbers<Op, A>)
    return reduce_all<Op>(cast<bool>(static_cast<X&&>(x)));
  else if constexpr (rank_of<A> == 0)
    return reduce_nothing<Op>(stored(x));
  else
    return drop_axes<reduce<Op, every_axis<rank_of<A>>, A>, every_axis<rank_of<A>>>(
        reduce<Op, every_axis<rank_of<A>>, A>(taken(static_cast<X&&>(x))));
}
template <class Op, bool Keep, class X, index_t... I>
WEFT_INLINE constexpr auto reduce_axes(X&& x, axis_list<I...> axes) {
  using A = stored_t<X>;
  if constexpr (poisoned<A>) {
    return poison{};
  } else if constexpr (asks_numbers<Op, A>) {
    return reduce_axes<Op, Keep>(cast<bool>(static_cast<X&&>(x)), axes);
  } else {
    constexpr unsigned mask = mask_of<rank_of<A>, I...>();
    static_assert(mask != 0 || sizeof...(I) == 0, "weft: an axis is outside the tensor's rank, or given twice");
    using node = reduce<Op, mask, A>;
    if constexpr (mask == 0)
      return reduce_nothing<Op>(stored(x));
    else if constexpr (Keep)
      return node(taken(static_cast<X&&>(x)));
    else
      return drop_axes<node, mask>(node(taken(static_cast<X&&>(x))));
  }
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
template <class Op, bool Keep, class A>
WEFT_INLINE auto reduce_at(A const& a, index_t at) {
  if constexpr (asks_numbers<Op, A>) {
    return reduce_at<Op, Keep>(cast<bool>(a), at);
  } else {
    return reduced_at<Keep>(Op::name, a, at, [](auto const& moved) {
      using E = std::remove_cvref_t<decltype(moved)>;
      return reduce<Op, 1u << (rank_of<E> - 1), E>(moved);
    });
  }
}

}  // namespace expr

// clang-format off
#define WEFT_REDUCTION(NAME)                                                                                       \
  template <expression A>                                                                                          \
  WEFT_INLINE constexpr auto NAME(A&& a) {                                                                         \
    return expr::reduce_all<expr::fold::NAME>(static_cast<A&&>(a));                                                \
  }                                                                                                                \
  template <expression A, index_t... I>                                                                            \
  WEFT_INLINE constexpr auto NAME(A&& a, axis_list<I...> axes) {                                                   \
    return expr::reduce_axes<expr::fold::NAME, false>(static_cast<A&&>(a), axes);                                  \
  }                                                                                                                \
  template <expression A, index_t... I>                                                                            \
  WEFT_INLINE constexpr auto NAME(A&& a, axis_list<I...> axes, keepdims_t) {                                       \
    return expr::reduce_axes<expr::fold::NAME, true>(static_cast<A&&>(a), axes);                                   \
  }                                                                                                                \
  template <expression A>                                                                                          \
  WEFT_INLINE auto NAME(A&& a, index_t at) {                                                                       \
    return expr::reduce_at<expr::fold::NAME, false>(a, at);                                                        \
  }                                                                                                                \
  template <expression A>                                                                                          \
  WEFT_INLINE auto NAME(A&& a, index_t at, keepdims_t) {                                                           \
    return expr::reduce_at<expr::fold::NAME, true>(a, at);                                                         \
  }

WEFT_REDUCTION(sum)
WEFT_REDUCTION(mean)
WEFT_REDUCTION(prod)
WEFT_REDUCTION(max)
WEFT_REDUCTION(min)
WEFT_REDUCTION(any)
WEFT_REDUCTION(argmax)
WEFT_REDUCTION(argmin)
#undef WEFT_REDUCTION
// clang-format on

// The function behind the object `all`, which is an index too.
template <expression A>
WEFT_INLINE constexpr auto all_of(A&& a) {
  return expr::reduce_all<expr::fold::all>(static_cast<A&&>(a));
}
template <expression A, index_t... I>
WEFT_INLINE constexpr auto all_of(A&& a, axis_list<I...> axes) {
  return expr::reduce_axes<expr::fold::all, false>(static_cast<A&&>(a), axes);
}
template <expression A, index_t... I>
WEFT_INLINE constexpr auto all_of(A&& a, axis_list<I...> axes, keepdims_t) {
  return expr::reduce_axes<expr::fold::all, true>(static_cast<A&&>(a), axes);
}
template <expression A>
WEFT_INLINE auto all_of(A&& a, index_t at) {
  return expr::reduce_at<expr::fold::all, false>(a, at);
}
template <expression A>
WEFT_INLINE auto all_of(A&& a, index_t at, keepdims_t) {
  return expr::reduce_at<expr::fold::all, true>(a, at);
}

}  // namespace WEFT_ISA
}  // namespace weft
