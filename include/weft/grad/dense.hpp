// Loops of the backward pass that no tree takes part in: compiled once a type.
//
//   scatter_into(p, g, v)                        adds g to the places that a view shows
//   multiply_into(out, adds, m, n, k, a, b)      out (m, n) = or += a (m, k) b (k, n)
#pragma once
#include <weft/engine/assign.hpp>
#include <weft/grad/sink.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace reverse {

template <int R, int C>
struct geometry {
  extents<R> own;
  expr::axis_sources<C> from;
  extents<C> child;
};

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

// Adds the driver's tiles to what is there.
template <class T>
struct added_tiles {
  T* out;  // (m, n)
  index_t ld;
  static void finish(void const* self, index_t row, index_t column, index_t rows, index_t columns, T* tile,
                     index_t tile_ld) {
    auto const& me = *static_cast<added_tiles const*>(self);
    constexpr int N = simd::lanes<T>;
    for (index_t r = 0; r < rows; ++r) {
      T* const to = me.out + (row + r) * me.ld + column;
      T const* const from = tile + r * tile_ld;
      index_t i = 0;
      for (; i + N <= columns; i += N) (pack<T, N>::load(to + i) + pack<T, N>::load(from + i)).store(to + i);
      for (; i < columns; ++i) to[i] += from[i];
    }
  }
};
// out (m, n) = or += a (m, k) b (k, n)
template <class T>
[[gnu::noinline]] void multiply_into(T* out, bool adds, index_t m, index_t n, index_t k,
                                     engine::matrix_source<T> const& a, engine::matrix_source<T> const& b) {
  counters().kernels += 1;
  engine::matrix_sink<T> c;
  added_tiles<T> const tiles{out, n};
  if (adds) {
    c.self = &tiles;
    c.finish = &added_tiles<T>::finish;
  } else {
    c.data = out;
    c.ld = n;
  }
  engine::gemm<T>(m, n, k, a, b, c);
}

// The memory of an operand; what has none is evaluated.
template <class T>
struct matrix {
  tensor<T, 2> kept;
  engine::matrix_source<T> source;

  engine::matrix_source<T> transposed() const {
    engine::matrix_source<T> s = source;
    s.row_stride = source.column_stride;
    s.column_stride = source.row_stride;
    return s;
  }
};
template <class T, class V>
matrix<T> matrix_of(V const& v) {
  using with = engine::context<2, 0, true>;
  using cursor = engine::bound<with, V>;
  matrix<T> x;
  if constexpr (std::is_same_v<cursor, engine::memory<T>>) {
    frame f;
    engine::set_extents<2>(f, v.sizes());
    engine::table<cursor> leaves;
    binder b = leaves.into(f);
    engine::bind<with>(v, b, engine::whole_domain<2>{}, no_names{});
    engine::place_leaves(leaves.at, cursor::leaves, f);
    x.source.data = static_cast<T const*>(leaves.at[0].base);
    x.source.row_stride = leaves.at[0].stride[0];
    x.source.column_stride = leaves.at[0].stride[1];
  } else {
    x.kept = engine::evaluated<T, 2>(v);
    x.source.data = std::as_const(x.kept).data();
    x.source.row_stride = v.sizes()[1];
    x.source.column_stride = 1;
  }
  return x;
}

// Own axes 0 and 1 are the child's 1 and 0.
template <class A, weft::shape D>
bool is_transpose(expr::view<A, D> const& v) {
  if constexpr (D.rank == 2 && A::dims.rank == 2) {
    auto const s = v.a.sizes();
    return v.from[0].axis == 1 && v.from[1].axis == 0 && v.from[0].step == 1 && v.from[1].step == 1 &&
           v.ext[0] == s[1] && v.ext[1] == s[0];
  } else {
    return false;
  }
}
}  // namespace reverse
}  // namespace WEFT_ISA
}  // namespace weft
