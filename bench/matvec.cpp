// A matrix by a vector, from either side (`matvec`: y = a x, `vecmat`: y = x a), in float32 (s) and float64 (d).
//
// It reads the matrix once and does little else, so its limit (`hand`) is a loop that only adds up the matrix. The peers
// are OpenBLAS and Eigen, where they are installed.
#include <benchmark/benchmark.h>
#include <weft/weft.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#if WEFT_BENCH_HAS_OPENBLAS
#include <cblas.h>
#endif
#if WEFT_BENCH_HAS_EIGEN
#include <Eigen/Core>
#endif

namespace {

using weft::index_t, weft::tensor;

// c = a b, and every peer's memory for it. Shapes: a (m, k), b (k, n), c (m, n).
template <class T>
struct data {
  index_t m, n, k;
  tensor<T, 2> a, b, c;

  data(index_t m, index_t n, index_t k)
      : m(m), n(n), k(k), a(weft::random::normal<T>({m, k})), b(weft::random::normal<T>({k, n})),
        c(weft::zeros<T>({m, n})) {}

  bool right() const {  // a few elements, straight from the definition
    for (index_t s = 0; s < 8; ++s) {
      index_t const i = s * 7919 % m, j = s * 104729 % n;
      double want = 0, size = 0;
      for (index_t q = 0; q < k; ++q) {
        double const x = double(a(i, q)) * double(b(q, j));
        want += x;
        size += std::abs(x);
      }
      if (!(std::abs(double(c(i, j)) - want) <= 1e-5 * size)) return false;
    }
    return true;
  }
};

template <class T>
using shared = std::shared_ptr<data<T>>;
template <class T>
using action = std::function<void(data<T>&)>;

// `settle` puts into c what `work` left elsewhere: c is checked before anything is measured.
template <class T>
void add(std::string const& name, shared<T> const& d, action<T> const& work, action<T> const& settle = {}) {
  benchmark::RegisterBenchmark(name.c_str(), [d, work, settle](benchmark::State& state) {
    std::fill_n(d->c.data(), d->c.size(), T(0));
    work(*d);
    if (settle) settle(*d);
    if (!d->right()) {
      state.SkipWithError("wrong result");
      return;
    }
    for (auto _ : state) {
      work(*d);
      benchmark::ClobberMemory();
    }
  });
}

#if WEFT_BENCH_HAS_OPENBLAS
void blas(CBLAS_TRANSPOSE how, index_t m, index_t n, float const* a, float const* x, float* y) {
  cblas_sgemv(CblasRowMajor, how, blasint(m), blasint(n), 1, a, blasint(n), x, 1, 0, y, 1);
}
void blas(CBLAS_TRANSPOSE how, index_t m, index_t n, double const* a, double const* x, double* y) {
  cblas_dgemv(CblasRowMajor, how, blasint(m), blasint(n), 1, a, blasint(n), x, 1, 0, y, 1);
}
#endif
#if WEFT_BENCH_HAS_EIGEN
template <class T>
using matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
using column = Eigen::Matrix<T, Eigen::Dynamic, 1>;
template <class T>
Eigen::Map<matrix<T> const> seen(tensor<T, 2> const& x, index_t rows, index_t columns) {
  return {x.data(), rows, columns};
}
template <class T>
Eigen::Map<column<T> const> seen(tensor<T, 2> const& x) {
  return {x.data(), x.size()};
}
#endif

// Adds up memory in eight registers: as fast as it can be read.
template <class T>
T add_up(T const* p, index_t count) {
  typedef T wide __attribute__((vector_size(64)));
  constexpr index_t lanes = 64 / sizeof(T);
  wide sums[8] = {};
  index_t i = 0;
  for (; i + 8 * lanes <= count; i += 8 * lanes)
    for (int s = 0; s < 8; ++s) {
      wide x;
      std::memcpy(&x, p + i + s * lanes, sizeof x);
      sums[s] += x;
    }
  T total = 0;
  for (wide const& sum : sums)
    for (int lane = 0; lane < int(lanes); ++lane) total += sum[lane];
  for (; i < count; ++i) total += p[i];
  return total;
}

// (rows, columns) by a vector: y = a x, and from the left: y = x a.
template <class T>
void vectors(std::string const& type, index_t rows, index_t columns) {
  std::string const at = "/" + std::to_string(rows) + "x" + std::to_string(columns);
  auto const right = std::make_shared<data<T>>(rows, 1, columns), left = std::make_shared<data<T>>(1, columns, rows);
  tensor<T, 1> const x = weft::reshape(right->b, {columns}), x2 = weft::reshape(left->a, {rows});
  auto const y = std::make_shared<tensor<T, 1>>(), y2 = std::make_shared<tensor<T, 1>>();
  action<T> const known = [](data<T>& d) { d.c = matmul(d.a, d.b); };  // for loops that only read
  add<T>(type + "matvec/weft" + at, right, [x, y](data<T>& d) { *y = matmul(d.a, x); },
         [y](data<T>& d) { d.c = weft::reshape(*y, {d.m, 1}); });
  add<T>(type + "matvec/hand" + at, right,
         [](data<T>& d) { benchmark::DoNotOptimize(add_up(std::as_const(d.a).data(), d.a.size())); }, known);
  add<T>(type + "vecmat/weft" + at, left, [x2, y2](data<T>& d) { *y2 = matmul(x2, d.b); },
         [y2](data<T>& d) { d.c = weft::reshape(*y2, {1, d.n}); });
  add<T>(type + "vecmat/hand" + at, left,
         [](data<T>& d) { benchmark::DoNotOptimize(add_up(std::as_const(d.b).data(), d.b.size())); }, known);
#if WEFT_BENCH_HAS_OPENBLAS
  add<T>(type + "matvec/openblas" + at, right, [](data<T>& d) {
    blas(CblasNoTrans, d.m, d.k, std::as_const(d.a).data(), std::as_const(d.b).data(), d.c.data());
  });
  add<T>(type + "vecmat/openblas" + at, left, [](data<T>& d) {
    blas(CblasTrans, d.k, d.n, std::as_const(d.b).data(), std::as_const(d.a).data(), d.c.data());
  });
#endif
#if WEFT_BENCH_HAS_EIGEN
  add<T>(type + "matvec/eigen" + at, right, [](data<T>& d) {
    Eigen::Map<column<T>>(d.c.data(), d.m).noalias() = seen(d.a, d.m, d.k) * seen(d.b);
  });
  add<T>(type + "vecmat/eigen" + at, left, [](data<T>& d) {
    Eigen::Map<column<T>>(d.c.data(), d.n).noalias() = seen(d.b, d.k, d.n).transpose() * seen(d.a);
  });
#endif
}

}  // namespace

int main(int count, char** words) {
  // In the second cache, in the third, and 128 MiB: memory.
  for (auto [rows, columns] : {std::pair<index_t, index_t>{128, 128}, {1000, 777}, {8192, 4096}}) {
    vectors<float>("s", rows, columns);
    vectors<double>("d", rows, columns / 2);
  }
  benchmark::Initialize(&count, words);
  if (benchmark::ReportUnrecognizedArguments(count, words)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
