// Reductions whose last axis stays: every lane is a column with an accumulator of its own.
//
// Axes in the frame: [outer kept][reduced][columns]; the columns are the row. A strip of columns is added up over
// `rows_together` rows at a time, so that its accumulators are loaded and stored once for several rows. Blocks of
// `column_block` rows are joined pairwise, in an order given by the shape alone; threads take strips and blocks.
#pragma once
#include <weft/engine/kernel.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace engine {

template <class Accumulator, class V>
WEFT_INLINE void add_lane_wise(Accumulator& a, V v, index_t row) {
  if constexpr (requires { a.add_at(v, row); })
    a.add_at(v, row);
  else
    a.add(v, row);
}

// The value of the reduction's operand, for each pack of a row.
template <class C, int N>
struct row_values {
  row_state<C, N> row;
  WEFT_INLINE row_values(tile_leaves<C::leaves> const& leaves, void const* numbers, index_t r) {
    row.numbers = static_cast<number_bits const*>(numbers);
    leaves.to_row(row.at, r);
    run_steps_once<C, 0>(row);
  }
  template <class P, class Part>
  WEFT_INLINE pack<P, N> at(index_t i, Part part) const {
    registers<C, N> v;
    run_steps<C, 0, N>(v, row, i, part);
    return as<P>(value_at<C, N, C::code.result[0]>(v, row));
  }
};

// sum (packs): one line each of K rows, the first of which is row `index` of the column.
template <int K, class C, int N, class P, class Accumulator>
WEFT_INLINE void add_rows(tile_leaves<C::leaves> const& leaves, void const* numbers, index_t r, index_t index, index_t columns,
                          Accumulator* sum) {
  row_values<C, N> const l0(leaves, numbers, r), l1(leaves, numbers, r + (K > 1 ? 1 : 0)),
      l2(leaves, numbers, r + (K > 2 ? 2 : 0)), l3(leaves, numbers, r + (K > 3 ? 3 : 0));
  auto const step = [&](index_t i, auto part) WEFT_INLINE_LAMBDA {
    Accumulator a = sum[i / N];
    add_lane_wise(a, l0.template at<P>(i, part), index);
    if constexpr (K > 1) add_lane_wise(a, l1.template at<P>(i, part), index + 1);
    if constexpr (K > 2) add_lane_wise(a, l2.template at<P>(i, part), index + 2);
    if constexpr (K > 3) add_lane_wise(a, l3.template at<P>(i, part), index + 3);
    sum[i / N] = a;
  };
  index_t i = 0;
  for (; i + N <= columns; i += N) step(i, full{});
  if (i < columns) step(i, first{static_cast<int>(columns - i)});
}

// Rows [from, to) of the reduced axes at one place of the outer ones, columns [c0, c0 + columns).
template <class C, int N, class P, class Accumulator>
void add_block(void const* numbers, walk& leaves, int outer_axes, index_t outer, index_t from, index_t to, index_t c0,
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
    tile_leaves<C::leaves> tile;
    tile.enter(leaves.enter({at, at[f.row - 1], rows, c0, columns}));
    index_t r = 0;
    for (; r + 4 <= rows; r += 4) add_rows<4, C, N, P>(tile, numbers, r, row + r, columns, sum);
    for (; r < rows; ++r) add_rows<1, C, N, P>(tile, numbers, r, row + r, columns, sum);
    row += rows;
    at[f.row - 1] += rows;
    for (int d = f.row - 1; d > outer_axes && at[d] == f.ext[d]; --d) {
      at[d] = 0;
      ++at[d - 1];
    }
  }
}

// out (outer, columns), dense. Precondition: f.row > outer_axes, the program reads nothing that `out` overlaps.
template <class Op, class T, class C, class R>
void reduce_columns(void const* numbers, leaf const* leaves, frame const& f, int outer_axes, R* out) {
  count_kernel([&] {
    return kernel_note{.what = "columns, added up in strips", .type = dtype_of<R>, .ext = f.ext + f.row, .rank = f.rank - f.row};
  });
  constexpr int N = lanes_of_width<larger(C::code.width, sizeof(typename Op::template compute<T>))>;
  using types = accumulators<folded<Op, T>, N>;
  using accumulator = typename types::type;
  using P = typename types::packed;
  index_t outer = 1, depth = 1;
  for (int d = 0; d < outer_axes; ++d) outer *= f.ext[d];
  for (int d = outer_axes; d < f.row; ++d) depth *= f.ext[d];
  if (outer == 0 || f.n == 0) return;
  index_t const strips = (f.n + strip_columns - 1) / strip_columns;
  index_t const blocks = depth > 0 ? (depth + column_block - 1) / column_block : 1;
  bool const threads = outer * depth * f.n * (1 + C::code.cost / 4) >= threads_from && num_threads() > 1;

  auto const one_block = [&](index_t o, index_t strip, index_t b, accumulator* sum) {
    arena_scope scope;
    index_t const c0 = strip * strip_columns, width = strip_columns < f.n - c0 ? strip_columns : f.n - c0;
    index_t const tile_rows = staging_of(leaves, C::leaves, f).any ? 16 : f.ext[f.row - 1];
    walk in(leaves, C::leaves, f, scope, tile_rows, width);
    index_t const to = (b + 1) * column_block;
    add_block<C, N, P>(numbers, in, outer_axes, o, b * column_block, to < depth ? to : depth, c0, width, sum, tile_rows);
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
  // Threads add up as many blocks as fit the scratch, or as keep them busy, then one of them joins these blocks: so the scratch does
  // not grow with the number of rows.
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
