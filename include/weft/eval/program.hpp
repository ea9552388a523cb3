// Programs: the loops that run a bound expression into a destination.
//
// A program walks its rows tile by tile. For each row it runs the passes that reductions and definitions need, then
// the last pass, which stores. A plain map is a program without passes before the last; an expression of one value a
// row has a last pass of one element. Work is cut into tasks by the shape alone, so that every number of threads
// gives the same bits.
#pragma once
#include <weft/core/threads.hpp>
#include <weft/eval/work.hpp>
#include <weft/simd/fence.hpp>

#include <cstdint>

namespace weft {
inline namespace WEFT_ISA {
namespace engine {

inline constexpr index_t task_elements = index_t(1) << 15;   // what a task is worth at least
inline constexpr index_t threads_from = index_t(1) << 17;    // elements times cost from which threads pay
inline constexpr index_t streaming_bytes = index_t(32) << 20;
inline index_t& streaming_from() {  // results of this many bytes and more bypass the caches
  static index_t bytes = streaming_bytes;
  return bytes;
}

// Where one row goes. `p` is dense: the destination itself, or scratch that `done` scatters.
template <class T>
struct row_place {
  T* p;
  template <bool Stream, class V>
  WEFT_INLINE void put(index_t i, V v, full) const {
    if constexpr (Stream)
      as<T>(v).stream(p + i);
    else
      as<T>(v).store(p + i);
  }
  template <bool Stream, class V>
  WEFT_INLINE void put(index_t i, V v, first f) const {
    as<T>(v).store_partial(p + i, f.n);
  }
};

// One destination: memory with strides in the domain.
template <class T>
struct target : leaf_strides {
  using type = T;
  static constexpr int width = sizeof(T);
  T* base;
  T* scratch = nullptr;  // a row, when the destination's rows are not dense
  T* here = nullptr;     // first row of the tile, at its first column (dense rows) or at column 0
  index_t pitch = 0;

  WEFT_INLINE void prepare(frame const& f, arena_scope& scope, index_t columns) {
    scratch = dense_row(f) ? nullptr : scope.take<T>(columns);
  }
  WEFT_INLINE void enter(frame const& f, region const& t) {
    if (f.row == 0)
      here = base + (scratch ? 0 : t.from);
    else
      enter_rows(f, t);
  }
  [[gnu::noinline]] void enter_rows(frame const& f, region const& t) {
    here = base + (scratch ? 0 : t.from);
    for (int d = 0; d + 1 < f.row; ++d) here += t.outer[d] * stride[d];
    pitch = stride[f.row - 1];
    here += t.first * pitch;
  }
  WEFT_INLINE row_place<T> place(index_t r) const { return {scratch ? scratch : here + r * pitch}; }
  WEFT_INLINE row_place<T> narrow_place(index_t r) const { return {here + r * pitch}; }
  WEFT_INLINE void done(frame const& f, region const& t, index_t r) const {
    if (scratch) scatter(f, here + r * pitch, t.from, t.columns);
  }
  WEFT_INLINE bool streams(frame const& f) const {
    return f.n * f.rows * width >= streaming_from() && dense_row(f) && f.n * width % 64 == 0 &&
           reinterpret_cast<std::uintptr_t>(base) % 64 == 0;
  }
  // row (columns): back to where its elements belong
  [[gnu::noinline]] void scatter(frame const& f, T* p, index_t from, index_t columns) const {
    index_t at[max_rank] = {};
    index_t left = from;
    for (int d = f.rank - 1; d >= f.row; --d) {
      at[d] = left % f.ext[d];
      left /= f.ext[d];
    }
    for (index_t i = 0; i < columns; ++i) {
      index_t offset = 0;
      for (int d = f.row; d < f.rank; ++d) offset += at[d] * stride[d];
      p[offset] = scratch[i];
      for (int d = f.rank - 1; d >= f.row; --d) {
        if (++at[d] < f.ext[d]) break;
        at[d] = 0;
      }
    }
  }
};

// out (n): the last pass of a row. The loop is written once and unrolled late: compile time is a feature.
template <int N, bool MayStream, class Line, class Place>
WEFT_INLINE void store_row(Line const& line, Place const& out, index_t n, bool stream) {
  index_t i = 0;
  WEFT_UNROLL
  for (; i + N <= n; i += N) {
    auto const v = line.load(i, full{}, no_cells{});
    if (MayStream && stream) [[unlikely]]
      out.template put<true>(i, v, full{});
    else
      out.template put<false>(i, v, full{});
  }
  if (i < n) {
    first const rest{static_cast<int>(n - i)};
    out.template put<false>(i, line.load(i, rest, no_cells{}), rest);
  }
}

// Passes [P, Last) of one row of n elements.
template <int P, int Last, int N, class Cursor>
WEFT_INLINE void run_passes(Cursor& c, index_t r, index_t n) {
  if constexpr (P < Last) {
    auto w = work_of<P, N, Last>(c, r, no_names{});
    if constexpr (decltype(w)::any) {
      if (n <= block) {
        auto s = sweep_block<N>(w, 0, n);
        w.single(s, n);
      } else {
        typename decltype(w)::totals t{};
        sweep_blocks<N>(w, t, 0, n);
        w.finish(t, n);
      }
    }
    run_passes<P + 1, Last, N>(c, r, n);
  }
}
// The same for one long row, each pass by several threads.
template <int P, int Last, int N, class Cursor>
void run_shared_passes(Cursor& c, index_t n) {
  if constexpr (P < Last) {
    auto w = work_of<P, N, Last>(c, 0, no_names{});
    if constexpr (decltype(w)::any) {
      constexpr index_t per_task = task_elements / block;
      index_t const blocks = (n + block - 1) / block;
      arena_scope scope;
      w.share(scope, blocks);
      parallel_for((blocks + per_task - 1) / per_task, [&](index_t task) {
        typename decltype(w)::totals none{};
        index_t const from = task * per_task * block, to = from + per_task * block;
        sweep_blocks<N>(w, none, from, to < n ? to : n);
      });
      typename decltype(w)::totals t{};
      w.collect(t, blocks);
      w.finish(t, n);
    }
    run_shared_passes<P + 1, Last, N>(c, n);
  }
}

template <class Cursor>
struct row_sink {
  template <class T>
  static WEFT_INLINE bool offer(Cursor&, T*) {
    return false;
  }
};
// The destination's row as the scratch of the first definition of its type.
template <class T, class Cursor>
WEFT_INLINE bool offer_row(Cursor& c, T* row) {
  return row_sink<Cursor>::offer(c, row);
}
template <class Op, class A>
struct row_sink<mapped<Op, A>> {
  template <class T>
  static WEFT_INLINE bool offer(mapped<Op, A>& c, T* row) {
    return offer_row(c.a, row);
  }
};
template <class Op, class A, class B>
struct row_sink<mapped<Op, A, B>> {
  template <class T>
  static WEFT_INLINE bool offer(mapped<Op, A, B>& c, T* row) {
    return offer_row(c.a, row) || offer_row(c.b, row);
  }
};
template <class Op, class T, class A>
struct row_sink<row_reduce<Op, T, A>> {
  template <class U>
  static WEFT_INLINE bool offer(row_reduce<Op, T, A>& c, U* row) {
    return offer_row(c.a, row);
  }
};
template <class Id, class D, class B>
struct row_sink<named<Id, D, B>> {
  template <class T>
  static WEFT_INLINE bool offer(named<Id, D, B>& c, T* row) {
    if constexpr (std::is_same_v<T, typename named<Id, D, B>::row_type>) {
      if (c.scratch) {
        c.row = row;
        return true;
      }
    }
    return offer_row(c.definition, row) || offer_row(c.body, row);
  }
};

// Lanes of an expression: as many as a register has of its widest type.
template <int Width>
inline constexpr int lanes_of_width = simd::lanes<std::conditional_t<
    Width == 8, double, std::conditional_t<Width == 4, float, std::conditional_t<Width == 2, int16, int8>>>>;

// What part of a frame to run.
struct part_of {
  index_t r0, r1, c0, c1;  // rows and columns (all columns unless it is a plain map)
  bool own_row;            // the destination's row may be scratch: nothing that is read lies there
  bool stream;
};

// Rows and columns of a tile: everything there is, unless some leaf is staged.
[[gnu::noinline]] inline void tile_shape(leaf_handle const* leaf, int count, frame const& f, bool cut_rows,
                                         index_t& rows, index_t& columns) {
  staging const s = staging_of(leaf, count, f);
  if (!s.any) return;
  // Transposed operands want tiles that are square; repeated elements are filled in along the row.
  index_t const side = s.strided ? 64 : 1024;
  if (cut_rows && columns > side && f.rank - f.row == 1) columns = side;
  rows = columns > 0 ? 4096 / columns : 1;
  rows = rows < 1 ? 1 : rows > 64 ? 64 : rows;
}

// One instance a statement: whoever runs it, on one thread or several, calls this.
template <bool Narrow, class Cursor, class Target>
[[gnu::noinline]] void run_part(Cursor& c, Target& out, frame const& f, part_of const& p) {
  constexpr int last = Cursor::avail;
  constexpr int N = lanes_of_width<larger(Cursor::width, Narrow ? 1 : Target::width)>;
  arena_scope scope;
  leaf_handles<Cursor> leaves;
  index_t tile_columns = p.c1 - p.c0, tile_rows = p.r1 - p.r0;
  index_t outer[max_rank];
  index_t inner = 1, at = 0;
  if (!f.flat) {
    leaves.collect(c);
    tile_shape(leaves.at, leaves.count, f, last == 0 && !Narrow, tile_rows, tile_columns);
    prepare_leaves(leaves.at, leaves.count, f, scope, tile_rows, tile_columns);
    c.template take_rows<last>(scope, tile_columns);
    if constexpr (!Narrow) out.prepare(f, scope, tile_columns);
    at = p.r0;
    if (f.row > 0) inner = f.ext[f.row - 1];
    if (f.row > 1) {
      index_t left = p.r0 / inner;
      at = p.r0 % inner;
      for (int d = f.row - 2; d >= 0; --d) {
        outer[d] = left % f.ext[d];
        left /= f.ext[d];
      }
    }
  }
  for (index_t row = p.r0; row < p.r1;) {
    index_t rows = inner - at < p.r1 - row ? inner - at : p.r1 - row;
    if (rows > tile_rows) rows = tile_rows;
    for (index_t from = p.c0; from < p.c1 || (from == p.c0 && Narrow); from += tile_columns) {
      index_t const columns = tile_columns < p.c1 - from ? tile_columns : p.c1 - from;
      region const t{outer, at, rows, from, columns};
      if (f.flat)
        c.enter_flat(from);
      else
        enter_leaves(leaves.at, leaves.count, f, t);
      out.enter(f, t);
      for (index_t r = 0; r < rows; ++r) {
        if constexpr (Narrow) {
          run_passes<0, last, N>(c, r, columns);
          auto const line = c.template line<last, N>(r, no_names{});
          out.narrow_place(r).template put<false>(0, line.load(0, first{1}, no_cells{}), first{1});
        } else {
          auto const place = out.place(r);
          if constexpr (last > 0) {
            if constexpr (requires { *place.p; })
              if (p.own_row) offer_row(c, place.p);
            run_passes<0, last, N>(c, r, columns);
          }
          store_row<N, last == 0>(c.template line<last, N>(r, no_names{}), place, columns, p.stream);
          out.done(f, t, r);
        }
      }
      if (tile_columns == 0) break;
    }
    row += rows;
    at += rows;
    if (f.row > 1 && at == inner) {
      at = 0;
      for (int d = f.row - 2; d >= 0; --d) {
        if (++outer[d] < f.ext[d]) break;
        outer[d] = 0;
      }
    }
  }
  if (!Narrow && last == 0 && p.stream) simd::fence();
}

// A statement cut into tasks of some rows, or of some columns of a single row.
template <bool Narrow, class Cursor, class Target>
[[gnu::noinline]] void run_tasks(Cursor& c, Target& out, frame const& f, part_of const& all) {
  bool const by_column = f.rows == 1;
  index_t per = task_elements;
  if (!by_column) {
    per = f.n > 0 ? (task_elements + f.n - 1) / f.n : f.rows;
    if (per > 64) per = (per + 63) / 64 * 64;
  }
  index_t const size = by_column ? f.n : f.rows;
  parallel_for((size + per - 1) / per, [&](index_t i) {
    Cursor own = c;
    Target to = out;
    part_of p = all;
    index_t const stop = (i + 1) * per < size ? (i + 1) * per : size;
    (by_column ? p.c0 : p.r0) = i * per;
    (by_column ? p.c1 : p.r1) = stop;
    run_part<Narrow>(own, to, f, p);
  });
}

// One long row: each pass by several threads.
template <bool Narrow, class Cursor, class Target>
[[gnu::noinline]] void run_shared(Cursor& c, Target& out, frame const& f) {
  constexpr int last = Cursor::avail;
  constexpr int N = lanes_of_width<larger(Cursor::width, Narrow ? 1 : Target::width)>;
  arena_scope scope;
  leaf_handles<Cursor> const leaves(c);
  prepare_leaves(leaves.at, leaves.count, f, scope, 1, f.n);
  c.template take_rows<last>(scope, f.n);
  index_t const none[max_rank] = {};
  region const t{none, 0, 1, 0, f.n};
  enter_leaves(leaves.at, leaves.count, f, t);
  out.enter(f, t);
  run_shared_passes<0, last, N>(c, f.n);
  auto const line = c.template line<last, N>(0, no_names{});
  if constexpr (Narrow) {
    out.narrow_place(0).template put<false>(0, line.load(0, first{1}, no_cells{}), first{1});
  } else {
    auto const place = out.place(0);
    parallel_for((f.n + task_elements - 1) / task_elements, [&](index_t i) {
      index_t const from = i * task_elements, to = from + task_elements < f.n ? from + task_elements : f.n;
      for (index_t k = from; k < to; k += N) {
        first const part{to - k < N ? static_cast<int>(to - k) : N};
        place.template put<false>(k, line.load(k, part, no_cells{}), part);
      }
    });
  }
}

// `f.row` must be set. The destination's memory may be read at the element (for row programs: the row) being
// written, and nowhere else. `Whole`: the row is all there is, so that its passes are worth cutting up.
template <bool Narrow, bool Whole, class Cursor, class Target>
WEFT_INLINE void run(Cursor& c, Target& out, frame const& f, bool own_row) {
  counters().kernels += 1;
  if (f.rows == 0 || (f.n == 0 && !Narrow)) return;
  part_of p{0, f.rows, 0, f.n, own_row, false};
  index_t const total = f.n * f.rows;
  if (total >= threads_from / (1 + Cursor::cost / 4)) [[unlikely]] {
    leaf_handles<Cursor> const leaves(c);
    bool const staged = !f.flat && staging_of(leaves.at, leaves.count, f).any;
    if constexpr (!Narrow && Cursor::avail == 0) p.stream = out.streams(f) && !staged;
    if (num_threads() > 1) {
      if constexpr (Cursor::avail == 0 && !Narrow) return run_tasks<Narrow>(c, out, f, p);
      if (f.rows > 1) return run_tasks<Narrow>(c, out, f, p);
      if constexpr (Whole)
        if (!staged && (Narrow || out.dense_row(f))) return run_shared<Narrow>(c, out, f);
    }
  }
  run_part<Narrow>(c, out, f, p);
}

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft
