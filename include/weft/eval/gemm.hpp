// The names that the rest of the engine still uses for the product driver, which lives in weft/gemm/.
#pragma once
#include <weft/gemm/multiply.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace engine {

template <class T>
using matrix_source = gemm::source<T>;
template <class T>
using matrix_sink = gemm::sink<T>;

template <class T>
WEFT_INLINE void gemm(index_t m, index_t n, index_t k, matrix_source<T> const& a, matrix_source<T> const& b,
                      matrix_sink<T> const& c) {
  weft::gemm::multiply<T>(m, n, k, a, b, c);
}

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft
