// Operands whose last axis is known to be of size 1 are read once a row: v(all, newaxis), what keepdims left. The same
// values as for columns of which the compiler knows nothing, which are staged.
#include <doctest/doctest.h>
#include <weft/core.hpp>
#include <weft/ops/random.hpp>

using namespace weft;

namespace {

tensor<float, 2> matrix(index_t rows, index_t columns) { return weft::random::uniform<float>({rows, columns}, -1, 1); }
tensor<float, 1> vector(index_t n) { return weft::random::uniform<float>({n}, -1, 1); }
template <class E, class F>
void same(E const& e, F const& f) {
  tensor<float, 2> const x = e, y = f;
  CHECK(array_equal(x, y));
}
template <class F>
void for_sizes(F f) {
  for (index_t m : {1, 2, 5, 64, 257})
    for (index_t n : {1, 2, 15, 16, 17, 300}) {
      CAPTURE(m);
      CAPTURE(n);
      f(m, n);
    }
}

}  // namespace

TEST_CASE("columns in maps") {
  for_sizes([](index_t m, index_t n) {
    auto const x = matrix(m, n);
    auto const v = vector(m), w = vector(n);
    tensor<float, 2> const column = v(all, newaxis), row = w(newaxis, all);
    same(x + v(all, newaxis), x + column);
    same(relu(v(all, newaxis) * x - w), relu(column * x - w));
    same(v(all, newaxis) * w, column * row);
    same(where(x > v(all, newaxis), x, v(all, newaxis)), where(x > column, x, column));
    same(exp(v(all, newaxis)) * x + x(all, range(0, 1)), exp(column) * x + tensor<float, 2>(x(all, range(0, 1))));
    same(transpose(x) * w(all, newaxis), transpose(x) * tensor<float, 2>(w(all, newaxis)));
    same(x - borrow(v.data(), {m})(all, newaxis), x - column);
  });
}

TEST_CASE("columns divide as everything does: by no reciprocal") {
  for_sizes([](index_t m, index_t n) {
    auto const x = matrix(m, n);
    auto const mu = eval(mean(x, axis<-1>, keepdims)), sigma = eval(stddev(x, axis<-1>, keepdims));
    same((x - mu) / (sigma + 1), (x - tensor<float, 2>(mu)) / (tensor<float, 2>(sigma) + 1));
  });
}

TEST_CASE("columns in row programs and definitions") {
  for_sizes([](index_t m, index_t n) {
    auto const x = matrix(m, n);
    auto const v = vector(m), w = vector(n);
    tensor<float, 2> const column = v(all, newaxis);
    same(softmax(x + v(all, newaxis)), softmax(x + column));
    same(log_softmax(x * v(all, newaxis) + w), log_softmax(x * column + w));
    same(x - max(v(all, newaxis) * x, axis<-1>, keepdims), x - max(column * x, axis<-1>, keepdims));
    same(x - mean(x, axis<-1>, keepdims) + v(all, newaxis), x - mean(x, axis<-1>, keepdims) + column);
    same(x / sum(x + v(all, newaxis), axis<-1>, keepdims), x / sum(x + column, axis<-1>, keepdims));
    same(let(x * v(all, newaxis), [](auto t) { return t * t + t; }), let(x * column, [](auto t) { return t * t + t; }));
    same(let(v(all, newaxis) * 2, [&](auto t) { return t * x + t; }), let(column * 2, [&](auto t) { return t * x + t; }));
    same(x * v(all, newaxis) - mean(x * v(all, newaxis), axis<0>, keepdims),
         x * column - mean(x * column, axis<0>, keepdims));
  });
}

TEST_CASE("columns where the result goes to a place, to itself, to several tensors") {
  for_sizes([](index_t m, index_t n) {
    auto const x = matrix(m, n);
    auto const v = vector(m);
    tensor<float, 2> const column = v(all, newaxis);
    auto y = x;
    y += v(all, newaxis);
    same(y, x + column);
    y = x;
    y = y * v(all, newaxis) + y;
    same(y, x * column + x);
    y = x;
    y = y * y(all, range(0, 1));
    same(y, x * tensor<float, 2>(x(all, range(0, 1))));
    auto wide = zeros<float>({m, 2 * n});
    wide(all, range(0, 2 * n, 2)) = x + v(all, newaxis);
    same(wide(all, range(0, 2 * n, 2)), x + column);
    tensor<float, 2> p, q;
    assign(p, x * v(all, newaxis), q, x + v(all, newaxis));
    same(p, x * column);
    same(q, x + column);
    // A column that lies in what is written: the first of the result's own.
    y = x;
    y = x + y(all, 0)(all, newaxis);
    same(y, x + tensor<float, 2>(x(all, range(0, 1))));
  });
}

TEST_CASE("columns of three axes, of other element types") {
  for_sizes([](index_t m, index_t n) {
    auto const x = weft::random::uniform<float>({3, m, n}, -1, 1);
    auto const v = vector(m), u = vector(3);
    tensor<float, 3> const deep = u(all, newaxis, newaxis), flat = v(newaxis, all, newaxis);
    tensor<float, 3> const y = x * u(all, newaxis, newaxis) + v(all, newaxis), z = x * deep + flat;
    CHECK(array_equal(y, z));
    auto const d = cast<double>(matrix(m, n));
    tensor<float, 2> const column = v(all, newaxis);
    tensor<double, 2> const e = d * v(all, newaxis), f = d * column;
    CHECK(array_equal(e, f));
    tensor<bool, 2> const g = d > v(all, newaxis), h = d > column;
    CHECK(array_equal(g, h));
  });
}
