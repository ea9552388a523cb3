// grad, value_and_grad, vjp: several arguments, models, orders, errors, and what stays on the tape.
#include <doctest/doctest.h>
#include <weft/grad.hpp>

#include <cmath>
#include <optional>
#include <string>
#include <vector>

using namespace weft;
using doctest::Approx;

namespace {

template <class F>
std::string message_of(F const& f) {
  try {
    f();
  } catch (autograd_error const& e) {
    return e.what();
  }
  return "";
}

struct scale {
  nn::parameter<double, 1> weight = tensor<double, 1>{1, 2, 3};
};
struct stack {
  std::vector<scale> layers = std::vector<scale>(2);
  std::optional<scale> last;
  std::array<scale, 1> first;
  nn::parameter<double, 2> square = tensor<double, 2>{{1, 2}, {3, 4}};
  nn::buffer<double, 1> calls = tensor<double, 1>{0};
  tensor<double, 1> untouched = {1};
  int number = 3;
};

}  // namespace

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

TEST_CASE("one record a statement") {
  auto before = tape_stats().records;
  auto f = [](auto const& a, auto const& b) { return mean(sigmoid(a * b + 1) * tanh(b)); };
  tensor<float, 1> a = {1, 2, 3}, b = {0.5, -1, 2};
  (void)value_and_grad(f, wrt<0, 1>)(a, b);
  CHECK(tape_stats().records - before == 1);
  CHECK(tape_stats().live == 0);
  before = tape_stats().records;
  auto g = [](auto const& w, auto const& x) {
    auto h = eval(relu(matmul(x, w) + 1));
    return mean(square(h));
  };
  (void)grad(g)(tensor<float, 2>{{1, 2}}, tensor<float, 2>{{1}, {2}});
  CHECK(tape_stats().records - before == 2);
}

TEST_CASE("the last statement is one sweep") {
  tensor<float, 1> a = {1, 2, 3}, b = {0.5, -1, 2};
  auto f = [](auto const& x, auto const& y) { return mean(sigmoid(x * y + 1) * tanh(y)); };
  (void)value_and_grad(f, wrt<0, 1>)(a, b);
  auto const before = memory_stats().kernels;
  (void)value_and_grad(f, wrt<0, 1>)(a, b);
  CHECK(memory_stats().kernels - before == 1);
}

TEST_CASE("changing a tensor in place can't corrupt a gradient") {
  auto f = [](auto const& x) {
    auto y = eval(exp(x));
    auto z = eval(y * y);
    y += 1;  // after it was used
    return sum(z) + 0 * sum(y);
  };
  tensor<double, 1> x = {0.3, 0.7};
  CHECK(allclose(grad(f)(x), 2 * exp(2 * x)));
  auto all_ways = [](auto const& v) {
    auto y = eval(v * 2);
    y *= v;
    y -= 1;
    y /= 2;
    y = y * y;
    return sum(y);
  };
  CHECK(check_gradients(all_ways, x) < 1e-8);
  // The argument itself, changed in the function and after it.
  tensor<double, 1> w = {1, 2};
  auto g = [&w](auto const& v) {
    auto y = eval(v * v);
    w(0) = 100;
    return sum(y * v);
  };
  CHECK(allclose(grad(g)(w), tensor<double, 1>{3, 12}));
  CHECK(w(0) == 100);
}

TEST_CASE("a gradient is never lost silently") {
  tensor<double, 1> x = {1, 2, 3};
  auto leaky = [](auto const& v) {
    double s = sum(v);
    return sum(v * s);
  };
  CHECK(message_of([&] { (void)grad(leaky)(x); }).find("detach") != std::string::npos);
  CHECK(tape_stats().live == 0);
  auto meant = [](auto const& v) { return sum(v * detach(sum(v))); };
  CHECK(allclose(grad(meant)(x), full<double>({3}, 6)));
  auto stopped = [](auto const& v) { return sum(v * stop_gradient(v * v)); };
  CHECK(allclose(grad(stopped)(x), x * x));

  tensor<double, 1> captured = {1, 2, 3};
  auto forgot = [&](auto const& model) { return sum(model.weight * captured); };
  scale model;
  CHECK(message_of([&] { (void)grad(forgot)(model); }).find("argument") != std::string::npos);
  CHECK(model.weight.from.tape == 0);
  CHECK(double(eval(forgot(model))) == 14);
  auto passed = [](auto const& m, auto const& data) { return sum(m.weight * data); };
  CHECK(array_equal(grad(passed)(model, captured).weight.value, captured));
  auto constant = [&](auto const& m) { return sum(m.weight * stop_gradient(tracked<double, 1, 1>(captured))); };
  CHECK(array_equal(grad(constant)(model).weight.value, captured));

  // The outer argument is captured by the inner function, at the same order.
  auto two = [&](auto const& v) {
    auto inner = [&](auto const& w) { return sum(v * w); };
    return sum(v * grad(inner)(x));
  };
  CHECK(message_of([&] { (void)grad(two)(x); }).find("two transforms") != std::string::npos);
  auto again = [&](auto const& m) { return sum(grad([](auto const& k) { return sum(k.weight * k.weight); })(m).weight.value); };
  CHECK(message_of([&] { (void)grad(again)(model); }).find("outer transform") != std::string::npos);
  CHECK(tape_stats().live == 0);
}

TEST_CASE("values that outlive their transform are constants") {
  tracked<double, 1, 1> kept;
  auto f = [&](auto const& x) {
    kept = eval(x * 2);
    return sum(kept * x);
  };
  CHECK(allclose(grad(f)(tensor<double, 1>{1, 2}), tensor<double, 1>{4, 8}));
  double const s = sum(kept);
  CHECK(s == 6);
  auto g = [&](auto const& x) { return sum(kept * x); };
  CHECK(allclose(grad(g)(tensor<double, 1>{1, 2}), tensor<double, 1>{2, 4}));
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

TEST_CASE("the gradient of a model is a model") {
  stack m;
  m.last.emplace();
  m.layers[1].weight.value = {4, 5, 6};
  m.first[0].weight.frozen = true;
  auto f = [](auto const& s, auto const& x) {
    s.calls = s.calls + 1;
    auto h = eval(x * s.layers[0].weight);
    h = h * s.layers[1].weight + s.first[0].weight;
    return sum(h * s.last->weight) + sum(matmul(s.square, transpose(s.square)));
  };
  tensor<double, 1> x = {1, 1, 2};
  auto [value, g] = value_and_grad(f)(m, x);
  static_assert(std::is_same_v<decltype(g), stack>);
  CHECK(m.calls.value(0) == 1);
  CHECK(array_equal(g.layers[0].weight.value, tensor<double, 1>{4, 10, 36}));
  CHECK(array_equal(g.layers[1].weight.value, tensor<double, 1>{1, 4, 18}));
  CHECK(array_equal(g.last->weight.value, tensor<double, 1>{5, 12, 39}));
  CHECK(array_equal(g.first[0].weight.value, zeros<double>({3})));
  CHECK(check_gradients(f, m, x) < 1e-8);
  CHECK(g.number == 3);
  CHECK(m.square.from.tape == 0);
  // A parameter alone, and a parameter as an argument.
  auto alone = [](auto const& s) { return sum(s.square * s.square); };
  CHECK(array_equal(grad(alone)(m).square.value, 2 * m.square.value));
  auto itself = [](auto const& p, auto const& y) { return sum(p * y); };
  CHECK(array_equal(grad(itself)(m.square, m.square.value).value, m.square.value));
}

TEST_CASE("a gradient penalty: the model at order 1, its data at order 2 inside") {
  scale m;
  auto penalty = [](auto const& model, auto const& data) {
    auto h = [&](auto const& z) { return sum(exp(z * model.weight)); };
    auto s = grad(h)(data);
    return sum(s * s);
  };
  tensor<double, 1> x = {0.1, 0.2, 0.3};
  auto const g = grad(penalty)(m, x).weight.value;
  for (int i = 0; i < 3; ++i) {
    double const w = i + 1, z = x(i);
    CHECK(g(i) == Approx(std::exp(2 * w * z) * (2 * w + 2 * w * w * z)));
  }
  CHECK(check_gradients(penalty, m, x) < 1e-6);
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

TEST_CASE("a long chain of statements needs no deep recursion") {
  auto f = [](auto const& x) {
    auto y = eval(x * 1);
    for (int i = 0; i < 100000; ++i) y = y + 1e-6 * y;
    return sum(y);
  };
  auto const g = grad(f)(tensor<double, 1>{1, 2});
  CHECK(g(0) == Approx(std::pow(1 + 1e-6, 100000)));
  CHECK(tape_stats().live == 0);
}

TEST_CASE("steps allocate nothing new and copy nothing") {
  stack m;
  m.last.emplace();
  auto f = [](auto const& s, auto const& x) {
    auto h = eval(relu(matmul(x, s.square) + 0.5));
    auto k = eval(tanh(matmul(h, transpose(s.square))));
    return mean(square(k - x)) + 0.1 * sum(s.square * s.square);
  };
  tensor<double, 2> x = full<double>({64, 2}, 0.3);
  auto step = value_and_grad(f);
  auto go = [&] {
    auto [value, g] = step(m, x);
    m.square.value -= 0.001 * g.square.value;
  };
  for (int i = 0; i < 3; ++i) go();
  auto const before = memory_stats();
  for (int i = 0; i < 2000; ++i) go();
  auto const after = memory_stats();
  CHECK(after.allocations == before.allocations);
  CHECK(after.copies_on_write == before.copies_on_write);
  CHECK(after.bytes_in_use == before.bytes_in_use);
}
