// Scans: what was seen so far, along an axis.
//
//   cumsum(x, axis<-1>)   cumsum(x, 0)   cumsum(x)               running sums; over all elements in order
//   cummax(x, axis<-1>)   cummin(x, axis<-1>)                    running extremes
//   cumsum(x, axis<0>, {.reverse = true, .inclusive = false})    from the end; without the element itself
//
// A scan is one loop over an associative operation, a struct with these facts:
//   name, says       as errors and plans say it
//   compute<T>       the type in which elements of T are joined;  result<T>: the type of the node
//   nothing<T>()     what stands before the first element
//   apply(before, x) on numbers and on packs: what was seen so far, and one more
//   pull(scan, g)    what the operand gets of the cotangent g, as an expression
//
// A row is scanned in four parts beside each other, in an order that its length alone decides; along another axis all columns go
// down together.
//
// Sums: small integers and truth values are added in 32 bits, as sum does; the gradient is the sum from the other end. Extremes:
// NaN stays from where it stands; the cotangent goes to the element that is the extreme, of equal ones the first.
#pragma once
#include <weft/engine/producer.hpp>
#include <weft/ops/create.hpp>
#include <weft/ops/moved.hpp>
#include <weft/ops/reduce.hpp>

namespace weft {

struct scan_options {
  bool reverse = false;   // from the end
  bool inclusive = true;  // an element is part of its own result
};

inline namespace WEFT_ISA {
namespace ops {

#if defined(WEFT_SMALL_BLOCKS) && WEFT_SMALL_BLOCKS
inline constexpr index_t scan_part = 16, scan_chunk = 256;
#else
inline constexpr index_t scan_part = 128, scan_chunk = index_t(1) << 15;
#endif

// Element k of a row of n, in the order of the scan.
WEFT_INLINE constexpr index_t in_order(scan_options o, index_t k, index_t n) { return o.reverse ? n - 1 - k : k; }

// p (n): what was seen before stands before all of them
template <class Op, class T>
WEFT_INLINE void put_before(T before, T* p, index_t n) {
  constexpr int N = simd::lanes<T>;
  simd::pack<T, N> const v(before);
  index_t i = 0;
  for (; i + N <= n; i += N) Op::apply(v, simd::pack<T, N>::load(p + i)).store(p + i);
  for (; i < n; ++i) p[i] = Op::apply(before, p[i]);
}
// What was seen so far goes to p, and what was there to what was seen.
template <class Op, bool Inclusive, class V>
WEFT_INLINE void scan_step(V& seen, V& p) {
  V const next = Op::apply(seen, p);
  p = Inclusive ? next : seen;
  seen = next;
}
// p (n), in place, with nothing before it; returns what all of it is. `Reverse`: from the end.
template <class Op, bool Reverse, bool Inclusive, class T>
[[gnu::noinline]] T scan_chunk_of(T* p, index_t n) {
  T seen = Op::template nothing<T>();
  index_t done = 0;
  constexpr index_t part = scan_part;
  for (; done + 4 * part <= n; done += 4 * part) {
    T* const q = Reverse ? p + (n - 1 - done) : p + done;
    constexpr index_t by = Reverse ? -1 : 1;
    T own[] = {Op::template nothing<T>(), Op::template nothing<T>(), Op::template nothing<T>(), Op::template nothing<T>()};
    for (index_t i = 0; i < part; ++i)
      for (index_t k = 0; k < 4; ++k) scan_step<Op, Inclusive>(own[k], q[by * (i + k * part)]);
    for (index_t k = 0; k < 4; ++k) {
      T* const first = q + by * k * part;
      put_before<Op>(seen, Reverse ? first - (part - 1) : first, part);
      seen = Op::apply(seen, own[k]);
    }
  }
  for (; done < n; ++done) scan_step<Op, Inclusive>(seen, Reverse ? p[n - 1 - done] : p[done]);
  return seen;
}
template <class Op, class T>
T scan_chunk_as(scan_options o, T* p, index_t n) {
  if (o.reverse) return o.inclusive ? scan_chunk_of<Op, true, true>(p, n) : scan_chunk_of<Op, true, false>(p, n);
  return o.inclusive ? scan_chunk_of<Op, false, true>(p, n) : scan_chunk_of<Op, false, false>(p, n);
}
// Chunk k of a row of n, in the order of the scan.
struct chunk_of_row {
  index_t from, size;
  chunk_of_row(scan_options o, index_t n, index_t k) {
    index_t const begin = k * scan_chunk, end = begin + scan_chunk < n ? begin + scan_chunk : n;
    from = o.reverse ? n - end : begin;
    size = end - begin;
  }
};
// A whole row, chunk by chunk.
template <class Op, class T>
void scan_row(scan_options o, T* p, index_t n) {
  T seen = Op::template nothing<T>();
  for (index_t k = 0; k * scan_chunk < n; ++k) {
    chunk_of_row const c(o, n, k);
    T const own = scan_chunk_as<Op>(o, p + c.from, c.size);
    if (k > 0) put_before<Op>(seen, p + c.from, c.size);
    seen = Op::apply(seen, own);
  }
}
// p (n), seen (n): a line, after the lines before it
template <class Op, bool Inclusive, class T>
[[gnu::noinline]] void scan_line(T* p, T* seen, index_t n) {
  constexpr int N = simd::lanes<T>;
  using P = simd::pack<T, N>;
  index_t i = 0;
  for (; i + N <= n; i += N) {
    P s = P::load(seen + i), v = P::load(p + i);
    scan_step<Op, Inclusive>(s, v);
    v.store(p + i);
    s.store(seen + i);
  }
  for (; i < n; ++i) scan_step<Op, Inclusive>(seen[i], p[i]);
}

template <class Node>
struct scan_run {
  using T = element_t<Node>;
  using Op = typename Node::scans_with;
  static constexpr int R = Node::dims.rank;
  static constexpr index_t rows_at_a_time = 4;
  using sink = gemm::batched_sink<T>;
  engine::bound_operand<T, R, expr::kid_t<0, Node>> a;
  extents<R> ext;
  int axis;
  scan_options how;

  explicit scan_run(Node const& n) : a(n.a, n.a.sizes()), ext(n.a.sizes()), axis(n.axis), how(n.how) {}
  template <class Survey>
  static void explain(Node const& n, Survey& s, std::string& what) {
    engine::bound_operand<T, R, expr::kid_t<0, Node>>::explain(n.a, n.a.sizes(), s);
    what = Op::says;
  }
  bool reads(engine::byte_range w) const { return a.reads(w); }
  // out (count, ext[R - 1]), ld
  void rows(index_t const* position, index_t row, index_t count, T* out, index_t ld) const {
    index_t const n = ext[R - 1];
    a.copy(position, row, 0, count, n, out, ld);
    for (index_t r = 0; r < count; ++r) scan_row<Op>(how, out + r * ld, n);
  }
  void run(sink const& c) const {
    if (weft::count(ext) == 0) return;
    if (axis == R - 1) {
      if (ext[R - 1] > 2 * scan_chunk)
        run_long_rows(c);
      else
        engine::deliver_rows<T, R>(c, ext, [this](auto... part) { rows(part...); });
    } else {
      run_lines(c);
    }
  }

 private:
  static constexpr int row_axis = R > 1 ? R - 2 : 0;
  index_t rows_of_matrix() const { return R > 1 ? ext[row_axis] : 1; }

  // The chunks of a row beside each other, then each on top of those before.
  void run_long_rows(sink const& c) const {
    index_t const n = ext[R - 1], all = rows_of_matrix(), matrices = weft::count(ext) / (all * n);
    index_t const chunks = (n + scan_chunk - 1) / scan_chunk;
    storage room;
    if (!c.data) room = storage::allocate(static_cast<std::size_t>(n) * sizeof(T));
    arena_scope scope;
    T* const seen = scope.take<T>(chunks);
    for (index_t i = 0; i < matrices * all; ++i) {
      index_t position[max_rank] = {};
      engine::place_matrix(ext, i / all, position);
      index_t const row = i % all;
      T* const line = c.data ? engine::element_of<R>(c, position, row, 0) : static_cast<T*>(room.data());
      if (a.whole) a.copy(position, row, 0, 1, n, line, n);
      engine::each_task(ext, chunks, [&](index_t k) {
        chunk_of_row const part(how, n, k);
        if (!a.whole) a.copy(position, row, part.from, 1, part.size, line + part.from, n);
        seen[k] = scan_chunk_as<Op>(how, line + part.from, part.size);
      });
      T all_before = Op::template nothing<T>();
      for (index_t k = 0; k < chunks; ++k) scan_step<Op, false>(all_before, seen[k]);
      engine::each_task(ext, chunks, [&](index_t k) {
        chunk_of_row const part(how, n, k);
        if (k > 0) put_before<Op>(seen[k], line + part.from, part.size);
        if (c.finish) c.finish(c.self, position, row, part.from, 1, part.size, line + part.from, n);
      });
    }
  }
  // Along another axis than the last: strips of columns, line by line.
  void run_lines(sink const& c) const {
    constexpr index_t strip = 512, together = 8;
    index_t const n = ext[R - 1], width = a.whole || n < strip ? n : strip, strips = (n + width - 1) / width;
    bool const down = axis == row_axis;  // rows are the lines; else a line is some rows of a matrix
    index_t const block = down ? 1 : rows_of_matrix() < together ? rows_of_matrix() : together;
    index_t const blocks = down ? 1 : (rows_of_matrix() + block - 1) / block;
    index_t others = 1;
    for (int d = 0; d + 2 < R; ++d)
      if (d != axis) others *= ext[static_cast<std::size_t>(d)];
    engine::each_task(ext, others * blocks * strips, [&](index_t i) {
      arena_scope scope;
      index_t position[max_rank] = {};
      engine::place_matrix(ext, i / strips / blocks, position, axis);
      index_t const column = i % strips * width, columns = column + width < n ? width : n - column;
      index_t const first = i / strips % blocks * block, last = first + block < rows_of_matrix() ? first + block : rows_of_matrix();
      index_t const lines = ext[static_cast<std::size_t>(axis)], step = down ? together : 1;
      T* const seen = scope.take<T>((last - first) * columns);
      for (index_t k = 0; k < (last - first) * columns; ++k) seen[k] = Op::template nothing<T>();
      T* const own = scope.take<T>((down ? together : last - first) * columns);
      for (index_t done = 0; done < lines; done += step) {
        index_t const count = done + step < lines ? step : lines - done;  // lines at once
        index_t const line = how.reverse ? lines - done - count : done;
        index_t const row = down ? line : first, rows = down ? count : last - first;
        if (!down) position[axis] = line;
        T* const tile = c.data ? engine::element_of<R>(c, position, row, column) : own;
        index_t const ld = c.data ? c.ld : columns;
        a.copy(position, row, column, rows, columns, tile, ld);
        auto const scan = how.inclusive ? &scan_line<Op, true, T> : &scan_line<Op, false, T>;
        for (index_t r = 0; r < rows; ++r)
          scan(tile + (down ? in_order(how, r, rows) : r) * ld, seen + (down ? 0 : r * columns), columns);
        if (c.finish) c.finish(c.self, position, row, column, rows, columns, tile, ld);
      }
    });
  }
};

struct some_rows {
  using rows = void;  // it can be computed some rows at a time
};
struct no_rows {};

// `ByRows`: the axis is known to be the last.
template <class Op, class A, bool ByRows>
struct scanned : described<scanned<Op, A, ByRows>, typename Op::template compute<element_t<A>>, A::dims>,
                 std::conditional_t<ByRows, some_rows, no_rows> {
  static constexpr weft::role role = weft::role::producer;
  static constexpr int arity = 1;
  static constexpr char const* name = Op::name;
  using scans_with = Op;
  using tiles = void;
  using production = scan_run<scanned>;
  A a;
  int axis;
  scan_options how;
  WEFT_INLINE constexpr scanned(A x, int along, scan_options o) : a(static_cast<A&&>(x)), axis(along), how(o) {}
  WEFT_INLINE constexpr auto sizes() const { return a.sizes(); }
  template <class X>
  WEFT_INLINE constexpr auto remade(X&& x) const {
    return scanned<Op, std::remove_cvref_t<X>, ByRows>(static_cast<X&&>(x), axis, how);
  }
  WEFT_INLINE bool looks_like(scanned const& o) const {
    return axis == o.axis && how.reverse == o.how.reverse && how.inclusive == o.how.inclusive;
  }
  // The same of something else, or in another way.
  template <class X>
  auto again(X const& x, scan_options o) const {
    return scanned<Op, X, ByRows>(x, axis, o);
  }
  template <int K, class G>
  auto pull(G const& g) const {
    return Op::pull(*this, g);
  }
  template <class F>
  constexpr element_t<scanned> element_here(index_t const* at, F const& child_element) const {
    using T = element_t<scanned>;
    index_t own[max_rank + 1] = {};
    for (int d = 0; d < A::dims.rank; ++d) own[d] = at[d];
    index_t const n = a.sizes()[static_cast<std::size_t>(axis)], count = in_order(how, at[axis], n) + (how.inclusive ? 1 : 0);
    T seen = Op::template nothing<T>();
    for (index_t k = 0; k < count; ++k) {
      own[axis] = in_order(how, k, n);
      seen = Op::apply(seen, static_cast<T>(child_element(a, own)));
    }
    return seen;
  }
};

// -- the operations --------------------------------------------------------------------------------------------------------

struct cumsum {
  static constexpr char const *name = "cumsum", *says = "running sums";
  template <class T>
  using compute = sum_t<T>;
  template <class T>
  using result = sum_t<T>;
  template <class T>
  static constexpr T nothing() {
    return 0;
  }
  template <class V>
  static WEFT_INLINE constexpr V apply(V before, V x) {
    return add::apply(before, x);
  }
  template <class Scan, class G>
  static auto pull(Scan const& s, G const& g) {
    return s.again(g, {!s.how.reverse, s.how.inclusive});
  }
};
struct cummax;
struct cummin;
// Along the last axis, in the order of the scan: the place of the last element so far that is `chosen`. The first element always is.
template <class E>
auto last_places(E const& chosen, scan_options how) {
  constexpr int R = E::dims.rank;
  index_t const n = chosen.sizes()[R - 1];
  auto const place = weft::where(chosen, arange<index_t>(n), in_order(how, 0, n));
  using P = std::remove_const_t<decltype(place)>;
  tensor<index_t, R> places;
  if (how.reverse)
    places = scanned<cummin, P, true>(place, R - 1, how);
  else
    places = scanned<cummax, P, true>(place, R - 1, how);
  return places;
}

template <bool Max>
struct running_extreme {
  static constexpr char const* says = "running extremes";
  using better = std::conditional_t<Max, maximum, minimum>;
  template <class T>
  using compute = typename extreme<Max>::template compute<T>;
  template <class T>
  using result = T;
  template <class T>
  static constexpr T nothing() {
    return Max ? lowest<T>() : highest<T>();
  }
  // (Of equal ones maximum and minimum give the second.)
  template <class V>
  static WEFT_INLINE constexpr V apply(V before, V x) {
    return better::apply(x, before);
  }
  template <class Scan, class G>
  static auto pull(Scan const& s, G const& g) {
    // An element that is better than all before it is the extreme until another one is.
    auto const before = s.again(s.a, {s.how.reverse, false});
    auto const is_better = [&] {
      if constexpr (Max)
        return s.a > before;
      else
        return s.a < before;
    }();
    auto const places = last_places(expr::move_axis_last(is_better || (weft::isnan(s.a) && !weft::isnan(before)), s.axis), s.how);
    return expr::move_last_axis_to(moved_along<true>(expr::move_axis_last(g, s.axis), places), s.axis);
  }
};
struct cummax : running_extreme<true> {
  static constexpr char const* name = "cummax";
};
struct cummin : running_extreme<false> {
  static constexpr char const* name = "cummin";
};

// In the type in which the operation is made, and back.
template <class Op, bool ByRows, class A>
WEFT_INLINE constexpr auto scan(A const& a, int axis, scan_options how) {
  using T = element_t<A>;
  scanned<Op, A, ByRows> const s(a, axis, how);
  if constexpr (std::is_same_v<element_t<decltype(s)>, typename Op::template result<T>>)
    return s;
  else
    return weft::cast<typename Op::template result<T>>(s);
}
template <class Op, index_t Axis, class A>
WEFT_INLINE constexpr auto scan_along(A const& x, scan_options how) {
  if constexpr (poisoned<A>) {
    return poison{};
  } else {
    constexpr int R = rank_of<A>;
    static_assert(Axis >= -R && Axis < R, "weft: a scan goes along an axis that is outside the tensor's rank");
    if constexpr (Axis >= -R && Axis < R) {
      constexpr int k = static_cast<int>(Axis < 0 ? Axis + R : Axis);
      return scan<Op, k == R - 1>(stored_t<A>(stored(x)), k, how);
    } else {
      return poison{};
    }
  }
}
template <class Op, class A>
WEFT_INLINE auto scan_at(A const& x, index_t axis, scan_options how) {
  if constexpr (poisoned<A>) {
    return poison{};
  } else {
    static_assert(rank_of<A> > 0, "weft: a scan of a tensor of no axis");
    return scan<Op, false>(stored_t<A>(stored(x)), checked_axis(Op::name, axis, rank_of<A>), how);
  }
}
// Of all elements in order.
template <class Op, class A>
WEFT_INLINE auto scan_all(A const& x, scan_options how) {
  if constexpr (poisoned<A> || rank_of<A> == 1)
    return scan_along<Op, 0>(x, how);
  else
    return scan_along<Op, 0>(flatten(x), how);
}

}  // namespace ops

// clang-format off
#define WEFT_SCAN(NAME)                                                              \
  template <expression A, index_t Axis>                                              \
  WEFT_INLINE constexpr auto NAME(A const& x, axis_list<Axis>, scan_options how = {}) { \
    return ops::scan_along<ops::NAME, Axis>(x, how);                                 \
  }                                                                                  \
  template <expression A>                                                            \
  WEFT_INLINE auto NAME(A const& x, index_t axis, scan_options how = {}) {           \
    return ops::scan_at<ops::NAME>(x, axis, how);                                    \
  }                                                                                  \
  template <expression A>                                                            \
  WEFT_INLINE auto NAME(A const& x, scan_options how = {}) {                         \
    return ops::scan_all<ops::NAME>(x, how);                                         \
  }
WEFT_SCAN(cumsum)
WEFT_SCAN(cummax)
WEFT_SCAN(cummin)
#undef WEFT_SCAN
// clang-format on

}  // namespace WEFT_ISA
}  // namespace weft
