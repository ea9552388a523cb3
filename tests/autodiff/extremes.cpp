// labels: optimised
// Gradients of max and min: what is compared is what was reduced, also where the operand was divided by a row's sum.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
#include <weft/weft.hpp>

using namespace weft;

namespace {
// A gradient that is lost is zero; that of the largest share has a part of its own and one of every other element.
template <class F>
int lost(F const& f, index_t rows, index_t columns) {
  int n = 0;
  for (int i = 0; i < 200; ++i) {
    tensor<float, 2> x = abs(random::normal<float>(random::key(static_cast<std::uint64_t>(i)), {rows, columns})) + 0.01f;
    tensor<float, 2> dx = grad(f)(x);
    if (float(max(abs(dx))) == 0) ++n;
  }
  return n;
}
template <class F>
double worst(F const& f, index_t rows, index_t columns) {
  double w = 0;
  for (int i = 0; i < 20; ++i) {
    tensor<double, 2> x = random::normal<double>(random::key(static_cast<std::uint64_t>(i)), {rows, columns});
    w = std::fmax(w, check_gradients(f, x));
  }
  return w;
}
}  // namespace

TEST_CASE("the largest share of a row has a gradient") {
  CHECK(lost([](auto const& x) { return max(x / sum(x, axis<-1>, keepdims)); }, 1, 37) == 0);
  CHECK(lost([](auto const& x) { return sum(max(x / sum(x, axis<-1>, keepdims), axis<-1>)); }, 5, 37) == 0);
  CHECK(lost([](auto const& x) { return sum(max(softmax(x), axis<0>)); }, 7, 19) == 0);
#ifdef WEFT_LONG_TESTS
  CHECK(lost([](auto const& x) { return sum(min(softmax(x), axis<0>)); }, 7, 19) == 0);
#endif
}
TEST_CASE("... and the right one") {
  auto share = [](auto const& x) { return sum(max(square(x) / sum(square(x), axis<-1>, keepdims), axis<-1>)); };
  CHECK(worst(share, 4, 9) < 1e-6);
  CHECK(worst([](auto const& x) { return sum(square(max(softmax(x), axis<0>))); }, 5, 7) < 1e-6);
#ifdef WEFT_LONG_TESTS
  CHECK(worst([](auto const& x) { return sum(square(min(softmax(x * 2), axis<0>))); }, 5, 7) < 1e-6);
  CHECK(worst([](auto const& x) { return max(softmax(x, axis<0>)); }, 5, 7) < 1e-6);
#endif
}
TEST_CASE("an expression has the same bits wherever it stands") {
  tensor<float, 2> x = random::normal<float>({33, 129});
  tensor<float, 2> y = softmax(x);
  CHECK(array_equal(y, softmax(x)));
  CHECK(array_equal(max(y, axis<-1>), max(softmax(x), axis<-1>)));
  CHECK(array_equal(max(y, axis<0>), max(softmax(x), axis<0>)));
  CHECK(array_equal(y + 0.0f, transpose(transpose(softmax(x)))));
  tensor<float, 2> z = x;
  CHECK(float(max(abs(x * x - z * z))) == 0);
  CHECK(float(max(abs(square(x) - z * x))) == 0);
}

TEST_CASE("where a value is NaN, what is NaN gets the cotangent") {
  float const nan = std::numeric_limits<float>::quiet_NaN();
  tensor<float, 2> const x = {{1, nan, 3}, {nan, 2, nan}, {4, 5, 5}};
  tensor<float, 2> const want = {{0, 1, 0}, {0.5, 0, 0.5}, {0, 0.5, 0.5}};
  CHECK(array_equal(grad([](auto const& a) { return sum(max(a, axis<1>)); })(x), want));
  CHECK(array_equal(grad([](auto const& a) { return sum(min(-a, axis<1>)); })(x), -want));
}
