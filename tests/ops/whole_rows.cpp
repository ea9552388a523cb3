// Row programs below what finds elements elsewhere: they are computed by whole rows, whatever part of a row is asked for.
#include "support.hpp"

using namespace oracle;
using weft::axis, weft::keepdims, weft::range, weft::tensor;

namespace {
// A lazy row program, and the same in memory.
template <class F>
bool as_in_memory(F const& f, tensor<float, 2> const& x) {
  auto const p = softmax(x) * 2;
  tensor<float, 2> const kept = p;
  bool same = true;
  for (int threads : {1, 3}) {
    weft::set_num_threads(threads);
    auto const got = eval(f(p)), want = eval(f(kept));
    same = same && got.sizes() == want.sizes() && difference(got.data(), want.data(), got.size(), 1e-6) == "";
  }
  weft::set_num_threads(0);
  return same;
}
}  // namespace

TEST_CASE("wide rows") {
  for (index_t n : {300, 3001, 70001}) {
    CAPTURE(n);
    auto x = some<float>({5, n}, 3), y = some<float>({2, n}, 4);
    auto i = places(4, 5);
    CHECK(as_in_memory([&](auto const& p) { return take(p, i, axis<0>) * 2; }, x));
    CHECK(as_in_memory([&](auto const& p) { return concatenate(axis<0>, p, y) + 1; }, x));
    CHECK(as_in_memory([&](auto const& p) { return concatenate(axis<1>, p, p * 2, x); }, x));
    CHECK(as_in_memory([&](auto const& p) { return pad(p, {{1, 2}, {3, 4}}, 5); }, x));
    CHECK(as_in_memory([&](auto const& p) { return pad(take(concatenate(axis<0>, p, y), i, axis<0>), 1); }, x));
    CHECK(as_in_memory([&](auto const& p) { return sum(concatenate(axis<0>, p, y), axis<0>); }, x));
    CHECK(as_in_memory([&](auto const& p) { return cumsum(p, axis<0>) + cumsum(p, axis<1>); }, x));
    CHECK(as_in_memory([&](auto const& p) { return cumsum(concatenate(axis<0>, p, y), axis<0>); }, x));
    CHECK(as_in_memory([&](auto const& p) { return cumsum(concatenate(axis<0>, p, y), axis<1>); }, x));
    CHECK(as_in_memory([&](auto const& p) { return sort(concatenate(axis<0>, p, y)); }, x));
    CHECK(as_in_memory([&](auto const& p) { return softmax(concatenate(axis<1>, p, x)); }, x));
  }
}

TEST_CASE("in products") {
  auto x = some<float>({5, 1300}, 3), y = some<float>({7, 1300}, 4), w = some<float>({700, 5}, 5), v = some<float>({9, 1300}, 6);
  auto i = places(5, 5);
  CHECK(as_in_memory([&](auto const& p) { return matmul(take(p, i, axis<0>), transpose(y)); }, x));
  CHECK(as_in_memory([&](auto const& p) { return matmul(v, transpose(concatenate(axis<0>, p, y))); }, x));
  CHECK(as_in_memory([&](auto const& p) { return matmul(w, take(p, i, axis<0>)); }, x));
  CHECK(as_in_memory([&](auto const& p) { return matmul(w, take(p, i, axis<0>) + 1); }, x));
  CHECK(as_in_memory([&](auto const& p) { return relu(matmul(w(range(0, 6), weft::all), x) + concatenate(axis<0>, p, v(range(0, 1), weft::all))); }, x));
}

TEST_CASE("one long row") {
  for (index_t n : {100, 70001, 300001}) {
    auto x = some<float>({n}, 3), y = some<float>({3}, 4);
    auto const p = softmax(x);
    tensor<float, 1> const kept = p;
    for (int threads : {1, 3}) {
      weft::set_num_threads(threads);
      auto const got = eval(concatenate(axis<0>, y, p) + 1), want = eval(concatenate(axis<0>, y, kept) + 1);
      CHECK(difference(got.data(), want.data(), got.size(), 1e-6) == "");
    }
    weft::set_num_threads(0);
  }
}

TEST_CASE("row programs as operands of batched products") {
  auto x = some<float>({3, 5, 7}, 3), y = some<float>({3, 7, 4}, 4), z = some<float>({3, 4, 5}, 5);
  agrees(matmul(softmax(x), y));
  agrees(matmul(z, softmax(x)));
  agrees(matmul(softmax(x), softmax(y)));
}
