// What stays on the tape and for how long.
#include <doctest/doctest.h>
#include <weft/grad.hpp>
#include <weft/nn/model.hpp>

#include <cmath>

using namespace weft;
using doctest::Approx;

namespace {

struct scale {
  nn::parameter<double, 2> square = tensor<double, 2>{{1, 2}, {3, 4}};
};

}  // namespace

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
  scale m;
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

TEST_CASE("the same bits for every number of threads") {
  index_t const n = 400003;
  auto f = [](auto const& a, auto const& b, auto const& k) { return mean(sigmoid(a * b) * tanh(a * k)); };
  tensor<float, 1> a, b;
  a.prepare({n});
  b.prepare({n});
  for (index_t i = 0; i < n; ++i) {
    a.data()[i] = static_cast<float>(std::sin(double(i)));
    b.data()[i] = static_cast<float>(std::cos(3 * double(i)));
  }
  auto const run = [&](int threads) {
    set_num_threads(threads);
    auto r = value_and_grad(f, wrt<0, 1, 2>)(a, b, 0.7f);
    set_num_threads(0);
    return r;
  };
  auto const one = run(1);
  for (int threads : {2, 8}) {
    auto const many = run(threads);
    CHECK(float(many.value) == float(one.value));
    CHECK(array_equal(std::get<0>(many.gradient), std::get<0>(one.gradient)));
    CHECK(array_equal(std::get<1>(many.gradient), std::get<1>(one.gradient)));
    CHECK(float(std::get<2>(many.gradient)) == float(std::get<2>(one.gradient)));
  }
}
