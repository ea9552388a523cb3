// Elements in order: definitions, NaN, equal elements, every axis, lazy operands, gradients.
#include "support.hpp"

#include <algorithm>

using namespace oracle;
using weft::axis, weft::keepdims, weft::range, weft::shape, weft::tensor;

TEST_CASE("hand-worked") {
  tensor<float, 2> x = {{3, 1, 2}, {4, 6, 5}};
  CHECK(holds(sort(x), {1, 2, 3, 4, 5, 6}));
  CHECK(holds(sort(x, axis<-1>), {1, 2, 3, 4, 5, 6}));
  CHECK(holds(argsort(x), {1, 2, 0, 0, 2, 1}));
  CHECK(holds(sort(-x, axis<0>), {-4, -6, -5, -3, -1, -2}));
  CHECK(holds(argsort(-x, axis<0>), {1, 1, 1, 0, 0, 0}));
  CHECK(holds(sort(-x, 0) + 1, {-3, -5, -4, -2, 0, -1}));
  CHECK(holds(argsort(x, 1), {1, 2, 0, 0, 2, 1}));
  tensor<int, 1> v = {5, 3, 5, 1, 3};
  CHECK(holds(sort(v), {1, 3, 3, 5, 5}));
  CHECK(holds(argsort(v), {3, 1, 4, 0, 2}));  // equal ones keep their order
  CHECK(holds(argsort(v, axis<0>) * 2, {6, 2, 8, 0, 4}));
  static_assert(std::is_same_v<weft::element_t<decltype(argsort(v))>, index_t>);
  CHECK(holds(take(v, argsort(v), axis<0>), {1, 3, 3, 5, 5}));
}

TEST_CASE("NaN stands at the end, infinities before") {
  float const nan = std::nanf(""), inf = INFINITY;
  tensor<float, 1> x = {nan, 2, -inf, nan, inf, -1};
  auto const s = eval(sort(x));
  CHECK(holds(s(range(0, 4)), {-inf, -1, 2, inf}));
  CHECK((std::isnan(float(s(4))) && std::isnan(float(s(5)))));
  CHECK(holds(argsort(x), {2, 5, 1, 4, 0, 3}));
  tensor<float, 1> all = {nan, nan};
  CHECK(holds(argsort(all), {0, 1}));
  tensor<double, 1> zeros = {0.0, -0.0, 0.0};
  CHECK(holds(argsort(zeros), {0, 1, 2}));
}

TEST_CASE_TEMPLATE("every element type", T, bool, std::int8_t, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t,
                   std::uint32_t, std::int64_t, std::uint64_t, float, double) {
  auto x = some<T>({3, 5, 17}, 3);
  for (int a = 0; a < 3; ++a) {
    agrees(sort(x, a), 0);
    agrees(argsort(x, a), 0);
  }
}
TEST_CASE("the ends of integers") {
  tensor<std::int64_t, 1> a = {0, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max(), -1};
  CHECK(holds(argsort(a), {1, 3, 0, 2}));
  tensor<std::uint64_t, 1> b = {0, ~std::uint64_t(0), 1};
  CHECK(holds(argsort(b), {0, 2, 1}));
}

TEST_CASE("every rank and axis") {
  auto const all_axes = [](auto const& t) {
    constexpr int R = weft::rank_of<decltype(t)>;
    for (int a = -R; a < R; ++a) {
      CAPTURE(a);
      agrees(sort(t, a), 0);
      agrees(argsort(t * -2, a) + 1, 0);
    }
  };
  all_axes(some<float>({5}));
  all_axes(some<float>({2, 5, 3}));
  all_axes(some<float>({2, 1, 2, 1, 2, 1, 2, 3}));
#ifdef WEFT_LONG_TESTS
  all_axes(some<float>({5, 3}));
  all_axes(some<float>({2, 3, 4, 3}));
  all_axes(some<float>({2, 3, 1, 2, 3}));
  all_axes(some<float>({2, 1, 2, 1, 2, 3}));
  all_axes(some<float>({2, 1, 2, 1, 2, 1, 2}));
#endif
}

TEST_CASE("operands of any kind, inside statements") {
  auto x = some<float>({19, 11}, 3), y = some<float>({11, 19}, 4), z = some<float>({19, 11}, 5);
  agrees(sort(transpose(x)), 0);
  agrees(sort(x(range(weft::end, weft::begin, -2), range(1, 9, 3))), 0);
  agrees(argsort(broadcast_to(x(0), {3, 11})), 0);
  agrees(sort(softmax(x)));
  agrees(sort(matmul(x, y)), 1e-4);
  agrees(sort(concatenate(axis<1>, x, z)), 0);
  agrees(sort(sort(x, axis<0>), axis<1>), 0);
  agrees(relu(sort(x) - z) * 2);
  agrees(sort(x) + sort(x, axis<0>), 0);
  agrees(softmax(sort(x)));
  agrees(argsort(x) * 2 + argsort(z), 0);
  agrees(sum(sort(x), axis<0>));
  agrees(mean(sort(x)(weft::all, range(3, 8)), axis<1>));  // a trimmed mean
  agrees(matmul(sort(x), y));
  agrees(matmul(x, sort(y)));
  agrees(take(x, argsort(x(0)), axis<1>), 0);
  agrees(sort(x(range(0, 1), weft::all)) + z);  // stretched
  CHECK(explain(sort(x * 2) + 1).temporaries == 0);
  CHECK(explain(softmax(sort(x))).temporaries == 0);
}

TEST_CASE("the same bits with any number of threads") {
  auto x = some<float>({301, 1003}, 3);
  CHECK(same_bits([&] { return eval(sort(x)); }));
  CHECK(same_bits([&] { return eval(argsort(x * 2)); }));
  CHECK(same_bits([&] { return eval(sort(x, axis<0>) + 1); }));
  CHECK(same_bits([&] { return eval(softmax(sort(x))); }));
  auto const s = eval(sort(flatten(x)));
  CHECK(std::is_sorted(s.data(), s.data() + s.size()));
  auto const o = eval(argsort(flatten(x)));
  auto const t = eval(take(x, o));
  CHECK(difference(t.data(), s.data(), s.size(), 0) == "");
}

TEST_CASE("aliasing, nothing, errors") {
  auto x = some<float>({6, 5}, 3);
  auto want = by_definition(sort(x));
  x = sort(x);
  CHECK(difference(std::as_const(x).data(), want.data(), 30, 0) == "");
  want = by_definition(sort(-x, axis<0>) - x);
  x = sort(-x, axis<0>) - x;
  CHECK(difference(std::as_const(x).data(), want.data(), 30, 0) == "");
  CHECK(eval(sort(weft::zeros<float>({0}))).size() == 0);
  CHECK(eval(sort(weft::zeros<float>({3, 0}))).shape() == std::array<index_t, 2>{3, 0});
  CHECK(eval(argsort(weft::zeros<float>({3, 0}), axis<0>)).shape() == std::array<index_t, 2>{3, 0});
  CHECK_THROWS_AS((void)sort(x, 2), weft::index_error);
  CHECK_THROWS_AS((void)argsort(x, -3), weft::index_error);
}

TEST_CASE("what is known of a shape stays known") {
  tensor<float, shape{"row", 3}> x = some<float>({2, 3});
  static_assert(std::is_same_v<decltype(eval(sort(x))), tensor<float, shape{"row", 3}>>);
  static_assert(std::is_same_v<decltype(eval(argsort(x, axis<0>))), tensor<index_t, shape{"row", 3}>>);
  agrees(sort(x, axis<0>), 0);
}

TEST_CASE("gradients, second ones too") {
  auto some_x = some<double>({4, 5}, 3), w = some<double>({5, 2}, 5);
  tensor<double, 1> const by = {1, -2, 3, 0.5, 4};
  CHECK(check_gradients([&](auto const& x) { return sum(square(sort(tanh(x) * 2, 0)) * by); }, some_x) < 1e-6);
  CHECK(check_gradients([](auto const& x, auto const& v) { return sum(square(matmul(sort(x), v))); }, some_x, w) < 1e-6);
  CHECK(check_gradients([&](auto const& x) { return sum(square(take(x, argsort(x(0)), axis<1>)) * by); }, some_x) < 1e-6);
  CHECK(worst_of_second([&](auto const& x) { return sum(sin(sort(x, axis<0>)) * by); }, some_x) < 1e-6);
#ifdef WEFT_LONG_TESTS
  CHECK(check_gradients([&](auto const& x) { return sum(square(sort(x)) * by); }, some_x) < 1e-6);
  CHECK(check_gradients([&](auto const& x) { return sum(square(sort(x, axis<0>)) * by); }, some_x) < 1e-6);
  CHECK(check_gradients([&](auto const& x) { return sum(square(softmax(sort(x))) * by); }, some_x) < 1e-6);
  CHECK(worst_of_second([&](auto const& x) { return sum(sin(sort(x * x)) * by); }, some_x) < 1e-6);
#endif
}
