// Gradients of statements whose reductions go over rows of different lengths, against differences.
#include <doctest/doctest.h>
#include <weft/grad.hpp>

#include "../support/second_derivatives.hpp"
#include "support.hpp"

using namespace weft;

namespace {

auto const x = varied<2>({3, 7}, -1, 1, 1), y = varied<2>({3, 5}, 0.3, 1.5, 2), z = varied<2>({3, 4}, -1, 1, 3);
auto const column = varied<2>({3, 1}, 0.5, 1.5, 4), wide = varied<2>({1, 5}, 0.5, 1.5, 5);
auto const row = varied<1>({7}, 0.5, 1.5, 6);

auto const mean_of = [](auto const& v) { return mean(v, axis<-1>, keepdims); };
auto const sum_of = [](auto const& v) { return sum(v, axis<-1>, keepdims); };
auto const softmax_of = [](auto const& v) {
  return let(exp(v - max(v, axis<-1>, keepdims)), [](auto const& e) { return e / sum(e, axis<-1>, keepdims); });
};

}  // namespace

TEST_CASE("a definition reduces longer or shorter rows than those it is used in") {
  auto const f = [](auto const& a, auto const& b) {
    return sum(let(mean_of(square(b)), [&](auto const& m) { return a * m + sin(m * a) / (m + 3); }));
  };
  CHECK(check_gradients(f, x, y) < near);
  CHECK(check_gradients(f, y, x) < near);
  CHECK(check_gradients(f, x, column) < near);
  CHECK(check_gradients(f, column, x) < near);
  CHECK(check_gradients(f, x, wide) < near);
  CHECK(check_gradients(f, y, row) < near);
#ifdef WEFT_LONG_TESTS
  CHECK(check_gradients(f, row, y) < near);
#endif
}

TEST_CASE("a definition that varies along its rows is used in rows of another length") {
  // b of one element is repeated along rows of a inside the reduction, and along those of c outside.
  auto const f = [](auto const& a, auto const& b, auto const& c) {
    return sum(let(exp(b * 0.5), [&](auto const& e) { return c * e * sum_of(e * sin(a)) + e * e; }));
  };
  CHECK(check_gradients(f, x, column, y) < near);
  CHECK(check_gradients(f, y, column, x) < near);
  CHECK(check_gradients(f, y, column, column) < near);
  CHECK(check_gradients(f, column, y, y) < near);
  CHECK(check_gradients(f, wide, column, x) < near);
#ifdef WEFT_LONG_TESTS
  CHECK(check_gradients(f, row, column, y) < near);
#endif
#ifdef WEFT_LONG_TESTS
  auto const only_added = [](auto const& a, auto const& b, auto const& c) {
    return sum(let(b + 0.0, [&](auto const& e) { return (c + e) * sum_of(a + e) + (c + e) * mean_of(e - a); }));
  };
  CHECK(check_gradients(only_added, x, column, y) < near);
#endif
}

TEST_CASE("nested lets, and softmax beside other rows") {
  auto const nested = [](auto const& a, auto const& b, auto const& c) {
    return sum(let(softmax_of(a), [&](auto const& s) {
      return let(sum_of(s * s), [&](auto const& n) {
        return let(mean_of(tanh(b * n)), [&](auto const& m) { return tanh(c * m) + n * c + m; });
      });
    }));
  };
  CHECK(check_gradients(nested, x, y, z) < near);
  CHECK(check_gradients(nested, z, column, x) < near);
  CHECK(check_gradients(nested, column, x, y) < near);
#ifdef WEFT_LONG_TESTS
  auto const norms = [](auto const& a, auto const& b) {
    auto const d = let(b - mean_of(b), [](auto const& centred) { return sqrt(mean_of(square(centred)) + 0.1); });
    return sum(softmax_of(a) * d * a) + sum(log_softmax(a) / d);
  };
  CHECK(check_gradients(norms, x, y) < near);
  CHECK(check_gradients(norms, y, x) < near);
  CHECK(check_gradients(norms, row, y) < near);
#endif
}

TEST_CASE("without lets, and one value a row") {
  auto const plain = [](auto const& a, auto const& b) { return sum(a * mean_of(b * b) - max(b, axis<-1>, keepdims)); };
  CHECK(check_gradients(plain, x, y) < near);
  CHECK(check_gradients(plain, y, x) < near);
#ifdef WEFT_LONG_TESTS
  auto const narrow = [](auto const& a, auto const& b) {
    auto const r = eval(sum(exp(a - max(b, axis<-1>, keepdims)), axis<-1>));
    return sum(square(r));
  };
  CHECK(check_gradients(narrow, x, y) < near);
  CHECK(check_gradients(narrow, y, x) < near);
#endif
  auto const named = [](auto const& a, auto const& b) {
    auto const r = eval(let(max(b, axis<-1>, keepdims), [&](auto const& m) { return log(sum_of(exp(a - m))) + m * m; }));
    return sum(r * r);
  };
  CHECK(check_gradients(named, x, y) < near);
  CHECK(check_gradients(named, y, x) < near);
}

TEST_CASE("rows of two axes, and operands that don't lie in rows") {
  auto const a = varied<3>({2, 3, 4}, -1, 1, 1), b = varied<3>({2, 5, 1}, 0.5, 1.5, 2), c = varied<3>({2, 1, 4}, 0.5, 1.5, 3);
  auto const f = [](auto const& u, auto const& v, auto const& w) {
    return sum(let(exp(w), [&](auto const& e) { return u * sum(e * v, axis<-2, -1>, keepdims) + e * u; }));
  };
  CHECK(check_gradients(f, a, b, c) < near);
#ifdef WEFT_LONG_TESTS
  auto const turned = [](auto const& u, auto const& v) {
    return sum(let(mean_of(square(transpose(v))), [&](auto const& m) { return tanh(transpose(u) * m); }));
  };
  CHECK(check_gradients(turned, varied<2>({7, 3}, -1, 1, 1), varied<2>({5, 3}, -1, 1, 2)) < near);
#endif
}

TEST_CASE("a statement's own result is kept, and its record gives up what is not read") {
  auto const f = [](auto const& a, auto const& b) {
    auto const s = eval(exp(let(mean_of(b), [&](auto const& m) { return a * m; })));
    auto const l = eval(let(sum_of(b * 2.0), [&](auto const& m) { return a + m; }));
    return sum(s * s) + sum(sin(l));
  };
  CHECK(check_gradients(f, x, y) < near);
  CHECK(check_gradients(f, y, x) < near);
}

TEST_CASE("the second order") {
  auto const f = [](auto const& a, auto const& b) {
    return sum(let(mean_of(square(b)), [&](auto const& m) { return a * a * m + sin(m * a); }));
  };
  CHECK(worst_of_second(f, x, y) < near);
  CHECK(worst_of_second(f, y, x) < near);
  CHECK(worst_of_second(f, x, column) < near);
#ifdef WEFT_LONG_TESTS
  auto const soft = [](auto const& a, auto const& b) { return sum(softmax_of(a) * a * sum_of(softmax_of(b) * b)); };
  CHECK(worst_of_second(soft, x, y) < near);
#endif
}

TEST_CASE("many rows in float32, and elements of other types") {
  index_t const rows = 100000;
  tensor<float, 2> const a = full<float>({rows, 3}, 0.5f), b = full<float>({rows, 2}, 0.1f);
  tensor<float, 1> const bias = zeros<float>({3});
  auto const f = [](auto const& u, auto const& v, auto const& w) {
    return sum(let(mean_of(v), [&](auto const& m) { return (u + w) * m; }));
  };
  auto const d = grad(f, wrt<2>)(a, b, bias);
  CHECK(double(d(1)) == doctest::Approx(double(0.1f) * double(rows)).epsilon(1e-5));
  // Truth values and a type of their own along the shorter rows.
  tensor<int, 2> const steps = {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}};
  auto const g = [&](auto const& u, auto const& v) {
    return sum(let(sum_of(where(v > 0.8, v * v, v)), [&](auto const& m) { return u * m * sum_of(steps * m); }));
  };
  CHECK(check_gradients(g, x, y) < near);
}

TEST_CASE("empty rows") {
  auto const f = [](auto const& a, auto const& b) {
    return sum(let(sum_of(b), [&](auto const& m) { return a * m + a; }));
  };
  tensor<double, 2> const none = zeros<double>({3, 0});
  auto const [da, db] = grad(f, wrt<0, 1>)(x, none);
  CHECK(double(da(0, 0)) == 1);
  CHECK(db.size() == 0);
  // One value a row, though there is nothing in it.
  tensor<double, 0> const number = 0.5;
  auto const [value, d] = value_and_grad([](auto const& u, auto const& v) { return sum(sum_of(v * u) + u); })(number, none);
  CHECK(double(value) == 1.5);
  CHECK(double(d) == 3);
  auto const missing = value_and_grad([](auto const& u, auto const& v) { return sum(mean_of(v - u)); })(number, none);
  CHECK(std::isnan(double(missing.value)));
}
