// Row programs: reductions over the last axes beside what varies along them.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "oracle.hpp"

using namespace oracle;
using weft::axis, weft::keepdims, weft::tensor, weft::max, weft::mean, weft::sum;

TEST_CASE("softmax and its kin over rows of every length around a pack and a block") {
  for (index_t n : {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 65}) {
    CAPTURE(n);
    auto x = some<float>({3, n}, 7);
    agrees(softmax(x));
    agrees(x - mean(x, axis<-1>, keepdims));
    agrees(weft::exp(x - max(x, axis<1>, keepdims)) / sum(x * x, axis<1>, keepdims));
  }
}

TEST_CASE("a row of more than one block") {
  for (index_t n : {8191, 8192, 8193, 16385, 30001}) {
    CAPTURE(n);
    auto x = some<float>({2, n}, 3);
    tensor<float, 2> p = softmax(x);
    tensor<float, 1> total = sum(p, axis<1>);
    CHECK(total(0) == doctest::Approx(1).epsilon(1e-5));
    CHECK(total(1) == doctest::Approx(1).epsilon(1e-5));
    auto want = x(1, n - 1) - x(1, 0);
    CHECK(std::log(p(1, n - 1) / p(1, 0)) == doctest::Approx(want).epsilon(1e-4));
  }
}

TEST_CASE("reductions in reductions in rows") {
  auto x = some<float>({4, 9}, 1), y = some<float>({4, 9}, 2);
  agrees(x - mean(y - mean(y, axis<-1>, keepdims), axis<-1>, keepdims) * 2);
  agrees(softmax(softmax(x) * 3));
  agrees(x * sum(y * max(x, axis<1>, keepdims), axis<1>, keepdims) - y);
  agrees(x - logsumexp(y * 2, axis<1>, keepdims));
  agrees((x - mean(x, axis<1>, keepdims)) / sqrt(var(x, axis<1>, keepdims) + 1e-5f));
}

TEST_CASE("rows of two axes, and of one and two in one statement") {
  auto x = some<float>({3, 4, 5}, 1);
  agrees(x - mean(x, axis<1, 2>, keepdims));
  agrees(x - mean(x, axis<1, 2>, keepdims) + max(x, axis<2>, keepdims));
  agrees(x - mean(x, axis<2>, keepdims) + max(x, axis<1, 2>, keepdims) * sum(x, axis<0>, keepdims));
  agrees(x / (1 + square(max(x, axis<0, 1, 2>, keepdims))));
  agrees(softmax(x, axis<1, 2>));
}

TEST_CASE("in place: the row that is read is the row that is written") {
  for (index_t n : {3, 16, 37}) {
    auto x = some<float>({5, n}, 1);
    auto const want = by_definition(softmax(x) * 2);
    auto const before = weft::memory_stats().requests;
    x = softmax(x) * 2;
    CHECK(weft::memory_stats().requests == before);
    CHECK(difference(std::as_const(x).data(), want.data(), x.size(), 2e-5) == "");
    auto const moved = by_definition(transpose(x) - max(transpose(x), axis<1>, keepdims));
    x = transpose(x) - max(transpose(x), axis<1>, keepdims);
    CHECK(difference(std::as_const(x).data(), moved.data(), x.size(), 2e-5) == "");
  }
}
