// The matrix product: what a caller needs, and nothing that makes the compiler work.
//
//   gemm::multiply<float>(m, n, k, a, b, c);    // c (m, n) = a (m, k) b (k, n), operands as in gemm/operand.hpp
//
// Compiled once a type and instruction set. With WEFT_COMPILED that has been done elsewhere, for float, double, int32,
// int64, uint32 and uint64; without it, this header ends with the driver's.
#pragma once
#include <weft/gemm/operand.hpp>

#include <cstddef>

namespace weft {
inline namespace WEFT_ISA {
namespace gemm {

// The result must not overlap the operands. A value has the same bits for any number of threads, in any tile it lies in,
// from lazy operands and from memory, with and without `finish`; where m or n is 1, how an operand lies decides the order
// of a sum as well. k == 0 gives zeros.
template <class T>
void multiply(index_t m, index_t n, index_t k, source<T> const& a, source<T> const& b, sink<T> const& c);

// An upper bound for the scratch that one thread takes, without what operands and epilogues take themselves. It grows
// with k until the panels of b have no room in their budget, and not with m and n beyond the blocks. `left_rows`,
// `right_rows`: a or b is read in whole rows; b is then kept in scratch as a whole.
template <class T>
std::size_t scratch_bytes(index_t m, index_t n, index_t k, bool left_rows = false, bool right_rows = false);

#define WEFT_PRODUCT_OF(keyword, T)                                                                                  \
  keyword template void multiply<T>(index_t, index_t, index_t, source<T> const&, source<T> const&, sink<T> const&); \
  keyword template std::size_t scratch_bytes<T>(index_t, index_t, index_t, bool, bool);
#ifdef WEFT_COMPILED
WEFT_PRODUCT_OF(extern, float)
WEFT_PRODUCT_OF(extern, double)
WEFT_PRODUCT_OF(extern, int32)
WEFT_PRODUCT_OF(extern, int64)
WEFT_PRODUCT_OF(extern, uint32)
WEFT_PRODUCT_OF(extern, uint64)
#endif

}  // namespace gemm
}  // namespace WEFT_ISA
}  // namespace weft

#ifndef WEFT_COMPILED
#include <weft/gemm/driver.hpp>
#endif
