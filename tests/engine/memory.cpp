// Steady state: a loop that does the same again takes no memory from the system and copies no buffer.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "oracle.hpp"

using namespace oracle;
using weft::axis, weft::keepdims, weft::tensor;

namespace {
template <class F>
void steady(F const& step) {
  step();
  step();
  auto const before = weft::memory_stats();
  for (int i = 0; i < 5; ++i) step();
  CHECK(weft::memory_stats().allocations == before.allocations);
  CHECK(weft::memory_stats().copies_on_write == before.copies_on_write);
  CHECK(weft::memory_stats().bytes_in_use == before.bytes_in_use);
}
// Not even from the cache.
template <class F>
void in_place(F const& step) {
  step();
  auto const before = weft::memory_stats();
  step();
  CHECK(weft::memory_stats().requests == before.requests);
  CHECK(weft::memory_stats().copies_on_write == before.copies_on_write);
}
}  // namespace

TEST_CASE("assigning again and again") {
  auto a = some<float>({64, 64}, 1), b = some<float>({64, 64}, 2);
  tensor<float, 2> y = a + b;
  tensor<float, 1> v;
  float total = 0;
  steady([&] {
    y = softmax(a * b - y);
    y = y * 2 + 1;
    v = sum(y, axis<0>);
    total += float(sum(y * y));
    y = matmul(a, b) + v;
    y = relu(matmul(y, b) / 64);
  });
  CHECK(std::isfinite(total));
}

TEST_CASE("results that take the place of an operand") {
  auto a = some<float>({33, 40}, 1), b = some<float>({33, 40}, 2);
  in_place([&] { a = a * 2 + b; });
  in_place([&] { a = softmax(a); });
  in_place([&] { a = softmax(a * 2 + b); });
  in_place([&] { a += sum(a, axis<1>, keepdims); });
  in_place([&] { a -= b; });
  in_place([&] { a = a - mean(a * b, axis<1>, keepdims); });
  in_place([&] { a(0, weft::all) = a(1, weft::all) * 2; });
  in_place([&] { a(weft::range(0, 5), weft::all) += a(weft::range(10, 15), weft::all); });
  in_place([&] { a(3, weft::all) = softmax(a(3, weft::all) * 2); });
  in_place([&] { b = a; b = weft::eval(b); });
  in_place([&] { a(0, 0) = a(1, 1); });
}

TEST_CASE("a bool result of a float operand, a wide one of a narrow one") {
  auto a = some<float>({1000}, 1);
  tensor<bool, 1> m = a > 0;
  tensor<double, 1> d = a * 2;
  in_place([&] { m = a > 0.5f; });
  in_place([&] { m = m && a < 1; });
  in_place([&] { d = d * a; });
  auto const want = by_definition(d * a + m);
  d = d * a + m;
  CHECK(difference(std::as_const(d).data(), want.data(), 1000, 1e-6) == "");
}

TEST_CASE("what a statement held is given back") {
  weft::clear_memory_cache();
  auto const before = weft::memory_stats().bytes_in_use;
  {
    auto a = some<float>({100, 100}, 1);
    auto e = softmax(matmul(a, transpose(a)) - a(0, weft::all));
    auto b = eval(e);
    auto c = b(weft::range(0, 50), weft::all) + 1;
    CHECK(weft::memory_stats().bytes_in_use > before);
  }
  CHECK(weft::memory_stats().bytes_in_use == before);
}
