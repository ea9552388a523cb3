// Products inside statements: lazy operands, what is woven into them, vectors, nothing at all, aliasing.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "oracle.hpp"

using namespace oracle;
using weft::axis, weft::keepdims, weft::range, weft::shape, weft::tensor;

TEST_CASE("operands in memory, strided, transposed, lazy") {
  for (index_t n : {1, 3, 8, 17, 33}) {
    CAPTURE(n);
    auto a = some<float>({n, 19}, 1), b = some<float>({19, n + 2}, 2), c = some<float>({n + 2, 19}, 3);
    agrees(matmul(a, b));
    agrees(matmul(a, transpose(c)));
    agrees(matmul(transpose(b), transpose(a)));
    agrees(matmul(a * 2 + 1, relu(b)));
    agrees(matmul(a(weft::all, range(weft::end, weft::begin, -2)), b(range(0, 19, 2), weft::all)));
    agrees(matmul(softmax(a), b - mean(b, axis<0>, keepdims)));
  }
}

TEST_CASE("epilogues") {
  auto a = some<float>({9, 19}, 1), b = some<float>({19, 21}, 2), residual = some<float>({9, 21}, 3);
  auto bias = some<float>({21}, 4);
  auto column = some<float>({9, 1}, 5);
  agrees(relu(matmul(a, b) + bias));
  agrees(residual - matmul(a, b) * column);
  agrees(where(matmul(a, b) > bias, residual, 0));
  agrees(2 * matmul(a, b) - 1);
  agrees(-matmul(a, b));
  agrees(weft::cast<double>(matmul(a, b)) + bias, 1e-5);
  tensor<double, 2> wide = matmul(a, b);
  CHECK(difference(std::as_const(wide).data(), by_definition(weft::cast<double>(matmul(a, b))).data(), 189, 1e-5) == "");
}

TEST_CASE("what surrounds a product and is no map") {
  auto a = some<float>({9, 19}, 1), b = some<float>({19, 9}, 2), one = some<float>({1, 19}, 3);
  agrees(matmul(a, b) * silu(matmul(a, b)));
  agrees(silu(matmul(a, b)));
  agrees(matmul(a, b) + matmul(a, b));
  agrees(matmul(a, b) + transpose(matmul(a, b)));
  agrees(softmax(matmul(a, b)));
  agrees(matmul(a, b) + softmax(matmul(a, b)));
  agrees(matmul(a, b) - mean(matmul(a, b), axis<0>, keepdims));
  agrees(matmul(one, b) + matmul(a, b) + 1);
  agrees(matmul(one, b) + some<float>({9, 9}, 4));  // the product is stretched
  agrees(matmul(matmul(a, b), matmul(a, b)), 1e-4);
  agrees(sum(matmul(a, b), axis<0>));
}

TEST_CASE("vectors") {
  auto m = some<float>({7, 19}, 1);
  auto v = some<float>({19}, 2), w = some<float>({7}, 3);
  agrees(matmul(m, v));
  agrees(matmul(w, m));
  agrees(matmul(v, v));
  agrees(matmul(transpose(m), w * 2));
  agrees(relu(matmul(m, v)));
  agrees(-matmul(v, v) * 2);
  agrees(relu(matmul(m, v) + w) - matmul(m, v));
  agrees(m * matmul(v, v));
  tensor<double, 1> wide = matmul(m, v);
  CHECK(wide.size() == 7);
  CHECK(wide(3) == doctest::Approx(by_definition(matmul(m, v))(3)));
}

TEST_CASE("nothing to add up, nothing to make") {
  auto a = weft::zeros<float>({3, 0}), b = weft::zeros<float>({0, 2});
  CHECK(holds(matmul(a, b), {0, 0, 0, 0, 0, 0}));
  CHECK(holds(matmul(a, b) + 1, {1, 1, 1, 1, 1, 1}));
  CHECK(matmul(b, weft::zeros<float>({2, 0})).shape() == std::array<index_t, 2>{0, 0});
  CHECK(eval(relu(matmul(b, weft::ones<float>({2, 5})))).size() == 0);
  CHECK(holds(matmul(a, weft::zeros<float>({0})), {0, 0, 0}));
  CHECK(float(matmul(weft::zeros<float>({0}), weft::zeros<float>({0}))) == 0);
}

TEST_CASE("the result over its own operands") {
  for (index_t n : {2, 9, 33, 70}) {
    auto a = some<float>({n, n}, 1), b = some<float>({n, n}, 2);
    auto const same = [&](auto const& want, char const* what) {
      CAPTURE(what);
      CHECK(difference(std::as_const(a).data(), want.data(), n * n, 1e-4) == "");
      a = some<float>({n, n}, 1);
    };
    auto w = by_definition(matmul(a, a));
    a = matmul(a, a);
    same(w, "a a");
    w = by_definition(relu(matmul(a, b) + a));
    a = relu(matmul(a, b) + a);
    same(w, "relu(a b + a)");
    w = by_definition(matmul(b, b) + a);
    a += matmul(b, b);
    same(w, "a += b b");
    w = by_definition(matmul(b, b) + transpose(a));
    a = matmul(b, b) + transpose(a);
    same(w, "b b + transposed a");
    w = by_definition(matmul(transpose(a), b));
    a = matmul(transpose(a), b);
    same(w, "transposed a, b");
  }
}

TEST_CASE("shapes and errors") {
  auto a = weft::zeros<float>({2, 3}), b = weft::zeros<float>({4, 5});
  auto v = weft::zeros<float>({4});
  CHECK_THROWS_WITH_AS((void)matmul(a, b), "matmul: (2, 3) and (4, 5) differ in the inner size", weft::shape_error);
  CHECK_THROWS_WITH_AS((void)matmul(a, v), doctest::Contains("(2, 3) and (4,)"), weft::shape_error);
  CHECK_THROWS_AS((void)matmul(v, a), weft::shape_error);
  tensor<float, shape{"batch", 3}> x = weft::ones<float>({2, 3});
  tensor<double, shape{3, 4}> w = weft::ones<double>({3, 4});
  static_assert(std::is_same_v<decltype(eval(matmul(x, w))), tensor<double, shape{"batch", 4}>>);
  static_assert(std::is_same_v<decltype(eval(matmul(x, w) + matmul(x, w))), tensor<double, shape{"batch", 4}>>);
  CHECK(holds(matmul(x, w), {3, 3, 3, 3, 3, 3, 3, 3}));
  tensor<double, shape{2, 4}> fixed = matmul(x, w) * 2;
  CHECK(fixed(1, 3) == 6);
}
