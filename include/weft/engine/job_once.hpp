// What of weft/engine/job.hpp is compiled once: how a kernel is led over its tiles.
#pragma once
#include <weft/engine/job.hpp>
#include <weft/core/threads.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace engine {

// Sums of tiles side by side, one a row, joined pairwise: an element that a long row adds up in stays accurate.
struct tile_sums {
  static constexpr index_t depth = 40;
  char* levels = nullptr;  // (rows, depth)
  char* tile = nullptr;    // one element
  index_t size = 0;

  void prepare(arena_scope& scope, index_t rows, index_t bytes) {
    size = bytes;
    levels = scope.take<char>(rows * depth * size);
    tile = scope.take<char>(size);
  }
  // Tile `n` of row `row` has the sum in `tile`; after the last one, `to` gets all of them.
  void push(result_type const& type, index_t row, index_t n, bool last, void* to) {
    char* const level = levels + row * depth * size;
    index_t l = 0;
    for (index_t k = n; k & 1; k >>= 1, ++l) type.add(tile, level + l * size, 1);
    std::memcpy(level + l * size, tile, static_cast<std::size_t>(size));
    if (!last) return;
    for (index_t k = (n + 1) >> (l + 1); ++l, k; k >>= 1)
      if (k & 1) type.add(tile, level + l * size, 1);
    type.add(to, tile, 1);
  }
};

// Where the rows of the results go: in place, or to scratch from where `leave` puts them where they belong.
struct outlets {
  job const& j;
  bool stream;
  outlet* at;      // (result_count)
  void** scratch;  // (result_count): a tile each, or one row
  tile_sums* sums; // (result_count)
  bool any = false;
  bool met = false;

  outlets(job const& given, bool past_caches, arena_scope& scope)
      : j(given), stream(past_caches), at(scope.take<outlet>(j.result_count)), scratch(scope.take<void*>(j.result_count)), sums(scope.take<tile_sums>(j.result_count)) {
    for (int i = 0; i < j.result_count; ++i) {
      any = any || scattered(i);
      met = met || meets(i);
    }
  }
  bool narrow(int i) const { return j.p.narrow || j.results[i].narrow; }
  bool scattered(int i) const { return !narrow(i) && j.results[i].base && !j.results[i].dense_row(j.f); }
  // All rows of a tile meet in one, which is dense.
  bool meets(int i) const {
    result const& r = j.results[i];
    return r.gathers && r.base && !narrow(i) && r.dense_row(j.f) && j.f.row > 0 && r.stride[j.f.row - 1] == 0 && j.f.ext[j.f.row - 1] != 1;
  }
  // All elements of a row meet in one.
  bool one_a_row(int i) const {
    result const& r = j.results[i];
    if (!r.adds || !r.gathers || !scattered(i)) return false;
    for (int d = j.f.row; d < j.f.rank; ++d)
      if (r.stride[d] != 0 && j.f.ext[d] != 1) return false;
    return true;
  }
  // `tiles`: rows are cut into several.
  void prepare(arena_scope& scope, index_t rows, index_t columns, bool tiles) {
    for (int i = 0; i < j.result_count; ++i) {
      sums[i] = {};
      if (tiles && one_a_row(i)) sums[i].prepare(scope, rows, j.results[i].type->size);
      bool const whole = scattered(i), row = meets(i);
      scratch[i] = whole || row ? scope.take<char>((whole ? rows : 1) * (columns > 0 ? columns : 1) * j.results[i].type->size) : nullptr;
      any = any || whole || row;
    }
  }
  void enter(region const& t) {
    for (int i = 0; i < j.result_count; ++i) {
      result const& r = j.results[i];
      if (!r.base) {  // nobody asks for it
        at[i] = {nullptr, 0, false, false};
      } else if (scratch[i]) {
        bool const row = meets(i);
        if (row) std::memset(scratch[i], 0, static_cast<std::size_t>(t.columns * r.type->size));
        at[i] = {scratch[i], row ? 0 : t.columns * r.type->size, false, row};
      } else {
        index_t const o = row_offset(r, j.f, t) + (narrow(i) ? 0 : t.from);
        at[i] = {static_cast<char*>(r.base) + o * r.type->size, j.f.row > 0 ? r.stride[j.f.row - 1] * r.type->size : 0,
                 stream, r.adds};
      }
    }
  }
  // The n-th tile of its rows.
  void leave(region const& t, index_t n, bool last) {
    for (int i = 0; i < j.result_count; ++i) {
      if (!scratch[i]) continue;
      result const& r = j.results[i];
      index_t const o = row_offset(r, j.f, t), step = j.f.row > 0 ? r.stride[j.f.row - 1] : 0;
      index_t const size = r.type->size;
      if (meets(i)) {
        r.type->add(static_cast<char*>(r.base) + (o + t.from) * size, scratch[i], t.columns);
        continue;
      }
      for (index_t k = 0; k < t.rows; ++k) {
        char* const row = static_cast<char*>(r.base) + (o + k * step) * size;
        char const* const from = static_cast<char const*>(scratch[i]) + k * t.columns * size;
        if (sums[i].levels) {
          std::memset(sums[i].tile, 0, static_cast<std::size_t>(size));
          r.type->gather_sums(r, sums[i].tile, from, j.f, t.from, t.columns);
          sums[i].push(*r.type, k, n, last, row);
          continue;
        }
        (r.adds ? r.type->gather_sums : r.type->scatter)(r, row, from, j.f, t.from, t.columns);
      }
    }
  }
};

// Rows and columns of a tile: everything there is, unless something goes through scratch.
[[gnu::noinline]] WEFT_ONCE void shape_tiles(job const& j, bool scattered, bool met, index_t& rows, index_t& columns) {
  staging const s = staging_of(j.leaves, j.leaf_count, j.f);
  if (met) {  // cotangents that meet in one row are added up tile by tile
    if (rows > column_block) rows = column_block;
    if (j.may_cut && columns > block) columns = block;
  }
  if (!s.any && !scattered) return;
  // Transposed operands want tiles that are square; repeated elements are filled in along the row.
  index_t const side = s.strided ? square_side : staged_columns;
  if (j.may_cut && !s.whole_rows && columns > side && j.f.rank - j.f.row == 1) columns = side;
  index_t const most = rows;
  rows = columns > 0 ? staged_elements / columns : 1;
  rows = rows < 1 ? 1 : rows > staged_rows ? staged_rows : rows;
  if (rows < s.rows) rows = s.rows < most ? s.rows : most;
}

[[gnu::noinline]] WEFT_ONCE void run_part(job const& j, part_of const& p) {
  frame const& f = j.f;
  arena_scope scope;
  outlets out(j, p.stream, scope);
  index_t tile_columns = p.c1 - p.c0, tile_rows = p.r1 - p.r0;
  shape_tiles(j, out.any, out.met, tile_rows, tile_columns);
  out.prepare(scope, tile_rows, tile_columns, tile_columns < p.c1 - p.c0);
  walk in(j.leaves, j.leaf_count, f, scope, tile_rows, tile_columns);
  piece t{in.spots, out.at, 0, 0, scope.take<char>(scratch_room(j.p.rows_kept, j.p.row_bytes, tile_columns) * rows_of_columns(tile_columns, j.p.together)),
          j.own_row};

  index_t outer[max_rank] = {};
  index_t inner = 1, at = p.r0;
  if (f.row > 0) inner = f.ext[f.row - 1];
  if (f.row > 1) {
    index_t left = p.r0 / inner;
    at = p.r0 % inner;
    for (int d = f.row - 2; d >= 0; --d) {
      outer[d] = left % f.ext[d];
      left /= f.ext[d];
    }
  }
  for (index_t row = p.r0; row < p.r1;) {
    index_t rows = f.row > 0 ? inner - at : 1;
    if (rows > p.r1 - row) rows = p.r1 - row;
    if (rows > tile_rows) rows = tile_rows;
    for (index_t from = p.c0; from < p.c1 || (from == p.c0 && j.p.narrow); from += tile_columns) {
      index_t const columns = tile_columns < p.c1 - from ? tile_columns : p.c1 - from;
      region const here{outer, at, rows, from, columns};
      in.enter(here);
      out.enter(here);
      t.rows = rows;
      t.columns = columns;
      j.p.run(j.numbers, t);
      if (out.any) out.leave(here, tile_columns > 0 ? (from - p.c0) / tile_columns : 0, from + columns >= p.c1);
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
  if (p.stream) simd::fence();
}

// A statement cut into tasks of some rows, or of some columns of a single row. Transposed operands are read in tiles of 64
// rows: a task of fewer would fetch the same lines of memory again and again.
[[gnu::noinline]] WEFT_ONCE void run_tasks(job const& j, part_of const& all, staging const& staged) {
  frame const& f = j.f;
  bool const by_column = f.rows == 1;
  index_t per = task_elements;
  if (!by_column) {
    per = f.n > 0 ? (task_elements + f.n - 1) / f.n : f.rows;
    if (per > 64 || staged.strided) per = (per + 63) / 64 * 64;
    if (per < staged.rows) per = staged.rows;
  }
  index_t const size = by_column ? f.n : f.rows;
  parallel_for((size + per - 1) / per, [&](index_t i) {
    part_of p = all;
    index_t const stop = (i + 1) * per < size ? (i + 1) * per : size;
    (by_column ? p.c0 : p.r0) = i * per;
    (by_column ? p.c1 : p.r1) = stop;
    run_part(j, p);
  });
}

// One long row, each pass by several threads. Precondition: nothing is staged or scattered.
[[gnu::noinline]] WEFT_ONCE void run_row_shared(job const& j) {
  arena_scope scope;
  outlets out(j, false, scope);
  out.prepare(scope, 1, j.f.n, false);
  walk in(j.leaves, j.leaf_count, j.f, scope, 1, j.f.n);
  index_t const none[max_rank] = {};
  region const all{none, 0, 1, 0, j.f.n};
  in.enter(all);
  out.enter(all);
  j.p.shared(j.numbers, {in.spots, out.at, 1, j.f.n, scope.take<char>(scratch_room(j.p.rows_kept, j.p.row_bytes, j.f.n)), false});
}

[[gnu::cold, gnu::noinline]] WEFT_ONCE kernel_note note_of(job const& j, int tensors) {
  bool const back = tensors >= 0, per_row = !back && j.p.narrow;
  char const* const what = back ? "backward sweep" : per_row ? "rows, one value each" : j.p.passes ? "row program" : "elementwise";
  return {what, j.results->type->element, j.f.ext, per_row ? j.f.row : j.f.rank, j.p.passes + 1, j.p.steps, tensors,
          j.p.rows_kept > 0 ? j.p.row_bytes * j.f.n : 0};
}

[[gnu::noinline]] WEFT_ONCE void run(job const& j) {
  frame const& f = j.f;
  count_kernel([&] { return note_of(j); });
  if (f.rows == 0 || (f.n == 0 && !j.p.narrow)) return;
  part_of all{0, f.rows, 0, f.n, false};
  if (f.n * f.rows >= j.p.here) {
    staging const staged = staging_of(j.leaves, j.leaf_count, f);
    bool const map = !j.p.narrow && !j.p.passes;
    if (map) all.stream = !staged.any && streams(j);
    if (num_threads() > 1) {
      if (f.rows > 1 || (map && !staged.whole_rows)) return run_tasks(j, all, staged);
      if (j.p.shared && !staged.any && (j.p.narrow || j.results->dense_row(f))) return run_row_shared(j);
    }
  }
  run_part(j, all);
}

WEFT_ONCE bool place_result(result& out, room& where, index_t const* e, int rank, leaf const* leaves,
                                           int count, frame const& f, bool same_place) {
  for (int d = rank; d < f.rank; ++d) out.stride[d] = 0;
  dense_strides(e, rank, out.stride);
  if (where.in_place) {
    if (where.strides)
      for (int i = 0; i < rank; ++i) out.stride[i] = where.strides[i];
    out.base = where.in_place;
    overlap const o = overlap_of(leaves, count, f, out);
    if (!o.crosses && (same_place || !o.touches)) return !o.touches;
    dense_strides(e, rank, out.stride);
  }
  out.base = where.allocate(bytes_of("eval", e, rank, out.type->size));
  return true;
}

WEFT_ONCE bool join_axes(frame& f, leaf const* leaves, int count, result const* out, int results) {
  if (f.rank == 0) return true;
  shared_row row = row_axes(leaves, count, f);
  for (int i = 0; i < results; ++i) {
    int const k = out[i].dense_axes(f);
    if (k < row.axes) row.axes = k;
  }
  f.set_row(f.rank - (row.axes > 0 ? row.axes : 1));
  return row.memory && row.axes > 0;
}

// A small map whose operands and result lie in rows of memory, one row behind the other: no tiles to think of. False: it isn't
// one. Precondition: join_axes found such rows.
WEFT_INLINE bool run_small(job const& j) {
  frame const& f = j.f;
  constexpr int most = 12;
  index_t const n = f.n * f.rows;
  if (f.row > 1 || n == 0 || n >= j.p.here || j.leaf_count > most) return false;
  spot in[most];
  for (int i = 0; i < j.leaf_count; ++i) {
    leaf const& l = j.leaves[i];
    in[i] = {l.base, f.row > 0 ? l.stride[f.row - 1] * l.type->size : 0};
  }
  result const& r = *j.results;
  outlet const out{r.base, f.row > 0 ? r.stride[f.row - 1] * r.type->size : 0, false};
  count_kernel([&] { return note_of(j); });
  j.p.run(j.numbers, {in, &out, f.rows, f.n, nullptr, false});
  return true;
}

// A statement whose leaves are dense and all have the shape of the result: one loop over n elements, and no axes to
// think about. Here for several threads or past the caches.
[[gnu::noinline]] WEFT_ONCE void run_flat_job(program const& p, leaf* leaves, int count, void const* numbers, index_t n,
                                           result_type const& type, void* to) {
  frame f;
  f.flat = true;
  f.rank = 1;
  f.n = f.ext[0] = n;
  for (int i = 0; i < count; ++i) leaves[i].stride[0] = 1;
  result out;
  out.base = to;
  out.type = &type;
  out.stride[0] = 1;
  run({p, f, leaves, count, &out, 1, numbers});
}

[[gnu::noinline]] WEFT_ONCE void run_flat(program const& p, leaf* leaves, int count, void const* numbers, index_t n,
                                       result_type const& type, room& where) {
  if (WEFT_CHECKS && n != 0)
    for (int i = 0; i < count; ++i)
      if (!leaves[i].base) fail_moved_from();
  void* to = where.in_place;
  if (!to || crosses_flat(leaves, count, n, to, type.size)) to = where.allocate(n * type.size);
  constexpr int most = 12;
  if (n >= p.here || count > most) [[unlikely]]
    return run_flat_job(p, leaves, count, numbers, n, type, to);
  count_kernel([&] { return kernel_note{"elementwise", type.element, &n, 1, 1, p.steps}; });
  spot in[most];
  for (int i = 0; i < count; ++i) in[i] = {leaves[i].base, 0};
  outlet const out{to, 0, false};
  p.run(numbers, {in, &out, 1, n, nullptr, false});
}

[[gnu::noinline, gnu::flatten]] WEFT_ONCE void run_rows_of(program const& p, leaf* leaves, int count, void const* numbers, frame& f, int q,
                                          result_type const& type, room& where) {
  place_leaves(leaves, count, f);
  result out;
  out.type = &type;
  bool const apart = place_result(out, where, f.ext, f.rank, leaves, count, f, true);
  job const j{p, f, leaves, count, &out, 1, numbers, apart};
  if (q == 0 && join_axes(f, leaves, count, &out, 1) && run_small(j)) return;
  run(j);
}

[[gnu::noinline]] WEFT_ONCE void run_values_of(program const& p, leaf* leaves, int count, void const* numbers, frame& f,
                                            index_t const* e, int rank, result_type const& type, room& where) {
  place_leaves(leaves, count, f);
  result out;
  out.type = &type;
  place_result(out, where, e, rank, leaves, count, f, false);
  run({p, f, leaves, count, &out, 1, numbers});
}

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft
