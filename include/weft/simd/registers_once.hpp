// What of weft/simd/registers.hpp is compiled once: a few bytes of memory.
#pragma once
#include <weft/simd/registers.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace simd {
namespace detail {

#if WEFT_SIMD_LEVEL
// Two pieces that may overlap make up any number of bytes.
WEFT_INLINE std::uint64_t load_below_9(char const* p, int bytes) {
  if (bytes >= 4) {
    std::uint32_t first, last;
    __builtin_memcpy(&first, p, 4);
    __builtin_memcpy(&last, p + bytes - 4, 4);
    return first | std::uint64_t{last} << (8 * (bytes - 4));
  }
  if (bytes >= 2) {
    std::uint16_t first, last;
    __builtin_memcpy(&first, p, 2);
    __builtin_memcpy(&last, p + bytes - 2, 2);
    return first | std::uint64_t{last} << (8 * (bytes - 2));
  }
  return bytes > 0 ? static_cast<unsigned char>(*p) : 0;
}
WEFT_INLINE void store_below_9(char* p, std::uint64_t x, int bytes) {
  if (bytes >= 4) {
    auto const first = static_cast<std::uint32_t>(x), last = static_cast<std::uint32_t>(x >> (8 * (bytes - 4)));
    __builtin_memcpy(p, &first, 4);
    __builtin_memcpy(p + bytes - 4, &last, 4);
  } else if (bytes >= 2) {
    auto const first = static_cast<std::uint16_t>(x), last = static_cast<std::uint16_t>(x >> (8 * (bytes - 2)));
    __builtin_memcpy(p, &first, 2);
    __builtin_memcpy(p + bytes - 2, &last, 2);
  } else if (bytes > 0) {
    *p = static_cast<char>(x);
  }
}
[[gnu::noinline]] WEFT_ONCE ints<16> load_few(void const* p, int bytes) {
  char const* const at = static_cast<char const*>(p);
  std::uint64_t const low = load_below_9(at, bytes < 8 ? bytes : 8), high = bytes > 8 ? load_below_9(at + 8, bytes - 8) : 0;
  return ints<16>{static_cast<long long>(low), static_cast<long long>(high)};
}
[[gnu::noinline]] WEFT_ONCE void store_few(void* p, ints<16> v, int bytes) {
  char* const at = static_cast<char*>(p);
  store_below_9(at, static_cast<std::uint64_t>(v[0]), bytes < 8 ? bytes : 8);
  if (bytes > 8) store_below_9(at + 8, static_cast<std::uint64_t>(v[1]), bytes - 8);
}
#endif

}  // namespace detail
}  // namespace simd
}  // namespace WEFT_ISA
}  // namespace weft
