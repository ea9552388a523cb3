// The cotangent of what a view looks at: the places that it shows get what it got, the others nothing.
#pragma once
#include <weft/engine/assign.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace autodiff {

template <int R, int C>
struct geometry {
  extents<R> own;
  expr::axis_sources<C> from;
  extents<C> child;
};
template <class V>
auto geometry_of(V const& v) {
  return geometry<V::dims.rank, expr::kid_t<0, V>::dims.rank>{v.ext, v.from, expr::kid<0>(v).sizes()};
}

// Adds `g` to the places that a view shows.
template <class T, int R, int C>
void scatter_into(T* p, tensor<T, R> const& g, geometry<R, C> const& v) {
  index_t dense[max_rank + 1];
  engine::dense_strides(v.child.data(), C, dense);
  index_t start = 0, stride[max_rank + 1] = {};
  for (std::size_t c = 0; c < static_cast<std::size_t>(C); ++c) {
    start += v.from[c].start * dense[c];
    if (v.from[c].axis >= 0) stride[v.from[c].axis] += v.from[c].step * dense[c];
  }
  index_t const n = g.size();
  T const* const from = g.data();
  index_t at[max_rank + 1] = {};
  index_t o = start;
  for (index_t i = 0; i < n; ++i) {
    p[o] += from[i];
    for (int d = R - 1; d >= 0; --d) {
      o += stride[d];
      if (++at[d] < v.own[static_cast<std::size_t>(d)]) break;
      o -= at[d] * stride[d];
      at[d] = 0;
    }
  }
}
template <class T, int R, int C>
tensor<T, C> scattered(tensor<T, R> const& g, geometry<R, C> const& v) {
  tensor<T, C> out;
  out.prepare(v.child);
  T* const p = out.data();
  std::memset(p, 0, static_cast<std::size_t>(out.size()) * sizeof(T));
  scatter_into(p, g, v);
  return out;
}

}  // namespace autodiff
}  // namespace WEFT_ISA
}  // namespace weft
