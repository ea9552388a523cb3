// Operands and results whose elements are of another type than the product is computed in.
//
//   gemm::converted<int32, int8> a{{.data = p, .row_stride = k, .column_stride = 1}}, b{...};
//   gemm::stored<int32, int8> c{.data = out, .ld = n};
//   gemm::multiply<int32>(m, n, k, a.source(), b.source(), c.sink());     // c modulo 2^8, exactly
//
// Elements are converted block by block while operands are packed and while finished blocks are in cache. A half type is
// to be read as float in the same way: it needs a conversion of packs (simd/convert.hpp), and nothing here.
#pragma once
#include <weft/core/arena.hpp>
#include <weft/gemm/operand.hpp>
#include <weft/simd/convert.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace gemm {

// out (count) = in (count)
template <class T, class S>
WEFT_INLINE void convert_row(S const* in, T* out, index_t count) {
  constexpr int width = simd::lanes<T> < simd::lanes<S> ? simd::lanes<T> : simd::lanes<S>;
  index_t i = 0;
  for (; i + width <= count; i += width) simd::convert<T>(simd::pack<S, width>::load(in + i)).store(out + i);
  for (; i < count; ++i) out[i] = static_cast<T>(in[i]);
}

// An operand of type S for a product computed in T. It must outlive the product, and not move during it.
template <class T, class S>
struct converted {
  gemm::source<S> from;

  gemm::source<T> source() const {
    return {.self = this, .read = &read, .whole_rows = !from.data && from.whole_rows};
  }

 private:
  static void read(void const* self, index_t row, index_t column, index_t rows, index_t columns, T* out, index_t ld) {
    gemm::source<S> const& x = static_cast<converted const*>(self)->from;
    if (!x.data) {
      arena_scope scope;
      S* const block = scope.take<S>(rows * columns);  // (rows, columns)
      x.read(x.self, row, column, rows, columns, block, columns);
      for (index_t i = 0; i < rows; ++i) convert_row(block + i * columns, out + i * ld, columns);
      return;
    }
    S const* const in = x.data + row * x.row_stride + column * x.column_stride;
    if (x.column_stride == 1) {
      for (index_t i = 0; i < rows; ++i) convert_row(in + i * x.row_stride, out + i * ld, columns);
      return;
    }
    // Squares, so that the lines on both sides stay in the first cache.
    constexpr index_t side = 32;
    for (index_t i = 0; i < rows; i += side)
      for (index_t j = 0; j < columns; j += side)
        for (index_t p = i; p < rows && p < i + side; ++p)
          for (index_t q = j; q < columns && q < j + side; ++q)
            out[p * ld + q] = static_cast<T>(in[p * x.row_stride + q * x.column_stride]);
  }
};

// A result of type R for a product computed in T: data (m, n), row-major with step ld. Integers keep their low bits. It
// must outlive the product.
template <class T, class R>
struct stored {
  R* data;
  index_t ld;

  gemm::sink<T> sink() const { return {.self = this, .finish = &finish}; }

 private:
  static void finish(void const* self, index_t row, index_t column, index_t rows, index_t columns, T* tile,
                     index_t tile_ld) {
    auto const& me = *static_cast<stored const*>(self);
    for (index_t i = 0; i < rows; ++i) convert_row(tile + i * tile_ld, me.data + (row + i) * me.ld + column, columns);
  }
};

}  // namespace gemm
}  // namespace WEFT_ISA
}  // namespace weft
