// Operands of every layout, lazy ones, and epilogues, for the tests of products.
#pragma once
#include <weft/core/arena.hpp>
#include <weft/core/memory.hpp>
#include <weft/core/threads.hpp>
#include <weft/gemm/multiply.hpp>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

using weft::index_t;
namespace gemm = weft::gemm;

namespace {

[[maybe_unused]] std::mt19937 generator(7);
index_t pick(index_t low, index_t high) {
  return low + index_t(generator() % static_cast<std::uint32_t>(high - low + 1));
}

// Where an operand lies, and whether the driver sees the memory or a function.
enum class layout { rows, padded_rows, columns, padded_columns, spread, broadcast };

template <class T>
struct operand {
  index_t rows, columns, row_stride, column_stride;
  std::vector<T> memory;
  bool lazy = false;
  mutable index_t largest_read = 0;

  operand(index_t r, index_t c, layout how, bool is_lazy = false) : rows(r), columns(c), lazy(is_lazy) {
    index_t const pad = how == layout::padded_rows || how == layout::padded_columns ? pick(1, 9) : 0;
    row_stride = c + pad;
    column_stride = 1;
    if (how == layout::columns || how == layout::padded_columns) {
      row_stride = 1;
      column_stride = r + pad;
    } else if (how == layout::spread) {
      column_stride = 3;
      row_stride = 3 * c + 2;
    } else if (how == layout::broadcast) {
      row_stride = 0;
    }
    // Exactly what the operand spans: a read beyond it is an error for the address sanitizer.
    index_t const last = (r > 0 ? r - 1 : 0) * row_stride + (c > 0 ? c - 1 : 0) * column_stride;
    memory.resize(std::size_t(last + 1));
    std::uint32_t state = static_cast<std::uint32_t>(generator());
    for (T *x = memory.data(), *end = x + memory.size(); x != end; ++x) {  // millions, without optimization
      state = state * 1664525u + 1013904223u;
      *x = T(int(state >> 20) - 2048) / T(2048);
    }
  }
  T at(index_t i, index_t j) const { return memory[std::size_t(i * row_stride + j * column_stride)]; }
  gemm::source<T> source() const {
    if (lazy) return {.self = this, .read = &read};
    return {.data = memory.data(), .row_stride = row_stride, .column_stride = column_stride};
  }
  static void read(void const* self, index_t row, index_t column, index_t r, index_t c, T* out, index_t ld) {
    auto const& me = *static_cast<operand const*>(self);
    bool const inside = row >= 0 && column >= 0 && row + r <= me.rows && column + c <= me.columns;
    if (!inside || r <= 0 || c <= 0 || ld < c) std::abort();
    index_t seen = __atomic_load_n(&me.largest_read, __ATOMIC_RELAXED);
    while (r * c > seen && !__atomic_compare_exchange_n(&me.largest_read, &seen, r * c, true, __ATOMIC_RELAXED,
                                                        __ATOMIC_RELAXED)) {
    }
    for (index_t i = 0; i < r; ++i)
      for (index_t j = 0; j < c; ++j) out[i * ld + j] = me.at(row + i, column + j);
  }
};

// An epilogue that stores 2 x + row + column elsewhere, and counts how often each element comes by.
template <class T>
struct epilogue {
  index_t columns;
  std::vector<T> stored;
  std::vector<int> seen;
  epilogue(index_t m, index_t n) : columns(n), stored(std::size_t(m * n)), seen(std::size_t(m * n)) {}
  static void finish(void const* self, index_t row, index_t column, index_t rows, index_t cols, T* tile, index_t ld) {
    auto& me = *const_cast<epilogue*>(static_cast<epilogue const*>(self));
    for (index_t i = 0; i < rows; ++i)
      for (index_t j = 0; j < cols; ++j) {
        auto const at = std::size_t((row + i) * me.columns + column + j);
        me.seen[at] += 1;
        me.stored[at] = 2 * tile[i * ld + j] + T(row + i) + T(column + j);
      }
  }
};

template <class T>
struct result {
  index_t ld;
  std::vector<T> memory;
  result(index_t m, index_t n, index_t pad = 0) : ld(n + pad), memory(std::size_t(m * ld), T(7e30)) {}
  gemm::sink<T> sink() { return {.data = memory.data(), .ld = ld}; }
};

// |got - a b| within the bound of a sum in any order.
template <class T>
bool close(operand<T> const& a, operand<T> const& b, index_t i, index_t j, double got) {
  double sum = 0, size = 0;
  for (index_t q = 0; q < a.columns; ++q) {
    double const x = double(a.at(i, q)) * double(b.at(q, j));
    sum += x;
    size += std::abs(x);
  }
  double const bound = double(std::numeric_limits<T>::epsilon()) * (double(a.columns) / 8 + 4) * size;
  return std::abs(got - sum) <= bound;
}

// All elements of small products, a sample of large ones.
template <class T, class F>
index_t count_wrong(operand<T> const& a, operand<T> const& b, F got) {
  index_t const m = a.rows, n = b.columns, step = m * n * a.columns > 2000000 ? 1 + m * n / 2000 : 1;
  index_t wrong = 0;
  for (index_t e = pick(0, step - 1); e < m * n; e += step)
    wrong += !close(a, b, e / n, e % n, double(got(e / n, e % n)));
  return wrong;
}

}  // namespace
