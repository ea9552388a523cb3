// What the tests of gradients share.
#pragma once
#include <weft/core.hpp>

constexpr double near = 1e-6;  // of differences in float64

// Elements in [low, high], of no pattern.
template <int R>
weft::tensor<double, R> varied(weft::extents<R> const& e, double low, double high, unsigned seed) {
  weft::tensor<double, R> t;
  t.prepare(e);
  double* const p = t.data();
  unsigned s = seed * 2654435761u + 12345;
  for (weft::index_t i = 0; i < t.size(); ++i) {
    s = s * 1664525u + 1013904223u;
    p[i] = low + (high - low) * (s >> 8) / double(1u << 24);
  }
  return t;
}
