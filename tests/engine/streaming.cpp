// Results that are stored past the caches: from the threshold on, where memory allows it, and with the same values.
#include <doctest/doctest.h>
#include <weft/core.hpp>
#include <weft/ops/random.hpp>

#include <cstdint>
#include <memory>

using namespace weft;

namespace {

struct threshold {
  index_t const before;
  explicit threshold(index_t bytes) : before(set_streaming_threshold(bytes)) {}
  ~threshold() { set_streaming_threshold(before); }
};
struct with_threads {
  int const before = num_threads();
  explicit with_threads(int n) { set_num_threads(n); }
  ~with_threads() { set_num_threads(before); }
};
template <class F>
std::int64_t streamed(F f) {
  auto const before = memory_stats().bytes_streamed;
  f();
  return memory_stats().bytes_streamed - before;
}

// Large enough that the statement is a job, not a loop at once.
constexpr index_t rows = 520, columns = 512;

}  // namespace

TEST_CASE("results from the threshold on are streamed, smaller ones are not") {
  auto const a = weft::random::uniform<float>({rows, columns}, -1, 1);
  tensor<float, 2> y;
  threshold const at(rows * columns * 4);
  CHECK(streamed([&] { y = a * 2 + 1; }) == rows * columns * 4);
  auto const z = y;
  set_streaming_threshold(rows * columns * 4 + 1);
  CHECK(streamed([&] { y = a * 2 + 1; }) == 0);
  CHECK(array_equal(y, z));
}

TEST_CASE("streamed values are those of the ordinary loop, for every type and number of threads") {
  for (int n : {1, 3}) {
    with_threads const t(n);
    auto const a = weft::random::uniform<float>({rows, columns}, -100, 100);
    auto const d = cast<double>(a);
    tensor<float, 2> const f = a * a - 3;
    tensor<double, 2> const g = d / 3 + a;
    tensor<std::int32_t, 2> const i = cast<std::int32_t>(a) * 7;
    tensor<bool, 2> const b = a > 0;
    tensor<std::int8_t, 2> const s = cast<std::int8_t>(cast<std::int32_t>(a));
    threshold const at(1024);
    CHECK(streamed([&] { CHECK(array_equal(tensor<float, 2>(a * a - 3), f)); }) == rows * columns * 4);
    CHECK(streamed([&] { CHECK(array_equal(tensor<double, 2>(d / 3 + a), g)); }) == rows * columns * 8);
    CHECK(streamed([&] { CHECK(array_equal(tensor<std::int32_t, 2>(cast<std::int32_t>(a) * 7), i)); }) == rows * columns * 4);
    CHECK(streamed([&] { CHECK(array_equal(tensor<bool, 2>(a > 0), b)); }) == rows * columns);
    CHECK(streamed([&] {
            CHECK(array_equal(tensor<std::int8_t, 2>(cast<std::int8_t>(cast<std::int32_t>(a))), s));
          }) == rows * columns);
  }
}

TEST_CASE("several results are streamed together") {
  auto const a = weft::random::uniform<float>({rows, columns}, -1, 1);
  tensor<float, 2> x, y;
  threshold const at(1024);
  CHECK(streamed([&] { assign(x, a + 1, y, a * 2); }) == 2 * rows * columns * 4);
  set_streaming_threshold(at.before);
  CHECK(array_equal(x, a + 1));
  CHECK(array_equal(y, a * 2));
}

TEST_CASE("rows broadcast along and rows of a view are streamed where they begin at multiples of 64 bytes") {
  auto const a = weft::random::uniform<float>({rows, columns}, -1, 1);
  auto const bias = weft::random::uniform<float>({columns}, -1, 1);
  threshold const at(1024);
  tensor<float, 2> y;
  CHECK(streamed([&] { y = relu(a + bias); }) == rows * columns * 4);
  auto wide = zeros<float>({rows, columns + 64});
  CHECK(streamed([&] { wide(all, range(64, columns + 64)) = relu(a + bias); }) == rows * columns * 4);
  CHECK(array_equal(wide(all, range(64, columns + 64)), y));
  auto odd = zeros<float>({rows, columns + 7});
  CHECK(streamed([&] { odd(all, range(7, columns + 7)) = relu(a + bias); }) == 0);
  CHECK(array_equal(odd(all, range(7, columns + 7)), y));
  CHECK(float(odd(rows - 1, 6)) == 0);
  auto borrowed_at = std::make_unique<float[]>(static_cast<std::size_t>(rows * columns + 1));
  auto place = borrow(borrowed_at.get() + 1, {rows, columns});
  if (reinterpret_cast<std::uintptr_t>(borrowed_at.get() + 1) % 64 != 0)
    CHECK(streamed([&] { place = relu(a + bias); }) == 0);
  CHECK(array_equal(place, y));
}

TEST_CASE("row programs and staged operands are not streamed") {
  auto const a = weft::random::uniform<float>({rows, rows}, -1, 1);
  threshold const at(1024);
  CHECK(streamed([&] { tensor<float, 2> const y = a + transpose(a); }) == 0);
  CHECK(streamed([&] { tensor<float, 2> const y = softmax(a); }) == 0);
}
