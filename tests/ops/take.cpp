// Elements by index: definitions, tables of any kind, indices of any kind, where they are read, gradients.
#include "support.hpp"

using namespace oracle;
using weft::axis, weft::dim, weft::keepdims, weft::range, weft::shape, weft::tensor;

TEST_CASE("hand-worked") {
  tensor<float, 2> t = {{1, 2, 3}, {4, 5, 6}};
  tensor<int, 1> i = {1, 0, -1};
  CHECK(holds(take(t, i, axis<0>), {4, 5, 6, 1, 2, 3, 4, 5, 6}));
  CHECK(holds(take(t, i, axis<1>), {2, 1, 3, 5, 4, 6}));
  CHECK(holds(take(t, i, axis<-1>), {2, 1, 3, 5, 4, 6}));
  CHECK(holds(take(t, i), {2, 1, 6}));
  CHECK(holds(take(t, i, 0), {4, 5, 6, 1, 2, 3, 4, 5, 6}));
  CHECK(holds(take(t, i, -1), {2, 1, 3, 5, 4, 6}));
  tensor<std::uint8_t, 2> j = {{1, 0}, {0, 1}};
  CHECK(take(t, j, axis<1>).shape() == std::array<index_t, 3>{2, 2, 2});
  CHECK(holds(take(t, j, axis<1>), {2, 1, 1, 2, 5, 4, 4, 5}));
  CHECK(holds(take(t, 1, axis<0>), {4, 5, 6}));
  CHECK(holds(take(t, -1, axis<1>), {3, 6}));
  CHECK(holds(take(t, -1, 1), {3, 6}));
}

TEST_CASE("one place, and a rank-0 index") {
  tensor<float, 2> t = {{1, 2, 3}, {4, 5, 6}};
  tensor<float, 1> v = {7, 9, 8};
  CHECK(float(take(v, 1, axis<0>)) == 9);
  CHECK(float(take(v, argmax(v), axis<0>)) == 9);
  CHECK(float(take(v, argmax(v))) == 9);
  CHECK(holds(take(t, argmin(v), axis<1>), {1, 4}));
  CHECK(holds(take(t * 2, argmin(v), 1) + 1, {3, 9}));
  static_assert(weft::rank_of<decltype(take(t, argmin(v), axis<1>))> == 1);
}

TEST_CASE_TEMPLATE("every element type", T, bool, std::int8_t, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t,
                   std::uint32_t, std::int64_t, std::uint64_t, float, double) {
  auto t = some<T>({7, 5, 3}, 3);
  for (int a = 0; a < 3; ++a) agrees(take(t, places(11, t.shape(a)), a), 0);
}
TEST_CASE_TEMPLATE("every type of index", I, std::int8_t, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t,
                   std::uint32_t, std::int64_t, std::uint64_t, long long, unsigned long long) {
  auto t = some<float>({4, 5}, 3);
  tensor<I, 1> i = {I(3), I(0), I(3)};
  auto const taken = [&] { return take(t, i, axis<0>); };
  agrees(taken(), 0);
  i(1) = I(-1);
  if constexpr (std::is_signed_v<I>) {
    agrees(taken(), 0);
  } else {
    CHECK_THROWS_AS((void)eval(taken()), weft::index_error);
  }
}

TEST_CASE("every rank and axis") {
  auto const all_axes = [](auto const& t) {
    constexpr int R = weft::rank_of<decltype(t)>;
    for (int a = -R; a < R; ++a) {
      CAPTURE(a);
      index_t const n = t.shape(a);
      agrees(take(t, places(4, n), a), 0);
      if constexpr (R == 3 || R == 8) {
        agrees(take(t * 2, places(1, n), a), 0);  // a few of a lazy table
        agrees(take(t * 2, tensor<index_t, 1>(places(2 * n + 1, n, 3)), a), 0);
      }
      if constexpr (R < 8) {
        tensor<index_t, 2> two = reshape(places(6, n), {2, 3});
        agrees(take(t, two, a), 0);
        if constexpr (R == 3) {
          agrees(take(t + 1, two, a), 0);
          agrees(take(t, transpose(two), a), 0);
          tensor<int, 4> four = weft::cast<int>(reshape(places(12, n), {2, 1, 3, 2}));
          agrees(take(t, four, a) * 2, 0);
        }
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

TEST_CASE("views of tables, of indices, of what was taken") {
  auto t = some<float>({9, 8}, 3);
  auto i = places(20, 4);
  agrees(take(transpose(t), i, axis<0>), 0);
  agrees(take(transpose(t), i, axis<1>), 0);
  agrees(take(t(range(0, 9, 2), range(weft::end, weft::begin, -2)), i, axis<1>), 0);
  agrees(take(broadcast_to(t(0), {5, 8}), i, axis<0>), 0);
  agrees(take(broadcast_to(t(weft::all, range(0, 1)), {9, 8}), i, axis<1>), 0);
  agrees(take(t, i(range(weft::end, weft::begin, -3)), axis<0>), 0);
  agrees(transpose(take(t, i, axis<0>)), 0);
  agrees(take(t, i, axis<0>)(range(1, 9, 3), 2), 0);
  agrees(take(take(t, i, axis<0>), i, axis<1>), 0);
  agrees(take(t, i, axis<0>)(3) + t(1), 0);
}

TEST_CASE("lazy tables and indices") {
  auto t = some<float>({9, 8}, 3);
  auto i = places(5, 8);
  agrees(take(softmax(t), i, axis<0>));
  agrees(take(softmax(t), i, axis<1>));
  agrees(take(softmax(t, axis<0>), i, axis<0>));
  agrees(take(matmul(t, transpose(t)), i, axis<0>));
  agrees(take(t * 2 + 1, i * 1, axis<0>));
  agrees(take(t, argmax(t, axis<1>), axis<1>));
  agrees(take(t, where(i > 3, 3, i), axis<0>));
  CHECK(explain(take(t * 2, i, axis<0>)).temporaries == 0);
  CHECK(explain(take(t * 2, i, axis<1>)).temporaries == 1);
  CHECK(explain(take(t, i + 1, axis<1>)).temporaries == 1);
  CHECK(explain(take(t, i, axis<1>)).temporaries == 0);
}

TEST_CASE("inside statements: maps, row programs, reductions, products") {
  auto t = some<float>({9, 83}, 3);
  auto i = places(31, 9);
  auto y = some<float>({31, 83}, 4);
  agrees(take(t, i, axis<0>) * 2 + y);
  agrees(softmax(take(t, i, axis<0>) + y) * y);
  agrees(take(t, i, axis<0>) - mean(take(t, i, axis<0>), axis<-1>, keepdims));
  agrees(sum(take(t, i, axis<0>), axis<-1>));
  agrees(sum(take(t, i, axis<0>), axis<0>));
  agrees(max(take(t, i, axis<0>)));
  agrees(argmax(take(t, i, axis<0>) * y, axis<0>));
  agrees(take(t, i, axis<0>) + take(t, places(1, 9), axis<0>));  // the second is stretched
  agrees(y + take(t(0), places(83, 83), axis<0>));
  auto w = some<float>({83, 17}, 5);
  agrees(matmul(take(t, i, axis<0>), w));
  agrees(matmul(softmax(take(some<float>({9, 23}, 3), places(11, 9), axis<0>)), some<float>({23, 5}, 5)));  // definitions of it are slow
  agrees(matmul(y, transpose(take(t, i, axis<0>))));
  agrees(matmul(y, take(w, places(83, 83), axis<0>)));
  agrees(relu(matmul(y, w) + take(w, i, axis<0>)));
  CHECK(explain(matmul(take(t, i, axis<0>), w)).temporaries == 0);
  CHECK(explain(matmul(take(t, i, axis<0>), take(w, places(83, 83), axis<0>))).temporaries == 0);
  CHECK(explain(softmax(take(t, i, axis<0>))).temporaries == 0);
  CHECK(explain(relu(matmul(y, w) + take(w, i, axis<0>))).temporaries == 0);
  weft::reset_memory_peak();
  auto batched = some<float>({4, 83, 6}, 5);
  tensor<index_t, 2> two = reshape(places(28, 9), {4, 7});
  agrees(matmul(take(t, two, axis<0>), batched));
}

TEST_CASE("long enough for tiles and threads, with the same bits") {
  auto t = some<float>({301, 1003}, 3);
  auto i = places(703, 301);
  auto j = places(2100, 1003);
  agrees(take(t, i, axis<0>) * 2, 0);
  agrees(take(t, j, axis<1>), 0);
  agrees(take(transpose(t), j, axis<0>), 0);
  auto const apart = eval(softmax(eval(take(t, i, axis<0>)))), inside = eval(softmax(take(t, i, axis<0>)));
  CHECK(difference(inside.data(), apart.data(), apart.size(), 0) == "");
  CHECK(same_bits([&] { return eval(take(t, i, axis<0>) * 2); }));
  CHECK(same_bits([&] { return eval(take(t, j, axis<1>)); }));
  CHECK(same_bits([&] { return eval(softmax(take(t, i, axis<0>))); }));
  CHECK(same_bits([&] { return eval(sum(take(t, i, axis<0>), axis<0>)); }));
}

TEST_CASE("aliasing") {
  auto x = some<float>({6, 5}, 3);
  tensor<index_t, 1> perm = {5, 0, 3, 1, 4, 2};
  auto want = by_definition(take(x, perm, axis<0>));
  x = take(x, perm, axis<0>);
  CHECK(difference(std::as_const(x).data(), want.data(), 30, 0) == "");
  want = by_definition(take(x, perm, axis<0>) + x);
  x += take(x, perm, axis<0>);
  CHECK(difference(std::as_const(x).data(), want.data(), 30, 0) == "");
  want = by_definition(take(x, tensor<index_t, 1>{4, 2, 0}, axis<1>));
  x(weft::all, range(0, 3)) = take(x, tensor<index_t, 1>{4, 2, 0}, axis<1>);
  auto const part = eval(x(weft::all, range(0, 3)));
  CHECK(difference(part.data(), want.data(), 18, 0) == "");
  auto wantp = by_definition(take(perm, perm, axis<0>));
  perm = take(perm, perm, axis<0>);
  CHECK(difference(std::as_const(perm).data(), wantp.data(), 6, 0) == "");
  auto two = tensor<index_t, 1>{1, 0, 2};
  wantp = by_definition(take(tensor<index_t, 1>{7, 8, 9}, two, axis<0>));
  two = take(tensor<index_t, 1>{7, 8, 9}, two, axis<0>);
  CHECK(holds(two, {8, 7, 9}));
}

TEST_CASE("nothing") {
  auto t = weft::zeros<float>({3, 0});
  tensor<index_t, 1> none = weft::zeros<index_t>({0}), i = {0, 2};
  CHECK(take(t, i, axis<0>).shape() == std::array<index_t, 2>{2, 0});
  CHECK(eval(take(t, i, axis<0>)).size() == 0);
  CHECK(eval(take(t, none, axis<1>)).size() == 0);
  auto full = some<float>({3, 4});
  CHECK(eval(take(full, none, axis<0>)).shape() == std::array<index_t, 2>{0, 4});
  CHECK(eval(take(full * 2, none, axis<1>)).shape() == std::array<index_t, 2>{3, 0});
  CHECK(holds(sum(take(full, none, axis<0>), axis<0>), {0, 0, 0, 0}));
  CHECK_THROWS_WITH_AS((void)eval(take(t, i, axis<1>)), "take: index 0 is outside axis 1 of a tensor of shape (3, 0)",
                       weft::index_error);
}

TEST_CASE("errors") {
  auto t = some<float>({3, 4});
  tensor<index_t, 1> i = {0, 3};
  CHECK_THROWS_WITH_AS((void)eval(take(t, i, axis<0>)), "take: index 3 is outside axis 0 of a tensor of shape (3, 4)",
                       weft::index_error);
  CHECK_THROWS_WITH_AS((void)eval(take(t, i * -2, axis<1>)), "take: index -6 is outside axis 1 of a tensor of shape (3, 4)",
                       weft::index_error);
  CHECK_THROWS_WITH_AS((void)weft::eval(take(t, i + 9)), "take: index 12 is outside axis 0 of a tensor of shape (12,)", weft::index_error);
  CHECK_THROWS_WITH_AS((void)take(t, 4, axis<1>), "take: index 4 is outside axis 1 of a tensor of shape (3, 4)", weft::index_error);
  CHECK_THROWS_AS((void)take(t, i, 2), weft::index_error);
  CHECK_THROWS_AS((void)eval(matmul(take(t, i, axis<0>), t)), weft::error);
  tensor<std::int8_t, 1> low = {-128};
  CHECK_THROWS_AS((void)eval(take(t, low, axis<0>)), weft::index_error);
  tensor<std::uint64_t, 1> high = {~std::uint64_t(0)};
  CHECK_THROWS_WITH_AS((void)eval(take(t, high, axis<0>)), doctest::Contains("18446744073709551615"), weft::index_error);
  // what is assigned to stays as it was
  tensor<float, 2> y = {{1, 2, 3, 4}, {1, 2, 3, 4}};
  CHECK_THROWS_AS(y = take(t, i, axis<0>), weft::index_error);
  CHECK(holds(y, {1, 2, 3, 4, 1, 2, 3, 4}));
}

TEST_CASE("what is known of a shape stays known") {
  tensor<float, shape{"word", dim("feature", 4)}> t = some<float>({3, 4});
  tensor<index_t, shape{"batch", 2}> i = tensor<index_t, 2>{{0, 1}};
  static_assert(std::is_same_v<decltype(eval(take(t, i, axis<0>))), tensor<float, shape{"batch", 2, dim("feature", 4)}>>);
  static_assert(std::is_same_v<decltype(eval(take(t, i, axis<-1>))), tensor<float, shape{"word", "batch", 2}>>);
  static_assert(std::is_same_v<decltype(eval(take(t, 1, axis<0>))), tensor<float, shape{dim("feature", 4)}>>);
  CHECK(take(t, i, axis<0>).shape() == std::array<index_t, 3>{1, 2, 4});
  agrees(take(t, i, axis<0>), 0);
  tensor<float, shape{2, 2}> small = tensor<float, 2>{{1, 2}, {3, 4}};
  tensor<index_t, shape{3}> three = tensor<index_t, 1>{1, 0, 1};
  tensor<float, shape{3, 2}> r = take(small, three, axis<0>);
  CHECK(holds(r, {3, 4, 1, 2, 3, 4}));
}

TEST_CASE("gradients") {
  auto table = some<double>({7, 5}, 3), weights = some<double>({5, 3}, 4);
  auto i = places(12, 7);
  auto k = places(6, 5);
  tensor<index_t, 2> two = reshape(places(6, 5), {2, 3});
  CHECK(check_gradients([&](auto const& t) { return sum(square(take(t, i, axis<0>))); }, table) < 1e-6);
  CHECK(check_gradients([&](auto const& t) { return sum(square(take(t, two, axis<1>))); }, table) < 1e-6);
  CHECK(check_gradients([&](auto const& t) { return sum(square(take(t, k))); }, table) < 1e-6);
  CHECK(check_gradients([&](auto const& t) { return sum(square(take(tanh(t) * t, i, axis<0>))); }, table) < 1e-6);
  CHECK(check_gradients([&](auto const& t, auto const& w) { return sum(square(matmul(take(t, i, axis<0>), w))); }, table, weights) < 1e-6);
  CHECK(check_gradients([&](auto const& t) { return sum(take(t, i, axis<0>)) + sum(square(take(t, k, axis<1>))) + sum(t * t); }, table) < 1e-6);
  CHECK(check_gradients([&](auto const& t) { auto y = eval(take(t, i, axis<0>)); return sum(y * y * y); }, table) < 1e-6);
  CHECK(check_gradients([&](auto const& t) {
          return sum(weft::let(take(t, i, axis<0>), [](auto c) { return c * softmax(c); }));
        }, table) < 1e-6);
#ifdef WEFT_LONG_TESTS
  CHECK(check_gradients([&](auto const& t) { return sum(square(take(t, k, axis<1>))); }, table) < 1e-6);
  CHECK(check_gradients([&](auto const& t) { return sum(square(take(t, two, 0) * 2)); }, table) < 1e-6);
  CHECK(check_gradients([&](auto const& t) { return sum(square(take(t, 3, axis<0>))); }, table) < 1e-6);
  CHECK(check_gradients([&](auto const& t) { return sum(square(take(transpose(t), k, axis<0>))); }, table) < 1e-6);
  CHECK(check_gradients([&](auto const& t) { return sum(take(transpose(t), k, axis<0>) * take(t, i, axis<0>)(range(0, 6), range(0, 5))(0, 1)) + sum(t); }, table) < 1e-6);
  CHECK(check_gradients([&](auto const& t) { return sum(square(softmax(take(t, i, axis<0>)))); }, table) < 1e-6);
  CHECK(check_gradients([&](auto const& t, auto const& w) { return sum(square(take(matmul(t, w), i, axis<0>))); }, table, weights) < 1e-6);
  CHECK(check_gradients([&](auto const& t) { return sum(square(take(t, argmax(t, axis<0>), axis<0>))); }, table) < 1e-6);
  CHECK(check_gradients([&](auto const& t) {
          return sum(square(take(weft::let(t - mean(t, axis<-1>, keepdims), [](auto c) { return c * c; }), i, axis<0>)));
        }, table) < 1e-6);
#endif
}

TEST_CASE("second derivatives") {
  auto table = some<double>({7, 5}, 3), weights = some<double>({5, 3}, 4);
  auto i = places(12, 7);
  CHECK(worst_of_second([&](auto const& t, auto const& w) { return sum(square(tanh(matmul(take(t, i, axis<0>), w)))); }, table, weights) < 1e-6);
#ifdef WEFT_LONG_TESTS
  CHECK(worst_of_second([&](auto const& t) { return sum(exp(take(t, i, axis<0>))); }, table) < 1e-6);
  CHECK(worst_of_second([&](auto const& t) { return sum(exp(take(t, where(i > 4, 4, where(i < -5, 0, i)), 1) * 0.5)); }, table) < 1e-6);
#endif
}

TEST_CASE("the gradient's bits don't depend on threads") {
  auto table = some<float>({301, 403}, 3);
  auto i = places(1203, 301);
  CHECK(same_bits([&] { return weft::grad([&](auto const& t) { return sum(square(take(t, i, axis<0>))); })(table); }));
}
