// Running sums along an axis.
//
//   cumsum(x, axis<-1>)   cumsum(x, 0)   cumsum(x)               over all elements in order
//   cumsum(x, axis<0>, {.reverse = true, .inclusive = false})    from the end; without the element itself
//
// Small integers and truth values are added in 32 bits, as sum does. A row is added up in four parts beside each other, in an
// order that its length alone decides; along another axis all columns go down together. The gradient is the sum from the other
// end.
#pragma once
#include <weft/engine/producer.hpp>
#include <weft/ops/create.hpp>

namespace weft {

struct scan_options {
  bool reverse = false;   // from the end
  bool inclusive = true;  // an element is part of its own sum
};

inline namespace WEFT_ISA {
namespace ops {

#if defined(WEFT_SMALL_BLOCKS) && WEFT_SMALL_BLOCKS
inline constexpr index_t scan_part = 16, scan_chunk = 256;
#else
inline constexpr index_t scan_part = 128, scan_chunk = index_t(1) << 15;
#endif

// p (n) += x
template <class T>
WEFT_INLINE void add_to_all(T* p, index_t n, T x) {
  constexpr int N = simd::lanes<T>;
  simd::pack<T, N> const v(x);
  index_t i = 0;
  for (; i + N <= n; i += N) (simd::pack<T, N>::load(p + i) + v).store(p + i);
  for (; i < n; ++i) p[i] = static_cast<T>(expr::unsign(p[i]) + expr::unsign(x));
}
// The running sum so far goes to p, and what was there to the sum.
template <bool Inclusive, class T>
WEFT_INLINE void add_step(T& sum, T& p) {
  T const next = static_cast<T>(expr::unsign(sum) + expr::unsign(p));
  p = Inclusive ? next : sum;
  sum = next;
}
// p (n): running sums in place, the first of them on top of nothing; returns the sum of all. `Reverse`: from the end.
template <bool Reverse, bool Inclusive, class T>
[[gnu::noinline]] T scan_chunk_of(T* p, index_t n) {
  T carry = 0;
  index_t done = 0;
  constexpr index_t part = scan_part;
  for (; done + 4 * part <= n; done += 4 * part) {
    T* const q = Reverse ? p + (n - 1 - done) : p + done;
    constexpr index_t by = Reverse ? -1 : 1;
    T a = 0, b = 0, c = 0, d = 0;
    for (index_t i = 0; i < part; ++i) {
      add_step<Inclusive>(a, q[by * i]);
      add_step<Inclusive>(b, q[by * (i + part)]);
      add_step<Inclusive>(c, q[by * (i + 2 * part)]);
      add_step<Inclusive>(d, q[by * (i + 3 * part)]);
    }
    T const sums[] = {a, b, c, d};
    for (index_t k = 0; k < 4; ++k) {
      T* const own = q + by * k * part;
      add_to_all(Reverse ? own - (part - 1) : own, part, carry);
      carry = static_cast<T>(expr::unsign(carry) + expr::unsign(sums[k]));
    }
  }
  for (; done < n; ++done) add_step<Inclusive>(carry, Reverse ? p[n - 1 - done] : p[done]);
  return carry;
}
template <class T>
T scan_chunk_as(scan_options o, T* p, index_t n) {
  if (o.reverse) return o.inclusive ? scan_chunk_of<true, true>(p, n) : scan_chunk_of<true, false>(p, n);
  return o.inclusive ? scan_chunk_of<false, true>(p, n) : scan_chunk_of<false, false>(p, n);
}
// Chunk k of a row of n, in the order of the sum.
struct chunk_of_row {
  index_t from, size;
  chunk_of_row(scan_options o, index_t n, index_t k) {
    index_t const begin = k * scan_chunk, end = begin + scan_chunk < n ? begin + scan_chunk : n;
    from = o.reverse ? n - end : begin;
    size = end - begin;
  }
};
// A whole row, chunk by chunk.
template <class T>
void scan_row(scan_options o, T* p, index_t n) {
  T carry = 0;
  for (index_t k = 0; k * scan_chunk < n; ++k) {
    chunk_of_row const c(o, n, k);
    T const sum = scan_chunk_as(o, p + c.from, c.size);
    if (k > 0) add_to_all(p + c.from, c.size, carry);
    carry = static_cast<T>(expr::unsign(carry) + expr::unsign(sum));
  }
}
// tile (n), carry (n): a line on top of the one before.
template <class T>
[[gnu::noinline]] void scan_line(bool inclusive, T* tile, T* carry, index_t n) {
  constexpr int N = simd::lanes<T>;
  using P = simd::pack<T, N>;
  index_t i = 0;
  for (; i + N <= n; i += N) {
    P const before = P::load(carry + i), sum = before + P::load(tile + i);
    (inclusive ? sum : before).store(tile + i);
    sum.store(carry + i);
  }
  for (; i < n; ++i) {
    if (inclusive)
      add_step<true>(carry[i], tile[i]);
    else
      add_step<false>(carry[i], tile[i]);
  }
}

template <class Node>
struct scan_run {
  using T = element_t<Node>;
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
    what = "running sums";
  }
  bool reads(engine::byte_range w) const { return a.reads(w); }
  // out (count, ext[R - 1]), ld
  void rows(index_t const* position, index_t row, index_t count, T* out, index_t ld) const {
    index_t const n = ext[R - 1];
    a.copy(position, row, 0, count, n, out, ld);
    for (index_t r = 0; r < count; ++r) scan_row(how, out + r * ld, n);
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
  index_t size(int d) const { return ext[static_cast<std::size_t>(d)]; }
  // position (R - 2): that of number i, the axis `without` not counted
  void place(index_t i, index_t* position, int without = -1) const {
    for (int d = R - 3; d >= 0; --d) {
      if (d == without) continue;
      position[d] = i % size(d);
      i /= size(d);
    }
  }
  static T* memory(sink const& c, index_t const* position, index_t row, index_t column) {
    T* p = c.data + column;
    if constexpr (R > 1) p += row * c.ld;
    for (int d = 0; d + 2 < R; ++d) p += position[d] * c.steps[d];
    return p;
  }
  template <class F>
  void each_task(index_t tasks, F const& f) const {
    if (weft::count(ext) >= engine::threads_from && num_threads() > 1)
      parallel_for(tasks, f);
    else
      for (index_t i = 0; i < tasks; ++i) f(i);
  }

  // The chunks of a row beside each other, then each on top of those before.
  void run_long_rows(sink const& c) const {
    index_t const n = ext[R - 1], all = rows_of_matrix(), matrices = weft::count(ext) / (all * n);
    index_t const chunks = (n + scan_chunk - 1) / scan_chunk;
    storage room;
    if (!c.data) room = storage::allocate(static_cast<std::size_t>(n) * sizeof(T));
    arena_scope scope;
    T* const sums = scope.take<T>(chunks);
    for (index_t i = 0; i < matrices * all; ++i) {
      index_t position[max_rank] = {};
      place(i / all, position);
      index_t const row = i % all;
      T* const line = c.data ? memory(c, position, row, 0) : static_cast<T*>(room.data());
      if (a.whole) a.copy(position, row, 0, 1, n, line, n);
      each_task(chunks, [&](index_t k) {
        chunk_of_row const part(how, n, k);
        if (!a.whole) a.copy(position, row, part.from, 1, part.size, line + part.from, n);
        sums[k] = scan_chunk_as(how, line + part.from, part.size);
      });
      T carry = 0;
      for (index_t k = 0; k < chunks; ++k) add_step<false>(carry, sums[k]);
      each_task(chunks, [&](index_t k) {
        chunk_of_row const part(how, n, k);
        if (k > 0) add_to_all(line + part.from, part.size, sums[k]);
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
      if (d != axis) others *= size(d);
    each_task(others * blocks * strips, [&](index_t i) {
      arena_scope scope;
      index_t position[max_rank] = {};
      place(i / strips / blocks, position, axis);
      index_t const column = i % strips * width, columns = column + width < n ? width : n - column;
      index_t const first = i / strips % blocks * block, last = first + block < rows_of_matrix() ? first + block : rows_of_matrix();
      index_t const lines = size(axis), step = down ? together : 1;
      T* const carry = scope.take<T>((last - first) * columns);
      for (index_t k = 0; k < (last - first) * columns; ++k) carry[k] = 0;
      T* const own = scope.take<T>((down ? together : last - first) * columns);
      for (index_t done = 0; done < lines; done += step) {
        index_t const count = done + step < lines ? step : lines - done;  // lines at once
        index_t const line = how.reverse ? lines - done - count : done;
        index_t const row = down ? line : first, rows = down ? count : last - first;
        if (!down) position[axis] = line;
        T* const tile = c.data ? memory(c, position, row, column) : own;
        index_t const ld = c.data ? c.ld : columns;
        a.copy(position, row, column, rows, columns, tile, ld);
        for (index_t r = 0; r < rows; ++r)
          scan_line(how.inclusive, tile + (down && how.reverse ? rows - 1 - r : r) * ld, carry + (down ? 0 : r * columns), columns);
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
template <class A, bool ByRows>
struct scanned : described<scanned<A, ByRows>, sum_t<element_t<A>>, A::dims>, std::conditional_t<ByRows, some_rows, no_rows> {
  static constexpr weft::role role = weft::role::producer;
  static constexpr int arity = 1;
  static constexpr char const* name = "cumsum";
  using tiles = void;
  using production = scan_run<scanned>;
  A a;
  int axis;
  scan_options how;
  WEFT_INLINE constexpr scanned(A x, int along, scan_options o) : a(static_cast<A&&>(x)), axis(along), how(o) {}
  WEFT_INLINE constexpr auto sizes() const { return a.sizes(); }
  template <class X>
  WEFT_INLINE constexpr auto remade(X&& x) const {
    return scanned<std::remove_cvref_t<X>, ByRows>(static_cast<X&&>(x), axis, how);
  }
  WEFT_INLINE bool looks_like(scanned const& o) const {
    return axis == o.axis && how.reverse == o.how.reverse && how.inclusive == o.how.inclusive;
  }
  template <int K, class G>
  auto pull(G const& g) const {
    return scanned<G, ByRows>(g, axis, {!how.reverse, how.inclusive});
  }
  template <class F>
  constexpr element_t<scanned> element_here(index_t const* at, F const& child_element) const {
    using T = element_t<scanned>;
    index_t own[max_rank + 1] = {};
    for (int d = 0; d < A::dims.rank; ++d) own[d] = at[d];
    index_t const n = a.sizes()[static_cast<std::size_t>(axis)];
    index_t const count = (how.reverse ? n - 1 - at[axis] : at[axis]) + (how.inclusive ? 1 : 0);
    T sum = 0;
    for (index_t k = 0; k < count; ++k) {
      own[axis] = how.reverse ? n - 1 - k : k;
      sum = static_cast<T>(expr::unsign(sum) + expr::unsign(static_cast<T>(child_element(a, own))));
    }
    return sum;
  }
};

}  // namespace ops

template <expression A, index_t Axis>
WEFT_INLINE constexpr auto cumsum(A const& x, axis_list<Axis>, scan_options how = {}) {
  if constexpr (poisoned<A>) {
    return poison{};
  } else {
    constexpr int R = rank_of<A>;
    static_assert(Axis >= -R && Axis < R, "weft: cumsum: an axis is outside the tensor's rank");
    if constexpr (Axis >= -R && Axis < R) {
      constexpr int k = static_cast<int>(Axis < 0 ? Axis + R : Axis);
      return ops::scanned<stored_t<A>, k == R - 1>(stored(x), k, how);
    } else {
      return poison{};
    }
  }
}
template <expression A>
WEFT_INLINE auto cumsum(A const& x, index_t axis, scan_options how = {}) {
  if constexpr (poisoned<A>) {
    return poison{};
  } else {
    static_assert(rank_of<A> > 0, "weft: cumsum: a tensor of no axis");
    return ops::scanned<stored_t<A>, false>(stored(x), checked_axis("cumsum", axis, rank_of<A>), how);
  }
}
// Of all elements in order.
template <expression A>
WEFT_INLINE auto cumsum(A const& x, scan_options how = {}) {
  if constexpr (poisoned<A>)
    return poison{};
  else if constexpr (rank_of<A> == 1)
    return cumsum(x, axis_list<0>{}, how);
  else
    return cumsum(flatten(x), axis_list<0>{}, how);
}

}  // namespace WEFT_ISA
}  // namespace weft
