// Names and static sizes through operators, reductions, products and views: all of it is decided by the compiler.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
#include <weft/core.hpp>

using weft::all, weft::axis, weft::dim, weft::dyn, weft::eval, weft::keepdims, weft::range, weft::shape, weft::tensor;

template <class E, class T>
inline constexpr bool gives = std::is_same_v<decltype(eval(std::declval<E>())), T>;
#define GIVES(e, ...) static_assert(gives<decltype(e), __VA_ARGS__>)

TEST_CASE("shapes known to the compiler") {
  tensor<float, shape{"batch", 784}> x = weft::ones<float>({2, 784});
  tensor<float, shape{784, 10}> w;
  tensor<float, shape{10}> b;
  tensor<float, 1> r = weft::ones<float>({784});
  tensor<float, 1> s = weft::ones<float>({10});
  tensor<float, shape{1}> one = {3};
  tensor<float, shape{"batch", 1}> column = weft::ones<float>({2, 1});
  tensor<float, shape{dim("batch", 2), 1}> fixed;
  GIVES(matmul(x, w), tensor<float, shape{"batch", 10}>);
  GIVES(matmul(x, w) + b, tensor<float, shape{"batch", 10}>);
  GIVES(b + matmul(x, w), tensor<float, shape{"batch", 10}>);
  GIVES(x + r, tensor<float, shape{"batch", 784}>);
  GIVES(r + x, tensor<float, shape{"batch", 784}>);
  GIVES(x - mean(x, axis<1>, keepdims), tensor<float, shape{"batch", 784}>);
  GIVES(mean(x, axis<1>, keepdims) * x, tensor<float, shape{"batch", 784}>);
  GIVES(x - mean(x, axis<0>, keepdims), tensor<float, shape{"batch", 784}>);
  GIVES(column * x, tensor<float, shape{"batch", 784}>);
  GIVES(x * column, tensor<float, shape{"batch", 784}>);
  GIVES(x * fixed, tensor<float, shape{dim("batch",  2),784}>);
  GIVES(fixed * x, tensor<float, shape{dim("batch",  2),784}>);
  GIVES(sum(x, axis<1>), tensor<float, shape{"batch"}>);
  GIVES(sum(x, axis<0>), tensor<float, shape{784}>);
  GIVES(transpose(x), tensor<float, shape{784, "batch"}>);
  GIVES(one + b, tensor<float, shape{10}>);
  GIVES(b + one, tensor<float, shape{10}>);
  GIVES(s + one, tensor<float,1>);
  GIVES(one + r, tensor<float,1>);
  GIVES(s + b, tensor<float, shape{10}>);
  GIVES(x(range(0, 3), all), tensor<float, shape{dyn, 784}>);
  GIVES(x(0, all), tensor<float, shape{784}>);
  GIVES(x(all, 0), tensor<float, shape{"batch"}>);
  GIVES(x(range(0, 3), range(0, 3)), tensor<float,2>);
  CHECK(eval(one + s).shape(0) == 10);
  CHECK(eval(b + one)(9) == 3);
  CHECK(eval(x * fixed + column).shape(0) == 2);
  CHECK(eval(matmul(x, w) + b).shape(1) == 10);
  CHECK(eval(x + r).shape(1) == 784);
}
