// The lanes of W rows of W packs, columns for rows: transpose(rows) in registers.
//
//   pack<float, 8> rows[8];   // rows[i][j]
//   transpose(rows);          // rows[j][i]
#pragma once
#include <weft/simd/lanes.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace simd {

namespace detail {

// The two packs whose lanes alternate between a and b: a0 b0 a1 b1 ... in order.
template <class T, int N>
WEFT_INLINE void interleave(pack<T, N>& a, pack<T, N>& b) {
  auto first = per_lane<T, N>([&](int i) { return i % 2 ? b[i / 2] : a[i / 2]; });
  b = per_lane<T, N>([&](int i) { return i % 2 ? b[(i + N) / 2] : a[(i + N) / 2]; });
  a = first;
}

}  // namespace detail

template <class T, int W>
WEFT_INLINE void transpose(pack<T, W> (&rows)[std::size_t{W}]) {
  alignas(64) T at[std::size_t{W}][std::size_t{W}];
  for (int i = 0; i < W; ++i) rows[i].store(at[i]);
  for (int i = 0; i < W; ++i) rows[i] = detail::per_lane<T, W>([&](int j) { return at[j][i]; });
}

}  // namespace simd
}  // namespace WEFT_ISA
}  // namespace weft
