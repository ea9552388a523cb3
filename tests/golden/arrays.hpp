// Erased arrays of the golden files as tensors, and back.
#pragma once
#include <weft/core.hpp>

#include <cstring>

#include "tally.hpp"

namespace golden {

// The elements of `a` in extents of rank R: its own shape with axes of size 1 before it. R = 1 flattens.
template <class T, int R>
weft::tensor<T, R> as_tensor(any_tensor const& a, bool flat = false) {
  weft::extents<R> e{};
  std::size_t const own = a.shape.size();
  for (std::size_t i = 0; i < R; ++i) {
    bool const inside = !flat && i + own >= R;
    e[i] = inside ? a.shape[i + own - R] : 1;
  }
  if (flat) {
    index_t n = 1;
    for (index_t s : a.shape) n *= s;
    e[R - 1] = n;
  }
  weft::tensor<T, R> t;
  t.prepare(e);
  if (t.size() > 0) std::memcpy(t.data(), a.data(), sizeof(T) * static_cast<std::size_t>(t.size()));
  return t;
}

// The elements of an expression in the shape that is asked for.
template <class E>
any_tensor as_array(E const& expression, std::vector<index_t> const& shape) {
  auto const t = eval(expression);
  using T = weft::element_t<decltype(t)>;
  any_tensor a;
  a.dtype = weft::dtype_of<T>;
  a.shape = shape;
  a.buffer = weft::storage::allocate(sizeof(T) * static_cast<std::size_t>(t.size()));
  if (t.size() > 0) std::memcpy(a.buffer.data(), t.data(), a.buffer.bytes());
  return a;
}
template <class E>
any_tensor as_array(E const& expression) {
  auto const s = expression.sizes();
  return as_array(expression, std::vector<index_t>(s.begin(), s.end()));
}

inline bool asks_for(test_case const& c, std::string const& name) {
  for (auto const& g : c.grads)
    if (g == name) return true;
  return false;
}

}  // namespace golden
