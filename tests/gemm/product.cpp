#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include "operands.hpp"

using gemm::multiply;

namespace {

template <class T>
void check_product(operand<T> const& a, operand<T> const& b) {
  index_t const m = a.rows, n = b.columns, k = a.columns;
  CAPTURE(m);
  CAPTURE(n);
  CAPTURE(k);
  result<T> plain(m, n, pick(0, 3));
  multiply<T>(m, n, k, a.source(), b.source(), plain.sink());
  auto const value = [&](index_t i, index_t j) { return plain.memory[std::size_t(i * plain.ld + j)]; };
  CHECK(count_wrong(a, b, value) == 0);
  for (index_t i = 0; i < m; ++i)
    for (index_t j = n; j < plain.ld; ++j) REQUIRE(value(i, j) == T(7e30));

  // Through an epilogue, with and without memory for the product: the same bits, every element once.
  for (bool in_memory : {false, true}) {
    result<T> beneath(m, n);
    epilogue<T> end(m, n);
    gemm::sink<T> c = in_memory ? beneath.sink() : gemm::sink<T>{};
    c.self = &end;
    c.finish = &epilogue<T>::finish;
    multiply<T>(m, n, k, a.source(), b.source(), c);
    index_t different = 0;
    for (index_t i = 0; i < m; ++i)
      for (index_t j = 0; j < n; ++j) {
        auto const at = std::size_t(i * n + j);
        T const x = value(i, j), want = 2 * x + T(i) + T(j);
        different += end.seen[at] != 1 || std::memcmp(&end.stored[at], &want, sizeof want) != 0;
        if (in_memory) different += std::memcmp(&beneath.memory[at], &x, sizeof x) != 0;
      }
    CHECK(different == 0);
  }
}

index_t random_size() {
  switch (pick(0, 5)) {
    case 0: return pick(0, 3);
    case 1: return pick(1, 20);
    case 2: return pick(14, 50);
    case 3: return pick(50, 140);
    case 4: return pick(250, 270);
    default: return pick(1, 530);
  }
}
layout random_layout() { return static_cast<layout>(pick(0, 5)); }

}  // namespace

TEST_CASE_TEMPLATE("every small shape", T, float, double) {
  for (index_t m : {1, 2, 3, 7, 15})
    for (index_t n : {1, 2, 5, 8, 15, 16, 17, 31, 32, 33})
      for (index_t k : {0, 1, 2, 3, 8, 17})
        check_product(operand<T>(m, k, layout::rows), operand<T>(k, n, layout::rows));
}

TEST_CASE_TEMPLATE("random shapes, layouts and lazy operands", T, float, double) {
  for (int i = 0; i < 120; ++i) {
    index_t const m = random_size(), n = random_size(), k = random_size();
    operand<T> const a(m, k, random_layout(), pick(0, 2) == 0), b(k, n, random_layout(), pick(0, 2) == 0);
    check_product(a, b);
  }
}

TEST_CASE_TEMPLATE("every pair of layouts at sizes that are packed", T, float, double) {
  for (int left = 0; left < 6; ++left)
    for (int right = 0; right < 6; ++right) {
      index_t const m = pick(257, 300), n = pick(65, 130), k = pick(60, 90);
      check_product(operand<T>(m, k, static_cast<layout>(left)), operand<T>(k, n, static_cast<layout>(right)));
    }
}

TEST_CASE_TEMPLATE("beyond one block of k, of rows, of columns and of the shared panels", T, float, double) {
  index_t const shapes[][3] = {{20, 40, 513}, {20, 40, 1537}, {300, 1100, 520}, {9, 2100, 600}, {70, 1030, 33},
                               {600, 50, 40}, {258, 130, 5200}, {1, 5000, 700}, {1500, 1, 4200}, {1, 300, 1025}};
  for (auto const& size : shapes)
    for (bool lazy : {false, true}) {
      index_t const m = size[0], n = size[1], k = size[2];
      operand<T> const a(m, k, layout::rows, lazy), b(k, n, lazy ? layout::rows : layout::padded_rows, lazy);
      result<T> c(m, n);
      multiply<T>(m, n, k, a.source(), b.source(), c.sink());
      CAPTURE(m);
      CAPTURE(n);
      CAPTURE(k);
      CHECK(count_wrong(a, b, [&](index_t i, index_t j) { return c.memory[std::size_t(i * n + j)]; }) == 0);
      if (lazy && m > 1 && n > 1) {
        CHECK(a.largest_read <= 256 * 512);
        CHECK(b.largest_read <= 4096);
      }
    }
}

TEST_CASE_TEMPLATE("a product is added to what is there", T, float, double) {
  index_t const shapes[][3] = {{1, 1, 5}, {1, 40, 9}, {33, 1, 12}, {1, 3000, 300}, {3000, 1, 300}, {8, 16, 8},
                               {15, 33, 17}, {300, 300, 40}, {30, 50, 1100}, {60, 1100, 700}, {5, 7, 0}};
  for (auto const& size : shapes)
    for (bool lazy : {false, true})
      for (bool finished : {false, true}) {
        index_t const m = size[0], n = size[1], k = size[2];
        operand<T> const a(m, k, layout::rows, lazy), b(k, n, layout::padded_rows, lazy);
        result<T> c(m, n, 2), plain(m, n, 2);
        multiply<T>(m, n, k, a.source(), b.source(), plain.sink());
        for (T& x : c.memory) x = T(1000);
        epilogue<T> end(m, n);
        gemm::sink<T> sink = c.sink();
        sink.add = true;
        sink.self = &end;
        if (finished) sink.finish = &epilogue<T>::finish;
        multiply<T>(m, n, k, a.source(), b.source(), sink);
        CAPTURE(m);
        CAPTURE(n);
        CAPTURE(k);
        index_t wrong = 0;
        for (index_t i = 0; i < m; ++i) {
          for (index_t j = 0; j < n; ++j) {
            auto const at = std::size_t(i * c.ld + j);
            T const sum = c.memory[at];
            wrong += std::abs(sum - (1000 + plain.memory[at])) > 2000 * std::numeric_limits<T>::epsilon();
            if (finished) wrong += end.seen[std::size_t(i * n + j)] != 1;
            if (finished) wrong += end.stored[std::size_t(i * n + j)] != 2 * sum + T(i) + T(j);
          }
          for (index_t j = n; j < c.ld; ++j) wrong += c.memory[std::size_t(i * c.ld + j)] != 1000;
        }
        CHECK(wrong == 0);
      }
}

TEST_CASE("k is too long for shared panels") {
  index_t const m = 260, n = 20, k = 17000;
  operand<float> const a(m, k, layout::rows), b(k, n, layout::columns);
  result<float> c(m, n);
  multiply<float>(m, n, k, a.source(), b.source(), c.sink());
  CHECK(count_wrong(a, b, [&](index_t i, index_t j) { return c.memory[std::size_t(i * n + j)]; }) == 0);
}

TEST_CASE("no terms give zeros, and the epilogue runs on them") {
  for (index_t m : {1, 5, 300})
    for (index_t n : {1, 3, 40, 1100}) {
      operand<float> const a(m, 0, layout::rows), b(0, n, layout::rows);
      result<float> c(m, n);
      epilogue<float> end(m, n);
      gemm::sink<float> sink = c.sink();
      sink.self = &end;
      sink.finish = &epilogue<float>::finish;
      multiply<float>(m, n, 0, a.source(), b.source(), sink);
      index_t wrong = 0;
      for (index_t e = 0; e < m * n; ++e)
        wrong += c.memory[std::size_t(e)] != 0.f || end.stored[std::size_t(e)] != float(e / n + e % n);
      CHECK(wrong == 0);
    }
}

TEST_CASE("nothing to do leaves everything alone") {
  float x = 3;
  auto const never = [](void const*, index_t, index_t, index_t, index_t, float*, index_t) { std::abort(); };
  gemm::source<float> const none{.self = &x, .read = never};
  gemm::sink<float> const c{.data = &x, .ld = 1, .finish = never};
  multiply<float>(0, 5, 5, none, none, c);
  multiply<float>(5, 0, 5, none, none, c);
  CHECK(x == 3);
}

TEST_CASE_TEMPLATE("a value does not depend on the tile it lies in", T, float, double) {
  // Equal rows of a and equal columns of b: all elements have the same bits.
  index_t const shapes[][3] = {{29, 97, 40}, {61, 131, 700}, {300, 150, 300}, {270, 1000, 600}, {33, 3000, 100},
                               {2, 2, 1000}, {15, 47, 513}};
  for (auto const& size : shapes)
    for (layout right : {layout::rows, layout::columns}) {
      index_t const m = size[0], n = size[1], k = size[2];
      operand<T> a(m, k, layout::broadcast), b(k, n, right);
      for (index_t q = 0; q < k; ++q)
        for (index_t j = 0; j < n; ++j) b.memory[std::size_t(q * b.row_stride + j * b.column_stride)] = b.at(q, 0);
      result<T> c(m, n);
      multiply<T>(m, n, k, a.source(), b.source(), c.sink());
      index_t different = 0;
      for (T const& x : c.memory) different += std::memcmp(&x, c.memory.data(), sizeof x) != 0;
      CHECK(different == 0);
    }
}

TEST_CASE_TEMPLATE("values depend neither on strides nor on laziness", T, float, double) {
  index_t const shapes[][3] = {{8, 16, 8}, {30, 70, 50}, {100, 300, 600}, {300, 1100, 530}, {40, 1100, 100}};
  for (auto const& size : shapes) {
    index_t const m = size[0], n = size[1], k = size[2];
    operand<T> const a(m, k, layout::rows), b(k, n, layout::rows);
    result<T> first(m, n);
    multiply<T>(m, n, k, a.source(), b.source(), first.sink());
    for (layout how : {layout::padded_rows, layout::columns, layout::spread})
      for (bool lazy : {false, true}) {
        operand<T> a2(m, k, how, lazy), b2(k, n, how, lazy);
        for (index_t i = 0; i < m; ++i)
          for (index_t q = 0; q < k; ++q) a2.memory[std::size_t(i * a2.row_stride + q * a2.column_stride)] = a.at(i, q);
        for (index_t q = 0; q < k; ++q)
          for (index_t j = 0; j < n; ++j) b2.memory[std::size_t(q * b2.row_stride + j * b2.column_stride)] = b.at(q, j);
        result<T> c(m, n);
        multiply<T>(m, n, k, a2.source(), b2.source(), c.sink());
        CHECK(std::memcmp(c.memory.data(), first.memory.data(), first.memory.size() * sizeof(T)) == 0);
      }
  }
}

TEST_CASE_TEMPLATE("the same bits for every number of threads", T, float, double) {
  index_t const shapes[][3] = {{300, 300, 300}, {64, 3000, 200}, {1100, 40, 600}, {520, 600, 520}, {1, 3000, 300},
                               {3000, 1, 300}, {200, 250, 100}};
  for (auto const& size : shapes)
    for (bool lazy : {false, true}) {
      index_t const m = size[0], n = size[1], k = size[2];
      operand<T> const a(m, k, layout::rows, lazy), b(k, n, layout::rows, lazy);
      std::vector<T> first;
      for (int threads : {1, 2, 5}) {
        weft::set_num_threads(threads);
        result<T> c(m, n);
        multiply<T>(m, n, k, a.source(), b.source(), c.sink());
        if (threads == 1) first = c.memory;
        CHECK(std::memcmp(c.memory.data(), first.data(), first.size() * sizeof(T)) == 0);
      }
      weft::set_num_threads(0);
    }
}

TEST_CASE("operands may run backwards") {
  index_t const shapes[][3] = {{20, 40, 30}, {300, 70, 60}, {1, 50, 40}, {1, 3000, 40}, {50, 1, 40}};
  for (auto const& size : shapes) {
    index_t const m = size[0], n = size[1], k = size[2];
    operand<float> const a(m, k, layout::rows), b(k, n, layout::rows);
    auto const reversed = [](operand<float> const& x) {  // both axes
      return gemm::source<float>{.data = x.memory.data() + x.memory.size() - 1,
                                  .row_stride = -x.row_stride, .column_stride = -x.column_stride};
    };
    result<float> c(m, n);
    multiply<float>(m, n, k, reversed(a), reversed(b), c.sink());
    auto const value = [&](index_t i, index_t j) { return c.memory[std::size_t((m - 1 - i) * n + n - 1 - j)]; };
    CHECK(count_wrong(a, b, value) == 0);
    auto flipped = b.source();  // rows alone
    flipped.data += (k - 1) * n;
    flipped.row_stride = -n;
    auto left = a.source();
    left.data += k - 1;
    left.column_stride = -1;
    multiply<float>(m, n, k, left, flipped, c.sink());
    CHECK(count_wrong(a, b, [&](index_t i, index_t j) { return c.memory[std::size_t(i * n + j)]; }) == 0);
  }
}

TEST_CASE("long sums keep their precision") {
  index_t const k = 1 << 18;
  for (index_t m : {1, 2})
    for (index_t n : {1, 3}) {
      operand<float> a(m, k, layout::rows), b(k, n, layout::rows);
      for (float& x : a.memory) x = 1;
      for (float& x : b.memory) x = 0.1f;
      result<float> c(m, n);
      multiply<float>(m, n, k, a.source(), b.source(), c.sink());
      for (float x : c.memory) CHECK(std::abs(double(x) / (double(k) * double(0.1f)) - 1) < 3e-5);
    }
}

TEST_CASE("NaN and infinity reach their row and column alone") {
  index_t const m = 50, n = 70, k = 45;
  operand<float> a(m, k, layout::rows);
  operand<float> const b(k, n, layout::rows);
  a.memory[std::size_t(17 * k + 44)] = std::numeric_limits<float>::quiet_NaN();
  a.memory[std::size_t(49 * k)] = std::numeric_limits<float>::infinity();
  result<float> c(m, n);
  multiply<float>(m, n, k, a.source(), b.source(), c.sink());
  index_t wrong = 0;
  for (index_t i = 0; i < m; ++i)
    for (index_t j = 0; j < n; ++j) {
      float const x = c.memory[std::size_t(i * n + j)];
      wrong += i == 17 ? !std::isnan(x) : i == 49 ? std::isfinite(x) && b.at(0, j) != 0 : !std::isfinite(x);
    }
  CHECK(wrong == 0);
}

namespace {
// The left operand of one product is another product, computed block by block while packing.
struct inner_product {
  operand<float> const& a;
  operand<float> const& b;
  static void read(void const* self, index_t row, index_t column, index_t rows, index_t columns, float* out,
                   index_t ld) {
    auto const& me = *static_cast<inner_product const*>(self);
    gemm::source<float> a = me.a.source(), b = me.b.source();
    a.data += row * a.row_stride;
    b.data += column * b.column_stride;
    multiply<float>(rows, columns, me.a.columns, a, b, {.data = out, .ld = ld});
  }
};
}  // namespace

TEST_CASE("an operand may be a product itself") {
  index_t const m = 300, h = 330, k = 40, n = 290;
  operand<float> const a(m, k, layout::rows), b(k, h, layout::columns), w(h, n, layout::columns);
  result<float> scores(m, h), want(m, n), got(m, n);
  multiply<float>(m, h, k, a.source(), b.source(), scores.sink());
  multiply<float>(m, n, h, {.data = scores.memory.data(), .row_stride = h, .column_stride = 1}, w.source(), want.sink());
  inner_product const lazy{a, b};
  multiply<float>(m, n, h, {.self = &lazy, .read = &inner_product::read}, w.source(), got.sink());
  CHECK(std::memcmp(got.memory.data(), want.memory.data(), want.memory.size() * sizeof(float)) == 0);
}

TEST_CASE("scratch stays within its bound, whatever the outer sizes") {
  using gemm::scratch_bytes;
  CHECK(scratch_bytes<float>(100000, 512, 512) == scratch_bytes<float>(1000, 512, 512));
  CHECK(scratch_bytes<float>(300, 1 << 24, 512) <= std::size_t(16) << 20);
  CHECK(scratch_bytes<double>(1 << 20, 1 << 20, 1 << 14) <= std::size_t(20) << 20);
  weft::set_num_threads(1);
  index_t const shapes[][3] = {{300, 700, 600}, {40, 3000, 700}, {700, 90, 100}, {1, 9000, 40}};
  for (auto const& size : shapes) {
    index_t const m = size[0], n = size[1], k = size[2];
    operand<float> const a(m, k, layout::rows, true), b(k, n, layout::rows, true);
    epilogue<float> end(m, n);
    weft::blocks::free_arena(weft::process::arena);
    weft::process::arena.wanted = 0;
    multiply<float>(m, n, k, a.source(), b.source(), {.self = &end, .finish = &epilogue<float>::finish});
    std::size_t bytes = 0;
    for (auto* piece = weft::process::arena.first; piece; piece = weft::blocks::next_piece(piece))
      bytes += piece->bytes;
    // The arena begins with a piece of its own size, and doubles.
    CHECK(bytes <= 4 * scratch_bytes<float>(m, n, k) + weft::blocks::arena_start);
  }
  weft::set_num_threads(0);
}
