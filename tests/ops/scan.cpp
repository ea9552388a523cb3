// Running sums and extremes: definitions, every axis, both ends, lazy operands, epilogues, gradients.
#include "support.hpp"

using namespace oracle;
using weft::axis, weft::keepdims, weft::range, weft::shape, weft::tensor;

namespace {
// along an axis, in all four ways
template <class E, class Axis>
void agrees_all_ways(E const& e, Axis const& a, double rtol = 2e-5) {
  for (bool const reverse : {false, true})
    for (bool const inclusive : {false, true}) agrees(cumsum(e, a, {.reverse = reverse, .inclusive = inclusive}), rtol);
}
}  // namespace

TEST_CASE("hand-worked") {
  tensor<float, 2> x = {{1, 2, 3}, {4, 5, 6}};
  CHECK(holds(cumsum(x, axis<1>), {1, 3, 6, 4, 9, 15}));
  CHECK(holds(cumsum(x, axis<0>), {1, 2, 3, 5, 7, 9}));
  CHECK(holds(cumsum(x, -1), {1, 3, 6, 4, 9, 15}));
  CHECK(holds(cumsum(x), {1, 3, 6, 10, 15, 21}));
  CHECK(holds(cumsum(x, axis<1>, {.reverse = true}), {6, 5, 3, 15, 11, 6}));
  CHECK(holds(cumsum(x, axis<1>, {.inclusive = false}), {0, 1, 3, 0, 4, 9}));
  CHECK(holds(cumsum(x, axis<1>, {.reverse = true, .inclusive = false}), {5, 3, 0, 11, 6, 0}));
  CHECK(holds(cumsum(x, 0, {.reverse = true, .inclusive = false}), {4, 5, 6, 0, 0, 0}));
  CHECK(holds(cumsum(x, {.reverse = true}), {21, 20, 18, 15, 11, 6}));
  tensor<int, 1> v = {1, 2, 3};
  CHECK(holds(cumsum(v, axis<0>), {1, 3, 6}));
  CHECK(holds(cumsum(v) * 2, {2, 6, 12}));
}

TEST_CASE("small integers are added in 32 bits") {
  tensor<std::int8_t, 1> a = {100, 100, 100};
  tensor<std::uint8_t, 1> b = {200, 200};
  tensor<bool, 1> c = {true, false, true};
  static_assert(std::is_same_v<weft::element_t<decltype(cumsum(a, axis<0>))>, std::int32_t>);
  static_assert(std::is_same_v<weft::element_t<decltype(cumsum(b, axis<0>))>, std::uint32_t>);
  CHECK(holds(cumsum(a, axis<0>), {100, 200, 300}));
  CHECK(holds(cumsum(b, axis<0>), {200, 400}));
  CHECK(holds(cumsum(c, axis<0>), {1, 1, 2}));
  tensor<std::int32_t, 1> most = {std::numeric_limits<std::int32_t>::max(), 1};
  CHECK(holds(cumsum(most, axis<0>), {2147483647.0, -2147483648.0}));
  tensor<float, 1> d = {0.5f, 1, 2};
  tensor<double, 1> wide = cumsum(d, axis<0>);
  CHECK(holds(wide, {0.5, 1.5, 3.5}));
}
TEST_CASE_TEMPLATE("every element type", T, bool, std::int8_t, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t,
                   std::uint32_t, std::int64_t, std::uint64_t, float, double) {
  auto x = some<T>({3, 5, 17}, 3);
  for (int a = 0; a < 3; ++a) agrees_all_ways(x, a);
}

TEST_CASE("every rank and axis") {
  auto const all_axes = [](auto const& t) {
    constexpr int R = weft::rank_of<decltype(t)>;
    for (int a = -R; a < R; ++a) {
      CAPTURE(a);
      agrees_all_ways(t, a);
      agrees(cumsum(t * 2 + 1, a) + 1);
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

TEST_CASE("lengths around parts, strips and chunks") {
  for (index_t n : {1, 2, 15, 16, 17, 63, 64, 65, 127, 511, 512, 513, 1024, 1100}) {
    CAPTURE(n);
    agrees_all_ways(some<float>({n}, 3), axis<0>, 1e-4);
    agrees_all_ways(some<float>({9, n}, 3), axis<0>);
    agrees_all_ways(some<std::int32_t>({3, n}, 3), axis<1>);
    agrees_all_ways(some<std::int16_t>({2, 9, n}, 3), axis<0>);
  }
  // sums of whole numbers are exact whatever the order
  for (index_t n : {32768, 65536, 65537, 200003}) {
    auto x = some<std::int32_t>({n}, 3);
    auto const f = eval(weft::cast<float>(x));
    for (bool reverse : {false, true})
      for (bool inclusive : {false, true}) {
        auto const got = eval(cumsum(f, axis<0>, {reverse, inclusive})), more = eval(cumsum(f, axis<0>, {reverse, inclusive}) + 1);
        float sum = 0;
        bool same = true;
        for (index_t i = 0; i < n; ++i) {
          index_t const k = reverse ? n - 1 - i : i;
          float const before = sum;
          sum += f.data()[k];
          same = same && got.data()[k] == (inclusive ? sum : before) && more.data()[k] == got.data()[k] + 1;
        }
        CHECK(same);
      }
  }
}

TEST_CASE("operands of any kind") {
  auto x = some<float>({19, 11}, 3), y = some<float>({11, 19}, 4);
  agrees(cumsum(transpose(x), axis<0>));
  agrees(cumsum(transpose(x), axis<1>));
  agrees(cumsum(x(range(weft::end, weft::begin, -2), range(1, 9, 3)), axis<1>));
  agrees(cumsum(broadcast_to(x(0), {3, 11}), axis<0>));
  agrees(cumsum(broadcast_to(x(weft::all, range(0, 1)), {19, 5}), axis<1>));
  agrees(cumsum(softmax(x), axis<1>));
  agrees(cumsum(softmax(x), axis<0>));
  agrees(cumsum(x > 0, axis<1>), 0);
  agrees(cumsum(matmul(x, y), axis<1>), 1e-4);
  agrees(cumsum(cumsum(x, axis<0>), axis<1>), 1e-4);
  agrees(cumsum(take(x, places(40, 19), axis<0>), axis<0>), 1e-4);
  agrees(cumsum(concatenate(axis<1>, x, x * 2), axis<1>));
  CHECK(explain(cumsum(x * 2, axis<1>) + 1).temporaries == 0);
  CHECK(explain(cumsum(x * 2, axis<0>) + 1).temporaries == 0);
  CHECK(explain(cumsum(x * 2, axis<0>) + 1).kernels == 1);
}

TEST_CASE("inside statements") {
  auto x = some<float>({19, 11}, 3), y = some<float>({11, 19}, 4), z = some<float>({19, 11}, 5);
  agrees(relu(cumsum(x, axis<1>) - z) * 2);
  agrees(relu(cumsum(x, axis<0>) - z) * 2);
  agrees(cumsum(x, axis<1>) + cumsum(x, axis<0>));
  agrees(softmax(cumsum(x, axis<1>)));
  agrees(softmax(cumsum(x, axis<0>)));
  agrees(cumsum(x, axis<1>) / sum(x, axis<1>, keepdims), 1e-4);
  agrees(sum(cumsum(x, axis<1>), axis<0>), 1e-4);
  agrees(max(cumsum(x, axis<1>)));
  agrees(transpose(cumsum(x, axis<1>)));
  agrees(cumsum(x, axis<1>)(3));
  agrees(matmul(cumsum(x, axis<1>), y), 1e-4);
  agrees(matmul(x, cumsum(y, axis<0>)), 1e-4);
  agrees(weft::cast<double>(cumsum(x, axis<1>)));
  agrees(cumsum(x(range(0, 1), weft::all), axis<1>) + z);  // stretched
  auto v = some<float>({37}, 6), w = some<float>({37}, 7);
  agrees(cumsum(v, axis<0>) * w + 1);
  agrees(softmax(cumsum(v, axis<0>)));
  CHECK(explain(softmax(cumsum(x, axis<1>))).temporaries == 0);
}

TEST_CASE("NaN and infinities stay from where they stand") {
  float const nan = std::nanf(""), inf = INFINITY;
  tensor<float, 1> x = {1, nan, 2}, y = {1, inf, 2, -inf, 1};
  auto const a = eval(cumsum(x, axis<0>)), b = eval(cumsum(y, axis<0>));
  CHECK((float(a(0)) == 1 && std::isnan(float(a(1))) && std::isnan(float(a(2)))));
  CHECK((float(b(0)) == 1 && float(b(2)) == inf && std::isnan(float(b(3))) && std::isnan(float(b(4)))));
}

TEST_CASE("the same bits with any number of threads, and whatever is around") {
  auto x = some<float>({301, 1003}, 3);
  auto w = some<float>({400003}, 4);
  auto c = some<float>({7, 40, 30, 20}, 5);
  CHECK(same_bits([&] { return eval(cumsum(x, axis<0>)); }));
  CHECK(same_bits([&] { return eval(cumsum(x, axis<1>)); }));
  CHECK(same_bits([&] { return eval(cumsum(x * 2, axis<1>) + 1); }));
  CHECK(same_bits([&] { return eval(softmax(cumsum(x, axis<1>))); }));
  CHECK(same_bits([&] { return eval(cumsum(w, axis<0>)); }));
  CHECK(same_bits([&] { return eval(exp(cumsum(w * 2, axis<0>) * 1e-5f)); }));
  CHECK(same_bits([&] { return eval(cumsum(c, axis<1>)); }));
  CHECK(same_bits([&] { return eval(cumsum(c, axis<0>) * 2); }));
  auto const apart = eval(softmax(eval(cumsum(x, axis<1>)))), inside = eval(softmax(cumsum(x, axis<1>)));
  CHECK(difference(inside.data(), apart.data(), apart.size(), 0) == "");
}

TEST_CASE("aliasing") {
  auto x = some<float>({6, 5}, 3);
  auto want = by_definition(cumsum(x, axis<-1>));
  x = cumsum(x, axis<-1>);
  CHECK(difference(std::as_const(x).data(), want.data(), 30, 1e-5) == "");
  want = by_definition(cumsum(x, axis<0>) - x);
  x = cumsum(x, axis<0>) - x;
  CHECK(difference(std::as_const(x).data(), want.data(), 30, 1e-5) == "");
  want = by_definition(cumsum(x(weft::all, range(0, 4)), axis<1>));
  x(weft::all, range(1, 5)) = cumsum(x(weft::all, range(0, 4)), axis<1>);
  auto const part = eval(x(weft::all, range(1, 5)));
  CHECK(difference(part.data(), want.data(), 24, 1e-5) == "");
  auto y = weft::zeros<float>({3, 6, 5});
  y(1) = cumsum(x, axis<0>);
  y(weft::all, 2) = cumsum(y(weft::all, 1), axis<1>) + 1;
  agrees(cumsum(y, axis<0>));
}

TEST_CASE("nothing, and errors") {
  CHECK(eval(cumsum(weft::zeros<float>({0}), axis<0>)).size() == 0);
  CHECK(eval(cumsum(weft::zeros<float>({3, 0}), axis<0>)).shape() == std::array<index_t, 2>{3, 0});
  CHECK(eval(cumsum(weft::zeros<float>({0, 3}), axis<0>) + 1).shape() == std::array<index_t, 2>{0, 3});
  CHECK_THROWS_AS((void)cumsum(weft::zeros<float>({3}), 1), weft::index_error);
}

TEST_CASE("what is known of a shape stays known") {
  tensor<std::int8_t, shape{"row", 3}> x = some<std::int8_t>({2, 3});
  static_assert(std::is_same_v<decltype(eval(cumsum(x, axis<0>))), tensor<std::int32_t, shape{"row", 3}>>);
  tensor<float, shape{2, 3}> y = tensor<float, 2>{{1, 2, 3}, {4, 5, 6}};
  tensor<float, shape{2, 3}> z = cumsum(y, axis<1>);
  CHECK(holds(z, {1, 3, 6, 4, 9, 15}));
}

TEST_CASE("gradients, second ones too") {
  auto some_x = some<double>({4, 5}, 3), w = some<double>({5, 2}, 5);
  auto cube = some<double>({2, 3, 4}, 6);
  CHECK(check_gradients([](auto const& x) { return sum(square(cumsum(x, axis<-1>))); }, some_x) < 1e-6);
  CHECK(check_gradients([](auto const& x) { return sum(square(cumsum(x, axis<1>, {.reverse = true, .inclusive = false}))); }, some_x) < 1e-6);
  CHECK(check_gradients([](auto const& x) { return sum(square(cumsum(x, axis<0>) + cumsum(x, axis<1>))); }, cube) < 1e-6);
  CHECK(check_gradients([](auto const& x, auto const& v) { return sum(square(matmul(cumsum(x, axis<-1>), v))); }, some_x, w) < 1e-6);
  CHECK(check_gradients([](auto const& x) {
          return sum(weft::let(x - mean(x, axis<-1>, keepdims), [](auto c) { return exp(cumsum(c * c, axis<-1>) * 0.1); }));
        }, some_x) < 1e-6);
  CHECK(worst_of_second([](auto const& x) { return sum(sin(cumsum(x * x, axis<-1>))); }, some_x) < 1e-6);
  CHECK(worst_of_second([](auto const& x) { return sum(sin(cumsum(x, axis<0>, {.reverse = true}))); }, some_x) < 1e-6);
#ifdef WEFT_LONG_TESTS
  CHECK(check_gradients([](auto const& x) { return sum(square(cumsum(x, axis<0>))); }, some_x) < 1e-6);
  CHECK(check_gradients([](auto const& x) { return sum(square(cumsum(x))); }, some_x) < 1e-6);
  CHECK(check_gradients([](auto const& x) { return sum(square(cumsum(tanh(x), 0, {.inclusive = false}) * x)); }, some_x) < 1e-6);
  CHECK(check_gradients([](auto const& x) { return sum(square(softmax(cumsum(x, axis<-1>)))); }, some_x) < 1e-6);
#endif
}

TEST_CASE("running extremes") {
  tensor<float, 2> x = {{1, 3, 2}, {4, 0, 6}};
  CHECK(holds(cummax(x, axis<1>), {1, 3, 3, 4, 4, 6}));
  CHECK(holds(cummin(x, axis<1>, {.reverse = true}), {1, 2, 2, 0, 0, 6}));
  CHECK(holds(cummax(x), {1, 3, 3, 4, 4, 6}));
  CHECK(holds(cummin(x, 0), {1, 3, 2, 1, 0, 2}));
  float const inf = INFINITY, nan = std::nanf("");
  CHECK(holds(cummax(x, axis<1>, {.inclusive = false}), {-inf, 1, 3, -inf, 4, 4}));
  CHECK(holds(cummin(x, 0, {.reverse = true, .inclusive = false}), {4, 0, 6, inf, inf, inf}));
  tensor<std::int8_t, 1> small = {3, -5, 100};
  static_assert(std::is_same_v<weft::element_t<decltype(cummax(small, axis<0>))>, std::int8_t>);
  CHECK(holds(cummax(small, axis<0>, {.inclusive = false}), {-128, 3, 3}));
  tensor<bool, 1> truth = {false, true, false};
  static_assert(std::is_same_v<weft::element_t<decltype(cummax(truth, axis<0>))>, bool>);
  CHECK(holds(cummax(truth, axis<0>), {0, 1, 1}));
  tensor<float, 1> not_all = {1, nan, 2}, zeros = {0.0f, -0.0f, 1};
  auto const a = eval(cummax(not_all, axis<0>)), b = eval(cummax(zeros, axis<0>));
  CHECK((float(a(0)) == 1 && std::isnan(float(a(1))) && std::isnan(float(a(2)))));
  CHECK(!std::signbit(float(b(1))));
}

TEST_CASE("running extremes of every length, along every axis") {
  for (index_t n : {1, 2, 17, 64, 65, 513, 1100})
    for (index_t a : {0, 1, 2})
      for (bool reverse : {false, true})
        for (bool inclusive : {false, true}) {
          CAPTURE(n);
          auto const x = a == 0 ? some<float>({n, 2, 9}, 3) : a == 1 ? some<float>({2, n, 9}, 3) : some<float>({2, 9, n}, 3);
          agrees(cummax(x * 2, a, {reverse, inclusive}), 0);
        }
  auto const w = some<float>({200003}, 4);
  CHECK(same_bits([&] { return eval(cummax(w, axis<0>)); }));
}

// The cotangent goes to the first of the greatest elements, or of those that are no number.
TEST_CASE("gradients of running extremes") {
  double const nan = std::nan("");
  tensor<double, 2> const x = {{1, 3, 2, 3, 5}, {4, nan, 1, nan, 9}, {1, 3, 3, 1, 0}, {-INFINITY, -INFINITY, 2, 2, 1}},
                          g = {{1, 2, 3, 4, 5}, {6, 7, 8, 9, 10}, {11, 12, 13, 14, 15}, {16, 17, 18, 19, 20}};
  for (index_t a : {0, 1})
    for (bool reverse : {false, true})
      for (bool inclusive : {false, true}) {
        CAPTURE(a);
        CAPTURE(reverse);
        CAPTURE(inclusive);
        index_t const n = x.sizes()[a];
        tensor<double, 2> want = weft::zeros<double>({4, 5});
        for (index_t line = 0; line < 20 / n; ++line) {
          auto const at = [&](index_t k) { return a == 0 ? k * 5 + line : line * 5 + k; };
          index_t best = -1;
          for (index_t i = 0; i < n; ++i) {
            index_t const k = at(reverse ? n - 1 - i : i);
            if (!inclusive && best >= 0) want.data()[best] += g.data()[k];
            double const v = x.data()[k];
            if (best < 0 || v > x.data()[best] || (std::isnan(v) && !std::isnan(x.data()[best]))) best = k;
            if (inclusive) want.data()[best] += g.data()[k];
          }
        }
        auto const got = weft::grad([&](auto const& v) { return sum(cummax(v, a, {reverse, inclusive}) * g); })(x);
        CHECK(difference(got.data(), want.data(), 20, 0) == "");
        tensor<double, 2> const minus = -x;
        auto const less = weft::grad([&](auto const& v) { return sum(cummin(v, a, {reverse, inclusive}) * g); })(minus);
        CHECK(difference(less.data(), want.data(), 20, 0) == "");
      }
  auto const some_x = some<double>({4, 5}, 3);
  CHECK(worst_of_second([](auto const& v) { return sum(sin(cummax(v * v, axis<-1>))); }, some_x) < 1e-6);
}
