// The same bits with 1, 2 and 8 threads.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "oracle.hpp"

#include <cstring>

using namespace oracle;
using weft::axis, weft::keepdims, weft::tensor;

namespace {
template <class E>
bool same_bits(E const& e) {
  weft::set_num_threads(1);
  auto const one = eval(e);
  bool same = true;
  for (int n : {2, 8}) {
    weft::set_num_threads(n);
    auto const more = eval(e);
    same = same && one.sizes() == more.sizes() &&
           std::memcmp(one.data(), more.data(), static_cast<std::size_t>(one.nbytes())) == 0;
  }
  weft::set_num_threads(0);
  return same;
}
}  // namespace

TEST_CASE("maps and row programs") {
  auto a = some<float>({301, 1003}, 1), b = some<float>({301, 1003}, 2);
  CHECK(same_bits(exp(a) * b + tanh(b)));
  CHECK(same_bits(transpose(a) + transpose(b)));
  CHECK(same_bits(softmax(a * b)));
  CHECK(same_bits(a(weft::all, weft::range(weft::end, weft::begin, -3)) * 2));
}

TEST_CASE("one long row") {
  auto a = some<float>({1, 400003}, 1);
  CHECK(same_bits(sum(a)));
  CHECK(same_bits(argmax(a)));
  CHECK(same_bits(softmax(a)));
  CHECK(same_bits(logsumexp(a, axis<1>)));
  CHECK(same_bits(a - mean(a, axis<0, 1>, keepdims)));
}

TEST_CASE("reductions over rows, columns and middle axes") {
  auto a = some<float>({301, 1003}, 1);
  auto c = some<float>({21, 40, 300}, 2);
  CHECK(same_bits(sum(a)));
  CHECK(same_bits(var(a, axis<1>)));
  CHECK(same_bits(sum(a, axis<0>)));
  CHECK(same_bits(argmin(a * 2, axis<0>)));
  CHECK(same_bits(mean(c, axis<1>)));
  CHECK(same_bits(sum(c, axis<0, 2>)));
  CHECK(same_bits(max(transpose(c), axis<0>)));
  auto narrow = some<float>({400000, 3}, 3);
  CHECK(same_bits(sum(narrow, axis<0>)));
}

TEST_CASE("more rows than the scratch of columns has room for") {
  index_t const rows = 70001, late = 69000;
  auto const row = weft::arange<float>(static_cast<float>(rows));
  auto const many = row(weft::all, weft::newaxis) * some<float>({1, 70}, 3) +
                    where(row == static_cast<float>(late), 1e6f, 0.f)(weft::all, weft::newaxis);
  CHECK(same_bits(sum(many, axis<0>)));
  weft::set_num_threads(2);
  CHECK(all_of(argmax(many, axis<0>) == late));
  weft::set_num_threads(0);
}

TEST_CASE("products") {
  auto a = some<float>({257, 300}, 1), b = some<float>({300, 260}, 2);
  auto v = some<float>({300}, 3);
  auto tall = some<float>({3000, 300}, 4);
  CHECK(same_bits(matmul(a, b)));
  CHECK(same_bits(relu(matmul(exp(a), b) + v(weft::range(0, 260)))));
  CHECK(same_bits(matmul(tall, v)));
  CHECK(same_bits(matmul(transpose(v(weft::all, weft::newaxis)), b)));
  CHECK(same_bits(matmul(transpose(tall), tall)));
}

TEST_CASE("against the definition, with threads") {
  weft::set_num_threads(4);
  auto a = some<float>({1000, 301}, 1);
  agrees(sum(a, axis<0>), 1e-4);
  agrees(max(a, axis<1>), 0);
  agrees(a * 2 + a(0, weft::all), 1e-6);
  tensor<float, 2> soft = softmax(a);
  agrees(sum(soft, axis<1>), 1e-5);
  weft::set_num_threads(0);
}
