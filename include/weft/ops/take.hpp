// Elements found by an index: take, along one axis.
//
//   take(table, rows, axis<0>)       table (n, ...), rows (...): the rows that the integers name, in their order
//   take(x, indices, axis<-1>)       of each row, the elements that the integers name
//   take(x, indices)                 of all elements in order
//
// Indices are an expression of any rank; negative ones count from the end. The axis gives way to their axes. What is taken is
// read where it is used: a product packs the rows of a table that are asked for, without a copy of them. The gradient adds to
// the rows that were taken; as an expression that is a node of its own (`spread`), whose gradient is take.
#pragma once
#include <weft/engine/producer.hpp>
#include <weft/ops/cast.hpp>
#include <weft/ops/create.hpp>

#include <optional>

namespace weft {
inline namespace WEFT_ISA {
namespace ops {

// Axis `axis` of `s` gives way to the axes of `by`.
constexpr weft::shape taken_shape(weft::shape const& s, weft::shape const& by, int axis) {
  weft::shape r = unknown(s.rank - 1 + by.rank);
  for (int i = 0; i < axis; ++i) r[i] = s[i];
  for (int i = 0; i < by.rank; ++i) r[axis + i] = by[i];
  for (int i = axis + 1; i < s.rank; ++i) r[i - 1 + by.rank] = s[i];
  return r;
}
template <std::size_t P, std::size_t Q>
constexpr extents<int(P + Q) - 1> taken_sizes(std::array<index_t, P> const& s, std::array<index_t, Q> const& by, int axis) {
  extents<int(P + Q) - 1> e{};
  std::size_t n = 0;
  for (int i = 0; i < int(P); ++i) {
    if (i != axis) {
      e[n++] = s[static_cast<std::size_t>(i)];
      continue;
    }
    for (index_t k : by) e[n++] = k;
  }
  return e;
}

[[noreturn, gnu::cold, gnu::noinline]] inline void fail_index(char const* operation, complaint::piece index, index_t const* sizes, int rank, int axis) {
  fail<index_error>(complaint{operation, ": index ", index, " is outside axis ", axis, " of a tensor of shape ", to_text(sizes, rank)});
}
// An index as a place among n; -1: it is outside.
template <class V>
constexpr index_t place_among(V index, index_t n) {
  if constexpr (std::is_unsigned_v<V>)
    return static_cast<std::uint64_t>(index) < static_cast<std::uint64_t>(n) ? static_cast<index_t>(index) : -1;
  else
    return index >= 0 ? (static_cast<index_t>(index) < n ? static_cast<index_t>(index) : -1)
                      : (static_cast<index_t>(index) >= -n ? static_cast<index_t>(index) + n : -1);
}

// Indices, each a place on an axis: where they lie if they are places as they are, else a copy.
template <class I>
struct checked_indices {
  using V = element_t<I>;
  engine::dense_operand<I> given;
  storage copy;
  index_t const* at = nullptr;  // (count), dense
  index_t count;

  checked_indices(char const* operation, I const& indices, index_t const* sizes, int rank, int axis)
      : given(indices), count(given.size) {
    read(operation, given.at, sizes, rank, axis);
  }
  bool reads(engine::byte_range w) const { return !copy && given.reads(w); }

 private:
  void read(char const* operation, V const* from, index_t const* sizes, int rank, int axis) {
    index_t const n = sizes[axis];
    bool good = true;  // a place as it is
    for (index_t i = 0; i < count; ++i) {
      if constexpr (std::is_signed_v<V>) good = good && from[i] >= 0;
      if (place_among(from[i], n) < 0) [[unlikely]]
        fail_index(operation, from[i], sizes, rank, axis);
    }
    if constexpr (std::is_same_v<V, index_t>) {
      if (good) {
        at = from;
        return;
      }
    }
    copy = storage::allocate(static_cast<std::size_t>(count) * sizeof(index_t));
    index_t* const to = static_cast<index_t*>(copy.data());
    for (index_t i = 0; i < count; ++i) to[i] = place_among(from[i], n);
    at = to;
  }
};

template <class G, class I, weft::shape D>
struct spread;
template <class A, class I, weft::shape D>
struct gathered;
template <class G, class I, class T>
void pull_gathered(G const& g, I const& indices, T* out, bool adds, bool turned, index_t const* sizes, int rank, int axis);

// One gather with what it reads bound. The table is read in place, or evaluated; or, if few of its rows are asked for, the
// rows are computed one by one.
template <class Node>
struct gather_run {
  using T = element_t<Node>;
  using A = expr::kid_t<0, Node>;
  using I = expr::kid_t<1, Node>;
  static constexpr int R = Node::dims.rank, P = A::dims.rank, Q = I::dims.rank;
  static constexpr bool in_memory = expr::facts_of<A>.in_place;
  using table = engine::bound_operand<T, P, A>;

  static bool by_rows(Node const& n) { return in_memory || (n.axis != P - 1 && n.b.size() <= n.a.sizes()[axis_of(n)]); }

  checked_indices<I> indices;
  int axis;
  extents<Q> count;
  std::optional<table> bound;  // in memory, or computed row by row
  tensor<T, P> made;
  T const* base = nullptr;  // element 0 of the table in memory
  index_t stride[static_cast<std::size_t>(P)] = {};

  explicit gather_run(Node const& n)
      : indices("take", n.b, n.a.sizes().data(), P, n.axis), axis(n.axis), count(n.b.sizes()) {
    if (by_rows(n)) bound.emplace(n.a, n.a.sizes());
    if constexpr (in_memory) {
      auto const s = bound->source();
      base = s.data;
      for (int d = 0; d + 2 < P; ++d) stride[d] = s.steps[d];
      if constexpr (P > 1) stride[P - 2] = s.row_stride;
      stride[P - 1] = s.column_stride;
    } else if (!bound) {
      made = engine::evaluated<T, P>(n.a);
      base = std::as_const(made).data();
      engine::dense_strides(made.sizes().data(), P, stride);
    }
  }
  template <class Survey>
  static void explain(Node const& n, Survey& s, std::string& what) {
    what = "taken";
    engine::dense_operand<I>::explain(n.b, s);
    if (by_rows(n))
      table::explain(n.a, n.a.sizes(), s);
    else
      s.part(n.a, expr::axis_map::identity<P>(), expr::no_names{}, false);
  }
  bool reads(engine::byte_range w) const { return indices.reads(w) || (bound && bound->reads(w)); }
  bool whole_rows() const { return bound && bound->whole; }

  // out (rows, columns), ld
  void copy(index_t const* position, index_t row, index_t rows, index_t column, index_t columns, T* out, index_t ld) const {
    // The place in the table of the first element, the axis itself at 0, and how many indices stand before its own.
    index_t place[static_cast<std::size_t>(P)] = {}, before = 0;
    auto const stand = [&](int d, index_t i) {
      if (d < axis)
        place[d] = i;
      else if (d >= axis + Q)
        place[d - Q + 1] = i;
      else
        before = before * count[static_cast<std::size_t>(d - axis)] + i;
    };
    for (int d = 0; d + 2 < R; ++d) stand(d, position[d]);
    if constexpr (R > 1) stand(R - 2, row);
    stand(R - 1, column);
    index_t const* const at = indices.at + before;
    bool const row_is_index = R > 1 && R - 2 >= axis && R - 2 < axis + Q;
    if (axis == P - 1) {
      T const* p = base;
      for (int d = 0; d < P - 1; ++d) p += place[d] * stride[d];
      index_t const index_step = row_is_index ? count[Q - 1] : 0;
      index_t const row_step = P > 1 && !row_is_index ? stride[P > 1 ? P - 2 : 0] : 0;
      for (index_t r = 0; r < rows; ++r) pick(p + r * row_step, at + r * index_step, columns, out + r * ld);
    } else if (row_is_index) {  // rows of the table
      for (index_t r = 0; r < rows; ++r) {
        place[axis] = at[r];
        lines(place, 1, columns, out + r * ld, ld);
      }
    } else {
      place[axis] = *at;
      lines(place, rows, columns, out, ld);
    }
  }

 private:
  void pick(T const* from, index_t const* at, index_t n, T* out) const {
    index_t const step = stride[P - 1];
    if (step == 1)
      for (index_t i = 0; i < n; ++i) out[i] = from[at[i]];
    else
      for (index_t i = 0; i < n; ++i) out[i] = from[at[i] * step];
  }
  void lines(index_t const* place, index_t rows, index_t columns, T* out, index_t ld) const {
    constexpr int row = P > 1 ? P - 2 : 0;
    if (base) {
      T const* p = base;
      for (int d = 0; d < P; ++d) p += place[d] * stride[d];
      engine::gather_rows(p, stride[row], stride[P - 1], rows, columns, out, ld);
    } else if (columns > 0) {
      bound->copy(place, P > 1 ? place[row] : 0, place[P - 1], rows, columns, out, ld);
    }
  }
  static constexpr std::size_t axis_of(Node const& n) { return static_cast<std::size_t>(n.axis); }
};

template <class A, class I, weft::shape D>
struct gathered : described<gathered<A, I, D>, element_t<A>, D> {
  static constexpr weft::role role = weft::role::source;
  static constexpr int arity = 2;
  static constexpr char const* name = "take";
  static constexpr int handles = expr::handles_of<A>() + expr::handles_of<I>();
  using production = gather_run<gathered>;
  A a;
  I b;
  int axis;
  WEFT_INLINE constexpr gathered(A x, I indices, int along)
      : a(static_cast<A&&>(x)), b(static_cast<I&&>(indices)), axis(along) {
    auto const e = sizes();
    if (!__builtin_is_constant_evaluated()) (void)bytes_of(name, e.data(), D.rank, sizeof(element_t<A>));
  }
  WEFT_INLINE constexpr extents<D.rank> sizes() const { return taken_sizes(a.sizes(), b.sizes(), axis); }
  template <class X, class Y>
  WEFT_INLINE constexpr auto remade(X&& x, Y&& y) const {
    return gathered<std::remove_cvref_t<X>, std::remove_cvref_t<Y>, D>(static_cast<X&&>(x), static_cast<Y&&>(y), axis);
  }
  WEFT_INLINE bool looks_like(gathered const& o) const { return axis == o.axis; }

  // What the table gets of the cotangent g.
  template <int K, class G>
  auto pull(G const& g) const {
    return spread<G, I, A::dims>(g, b, a.sizes(), axis);
  }
  template <int K, class G>
    requires(K == 0 && requires(G const& x) { x.data(); })
  void pull_into(G const& g, element_t<G>* out, bool adds, bool turned) const {
    auto const e = a.sizes();
    pull_gathered(g, b, out, adds, turned, e.data(), A::dims.rank, axis);
  }
  template <class F>
  constexpr element_t<A> element_here(index_t const* at, F const& child_element) const {
    constexpr int P = A::dims.rank, Q = I::dims.rank;
    index_t own[max_rank + 1] = {};
    auto const e = a.sizes();
    auto const index = child_element(b, at + axis);
    for (int i = 0; i < P; ++i) own[i] = i < axis ? at[i] : i > axis ? at[i - 1 + Q] : 0;
    own[axis] = place_among(index, e[static_cast<std::size_t>(axis)]);
    if (own[axis] < 0) fail_index(name, index, e.data(), P, axis);
    return child_element(a, own);
  }
};

// -- the other way -------------------------------------------------------------------------------------------------------

// out (outer, n, inner) += g (outer, count, inner) at the places `at` (count) of the middle axis. All are dense. An element is
// added to in the order of the indices, whoever does it.
template <class T>
[[gnu::noinline]] void add_at_places(T const* g, index_t const* at, index_t outer, index_t count, index_t inner, index_t n,
                                     T* out) {
  // Elements [c0, c1) of inner.
  auto const strip = [=](index_t o, index_t c0, index_t c1) {
    for (index_t j = 0; j < count; ++j) {
      T* const to = out + (o * n + at[j]) * inner;
      T const* const from = g + (o * count + j) * inner;
      for (index_t c = c0; c < c1; ++c) to[c] = static_cast<T>(to[c] + from[c]);
    }
  };
  index_t const total = outer * count * inner;
  index_t const strips = inner >= 2 * 64 ? inner / 64 : 1, width = (inner + strips - 1) / strips;
  if (total < engine::threads_from || num_threads() == 1 || outer * strips == 1) {
    for (index_t o = 0; o < outer; ++o) strip(o, 0, inner);
    return;
  }
  parallel_for(outer * strips, [&](index_t i) {
    index_t const c0 = i % strips * width, c1 = c0 + width < inner ? c0 + width : inner;
    if (c0 < c1) strip(i / strips, c0, c1);
  });
}
// The sizes before an axis, and those after it, multiplied.
inline void sizes_around(index_t const* sizes, int rank, int axis, index_t& outer, index_t& inner) {
  outer = inner = 1;
  for (int i = 0; i < axis; ++i) outer *= sizes[i];
  for (int i = axis + 1; i < rank; ++i) inner *= sizes[i];
}

// out (sizes), dense; `turned`: with the last two axes exchanged.
template <class G, class I, class T>
void pull_gathered(G const& g, I const& indices, T* out, bool adds, bool turned, index_t const* sizes, int rank, int axis) {
  checked_indices<I> const at("take", indices, sizes, rank, axis);
  index_t outer, inner, size = 1;
  sizes_around(sizes, rank, axis, outer, inner);
  for (int i = 0; i < rank; ++i) size *= sizes[i];
  count_kernel([&] { return kernel_note{.what = "sums at places", .type = dtype_of<T>, .ext = sizes, .rank = rank}; });
  if (!turned) {
    if (!adds) std::memset(out, 0, static_cast<std::size_t>(size) * sizeof(T));
    return add_at_places(g.data(), at.at, outer, at.count, inner, sizes[axis], out);
  }
  storage room = storage::allocate(static_cast<std::size_t>(size) * sizeof(T));
  T* const upright = static_cast<T*>(room.data());
  std::memset(upright, 0, static_cast<std::size_t>(size) * sizeof(T));
  add_at_places(g.data(), at.at, outer, at.count, inner, sizes[axis], upright);
  index_t const rows = sizes[rank - 2], columns = sizes[rank - 1];
  for (index_t m = 0; m < size; m += rows * columns)
    for (index_t c = 0; c < columns; ++c)
      for (index_t r = 0; r < rows; ++r) {
        T& to = out[m + c * rows + r];
        to = adds ? static_cast<T>(to + upright[m + r * columns + c]) : upright[m + r * columns + c];
      }
}

template <class Node>
struct spread_run {
  using T = element_t<Node>;
  static constexpr int R = Node::dims.rank;
  engine::dense_operand<expr::kid_t<0, Node>> g;
  checked_indices<expr::kid_t<1, Node>> indices;
  extents<R> ext;
  int axis;
  explicit spread_run(Node const& n)
      : g(n.a), indices("take", n.b, n.ext.data(), R, n.axis), ext(n.ext), axis(n.axis) {}
  template <class Survey>
  static void explain(Node const& n, Survey& s, std::string& what) {
    what = "added up by index";
    engine::dense_operand<expr::kid_t<0, Node>>::explain(n.a, s);
    engine::dense_operand<expr::kid_t<1, Node>>::explain(n.b, s);
  }
  // (Nothing is written before everything is read.)
  bool reads(engine::byte_range w) const { return indices.reads(w) || g.reads(w); }
  void run(gemm::batched_sink<T> const& c) const {
    engine::whole_result<T, R> out(c, ext);
    index_t outer, inner;
    sizes_around(ext.data(), R, axis, outer, inner);
    std::memset(out.data, 0, static_cast<std::size_t>(weft::count(ext)) * sizeof(T));
    add_at_places(g.at, indices.at, outer, indices.count, inner, ext[static_cast<std::size_t>(axis)], out.data);
    out.finish();
  }
};

// Zeros of the shape D, to whose places along an axis what g holds was added.
template <class G, class I, weft::shape D>
struct spread : described<spread<G, I, D>, element_t<G>, D> {
  static constexpr weft::role role = weft::role::producer;
  static constexpr int arity = 2;
  static constexpr char const* name = "take";
  using tiles = void;
  using production = spread_run<spread>;
  G a;
  I b;
  extents<D.rank> ext;
  int axis;
  WEFT_INLINE constexpr spread(G g, I indices, extents<D.rank> const& e, int along)
      : a(static_cast<G&&>(g)), b(static_cast<I&&>(indices)), ext(e), axis(along) {}
  WEFT_INLINE constexpr extents<D.rank> sizes() const { return ext; }
  template <class X, class Y>
  WEFT_INLINE constexpr auto remade(X&& x, Y&& y) const {
    return spread<std::remove_cvref_t<X>, std::remove_cvref_t<Y>, D>(static_cast<X&&>(x), static_cast<Y&&>(y), ext, axis);
  }
  WEFT_INLINE bool looks_like(spread const& o) const { return axis == o.axis && ext == o.ext; }
  template <int K, class C>
  auto pull(C const& c) const {
    return gathered<C, I, unknown(D.rank - 1 + I::dims.rank)>(c, b, axis);
  }
  template <class F>
  constexpr element_t<G> element_here(index_t const* at, F const& child_element) const {
    constexpr int P = D.rank, Q = I::dims.rank;
    index_t own[max_rank + 1] = {};
    for (int i = 0; i < P; ++i) own[i < axis ? i : i - 1 + Q] = at[i];
    auto const e = b.sizes();
    index_t const n = weft::count(e);
    for (int i = 0; i < Q; ++i) own[axis + i] = 0;
    element_t<G> sum = 0;
    for (index_t k = 0; k < n; ++k) {
      if (place_among(child_element(b, own + axis), ext[static_cast<std::size_t>(axis)]) == at[axis])
        sum = static_cast<element_t<G>>(sum + child_element(a, own));
      for (int i = Q - 1; i >= 0; --i) {
        if (++own[axis + i] < e[static_cast<std::size_t>(i)]) break;
        own[axis + i] = 0;
      }
    }
    return sum;
  }
};

// -- what a user calls ---------------------------------------------------------------------------------------------------

template <class I>
constexpr bool check_indices() {
  constexpr bool good = std::is_integral_v<element_t<I>> && !std::is_same_v<element_t<I>, bool>;
  static_assert(good, "weft: take: indices are integers");
  return good;
}
// D: the shape of the result where it is known.
template <weft::shape D, class A, class I>
WEFT_INLINE constexpr auto gather(A const& a, I const& indices, int axis) {
  return gathered<A, I, D>(a, indices, axis);
}
// One place on an axis, known when the expression is made: a view without that axis.
template <weft::shape D, class A>
WEFT_INLINE constexpr auto one_place(A const& a, index_t index, int axis) {
  auto const s = a.sizes();
  index_t const i = place_among(index, s[static_cast<std::size_t>(axis)]);
  if (i < 0) fail_index("take", index, s.data(), A::dims.rank, axis);
  extents<D.rank> ext{};
  expr::axis_sources<A::dims.rank> from{};
  for (int c = 0, own = 0; c < A::dims.rank; ++c) {
    auto const k = static_cast<std::size_t>(c);
    if (c == axis) {
      from[k] = {-1, i, 0};
    } else {
      from[k] = {own, 0, 1};
      ext[static_cast<std::size_t>(own++)] = s[k];
    }
  }
  return expr::view<A, D>(a, ext, from);
}

}  // namespace ops

// An axis known to the compiler: names and static sizes stay.
template <expression A, expression I, index_t Axis>
WEFT_INLINE constexpr auto take(A const& x, I const& indices, axis_list<Axis>) {
  if constexpr (poisoned<A, I>) {
    return poison{};
  } else {
    using T = stored_t<A>;
    using J = stored_t<I>;
    constexpr bool inside = Axis >= -T::dims.rank && Axis < T::dims.rank;
    static_assert(inside, "weft: take: an axis is outside the tensor's rank");
    static_assert(T::dims.rank - 1 + J::dims.rank <= max_rank, "weft: take: more than 8 axes");
    if constexpr (!inside || !ops::check_indices<J>()) {
      return poison{};
    } else {
      constexpr int k = static_cast<int>(Axis < 0 ? Axis + T::dims.rank : Axis);
      constexpr weft::shape D = ops::taken_shape(T::dims, J::dims, k);
      if constexpr (J::dims.rank == 0)
        return ops::one_place<D>(stored(x), static_cast<index_t>(number_of(stored(indices))), k);
      else
        return ops::gather<D>(stored(x), stored(indices), k);
    }
  }
}
template <expression A, expression I>
WEFT_INLINE auto take(A const& x, I const& indices, index_t axis) {
  if constexpr (poisoned<A, I>) {
    return poison{};
  } else {
    using T = stored_t<A>;
    using J = stored_t<I>;
    constexpr int R = T::dims.rank - 1 + J::dims.rank;
    static_assert(T::dims.rank > 0 && R <= max_rank, "weft: take: a tensor of no axis, or more than 8 axes");
    if constexpr (!ops::check_indices<J>()) {
      return poison{};
    } else {
      int const k = checked_axis("take", axis, T::dims.rank);
      if constexpr (J::dims.rank == 0)
        return ops::one_place<unknown(R)>(stored(x), static_cast<index_t>(number_of(stored(indices))), k);
      else
        return ops::gather<unknown(R)>(stored(x), stored(indices), k);
    }
  }
}
// One place: the axis goes.
template <expression A, index_t Axis>
WEFT_INLINE constexpr auto take(A const& x, index_t index, axis_list<Axis>) {
  constexpr int R = rank_of<A>;
  static_assert(Axis >= -R && Axis < R, "weft: take: an axis is outside the tensor's rank");
  if constexpr (Axis >= -R && Axis < R) {
    constexpr int k = static_cast<int>(Axis < 0 ? Axis + R : Axis);
    return ops::one_place<ops::taken_shape(dims_of<A>, weft::shape(), k)>(stored(x), index, k);
  } else {
    return poison{};
  }
}
template <expression A>
WEFT_INLINE auto take(A const& x, index_t index, index_t axis) {
  return ops::one_place<unknown(rank_of<A> - 1)>(stored(x), index, checked_axis("take", axis, rank_of<A>));
}
// Of all elements in order.
template <expression A, expression I>
WEFT_INLINE auto take(A const& x, I const& indices) {
  if constexpr (poisoned<A, I>)
    return poison{};
  else if constexpr (rank_of<A> == 1)
    return take(x, indices, axis_list<0>{});
  else
    return take(flatten(x), indices, axis_list<0>{});
}

}  // namespace WEFT_ISA
}  // namespace weft
