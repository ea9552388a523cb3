// How a block of an operand becomes what the kernels read.
//
//   gemm::pack_panels(x, row, column, rows, columns, out);   // right operand
//   gemm::copy_block(x, row, column, rows, columns, out, ld);   // left operand, or staging
//
// Panels: for every tile<T>::columns columns their rows one after another, zeros up to a whole register.
#pragma once
#include <weft/gemm/microkernel.hpp>
#include <weft/gemm/operand.hpp>

#include <cstring>

namespace weft {
inline namespace WEFT_ISA {
namespace gemm {

#if WEFT_SIMD_LEVEL
// One step of a transposition: rows i and i + S exchange their off-diagonal blocks of S lanes.
template <int S, class V, std::size_t... I>
WEFT_INLINE void exchange(V& x, V& y, std::index_sequence<I...>) {
  constexpr int n = int(sizeof...(I));
  V const low = __builtin_shufflevector(x, y, ((int(I) & S) ? n + int(I) - S : int(I))...);
  y = __builtin_shufflevector(x, y, ((int(I) & S) ? n + int(I) : int(I) + S)...);
  x = low;
}
template <int S, class P, std::size_t N>
WEFT_INLINE void exchange_all(P (&x)[N]) {
#pragma GCC unroll 16
  for (unsigned i = 0; i < N; ++i)
    if (!(i & unsigned(S))) exchange<S>(x[i].data, x[i + unsigned(S)].data, std::make_index_sequence<N>{});
  if constexpr (2 * S < int(N)) exchange_all<2 * S>(x);
}
#endif

// out (rows, columns) row-major with step ld, from memory whose columns are contiguous: in(i, j) = in[i + j * stride].
template <class T>
[[gnu::noinline]] void transpose_block(T const* in, index_t stride, index_t rows, index_t columns, T* out,
                                       index_t ld) {
  using pack [[maybe_unused]] = lane_pack<T>;
  constexpr index_t width = tile<T>::width;
  for (index_t j = 0; j < columns; j += width)
    for (index_t i = 0; i < rows; i += width) {
      T const* const from = in + i + j * stride;
      T* const to = out + i * ld + j;
#if WEFT_SIMD_LEVEL
      if (i + width <= rows && j + width <= columns) {
        pack x[unsigned(width)];
#pragma GCC unroll 16
        for (int q = 0; q < width; ++q) x[q] = pack::load(from + q * stride);
        exchange_all<1>(x);
#pragma GCC unroll 16
        for (int q = 0; q < width; ++q) x[q].store(to + q * ld);
      } else
#endif
      {
        for (index_t q = 0; q < width && i + q < rows; ++q)
          for (index_t r = 0; r < width && j + r < columns; ++r) to[q * ld + r] = from[q + r * stride];
      }
    }
}

// out (rows, columns), row-major with step ld.
template <class T>
void copy_block(source<T> const& x, index_t row, index_t column, index_t rows, index_t columns, T* out,
                index_t ld) {
  if (rows == 0 || columns == 0) return;
  if (!x.data) return x.read(x.self, row, column, rows, columns, out, ld);
  T const* const from = x.data + row * x.row_stride + column * x.column_stride;
  if (x.column_stride == 1) {
    for (index_t i = 0; i < rows; ++i)
      std::memcpy(out + i * ld, from + i * x.row_stride, std::size_t(columns) * sizeof(T));
  } else if (x.row_stride == 1) {
    transpose_block(from, x.column_stride, rows, columns, out, ld);
  } else {
    for (index_t i = 0; i < rows; ++i)
      for (index_t j = 0; j < columns; ++j) out[i * ld + j] = from[i * x.row_stride + j * x.column_stride];
  }
}

template <class T>
constexpr index_t panel_elements(index_t rows, index_t columns) {
  return rows * ((columns + tile<T>::columns - 1) / tile<T>::columns * tile<T>::columns);
}

// in (rows, columns) row-major with step ld.
template <class T>
void pack_rows(T const* in, index_t ld, index_t rows, index_t columns, T* out, index_t panel) {
  using pack = lane_pack<T>;
  constexpr index_t width = tile<T>::width, step = tile<T>::columns;
  for (index_t j = 0; j < columns; j += step, out += panel) {
    index_t const rest = columns - j;
    if (rest >= step) {
      for (index_t i = 0; i < rows; ++i)
#pragma GCC unroll 4
        for (int v = 0; v < tile<T>::registers; ++v)
          pack::load(in + i * ld + j + v * width).store(out + i * step + v * width);
    } else {
      for (index_t i = 0; i < rows; ++i)
        for (index_t v = 0; v < rest; v += width) {
          T const* const p = in + i * ld + j + v;
          (rest - v >= width ? pack::load(p) : pack::load_partial(p, int(rest - v))).store(out + i * step + v);
        }
    }
  }
}

// Where a task keeps rows of an operand that is read in whole rows of so many columns: how many rows, and the step from
// one to the next, which is no multiple of a page (rows would share the lines of the first cache). Few rows: that scratch
// grows with the columns and with the threads.
template <class T>
constexpr index_t row_block(index_t columns) {
  constexpr index_t bytes = index_t(1) << 19, most = 2 * tile<T>::rows;
  index_t const rows = bytes / ((columns + 1) * index_t(sizeof(T))) / tile<T>::rows * tile<T>::rows;
  return rows > most ? most : rows < tile<T>::rows ? tile<T>::rows : rows;
}
template <class T>
constexpr index_t row_block_step(index_t columns) {
  index_t const step = (columns + 15) / 16 * 16;
  return step * index_t(sizeof(T)) % 1024 ? step : step + 16;
}

// Panels of x (row .. row + rows, column .. column + columns): panel_elements(rows, columns) elements of out.
template <class T>
void pack_panels(source<T> const& x, index_t row, index_t column, index_t rows, index_t columns, T* out) {
  constexpr index_t step = tile<T>::columns, width = tile<T>::width;
  index_t const panel = rows * step;
  if (x.data && x.column_stride == 1) {
    // A few rows at a time: all panels of a row are written while its page and its lines are near.
    for (index_t i = 0; i < rows; i += 8)
      pack_rows(x.data + (row + i) * x.row_stride + column, x.row_stride, rows - i < 8 ? rows - i : 8, columns,
                out + i * step, panel);
  } else if (x.data) {
    for (index_t j = 0; j < columns; j += step, out += panel) {
      index_t const have = columns - j < step ? columns - j : step;
      copy_block(x, row, column + j, rows, have, out, step);
      if (have % width)
        for (index_t i = 0; i < rows; ++i)
          for (index_t q = have; q % width; ++q) out[i * step + q] = T(0);
    }
  } else {
    constexpr index_t staged = 16384 / index_t(sizeof(T));  // elements: what is read is packed out of the first cache
    alignas(64) T stage[std::size_t(staged)];
    for (index_t j = 0; j < columns; j += 512) {
      index_t const have = columns - j < 512 ? columns - j : 512, ld = (have + width - 1) / width * width;
      index_t const chunk = staged / ld;
      for (index_t i = 0; i < rows; i += chunk) {
        index_t const some = rows - i < chunk ? rows - i : chunk;
        x.read(x.self, row + i, column + j, some, have, stage, ld);
        pack_rows(stage, ld, some, have, out + j / step * panel + i * step, panel);
      }
    }
  }
}

}  // namespace gemm
}  // namespace WEFT_ISA
}  // namespace weft
