// grad, value_and_grad, vjp: several arguments, types, orders.
#include <doctest/doctest.h>
#include <weft/grad.hpp>

#include <cmath>

using namespace weft;
using doctest::Approx;

TEST_CASE("the gradient of a function") {
  auto f = [](auto const& x) { return sum(tanh(x) * x); };
  tensor<double, 1> x = {0.1, -0.4, 2.0};
  tensor<double, 1> dx = grad(f)(x);
  for (int i = 0; i < 3; ++i) {
    double const t = std::tanh(x(i));
    CHECK(dx(i) == Approx(t + x(i) * (1 - t * t)));
  }
}

TEST_CASE("value and gradients with respect to several arguments") {
  auto loss = [](auto const& w, auto const& b, auto const& x, auto const& y) {
    return mean(square(matmul(x, w) + b - y));
  };
  tensor<double, 2> w = {{1}, {2}}, x = {{1, 1}, {2, 0}, {0, 3}}, y = {{0}, {0}, {0}};
  tensor<double, 1> b = {0.5};
  auto [value, gradients] = value_and_grad(loss, wrt<0, 1>)(w, b, x, y);
  auto& [dw, db] = gradients;
  CHECK(double(value) == Approx((3.5 * 3.5 + 2.5 * 2.5 + 6.5 * 6.5) / 3));
  CHECK(double(db(0)) == Approx(2 * (3.5 + 2.5 + 6.5) / 3));
  CHECK(dw.shape() == w.shape());
  CHECK(check_gradients(loss, w, b, x, y) < 1e-6);
  // One by one.
  CHECK(allclose(grad(loss)(w, b, x, y), dw));
  CHECK(allclose(grad(loss, wrt<1>)(w, b, x, y), db));
}

TEST_CASE("a check of gradients can fail") {
  // The derivative of a constant-by-stop_gradient part is missing: a known wrong gradient.
  auto f = [](auto const& x) { return sum(x * stop_gradient(x)); };
  CHECK(check_gradients(f, tensor<double, 1>{1, 2, 3}) == Approx(0.5).epsilon(1e-3));
}

TEST_CASE("numbers as arguments, integer data beside them, static shapes") {
  auto f = [](auto const& x, auto const& k, auto const& i) { return sum(x * k * k) + 0 * sum(i); };
  tensor<int32, 1> const i = {1, 2};
  tensor<float, shape{2, 3}> const x = {{1, 2, 3}, {4, 5, 6}};
  auto [value, gradients] = value_and_grad(f, wrt<0, 1>)(x, 3.0f, i);
  static_assert(std::is_same_v<decltype(std::get<0>(gradients)), tensor<float, shape{2, 3}>&>);
  CHECK(float(value) == 189);
  CHECK(float(std::get<1>(gradients)) == 126);
  CHECK(std::get<0>(gradients)(1, 2) == 9);
  tensor<float, shape{"batch", 4}> y;
  y = full<float>({2, 4}, 2);
  auto const dy = grad([](auto const& v) { return sum(v * v); })(y);
  CHECK(array_equal(dy, full<float>({2, 4}, 4)));
}

TEST_CASE("derivatives of derivatives") {
  auto f = [](auto const& x) { return sum(x * x * x); };
  auto df_sum = [&](auto const& x) { return sum(grad(f)(x)); };
  tensor<double, 1> x = {1, 2, 3};
  CHECK(allclose(grad(df_sum)(x), 6 * x));

  auto t = [](auto const& v) { return sum(tanh(v)); };
  auto t1 = [&](auto const& v) { return sum(grad(t)(v)); };
  auto t2 = [&](auto const& v) { return sum(grad(t1)(v)); };
  auto y = tanh(x);
  CHECK(allclose(grad(t1)(x), -2 * y * (1 - y * y)));
  CHECK(allclose(grad(t2)(x), (1 - y * y) * (6 * y * y - 2)));
}

TEST_CASE("comparisons, integers and truth values are plain") {
  tensor<double, 1> x = {1, -2, 3};
  auto f = [](auto const& v) {
    static_assert(order_of<decltype(v > 0)> == 0);
    tensor<bool, 1> const positive = v > 0;
    bool const some = any(v > 2);
    index_t const at = argmax(v);
    return sum(where(positive, v, 3 * v)) * (some ? 2 : 1) + 0 * static_cast<double>(at);
  };
  CHECK(allclose(grad(f)(x), tensor<double, 1>{2, 6, 2}));
}

TEST_CASE("an argument that nothing reaches has a gradient of zeros") {
  auto f = [](auto const& a, auto const&) { return sum(a); };
  tensor<double, 2> b = {{1, 2}, {3, 4}};
  auto [da, db] = grad(f, wrt<0, 1>)(tensor<double, 1>{1, 2}, b);
  CHECK(array_equal(da, tensor<double, 1>{1, 1}));
  CHECK(array_equal(db, zeros<double>({2, 2})));
  auto none = [](auto const& a) { return 0 * sum(detach(a)); };
  CHECK(array_equal(grad(none)(b), zeros<double>({2, 2})));
}

TEST_CASE("a Hessian by rows, and a Hessian times a vector") {
  auto f = [](auto const& x) { return sum(x * x * x) + prod(x); };
  tensor<double, 1> x = {1, 2, 3}, v = {1, -1, 0.5};
  auto hv = [&](auto const& z) { return sum(grad(f)(z) * v); };
  auto const got = grad(hv)(x);
  // H = 6 diag(x) + [[0, 3, 2], [3, 0, 1], [2, 1, 0]]
  CHECK(allclose(got, tensor<double, 1>{6 - 3 + 1, 3 - 12 + 0.5, 2 - 1 + 9}));
}

TEST_CASE("vjp of a function whose result is a tensor") {
  auto f = [](auto const& x, auto const& w) { return matmul(x, w) * 2; };
  tensor<double, 2> x = {{1, 2}, {3, 4}, {5, 6}}, w = {{1, 0, 1}, {0, 1, 1}}, g = {{1, 0, 0}, {0, 1, 0}, {1, 1, 1}};
  auto [out, pulled] = vjp(f, g, wrt<0, 1>)(x, w);
  auto& [dx, dw] = pulled;
  CHECK(array_equal(out, matmul(x, w) * 2));
  CHECK(array_equal(dx, matmul(g, transpose(w)) * 2));
  CHECK(array_equal(dw, matmul(transpose(x), g) * 2));
  CHECK_THROWS_AS((void)vjp(f, w)(x, w), shape_error);
}

TEST_CASE("reshape of a tracked tensor to another number of elements") {
  CHECK_THROWS_AS((void)grad([](auto const& a) { return sum(reshape(a, {5, 5})); })(ones<double>({4, 6})), shape_error);
}
