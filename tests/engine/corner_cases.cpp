// Statements at the edges of what the loops assume: each of these once went wrong.
#include <doctest/doctest.h>
#include <weft/core.hpp>

#include <limits>

using weft::all;
using weft::axis;
using weft::keepdims;
using weft::ones;
using weft::range;
using weft::shape;
using weft::tensor;
using weft::zeros;

TEST_CASE("a variable that is the whole value of an assignment is not overwritten through its sharers") {
  tensor<float, 1> y = {1, 2, 3}, m = {10, 20, 30};
  auto q = y;
  assign(m, q, q, m + 0);
  CHECK(array_equal(y, tensor<float, 1>{1, 2, 3}));
  CHECK(array_equal(m, tensor<float, 1>{1, 2, 3}));
  CHECK(array_equal(q, tensor<float, 1>{10, 20, 30}));

  tensor<float, 1> a = {1, 2, 3};
  auto const b = a;
  a(range(weft::end, weft::begin, -1)) = b;
  CHECK(array_equal(b, tensor<float, 1>{1, 2, 3}));
  CHECK(array_equal(a, tensor<float, 1>{3, 2, 1}));
}

TEST_CASE("a product with a vector is stretched beside a matrix of one row") {
  auto const x = ones<float>({1, 5}), b = ones<float>({3, 5});
  auto const v = ones<float>({3});
  tensor<float, 2> const y = x + matmul(v, b);
  CHECK(y.shape() == std::array<weft::index_t, 2>{1, 5});
  CHECK(float(y(0, 4)) == 4);
  auto const one = ones<float>({1, 1});
  tensor<float, 2> const z = one + matmul(ones<float>({1, 3}), v);
  CHECK(float(z(0, 0)) == 4);
}

TEST_CASE("an empty row of several axes adds up to nothing") {
  auto const e = zeros<float>({2, 4, 0});
  tensor<float, 1> const y = sum(weft::swapaxes<1, 2>(e), axis<1, 2>);
  CHECK(array_equal(y, tensor<float, 1>{0, 0}));
}

TEST_CASE("a tensor of known sizes that was moved from says so") {
  tensor<float, shape{10, 10}> a = ones<float>({10, 10});
  auto const b = std::move(a);
  tensor<float, shape{10, 10}> y;
  CHECK_THROWS_AS(y = a + 1, weft::shape_error);
  a = b * 2;
  CHECK(float(a(9, 9)) == 2);
}

TEST_CASE("products of borrowed vectors") {
  float p[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 1, 1};
  auto m = weft::borrow(p, {3, 3});
  auto v = weft::borrow(p + 9, {3});
  CHECK(array_equal(eval(matmul(v, m)), tensor<float, 1>{12, 15, 18}));
  CHECK(array_equal(eval(matmul(m, v)), tensor<float, 1>{6, 15, 24}));
  CHECK(float(matmul(v, v)) == 3);
}

TEST_CASE("division by a row's sum at the ends of the range") {
  tensor<float, 2> const t = {{1e-39f, 0}, {3e38f, 1e38f}, {2, 2}};
  tensor<float, 2> const tiny = t / sum(t * 0.5f, axis<-1>, keepdims);
  CHECK(float(tiny(0, 0)) == doctest::Approx(2));
  CHECK(float(tiny(0, 1)) == 0);
  tensor<float, 2> const most = t / max(t, axis<-1>, keepdims);
  CHECK(float(most(0, 0)) == 1);
  CHECK(float(most(1, 0)) == 1);
  CHECK(float(most(2, 1)) == 1);
  constexpr float infinity = std::numeric_limits<float>::infinity();
  tensor<float, 2> const none = {{1, 0}};
  CHECK(float((none / max(none * 0, axis<-1>, keepdims))(0, 0)) == infinity);
}

TEST_CASE("results that no memory can hold are refused, whatever the operands are") {
  using weft::index_t;
  index_t const q = index_t(1) << 31;
  CHECK_THROWS_AS((void)eval(matmul(weft::zeros<float>({q, 0}), weft::zeros<float>({0, q}))), weft::shape_error);
  CHECK_THROWS_AS((void)eval(sum(weft::zeros<float>({q, 0, q}), axis<1>)), weft::shape_error);
  auto const side = [](weft::extents<3> const& e) {
    return weft::broadcast_to(tensor<std::uint8_t, 1>{1}, {e[0], e[1], e[2]});
  };
  index_t const m = index_t(1) << 21;
  CHECK_THROWS_WITH_AS((void)(side({2 * m, 1, 1}) + side({1, m, 1}) * side({1, 1, m})),
                       "add: too many elements in (4194304, 2097152, 2097152)", weft::shape_error);
  index_t const half = index_t(1) << 32;
  CHECK_THROWS_AS((void)weft::reshape(weft::zeros<float>({0}), {half, half}), weft::shape_error);
  CHECK(weft::reshape(weft::zeros<float>({0}), {half, half, 0}).size() == 0);
  CHECK(weft::reshape(weft::zeros<float>({0, 3}), {-1, 3}).sizes() == weft::extents<2>{0, 3});
  CHECK_THROWS_AS((void)weft::reshape(weft::zeros<float>({4}), {-1, -1}), weft::shape_error);
}
