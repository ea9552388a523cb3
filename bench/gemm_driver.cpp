// What the erased boundary of the matrix product costs: relu((s a) b + bias) through gemm::multiply, where a function
// pointer reads each block of s a and another finishes each block of c, against the same blocking with both inlined.
//
//   g++ -std=c++20 -O2 -march=native -DNDEBUG -Iinclude bench/gemm_driver.cpp -o gemm_driver && ./gemm_driver
//
// Compile time: -DSTATEMENTS=8 makes eight different statements, -DONLY=1 the erased ones alone, -DONLY=2 the inlined.
#include <weft/gemm/multiply.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#ifndef STATEMENTS
#define STATEMENTS 1
#endif
#ifndef ONLY
#define ONLY 0
#endif

namespace {

using weft::index_t;
using weft::gemm::sink;
using weft::gemm::source;
using pack = weft::simd::pack<float, weft::simd::lanes<float>>;

// One statement: what is read and what is done at the end. I makes types that differ.
template <int I>
struct statement {
  float const* a;
  index_t k;
  float const* bias;

  WEFT_INLINE void prologue(index_t row, index_t column, index_t rows, index_t columns, float* out, index_t ld) const {
    pack const s(0.5f + float(I));
    for (index_t i = 0; i < rows; ++i) {
      float const* const from = a + (row + i) * k + column;
      index_t j = 0;
      for (; j + pack::size <= columns; j += pack::size) (s * pack::load(from + j)).store(out + i * ld + j);
      int const rest = int(columns - j);
      if (rest) (s * pack::load_partial(from + j, rest)).store_partial(out + i * ld + j, rest);
    }
  }
  WEFT_INLINE void epilogue(index_t column, index_t rows, index_t columns, float* tile, index_t ld) const {
    for (index_t i = 0; i < rows; ++i) {
      float* const to = tile + i * ld;
      index_t j = 0;
      for (; j + pack::size <= columns; j += pack::size)
        max(pack::load(to + j) + pack::load(bias + column + j), pack(float(I))).store(to + j);
      for (; j < columns; ++j) to[j] = std::max(to[j] + bias[column + j], float(I));
    }
  }
};

// The same blocking as gemm::multiply for square products, with prologue and epilogue compiled into it.
template <class Statement>
[[gnu::noinline]] void inlined(index_t m, index_t n, index_t k, Statement const& e, source<float> const& b,
                               float* c) {
  using namespace weft::gemm;
  index_t const blocks = std::max<index_t>(1, ceil_div(k, most_depth)), depth = ceil_div(k, blocks);
  bool const packed = n * index_t(sizeof(float)) > near_bytes;
  index_t const mb = m <= few_rows ? m : round_up(ceil_div(m, ceil_div(m, task_rows)), tile<float>::rows);
  index_t const ld = round_up(depth, 16), group = group_panels * tile<float>::columns;
  weft::arena_scope scope;
  float* const panels = scope.take<float>(packed ? panel_elements<float>(k, n) : 16);
  float* const left = scope.take<float>(mb * ld);
  for (index_t q = 0; packed && q < k; q += depth)
    pack_panels(b, q, 0, least(depth, k - q), n, panels + panel_elements<float>(q, n));
  for (index_t i = 0; i < m; i += mb)
    for (index_t q = 0; q < k; q += depth) {
      index_t const rows = least(mb, m - i), deep = least(depth, k - q);
      e.prologue(i, q, rows, deep, left, ld);
      right_block<float> r{b.data + q * n, n, tile<float>::columns, nullptr, 0};
      constexpr index_t wide = tile<float>::columns;
      if (packed) r = {panels + panel_elements<float>(q, n), wide, deep * wide, nullptr, 0};
      for (index_t j = 0; j < n; j += group) {
        float* const to = c + i * n + j;
        bool const fetch = m * n * index_t(sizeof(float)) > (index_t(1) << 19);
        sweep<float>(rows, least(group, n - j), deep, {left, ld, 1}, r, j / tile<float>::columns, to, n, q != 0, fetch);
        if (q + deep >= k) e.epilogue(j, rows, least(group, n - j), to, n);
      }
    }
}

template <class Statement>
[[gnu::noinline]] void erased(index_t m, index_t n, index_t k, Statement const& e, source<float> const& b,
                              float* c) {
  source<float> const a{
      .self = &e, .read = [](void const* self, index_t row, index_t column, index_t rows, index_t columns, float* out,
                             index_t ld) {
        static_cast<Statement const*>(self)->prologue(row, column, rows, columns, out, ld);
      }};
  sink<float> const out{
      .data = c, .ld = n, .self = &e, .finish = [](void const* self, index_t, index_t column, index_t rows,
                                                   index_t columns, float* tile, index_t ld) {
        static_cast<Statement const*>(self)->epilogue(column, rows, columns, tile, ld);
      }};
  weft::gemm::multiply<float>(m, n, k, a, b, out);
}

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }
double median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  return v[v.size() / 2];
}
template <class F>
double timed(long times, F f) {
  double const start = now();
  for (long i = 0; i < times; ++i) f();
  return (now() - start) / double(times);
}

template <int I>
void measure(index_t n) {
  auto const count = std::size_t(n * n), apart = (count + 15) / 16 * 16 + 144;  // not the same place of a page
  auto* const memory = static_cast<float*>(std::aligned_alloc(64, (4 * apart + std::size_t(n)) / 16 * 64 + 64));
  float *const a = memory, *const b = a + apart, *const c = b + apart, *const d = c + apart, *const bias = d + apart;
  for (std::size_t i = 0; i < 4 * apart + std::size_t(n); ++i) memory[i] = float(std::rand() % 200 - 100) / 100.f;
  source<float> const plain{.data = a, .row_stride = n, .column_stride = 1};
  source<float> const right{.data = b, .row_stride = n, .column_stride = 1};
  statement<I> const e{a, n, bias};
  long const times = std::max(1L, long(4e7 / (2.0 * double(n) * double(n) * double(n))));
  std::vector<double> bare, one, two, ratio;
  for (int round = 0; round < 401 && (round < 41 || n < 1000); ++round) {
    bare.push_back(timed(times, [&] { weft::gemm::multiply<float>(n, n, n, plain, right, {.data = c, .ld = n}); }));
    double x = 0, y = 0;
    if (ONLY != 2) one.push_back(x = timed(times, [&] { erased(n, n, n, e, right, c); }));
    if (ONLY != 1) two.push_back(y = timed(times, [&] { inlined(n, n, n, e, right, d); }));
    ratio.push_back(ONLY ? 1 : x / y);
  }
  bool const same = ONLY || std::memcmp(c, d, count * sizeof(float)) == 0;
  std::printf("%5ld  product alone %9.3f us", long(n), 1e6 * median(bare));
  if (ONLY != 2) std::printf("   erased %9.3f us", 1e6 * median(one));
  if (ONLY != 1) std::printf("   inlined %9.3f us", 1e6 * median(two));
  std::printf("   ratio %.3f   %s\n", median(ratio), same ? "same bits" : "DIFFERENT");
  std::free(memory);
}

template <int... I>
void measure_all(index_t n, std::integer_sequence<int, I...>) {
  (measure<I>(n), ...);
}

}  // namespace

int main(int argc, char** argv) {
  weft::set_num_threads(1);
  std::vector<index_t> sizes{32, 128, 512, 1024};
  if (argc > 1) sizes.clear();
  for (int i = 1; i < argc; ++i) sizes.push_back(std::atol(argv[i]));
  for (index_t n : sizes) measure_all(n, std::make_integer_sequence<int, STATEMENTS>{});
}
