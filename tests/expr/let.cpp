// Sub-expressions with a name: in maps, in row programs, beside and inside each other, and where they meet
// reductions that are found apart.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "../engine/oracle.hpp"

using namespace oracle;
using weft::axis, weft::keepdims, weft::let, weft::max, weft::mean, weft::sum;

TEST_CASE("in a map") {
  auto a = some<float>({3, 5}, 1);
  auto column = some<float>({3, 1}, 2);
  agrees(let(a * 2, [](auto c) { return c * c + c; }));
  agrees(let(column + 1, [&](auto c) { return a * c - c; }));
  agrees(let(sum(a), [&](auto c) { return a * c - c; }));
  agrees(let(a, [](auto c) { return c(weft::all, weft::range(0, 2)) + c(weft::all, weft::range(2, 4)); }));
  agrees(let(a + 1, [](auto c) { return transpose(c) * 2; }));
#ifdef WEFT_LONG_TESTS
  agrees(let(a(0, weft::all) + 1, [&](auto c) { return a * c - c; }));
  agrees(let(a + 1, [&](auto) { return a * 2; }));
  agrees(let(a + 1, [](auto c) { return c; }));
#endif
}

TEST_CASE("beside each other and inside each other") {
  auto a = some<float>({4, 6}, 1), b = some<float>({4, 6}, 2);
  auto const twice = [](auto c) { return c + c; };
  agrees(let(a * 2, twice) - let(b * 3, twice));
  agrees(let(a + 1, [&](auto c) { return let(b + c, [&](auto d) { return c * d - d; }); }));
  agrees(let(a + 1, [&](auto c) { return let(c * 2, [&](auto d) { return d * d - c; }) + c; }));
#ifdef WEFT_LONG_TESTS
  agrees(let(a * 2, twice) - let(a * 2, twice));
  agrees(let(let(a * 2, twice) + 1, twice));
#endif
}

TEST_CASE("in row programs") {
  auto a = some<float>({4, 19}, 1), b = some<float>({4, 19}, 2);
  agrees(let(a * b, [](auto c) { return c - mean(c, axis<1>, keepdims) + max(c, axis<1>, keepdims) * c; }));
  agrees(let(a - mean(a, axis<1>, keepdims), [&](auto c) {
    return let(c * weft::rsqrt(mean(square(c), axis<1>, keepdims) + 1e-5f), [&](auto n) { return n * b + sum(n * c, axis<1>, keepdims); });
  }));
  agrees(softmax(softmax(a * 3) * b));
#ifdef WEFT_LONG_TESTS
  agrees(let(exp(a), [](auto e) { return e / sum(e, axis<-1>, keepdims); }));
  agrees(let(mean(a, axis<1>, keepdims), [&](auto m) { return (a - m) * m + sum(b * m, axis<1>, keepdims); }));
  agrees(softmax(a * 2) - softmax(b * 2));
#endif
}

TEST_CASE("a value a row") {
  auto a = some<float>({4, 19}, 1);
  auto row = some<float>({1, 19}, 2);
  agrees(let(a * 2, [](auto c) { return sum(c, axis<1>) / max(c, axis<1>); }));
  agrees(let(row + 0, [&](auto c) { return sum(a * c, axis<1>); }));
  agrees(let(mean(a, axis<1>, keepdims), [&](auto m) { return sum(square(a - m), axis<1>); }));
  agrees(a - logsumexp(a * 2, axis<1>, keepdims));
#ifdef WEFT_LONG_TESTS
  agrees(let(a * 2, [](auto c) { return sum(c) * 2; }));
#endif
}

TEST_CASE("where the name is met only by what is found apart") {
  auto a = some<float>({4, 6}, 1);
  auto cube = some<float>({3, 4, 6}, 2);
  agrees(let(a + 1, [](auto c) { return c - sum(c, axis<0>, keepdims); }));
  agrees(let(a + 1, [](auto c) { return matmul(c, transpose(c)); }));
  agrees(let(matmul(a, transpose(a)), [](auto c) { return c * c - mean(c, axis<1>, keepdims); }));
  agrees(let(cube * 2, [&](auto c) { return a + sum(c, axis<0>); }));
  agrees(let(sum(cube, axis<0>), [&](auto c) { return cube * c + sum(c, axis<1>, keepdims); }));
#ifdef WEFT_LONG_TESTS
  agrees(let(a + 1, [](auto c) { return sum(c, axis<0>); }));
  agrees(let(a + 1, [](auto c) { return c / sum(c); }));
  agrees(let(a + 1, [&](auto c) { return matmul(c, transpose(a)) + sum(c, axis<1>, keepdims); }));
  agrees(let(cube * 2, [](auto c) { return max(c, axis<1>) - min(c, axis<1>); }));
#endif
}

TEST_CASE("what is made of values a row is reduced on another level") {
  auto b = some<float>({30, 10}, 3);
  auto a = some<float>({4, 3, 2}, 4);
  agrees(let(max(b, axis<1>), [](auto const& v) { return sum(square(v - mean(v, axis<0>, keepdims))); }));
  agrees(logsumexp(max(a, axis<2>), axis<1>));
#ifdef WEFT_LONG_TESTS
  agrees(var(max(b, axis<1>)));
  agrees(var(max(a, axis<2>), axis<1>));
#endif
}

TEST_CASE("a definition that holds a product is made once, wherever its name is read") {
  auto a = some<float>({20, 30}, 1), b = some<float>({30, 10}, 2);
  auto e = weft::let(matmul(a, b), [](auto const& c) {
    return (c - mean(c, axis<0>, keepdims)) * rsqrt(var(c, axis<0>, keepdims) + 1e-5f);
  });
  weft::tensor<float, 2> m = matmul(a, b);
  CHECK(array_equal(e, (m - mean(m, axis<0>, keepdims)) * rsqrt(var(m, axis<0>, keepdims) + 1e-5f)));
  auto const text = explain(e).text;
  CHECK(text.find("product") == text.rfind("product"));
  auto const before = weft::memory_stats().kernels;
  (void)eval(e);
  CHECK(weft::memory_stats().kernels - before == explain(e).kernels);
}
