// Many products of the same sizes: one at each position of a batch, which has any number of axes.
//
//   index_t const extents[] = {8, 12}, a_steps[] = {12 * m * k, m * k}, b_steps[] = {0, k * n}, c_steps[] = ...;
//   gemm::batched_source<float> a{.data = x, .row_stride = k, .column_stride = 1, .steps = a_steps};
//   gemm::batched_source<float> b{.data = w, .row_stride = n, .column_stride = 1, .steps = b_steps};
//   gemm::batched_sink<float> c{.data = y, .ld = n, .steps = c_steps};
//   gemm::multiply<float>({2, extents}, m, n, k, a, b, c);      // b is the same for all 8 of the first axis
//
// Axes at the end of the batch along which b is the same, and a and c go on as their rows do, become rows of one larger
// product: (B, T, k) by (k, n) is one product of B T rows. Axes along which the result doesn't move are summed over, as
// part of k where both operands go on as k does: (B, T, k) transposed by (B, T, n) is one product over B T terms.
// Threads take positions where there are many small products, and share each product where there are a few large ones.
// The bits of a result don't depend on threads.
#pragma once
#include <weft/gemm/multiply.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace gemm {

inline constexpr int most_batch_axes = 16;

struct batch {
  int rank = 0;  // at most most_batch_axes
  index_t const* extents = nullptr;  // (rank)
};

// As gemm::source. At position p (rank) the memory begins at data + sum p[i] * steps[i], and `read` is told p. A step of 0
// means that the operand doesn't depend on this axis; of a lazy operand, nothing else is asked of its steps. Without
// steps it depends on none.
template <class T>
struct batched_source {
  T const* data = nullptr;
  index_t row_stride = 0, column_stride = 0;
  index_t const* steps = nullptr;  // (rank)
  void const* self = nullptr;
  void (*read)(void const* self, index_t const* position, index_t row, index_t column, index_t rows, index_t columns,
               T* out, index_t ld) = nullptr;
  bool whole_rows = false;
};

// As gemm::sink, and `finish` is told the position. Along axes of step 0 the products are added up, and `finish` is told 0;
// otherwise memory at different positions must not overlap. Without data, steps aren't looked at and nothing is summed.
template <class T>
struct batched_sink {
  T* data = nullptr;
  index_t ld = 0;
  bool add = false;
  index_t const* steps = nullptr;  // (rank)
  void const* self = nullptr;
  void (*finish)(void const* self, index_t const* position, index_t row, index_t column, index_t rows, index_t columns,
                 T* tile, index_t ld) = nullptr;
};

template <class T>
void multiply(batch const& over, index_t m, index_t n, index_t k, batched_source<T> const& a,
              batched_source<T> const& b, batched_sink<T> const& c);

#define WEFT_BATCH_OF(keyword, T)                                                                     \
  keyword template void multiply<T>(batch const&, index_t, index_t, index_t, batched_source<T> const&, \
                                    batched_source<T> const&, batched_sink<T> const&);
#ifdef WEFT_COMPILED
WEFT_BATCH_OF(extern, float)
WEFT_BATCH_OF(extern, double)
WEFT_BATCH_OF(extern, int32)
WEFT_BATCH_OF(extern, int64)
WEFT_BATCH_OF(extern, uint32)
WEFT_BATCH_OF(extern, uint64)
#endif

}  // namespace gemm
}  // namespace WEFT_ISA
}  // namespace weft

#ifndef WEFT_COMPILED
#include <weft/gemm/positions.hpp>
#endif
