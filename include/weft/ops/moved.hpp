// Elements moved along the last axis, each row in a way of its own: what the gradients of sorts and of running extremes are made of.
//
//   moved_along<false>(a, places)   y[..., i] = a[..., places[..., i]]
//   moved_along<true>(a, places)    y[..., places[..., i]] is the sum of such a[..., i]
//
// Each is the derivative of the other. A place outside the row is none: nothing comes from there (0), and nothing goes there.
#pragma once
#include <weft/engine/producer.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace ops {

template <class Node>
struct moved_run {
  using T = element_t<Node>;
  using A = expr::kid_t<0, Node>;
  static constexpr int R = Node::dims.rank;
  engine::dense_operand<A> elements;
  engine::dense_operand<expr::kid_t<1, Node>> places;
  extents<R> ext;
  explicit moved_run(Node const& n) : elements(n.a), places(n.b), ext(n.a.sizes()) {}
  template <class Survey>
  static void explain(Node const& n, Survey& s, std::string& what) {
    what = "moved along rows";
    engine::dense_operand<A>::explain(n.a, s);
  }
  bool reads(engine::byte_range w) const { return elements.reads(w) || places.reads(w); }
  // A part of a row of sums takes as long as the row.
  bool whole_rows() const { return Node::adds_up; }
  // out (rows, columns), ld
  void copy(index_t const* position, index_t row, index_t rows, index_t column, index_t columns, T* out, index_t ld) const {
    index_t const n = ext[R - 1];
    index_t line = 0;
    for (int d = 0; d + 2 < R; ++d) line = line * ext[static_cast<std::size_t>(d)] + position[d];
    if constexpr (R > 1) line = line * ext[R - 2] + row;
    for (index_t r = 0; r < rows; ++r) {
      T const* const a = elements.at + (line + r) * n;
      index_t const* const at = places.at + (line + r) * n;
      T* const y = out + r * ld;
      if constexpr (Node::adds_up) {
        for (index_t c = 0; c < columns; ++c) y[c] = T(0);
        for (index_t i = 0; i < n; ++i)
          if (index_t const c = at[i] - column; c >= 0 && c < columns) y[c] = static_cast<T>(y[c] + a[i]);
      } else {
        for (index_t c = 0; c < columns; ++c) {
          index_t const i = at[column + c];
          y[c] = i >= 0 && i < n ? a[i] : T(0);
        }
      }
    }
  }
};
template <bool AddsUp, class A, class I>
struct moved : described<moved<AddsUp, A, I>, element_t<A>, A::dims> {
  static constexpr weft::role role = weft::role::source;
  static constexpr int arity = 2;
  static constexpr char const* name = "moved";
  static constexpr bool adds_up = AddsUp;
  using production = moved_run<moved>;
  A a;
  I b;
  WEFT_INLINE constexpr moved(A x, I places) : a(static_cast<A&&>(x)), b(static_cast<I&&>(places)) {}
  WEFT_INLINE constexpr auto sizes() const { return a.sizes(); }
  template <class X, class Y>
  static WEFT_INLINE constexpr auto remade(X&& x, Y&& y) {
    return moved<AddsUp, std::remove_cvref_t<X>, std::remove_cvref_t<Y>>(static_cast<X&&>(x), static_cast<Y&&>(y));
  }
  template <int K, class C>
  auto pull(C const& c) const {
    return moved<!AddsUp, C, I>(c, b);
  }
  template <class F>
  constexpr element_t<A> element_here(index_t const* at, F const& child_element) const {
    constexpr int last = A::dims.rank - 1;
    index_t own[max_rank + 1] = {};
    for (int d = 0; d <= last; ++d) own[d] = at[d];
    index_t const n = a.sizes()[static_cast<std::size_t>(last)];
    element_t<A> sum = 0;
    if constexpr (AddsUp) {
      for (own[last] = 0; own[last] < n; ++own[last])
        if (child_element(b, own) == at[last]) sum = static_cast<element_t<A>>(sum + child_element(a, own));
    } else {
      own[last] = child_element(b, at);
      if (own[last] >= 0 && own[last] < n) sum = child_element(a, own);
    }
    return sum;
  }
};

// `places` is a tensor of index_t, of the sizes of a.
template <bool AddsUp, class A, class I>
auto moved_along(A const& a, I const& places) {
  return moved<AddsUp, A, I>(a, places);
}

}  // namespace ops
}  // namespace WEFT_ISA
}  // namespace weft
