// Stores that bypass the caches: they win where a result is so large that nothing of it would still be there when it is
// read again, and lose below that.
//
//   weft::set_streaming_threshold(bytes);  returns the one before; 32 MiB unless set
//   simd::fence();                         orders such stores before whatever this thread writes next
#pragma once
#include <weft/config.hpp>
#include <weft/core/dtype.hpp>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace weft {

namespace process {
inline constinit index_t streaming_threshold = index_t(32) << 20;
}

// Results of maps of this many bytes and more are stored past the caches, unless an operand is staged or rows don't begin
// and end at multiples of 64 bytes.
inline index_t set_streaming_threshold(index_t bytes) {
  return __atomic_exchange_n(&process::streaming_threshold, bytes, __ATOMIC_RELAXED);
}

inline namespace WEFT_ISA {
namespace simd {

WEFT_INLINE void fence() {
#if defined(__SSE2__)
  _mm_sfence();
#endif
}

}  // namespace simd
}  // namespace WEFT_ISA
}  // namespace weft
