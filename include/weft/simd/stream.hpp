// Stores that bypass the caches, for results so large that nothing of them is there when they are read again.
//
//   simd::stream_copy(to, from, bytes);   both aligned to 64 bytes, bytes a multiple of 64
//   simd::fence();                        orders them before whatever this thread writes next
#pragma once
#include <weft/core/dtype.hpp>
#include <weft/simd/pack.hpp>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace weft {
inline namespace WEFT_ISA {
namespace simd {

[[gnu::noinline]] inline void stream_copy(void* to, void const* from, index_t bytes) {
  using P = pack<float, lanes<float>>;
  auto* const t = static_cast<float*>(to);
  auto const* const f = static_cast<float const*>(from);
  for (index_t i = 0; i < bytes / 4; i += P::size) P::load(f + i).stream(t + i);
}

WEFT_INLINE void fence() {
#if defined(__SSE2__)
  _mm_sfence();
#endif
}

}  // namespace simd
}  // namespace WEFT_ISA
}  // namespace weft
