// Gradients of views and products: cotangents go back to where a view looks.
#include <doctest/doctest.h>
#include <weft/grad.hpp>
#include <weft/nn/model.hpp>

#include "support.hpp"

using namespace weft;

TEST_CASE("views give their cotangents back to where they look") {
  auto const x = varied<2>({6, 9}, -1, 1, 1);
  auto const y = varied<3>({2, 3, 4}, -1, 1, 2);
  auto const v = varied<1>({9}, -1, 1, 3);
#define VIEW(...) CHECK(check_gradients([](auto const& a) { return sum(square(__VA_ARGS__)); }, x) < near)
  VIEW(transpose(a));
  VIEW(a(2, all));
  VIEW(a(range(1, 5, 2), range(8, 2, -3)));
  VIEW(a(newaxis, all, newaxis, 3));
  VIEW(a(range(0, 5), all) * a(range(1, 6), all));
  VIEW(transpose(a * a)(range(1, 4), all));
  VIEW(a + a(range(2, 3), all) + a(all, range(4, 5)));
  VIEW(expand_dims(a, 1) * 3 + a(all, newaxis, all));
  VIEW(eval(transpose(a)) * eval(a)(range(0, 1), range(0, 1)));
#ifdef WEFT_LONG_TESTS
  VIEW(a(all, -1) * 2);
  VIEW(a(2, 3) * a);
  VIEW(transpose(a)(all, 2) * exp(a(2, all)));
  VIEW(sum(a, axis<1>)(range(1, 4)));
  VIEW(matmul(a, transpose(a))(range(0, 3), all));
#endif
#undef VIEW
  CHECK(check_gradients([](auto const& a) { return sum(square(swapaxes<0, 2>(a)) * 2 + swapaxes<0, 2>(a)); }, y) <
        near);
  CHECK(check_gradients([](auto const& a) { return sum(square(swapaxes(a, 0, 2))); }, y) < near);
  CHECK(check_gradients([](auto const& a) { return sum(exp(broadcast_to(a, {4, 9})) * 0.1); }, v) < near);
  CHECK(
      check_gradients([](auto const& a, auto const& b) { return sum(a * transpose(b) + transpose(a * transpose(b))); },
                      varied<2>({7, 7}, -1, 1, 5), varied<2>({7, 7}, -1, 1, 6)) < near);
  // The same leaf straight and transposed in one statement, wider than a tile.
  CHECK(check_gradients([](auto const& a) { return sum(a * transpose(a) * a); }, varied<2>({70, 70}, -1, 1, 7)) < near);
}

TEST_CASE("reshape and flatten") {
  auto const x = varied<2>({4, 6}, -1, 1, 1), m = varied<2>({4, 3}, -1, 1, 2);
  auto const check = [&](auto const& f) { return check_gradients(f, x) < near; };
  CHECK(check([](auto const& a) { return sum(square(reshape(a, {3, 8})) * 2); }));
  CHECK(check([](auto const& a) { return sum(exp(flatten(a * a))(range(2, 9))); }));
  CHECK(check([](auto const& a) { return sum(square(reshape(a, {2, -1, 3}) * mean(a)) + a(0, 0)); }));
  CHECK(check([](auto const& a) { return sum(reshape(sum(a * a), {1, 1}) * a); }));
#ifdef WEFT_LONG_TESTS
  CHECK(check([](auto const& a) { return sum(flatten(transpose(a)) * flatten(a)); }));
#endif
  CHECK(check([&](auto const& a) { return sum(square(matmul(reshape(a, {-1, 4}), m))); }));
  CHECK(check([](auto const& a) {
    auto const cube = [](auto const& b) { return sum(flatten(b) * flatten(b) * reshape(b * b, {24})); };
    return sum(square(flatten(grad(cube)(a))));
  }));
  CHECK(grad([](auto const& a) { return sum(flatten(a)); })(tensor<double, shape{2, 2}>{{1, 2}, {3, 4}})(1, 1) == 1);

  nn::parameter<double, 1> w = tensor<double, 1>{1, 2, 3, 4, 5, 6};
  tensor<double, 2> const data = {{1, 2, 3}, {4, 5, 6}};
  auto const f = [](auto const& p, auto const& d) { return sum(d * reshape(p, {2, 3})) + sum(flatten(p * 2)); };
  tensor<double, 2> const plain = data * reshape(w, {2, -1});  // no gradients are asked for
  CHECK(array_equal(plain, data * data));
  CHECK(array_equal(grad(f)(w, data).value, flatten(data) + 2));
  w.frozen = true;
  CHECK(array_equal(grad(f)(w, data).value, 0 * flatten(data)));
}

// One leaf through two views, so large that threads share the work: they must not meet in its cotangent.
TEST_CASE("shifted views of one leaf, with threads") {
  auto const sweep = [](auto const& f, auto const& x, int threads) {
    set_num_threads(threads);
    auto g = grad(f)(x);
    set_num_threads(0);
    return g;
  };
  auto const below = [](auto const& a) { return sum(square(a(range(1, end), all) - a(range(0, -1), all))); };
  auto const beside = [](auto const& a) { return sum(square(a(range(1, end)) - a(range(0, -1)))); };
  auto const halves = [](auto const& a) { return sum(a(all, range(0, 150)) * a(all, range(150, end))); };
  auto const flipped = [](auto const& a) { return sum(a(range(0, 1000), all) * a(range(1200, 200, -1), all)); };
  auto const x = varied<2>({9, 32768}, -1, 1, 1);
  auto const v = varied<1>({300001}, -1, 1, 2);
  auto const w = varied<2>({2000, 300}, -1, 1, 3);
  auto expected = eval(0 * x);
  auto const step = eval(2 * (x(range(1, end), all) - x(range(0, -1), all)));
  expected(range(1, end), all) += step;
  expected(range(0, -1), all) -= step;
  auto expected_beside = eval(0 * v);
  auto const shift = eval(2 * (v(range(1, end)) - v(range(0, -1))));
  expected_beside(range(1, end)) += shift;
  expected_beside(range(0, -1)) -= shift;
  auto const one = sweep(below, x, 1);
  auto const one_beside = sweep(beside, v, 1);
  CHECK(allclose(one, expected, 1e-12, 1e-12));
  CHECK(allclose(one_beside, expected_beside, 1e-12, 1e-12));
  for (int threads : {2, 4})
    for (int i = 0; i < 10; ++i) {
      CHECK(array_equal(sweep(below, x, threads), one));
      CHECK(array_equal(sweep(beside, v, threads), one_beside));
    }
  auto const apart = sweep(halves, w, 4);
  CHECK(array_equal(apart(all, range(0, 150)), w(all, range(150, end))));
  CHECK(array_equal(apart(all, range(150, end)), w(all, range(0, 150))));
  CHECK(array_equal(sweep(flipped, w, 4), sweep(flipped, w, 1)));
}

TEST_CASE("products") {
  auto const a = varied<2>({5, 7}, -1, 1, 1), b = varied<2>({7, 4}, -1, 1, 2), c = varied<2>({4, 7}, -1, 1, 3);
  auto const bias = varied<1>({4}, -1, 1, 4), v = varied<1>({7}, -1, 1, 5), u = varied<1>({5}, -1, 1, 6);
  auto check = [](auto const& f, auto const&... x) { return check_gradients(f, x...) < near; };
  CHECK(check([](auto const& x, auto const& w) { return sum(square(matmul(x, transpose(w)))); }, a, c));
  CHECK(check([](auto const& x, auto const& w, auto const& s) { return sum(tanh(matmul(x, w) + s)); }, a, b, bias));
  CHECK(check([](auto const& x, auto const& w, auto const& s) { return sum(square(eval(relu(matmul(x, w) + s)))); }, a,
              b, bias));
  CHECK(check([](auto const& x, auto const& w, auto const& s) { return sum(matmul(x * x, exp(w)) * sigmoid(s)); }, a, b,
              bias));
  CHECK(check([](auto const& x, auto const& w) { return sum(matmul(matmul(x, w), transpose(matmul(x, w)))); }, a, b));
  CHECK(check([](auto const& x, auto const& w) { return matmul(x, w) * matmul(w, x); }, v, v));
  CHECK(check(
      [](auto const& x, auto const& w) { return sum(square(matmul(x(range(0, 5, 2), all), w(all, range(1, 3))))); }, a,
      b));
  CHECK(check([](auto const& x) { return sum(matmul(x, transpose(x)) * 2.0 - 1); }, a));
#ifdef WEFT_LONG_TESTS
  CHECK(check([](auto const& x, auto const& w) { return sum(square(matmul(x, w))); }, a, b));
  CHECK(check([](auto const& x, auto const& w) { return sum(square(matmul(transpose(w), transpose(x)))); }, a, b));
  CHECK(check([](auto const& x, auto const& w) { return sum(matmul(x, w) * matmul(x, w) + matmul(x, w)); }, a, b));
  CHECK(check([](auto const& x, auto const& w) { return sum(square(matmul(x, w))); }, a, v));
  CHECK(check([](auto const& x, auto const& w) { return sum(square(matmul(x, w))); }, u, a));
  CHECK(check([](auto const& x, auto const& w) { return sum(max(matmul(x, w), axis<1>)) + mean(matmul(x, w)); }, a, b));
  CHECK(check([](auto const& x, auto const& w) { return sum(softmax(matmul(x, w)) * matmul(x, w)); }, a, b));
#endif
}
