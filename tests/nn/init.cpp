// Initialisers: bounds and moments, and which axes count.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <weft/nn/init.hpp>
#include <weft/ops/closeness.hpp>
#include <weft/ops/statistics.hpp>

#include <cmath>

namespace init = weft::nn::init;
using doctest::Approx;
using weft::tensor;

namespace {

void check_uniform(auto const& t, double limit) {
  CHECK(std::fabs(double(mean(t))) < 0.02 * limit);
  CHECK(double(max(t)) < limit);
  CHECK(double(max(t)) > 0.99 * limit);
  CHECK(double(min(t)) >= -limit);
  CHECK(double(min(t)) < -0.99 * limit);
  CHECK(double(var(t)) == Approx(limit * limit / 3).epsilon(0.03));
}
void check_normal(auto const& t, double deviation) {
  CHECK(std::fabs(double(mean(t))) < 0.03 * deviation);
  CHECK(double(var(t)) == Approx(deviation * deviation).epsilon(0.04));
  CHECK(double(max(t)) > 3 * deviation);
}

}  // namespace

TEST_CASE("scaled by what comes in and goes out") {
  weft::random::seed(1);
  check_uniform(init::glorot_uniform<float>({200, 300}), std::sqrt(6.0 / 500));
  check_normal(init::glorot_normal<double>({200, 300}, 3), 3 * std::sqrt(2.0 / 500));
  check_uniform(init::he_uniform<float>({200, 300}), std::sqrt(3.0 / 300));
  check_normal(init::he_normal<float>({200, 300}), 1 / std::sqrt(300.0));
  check_normal(init::he_normal<float>({200, 300}, {.mode = init::fan_mode::fan_out, .gain = 2}), 2 / std::sqrt(200.0));
  check_uniform(init::glorot_uniform<float>({64, 3, 3, 32}), std::sqrt(6.0 / (288 + 576)));
  check_uniform(init::uniform<float>({1000, 60}, -0.25, 0.25), 0.25);
  check_normal(init::normal<float>({1000, 60}, 0, 0.5), 0.5);
}

TEST_CASE("constant and identity") {
  CHECK(array_equal(init::constant<float>({2, 3}, 0.5f), weft::full<float>({2, 3}, 0.5f)));
  CHECK(array_equal(init::identity<float>({3, 3}), weft::eye<float>(3)));
  CHECK_THROWS_AS((void)init::identity<float>({2, 3}), weft::shape_error);
  CHECK_THROWS_AS((void)init::glorot_uniform<float>({0, 3}), weft::shape_error);
}
