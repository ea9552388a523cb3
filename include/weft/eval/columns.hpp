// Reductions whose last axis stays: every lane is a column with an accumulator of its own.
//
// Axes in the frame: [outer kept][reduced][columns]; the columns are the row. A strip of columns is added up over
// `rows_together` rows at a time, so that its accumulators are loaded and stored once for several rows. Blocks of
// `column_block` rows are joined pairwise, in an order given by the shape alone; threads take strips and blocks.
#pragma once
#include <weft/eval/kernel.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace engine {

inline constexpr index_t column_block = 256;
inline constexpr index_t strip_columns = 2048;
inline constexpr index_t column_scratch = index_t(1) << 16;  // bytes of sums that threads make before they are joined

template <class Accumulator, class V>
WEFT_INLINE void add_lane_wise(Accumulator& a, V v, index_t row) {
  if constexpr (requires { a.add_at(v, row); })
    a.add_at(v, row);
  else
    a.add(v, row);
}

template <class Op, class T, int N>
struct column_types {
  using compute = typename Op::template compute<T>;
  using packed = std::conditional_t<std::is_same_v<compute, bool>, uint8, compute>;
  using accumulator = typename Op::template accumulator<packed, N>;
};

// sum (packs): one line each of K rows, the first of which is row `index` of the column.
template <int K, int N, class P, class Accumulator, class Cursor>
WEFT_INLINE void add_rows(Cursor const& c, index_t r, index_t index, index_t columns, Accumulator* sum) {
  auto const l0 = c.template line<0, N>(r, no_names{});
  auto const l1 = c.template line<0, N>(r + (K > 1 ? 1 : 0), no_names{});
  auto const l2 = c.template line<0, N>(r + (K > 2 ? 2 : 0), no_names{});
  auto const l3 = c.template line<0, N>(r + (K > 3 ? 3 : 0), no_names{});
  auto const step = [&](index_t i, auto part) {
    Accumulator a = sum[i / N];
    add_lane_wise(a, as<P>(l0.load(i, part, no_cells{})), index);
    if constexpr (K > 1) add_lane_wise(a, as<P>(l1.load(i, part, no_cells{})), index + 1);
    if constexpr (K > 2) add_lane_wise(a, as<P>(l2.load(i, part, no_cells{})), index + 2);
    if constexpr (K > 3) add_lane_wise(a, as<P>(l3.load(i, part, no_cells{})), index + 3);
    sum[i / N] = a;
  };
  index_t i = 0;
  for (; i + N <= columns; i += N) step(i, full{});
  if (i < columns) step(i, first{static_cast<int>(columns - i)});
}

// Rows [from, to) of the reduced axes at one place of the outer ones, columns [c0, c0 + columns).
template <int N, class P, class Accumulator, class Cursor>
void add_block(Cursor& c, walk& leaves, int outer_axes, index_t outer, index_t from, index_t to, index_t c0,
               index_t columns, Accumulator* sum, index_t tile_rows) {
  frame const& f = leaves.f;
  for (index_t k = 0; k * N < columns; ++k) sum[k].clear();
  if (from == to) return;
  index_t at[max_rank] = {};
  for (int d = outer_axes - 1; d >= 0; --d) {
    at[d] = outer % f.ext[d];
    outer /= f.ext[d];
  }
  index_t left = from;
  for (int d = f.row - 1; d >= outer_axes; --d) {
    at[d] = left % f.ext[d];
    left /= f.ext[d];
  }
  for (index_t row = from; row < to;) {
    index_t rows = f.ext[f.row - 1] - at[f.row - 1];
    if (rows > to - row) rows = to - row;
    if (rows > tile_rows) rows = tile_rows;
    spot const* in = leaves.enter({at, at[f.row - 1], rows, c0, columns});
    c.enter(in);
    index_t r = 0;
    for (; r + 4 <= rows; r += 4) add_rows<4, N, P>(c, r, row + r, columns, sum);
    for (; r < rows; ++r) add_rows<1, N, P>(c, r, row + r, columns, sum);
    row += rows;
    at[f.row - 1] += rows;
    for (int d = f.row - 1; d > outer_axes && at[d] == f.ext[d]; --d) {
      at[d] = 0;
      ++at[d - 1];
    }
  }
}

// out (outer, columns), dense. Precondition: f.row > outer_axes, the cursor reads nothing that `out` overlaps.
template <class Op, class T, class Cursor, class R>
void reduce_columns(Cursor const& c, leaf const* leaves, frame const& f, int outer_axes, R* out) {
  counters().kernels += 1;
  constexpr int N = lanes_of_width<larger(Cursor::width, sizeof(typename Op::template compute<T>))>;
  using types = column_types<Op, T, N>;
  using accumulator = typename types::accumulator;
  using P = typename types::packed;
  index_t outer = 1, depth = 1;
  for (int d = 0; d < outer_axes; ++d) outer *= f.ext[d];
  for (int d = outer_axes; d < f.row; ++d) depth *= f.ext[d];
  if (outer == 0 || f.n == 0) return;
  index_t const strips = (f.n + strip_columns - 1) / strip_columns;
  index_t const blocks = depth > 0 ? (depth + column_block - 1) / column_block : 1;
  bool const threads = outer * depth * f.n * (1 + Cursor::cost / 4) >= threads_from && num_threads() > 1;

  auto const one_block = [&](index_t o, index_t strip, index_t b, accumulator* sum) {
    arena_scope scope;
    index_t const c0 = strip * strip_columns, width = strip_columns < f.n - c0 ? strip_columns : f.n - c0;
    index_t const tile_rows = staging_of(leaves, Cursor::leaves, f).any ? 16 : f.ext[f.row - 1];
    walk in(leaves, Cursor::leaves, f, scope, tile_rows, width);
    Cursor own = c;
    index_t const to = (b + 1) * column_block;
    add_block<N, P>(own, in, outer_axes, o, b * column_block, to < depth ? to : depth, c0, width, sum, tile_rows);
  };
  auto const packs_of = [&](index_t strip) {
    index_t const left = f.n - strip * strip_columns;
    return ((strip_columns < left ? strip_columns : left) + N - 1) / N;
  };
  // Block b's sums (packs) join what came before as a binary counter would: the order depends on the shape alone. After
  // the last one they are the result, which is stored.
  auto const join = [&](index_t o, index_t strip, index_t b, accumulator* sum, accumulator** level, arena_scope& scope) {
    index_t const packs = packs_of(strip);
    int l = 0;
    for (index_t n = b; n & 1; n >>= 1, ++l) {
      for (index_t k = 0; k < packs; ++k) {
        level[l][k].join(sum[k]);
        sum[k] = level[l][k];
      }
    }
    if (b + 1 < blocks) {
      if (!level[l]) level[l] = scope.take<accumulator>(packs);
      for (index_t k = 0; k < packs; ++k) level[l][k] = sum[k];
      return;
    }
    for (index_t n = blocks >> (l + 1), m = l + 1; n; n >>= 1, ++m)
      if (n & 1)
        for (index_t k = 0; k < packs; ++k) {
          level[m][k].join(sum[k]);
          sum[k] = level[m][k];
        }
    index_t const c0 = strip * strip_columns;
    R* const to = out + o * f.n + c0;
    for (index_t k = 0; k < packs; ++k) {
      index_t const left = f.n - c0 - k * N;
      as<R>(sum[k].lanes(depth)).store_partial(to + k * N, left < N ? static_cast<int>(left) : N);
    }
  };
  constexpr int levels = 40;

  if (!threads) {
    for (index_t o = 0; o < outer; ++o)
      for (index_t strip = 0; strip < strips; ++strip) {
        arena_scope scope;
        accumulator* level[levels] = {};
        auto* const sum = scope.take<accumulator>(packs_of(strip));
        for (index_t b = 0; b < blocks; ++b) {
          one_block(o, strip, b, sum);
          join(o, strip, b, sum, level, scope);
        }
      }
    return;
  }
  // Threads add up as many blocks as fit the scratch, or as keep them busy, then one joins them: it does not grow with
  // the rows.
  arena_scope all_sums;
  index_t const packs = packs_of(0), fit = column_scratch / (strips * packs * index_t(sizeof(accumulator)));
  index_t const busy = 4 * num_threads() / strips + 1, most = fit < busy ? busy : fit;
  index_t const wave = most < blocks ? most : blocks;
  auto* const sums = all_sums.take<accumulator>(strips * wave * packs);
  auto* const level = all_sums.take<accumulator*>(strips * levels);
  for (index_t o = 0; o < outer; ++o) {
    arena_scope scope;
    for (index_t i = 0; i < strips * levels; ++i) level[i] = nullptr;
    for (index_t first = 0; first < blocks; first += wave) {
      index_t const n = wave < blocks - first ? wave : blocks - first;
      parallel_for(strips * n, [&](index_t i) { one_block(o, i / n, first + i % n, sums + i * packs); });
      for (index_t i = 0; i < strips * n; ++i)
        join(o, i / n, first + i % n, sums + i * packs, level + i / n * levels, scope);
    }
  }
}

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft
