// What of weft/ops/sort.hpp is compiled once: a row in order, and the order of a row.
#pragma once
#include <weft/ops/sort.hpp>

#include <algorithm>

namespace weft {
inline namespace WEFT_ISA {
namespace ops {

template <class T>
[[gnu::noinline]] void sort_row(T* p, index_t n) {
  T* end = p + n;
  if constexpr (std::is_floating_point_v<T>)
    end = std::partition(p, end, [](T x) { return x == x; });
  std::sort(p, end);
}
template <class T>
[[gnu::noinline]] void order_row(T const* x, index_t n, index_t* out) {
  for (index_t i = 0; i < n; ++i) out[i] = i;
  std::stable_sort(out, out + n, [x](index_t a, index_t b) { return stands_before(x[a], x[b]); });
}

}  // namespace ops
}  // namespace WEFT_ISA
}  // namespace weft
