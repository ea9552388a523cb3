// Attention, softmax(q k' s + mask) v, as one statement (`weft`), against the same mathematics step by step: with
// weft's statements (`steps`), and with OpenBLAS's products around a hand-written softmax (`openblas`).
//
// Peak memory is what a run holds at once beyond its operands, the result with it. Steps write into tensors that are
// there already, so theirs is what those take.
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

#if WEFT_BENCH_HAS_OPENBLAS
#include <cblas.h>
#endif

namespace {

using weft::axis, weft::index_t, weft::tensor;

struct problem {
  index_t length, width;
  float scale;
  bool masked;
  tensor<float, 2> q, k, v, mask;

  problem(index_t length, index_t width, bool masked)
      : length(length),
        width(width),
        scale(1 / std::sqrt(float(width))),
        masked(masked),
        q(weft::random::normal<float>({length, width})),
        k(weft::random::normal<float>({length, width})),
        v(weft::random::normal<float>({length, width})) {
    if (masked) mask = weft::random::uniform<float>({length, length}, -1, 0);
  }

  bool right(tensor<float, 2> const& y) const {  // a few rows, straight from the definition
    if (y.shape() != v.shape()) return false;
    std::vector<double> p(length, 0.), row(width, 0.);
    for (index_t s = 0; s < 8; ++s) {
      index_t const r = s * 7919 % length;
      double top = -INFINITY, sum = 0;
      for (index_t c = 0; c < length; ++c) {
        double dot = 0;
        for (index_t i = 0; i < width; ++i) dot += double(q(r, i)) * double(k(c, i));
        p[std::size_t(c)] = dot * double(scale) + (masked ? double(mask(r, c)) : 0);
        top = std::max(top, p[std::size_t(c)]);
      }
      std::fill(row.begin(), row.end(), 0);
      for (index_t c = 0; c < length; ++c) {
        double const e = std::exp(p[std::size_t(c)] - top);
        sum += e;
        for (index_t i = 0; i < width; ++i) row[std::size_t(i)] += e * double(v(c, i));
      }
      for (index_t i = 0; i < width; ++i)
        if (!(std::abs(double(y(r, i)) - row[std::size_t(i)] / sum) <= 1e-5)) return false;
    }
    return true;
  }
};

void whole(problem const& p, tensor<float, 2>& y) {
  if (p.masked)
    y = matmul(softmax(matmul(p.q, transpose(p.k)) * p.scale + p.mask, axis<-1>), p.v);
  else
    y = matmul(softmax(matmul(p.q, transpose(p.k)) * p.scale, axis<-1>), p.v);
}

struct kept {
  tensor<float, 2> scores, shares;
};
void steps(problem const& p, kept& t, tensor<float, 2>& y) {
  t.scores = matmul(p.q, transpose(p.k));
  if (p.masked)
    t.shares = softmax(t.scores * p.scale + p.mask, axis<-1>);
  else
    t.shares = softmax(t.scores * p.scale, axis<-1>);
  y = matmul(t.shares, p.v);
}

#if WEFT_BENCH_HAS_OPENBLAS && WEFT_BENCH_HAS_HAND
void openblas(problem const& p, std::vector<float>& scores, tensor<float, 2>& y) {
  index_t const n = p.length, d = p.width;
  if (y.size() != n * d) y = weft::zeros<float>({n, d});
  scores.resize(std::size_t(n * n));
  float* const s = scores.data();
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, blasint(n), blasint(n), blasint(d), p.scale, p.q.data(),
              blasint(d), p.k.data(), blasint(d), 0, s, blasint(n));
  float const* const mask = p.masked ? p.mask.data() : nullptr;
  weft::parallel_for((n + 15) / 16, [&](index_t task) {
    for (index_t r = task * 16; r < std::min(n, task * 16 + 16); ++r) {
      float* const row = s + r * n;
      if (mask)
        hand::each(std::size_t(n), [=](std::size_t i) {
          hand::store(row + i, hand::load(row + i) + hand::load(mask + r * n + index_t(i)));
        });
      hand::softmax(row, row, 1, std::size_t(n));
    }
  });
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, blasint(n), blasint(d), blasint(n), 1, s, blasint(n),
              p.v.data(), blasint(d), 0, y.data(), blasint(d));
}
#endif

using work = std::function<void(problem const&, tensor<float, 2>&)>;

// `make` gives the work and what it keeps from run to run, none of which is there before.
void add(std::string const& name, problem const& p, std::function<work()> const& make, bool counted = true) {
  benchmark::RegisterBenchmark(name.c_str(), [=, &p](benchmark::State& state) {
    weft::reset_memory_peak();
    auto const before = weft::memory_stats().bytes_in_use;
    work const f = make();
    tensor<float, 2> y;
    f(p, y);
    f(p, y);
    if (counted) state.counters["peak_bytes"] = double(weft::memory_stats().bytes_peak - before);
    if (!p.right(y)) {
      state.SkipWithError("wrong result");
      return;
    }
    for (auto _ : state) {
      f(p, y);
      benchmark::ClobberMemory();
    }
  });
}

}  // namespace

int main(int count, char** words) {
  std::vector<std::unique_ptr<problem>> problems;
  for (bool masked : {false, true})
    for (index_t length : {1024, 4096}) {
      problem const& p = *problems.emplace_back(std::make_unique<problem>(length, 64, masked));
      std::string const name = masked ? "attention_mask/" : "attention/";
      std::string const n = std::to_string(length), at = "/f32/" + n + "x" + n + "x64";
      add(name + "weft" + at, p, [] { return work(whole); });
      add(name + "steps" + at, p, [] {
        auto const t = std::make_shared<kept>();
        return work([t](problem const& p, tensor<float, 2>& y) { steps(p, *t, y); });
      });
#if WEFT_BENCH_HAS_OPENBLAS && WEFT_BENCH_HAS_HAND
      add(
          name + "openblas" + at, p,
          [] {
            auto const scores = std::make_shared<std::vector<float>>();
            return work([scores](problem const& p, tensor<float, 2>& y) { openblas(p, *scores, y); });
          },
          false);
#endif
    }
  benchmark::Initialize(&count, words);
  if (benchmark::ReportUnrecognizedArguments(count, words)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
