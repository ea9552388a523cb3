// Elementwise operations: broadcasting, which type they have, numbers beside tensors, what goes wrong.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "../engine/oracle.hpp"

#include <limits>

using namespace oracle;
using weft::all, weft::newaxis, weft::range, weft::shape, weft::tensor;

template <class E>
using type_of_eval = decltype(weft::eval(std::declval<E>()));
template <class T>
using vec = tensor<T, 1>;

TEST_CASE("broadcasting, with a size of 1 known and not known to the compiler") {
  auto x = some<float>({3, 1, 5}, 1);
  auto y = some<float>({4, 1}, 2);
  auto z = some<float>({2, 3, 4, 5}, 3);
  auto v = some<float>({5}, 4), one = some<float>({1}, 5);
  tensor<float, shape{1}> fixed = {3};
  tensor<float, shape{4, 1}> column = {{1}, {2}, {3}, {4}};
  agrees(x + y, 0);
  agrees(y * x - z, 1e-6);
  agrees(z + x * v, 1e-6);
  agrees(one * v + one, 1e-6);
  agrees(fixed + v, 0);
  agrees(v * fixed + x, 1e-6);
  agrees(column * v - y, 1e-6);
  agrees(v(newaxis, all) * v(all, newaxis) + v, 1e-6);
  agrees(where(x > 0, y, v), 0);
  tensor<float, 0> number = 2;
  agrees(number * v, 0);
  agrees(number + number * 3, 0);
}

TEST_CASE("around the width of a pack and beyond, rank 0 to 4") {
  for (index_t n : {0, 1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33, 63, 64, 65, 129}) {
    CAPTURE(n);
    auto a = some<float>({n}, 1), b = some<float>({n}, 2);
    agrees(a * b + 1, 1e-6);
    auto c = some<float>({2, n, 3}, 3);
    auto d = some<float>({n, 1}, 4);
    agrees(c - d, 0);
    agrees(transpose(c) + d, 0);
  }
}

TEST_CASE("equal sizes of another rank, and none at all") {
  auto none = weft::zeros<float>({0, 3}), one = some<float>({1, 3}, 1);
  CHECK(eval(none + one).shape() == std::array<index_t, 2>{0, 3});
  CHECK(eval(one + none).shape() == std::array<index_t, 2>{0, 3});
  CHECK_THROWS_AS((void)(none + some<float>({2, 3}, 1)), weft::shape_error);
  CHECK(eval(tensor<float, 2>() + 1).size() == 0);
}

TEST_CASE("mistakes name the operation and both shapes") {
  auto a = weft::zeros<float>({2, 3}), b = weft::zeros<float>({4, 5});
  auto v = weft::zeros<float>({4});
  CHECK_THROWS_WITH_AS((void)(a + b), "add: (2, 3) and (4, 5) do not broadcast", weft::shape_error);
  CHECK_THROWS_WITH_AS((void)(a * v), "multiply: (2, 3) and (4,) do not broadcast", weft::shape_error);
  CHECK_THROWS_WITH_AS((void)maximum(v, a), "maximum: (4,) and (2, 3) do not broadcast", weft::shape_error);
  CHECK_THROWS_WITH_AS((void)where(a > 0, a, b), doctest::Contains("where: (2, 3) and (4, 5)"), weft::shape_error);
  tensor<float, shape{"batch", 3}> p = weft::zeros<float>({2, 3}), q = weft::zeros<float>({1, 3});
  CHECK_THROWS_AS((void)(p + q), weft::shape_error);  // equal names never broadcast
  CHECK(eval(p + weft::zeros<float>({1, 3})).shape(0) == 2);
}

TEST_CASE("operators promote as MLX does") {
  static_assert(std::is_same_v<type_of_eval<decltype(vec<int>() + vec<float>())>, vec<float>>);
  static_assert(std::is_same_v<type_of_eval<decltype(vec<float>() * vec<double>())>, vec<double>>);
  static_assert(std::is_same_v<type_of_eval<decltype(vec<weft::int8>() + vec<weft::uint8>())>, vec<weft::int16>>);
  static_assert(std::is_same_v<type_of_eval<decltype(vec<weft::int64>() + vec<weft::uint64>())>, vec<float>>);
  static_assert(std::is_same_v<type_of_eval<decltype(vec<bool>() + vec<weft::uint8>())>, vec<weft::uint8>>);
  static_assert(std::is_same_v<type_of_eval<decltype(vec<weft::int8>() * 3)>, vec<weft::int8>>);
  static_assert(std::is_same_v<type_of_eval<decltype(vec<weft::int8>() * 3.5)>, vec<float>>);
  static_assert(std::is_same_v<type_of_eval<decltype(vec<bool>() + 1)>, vec<int>>);
  static_assert(std::is_same_v<type_of_eval<decltype(vec<float>() + 1e300)>, vec<float>>);
  static_assert(std::is_same_v<type_of_eval<decltype(vec<double>() + 1.0f)>, vec<double>>);
  static_assert(std::is_same_v<type_of_eval<decltype(vec<float>() + tensor<double, 0>())>, vec<double>>);
  static_assert(std::is_same_v<type_of_eval<decltype(vec<int>() / vec<int>())>, vec<float>>);
  static_assert(std::is_same_v<type_of_eval<decltype(exp(vec<int>()))>, vec<float>>);
  static_assert(std::is_same_v<type_of_eval<decltype(exp(vec<double>()))>, vec<double>>);
  static_assert(std::is_same_v<type_of_eval<decltype(vec<int>() < vec<float>())>, vec<bool>>);
  static_assert(std::is_same_v<type_of_eval<decltype(!vec<float>())>, vec<bool>>);
  static_assert(std::is_same_v<type_of_eval<decltype(where(vec<bool>(), 1, 2))>, vec<int>>);
  static_assert(std::is_same_v<type_of_eval<decltype(where(vec<bool>(), vec<weft::int8>(), 2.5))>, vec<float>>);
  static_assert(std::is_same_v<type_of_eval<decltype(floor(vec<int>()))>, vec<int>>);
  static_assert(std::is_same_v<type_of_eval<decltype(weft::cast<weft::uint8>(vec<float>()))>, vec<weft::uint8>>);
  CHECK(eval(vec<weft::int8>{100} + vec<weft::uint8>{200})(0) == 300);
  tensor<int, 1> i = {7};
  CHECK(eval(i / 2)(0) == 3.5f);
  CHECK(eval(i(0) + vec<float>{0.5f})(0) == 7.5f);
}

TEST_CASE("assignment widens, and never narrows or changes kind") {
  static_assert(std::is_assignable_v<vec<double>&, vec<float>>);
  static_assert(std::is_assignable_v<vec<int>&, vec<weft::int8>>);
  static_assert(std::is_assignable_v<vec<weft::int16>&, vec<weft::uint8>>);
  static_assert(!std::is_assignable_v<vec<float>&, vec<double>>);
  static_assert(!std::is_assignable_v<vec<float>&, vec<int>>);
  static_assert(!std::is_assignable_v<vec<int>&, vec<float>>);
  static_assert(!std::is_assignable_v<vec<int>&, vec<weft::int64>>);
  static_assert(!std::is_assignable_v<vec<weft::uint8>&, vec<weft::int8>>);
  static_assert(!std::is_assignable_v<vec<int>&, vec<bool>>);
  static_assert(!std::is_assignable_v<vec<bool>&, vec<int>>);
  static_assert(!std::is_assignable_v<vec<float>&, tensor<float, 2>>);
  static_assert(!std::is_constructible_v<vec<float>, vec<double>>);
  auto f = some<float>({9}, 1);
  tensor<double, 1> d = f * 2;
  CHECK(difference(std::as_const(d).data(), by_definition(weft::cast<double>(f * 2)).data(), 9, 0) == "");
  d = f;
  CHECK(d(8) == double(f(8)));
  tensor<weft::int64, 1> wide = tensor<weft::int8, 1>{-1, 2} + tensor<weft::int8, 1>{0, 3};
  CHECK(holds(wide, {-1, 5}));
}

TEST_CASE("NaN and infinities in comparisons, maximum, clip") {
  float const nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  tensor<float, 1> a = {nan, 1, nan, inf, -inf, 0, -0.0f, 2, nan}, b = {1, nan, nan, inf, inf, -0.0f, 0, 3, -inf};
  agrees(maximum(a, b), 0);
  agrees(minimum(a, b), 0);
  CHECK(std::isnan(eval(maximum(a, b))(0)));
  CHECK(std::isnan(eval(minimum(a, b))(1)));
  agrees(a < b, 0);
  agrees(a <= b, 0);
  agrees(a == b, 0);
  agrees(a != b, 0);
  agrees(a >= b && !(b > a), 0);
  agrees(isnan(a) || isnan(b), 0);
  agrees(clip(a, -1, 1), 0);
  agrees(relu(a), 0);
  agrees(abs(a), 0);
  agrees(where(a > b, a, b), 0);
  CHECK(holds(weft::cast<int>(isclose(a, b)), {0, 0, 0, 1, 0, 1, 1, 0, 0}));
}

TEST_CASE("the same operand twice, constants alone, unary plus") {
  auto a = some<float>({19}, 1);
  agrees(a * a - a / a, 1e-6);
  agrees(+a, 0);
  agrees(-a - -a, 0);
  agrees(2 - a, 0);
  agrees(1 / (a * a + 1), 1e-6);
  tensor<float, 0> two = 2;
  CHECK(float(two * 3 + 1) == 7);
  CHECK(float(two) / 4 == 0.5f);
}
