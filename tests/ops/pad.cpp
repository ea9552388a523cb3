// Constants around tensors: definitions, operands of any kind, gradients.
#include "support.hpp"

using namespace oracle;
using weft::axis, weft::keepdims, weft::range, weft::shape, weft::tensor;

TEST_CASE("hand-worked") {
  tensor<float, 2> x = {{1, 2}, {3, 4}};
  CHECK(holds(pad(x, {{1, 0}, {0, 2}}), {0, 0, 0, 0, 1, 2, 0, 0, 3, 4, 0, 0}));
  CHECK(holds(pad(x, {{0, 1}, {1, 0}}, -1), {-1, 1, 2, -1, 3, 4, -1, -1, -1}));
  CHECK(holds(pad(x, 1, 9), {9, 9, 9, 9, 9, 1, 2, 9, 9, 3, 4, 9, 9, 9, 9, 9}));
  CHECK(holds(pad(x, {0, 1}), {1, 2, 0, 3, 4, 0, 0, 0, 0}));
  CHECK(holds(pad(x, 0), {1, 2, 3, 4}));
  tensor<int, 1> v = {5, 6};
  CHECK(holds(pad(v, {{1, 2}}), {0, 5, 6, 0, 0}));
  CHECK(holds(pad(v, {2, 1}), {0, 0, 5, 6, 0}));
  CHECK(holds(pad(v, {{1, 0}}, 7) * 2, {14, 10, 12}));
  CHECK(holds(pad(x, {{1, 0}, {0, 0}}, 0.5), {0.5, 0.5, 1, 2, 3, 4}));
  CHECK(std::isinf(float(eval(pad(x, 1, -INFINITY))(0, 0))));
  CHECK(float(pad(sum(x), 3)) == 10);
}
TEST_CASE_TEMPLATE("every element type", T, bool, std::int8_t, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t,
                   std::uint32_t, std::int64_t, std::uint64_t, float, double) {
  auto x = some<T>({3, 5, 2}, 3);
  agrees(pad(x, {{1, 2}, {0, 3}, {2, 0}}, T(1)), 0);
}

TEST_CASE("every rank") {
  agrees(pad(some<float>({5}), {{2, 3}}), 0);
  agrees(pad(some<float>({5, 3}), {{2, 3}, {0, 1}}, 2), 0);
  agrees(pad(some<float>({5, 3, 2}), {1, 2}, 2), 0);
  agrees(pad(some<float>({2, 5, 3, 2}), {{1, 0}, {0, 2}, {2, 3}, {4, 5}}, 2) + 1, 0);
  agrees(pad(some<float>({2, 1, 2, 3, 2}), {1, 1}), 0);
  agrees(pad(some<float>({2, 1, 2, 3, 2, 1}), {1, 0}), 0);
  agrees(pad(some<float>({2, 1, 2, 3, 2, 1, 1}), {0, 1}), 0);
  agrees(pad(some<float>({1, 2, 1, 2, 1, 2, 1, 2}), 1, 3), 0);
}

TEST_CASE("operands of any kind, inside statements") {
  auto x = some<float>({19, 11}, 3), y = some<float>({11, 19}, 4), z = some<float>({24, 12}, 5);
  agrees(pad(transpose(x), {{1, 2}, {3, 4}}), 0);
  agrees(pad(x(range(weft::end, weft::begin, -2), weft::all), {{1, 2}, {3, 4}}), 0);
  agrees(pad(broadcast_to(x(0), {3, 11}), 2), 0);
  agrees(pad(softmax(x), {{1, 2}, {3, 4}}));
  agrees(pad(matmul(x, y), {{1, 2}, {3, 4}}));
  agrees(pad(pad(x, 1, 2), {{1, 2}, {3, 4}}, 5) * 2, 0);
  agrees(pad(x * 2, {{2, 3}, {0, 1}}) - z);
  agrees(softmax(pad(x, {{2, 3}, {0, 1}}, -3)) * z);
  agrees(sum(pad(x, {{2, 3}, {0, 1}}, 1), axis<0>));
  agrees(mean(pad(x, {{2, 3}, {0, 1}}, 1), axis<-1>));
  agrees(max(pad(x, 2, 100)), 0);
  agrees(matmul(pad(x, {{2, 3}, {0, 1}}), transpose(z)));
  agrees(matmul(z, pad(y, {{1, 0}, {0, 7}}, 1)));
  agrees(transpose(pad(x, {{2, 3}, {0, 1}})), 0);
  agrees(concatenate(axis<0>, pad(x, {{2, 3}, {0, 1}}), z), 0);
  CHECK(explain(pad(x * 2, {{2, 3}, {0, 1}}) - z).temporaries == 0);
  CHECK(explain(matmul(pad(x, {{2, 3}, {0, 1}}), transpose(z))).temporaries == 0);
}

TEST_CASE("long enough for tiles and threads, with the same bits") {
  auto x = some<float>({301, 1003}, 3);
  agrees(pad(x * 2, {{2, 70}, {1100, 3}}), 0);
  agrees(pad(transpose(x), {{2, 70}, {0, 3}}, 1), 0);
  CHECK(same_bits([&] { return eval(pad(x * 2, {{2, 70}, {1100, 3}})); }));
  CHECK(same_bits([&] { return eval(softmax(pad(x, {{2, 70}, {0, 3}}))); }));
}

TEST_CASE("aliasing") {
  auto x = some<float>({4, 4}, 3);
  auto want = by_definition(pad(x(range(0, 3), range(1, 4)), {{1, 0}, {0, 1}}));
  x = pad(x(range(0, 3), range(1, 4)), {{1, 0}, {0, 1}});  // shifted within its own memory
  CHECK(difference(std::as_const(x).data(), want.data(), 16, 0) == "");
  want = by_definition(pad(x, 1));
  x = pad(x, 1);
  CHECK(difference(std::as_const(x).data(), want.data(), 36, 0) == "");
}

TEST_CASE("nothing") {
  auto none = weft::zeros<float>({0, 3});
  CHECK(eval(pad(none, 0)).shape() == std::array<index_t, 2>{0, 3});
  CHECK(holds(pad(none, {{1, 0}, {0, 0}}, 2), {2, 2, 2}));
  CHECK(eval(pad(none, {{0, 0}, {1, 1}})).shape() == std::array<index_t, 2>{0, 5});
}

TEST_CASE("errors") {
  auto x = weft::zeros<float>({2, 3});
  CHECK_THROWS_WITH_AS((void)pad(x, {{1, 2}, {0, -1}}), "pad: a negative width before or after axis 1 of a tensor of shape (2, 3)",
                       weft::shape_error);
  CHECK_THROWS_AS((void)pad(x, {{index_t(1) << 62, index_t(1) << 62}, {0, 0}}), weft::shape_error);
  CHECK_THROWS_AS((void)pad(x, {{index_t(1) << 61, 0}, {0, 0}}), weft::shape_error);
  CHECK_THROWS_AS((void)pad(weft::zeros<std::int8_t>({2}), 1, 300), weft::dtype_error);
}

TEST_CASE("what is known of a shape stays known") {
  tensor<float, shape{"row", 3}> x = some<float>({2, 3});
  static_assert(std::is_same_v<decltype(eval(pad(x, 1))), tensor<float, shape{"row", weft::dyn}>>);
  agrees(pad(x, 1), 0);
}

TEST_CASE("gradients, second ones too") {
  auto some_x = some<double>({4, 3}, 3), w = some<double>({5, 2}, 5);
  CHECK(check_gradients([](auto const& x) { return sum(square(pad(x, {{1, 2}, {3, 4}}, 2))); }, some_x) < 1e-6);
  CHECK(check_gradients([](auto const& x) { return sum(square(softmax(pad(tanh(x), {{1, 2}, {3, 4}}, 2)))); }, some_x) < 1e-6);
  CHECK(check_gradients([](auto const& x, auto const& v) { return sum(square(matmul(pad(x, {{0, 0}, {1, 1}}, 2), v))); }, some_x, w) < 1e-6);
  CHECK(worst_of_second([](auto const& x) { return sum(sin(pad(x, 1) * pad(x * x, 1))); }, some_x) < 1e-6);
}
