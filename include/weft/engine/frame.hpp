// The iteration space of a statement, and how a node's axes lie in it.
//
// Axes [0, row) are walked row by row; axes [row, rank) together are one row of n elements. Both are decided at run
// time: for plain maps as many trailing axes as every operand allows make up the row, so that contiguous operands
// of any rank are one long loop; a row program takes the axes that its reductions go over.
#pragma once
#include <weft/core/arena.hpp>
#include <weft/engine/sizes.hpp>
#include <weft/expr/axes.hpp>
#include <weft/simd/pack.hpp>

#include <cstring>

namespace weft {
inline namespace WEFT_ISA {
namespace engine {

struct frame {
  int rank = 0;
  int row = 0;
  index_t ext[max_rank];
  index_t n = 1;       // elements of a row
  index_t rows = 1;    // how many there are
  bool flat = false;   // every operand and the destination are dense and of one shape: one axis says it all

  void set_row(int first);
};

// Rows [first, first + rows) along axis row-1 at one place of the axes before it, columns [from, from + columns).
struct region {
  index_t const* outer;  // indices of axes [0, row-1)
  index_t first, rows;
  index_t from, columns;
};

// -- copying strided elements into a dense tile ------------------------------------------------------------------

// out (rows, columns), ld; source element (r, c) at p[r * row_step + c * column_step]
template <class T>
[[gnu::noinline]] void gather(T const* p, index_t row_step, index_t column_step, index_t rows, index_t columns, T* out,
                              index_t ld);

// The same for a row of several axes; columns [from, from + columns) of it.
template <class T>
[[gnu::noinline]] void gather_row(T const* p, index_t const* stride, index_t const* ext, int axes, index_t from,
                                  index_t columns, T* out) {
  index_t at[max_rank] = {};
  for (int d = axes - 1; d >= 0; --d) {
    at[d] = from % ext[d];
    from /= ext[d];
  }
  index_t offset = 0;
  for (int d = 0; d < axes; ++d) offset += at[d] * stride[d];
  int const last = axes - 1;
  for (index_t i = 0; i < columns;) {
    index_t const run = ext[last] - at[last] < columns - i ? ext[last] - at[last] : columns - i;
    for (index_t k = 0; k < run; ++k) out[i + k] = p[offset + k * stride[last]];
    i += run;
    offset -= at[last] * stride[last];
    at[last] = 0;
    for (int d = last - 1; d >= 0; --d) {
      offset += stride[d];
      if (++at[d] < ext[d]) break;
      offset -= at[d] * stride[d];
      at[d] = 0;
    }
  }
}

template <class T>
[[gnu::noinline]] void gather(T const* p, index_t row_step, index_t column_step, index_t rows, index_t columns, T* out,
                              index_t ld) {
  if (column_step == 0) {
    for (index_t r = 0; r < rows; ++r) {
      constexpr int W = simd::lanes<T>;
      simd::pack<T, W> const x(p[r * row_step]);
      index_t c = 0;
      for (; c + W <= columns; c += W) x.store(out + r * ld + c);
      x.store_partial(out + r * ld + c, static_cast<int>(columns - c));
    }
    return;
  }
  if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>) {
    if (row_step == 1) {
      constexpr int W = simd::lanes<T>;
      using P = simd::pack<T, W>;
      index_t c = 0;
      for (; c + W <= columns; c += W) {
        index_t r = 0;
        for (; r + W <= rows; r += W) {
          P square[static_cast<std::size_t>(W)];
          for (int i = 0; i < W; ++i) square[i] = P::load(p + r + (c + i) * column_step);
          simd::transpose(square);
          for (int i = 0; i < W; ++i) square[i].store(out + (r + i) * ld + c);
        }
        for (; r < rows; ++r)
          for (int i = 0; i < W; ++i) out[r * ld + c + i] = p[r + (c + i) * column_step];
      }
      for (index_t r = 0; r < rows; ++r)
        for (index_t k = c; k < columns; ++k) out[r * ld + k] = p[r + k * column_step];
      return;
    }
  }
  for (index_t r = 0; r < rows; ++r)
    for (index_t c = 0; c < columns; ++c) out[r * ld + c] = p[r * row_step + c * column_step];
}

// The same where rows are likely to be dense.
template <class T>
WEFT_INLINE void gather_rows(T const* p, index_t row_step, index_t column_step, index_t rows, index_t columns, T* out,
                             index_t ld) {
  if (column_step != 1 || columns == 0) return gather(p, row_step, column_step, rows, columns, out, ld);
  for (index_t r = 0; r < rows; ++r)
    std::memcpy(out + r * ld, p + r * row_step, static_cast<std::size_t>(columns) * sizeof(T));
}

// weft::compiled has these for each element type (engine/leaf.hpp declares more).
#define WEFT_TILES_OF(keyword, T)                                                                             \
  keyword template void gather<T>(T const*, index_t, index_t, index_t, index_t, T*, index_t);                 \
  keyword template void gather_row<T>(T const*, index_t const*, index_t const*, int, index_t, index_t, T*);
#ifdef WEFT_COMPILED
#define WEFT_EXTERN(T) WEFT_TILES_OF(extern, T)
WEFT_EACH_ELEMENT(WEFT_EXTERN)
#undef WEFT_EXTERN
#endif

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft
