// One task of a product: a block of c for all of k, from operands that are packed or read where they lie.
//
//   multiply_block(s, row, column, rows, columns);   // c (row .. row + rows, column .. column + columns), then finish
//
// Two shapes of blocking use it: many rows share panels of b that were packed before, few rows pack them as they go.
#pragma once
#include <weft/core/arena.hpp>
#include <weft/gemm/packing.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace gemm {

constexpr index_t ceil_div(index_t a, index_t b) { return (a + b - 1) / b; }
constexpr index_t round_up(index_t a, index_t b) { return ceil_div(a, b) * b; }
constexpr index_t least(index_t a, index_t b) { return a < b ? a : b; }

// One block of the left operand as the kernels read it.
template <class T>
struct left_block {
  T const* data;
  index_t row, step;
};
// One block of the right operand: panel p begins at data + p * panel. The last, incomplete panel may lie elsewhere.
template <class T>
struct right_block {
  T const* data;
  index_t step, panel;
  T const* edge;
  index_t edge_step;
};

// c (rows, columns) = or += a (rows, depth) b (depth, columns). Without an edge of its own, the last panel of b is
// read where it lies and not beyond.
template <class T>
WEFT_INLINE void sweep(index_t rows, index_t columns, index_t depth, left_block<T> const& a, right_block<T> const& b,
                       index_t first_panel, T* c, index_t ld, bool add, bool fetch) {
  using shape = tile<T>;
  // Tiles of equal height, or one row less: no tile is nearly empty.
  index_t const tiles = ceil_div(rows, shape::rows), height = rows / tiles, taller = rows % tiles;
  T const* const panels = b.data + first_panel * b.panel;
  kernel_arguments<T> s{depth, nullptr, a.row, a.step, panels, b.step, nullptr, ld, 0, add, fetch};
  auto const column = [&](reach registers) {
    s.a = a.data;
    T* const first_row = s.c;
    if (taller) {
      auto const f = kernel<T>(height + 1, registers);
      for (index_t i = 0; i < taller; ++i, s.a += (height + 1) * a.row, s.c += (height + 1) * ld) f(s);
    }
    auto const f = kernel<T>(height, registers);
    for (index_t i = taller; i < tiles; ++i, s.a += height * a.row, s.c += height * ld) f(s);
    s.c = first_row;
  };
  s.c = c;
  s.columns = shape::columns;
  index_t rest = columns;
  for (; rest >= shape::columns; rest -= shape::columns, s.b += b.panel, s.c += shape::columns) column(reach::two);
  if (rest == 0) return;
  if (b.edge) {
    s.b = b.edge;
    s.b_step = b.edge_step;
    s.columns = rest;
    column(rest > shape::width ? reach::two : reach::one);
    return;
  }
  if (rest >= shape::width) {
    s.columns = shape::width;
    column(reach::one);
    rest -= shape::width;
    s.b += shape::width;
    s.c += shape::width;
  }
  s.columns = rest;
  if (rest) column(reach::part);
}

// k is cut into equal blocks of at most this depth. A block of a panel then streams from the second cache, which a
// kernel hides; half of it, which would stay in the first cache, writes c more often and is slower.
constexpr index_t most_depth = 512;

// How an operand reaches the kernels.
enum class access { in_place, in_task, shared };

template <class T>
struct product {
  index_t m, n, k;
  source<T> a, b;
  sink<T> c;
  index_t blocks, depth;  // of k
  access left, right;
  left_block<T> a_all;       // left != in_task: the whole operand
  T const* b_all = nullptr;  // right == shared: for every block of k the panels of columns b_first ...
  index_t b_first = 0, b_columns = 0;
};

constexpr index_t group_panels = 4;  // an epilogue sees this many panels at once

// c (row .. row + rows, column .. column + columns), for all of k
template <class T>
void multiply_block(product<T> const& s, index_t row, index_t column, index_t rows, index_t columns) {
  using shape = tile<T>;
  arena_scope scope;
  static_cast<void>(scope.take<char>(64));  // a scope that holds something keeps the arena from moving under it
  T* const a_copy = s.left == access::in_task ? scope.take<T>(rows * round_up(s.depth, 16)) : nullptr;
  T* const b_panels =
      s.right == access::in_task ? scope.take<T>(panel_elements<T>(s.depth, columns))
      : s.right == access::in_place && columns % shape::width ? scope.take<T>(s.depth * shape::columns) : nullptr;
  bool const add = s.c.data && s.c.add, fetch = s.c.data && s.m * s.n * index_t(sizeof(T)) > (index_t(1) << 19);
  index_t const group = s.c.finish ? group_panels * shape::columns : columns;
  T* c = s.c.data ? s.c.data + row * s.c.ld + column : nullptr;
  index_t ld = s.c.ld;
  bool const reused = !c && s.blocks == 1;  // a group's tile is finished before the next one begins
  if (!c) {
    ld = round_up(reused ? least(group, columns) : columns, shape::width);
    c = scope.take<T>(rows * ld);
  }
  for (index_t block = 0; block < s.blocks; ++block) {
    index_t const first = block * s.depth, depth = least(s.depth, s.k - first);
    left_block<T> a = s.a_all;
    if (s.left != access::in_task) {
      a.data += row * a.row + first * a.step;
    } else if (s.a.data && s.a.column_stride != 1 && s.a.row_stride == 1) {  // as it lies: k-major
      a = {a_copy, 1, rows};
      for (index_t q = 0; q < depth; ++q)
        std::memcpy(a_copy + q * rows, s.a.data + row + (first + q) * s.a.column_stride, std::size_t(rows) * sizeof(T));
    } else {
      a = {a_copy, round_up(s.depth, 16), 1};
      copy_block(s.a, row, first, rows, depth, a_copy, a.row);
    }
    right_block<T> b{nullptr, shape::columns, depth * shape::columns, nullptr, shape::columns};
    if (s.right == access::shared) {
      b.data = s.b_all + panel_elements<T>(first, s.b_columns) + (column - s.b_first) * depth;
    } else if (s.right == access::in_task) {
      pack_panels(s.b, first, column, depth, columns, b_panels);
      b.data = b_panels;
    }
    if (s.right != access::in_place) {
      b.edge = b.data + columns / shape::columns * b.panel;
    } else {
      b = {s.b.data + first * s.b.row_stride + column, s.b.row_stride, shape::columns, nullptr, 0};
      if (index_t const edge = columns % shape::columns; edge % shape::width) {
        pack_panels(s.b, first, column + columns - edge, depth, edge, b_panels);
        b.edge = b_panels;
        b.edge_step = shape::columns;
      }
    }
    bool const last = block + 1 == s.blocks;
    for (index_t j = 0; j < columns; j += group) {
      index_t const wide = least(group, columns - j);
      T* const to = reused ? c : c + j;
      sweep(rows, wide, depth, a, b, j / shape::columns, to, ld, add || block != 0, fetch);
      if (last && s.c.finish) s.c.finish(s.c.self, row, column + j, rows, wide, to, ld);
    }
  }
}

}  // namespace gemm
}  // namespace WEFT_ISA
}  // namespace weft
