// labels: long
// Every loop, source and sink once, with small blocks, so that one program built with sanitizers meets them all: other tests say
// what each must give in every case. (Without sanitizers it is part of the long run only.)
#define WEFT_SMALL_BLOCKS 1
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "../engine/oracle.hpp"

#include <weft/weft.hpp>

#include <sstream>

using namespace oracle;
using weft::all, weft::axis, weft::keepdims, weft::let, weft::range, weft::tensor;

namespace {

struct with_threads {
  explicit with_threads(int n) { weft::set_num_threads(n); }
  ~with_threads() { weft::set_num_threads(0); }
};

}  // namespace

TEST_CASE("maps: one long loop, staged operands, columns, a scattered result, bytes beside floats") {
  auto const a = some<float>({17, 35}, 1), b = some<float>({35, 17}, 2), column = some<float>({17, 1}, 3);
  auto const bytes = some<std::int8_t>({17, 35}, 4);
  for (int threads : {1, 2}) {
    with_threads const scope(threads);
    agrees(a * a + 1);
    agrees(a + transpose(b) * column + a(0, all));
    agrees(where(bytes > 0, weft::cast<float>(bytes), a));
    tensor<float, 2> y = a;
    y(range(1, 9), range(30, 2, -3)) = transpose(b)(range(1, 9), range(0, 10)) * 2;
    CHECK(float(y(1, 30)) == float(b(0, 1)) * 2);
    y = transpose(b) - y;
    CHECK(float(y(0, 0)) == float(b(0, 0)) - float(a(0, 0)));
    tensor<float, 2> z = a;
    assign(y, a - z, z, a + y);
    CHECK(float(sum(abs(y))) == 0);
  }
}

TEST_CASE("row programs, a value a row, columns, everything") {
  auto const a = some<float>({9, 83}, 1);
  for (int threads : {1, 2}) {
    with_threads const scope(threads);
    agrees(softmax(a * 2) - mean(a, axis<1>, keepdims));
    agrees(let(exp(a), [](auto e) { return sum(e, axis<1>) / max(e, axis<1>); }));
    agrees(var(a, axis<0>));
    agrees(argmax(a, axis<1>), 0);
    agrees(sum(transpose(a)));
  }
}

TEST_CASE("products: blocks, an epilogue, lazy operands, vectors, batches, integers, whole rows") {
  auto const a = some<float>({19, 41}, 1), w = some<float>({41, 23}, 2);
  auto const bias = some<float>({23}, 3);
  auto const q = some<float>({2, 7, 5}, 4), k = some<float>({2, 9, 5}, 5), v = some<float>({2, 9, 6}, 6);
  for (int threads : {1, 2}) {
    with_threads const scope(threads);
    agrees(relu(matmul(a, w) + bias), 1e-4);
    agrees(matmul(a * 2, transpose(transpose(w) + 1)), 1e-4);
    agrees(matmul(a, w(all, 1)), 1e-4);
    agrees(matmul(some<std::uint8_t>({5, 41}), some<std::int16_t>({41, 9})), 0);
    agrees(matmul(softmax(matmul(q, swapaxes<1, 2>(k)) * 0.5f), v), 1e-4);
  }
}

TEST_CASE("sources and producers: elements elsewhere, joined, padded, added up, sorted") {
  auto const a = some<float>({9, 35}, 1), w = some<float>({35, 4}, 2);
  tensor<int, 1> const at = {3, -1, 0, 8, 3, 3};
  for (int threads : {1, 2}) {
    with_threads const scope(threads);
    agrees(softmax(take(a, at, axis<0>)) + 1);
    agrees(matmul(concatenate(axis<0>, a, a * 2), w), 1e-4);
    agrees(pad(a, {{1, 2}, {3, 0}}, -1) * 2);
    agrees(cumsum(a, axis<0>) + cumsum(a, axis<1>), 1e-4);
    agrees(sort(a, axis<0>) - sort(a), 0);
    agrees(argsort(a), 0);
  }
}

TEST_CASE("the backward pass: sinks, row programs, rows of two lengths, producers, gradients of gradients") {
  auto const x = some<double>({5, 7}, 1), w = some<double>({7, 3}, 2), short_rows = some<double>({5, 4}, 3);
  auto const bias = some<double>({3}, 4);
  tensor<int, 1> const at = {3, -1, 0, 3};
  for (int threads : {1, 2}) {
    with_threads const scope(threads);
    CHECK(check_gradients(
              [&](auto const& a, auto const& m, auto const& b) {
                return sum(softmax(tanh(matmul(take(a, at, axis<0>), m) + b)) * b) + sum(square(cumsum(a, axis<0>)));
              },
              x, w, bias) < 1e-6);
    CHECK(check_gradients(
              [](auto const& a, auto const& r) {
                return sum(let(mean(square(r), axis<-1>, keepdims), [&](auto m) { return a * m; })) + sum(var(transpose(a), axis<0>));
              },
              x, short_rows) < 1e-6);
    auto const slope = [](auto const& a) { return sum(square(weft::grad([](auto const& b) { return sum(b * exp(b)); })(a))); };
    CHECK(check_gradients(slope, x) < 1e-6);
  }
}

TEST_CASE("inline tensors, borrowed memory, random numbers, text") {
  tensor<float, weft::shape{2, 3}> small = {{1, 2, 3}, {4, 5, 6}};
  small = small * 2 - sum(small, axis<1>, keepdims);
  CHECK(float(small(1, 2)) == -3);
  float memory[12] = {1, 2, 3};
  auto view = weft::borrow(memory, {3, 4});
  view = view + 1;
  CHECK(memory[1] == 3);
  CHECK(weft::random::normal<float>({33}).size() == 33);
  std::ostringstream text;
  text << small;
  CHECK(text.str().size() > 10);
}
