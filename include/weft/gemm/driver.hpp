// The blocked matrix product behind gemm::multiply (gemm/multiply.hpp): which operands are packed, what a task is.
//
// The sum over k is cut into blocks by k alone; within a block every element is one chain of multiply-adds, and the
// blocks are added in order. So a value depends neither on the tile it lies in, nor on threads, nor on the operands'
// strides, nor on an epilogue. Products with one row or one column have their own order (vectors.hpp).
#pragma once
#include <weft/core/threads.hpp>
#include <weft/gemm/blocks.hpp>
#include <weft/gemm/multiply.hpp>
#include <weft/gemm/vectors.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace gemm {

// A task has at most so many rows, and columns unless b is shared or short. Up to few_rows b is not shared: every
// task packs its own columns, which no other task needs.
constexpr index_t few_rows = 256, task_rows = 192, task_columns = 512, short_columns = 1024;
// A row-major b is read where it lies if its rows are near each other, or if c has so few tiles of rows that packing
// costs more than it saves.
constexpr index_t near_bytes = 3072, unpacked_tiles = 5;
// What is packed for all tasks: the panels of b for all of k, or all of a lazy left operand with few rows.
constexpr index_t shared_bytes = index_t(8) << 20, lazy_shared_bytes = index_t(32) << 20;
constexpr index_t parallel_from = index_t(1) << 22;  // m n k

// The panels of columns b_first .. b_first + b_columns for every block of k; of all columns if b is read in whole rows.
template <class T>
void share_right(product<T>& s, T* out) {
  s.b_all = out;
  if (s.k == 0) return;
  if (!s.b.data && s.b.whole_rows) {
    index_t const high = least(row_block<T>(s.n), s.depth), parts = ceil_div(s.depth, high), ld = row_block_step<T>(s.n);
    parallel_for(s.blocks * parts, [&](index_t task) {
      index_t const block = task / parts, row = task % parts * high;
      index_t const first = block * s.depth, depth = least(s.depth, s.k - first), rows = least(high, depth - row);
      if (rows <= 0) return;
      arena_scope scope;
      T* const stage = scope.take<T>(rows * ld);  // (rows, n)
      s.b.read(s.b.self, first + row, 0, rows, s.n, stage, ld);
      pack_rows(stage, ld, rows, s.n, out + panel_elements<T>(first, s.n) + row * tile<T>::columns,
                depth * tile<T>::columns);
    });
    return;
  }
  constexpr index_t wide = 8 * tile<T>::columns;
  index_t const parts = ceil_div(s.b_columns, wide);
  parallel_for(s.blocks * parts, [&](index_t task) {
    index_t const block = task / parts, column = task % parts * wide;
    index_t const first = block * s.depth, depth = least(s.depth, s.k - first);
    pack_panels(s.b, first, s.b_first + column, depth, least(wide, s.b_columns - column),
                out + panel_elements<T>(first, s.b_columns) + column * depth);
  });
}

// Rows or columns of a task: at most `most`, in whole tiles, and several tasks a thread where there is work for them.
inline index_t task_extent(index_t extent, index_t most, index_t tile_extent, index_t work) {
  index_t const threads = work < parallel_from ? 1 : num_threads();
  index_t tasks = ceil_div(extent, most);
  if (threads > 1) tasks = round_up(tasks < 2 * threads ? 2 * threads : tasks, threads);
  return round_up(ceil_div(extent, tasks), tile_extent);
}

// How many columns of b are shared at a time; 0: not worth it, or no room for k.
template <class T>
index_t shared_columns(index_t m, index_t n, index_t k) {
  constexpr index_t wide = 4 * tile<T>::columns, budget = shared_bytes / index_t(sizeof(T));
  if (m <= few_rows || k * wide > budget) return 0;
  return k * n <= budget ? n : budget / k / wide * wide;
}

// The left operand is read in whole rows: a task keeps a block of them in scratch, (rows, k), and multiplies it by all
// of b. So scratch doesn't grow with m, and what the rows are made of may be a product itself. Panels of b are shared
// where they fit, with more room if b is lazy; otherwise every task packs (or reads) them again.
template <class T>
void rows_product(product<T>& s) {
  using shape = tile<T>;
  arena_scope scope;
  static_cast<void>(scope.take<char>(64));
  index_t const ld = row_block_step<T>(s.k);
  // Reading a row is work too: it is taken to be worth some columns.
  index_t const rows = task_extent(s.m, row_block<T>(s.k), shape::rows, s.m * (s.n + 64) * s.k);
  index_t const panels = panel_elements<T>(s.k, s.n);
  bool const kept = !s.b.data && s.b.whole_rows;
  index_t columns = s.c.data ? s.n : least(s.n, short_columns);
  index_t const room = s.b.data ? shared_bytes : lazy_shared_bytes;
  if (s.right == access::in_task && (kept || panels * index_t(sizeof(T)) <= room)) {
    s.right = access::shared;
    s.b_columns = s.n;
    share_right(s, scope.take<T>(panels));
  } else if (s.right == access::in_task) {
    columns = least(s.n, task_columns);
  }
  parallel_for(ceil_div(s.m, rows), [&](index_t task) {
    arena_scope own;
    index_t const first = task * rows, some = least(rows, s.m - first);
    T* const block = own.take<T>(some * ld);
    if (s.k > 0) s.a.read(s.a.self, first, 0, some, s.k, block, ld);
    product<T> mine = s;
    mine.left = access::shared;
    mine.a_all = {block - first * ld, ld, 1};
    for (index_t j = 0; j < s.n; j += columns) multiply_block(mine, first, j, some, least(columns, s.n - j));
  });
}

template <class T>
void blocked_product(product<T>& s) {
  using shape = tile<T>;
  index_t const work = s.m * s.n * s.k;
  arena_scope scope;
  static_cast<void>(scope.take<char>(64));
  index_t const shared = !s.b.data && s.b.whole_rows       ? s.n
                         : s.right == access::in_task ? shared_columns<T>(s.m, s.n, s.k)
                                                      : 0;
  if (shared) {
    s.right = access::shared;
    index_t const rows = task_extent(s.m, task_rows, shape::rows, work);
    T* const panels = scope.take<T>(panel_elements<T>(s.k, shared));
    for (s.b_first = 0; s.b_first < s.n; s.b_first += shared) {
      s.b_columns = least(shared, s.n - s.b_first);
      share_right(s, panels);
      parallel_for(ceil_div(s.m, rows), [&](index_t i) {
        multiply_block(s, i * rows, s.b_first, least(rows, s.m - i * rows), s.b_columns);
      });
    }
    return;
  }
  bool const in_place = s.right == access::in_place;
  index_t rows = s.m, columns = s.n;
  if (s.m > few_rows || s.n < s.m) {
    rows = task_extent(s.m, in_place ? task_rows : few_rows, shape::rows, work);
    if (!in_place || s.n > short_columns) columns = least(s.n, task_columns);
  } else {
    columns = task_extent(s.n, task_columns, shape::columns, work);
  }
  index_t const down = ceil_div(s.m, rows), across = ceil_div(s.n, columns);
  if (!s.a.data && across > 1 && s.m * s.k * index_t(sizeof(T)) <= shared_bytes) {
    // Every block of the left operand is computed once, for all columns of tasks.
    index_t const ld = round_up(s.k, shape::width), chunks = ceil_div(s.k, most_depth);
    T* const whole = scope.take<T>(s.m * ld);
    parallel_for(ceil_div(s.m, shape::rows) * chunks, [&](index_t task) {
      index_t const i = task / chunks * shape::rows, q = task % chunks * most_depth;
      s.a.read(s.a.self, i, q, least(shape::rows, s.m - i), least(most_depth, s.k - q), whole + i * ld + q, ld);
    });
    s.left = access::shared;
    s.a_all = {whole, ld, 1};
  }
  parallel_for(down * across, [&](index_t task) {
    index_t const i = task % down * rows, j = task / down * columns;
    multiply_block(s, i, j, least(rows, s.m - i), least(columns, s.n - j));
  });
}

// Without packing and without scratch but for a small tile.
template <class T>
bool small_product(index_t m, index_t n, index_t k, source<T> const& a, source<T> const& b, sink<T> const& c) {
  constexpr index_t most = 512;
  alignas(64) T local[std::size_t(most)];
  T* to = c.data;
  index_t ld = c.ld;
  if (!to) {
    if (m * n > most) return false;
    to = local;
    ld = n;
  }
  left_block<T> const left{a.data, a.row_stride, a.column_stride};
  right_block<T> const right{b.data, b.row_stride, tile<T>::columns, nullptr, 0};
  sweep(m, n, k, left, right, 0, to, ld, c.data && c.add, false);
  if (c.finish) c.finish(c.self, 0, 0, m, n, to, ld);
  return true;
}

template <class T>
constexpr index_t bytes_apart(index_t stride) {
  return (stride < 0 ? -stride : stride) * index_t(sizeof(T));
}
// Strides that put neighbouring rows on the same lines of the first cache, or each on a page of its own.
template <class T>
constexpr bool far_apart(index_t stride) {
  index_t const bytes = bytes_apart<T>(stride);
  return bytes >= 16384 || (bytes >= 4096 && bytes % 1024 == 0);
}

// Chooses how the operands reach the kernels. Precondition: m > 0, n > 0.
template <class T>
void planned_product(index_t m, index_t n, index_t k, source<T> const& a, source<T> const& b, sink<T> const& c) {
  if (k <= 0 && c.data && c.add && !c.finish) return;
  if ((m == 1 || n == 1) && k > 0) return vector_product(m, n, k, a, b, c);
  bool const b_rows = b.data && (b.column_stride == 1 || n == 1);
  if (a.data && b_rows && k <= most_depth) {
    bool const tiny = m * n * k <= 4096;
    if ((tiny && WEFT_SIMD_LEVEL >= 2) || (n % tile<T>::width == 0 && m * n * k <= 262144 && b.row_stride <= 128))
      if (small_product(m, n, k, a, b, c)) return;
  }
  product<T> s{m, n, k, a, b, c, 1, k, access::in_place, access::in_place, {a.data, a.row_stride, a.column_stride}};
  if (k > most_depth) {
    s.blocks = ceil_div(k, most_depth);
    s.depth = ceil_div(k, s.blocks);
  }
  if (!a.data || (n > 2 * tile<T>::columns && far_apart<T>(a.column_stride == 1 ? a.row_stride : a.column_stride)))
    s.left = access::in_task;
  if (!b_rows || (m > unpacked_tiles * tile<T>::rows && bytes_apart<T>(b.row_stride) > near_bytes))
    s.right = access::in_task;
  if (!a.data && a.whole_rows) return rows_product(s);
  bool const small = m * n * k <= 262144 && m <= few_rows && n <= short_columns && (b.data || !b.whole_rows);
  if (small) return multiply_block(s, 0, 0, m, n);
  blocked_product(s);
}

// Products and sums that wrap around have the same bits with and without signs: one set of kernels serves both.
template <class U>
void multiply_signed(index_t m, index_t n, index_t k, source<U> const& a, source<U> const& b, sink<U> const& c) {
  using S = std::make_signed_t<U>;
  auto const as_signed = [](source<U> const& x) {
    source<S> y{reinterpret_cast<S const*>(x.data), x.row_stride, x.column_stride, &x, nullptr, x.whole_rows};
    y.read = [](void const* self, index_t row, index_t column, index_t rows, index_t columns, S* out, index_t ld) {
      auto const& to = *static_cast<source<U> const*>(self);
      to.read(to.self, row, column, rows, columns, reinterpret_cast<U*>(out), ld);
    };
    return y;
  };
  sink<S> out{reinterpret_cast<S*>(c.data), c.ld, c.add, &c, nullptr};
  if (c.finish)
    out.finish = [](void const* self, index_t row, index_t column, index_t rows, index_t columns, S* block, index_t ld) {
      auto const& to = *static_cast<sink<U> const*>(self);
      to.finish(to.self, row, column, rows, columns, reinterpret_cast<U*>(block), ld);
    };
  multiply<S>(m, n, k, as_signed(a), as_signed(b), out);
}

template <class T>
[[gnu::noinline]] void multiply(index_t m, index_t n, index_t k, source<T> const& a, source<T> const& b,
                                sink<T> const& c) {
  static_assert(std::is_floating_point_v<T> || (std::is_integral_v<T> && sizeof(T) >= 4),
                "products are computed in float, double, or integers of 32 or 64 bits; see gemm/conversion.hpp");
  if (m <= 0 || n <= 0) return;
  if constexpr (std::is_unsigned_v<T>) multiply_signed(m, n, k, a, b, c);
  else planned_product(m, n, k, a, b, c);
}

template <class T>
std::size_t scratch_bytes(index_t m, index_t n, index_t k, bool left_rows, bool right_rows) {
  constexpr index_t budget = shared_bytes / index_t(sizeof(T)), page = 4096 / index_t(sizeof(T));
  index_t const wide = round_up(n, tile<T>::columns);
  index_t elements = k + (m > n ? m : n) + sum_rows * sum_columns + dot_rows * dot_depth;
  if (m > 1 && n > 1) {
    index_t const depth = round_up(least(k, most_depth), 16), rows = least(m, few_rows);
    index_t const shared = shared_columns<T>(m, n, k);
    elements = rows * depth + panel_elements<T>(depth, least(wide, short_columns)) +
               rows * least(wide, right_rows ? wide : shared > short_columns ? shared : short_columns) +
               (shared ? panel_elements<T>(k, shared) : least(m * round_up(k, 16), 2 * budget));
  }
  if (left_rows) elements += row_block<T>(k) * row_block_step<T>(k) + lazy_shared_bytes / index_t(sizeof(T));
  if (right_rows) elements += row_block<T>(n) * row_block_step<T>(n) + k * wide;
  return std::size_t(elements + page) * sizeof(T);
}

}  // namespace gemm
}  // namespace WEFT_ISA
}  // namespace weft
