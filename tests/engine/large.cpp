// Statements that are too large for one loop are cut: the same values and bits, and the gradients of the whole.
#include <doctest/doctest.h>
#include <weft/grad.hpp>

#include "../autodiff/support.hpp"

#include <cstring>

using namespace weft;

// Ten operations more around x.
#define TEN(x) (exp(abs((x) * a + b) - c) * b + a / (c + tanh(b)) - a)
#define SIXTY(x) TEN(TEN(TEN(TEN(TEN(TEN(x))))))

TEST_CASE("values and bits of a statement that is cut") {
  tensor<float, 2> a = cast<float>(varied<2>({9, 70}, 0.1, 0.6, 1)), b = cast<float>(varied<2>({9, 70}, 0.1, 0.4, 2));
  tensor<float, 1> c = cast<float>(varied<1>({70}, 0.5, 0.9, 3));
  auto const whole = SIXTY(SIXTY(a));
  auto const e = explain(whole);
  CHECK(e.kernels == 2);
  CHECK(e.temporaries == 1);
  auto const before = memory_stats().kernels;
  tensor<float, 2> const y = whole;
  CHECK(memory_stats().kernels - before == 2);
  // In pieces, each of which is one loop.
  tensor<float, 2> x = a;
  for (int i = 0; i < 12; ++i) x = TEN(x);
  CHECK(std::memcmp(x.data(), y.data(), sizeof(float) * 9 * 70) == 0);
  // Into what is read, and into a part of it.
  tensor<float, 2> z = a;
  z = SIXTY(SIXTY(z));
  CHECK(std::memcmp(z.data(), y.data(), sizeof(float) * 9 * 70) == 0);
  tensor<float, 2> wide = zeros<float>({9, 140});
  wide(all, range(70, 140)) = SIXTY(SIXTY(a));
  CHECK(wide(3, 75) == y(3, 5));
#ifdef WEFT_LONG_TESTS
  // Below a reduction.
  CHECK(float(sum(SIXTY(SIXTY(a)))) == float(sum(y)));
#endif
}

TEST_CASE("a small one is not") {
  tensor<float, 2> const a = full<float>({3, 4}, 0.5f), b = a, c = a;
  CHECK(explain(SIXTY(a)).kernels == 1);
}

// Five operations.
#define STEP(x) (tanh((x) * a + 0.2) - a * 0.3)
#define STEPS(x) STEP(STEP(STEP(STEP(STEP(x)))))

TEST_CASE("the gradient of a statement that is cut") {
  auto const x = varied<2>({2, 3}, 0.1, 0.6, 1);
  auto const f = [](auto const& a) { return sum(STEPS(STEPS(STEPS(STEPS(a))))); };
  auto const before = tape_stats().records;
  (void)grad(f)(x);
  CHECK(tape_stats().records - before == 2);
  CHECK(check_gradients(f, x) < near);
}
