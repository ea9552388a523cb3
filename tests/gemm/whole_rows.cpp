// Operands that are computed a row at a time, from products of their own among others: each row is asked for once.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include "operands.hpp"

#include <algorithm>
#include <atomic>

using gemm::multiply;

namespace {

// The same numbers as another operand, but read in whole rows, which are counted.
struct rows_of {
  operand<float> const& from;
  std::vector<int> seen;
  std::atomic<index_t> most{0};
  std::atomic<bool> partial{false};

  explicit rows_of(operand<float> const& x) : from(x), seen(std::size_t(x.rows)) {}
  gemm::source<float> source() const { return {.self = this, .read = &read, .whole_rows = true}; }
  bool each_once() const {
    return !partial && std::all_of(seen.begin(), seen.end(), [](int n) { return n == 1; });
  }

  static void read(void const* self, index_t row, index_t column, index_t rows, index_t columns, float* out,
                   index_t ld) {
    auto& me = *const_cast<rows_of*>(static_cast<rows_of const*>(self));
    if (column != 0 || columns != me.from.columns || rows <= 0) me.partial = true;
    for (index_t most = me.most; rows > most && !me.most.compare_exchange_weak(most, rows);) {
    }
    for (index_t i = 0; i < rows; ++i) me.seen[std::size_t(row + i)] += 1;
    operand<float>::read(&me.from, row, column, rows, columns, out, ld);
  }
};

struct shape {
  index_t m, n, k;
};
// Small, one tile and one more, several blocks of k, more columns than a task has, no terms, vectors.
shape const shapes[] = {{2, 2, 1},       {5, 3, 7},      {15, 33, 17},  {40, 64, 300},   {300, 64, 1030}, {500, 20, 70},
                        {200, 1500, 40}, {30, 2100, 90}, {60, 40, 513}, {7, 9, 0},       {1, 1, 30},      {1, 70, 200},
                        {1, 5000, 20},   {90, 1, 40},    {2000, 1, 600}, {1, 3000, 600}, {3, 5, 20000}};

}  // namespace

TEST_CASE("left, right and both: the bits of memory, each row once") {
  for (int threads : {1, 2, 5}) {
    weft::set_num_threads(threads);
    for (shape const& s : shapes) {
      operand<float> const a(s.m, s.k, layout::rows);
      operand<float> b(s.k, s.n, layout::rows);
      CAPTURE(s.m);
      CAPTURE(s.n);
      CAPTURE(s.k);
      for (int which = 1; which < 4; ++which)
        for (bool in_memory : {true, false}) {
          CAPTURE(which);
          // A row times a matrix in memory is summed in an order that its stride decides.
          b.lazy = s.m == 1 && which & 2;
          result<float> want(s.m, s.n, 1);
          multiply<float>(s.m, s.n, s.k, a.source(), b.source(), want.sink());
          rows_of const left(a), right(b);
          result<float> got(s.m, s.n, 1);
          epilogue<float> end(s.m, s.n);
          gemm::sink<float> c = got.sink();
          if (!in_memory) c = {.self = &end, .finish = &epilogue<float>::finish};
          multiply<float>(s.m, s.n, s.k, which & 1 ? left.source() : a.source(), which & 2 ? right.source() : b.source(), c);
          if (s.k > 0 && which & 1) CHECK(left.each_once());
          if (s.k > 0 && which & 2) CHECK(right.each_once());
          CHECK(left.most <= 192);
          index_t different = 0;
          if (in_memory) {
            different = std::memcmp(got.memory.data(), want.memory.data(), want.memory.size() * sizeof(float)) != 0;
          } else {
            for (index_t i = 0; i < s.m; ++i)
              for (index_t j = 0; j < s.n; ++j) {
                auto const at = std::size_t(i * s.n + j);
                float const x = want.memory[std::size_t(i * want.ld + j)];
                different += end.seen[at] != 1 || end.stored[at] != 2 * x + float(i) + float(j);
              }
          }
          CHECK(different == 0);
        }
    }
  }
  weft::set_num_threads(0);
}

TEST_CASE("b has no room for shared panels") {
  index_t const m = 400, n = 1200, k = 2000;
  operand<float> const a(m, k, layout::rows);
  for (bool lazy : {false, true}) {
    operand<float> const b(k, n, layout::columns, lazy);
    result<float> want(m, n), got(m, n);
    multiply<float>(m, n, k, a.source(), b.source(), want.sink());
    rows_of const left(a);
    multiply<float>(m, n, k, left.source(), b.source(), got.sink());
    CHECK(left.each_once());
    CHECK(got.memory == want.memory);
  }
}

namespace {
// softmax(q k^T), by rows: a product, and passes over what it gave.
struct attention {
  operand<float> const& q;
  operand<float> const& k;
  static void read(void const* self, index_t row, index_t, index_t rows, index_t columns, float* out, index_t ld) {
    auto const& me = *static_cast<attention const*>(self);
    gemm::source<float> a = me.q.source(), b = me.k.source();
    a.data += row * a.row_stride;
    std::swap(b.row_stride, b.column_stride);
    multiply<float>(rows, columns, me.q.columns, a, b, {.data = out, .ld = ld});
    for (index_t i = 0; i < rows; ++i, out += ld) {
      float const most = *std::max_element(out, out + columns);
      float sum = 0;
      for (index_t j = 0; j < columns; ++j) sum += out[j] = std::exp(out[j] - most);
      for (index_t j = 0; j < columns; ++j) out[j] /= sum;
    }
  }
};
}  // namespace

TEST_CASE("attention: the rows of the left operand are a product and a softmax") {
  for (shape const& s : {shape{300, 64, 700}, shape{33, 16, 40}, shape{1, 8, 50}, shape{400, 1, 300}}) {
    index_t const d = 24;
    operand<float> const q(s.m, d, layout::rows), k(s.k, d, layout::rows), v(s.k, s.n, layout::rows);
    attention const scores{q, k};
    std::vector<float> p(std::size_t(s.m * s.k));
    attention::read(&scores, 0, 0, s.m, s.k, p.data(), s.k);
    result<float> want(s.m, s.n);
    multiply<float>(s.m, s.n, s.k, {.data = p.data(), .row_stride = s.k, .column_stride = 1}, v.source(), want.sink());
    for (int threads : {1, 2, 5}) {
      weft::set_num_threads(threads);
      result<float> got(s.m, s.n);
      multiply<float>(s.m, s.n, s.k, {.self = &scores, .read = &attention::read, .whole_rows = true}, v.source(), got.sink());
      CHECK(got.memory.size() == want.memory.size());
      double worst = 0;  // one row of scores at a time would be a product of a vector, whose sums have another order
      for (std::size_t i = 0; i < got.memory.size(); ++i) worst = std::max(worst, double(std::abs(got.memory[i] - want.memory[i])));
      CHECK(worst < 1e-6);
    }
  }
  weft::set_num_threads(0);
}

TEST_CASE("scratch stays within its bound") {
  weft::set_num_threads(1);
  for (shape const& s : {shape{1000, 64, 4096}, shape{300, 2000, 1500}, shape{500, 1, 3000}}) {
    operand<float> const a(s.m, s.k, layout::rows), b(s.k, s.n, layout::rows, true);
    rows_of const left(a);
    epilogue<float> end(s.m, s.n);
    weft::blocks::free_arena(weft::process::arena);
    weft::process::arena.wanted = 0;
    multiply<float>(s.m, s.n, s.k, left.source(), b.source(), {.self = &end, .finish = &epilogue<float>::finish});
    std::size_t bytes = 0;
    for (auto* piece = weft::process::arena.first; piece; piece = weft::blocks::next_piece(piece)) bytes += piece->bytes;
    CHECK(bytes <= 4 * gemm::scratch_bytes<float>(s.m, s.n, s.k, true) + weft::blocks::arena_start);
    if (s.n > 1) CHECK(gemm::scratch_bytes<float>(s.m, s.n, s.k, true) == gemm::scratch_bytes<float>(100 * s.m, s.n, s.k, true));
  }
  weft::set_num_threads(0);
}
