// What a product reads and where it goes: memory with strides, or functions that are handed blocks.
//
//   gemm::source<float> x{.data = p, .row_stride = 1, .column_stride = ld};            // memory, here transposed
//   gemm::source<float> e{.self = &tree, .read = &read_block};                         // computed where it is needed
//   gemm::source<float> s{.self = &softmax, .read = &read_rows, .whole_rows = true};   // computed a row at a time
//   gemm::sink<float> c{.data = out, .ld = n, .add = true};                            // out += a b
//   gemm::sink<float> r{.data = out, .ld = n, .self = &f, .finish = &bias_and_relu};   // out = f(a b)
//
// T is the type that a product is computed in: float, double, or an integer of 32 or 64 bits, which wraps around.
// Operands and results of other types are converted on the way (gemm/conversion.hpp).
#pragma once
#include <weft/config.hpp>
#include <weft/core/dtype.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace gemm {

// An operand. Without `data` the driver calls `read`, which writes the elements (row .. row + rows, column .. column +
// columns) of the operand to out (rows, columns), row-major with step ld. It is called from several threads, more than
// once for the same block, and never for an empty block or one outside the operand. It may run products itself.
//
// whole_rows: `read` wants column == 0 and all columns of the operand. Each row is then asked for
// exactly once, many rows at a time: of a left operand for a task, of a right operand before the tasks begin.
template <class T>
struct source {
  T const* data = nullptr;
  index_t row_stride = 0, column_stride = 0;
  void const* self = nullptr;
  void (*read)(void const* self, index_t row, index_t column, index_t rows, index_t columns, T* out,
               index_t ld) = nullptr;
  bool whole_rows = false;
};

// Where the product goes: data (m, n), row-major with step ld. It is overwritten, or with `add` added to.
//
// `finish` is given every element of the result exactly once, in blocks, each as soon as it is ready and from several
// threads: the elements (row .. row + rows, column .. column + columns) lie in tile (rows, columns), row-major with
// step ld. With `data` that is the place of the block in data, after adding. Without `data` the block lives in the
// driver's scratch and `finish` is the only one to see it; `add` then means nothing.
template <class T>
struct sink {
  T* data = nullptr;
  index_t ld = 0;
  bool add = false;
  void const* self = nullptr;
  void (*finish)(void const* self, index_t row, index_t column, index_t rows, index_t columns, T* tile,
                 index_t ld) = nullptr;
};

}  // namespace gemm
}  // namespace WEFT_ISA
}  // namespace weft
