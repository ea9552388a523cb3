// Value and gradient of row programs as a user writes them, against loops by hand: softmax and layer norm over the last
// axis, mean(square(tanh(x * w + b))) with rows w and b, and mean(sigmoid(a * b + c) * tanh(d)) as in the autograd
// family.
//
// The limit (`intrin`) is a fused loop of bench/hand/rows.hpp, `forward` the hand-written loop for the value alone:
// limit/forward is what a gradient costs by hand. Column sums are added up a task of 64 rows at a time, by hand too,
// and --threads gives both sides threads of weft's pool. Everything is checked in double precision before it is
// measured; the counter `err` is the largest error of a gradient in relation to its largest element.
#include <benchmark/benchmark.h>
#include <weft/weft.hpp>

#include "hand/rows.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

using weft::axis, weft::index_t, weft::keepdims, weft::tensor, weft::wrt;
constexpr float epsilon = 1e-5f;

struct problem {
  index_t rows, columns;
  tensor<float, 2> x, g;
  tensor<float, 1> w, b;  // gain and shift
  tensor<float, 2> c, d;

  problem(index_t rows, index_t columns)
      : rows(rows),
        columns(columns),
        x(weft::random::uniform<float>({rows, columns}, -4, 4)),
        g(weft::random::normal<float>({rows, columns})),
        w(weft::random::uniform<float>({columns}, 0.5, 1.5)),
        b(weft::random::uniform<float>({columns}, -1, 1)),
        c(weft::random::normal<float>({rows, columns})),
        d(weft::random::normal<float>({rows, columns})) {}
};
struct answer {
  double value = 0;
  tensor<float, 2> dx;
  tensor<float, 1> dw, db;
  tensor<float, 2> more[3];  // with respect to g, c and d, of four operands
};
// What is right, in double precision; `size` is what an error of the value is held against.
struct truth {
  double value = 0, size = 0;
  std::vector<double> dx, dw, db, more[3];
};

// ---- as a user writes them

auto softmax_of(auto const& x) {
  return weft::let(exp(x - max(x, axis<-1>, keepdims)), [](auto e) { return e / sum(e, axis<-1>, keepdims); });
}
auto layer_norm_of(auto const& x, auto const& gain, auto const& shift) {
  return weft::let(x - mean(x, axis<-1>, keepdims), [&](auto centred) {
    return centred * rsqrt(mean(square(centred), axis<-1>, keepdims) + epsilon) * gain + shift;
  });
}
auto const softmax_loss = [](auto const& x, auto const& g) { return sum(softmax_of(x) * g); };
auto const layer_norm_loss = [](auto const& x, auto const& gain, auto const& shift, auto const& g) {
  return sum(layer_norm_of(x, gain, shift) * g);
};
auto const leaves_loss = [](auto const& a, auto const& b, auto const& c, auto const& d) {
  return mean(sigmoid(a * b + c) * tanh(d));
};
auto const tanh_loss = [](auto const& x, auto const& w, auto const& b) { return mean(square(tanh(x * w + b))); };

// As in a training loop, where the last step's gradients are gone when the next one begins.
void weft_softmax(problem const& p, answer& a) {
  a.dx = tensor<float, 2>();
  auto [value, dx] = weft::value_and_grad(softmax_loss, wrt<0>)(p.x, p.g);
  a.value = double(value);
  a.dx = std::move(dx);
}
template <class Result>
void keep(answer& a, Result&& result) {
  auto& [value, gradients] = result;
  auto& [dx, dw, db] = gradients;
  a.value = double(value);
  a.dx = std::move(dx);
  a.dw = std::move(dw);
  a.db = std::move(db);
}
void weft_layer_norm(problem const& p, answer& a) {
  a = answer();
  keep(a, weft::value_and_grad(layer_norm_loss, wrt<0, 1, 2>)(p.x, p.w, p.b, p.g));
}
void weft_tanh(problem const& p, answer& a) {
  a = answer();
  keep(a, weft::value_and_grad(tanh_loss, wrt<0, 1, 2>)(p.x, p.w, p.b));
}
void weft_leaves(problem const& p, answer& a) {
  a = answer();
  auto [value, gradients] = weft::value_and_grad(leaves_loss, wrt<0, 1, 2, 3>)(p.x, p.g, p.c, p.d);
  auto& [da, db, dc, dd] = gradients;
  a.value = double(value);
  a.dx = std::move(da);
  a.more[0] = std::move(db);
  a.more[1] = std::move(dc);
  a.more[2] = std::move(dd);
}

// ---- what is right

truth softmax_truth(problem const& p) {
  truth t;
  t.dx.resize(std::size_t(p.x.size()));
  std::vector<double> e(std::size_t(p.columns));
  for (index_t r = 0; r < p.rows; ++r) {
    float const *x = p.x.data() + r * p.columns, *g = p.g.data() + r * p.columns;
    double const top = *std::max_element(x, x + p.columns);
    double sum = 0, dot = 0;
    for (index_t c = 0; c < p.columns; ++c) {
      e[std::size_t(c)] = std::exp(x[c] - top);
      sum += e[std::size_t(c)];
      dot += e[std::size_t(c)] * g[c];
    }
    dot /= sum;
    t.value += dot;
    t.size += std::abs(dot);
    for (index_t c = 0; c < p.columns; ++c)
      t.dx[std::size_t(r * p.columns + c)] = e[std::size_t(c)] / sum * (g[c] - dot);
  }
  return t;
}
truth layer_norm_truth(problem const& p) {
  truth t;
  double const count = double(p.columns);
  t.dx.resize(std::size_t(p.x.size()));
  t.dw.resize(std::size_t(p.columns));
  t.db.resize(std::size_t(p.columns));
  for (index_t r = 0; r < p.rows; ++r) {
    float const *x = p.x.data() + r * p.columns, *g = p.g.data() + r * p.columns;
    double mean = 0, variance = 0, h_sum = 0, hn_sum = 0;
    for (index_t c = 0; c < p.columns; ++c) mean += x[c];
    mean /= count;
    for (index_t c = 0; c < p.columns; ++c) variance += (x[c] - mean) * (x[c] - mean);
    double const w = 1 / std::sqrt(variance / count + double(epsilon));
    for (index_t c = 0; c < p.columns; ++c) {
      double const n = (x[c] - mean) * w, h = double(g[c]) * p.w(c);
      h_sum += h;
      hn_sum += h * n;
      t.dw[std::size_t(c)] += g[c] * n;
      t.db[std::size_t(c)] += g[c];
      t.value += h * n + double(g[c]) * p.b(c);
      t.size += std::abs(h * n);
    }
    for (index_t c = 0; c < p.columns; ++c) {
      double const n = (x[c] - mean) * w, h = double(g[c]) * p.w(c);
      t.dx[std::size_t(r * p.columns + c)] = w * (h - h_sum / count - n * hn_sum / count);
    }
  }
  return t;
}
truth tanh_truth(problem const& p) {
  truth t;
  double const count = double(p.x.size());
  t.dx.resize(std::size_t(p.x.size()));
  t.dw.resize(std::size_t(p.columns));
  t.db.resize(std::size_t(p.columns));
  for (index_t i = 0; i < p.x.size(); ++i) {
    index_t const c = i % p.columns;
    double const x = p.x.data()[i], y = std::tanh(x * p.w(c) + p.b(c)), d = 2 / count * y * (1 - y * y);
    t.value += y * y / count;
    t.dx[std::size_t(i)] = d * p.w(c);
    t.dw[std::size_t(c)] += d * x;
    t.db[std::size_t(c)] += d;
  }
  t.size = t.value;
  return t;
}

truth leaves_truth(problem const& p) {
  truth t;
  std::size_t const count = std::size_t(p.x.size());
  t.dx.resize(count);
  for (auto& m : t.more) m.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    double const a = p.x.data()[i], b = p.g.data()[i], c = p.c.data()[i], d = p.d.data()[i];
    double const s = 1 / (1 + std::exp(-(a * b + c))), y = std::tanh(d), ds = y * s * (1 - s) / double(count);
    t.value += s * y / double(count);
    t.size += std::abs(s * y) / double(count);
    t.dx[i] = ds * b;
    t.more[0][i] = ds * a;
    t.more[1][i] = ds;
    t.more[2][i] = s * (1 - y * y) / double(count);
  }
  return t;
}

double worst(float const* got, std::vector<double> const& want) {
  double error = 0, size = 0;
  for (std::size_t i = 0; i < want.size(); ++i) {
    double const e = std::abs(double(got[i]) - want[i]);
    if (!(e <= error)) error = e;
    size = std::max(size, std::abs(want[i]));
  }
  return size > 0 ? error / size : error;
}
double worst(answer const& a, truth const& t) {
  double error = std::abs(a.value - t.value) / t.size;
  auto const more = [&](auto const& got, std::vector<double> const& want) {
    if (std::size_t(got.size()) != want.size())
      error = INFINITY;
    else if (!want.empty())
      error = std::max(error, worst(got.data(), want));
  };
  more(a.dx, t.dx);
  if (!t.dw.empty()) more(a.dw, t.dw);
  if (!t.db.empty()) more(a.db, t.db);
  for (int i = 0; i < 3; ++i)
    if (!t.more[i].empty()) more(a.more[i], t.more[i]);
  return error;
}

// ---- by hand

using work = std::function<void(problem const&, answer&)>;

#if WEFT_BENCH_HAS_HAND
// f(first row, rows, the task's column sums) for each task; the column sums go to `totals`. The sum of what f gives.
struct tasks {
  std::vector<float> sums;
  std::vector<double> values;

  template <class F>
  double run(index_t rows, index_t width, float* totals, F f) {
    index_t const each = index_t(hand::task_rows), count = (rows + each - 1) / each;
    sums.resize(std::size_t(count * width));
    values.resize(std::size_t(count));
    weft::parallel_for(count, [&](index_t i) {
      float* mine = sums.data() + i * width;
      std::fill_n(mine, width, 0.f);
      values[std::size_t(i)] = f(i * each, std::min(each, rows - i * each), mine);
    });
    std::fill_n(totals, width, 0.f);
    double value = 0;
    for (index_t i = 0; i < count; ++i) {
      value += values[std::size_t(i)];
      for (index_t c = 0; c < width; ++c) totals[c] += sums[std::size_t(i * width + c)];
    }
    return value;
  }
};

// Results lie in memory that is there already.
struct memory {
  tasks t;
  std::vector<float> down;
};
void make_room(problem const& p, answer& a, memory& m) {
  if (a.dx.size() == p.x.size()) return;
  a.dx = weft::zeros<float>({p.rows, p.columns});
  a.dw = weft::zeros<float>({p.columns});
  a.db = weft::zeros<float>({p.columns});
  m.down.resize(std::size_t(2 * p.columns));
}
void hand_softmax(problem const& p, answer& a, memory& m) {
  float const *x = p.x.data(), *g = p.g.data();
  float* dx = a.dx.data();
  a.value = m.t.run(p.rows, 0, nullptr, [&](index_t first, index_t rows, float*) {
    index_t const at = first * p.columns;
    return hand::softmax_gradient(x + at, g + at, dx + at, std::size_t(rows), std::size_t(p.columns));
  });
}
void hand_layer_norm(problem const& p, answer& a, memory& m) {
  float const *x = p.x.data(), *g = p.g.data(), *w = p.w.data(), *b = p.b.data();
  float* dx = a.dx.data();
  index_t const n = p.columns;
  a.value = m.t.run(p.rows, 2 * n, m.down.data(), [&](index_t first, index_t rows, float* down) {
    index_t const at = first * n;
    return hand::layer_norm_gradient(x + at, g + at, w, dx + at, down, down + n, std::size_t(rows), std::size_t(n));
  });
  std::copy_n(m.down.data(), n, a.dw.data());
  std::copy_n(m.down.data() + n, n, a.db.data());
  for (index_t c = 0; c < n; ++c) a.value += double(b[c]) * double(m.down[std::size_t(n + c)]);
}
void hand_tanh(problem const& p, answer& a, memory& m) {
  float const *x = p.x.data(), *w = p.w.data(), *b = p.b.data();
  float* dx = a.dx.data();
  index_t const n = p.columns;
  float const share = 1 / float(p.x.size());
  a.value = m.t.run(p.rows, 2 * n, m.down.data(), [&](index_t first, index_t rows, float* down) {
    index_t const at = first * n;
    return hand::tanh_gradient<true>(x + at, w, b, share, dx + at, down, down + n, std::size_t(rows), std::size_t(n));
  });
  a.value *= double(share);
  std::copy_n(m.down.data(), n, a.dw.data());
  std::copy_n(m.down.data() + n, n, a.db.data());
}
void hand_leaves(problem const& p, answer& a, memory& m) {
  if (a.more[0].size() != p.x.size())
    for (auto& t : a.more) t = weft::zeros<float>({p.rows, p.columns});
  float const *x = p.x.data(), *g = p.g.data(), *c = p.c.data(), *d = p.d.data();
  float *da = a.dx.data(), *db = a.more[0].data(), *dc = a.more[1].data(), *dd = a.more[2].data();
  float const share = 1 / float(p.x.size());
  a.value = m.t.run(p.rows, 0, nullptr, [&](index_t first, index_t rows, float*) {
    index_t const at = first * p.columns;
    return hand::leaves_gradient(x + at, g + at, c + at, d + at, share, da + at, db + at, dc + at, dd + at,
                                 std::size_t(rows * p.columns));
  });
  a.value *= double(share);
}
template <class F>
work by_hand(F f) {
  auto const m = std::make_shared<memory>();
  return [m, f](problem const& p, answer& a) {
    make_room(p, a, *m);
    f(p, a, *m);
  };
}

// The value alone. That of a row program is all of its elements, which are in `dx` here.
void forward_softmax(problem const& p, answer& a, memory& m) {
  float const* x = p.x.data();
  float* y = a.dx.data();
  m.t.run(p.rows, 0, nullptr, [&](index_t first, index_t rows, float*) {
    hand::softmax(x + first * p.columns, y + first * p.columns, std::size_t(rows), std::size_t(p.columns));
    return 0.;
  });
}
void forward_layer_norm(problem const& p, answer& a, memory& m) {
  float const *x = p.x.data(), *w = p.w.data(), *b = p.b.data();
  float* y = a.dx.data();
  m.t.run(p.rows, 0, nullptr, [&](index_t first, index_t rows, float*) {
    hand::layer_norm(x + first * p.columns, w, b, y + first * p.columns, std::size_t(rows), std::size_t(p.columns));
    return 0.;
  });
}
void forward_tanh(problem const& p, answer& a, memory& m) {
  float const *x = p.x.data(), *w = p.w.data(), *b = p.b.data();
  a.value = m.t.run(p.rows, 0, nullptr, [&](index_t first, index_t rows, float*) {
    return hand::tanh_gradient<false>(x + first * p.columns, w, b, 0, nullptr, nullptr, nullptr, std::size_t(rows),
                                      std::size_t(p.columns));
  });
  a.value /= double(p.x.size());
}
template <class E>
truth elements(E const& e) {
  tensor<float, 2> const y = e;
  truth t;
  t.size = 1;
  t.dx.assign(y.data(), y.data() + y.size());
  return t;
}
#endif

// ---- registration

void add(std::string const& name, problem const& p, work const& f, std::function<truth(problem const&)> const& right) {
  auto const checked = std::make_shared<double>(-1);
  benchmark::RegisterBenchmark(name.c_str(), [=, &p](benchmark::State& state) {
    answer a;
    f(p, a);
    if (*checked < 0) *checked = worst(a, right(p));
    state.counters["err"] = *checked;
    if (!(*checked <= 1e-5)) {
      state.SkipWithError("wrong result");
      return;
    }
    for (auto _ : state) {
      f(p, a);
      benchmark::ClobberMemory();
    }
  });
}

}  // namespace

int main(int count, char** words) {
  std::vector<std::unique_ptr<problem>> problems;
  for (auto [rows, columns] : {std::pair<index_t, index_t>{1024, 1024}, {4096, 512}, {8192, 128}}) {
    problem const& p = *problems.emplace_back(std::make_unique<problem>(rows, columns));
    std::string const at = "/f32/" + std::to_string(rows) + "x" + std::to_string(columns);
    add("softmax_grad/weft" + at, p, weft_softmax, softmax_truth);
    add("layernorm_grad/weft" + at, p, weft_layer_norm, layer_norm_truth);
    if (columns == 1024) {
      add("tanh_rows_grad/weft" + at, p, weft_tanh, tanh_truth);
      add("leaves_grad/weft" + at, p, weft_leaves, leaves_truth);
    }
#if WEFT_BENCH_HAS_HAND
    add("softmax_grad/intrin" + at, p, by_hand(hand_softmax), softmax_truth);
    add("softmax_grad/forward" + at, p, by_hand(forward_softmax),
        [](problem const& q) { return elements(softmax_of(q.x)); });
    add("layernorm_grad/intrin" + at, p, by_hand(hand_layer_norm), layer_norm_truth);
    add("layernorm_grad/forward" + at, p, by_hand(forward_layer_norm),
        [](problem const& q) { return elements(layer_norm_of(q.x, q.w, q.b)); });
    if (columns == 1024) {
      add("tanh_rows_grad/intrin" + at, p, by_hand(hand_tanh), tanh_truth);
      add("leaves_grad/intrin" + at, p, by_hand(hand_leaves), leaves_truth);
      add("tanh_rows_grad/forward" + at, p, by_hand(forward_tanh), [](problem const& q) {
        truth t = tanh_truth(q);
        return truth{t.value, t.size, std::vector<double>(t.dx.size()), {}, {}, {}};  // nothing but the value
      });
    }
#endif
  }
  benchmark::Initialize(&count, words);
  if (benchmark::ReportUnrecognizedArguments(count, words)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
