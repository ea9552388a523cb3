// Batches of products: any number of axes, operands that are broadcast along some, lazy ones that know their position.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <weft/core/threads.hpp>
#include <weft/gemm/batch.hpp>

#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <vector>

using weft::index_t;
namespace gemm = weft::gemm;

namespace {

// Small whole numbers: sums are exact in any order, so every element can be compared.
std::uint32_t state = 1;
float next() {
  state = state * 1664525u + 1013904223u;
  return float(int(state >> 29) - 3);
}

struct tensor {
  index_t rows, columns, row_stride, column_stride;
  std::vector<index_t> steps;
  std::vector<float> memory;

  // Contiguous along the axes that it depends on, with `gap` elements more after each matrix.
  tensor(std::vector<index_t> const& extents, unsigned broadcast, index_t r, index_t c, bool transposed, index_t gap)
      : rows(r), columns(c), row_stride(transposed ? 1 : c), column_stride(transposed ? r : 1), steps(extents.size()) {
    index_t size = r * c + gap;
    for (std::size_t i = extents.size(); i-- > 0;) {
      steps[i] = broadcast >> i & 1 ? 0 : size;
      if (steps[i]) size *= extents[i];
    }
    memory.resize(std::size_t(size));
    for (float& x : memory) x = next();
  }
  float at(index_t const* position, index_t i, index_t j) const {
    index_t from = i * row_stride + j * column_stride;
    for (std::size_t axis = 0; axis < steps.size(); ++axis) from += position[axis] * steps[axis];
    return memory[std::size_t(from)];
  }
  gemm::batched_source<float> source(bool lazy) const {
    if (lazy) return {.steps = steps.data(), .self = this, .read = &read};
    return {.data = memory.data(), .row_stride = row_stride, .column_stride = column_stride, .steps = steps.data()};
  }
  static void read(void const* self, index_t const* position, index_t row, index_t column, index_t r, index_t c,
                   float* out, index_t ld) {
    auto const& me = *static_cast<tensor const*>(self);
    if (row < 0 || column < 0 || row + r > me.rows || column + c > me.columns || r <= 0 || c <= 0) std::abort();
    for (index_t i = 0; i < r; ++i)
      for (index_t j = 0; j < c; ++j) out[i * ld + j] = me.at(position, row + i, column + j);
  }
};

// Stores what it is given, plus one, where the position says.
struct store {
  std::vector<index_t> const& extents;
  index_t m, n;
  std::vector<float> out;
  static void finish(void const* self, index_t const* position, index_t row, index_t column, index_t rows,
                     index_t columns, float* tile, index_t ld) {
    auto& me = *const_cast<store*>(static_cast<store const*>(self));
    index_t from = 0;
    for (std::size_t i = 0; i < me.extents.size(); ++i) from = from * me.extents[i] + position[i];
    if (row + rows > me.m || column + columns > me.n) std::abort();
    for (index_t i = 0; i < rows; ++i)
      for (index_t j = 0; j < columns; ++j)
        me.out[std::size_t((from * me.m + row + i) * me.n + column + j)] += tile[i * ld + j] + 1;
  }
};

struct example {
  std::vector<index_t> extents;
  unsigned a_broadcast, b_broadcast;  // bit i: along axis i
  index_t m, n, k;
  index_t gap = 0;
  unsigned summed = 0;  // axes that the result doesn't have
};

void check(example const& e) {
  index_t positions = 1;
  for (index_t x : e.extents) positions *= x;
  for (int how = 0; how < 8; ++how) {
    tensor const a(e.extents, e.a_broadcast, e.m, e.k, how & 1, e.gap);
    tensor const b(e.extents, e.b_broadcast, e.k, e.n, how & 2, e.gap);
    bool const lazy = how & 4;
    tensor c(e.extents, e.summed, e.m, e.n, false, e.gap), want = c, under = c;
    gemm::batch const over{int(e.extents.size()), e.extents.data()};
    gemm::batched_sink<float> sink{.data = c.memory.data(), .ld = e.n, .add = true, .steps = c.steps.data()};
    gemm::multiply<float>(over, e.m, e.n, e.k, a.source(lazy), b.source(how & 1 && lazy), sink);

    // Through an epilogue: without memory, but for sums.
    index_t results = 1;
    std::vector<index_t> result_extents = e.extents;
    for (std::size_t i = 0; i < e.extents.size(); ++i)
      if (e.summed >> i & 1) result_extents[i] = 1;
    for (index_t x : result_extents) results *= x;
    store end{result_extents, e.m, e.n, std::vector<float>(std::size_t(results * e.m * e.n))};
    gemm::batched_sink<float> ending{.self = &end, .finish = &store::finish};
    if (e.summed) ending.data = under.memory.data(), ending.ld = e.n, ending.steps = under.steps.data();
    gemm::multiply<float>(over, e.m, e.n, e.k, a.source(lazy), b.source(lazy), ending);

    std::vector<float> sums(end.out.size());
    std::vector<index_t> at(e.extents.size());
    index_t wrong = 0;
    for (int pass = 0; pass < 2; ++pass)  // adding up, comparing
      for (index_t p = 0; p < positions; ++p) {
        index_t rest = p, r = 0;
        for (std::size_t i = at.size(); i-- > 0; rest /= e.extents[i]) at[i] = rest % e.extents[i];
        for (std::size_t i = 0; i < at.size(); ++i) r = r * result_extents[i] + (result_extents[i] == 1 ? 0 : at[i]);
        for (index_t i = 0; i < e.m; ++i)
          for (index_t j = 0; j < e.n; ++j) {
            float& sum = sums[std::size_t((r * e.m + i) * e.n + j)];
            if (pass == 0) {
              for (index_t q = 0; q < e.k; ++q) sum += a.at(at.data(), i, q) * b.at(at.data(), q, j);
            } else {
              wrong += c.at(at.data(), i, j) != want.at(at.data(), i, j) + sum;
              wrong += end.out[std::size_t((r * e.m + i) * e.n + j)] != sum + 1;
            }
          }
      }
    CAPTURE(how);
    CHECK(wrong == 0);
  }
}

std::initializer_list<example> const examples = {
    {{}, 0, 0, 5, 6, 7},
    {{1}, 0, 0, 5, 6, 7},
    {{4}, 0, 0, 5, 6, 7},
    {{4}, 0, 1, 5, 6, 7},           // rows of one product
    {{4}, 0, 1, 5, 6, 7, 3},        // not with gaps
    {{4}, 1, 0, 5, 6, 7},
    {{4}, 1, 1, 5, 6, 7},
    {{2, 3, 5}, 0, 0, 8, 8, 8},
    {{2, 3, 5}, 0, 7, 3, 17, 9},    // all axes become rows
    {{2, 3, 5}, 0, 6, 3, 17, 9},    // the last two
    {{2, 3, 5}, 0, 5, 3, 17, 9},    // the last one
    {{2, 3, 5}, 5, 2, 3, 17, 9},
    {{3, 1, 2}, 0, 6, 4, 5, 6},
    {{2, 1, 1, 2, 1, 3}, 8, 37, 2, 3, 4},
    {{7, 9}, 0, 3, 1, 33, 20},      // rows of length 1 each
    {{7, 9}, 0, 1, 1, 33, 20},
    {{7, 9}, 0, 0, 20, 1, 33},
    {{7, 9}, 0, 0, 1, 1, 5},
    {{3, 0, 2}, 0, 0, 4, 5, 6},
    {{3, 2}, 0, 0, 4, 5, 0},
    {{3, 2}, 0, 2, 4, 5, 0},
    {{5}, 0, 1, 70, 80, 60},
    {{3}, 0, 0, 300, 90, 40},
    {{4}, 0, 0, 5, 6, 7, 0, 1},        // one product over four times the terms, where they lie right
    {{4}, 0, 0, 5, 6, 7, 3, 1},
    {{4}, 1, 0, 5, 6, 7, 0, 1},
    {{3, 2, 5}, 0, 0, 4, 9, 8, 0, 7},
    {{3, 2, 5}, 0, 0, 4, 9, 8, 0, 2},
    {{3, 2, 5}, 0, 0, 4, 9, 8, 0, 5},
    {{3, 2, 5}, 0, 4, 4, 9, 8, 0, 2},
    {{3, 2, 5}, 0, 6, 4, 9, 8, 0, 3},
    {{30, 20}, 0, 0, 1, 9, 8, 0, 1},
    {{3, 0, 5}, 0, 0, 4, 9, 8, 0, 2},
};

}  // namespace

TEST_CASE("every position, however operands lie and repeat") {
  for (int threads : {1, 2, 5}) {
    weft::set_num_threads(threads);
    for (example const& e : examples) {
      CAPTURE(&e - examples.begin());
      check(e);
    }
  }
  weft::set_num_threads(0);
}

TEST_CASE("the same bits wherever threads go") {
  struct size {
    index_t positions, m, n, k;
  };
  for (size const& s : {size{2000, 16, 16, 16}, size{3, 200, 200, 200}, size{40, 100, 130, 120}}) {
    std::vector<float> a(std::size_t(s.positions * s.m * s.k)), b(std::size_t(s.positions * s.k * s.n)), first;
    for (float& x : a) x = next() / 7;
    for (float& x : b) x = next() / 7;
    index_t const a_step = s.m * s.k, b_step = s.k * s.n, c_step = s.m * s.n;
    for (int threads : {1, 2, 5}) {
      weft::set_num_threads(threads);
      std::vector<float> c(std::size_t(s.positions * s.m * s.n));
      gemm::multiply<float>({1, &s.positions}, s.m, s.n, s.k,
                            {.data = a.data(), .row_stride = s.k, .column_stride = 1, .steps = &a_step},
                            {.data = b.data(), .row_stride = s.n, .column_stride = 1, .steps = &b_step},
                            {.data = c.data(), .ld = s.n, .steps = &c_step});
      if (threads == 1) first = c;
      CHECK(c == first);
    }
  }
  weft::set_num_threads(0);
}
