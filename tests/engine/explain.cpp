// What an evaluation says it will do is what it does: kernels are counted while it runs.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "oracle.hpp"

#include <sstream>

using namespace oracle;
using weft::axis, weft::explain, weft::keepdims, weft::let, weft::tensor;

namespace {
// Kernels that run; -1 if the plan promised another number.
template <class E>
int kernels(E const& e) {
  int const said = explain(e).kernels;
  auto const before = weft::memory_stats().kernels;
  (void)eval(e);
  auto const ran = weft::memory_stats().kernels - before;
  CHECK(ran == said);
  return ran == said ? said : -1;
}
}  // namespace

TEST_CASE("maps and reductions") {
  auto a = some<float>({16, 33}, 1), b = some<float>({16, 33}, 2);
  CHECK(kernels(tanh(a * b) / (1 + exp(-a)) - where(b > 0, b, 0.1f * b)) == 1);
  CHECK(kernels(transpose(a) * 2 + transpose(b)) == 1);
  CHECK(kernels(a(weft::all, weft::range(0, 9)) + 1) == 1);
  CHECK(kernels(sum(square(a - b))) == 1);
  CHECK(kernels(mean(abs(a) * b, axis<0>)) == 1);
  CHECK(kernels(max(a, axis<1>) - sum(b, axis<1>)) == 1);
  CHECK(kernels(logsumexp(a * 2, axis<-1>)) == 1);
  CHECK(kernels(var(a, axis<1>)) == 1);
  CHECK(kernels(a / sum(a)) == 2);
  CHECK(kernels(a - mean(a, axis<0>, keepdims)) == 2);
  CHECK(explain(a - mean(a, axis<0>, keepdims)).temporaries == 1);
  CHECK(explain(a / sum(a)).temporaries == 0);
}

TEST_CASE("row programs, passes and scratch") {
  auto a = some<float>({16, 33}, 1), b = some<float>({64, 33}, 2);
  CHECK(kernels(softmax(a * 3 + 1)) == 1);
  CHECK(kernels(log_softmax(a)) == 1);
  CHECK(kernels((a - mean(a, axis<1>, keepdims)) * weft::rsqrt(var(a, axis<1>, keepdims) + 1e-5f)) == 1);
  CHECK(kernels(softmax(softmax(a) * 2)) == 1);
  CHECK(explain(softmax(a)).temporaries == 0);
  CHECK(explain(softmax(a)).passes == 3);
  CHECK(weft::plan<decltype(softmax(a))>::passes == 3);
  CHECK(explain(softmax(a * 2)).scratch_bytes == explain(softmax(b * 2)).scratch_bytes);
  CHECK(explain(softmax(b)).bytes_written == 64 * 33 * 4);
  CHECK(explain(softmax(b) + b).bytes_read >= 64 * 33 * 4);
}

TEST_CASE("products") {
  auto x = some<float>({9, 19}, 1), w = some<float>({19, 9}, 2);
  auto b = some<float>({9}, 3);
  CHECK(kernels(matmul(x, w)) == 1);
  CHECK(kernels(relu(matmul(x, w) + b)) == 1);
  CHECK(kernels(matmul(exp(x), transpose(transpose(w) * b(weft::all, weft::newaxis)))) == 1);
  CHECK(kernels(softmax(matmul(x, w))) == 2);
  CHECK(explain(softmax(matmul(x, w))).temporaries == 0);
  CHECK(kernels(matmul(x, w) * silu(matmul(x, w))) == 2);
  CHECK(kernels(matmul(matmul(x, w), x)) == 2);
}

TEST_CASE("what only the sizes decide") {
  auto x = some<float>({4, 5}, 1), longer = some<float>({4, 9}, 2), row = some<float>({1, 5}, 3);
  auto const fused = x - mean(x, axis<-1>, keepdims), apart = x - mean(longer, axis<-1>, keepdims);
  CHECK(kernels(fused) == 1);
  CHECK(kernels(apart) == 2);
  CHECK(explain(fused).passes == 2);
  CHECK(explain(apart).passes == 1);
  CHECK(explain(apart).temporaries == 1);
  CHECK(kernels(sum(x, axis<1>) + sum(x * 2, axis<1>)) == 1);
  CHECK(kernels(sum(x, axis<1>) + sum(longer, axis<1>)) == 3);
  CHECK(kernels(sum(x - mean(longer, axis<-1>, keepdims), axis<1>)) == 2);
  CHECK(kernels(matmul(row, some<float>({5, 3}, 4)) + some<float>({4, 3}, 5)) == 2);
}

TEST_CASE("names that are met only apart are not computed for nothing") {
  auto a = some<float>({16, 33}, 1);
  CHECK(kernels(let(a + 1, [](auto c) { return sum(c, axis<0>); })) == 2);
  CHECK(kernels(let(exp(a), [](auto c) { return c / sum(c); })) == 2);
  CHECK(kernels(let(a + 1, [](auto c) { return matmul(c, transpose(c)); })) > 0);
  CHECK(kernels(softmax(a, axis<0>)) > 0);
}

TEST_CASE("as text") {
  std::ostringstream text;
  text << explain(softmax(some<float>({4, 5}, 1)));
  CHECK(text.str() == "kernel 1: row program -> result float32(4, 5), 3 passes over each row in cache\n");
}
