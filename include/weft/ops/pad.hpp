// Constants around a tensor.
//
//   pad(x, {{1, 2}, {0, 3}})        before and after each axis
//   pad(x, {{1, 2}, {0, 3}}, 0.5)   something else than 0
//   pad(x, {1, 2})   pad(x, 1)      the same for all axes
//
// The operand is read, or computed, where the result is used.
#pragma once
#include <weft/engine/producer.hpp>
#include <weft/expr/view.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace ops {

// rows x columns of one value
template <class T>
[[gnu::noinline]] void fill_tile(T value, index_t rows, index_t columns, T* out, index_t ld) {
  for (index_t r = 0; r < rows; ++r)
    for (index_t c = 0; c < columns; ++c) out[r * ld + c] = value;
}
// The part of [from, from + count) that lies in [0, n).
struct overlapping {
  index_t first, count;
  constexpr overlapping(index_t from, index_t size, index_t n) {
    first = from > 0 ? from : 0;
    index_t const end = from + size < n ? from + size : n;
    count = end > first ? end - first : 0;
  }
};

template <class Node>
struct pad_run {
  using T = element_t<Node>;
  static constexpr int R = Node::dims.rank;
  using bound = engine::bound_operand<T, R, expr::kid_t<0, Node>>;
  bound inside;
  extents<R> own, before;
  T value;
  explicit pad_run(Node const& n) : inside(n.a, n.a.sizes()), own(n.a.sizes()), before(n.before), value(n.value) {}
  template <class Survey>
  static void explain(Node const& n, Survey& s, std::string& what) {
    what = "padded";
    bound::explain(n.a, n.a.sizes(), s);
  }
  bool reads(engine::byte_range w) const { return inside.reads(w); }
  bool whole_rows() const { return inside.whole; }
  // out (rows, columns), ld
  void copy(index_t const* position, index_t row, index_t rows, index_t column, index_t columns, T* out, index_t ld) const {
    constexpr auto last = static_cast<std::size_t>(R - 1), second = static_cast<std::size_t>(R > 1 ? R - 2 : 0);
    index_t place[max_rank] = {};
    bool outside = false;
    for (int d = 0; d + 2 < R; ++d) {
      auto const k = static_cast<std::size_t>(d);
      place[d] = position[d] - before[k];
      outside = outside || place[d] < 0 || place[d] >= own[k];
    }
    overlapping const r = R > 1 ? overlapping(row - before[second], rows, own[second]) : overlapping(0, rows, rows);
    overlapping const c(column - before[last], columns, own[last]);
    if (outside || r.count == 0 || c.count == 0) return fill_tile(value, rows, columns, out, ld);
    index_t const above = R > 1 ? r.first + before[second] - row : 0, left = c.first + before[last] - column;
    index_t const below = above + r.count, right = left + c.count;
    fill_tile(value, above, columns, out, ld);
    fill_tile(value, r.count, left, out + above * ld, ld);
    inside.copy(place, r.first, c.first, r.count, c.count, out + above * ld + left, ld);
    fill_tile(value, r.count, columns - right, out + above * ld + right, ld);
    fill_tile(value, rows - below, columns, out + below * ld, ld);
  }
};

template <weft::shape D, class A>
struct padded : described<padded<D, A>, element_t<A>, D> {
  using T = element_t<A>;
  static constexpr weft::role role = weft::role::source;
  static constexpr int arity = 1;
  static constexpr char const* name = "pad";
  static constexpr int handles = expr::handles_of<A>();
  using production = pad_run<padded>;
  A a;
  extents<D.rank> ext, before;
  T value;
  WEFT_INLINE constexpr padded(A x, extents<D.rank> const& e, extents<D.rank> const& b, T v)
      : a(static_cast<A&&>(x)), ext(e), before(b), value(v) {}
  WEFT_INLINE constexpr extents<D.rank> sizes() const { return ext; }
  template <class X>
  WEFT_INLINE constexpr auto remade(X&& x) const {
    return padded<D, std::remove_cvref_t<X>>(static_cast<X&&>(x), ext, before, value);
  }
  WEFT_INLINE bool looks_like(padded const& o) const {
    return ext == o.ext && before == o.before && std::memcmp(&value, &o.value, sizeof(T)) == 0;
  }
  // The operand gets what lies inside.
  template <int K, class G>
  auto pull(G const& g) const {
    expr::axis_sources<D.rank> from{};
    for (int d = 0; d < D.rank; ++d) from[static_cast<std::size_t>(d)] = {d, before[static_cast<std::size_t>(d)], 1};
    return expr::view<G, unknown(D.rank)>(g, a.sizes(), from);
  }
  template <class F>
  constexpr T element_here(index_t const* at, F const& child_element) const {
    index_t own[max_rank + 1] = {};
    auto const e = a.sizes();
    for (int d = 0; d < D.rank; ++d) {
      auto const k = static_cast<std::size_t>(d);
      own[d] = at[d] - before[k];
      if (own[d] < 0 || own[d] >= e[k]) return value;
    }
    return child_element(a, own);
  }
};

// Names stay, sizes do not.
constexpr weft::shape padded_shape(weft::shape const& s) {
  weft::shape r = unknown(s.rank);
  for (int i = 0; i < s.rank; ++i) r[i] = s[i].resized(dyn);
  return r;
}
template <class V, class T>
constexpr T padding_value(V const& value) {
  static_assert(!std::is_floating_point_v<typename detail::number_type<V>::type> || kind_of_type<T> >= kind::floating,
                "weft: pad: a fractional number would be lost in a tensor of integers");
  return exactly<T>(value);
}
// widths (rank): before and after each axis
template <class A, class V>
WEFT_INLINE constexpr auto pad_with(A const& x, index_t const (*widths)[2], V const& value) {
  constexpr weft::shape D = padded_shape(A::dims);
  auto ext = x.sizes();
  extents<D.rank> before{};
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (widths[i][0] < 0 || widths[i][1] < 0)
      fail<shape_error>(complaint{"pad: a negative width before or after axis ", i, " of a tensor of shape ", to_text(x.sizes())});
    before[i] = widths[i][0];
    if (__builtin_add_overflow(ext[i], widths[i][0], &ext[i]) || __builtin_add_overflow(ext[i], widths[i][1], &ext[i]))
      fail<shape_error>(complaint{"pad: too many elements around ", to_text(x.sizes())});
  }
  if (!__builtin_is_constant_evaluated()) (void)bytes_of("pad", ext.data(), D.rank, sizeof(element_t<A>));
  return padded<D, A>(x, ext, before, padding_value<V, element_t<A>>(value));
}

}  // namespace ops

template <expression A, std::size_t R, scalar V = int>
WEFT_INLINE constexpr auto pad(A const& x, index_t const (&widths)[R][2], V const& value = 0) {
  if constexpr (poisoned<A>) {
    return poison{};
  } else {
    static_assert(rank_of<A> == int(R), "weft: pad: as many pairs of widths as the tensor has axes");
    if constexpr (rank_of<A> == int(R))
      return ops::pad_with(stored(x), widths, value);
    else
      return poison{};
  }
}
template <expression A, scalar V = int>
WEFT_INLINE constexpr auto pad(A const& x, index_t const (&widths)[2], V const& value = 0) {
  if constexpr (poisoned<A>) {
    return poison{};
  } else if constexpr (rank_of<A> == 0) {
    return stored(x);
  } else {
    index_t all[rank_of<A>][2] = {};
    for (auto& w : all) w[0] = widths[0], w[1] = widths[1];
    return ops::pad_with(stored(x), all, value);
  }
}
template <expression A, scalar V = int>
WEFT_INLINE constexpr auto pad(A const& x, index_t width, V const& value = 0) {
  return pad(x, {width, width}, value);
}

}  // namespace WEFT_ISA
}  // namespace weft
