// Tensors joined: definitions, operands of any kind, where the parts are read, gradients.
#include "support.hpp"

using namespace oracle;
using weft::axis, weft::keepdims, weft::range, weft::shape, weft::tensor;

TEST_CASE("hand-worked") {
  tensor<float, 2> x = {{1, 2}, {3, 4}}, y = {{5, 6}};
  tensor<float, 2> z = {{7}, {8}};
  CHECK(holds(concatenate(axis<0>, x, y), {1, 2, 3, 4, 5, 6}));
  CHECK(holds(concatenate(axis<0>, y, x, y), {5, 6, 1, 2, 3, 4, 5, 6}));
  CHECK(holds(concatenate(axis<1>, x, z), {1, 2, 7, 3, 4, 8}));
  CHECK(holds(concatenate(axis<-1>, z, x * 10), {7, 10, 20, 8, 30, 40}));
  CHECK(holds(concatenate(-1, z, x), {7, 1, 2, 8, 3, 4}));
  CHECK(holds(concatenate(0, x, y) + 1, {2, 3, 4, 5, 6, 7}));
  CHECK(holds(concatenate(axis<0>, x), {1, 2, 3, 4}));
  tensor<int, 1> a = {1, 2}, b = {3};
  CHECK(holds(concatenate(axis<0>, a, b, a), {1, 2, 3, 1, 2}));
}

TEST_CASE("types are promoted") {
  tensor<std::uint8_t, 1> a = {250, 1};
  tensor<std::int8_t, 1> b = {-3};
  tensor<float, 1> c = {0.5f};
  tensor<bool, 1> d = {true};
  static_assert(std::is_same_v<weft::element_t<decltype(concatenate(axis<0>, a, b))>, std::int16_t>);
  static_assert(std::is_same_v<weft::element_t<decltype(concatenate(axis<0>, d, a, b, c))>, float>);
  CHECK(holds(concatenate(axis<0>, a, b), {250, 1, -3}));
  CHECK(holds(concatenate(axis<0>, d, a, b, c), {1, 250, 1, -3, 0.5}));
  tensor<double, 1> wide = concatenate(axis<0>, c, a);
  CHECK(holds(wide, {0.5, 250, 1}));
}
TEST_CASE_TEMPLATE("every element type", T, bool, std::int8_t, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t,
                   std::uint32_t, std::int64_t, std::uint64_t, float, double) {
  auto x = some<T>({3, 5, 2}, 3), y = some<T>({3, 5, 2}, 4);
  for (int a = 0; a < 3; ++a) agrees(concatenate(a, x, y), 0);
}

TEST_CASE("every rank and axis") {
  auto const all_axes = [](auto const& t) {
    constexpr int R = weft::rank_of<decltype(t)>;
    for (int a = -R; a < R; ++a) {
      CAPTURE(a);
      agrees(concatenate(a, t, t * 2), 0);
      if constexpr (R == 3 || R == 8) {
        agrees(concatenate(a, t + 1, take(t, places(3, t.shape(a)), a), t), 0);
        agrees(concatenate(a, t, concatenate(a, t, t)) * 2, 0);
      }
    }
  };
  all_axes(some<float>({5}));
  all_axes(some<float>({2, 5, 3}));
  all_axes(some<float>({2, 1, 2, 1, 2, 1, 2, 3}));
#ifdef WEFT_LONG_TESTS
  all_axes(some<float>({5, 3}));
  all_axes(some<float>({2, 1, 4, 3}));
  all_axes(some<float>({2, 3, 1, 2, 3}));
  all_axes(some<float>({2, 1, 2, 1, 2, 3}));
  all_axes(some<float>({2, 1, 2, 1, 2, 1, 2}));
#endif
}

TEST_CASE("operands of any kind") {
  auto x = some<float>({9, 8}, 3), y = some<float>({8, 9}, 4);
  agrees(concatenate(axis<0>, x, transpose(y)), 0);
  agrees(concatenate(axis<1>, x, transpose(y)), 0);
  agrees(concatenate(axis<0>, x(range(weft::end, weft::begin, -2), weft::all), broadcast_to(x(0), {3, 8})), 0);
  agrees(concatenate(axis<1>, broadcast_to(x(weft::all, range(1, 2)), {9, 5}), x), 0);
  agrees(concatenate(axis<0>, softmax(x), x - mean(x, axis<0>, keepdims)));
  agrees(concatenate(axis<1>, softmax(x), sum(x, axis<1>, keepdims)));
  agrees(concatenate(axis<0>, matmul(x, y), relu(matmul(x, y) + 1)));
  agrees(transpose(concatenate(axis<0>, x, x)), 0);
  agrees(concatenate(axis<0>, x, x)(range(7, 12), 2), 0);
  agrees(concatenate(axis<0>, x, weft::zeros<float>({0, 8}), x), 0);
  CHECK(explain(concatenate(axis<0>, x, x * 2) + 1).temporaries == 0);
  CHECK(explain(concatenate(axis<0>, softmax(x), x * 2) + 1).temporaries == 0);
  CHECK(explain(concatenate(axis<0>, matmul(x, y), y(range(0, 2), weft::all))).temporaries == 1);
}

TEST_CASE("inside statements") {
  auto x = some<float>({19, 41}, 3), y = some<float>({12, 41}, 4), z = some<float>({31, 41}, 5);
  agrees(concatenate(axis<0>, x, y) * 2 - z);
  agrees(softmax(concatenate(axis<1>, x, x * 2)) * 3);
  agrees(concatenate(axis<0>, x, y) - mean(concatenate(axis<0>, x, y), axis<-1>, keepdims));
  agrees(sum(concatenate(axis<0>, x, y), axis<0>));
  agrees(sum(concatenate(axis<0>, x, y), axis<1>));
  agrees(max(concatenate(axis<0>, x, y)));
  agrees(argmax(concatenate(axis<1>, x, x * 2), axis<1>));
  agrees(matmul(concatenate(axis<0>, x, y), transpose(z)));
  agrees(matmul(z, transpose(concatenate(axis<0>, x, y))));
  agrees(matmul(concatenate(axis<1>, x, x), concatenate(axis<0>, transpose(y), transpose(y) * 2)));
  agrees(relu(matmul(x, transpose(z)) + concatenate(axis<1>, x(weft::all, range(0, 20)), y(range(0, 1), range(0, 11)) + x(weft::all, range(0, 11)))));
  agrees(concatenate(axis<0>, y(range(0, 1), weft::all), x(range(0, 0), weft::all)) + z);  // stretched
  CHECK(explain(matmul(concatenate(axis<0>, x, y), transpose(z))).temporaries == 0);
  CHECK(explain(softmax(concatenate(axis<1>, x, x * 2))).temporaries == 0);
}

TEST_CASE("NaN, infinities, signs of zero") {
  float const nan = std::nanf(""), inf = INFINITY;
  tensor<float, 1> a = {nan, -0.0f}, b = {inf, -inf};
  auto const c = eval(concatenate(axis<0>, a, b));
  CHECK(std::isnan(float(c(0))));
  CHECK(std::signbit(float(c(1))));
  CHECK(float(c(3)) == -inf);
}

TEST_CASE("long enough for tiles and threads, with the same bits") {
  auto x = some<float>({301, 1003}, 3), y = some<float>({102, 1003}, 4);
  agrees(concatenate(axis<0>, x, y * 2), 0);
  agrees(concatenate(axis<1>, x, x + 1, transpose(x(range(0, 300), range(0, 301)))), 0);
  auto long_ones = concatenate(axis<0>, flatten(x), flatten(y) * 2);
  agrees(long_ones, 0);
  CHECK(same_bits([&] { return eval(concatenate(axis<0>, x, y * 2)); }));
  CHECK(same_bits([&] { return eval(softmax(concatenate(axis<0>, x, y * 2))); }));
  CHECK(same_bits([&] { return eval(sum(concatenate(axis<0>, x, y * 2), axis<0>)); }));
  CHECK(same_bits([&] { return eval(long_ones); }));
}

TEST_CASE("aliasing") {
  auto x = some<float>({3, 4}, 3), y = some<float>({2, 4}, 4);
  auto want = by_definition(concatenate(axis<0>, x, y));
  x = concatenate(axis<0>, x, y);
  CHECK(x.shape() == std::array<index_t, 2>{5, 4});
  CHECK(difference(std::as_const(x).data(), want.data(), 20, 0) == "");
  want = by_definition(concatenate(axis<1>, x(weft::all, range(2, 4)), x(weft::all, range(0, 2))));
  x = concatenate(axis<1>, x(weft::all, range(2, 4)), x(weft::all, range(0, 2)));  // the same size
  CHECK(difference(std::as_const(x).data(), want.data(), 20, 0) == "");
  want = by_definition(concatenate(axis<0>, x(range(1, 5), weft::all), x(range(0, 1), weft::all)) - x);
  x = concatenate(axis<0>, x(range(1, 5), weft::all), x(range(0, 1), weft::all)) - x;
  CHECK(difference(std::as_const(x).data(), want.data(), 20, 0) == "");
  want = by_definition(concatenate(axis<0>, x(range(3, 5), weft::all), y));
  x(range(0, 4), weft::all) = concatenate(axis<0>, x(range(3, 5), weft::all), y);
  auto const part = eval(x(range(0, 4), weft::all));
  CHECK(difference(part.data(), want.data(), 16, 0) == "");
}

TEST_CASE("nothing") {
  auto none = weft::zeros<float>({0, 4}), x = some<float>({2, 4}, 3);
  CHECK(eval(concatenate(axis<0>, none, none)).shape() == std::array<index_t, 2>{0, 4});
  agrees(concatenate(axis<0>, none, x, none), 0);
  CHECK(eval(concatenate(axis<1>, none, none)).shape() == std::array<index_t, 2>{0, 8});
  CHECK(holds(sum(concatenate(axis<0>, none, none), axis<0>), {0, 0, 0, 0}));
}

TEST_CASE("errors") {
  auto x = weft::zeros<float>({2, 3}), y = weft::zeros<float>({4, 5});
  CHECK_THROWS_WITH_AS((void)concatenate(axis<0>, x, y), "concatenate: (2, 3) and (4, 5) differ outside axis 0", weft::shape_error);
  CHECK_THROWS_WITH_AS((void)concatenate(-1, x, y), "concatenate: (2, 3) and (4, 5) differ outside axis 1", weft::shape_error);
  CHECK_THROWS_AS((void)concatenate(2, x, x), weft::index_error);
}

TEST_CASE("what is known of a shape stays known") {
  tensor<float, shape{"row", 3}> x = some<float>({2, 3});
  tensor<float, shape{5, 3}> y = some<float>({5, 3});
  tensor<float, shape{4, 3}> z = some<float>({4, 3});
  static_assert(std::is_same_v<decltype(eval(concatenate(axis<0>, x, y))), tensor<float, shape{"row", 3}>>);
  static_assert(std::is_same_v<decltype(eval(concatenate(axis<0>, y, z))), tensor<float, shape{9, 3}>>);
  agrees(concatenate(axis<0>, y, z), 0);
  tensor<float, shape{9, 3}> all = concatenate(axis<0>, y, z * 2);
  CHECK(float(all(8, 2)) == 2 * float(z(3, 2)));
}

TEST_CASE("gradients") {
  auto first = some<double>({4, 3}, 3), last = some<double>({2, 3}, 4), w = some<double>({3, 2}, 5);
  CHECK(check_gradients([](auto const& x, auto const& y) { return sum(square(concatenate(axis<0>, x, y, x * y(0)) * 2)); }, first, last) < 1e-6);
  CHECK(check_gradients([](auto const& x) { return sum(square(concatenate(axis<1>, x, x * x, transpose(x)(range(0, 1), weft::all)(0, range(0, 4))(weft::all, weft::newaxis)))); }, first) < 1e-6);
  CHECK(check_gradients([](auto const& x, auto const& y, auto const& v) { return sum(square(matmul(concatenate(axis<0>, x, y), v))); }, first, last, w) < 1e-6);
  CHECK(check_gradients([](auto const& x, auto const& y) {
          return sum(weft::let(concatenate(axis<0>, x, y), [](auto c) { return c * softmax(c); }));
        }, first, last) < 1e-6);
  auto const [value, d] = weft::value_and_grad([&](auto const& x) { return sum(concatenate(axis<0>, weft::cast<float>(x), last)); })(first);
  static_assert(std::is_same_v<weft::element_t<decltype(d)>, double>);
  CHECK(holds(d, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}));
#ifdef WEFT_LONG_TESTS
  CHECK(check_gradients([](auto const& x, auto const& y) { return sum(square(concatenate(axis<0>, x, tanh(y)))); }, first, last) < 1e-6);
  CHECK(check_gradients([](auto const& x, auto const& y) { return sum(square(softmax(concatenate(0, x, y)))); }, first, last) < 1e-6);
  CHECK(check_gradients([](auto const& x, auto const& y, auto const& v) { return sum(square(concatenate(axis<0>, matmul(x, v), matmul(y, v)))); }, first, last, w) < 1e-6);
  CHECK(check_gradients([](auto const& x, auto const& y) {
          return sum(square(concatenate(axis<0>, y, weft::let(x - mean(x, axis<-1>, keepdims), [](auto c) { return c * c; }))));
        }, first, last) < 1e-6);
  CHECK(check_gradients([](auto const& x) {
          return sum(weft::let(x - mean(x, axis<-1>, keepdims), [](auto c) { return exp(concatenate(axis<0>, c, c * c)); }));
        }, first) < 1e-6);
#endif
}

TEST_CASE("second derivatives") {
  auto first = some<double>({4, 3}, 3), w = some<double>({3, 2}, 5);
  CHECK(worst_of_second([](auto const& x, auto const& v) { return sum(square(tanh(matmul(concatenate(1, x, x * x), concatenate(0, v, v))))); }, first, w) < 1e-6);
#ifdef WEFT_LONG_TESTS
  auto last = some<double>({2, 3}, 4);
  CHECK(worst_of_second([](auto const& x, auto const& y) { return sum(exp(concatenate(axis<0>, x, tanh(y)))); }, first, last) < 1e-6);
#endif
}
