// Tensors from nothing, and reshape.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "../engine/oracle.hpp"

#include <weft/ops/random.hpp>

#include <limits>

using namespace oracle;
using weft::shape, weft::tensor;

TEST_CASE("zeros, ones, full, their likes, eye") {
  CHECK(holds(weft::zeros<int>({2, 2}), {0, 0, 0, 0}));
  CHECK(holds(weft::ones<weft::uint8>({3}), {1, 1, 1}));
  CHECK(holds(weft::full<double>({1, 2}, 0.5), {0.5, 0.5}));
  CHECK(weft::zeros<float>({0, 4}).shape() == std::array<index_t, 2>{0, 4});
  CHECK(weft::empty<float>({3, 4, 5}).size() == 60);
  tensor<float, shape{"batch", 2}> x = weft::ones<float>({3, 2});
  auto like = zeros_like(x + 1);
  static_assert(std::is_same_v<decltype(like), tensor<float, shape{"batch", 2}>>);
  CHECK(holds(like, {0, 0, 0, 0, 0, 0}));
  CHECK(holds(full_like(x(0), 7), {7, 7}));
  CHECK(holds(ones_like(tensor<int, shape{2}>{4, 5}), {1, 1}));
  CHECK(holds(weft::eye<int>(2), {1, 0, 0, 1}));
  CHECK(holds(weft::eye<int>(2, 3, 1), {0, 1, 0, 0, 0, 1}));
  CHECK(holds(weft::eye<int>(3, 2, -1), {0, 0, 1, 0, 0, 1}));
  CHECK(holds(weft::eye<int>(2, 3, 2), {0, 0, 1, 0, 0, 0}));
  for (weft::index_t far : {std::numeric_limits<weft::index_t>::max(), std::numeric_limits<weft::index_t>::max() - 1, weft::index_t{3},
                            weft::index_t{-2}, std::numeric_limits<weft::index_t>::min(), std::numeric_limits<weft::index_t>::min() + 1})
    CHECK(holds(weft::eye<int>(2, 3, far), {0, 0, 0, 0, 0, 0}));  // beside the matrix
  CHECK_THROWS_AS((void)weft::zeros<float>({2, -1}), weft::shape_error);
  CHECK_THROWS_AS((void)weft::zeros<float>({index_t(1) << 40, index_t(1) << 40}), weft::shape_error);
}

TEST_CASE("arange and linspace count, they don't add up") {
  CHECK(holds(weft::arange<int>(4), {0, 1, 2, 3}));
  CHECK(holds(weft::arange<int>(5, 0, -2), {5, 3, 1}));
  CHECK(holds(weft::arange<int>(3, 3), {}));
  CHECK(holds(weft::arange<int>(3, 1), {}));
  CHECK(weft::arange<double>(0, 1, 0.1).size() == 10);
  CHECK(weft::arange<float>(0, 1000, 0.1f)(9999) == doctest::Approx(999.9));
  CHECK_THROWS_AS((void)weft::arange<int>(0, 1, 0), weft::error);
  CHECK(holds(weft::linspace<double>(0, 1, 5), {0, 0.25, 0.5, 0.75, 1}));
  CHECK(holds(weft::linspace<double>(2, 3, 1), {2}));
  CHECK(weft::linspace<float>(0, 1, 0).size() == 0);
}

TEST_CASE("linspace is exact where the step is") {
  for (index_t n : {2, 3, 50, 101})
    for (index_t i = 0; i < n; ++i) {
      CHECK(weft::linspace<int>(0, static_cast<int>(n) - 1, n)(i) == i);
      CHECK(weft::linspace<double>(0, static_cast<double>(n - 1), n)(i) == static_cast<double>(i));
    }
  CHECK(weft::linspace<int>(0, 10, 4)(1) == 3);
  CHECK(weft::linspace<int>(-10, 0, 4)(1) == -7);  // downwards, as NumPy
  CHECK(weft::linspace<double>(0.1, 0.7, 7)(6) == 0.7);
  index_t volatile seven = 7;  // unknown to the compiler
  CHECK(weft::linspace<int>(-1, 1, seven)(3) == 0);
  CHECK(weft::linspace<int>(1, -1, seven)(1) == 0);
  CHECK(weft::linspace<int>(1, -1, seven)(4) == -1);
  CHECK(weft::linspace<double>(-1, 1, seven)(3) == 0);
  CHECK(weft::linspace<float>(-1, 1, seven)(3) == 0);
  CHECK(weft::linspace<std::int64_t>(INT64_MIN, INT64_MAX, 3)(1) == -1);
  CHECK(weft::linspace<double>(-1.7e308, 1.7e308, 3)(0) == -1.7e308);
  CHECK(weft::linspace<double>(-1.7e308, 1.7e308, 3)(1) == 0);
  CHECK(holds(weft::linspace<double>(-0x1.8p1023, 0x1.8p1023, 5),
              {-0x1.8p1023, -0x1.8p1022, 0, 0x1.8p1022, 0x1.8p1023}));
  CHECK(holds(weft::linspace<double>(-1.7e308, 1.7e308, 2), {-1.7e308, 1.7e308}));
  CHECK(holds(weft::linspace<double>(-1.7e308, 1.7e308, 1), {-1.7e308}));
  CHECK(weft::linspace<float>(2, 3, 1)(0) == 2);
}

TEST_CASE("what cannot be made says which function was asked") {
  CHECK_THROWS_WITH((void)weft::zeros<float>({-1, 3}), "zeros: a negative size in (-1, 3)");
  CHECK_THROWS_WITH((void)weft::full<float>({-1}, 2), "full: a negative size in (-1,)");
  CHECK_THROWS_WITH((void)weft::eye<float>(-1), "eye: a negative size in (-1, -1)");
  CHECK_THROWS_WITH((void)weft::linspace<float>(0, 1, -1), "linspace: a negative size in (-1,)");
  CHECK_THROWS_WITH((void)weft::random::normal<float>({-2}), "random::normal: a negative size in (-2,)");
  CHECK_THROWS_AS((void)weft::arange<float>(0, 1e30f), weft::shape_error);
}

TEST_CASE("arange counts integers exactly") {
  auto const far = std::int64_t{1} << 60;
  CHECK(weft::arange<std::int64_t>(far, far + 3).size() == 3);
  CHECK(weft::arange<std::int64_t>(far + 3, far, -2).size() == 2);
  CHECK(weft::arange<std::uint64_t>(~std::uint64_t{4}, ~std::uint64_t{0}, 2).size() == 2);
  CHECK(weft::arange<std::int8_t>(100, -128, -100).size() == 3);
  CHECK(weft::arange<int>(-2000000000, 2000000000, 1000000000)(3) == 1000000000);
  CHECK(weft::arange<int>(3, 3).size() == 0);
  CHECK(weft::arange<int>(3, 0).size() == 0);
  CHECK(weft::arange<std::uint8_t>(5, 3).size() == 0);
}

TEST_CASE("reshape shares the buffer of a tensor and evaluates an expression") {
  auto a = weft::arange<float>(12);
  auto b = reshape(a, {3, -1});
  CHECK(b.shape() == std::array<index_t, 2>{3, 4});
  CHECK(std::as_const(b).data() == std::as_const(a).data());
  b(0, 0) = 50;
  CHECK(a(0) == 0);
  CHECK(holds(reshape(transpose(reshape(a, {3, 4})), {12})(weft::range(0, 4)), {0, 4, 8, 1}));
  CHECK(holds(flatten(reshape(a, {2, 2, 3})(1)), {6, 7, 8, 9, 10, 11}));
  CHECK(reshape(sum(a), {1, 1})(0, 0) == 66);
  CHECK(reshape(tensor<int, shape{2, 2}>{{1, 2}, {3, 4}}, {4})(3) == 4);
  CHECK(reshape(weft::zeros<float>({0, 3}), {3, 0}).size() == 0);
  CHECK(reshape(weft::zeros<float>({0, 3}), {-1, 3}).shape(0) == 0);
  CHECK_THROWS_WITH_AS((void)reshape(a, {5, -1}), doctest::Contains("reshape: (12,) and (5, -1)"), weft::shape_error);
  CHECK_THROWS_AS((void)reshape(a, {3, 3}), weft::shape_error);
  CHECK_THROWS_AS((void)reshape(a, {-1, -1}), weft::shape_error);
  CHECK_THROWS_AS((void)reshape(a, {-3, -4}), weft::shape_error);
}
