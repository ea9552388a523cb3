// Orders streaming stores before whatever this thread writes next.
#pragma once
#include <weft/config.hpp>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace weft {
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
