// A matrix times a vector at the speed of memory: the products with one column or one row.
//
//   vector_product(m, 1, k, a, b, c);    // c (m, 1) = a (m, k) b (k, 1)
//   vector_product(1, n, k, a, b, c);    // c (1, n) = a (1, k) b (k, n), as a transposed matrix times a vector
//
// Rows that are contiguous along k are dot products, two registers of partial sums each; rows that are contiguous
// along the result are added up, the even and the odd ones apart: eight at a time where they are long, all of them
// a few registers wide where they are short. The order of a sum follows from the shapes and strides. Other strides and
// lazy operands are read block by block into one of these forms. A right operand that is read in whole rows is read by
// one thread: each row contributes to all elements.
#pragma once
#include <weft/core/threads.hpp>
#include <weft/gemm/blocks.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace gemm {

// Integers wrap around.
template <class T>
WEFT_INLINE T added(T x, T y) {
  if constexpr (std::is_integral_v<T>) {
    using U = std::make_unsigned_t<T>;
    return T(U(U(x) + U(y)));
  } else {
    return x + y;
  }
}

constexpr index_t dot_depth = 4096, sum_columns = 4096, short_bytes = 2048;
constexpr int dot_rows = 4, sum_rows = 8;

// y (Rows) = or += a (Rows, k) x (k)
template <int Rows, class T>
WEFT_INLINE void dots(T const* a, index_t row, T const* x, index_t k, T* y, bool add) {
  using pack = lane_pack<T>;
  constexpr index_t width = pack::size;
  pack even[unsigned(Rows)], odd[unsigned(Rows)];
#pragma GCC unroll 8
  for (int r = 0; r < Rows; ++r) even[r] = odd[r] = pack(T(0));
  index_t q = 0;
  for (; q + 2 * width <= k; q += 2 * width) {
    pack const x0 = pack::load(x + q), x1 = pack::load(x + q + width);
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
      even[r] = fma(pack::load(a + r * row + q), x0, even[r]);
      odd[r] = fma(pack::load(a + r * row + q + width), x1, odd[r]);
    }
  }
  if (q + width <= k) {
    pack const x0 = pack::load(x + q);
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) even[r] = fma(pack::load(a + r * row + q), x0, even[r]);
    q += width;
  }
  if (q < k) {
    int const tail = int(k - q);
    pack const x0 = pack::load_partial(x + q, tail);
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) odd[r] = fma(pack::load_partial(a + r * row + q, tail), x0, odd[r]);
  }
#pragma GCC unroll 8
  for (int r = 0; r < Rows; ++r) {
    T const sum = reduce_add(even[r] + odd[r]);
    y[r] = add ? added(y[r], sum) : sum;
  }
}
// y (rows) = or += a (rows, k) x (k), k <= dot_depth
template <class T>
[[gnu::noinline]] void dot_block(T const* a, index_t row, index_t rows, T const* x, index_t k, T* y, bool add) {
  index_t i = 0;
  for (; i + dot_rows <= rows; i += dot_rows) dots<dot_rows>(a + i * row, row, x, k, y + i, add);
  for (; i < rows; ++i) dots<1>(a + i * row, row, x, k, y + i, add);
}

// y (registers) += x (Rows) b (Rows, registers), the last register as far as `tail`
template <int Rows, int Registers, bool Whole, class T>
WEFT_INLINE void sums(T const* b, index_t row, lane_pack<T> const (&x)[unsigned(Rows)], T* y, int tail) {
  using pack = lane_pack<T>;
  constexpr int width = pack::size;
  auto const read = [&](T const* p) { return Whole ? pack::load(p) : pack::load_partial(p, tail); };
  pack even[unsigned(Registers)], odd[unsigned(Registers)];
#pragma GCC unroll 4
  for (int j = 0; j < Registers; ++j) even[j] = fma(x[0], read(b + j * width), read(y + j * width));
  if constexpr (Rows > 1) {
#pragma GCC unroll 4
    for (int j = 0; j < Registers; ++j) odd[j] = x[1] * read(b + row + j * width);
#pragma GCC unroll 8
    for (int r = 2; r < Rows; ++r)
#pragma GCC unroll 4
      for (int j = 0; j < Registers; ++j) {
        pack& sum = r % 2 ? odd[j] : even[j];
        sum = fma(x[r], read(b + r * row + j * width), sum);
      }
#pragma GCC unroll 4
    for (int j = 0; j < Registers; ++j) even[j] = even[j] + odd[j];
  }
#pragma GCC unroll 4
  for (int j = 0; j < Registers; ++j) {
    if constexpr (Whole) even[j].store(y + j * width);
    else even[j].store_partial(y + j * width, tail);
  }
}
template <int Rows, class T>
WEFT_INLINE void sums_along(T const* b, index_t row, T const* x, index_t columns, T* y) {
  constexpr index_t width = tile<T>::width;
  lane_pack<T> xs[unsigned(Rows)];
#pragma GCC unroll 8
  for (int r = 0; r < Rows; ++r) xs[r] = lane_pack<T>(x[r]);
  index_t j = 0;
  for (; j + 2 * width <= columns; j += 2 * width) sums<Rows, 2, true>(b + j, row, xs, y + j, 0);
  for (; j + width <= columns; j += width) sums<Rows, 1, true>(b + j, row, xs, y + j, 0);
  if (j < columns) sums<Rows, 1, false>(b + j, row, xs, y + j, int(columns - j));
}
// y (columns) += x (k) b (k, columns)
template <class T>
[[gnu::noinline]] void sum_block(T const* b, index_t row, index_t k, T const* x, index_t columns, T* y) {
  index_t q = 0;
  for (; q + sum_rows <= k; q += sum_rows) sums_along<sum_rows>(b + q * row, row, x + q, columns, y);
  for (; q < k; ++q) sums_along<1>(b + q * row, row, x + q, columns, y);
}

// y (registers) = or += x (k) b (k, registers): for rows so short that walking down them is walking along memory.
template <int Registers, bool Whole, class T>
WEFT_INLINE void sums_down(T const* b, index_t row, index_t k, T const* x, T* y, int tail, bool add) {
  using pack = lane_pack<T>;
  constexpr int width = pack::size;
  auto const read = [&](T const* p) { return Whole ? pack::load(p) : pack::load_partial(p, tail); };
  pack even[unsigned(Registers)], odd[unsigned(Registers)];
#pragma GCC unroll 8
  for (int j = 0; j < Registers; ++j) even[j] = odd[j] = pack(T(0));
  for (index_t q = 1; q < k; q += 2, b += 2 * row, x += 2) {
    pack const x0(x[0]), x1(x[1]);
#pragma GCC unroll 8
    for (int j = 0; j < Registers; ++j) even[j] = fma(x0, read(b + j * width), even[j]);
#pragma GCC unroll 8
    for (int j = 0; j < Registers; ++j) odd[j] = fma(x1, read(b + row + j * width), odd[j]);
  }
  if (k % 2) {
    pack const x0(x[0]);
#pragma GCC unroll 8
    for (int j = 0; j < Registers; ++j) even[j] = fma(x0, read(b + j * width), even[j]);
  }
#pragma GCC unroll 8
  for (int j = 0; j < Registers; ++j) {
    pack sum = even[j] + odd[j];
    if (add) sum = read(y + j * width) + sum;
    if constexpr (Whole) sum.store(y + j * width);
    else sum.store_partial(y + j * width, tail);
  }
}
// y (columns) = or += x (k) b (k, columns)
template <class T>
[[gnu::noinline]] void sum_down_block(T const* b, index_t row, index_t k, T const* x, index_t columns, T* y, bool add) {
  constexpr index_t width = tile<T>::width;
  constexpr int most = simd::register_bytes == 64 ? 8 : 4;
  index_t j = 0;
  for (; j + most * width <= columns; j += most * width) sums_down<most, true>(b + j, row, k, x, y + j, 0, add);
  for (; j + 4 * width <= columns; j += 4 * width) sums_down<4, true>(b + j, row, k, x, y + j, 0, add);
  for (; j + 2 * width <= columns; j += 2 * width) sums_down<2, true>(b + j, row, k, x, y + j, 0, add);
  for (; j + width <= columns; j += width) sums_down<1, true>(b + j, row, k, x, y + j, 0, add);
  if (j < columns) sums_down<1, false>(b + j, row, k, x, y + j, int(columns - j), add);
}

// A vector as contiguous memory: where it lies, or copied.
template <class T>
T const* contiguous(source<T> const& x, index_t stride, bool column, index_t k, arena_scope& scope) {
  if (x.data && (stride == 1 || k == 1)) return x.data;
  T* const copy = scope.take<T>(k);
  if (x.data) {
    for (index_t q = 0; q < k; ++q) copy[q] = x.data[q * stride];
  } else {
    x.read(x.self, 0, 0, column ? k : 1, column ? 1 : k, copy, column ? 1 : k);
  }
  return copy;
}

// y (count), for the elements from `first` on, of matrix (.., k) x (k); the matrix is `m`, transposed for a row.
// Precondition: for a row with an `m` that is read in whole rows, these are all elements.
template <class T>
void vector_block(source<T> const& m, bool row, index_t first, index_t count, index_t k, T const* x, T* y) {
  index_t const across = row ? m.column_stride : m.row_stride, along = row ? m.row_stride : m.column_stride;
  bool const whole = !m.data && m.whole_rows;
  if (m.data && (along == 1 || k == 1)) {
    for (index_t q = 0; q < k; q += dot_depth)
      dot_block(m.data + first * across + q, across, count, x + q, least(dot_depth, k - q), y, q != 0);
    return;
  }
  if (m.data && across == 1 && along >= 0 && along * index_t(sizeof(T)) <= short_bytes) {
    index_t const depth = ceil_div(k, ceil_div(k, most_depth));
    for (index_t q = 0; q < k; q += depth)
      sum_down_block(m.data + first + q * along, along, least(depth, k - q), x + q, count, y, q != 0);
    return;
  }
  if (m.data ? across == 1 : row) {
    // Blocks of most_depth rows are summed apart: long sums stay exact.
    arena_scope scope;
    index_t const blocks = ceil_div(k, most_depth), depth = ceil_div(k, blocks);
    index_t const wide = whole ? count : least(count, sum_columns);
    index_t const high = whole ? round_up(least(row_block<T>(count), depth), sum_rows) : sum_rows;
    T* const partial = scope.take<T>(wide);
    T* const stage = m.data ? nullptr : scope.take<T>(high * wide);
    for (index_t j = 0; j < count; j += wide) {
      index_t const some = least(wide, count - j);
      for (index_t q = 0; q < k; q += depth) {
        index_t const deep = least(depth, k - q);
        T* const to = q ? partial : y + j;
        std::memset(to, 0, std::size_t(some) * sizeof(T));
        if (m.data) {
          sum_block(m.data + first + j + q * along, along, deep, x + q, some, to);
        } else {
          for (index_t r = 0; r < deep; r += high) {  // whole groups of sum_rows: the order of the sum is the same
            index_t const rows = least(high, deep - r);
            m.read(m.self, q + r, first + j, rows, some, stage, wide);
            sum_block(stage, wide, rows, x + q + r, some, to);
          }
        }
        if (q)
          for (index_t p = 0; p < some; ++p) y[j + p] = added(y[j + p], partial[p]);
      }
    }
    return;
  }
  arena_scope scope;
  if (whole) {
    index_t const ld = row_block_step<T>(k), high = least(row_block<T>(k), count);
    T* const stage = scope.take<T>(high * ld);
    for (index_t i = 0; i < count; i += high) {
      index_t const rows = least(high, count - i);
      m.read(m.self, first + i, 0, rows, k, stage, ld);
      for (index_t q = 0; q < k; q += dot_depth)
        dot_block(stage + q, ld, rows, x + q, least(dot_depth, k - q), y + i, q != 0);
    }
    return;
  }
  index_t const depth = least(k, dot_depth);
  T* const stage = scope.take<T>(dot_rows * depth);
  for (index_t i = 0; i < count; i += dot_rows) {
    index_t const rows = least(dot_rows, count - i);
    for (index_t q = 0; q < k; q += dot_depth) {
      index_t const deep = least(dot_depth, k - q);
      if (!m.data) {
        m.read(m.self, first + i, q, rows, deep, stage, depth);
      } else {
        for (index_t r = 0; r < rows; ++r)
          for (index_t p = 0; p < deep; ++p) stage[r * depth + p] = m.data[(first + i + r) * across + (q + p) * along];
      }
      dot_block(stage, depth, rows, x + q, deep, y + i, q != 0);
    }
  }
}

// Precondition: m == 1 or n == 1, and k > 0.
template <class T>
[[gnu::noinline]] void vector_product(index_t m, index_t n, index_t k, source<T> const& a,
                                      source<T> const& b, sink<T> const& c) {
  arena_scope scope;
  bool const row = m == 1 && n != 1;
  index_t const count = row ? n : m;
  T const* const x =
      row ? contiguous(a, a.column_stride, false, k, scope) : contiguous(b, b.row_stride, true, k, scope);
  bool const direct = c.data && !c.add && (row || c.ld == 1 || count == 1);
  T* const y = direct ? c.data : scope.take<T>(count);
  auto const run = [&](index_t first, index_t some) {
    vector_block(row ? b : a, row, first, some, k, x, y + first);
    T* to = y + first;
    index_t step = 1;  // from one element of the result to the next
    if (c.data && !direct) {
      step = row ? 1 : c.ld;
      to = c.data + first * step;
      for (index_t i = 0; i < some; ++i) to[i * step] = c.add ? added(to[i * step], y[first + i]) : y[first + i];
    }
    if (c.finish) c.finish(c.self, row ? 0 : first, row ? first : 0, row ? 1 : some, row ? some : 1, to, row ? n : step);
  };
  index_t parts = count * k < (index_t(1) << 18) ? 1 : least(ceil_div(count, 64), 4 * num_threads());
  if (row && !b.data && b.whole_rows) parts = 1;
  if (parts <= 1) return run(0, count);
  index_t const some = round_up(ceil_div(count, parts), 64);
  parallel_for(ceil_div(count, some), [&](index_t i) { run(i * some, least(some, count - i * some)); });
}

}  // namespace gemm
}  // namespace WEFT_ISA
}  // namespace weft
