// Losses by hand: values, reductions, gradients, and what is refused.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <weft/grad.hpp>
#include <weft/nn.hpp>

#include <cmath>
#include <limits>

namespace nn = weft::nn;
using doctest::Approx;
using nn::losses::cross_entropy;
using nn::losses::mse_loss;
using weft::index_t;
using weft::tensor;
namespace reduction = nn::reduction;

TEST_CASE("mean squared error") {
  tensor<float, 2> const p = {{1, 2}, {3, 4}}, y = {{1, 0}, {0, 4}};
  CHECK(float(mse_loss(p, y)) == Approx((4 + 9) / 4.0));
  CHECK(float(mse_loss(p, y, reduction::sum)) == Approx(13));
  CHECK(array_equal(eval(mse_loss(p, y, reduction::none)), tensor<float, 2>{{0, 4}, {9, 0}}));
  CHECK(float(mse_loss(p * 1, y + 0)) == Approx(3.25));  // expressions
  CHECK_THROWS_AS((void)mse_loss(p, tensor<float, 2>{{1, 2}}), weft::shape_error);
  tensor<float, 1> const none = weft::zeros<float>({0});
  CHECK(std::isnan(float(mse_loss(none, none))));
  CHECK(float(mse_loss(tensor<float, 0>(3.0f), tensor<float, 0>(1.0f))) == 4);
}

TEST_CASE("cross-entropy of classes") {
  tensor<double, 2> const z = {{1, 2, 3}, {0, 0, 0}, {5, -5, 1}};
  tensor<int, 1> const y = {2, 0, 1};
  auto const rows = eval(cross_entropy(z, y));
  double const expected[] = {std::log(std::exp(1) + std::exp(2) + std::exp(3)) - 3, std::log(3),
                             std::log(std::exp(5) + std::exp(-5) + std::exp(1)) + 5};
  for (int i = 0; i < 3; ++i) CHECK(rows(i) == Approx(expected[i]));
  CHECK(double(cross_entropy(z, y, reduction::mean)) == Approx((expected[0] + expected[1] + expected[2]) / 3));
  CHECK(double(cross_entropy(z, y, reduction::sum)) == Approx(expected[0] + expected[1] + expected[2]));
  tensor<std::int64_t, 1> const wide = {2, 0, 1};
  CHECK(allclose(cross_entropy(z, wide), rows));
  tensor<double, 1> const w = {1, 0, 2};
  CHECK(double(cross_entropy(z, y, w, reduction::sum)) == Approx(expected[0] + 2 * expected[2]));

  // One row, and rows of rows.
  tensor<double, 1> const one = {1, 2, 3};
  CHECK(double(cross_entropy(one, tensor<int, 0>(2))) == Approx(expected[0]));
  auto const deep = reshape(z, {1, 3, 3});
  auto const deep_y = reshape(y, {1, 3});
  CHECK(allclose(cross_entropy(deep, deep_y), reshape(rows, {1, 3})));
}

TEST_CASE("more classes than the targets' type can count") {
  auto const agree = []<class T>(T, index_t n, int a, int b) {
    tensor<float, 2> const z = weft::random::normal<float>({2, n});
    tensor<T, 1> const y = {static_cast<T>(a), static_cast<T>(b)};
    CHECK(array_equal(cross_entropy(z, y), cross_entropy(z, tensor<int, 1>{a, b})));
  };
  agree(std::uint8_t{}, 256, 0, 255);
  agree(std::uint8_t{}, 257, 1, 255);
  agree(std::uint8_t{}, 1000, 0, 7);
#ifdef WEFT_LONG_TESTS
  agree(std::int8_t{}, 200, 3, 127);
  agree(std::uint16_t{}, 65536, 0, 65535);
#endif
  tensor<std::int8_t, 1> const below = {-1};
  CHECK_THROWS_AS((void)cross_entropy(weft::zeros<float>({1, 256}), below), weft::index_error);
  CHECK_THROWS_AS((void)cross_entropy(weft::zeros<float>({1, 3}), tensor<std::uint8_t, 1>{3}), weft::index_error);
  CHECK(float(cross_entropy(weft::zeros<float>({300}), tensor<std::uint8_t, 0>(9))) == Approx(std::log(300.0)));
}

TEST_CASE("cross-entropy of probabilities is that of classes where they are certain") {
  tensor<float, 2> const z = weft::random::normal<float>({7, 5}, 0, 3);
  tensor<int, 1> const y = weft::random::randint<int>({7}, 0, 5);
  tensor<float, 2> certain = weft::zeros<float>({7, 5});
  for (int i = 0; i < 7; ++i) certain(i, y(i)) = 1;
  CHECK(allclose(cross_entropy(z, certain), cross_entropy(z, y), 1e-5));
  nn::cross_entropy_options const smooth{.label_smoothing = 0.2};
  CHECK(allclose(cross_entropy(z, y, reduction::none, smooth),
                 cross_entropy(z, eval(certain * 0.8 + 0.2 / 5), reduction::none), 1e-5, 1e-5));
}

TEST_CASE("probabilities that don't sum to 1: logits count from their largest, which is held constant") {
  tensor<double, 1> const z = {1000, 1002, 1001}, p = {0.1, 0.3, 0.1};
  double const total = std::log(std::exp(-2) + 1 + std::exp(-1));
  CHECK(double(cross_entropy(z, p)) == Approx(total + 0.1 * 2 + 0.1 * 1));
  auto const of_logits = [&](auto const& v) { return cross_entropy(v, p); };
  auto const [value, slope] = weft::value_and_grad(of_logits)(z);
  CHECK(double(value) == Approx(total + 0.3));
  CHECK(allclose(slope, softmax(z) - p, 1e-12, 1e-14));
}

TEST_CASE("large, infinite and missing logits") {
  float const inf = std::numeric_limits<float>::infinity();
  tensor<float, 2> const z = {{1000, 999, -1000}, {-1e30f, 0, 1}, {-inf, 2, 2}};
  tensor<int, 1> const y = {0, 2, 1};
  auto const rows = eval(cross_entropy(z, y));
  CHECK(rows(0) == Approx(std::log1p(std::exp(-1.0))));
  CHECK(rows(1) == Approx(std::log1p(std::exp(-1.0))));
  CHECK(rows(2) == Approx(std::log(2.0)));
  CHECK(eval(cross_entropy(z, tensor<int, 1>{2, 2, 0}))(2) == inf);
}

TEST_CASE("what is refused") {
  tensor<float, 2> const z = {{1, 2, 3}, {0, 0, 0}};
  CHECK_THROWS_AS((void)cross_entropy(z, tensor<int, 1>{0, 3}), weft::index_error);
  CHECK_THROWS_AS((void)cross_entropy(z, tensor<int, 1>{-1, 0}), weft::index_error);
  CHECK_THROWS_AS((void)cross_entropy(z, tensor<int, 1>{0}), weft::shape_error);
  CHECK_THROWS_AS((void)cross_entropy(z, tensor<float, 2>{{1, 0}, {0, 1}}), weft::shape_error);
  tensor<int, 1> const y = {0, 1};
  CHECK_THROWS_AS((void)cross_entropy(z, y, tensor<float, 1>{1}), weft::shape_error);
  for (double bad : {-0.1, 1.0, 2.0, std::nan("")})
    CHECK_THROWS_AS((void)cross_entropy(z, y, reduction::mean, {.label_smoothing = bad}), weft::error);
}

TEST_CASE("gradients against differences") {
  tensor<double, 2> const z = weft::random::normal<double>({6, 5}, 0, 2);
  tensor<int, 1> const y = weft::random::randint<int>({6}, 0, 5);
  tensor<double, 1> const w = weft::random::uniform<double>({6});
  auto const of_classes = [](auto const& logits, auto const& classes) {
    return cross_entropy(logits, classes, reduction::mean);
  };
  // softmax minus target, spread over the rows
  auto const g = weft::grad(of_classes)(z, y);
  tensor<double, 2> expected = softmax(z) / 6;
  for (int i = 0; i < 6; ++i) expected(i, y(i)) -= 1.0 / 6;
  CHECK(allclose(g, expected, 1e-12, 1e-14));

  auto const smooth = [](auto const& logits, auto const& classes) {
    return cross_entropy(logits, classes, reduction::sum, {.label_smoothing = 0.1});
  };
  CHECK(check_gradients(smooth, z, y) < 1e-6);
  auto const weighted = [](auto const& logits, auto const& classes, auto const& weights) {
    return cross_entropy(logits, classes, weights, reduction::sum);
  };
  CHECK(check_gradients(weighted, z, y, w) < 1e-6);
  auto const squares = [](auto const& p, auto const& t) { return mse_loss(sin(p), t); };
  CHECK(check_gradients(squares, z, eval(z + 1)) < 1e-6);
#ifdef WEFT_LONG_TESTS
  CHECK(check_gradients(of_classes, z, y) < 1e-6);
  auto const of_expression = [](auto const& logits, auto const& classes) {
    return sum(square(cross_entropy(tanh(logits) * 2, classes)));
  };
  CHECK(check_gradients(of_expression, z, y) < 1e-6);
  tensor<double, 2> const probabilities = softmax(weft::random::normal<double>({6, 5}));
  auto const of_probabilities = [&](auto const& logits) {
    return cross_entropy(logits, probabilities, reduction::mean);
  };
  CHECK(check_gradients(of_probabilities, z) < 1e-6);
#endif
}

#ifdef WEFT_LONG_TESTS
TEST_CASE("second derivatives") {
  tensor<double, 2> const z = weft::random::normal<double>({3, 4});
  tensor<int, 1> const y = {0, 3, 1};
  auto const slope = [&](auto const& logits) {
    return sum(square(weft::grad([&](auto const& v) { return cross_entropy(v, y, reduction::sum); })(logits)));
  };
  CHECK(check_gradients(slope, z) < 1e-6);
}
#endif
