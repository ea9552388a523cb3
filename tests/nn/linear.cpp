// The dense layer: values, shapes, where it cuts types, how its weights begin.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <weft/grad.hpp>
#include <weft/nn.hpp>

#include <cmath>

#include "support.hpp"

namespace nn = weft::nn;
using doctest::Approx;
using weft::tensor;

TEST_CASE("x times the transposed weight, plus the bias") {
  nn::Linear l{3, 2};
  l.weight.value = tensor<float, 2>{{1, 2, 3}, {-1, 0, 1}};
  l.bias.value = tensor<float, 1>{10, 20};
  tensor<float, 2> const x = {{1, 1, 1}, {1, 0, 2}};
  CHECK(array_equal(eval(l(x)), tensor<float, 2>{{16, 20}, {17, 21}}));
  CHECK(array_equal(eval(l(x(0, weft::all))), tensor<float, 1>{16, 20}));
  CHECK(array_equal(eval(relu(l(-1 * x))), tensor<float, 2>{{4, 20}, {3, 19}}));
  CHECK(array_equal(eval(l(x) + l(x)), 2 * l(x)));
  CHECK(eval(l(tensor<float, 2>(weft::zeros<float>({0, 3})))).shape() == std::array<weft::index_t, 2>{0, 2});
  CHECK_THROWS_AS((void)eval(l(tensor<float, 2>{{1, 2}})), weft::shape_error);

  nn::linear<double, false> d{3, 2};
  d.weight.value = tensor<double, 2>{{1, 2, 3}, {-1, 0, 1}};
  CHECK(array_equal(eval(d(tensor<double, 1>{1, 1, 1})), tensor<double, 1>{6, 0}));
}

TEST_CASE("layers of layers are evaluated one by one: their types don't nest") {
  nn::Linear a{4, 4}, b{4, 4}, c{4, 4};
  tensor<float, 2> const x = weft::random::normal<float>({5, 4});
  auto const two = relu(b(relu(a(x))));
  auto const three = relu(c(two));
  static_assert(std::is_same_v<decltype(two), decltype(three)>);
  tensor<float, 2> const by_hand = relu(c(eval(relu(b(eval(relu(a(x))))))));
  CHECK(array_equal(eval(three), by_hand));
}

TEST_CASE("a lazy input is read while it is packed") {
  nn::Linear l{4, 3};
  tensor<float, 2> const x = weft::random::normal<float>({5, 4});
  CHECK(allclose(l(x * 2 + 1), l(eval(x * 2 + 1)), 1e-6));
}

TEST_CASE("how weights begin") {
  weft::random::seed(3);
  nn::Linear l{16, 2000};
  float const limit = 0.25f;
  CHECK(float(max(l.weight.value)) < limit);
  CHECK(float(max(l.weight.value)) > 0.99f * limit);
  CHECK(float(min(l.weight.value)) >= -limit);
  CHECK(float(mean(l.weight.value)) == Approx(0).epsilon(0.01));
  CHECK(float(var(l.weight.value)) == Approx(limit * limit / 3).epsilon(0.02));
  CHECK(float(var(l.bias.value)) == Approx(limit * limit / 3).epsilon(0.1));
  nn::Linear other{16, 2000};
  CHECK_FALSE(array_equal(l.weight.value, other.weight.value));
  weft::random::seed(3);
  nn::Linear again{16, 2000};
  CHECK(array_equal(l.weight.value, again.weight.value));
  CHECK(array_equal(l.bias.value, again.bias.value));
  CHECK_THROWS_AS((nn::Linear{0, 3}), weft::shape_error);
  CHECK_THROWS_AS((nn::Linear{-2, 3}), weft::shape_error);
}

struct precise {
  nn::linear<double> a{3, 4};
  nn::linear<double, false> b{4, 2};
  auto operator()(auto const& x) const { return b(tanh(a(x))); }
};

TEST_CASE("gradients of a model against differences") {
  precise net;
  tensor<double, 2> const x = weft::random::normal<double>({5, 3});
  auto const loss = [](auto const& model, auto const& input) { return mean(square(model(input))); };
  CHECK(check_gradients(loss, net, x) < 1e-6);
}

TEST_CASE("what is frozen gets no gradient") {
  precise net;
  nn::freeze(net.a);
  tensor<double, 2> const x = weft::random::normal<double>({5, 3});
  auto const g = weft::grad([](auto const& m, auto const& in) { return sum(square(m(in))); })(net, x);
  static_assert(std::is_same_v<std::remove_const_t<decltype(g)>, precise>);
  CHECK(all_of(g.a.weight.value == 0));
  CHECK_FALSE(all_of(g.b.weight.value == 0));
}
