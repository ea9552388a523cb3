// One statement, several results: all operands are read before any target is written.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "oracle.hpp"

using namespace oracle;
using weft::assign, weft::axis, weft::keepdims, weft::shape, weft::tensor;

namespace {
std::int64_t kernels() { return weft::memory_stats().kernels; }
}  // namespace

TEST_CASE("targets may be operands of every value") {
  for (index_t n : {1, 16, 37, 1000}) {
    auto a = some<float>({n}, 1), b = some<float>({n}, 2), c = some<float>({n}, 3);
    auto const x = by_definition(a + b), y = by_definition(a - b), z = by_definition(a * b + c);
    auto const before = kernels();
    assign(a, a + b, b, a - b, c, a * b + c);
    CHECK(kernels() - before == 1);
    CHECK(difference(std::as_const(a).data(), x.data(), n, 1e-6) == "");
    CHECK(difference(std::as_const(b).data(), y.data(), n, 1e-6) == "");
    CHECK(difference(std::as_const(c).data(), z.data(), n, 1e-6) == "");
  }
}

TEST_CASE("operands at another place: transposed, swapped, shared") {
  auto a = some<float>({5, 5}, 1), b = some<float>({5, 5}, 2);
  auto x = by_definition(transpose(b)), y = by_definition(transpose(a) + a);
  assign(a, transpose(b), b, transpose(a) + a);
  CHECK(difference(std::as_const(a).data(), x.data(), 25, 0) == "");
  CHECK(difference(std::as_const(b).data(), y.data(), 25, 1e-6) == "");
  x = by_definition(+b);
  y = by_definition(+a);
  assign(a, b, b, a);  // swapped
  CHECK(difference(std::as_const(a).data(), x.data(), 25, 0) == "");
  CHECK(difference(std::as_const(b).data(), y.data(), 25, 0) == "");
  tensor<float, 2> kept = a;
  b = a;
  x = by_definition(+kept);
  assign(a, a + 1, b, b * 2);  // one buffer, three holders
  CHECK(allclose(a, kept + 1));
  CHECK(allclose(b, kept * 2));
  CHECK(difference(std::as_const(kept).data(), x.data(), 25, 0) == "");
}

TEST_CASE("steady state: nothing is allocated, nothing copied") {
  auto g = some<float>({64, 65}, 1), p = some<float>({64, 65}, 2);
  auto m = weft::zeros<float>({64, 65});
  auto const step = [&] {
    auto momentum = 0.9f * m + g;
    assign(m, momentum, p, p - 0.1f * momentum);
  };
  step();
  auto const before = weft::memory_stats();
  for (int i = 0; i < 5; ++i) step();
  CHECK(weft::memory_stats().allocations == before.allocations);
  CHECK(weft::memory_stats().copies_on_write == before.copies_on_write);
  CHECK(weft::memory_stats().kernels - before.kernels == 5);
}

TEST_CASE("values a row, and row programs") {
  auto x = some<float>({6, 19}, 1);
  tensor<float, 1> centre, spread;
  auto before = kernels();
  assign(centre, mean(x, axis<1>), spread, var(x, axis<1>));
  CHECK(kernels() - before == 1);
  CHECK(allclose(centre, mean(x, axis<1>)));
  CHECK(allclose(spread, var(x, axis<1>)));
  tensor<float, 2> soft, shifted;
  before = kernels();
  assign(soft, softmax(x), shifted, x - max(x, axis<1>, keepdims));
  CHECK(kernels() - before == 1);
  CHECK(difference(std::as_const(soft).data(), by_definition(softmax(x)).data(), 114, 1e-5) == "");
  CHECK(difference(std::as_const(shifted).data(), by_definition(x - max(x, axis<1>, keepdims)).data(), 114, 1e-5) == "");
  auto const want = by_definition(softmax(x));
  assign(x, softmax(x), soft, x * 2);
  CHECK(difference(std::as_const(x).data(), want.data(), 114, 1e-5) == "");
}

TEST_CASE("different shapes, ranks, types and kinds of loop") {
  auto x = some<float>({6, 19}, 1);
  auto w = some<float>({19, 6}, 2);
  tensor<float, 1> columns;
  tensor<double, 2> product;
  tensor<bool, 2> positive;
  tensor<float, 0> total;
  tensor<weft::index_t, 1> places;
  auto const old = by_definition(+x);
  auto const p = by_definition(matmul(x, w)), c = by_definition(sum(x, axis<0>));
  auto const t = by_definition(sum(x))(0);
  assign(columns, sum(x, axis<0>), product, matmul(x, w), positive, x > 0, total, sum(x), places, argmax(x, axis<1>), x, -x);
  CHECK(difference(std::as_const(columns).data(), c.data(), 19, 1e-5) == "");
  for (index_t i = 0; i < 36; ++i) CHECK(product.data()[i] == doctest::Approx(p(i)).epsilon(1e-4));
  CHECK(float(total) == doctest::Approx(t));
  CHECK(bool(weft::all(positive == (x < 0))));
  CHECK(bool(weft::all(places == argmin(x, axis<1>))));
  for (index_t i = 0; i < 114; ++i) CHECK(x.data()[i] == -old(i));
}

TEST_CASE("rows that do not agree are found one by one") {
  auto x = some<float>({4, 5}, 1), longer = some<float>({4, 9}, 2), one = some<float>({1, 9}, 3);
  tensor<float, 2> p, q;
  assign(p, x - mean(longer, axis<1>, keepdims), q, x * 2);
  CHECK(difference(std::as_const(p).data(), by_definition(x - mean(longer, axis<1>, keepdims)).data(), 20, 1e-5) == "");
  tensor<float, 1> u, v;
  assign(u, sum(longer, axis<1>), v, sum(one, axis<1>) + x(weft::all, 0));
  CHECK(difference(std::as_const(v).data(), by_definition(sum(one, axis<1>) + x(weft::all, 0)).data(), 4, 1e-5) == "");
  assign(u, sum(one, axis<1>) + x(weft::all, 0), v, sum(longer, axis<1>));
  CHECK(difference(std::as_const(v).data(), by_definition(sum(longer, axis<1>)).data(), 4, 1e-5) == "");
}

TEST_CASE("a mistake in one leaves all targets as they were") {
  tensor<float, shape{3}> a = {1, 2, 3};
  tensor<float, 1> b = {1, 1, 1};
  auto wrong = weft::zeros<float>({4});
  CHECK_THROWS_AS(assign(b, b + 1, a, wrong * 2), weft::shape_error);
  CHECK(holds(a, {1, 2, 3}));
  CHECK(holds(b, {1, 1, 1}));
}

TEST_CASE("inline tensors") {
  tensor<float, shape{2, 2}> a = {{1, 2}, {3, 4}}, b = {{1, 1}, {1, 1}};
  assign(a, transpose(a) + b, b, a * 2);
  CHECK(holds(a, {2, 4, 3, 5}));
  CHECK(holds(b, {2, 4, 6, 8}));
}
