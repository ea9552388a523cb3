// Products of integers of every width, and of bool: equal to a plain loop that wraps around, for any number of threads.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <weft/core/threads.hpp>
#include <weft/gemm/conversion.hpp>
#include <weft/gemm/multiply.hpp>

#include <cstdint>
#include <memory>
#include <random>
#include <type_traits>
#include <vector>

using weft::index_t;
namespace gemm = weft::gemm;

namespace {

// Elements as they are, extended to 64 bits: the low bits of sums of their products are those of any width.
using words = std::vector<std::uint64_t>;

words product(words const& a, words const& b, index_t m, index_t n, index_t k) {
  words c(std::size_t(m * n), 0);
  for (index_t i = 0; i < m; ++i)
    for (index_t q = 0; q < k; ++q) {
      std::uint64_t const x = a[std::size_t(i * k + q)];
      for (index_t j = 0; j < n; ++j) c[std::size_t(i * n + j)] += x * b[std::size_t(q * n + j)];
    }
  return c;
}

std::mt19937_64 generator(3);

// How an operand lies: by rows, transposed, or with gaps.
template <class S>
struct memory {
  std::unique_ptr<S[]> at;  // not std::vector<S>, which is something else for bool
  gemm::source<S> source;

  memory(words const& from, index_t rows, index_t columns, int layout) {
    index_t const row = layout == 0 ? columns : layout == 1 ? 1 : 2 * columns + 3;
    index_t const column = layout == 0 ? 1 : layout == 1 ? rows : 2;
    index_t const last = (rows > 0 ? rows - 1 : 0) * row + (columns > 0 ? columns - 1 : 0) * column;
    at = std::make_unique<S[]>(std::size_t(last + 1));
    for (index_t i = 0; i < rows; ++i)
      for (index_t j = 0; j < columns; ++j)
        at[std::size_t(i * row + j * column)] = static_cast<S>(from[std::size_t(i * columns + j)]);
    source = {.data = at.get(), .row_stride = row, .column_stride = column};
  }
};

template <class S>
words numbers(index_t count) {
  words w(static_cast<std::size_t>(count));
  for (auto& x : w) {
    std::uint64_t const bits = generator();
    if constexpr (std::is_same_v<S, bool>) x = bits & 1;
    else x = static_cast<std::uint64_t>(static_cast<S>(bits));
  }
  return w;
}

// S by S, computed in T, with results stored as T and, modulo their width, as S.
template <class S, class T>
index_t wrong_elements(index_t m, index_t n, index_t k, int left, int right) {
  words const x = numbers<S>(m * k), y = numbers<S>(k * n), want = product(x, y, m, n, k);
  memory<S> const a(x, m, k, left), b(y, k, n, right);
  std::vector<T> c(std::size_t(m * n), T(7));
  index_t wrong = 0;
  gemm::converted<T, S> const from_a{a.source}, from_b{b.source};
  gemm::multiply<T>(m, n, k, from_a.source(), from_b.source(), {.data = c.data(), .ld = n});
  for (std::size_t i = 0; i < c.size(); ++i) wrong += c[i] != static_cast<T>(want[i]);
  if constexpr (std::is_same_v<S, T>) {
    gemm::multiply<T>(m, n, k, a.source, b.source, {.data = c.data(), .ld = n, .add = true});
    for (std::size_t i = 0; i < c.size(); ++i) wrong += c[i] != static_cast<T>(2 * want[i]);
  } else {
    auto const out = std::make_unique<S[]>(std::size_t(m * n));
    gemm::stored<T, S> const to{out.get(), n};
    gemm::multiply<T>(m, n, k, from_a.source(), from_b.source(), to.sink());
    for (std::size_t i = 0; i < want.size(); ++i) wrong += out[i] != static_cast<S>(static_cast<T>(want[i]));
  }
  return wrong;
}

struct type {
  char const* name;
  index_t (*wrong)(index_t m, index_t n, index_t k, int left, int right);
};
type const types[] = {
    {"bool", &wrong_elements<bool, std::int32_t>},
    {"int8", &wrong_elements<std::int8_t, std::int32_t>},
    {"int16", &wrong_elements<std::int16_t, std::int32_t>},
    {"int32", &wrong_elements<std::int32_t, std::int32_t>},
    {"int64", &wrong_elements<std::int64_t, std::int64_t>},
    {"uint8", &wrong_elements<std::uint8_t, std::uint32_t>},
    {"uint16", &wrong_elements<std::uint16_t, std::uint32_t>},
    {"uint32", &wrong_elements<std::uint32_t, std::uint32_t>},
    {"uint64", &wrong_elements<std::uint64_t, std::uint64_t>},
};

}  // namespace

TEST_CASE("every small shape") {
  for (type const& t : types) {
    CAPTURE(t.name);
    for (index_t m : {1, 2, 3, 9})
      for (index_t n : {0, 1, 3, 4, 7, 8, 9, 15, 16, 17, 33})
        for (index_t k : {0, 1, 2, 15, 16, 17}) {
          CAPTURE(m);
          CAPTURE(n);
          CAPTURE(k);
          CHECK(t.wrong(m, n, k, 0, 0) == 0);
        }
  }
}

TEST_CASE("packed, transposed, with gaps, several blocks of k, vectors") {
  index_t const shapes[][3] = {{70, 90, 50}, {20, 40, 1100}, {270, 130, 70}, {1, 700, 600}, {700, 1, 600}, {30, 1100, 40}};
  for (type const& t : types) {
    CAPTURE(t.name);
    for (auto const& size : shapes) {
      CAPTURE(size[0]);
      for (int layouts = 0; layouts < 9; layouts += 2) CHECK(t.wrong(size[0], size[1], size[2], layouts / 3, layouts % 3) == 0);
    }
  }
}

TEST_CASE("any number of threads") {
  for (int threads : {1, 2, 5}) {
    weft::set_num_threads(threads);
    for (type const& t : types) {
      CAPTURE(t.name);
      CHECK(t.wrong(520, 130, 80, 0, 0) == 0);
      CHECK(t.wrong(1, 2000, 200, 0, 1) == 0);
    }
  }
  weft::set_num_threads(0);
}

TEST_CASE("floating products of integers") {
  index_t const m = 40, n = 30, k = 50;
  words const x = numbers<std::int8_t>(m * k), y = numbers<std::int8_t>(k * n), want = product(x, y, m, n, k);
  memory<std::int8_t> const a(x, m, k, 0), b(y, k, n, 1);
  gemm::converted<float, std::int8_t> const from_a{a.source}, from_b{b.source};
  std::vector<float> c(std::size_t(m * n));
  gemm::multiply<float>(m, n, k, from_a.source(), from_b.source(), {.data = c.data(), .ld = n});
  index_t wrong = 0;
  for (std::size_t i = 0; i < c.size(); ++i) wrong += c[i] != float(std::int64_t(want[i]));
  CHECK(wrong == 0);
}
