// Hand-written loops over rows: softmax and layer norm, their gradients, and the gradients of a scaled and shifted tanh
// and of a map of four operands.
// They are fused: a row (or a few) is read from memory once, and gone over while it is in the first cache. `columns` is
// a multiple of 64.
#pragma once
#include "vectors.hpp"

#include <cmath>
#include <cstddef>
#include <limits>

#if WEFT_BENCH_HAS_HAND
namespace hand {
using std::size_t;

inline constexpr float epsilon = 1e-5f;  // of layer norm
inline constexpr size_t task_rows = 64;  // rows a task: what a column sum adds up before it goes to the total

// f(i, accumulator) for each register of a row, four accumulators in turn.
template <class F>
inline void sweep(size_t columns, V (&sums)[4], F f) {
  for (size_t i = 0; i < columns; i += 4 * lanes) {
#pragma GCC unroll 4
    for (size_t u = 0; u < 4; ++u) f(i + u * lanes, sums[u]);
  }
}
template <class F>
inline void each(size_t columns, F f) {
  for (size_t i = 0; i < columns; i += 4 * lanes) {
#pragma GCC unroll 4
    for (size_t u = 0; u < 4; ++u) f(i + u * lanes);
  }
}
template <class F>
inline float sum_over(size_t columns, F f) {
  V s[4] = {};
  sweep(columns, s, [&](size_t i, V& sum) { sum = f(i, sum); });
  return add_up((s[0] + s[1]) + (s[2] + s[3]));
}
inline float row_max(float const* x, size_t columns) {
  V const low = set(-std::numeric_limits<float>::infinity());
  V s[4] = {low, low, low, low};
  sweep(columns, s, [=](size_t i, V& top) { top = larger(top, load(x + i)); });
  return largest(larger(larger(s[0], s[1]), larger(s[2], s[3])));
}

// ---- forward

inline void softmax(float const* x, float* y, size_t rows, size_t columns) {
  for (; rows--; x += columns, y += columns) {
    V const top = set(row_max(x, columns));
    V const w = set(1 / sum_over(columns, [=](size_t i, V sum) {
                      V const e = exp(load(x + i) - top);
                      store(y + i, e);
                      return sum + e;
                    }));
    each(columns, [=](size_t i) { store(y + i, load(y + i) * w); });
  }
}

struct moments {
  float mean, w;  // w = 1 / sqrt(variance + epsilon)
};
inline moments moments_of(float const* x, size_t columns) {
  float const mean = sum_over(columns, [=](size_t i, V sum) { return sum + load(x + i); }) / float(columns);
  V const m = set(mean);
  float const squares = sum_over(columns, [=](size_t i, V sum) {
    V const d = load(x + i) - m;
    return fma(d, d, sum);
  });
  return {mean, 1 / std::sqrt(squares / float(columns) + epsilon)};
}
inline void layer_norm(float const* x, float const* gain, float const* shift, float* y, size_t rows, size_t columns) {
  for (; rows--; x += columns, y += columns) {
    auto const [mean, scale] = moments_of(x, columns);
    V const m = set(mean), w = set(scale);
    each(columns, [=](size_t i) { store(y + i, fma((load(x + i) - m) * w, load(gain + i), load(shift + i))); });
  }
}

// ---- sum(softmax(x) * g) and its gradient: p (g - p . g)

inline double softmax_gradient(float const* x, float const* g, float* dx, size_t rows, size_t columns) {
  double value = 0;
  for (; rows--; x += columns, g += columns, dx += columns) {
    V const top = set(row_max(x, columns));
    V sums[4] = {}, dots[4] = {};
    for (size_t i = 0; i < columns; i += 4 * lanes) {
#pragma GCC unroll 4
      for (size_t u = 0; u < 4; ++u) {
        size_t const j = i + u * lanes;
        V const e = exp(load(x + j) - top);
        store(dx + j, e);
        sums[u] = sums[u] + e;
        dots[u] = fma(e, load(g + j), dots[u]);
      }
    }
    float const scale = 1 / add_up((sums[0] + sums[1]) + (sums[2] + sums[3]));
    float const dot = add_up((dots[0] + dots[1]) + (dots[2] + dots[3])) * scale;
    value += double(dot);
    V const w = set(scale), d = set(dot);
    each(columns, [=](size_t i) { store(dx + i, load(dx + i) * w * (load(g + i) - d)); });
  }
  return value;
}

// ---- sum(layer_norm(x, gain, shift) * g) and the gradients of x, gain and shift
//
// With n = (x - mean) w and h = g gain: dx = w (h - mean(h) - n mean(h n)), dgain = sum of g n, dshift = sum of g down
// the columns. `at_once` rows share the loads and stores of gain, dgain and dshift. The value lacks shift . dshift.
template <size_t at_once>
inline double layer_norm_gradient_of(float const* x, float const* g, float const* gain, float* dx, float* dgain,
                                     float* dshift, size_t columns) {
  V m[at_once], w[at_once], h_sum[at_once], hn_sum[at_once];
#pragma GCC unroll 8
  for (size_t u = 0; u < at_once; ++u) {
    auto const [mean, scale] = moments_of(x + u * columns, columns);
    m[u] = set(mean);
    w[u] = set(scale);
    h_sum[u] = hn_sum[u] = set(0);
  }
  for (size_t i = 0; i < columns; i += lanes) {
    V const by = load(gain + i);
    V down_gain = load(dgain + i), down_shift = load(dshift + i);
#pragma GCC unroll 8
    for (size_t u = 0; u < at_once; ++u) {
      V const n = (load(x + u * columns + i) - m[u]) * w[u], d = load(g + u * columns + i), h = d * by;
      down_gain = fma(d, n, down_gain);
      down_shift = down_shift + d;
      h_sum[u] = h_sum[u] + h;
      hn_sum[u] = fma(h, n, hn_sum[u]);
    }
    store(dgain + i, down_gain);
    store(dshift + i, down_shift);
  }
  double value = 0;
#pragma GCC unroll 8
  for (size_t u = 0; u < at_once; ++u) {
    float const hn = add_up(hn_sum[u]);
    value += double(hn);
    // dx = w h - (x - mean) along - level
    V const level = set(add_up(h_sum[u]) / float(columns)) * w[u], along = set(hn / float(columns)) * w[u] * w[u];
    float const *row = x + u * columns, *d = g + u * columns;
    float* out = dx + u * columns;
    V const centre = m[u], scale = w[u];
    each(columns, [=](size_t i) {
      V const h = load(d + i) * load(gain + i);
      store(out + i, fma(scale, h, fnma(load(row + i) - centre, along, set(0) - level)));
    });
  }
  return value;
}
// Adds to dgain and dshift.
inline double layer_norm_gradient(float const* x, float const* g, float const* gain, float* dx, float* dgain,
                                  float* dshift, size_t rows, size_t columns) {
  constexpr size_t at_once = 2;
  double value = 0;
  size_t r = 0;
  for (; r + at_once <= rows; r += at_once)
    value += layer_norm_gradient_of<at_once>(x + r * columns, g + r * columns, gain, dx + r * columns, dgain, dshift,
                                             columns);
  for (; r < rows; ++r)
    value +=
        layer_norm_gradient_of<1>(x + r * columns, g + r * columns, gain, dx + r * columns, dgain, dshift, columns);
  return value;
}

// ---- the sum of t^2, t = tanh(x w + b), and the gradients of its `share` by x, w and b; adds to dw and db

template <bool back>
inline double tanh_gradient(float const* x, float const* w, float const* b, float share, float* dx, float* dw,
                            float* db, size_t rows, size_t columns) {
  constexpr size_t at_once = 4;
  V const twice = set(2 * share);
  double value = 0;
  for (size_t r = 0; r < rows; r += at_once) {  // every number of rows here is a multiple of 4
    V sums[at_once] = {};
    for (size_t i = 0; i < columns; i += lanes) {
      V const by = load(w + i), more = load(b + i);
      V down_w = set(0), down_b = set(0);
#pragma GCC unroll 4
      for (size_t u = 0; u < at_once; ++u) {
        size_t const j = (r + u) * columns + i;
        V const in = load(x + j), t = tanh(fma(in, by, more)), square = t * t;
        sums[u] = sums[u] + square;
        if constexpr (back) {
          V const d = twice * fnma(square, t, t);
          store(dx + j, d * by);
          down_w = fma(d, in, down_w);
          down_b = down_b + d;
        }
      }
      if constexpr (back) {
        store(dw + i, load(dw + i) + down_w);
        store(db + i, load(db + i) + down_b);
      }
    }
    value += double(add_up((sums[0] + sums[1]) + (sums[2] + sums[3])));
  }
  return value;
}

// ---- the sum of s t, s = sigmoid(a b + c), t = tanh(d), and the gradients of its `share`

inline double leaves_gradient(float const* a, float const* b, float const* c, float const* d, float share, float* da,
                              float* db, float* dc, float* dd, size_t count) {
  V const k = set(share);
  V sums[4] = {};
  sweep(count, sums, [=](size_t i, V& sum) {
    V const x = load(a + i), y = load(b + i), s = sigmoid(fma(x, y, load(c + i))), t = tanh(load(d + i)), st = s * t;
    V const ds = k * fnma(st, s, st);
    sum = sum + st;
    store(da + i, ds * y);
    store(db + i, ds * x);
    store(dc + i, ds);
    store(dd + i, k * fnma(st, t, s));
  });
  return double(add_up((sums[0] + sums[1]) + (sums[2] + sums[3])));
}

}  // namespace hand
#endif
