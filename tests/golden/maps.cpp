// Golden cases of elementwise functions of one and of two arrays: values, result types and gradients.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <weft/grad.hpp>

#include "arrays.hpp"

using namespace golden;
using weft::dtype;
using weft::tensor;

namespace {

// f on the flattened array; every type of the slice that its kind allows.
template <bool Integers, class F>
answer unary(test_case const& c, F const& f) {
  any_tensor const& x = c.arg(0);
  if (c.attrs().size() > 0) return leave_out("attribute " + c.attrs().keys().front());
  answer a;
  auto const run = [&](auto const& t) { a.outs.push_back(as_array(f(t), x.shape)); };
  switch (x.dtype) {
    case dtype::float32: {
      auto const t = as_tensor<float, 1>(x, true);
      run(t);
      if (!c.grads.empty()) {
        auto const cotangent = as_tensor<float, 1>(c.cot(c.outs[0]), true);
        a.grads.emplace_back(c.args[0], as_array(weft::vjp(f, cotangent, weft::wrt<0>)(t).gradient, x.shape));
      }
      return a;
    }
    case dtype::int32:
      if constexpr (Integers) {
        run(as_tensor<int, 1>(x, true));
        return a;
      }
      return leave_out("an integer operand of this operation");
    default:
      return leave_out(std::string("elements of type ") + weft::name(x.dtype));
  }
}

#define UNARY(NAME, INTEGERS, ...) \
  answer NAME##_case(test_case const& c) { return unary<INTEGERS>(c, [](auto const& x) { return __VA_ARGS__; }); }
UNARY(exp, true, exp(x))
UNARY(expm1, false, expm1(x))
UNARY(log, false, log(x))
UNARY(log1p, false, log1p(x))
UNARY(sin, false, sin(x))
UNARY(cos, false, cos(x))
UNARY(tanh, false, tanh(x))
UNARY(erf, false, erf(x))
UNARY(sigmoid, false, sigmoid(x))
UNARY(sqrt, true, sqrt(x))
UNARY(rsqrt, false, rsqrt(x))
UNARY(abs, true, abs(x))
UNARY(negative, true, -x)
UNARY(square, true, square(x))
UNARY(floor, true, floor(x))
UNARY(ceil, false, ceil(x))
UNARY(trunc, false, trunc(x))
UNARY(round, false, round(x))
UNARY(reciprocal, false, 1 / x)
UNARY(positive, true, +x)
// Values only: truth values have no gradient.
#undef UNARY
answer isnan_case(test_case const& c) {
  if (c.arg(0).dtype != dtype::float32) return leave_out("elements of another type");
  answer a;
  a.outs.push_back(as_array(isnan(as_tensor<float, 1>(c.arg(0), true)), c.arg(0).shape));
  return a;
}

// f on arrays of rank 4, which broadcast; what stands before the result's own axes is 1.
std::vector<weft::index_t> joint_shape(any_tensor const& x, any_tensor const& y, std::array<weft::index_t, 4> const& e) {
  std::size_t const rank = std::max(x.shape.size(), y.shape.size());
  return {e.end() - static_cast<std::ptrdiff_t>(rank), e.end()};
}
template <bool Differentiable, class T, class F>
answer binary_of(test_case const& c, any_tensor const& x, any_tensor const& y, F const& f) {
  answer a;
  auto const p = as_tensor<T, 4>(x), q = as_tensor<T, 4>(y);
  auto const r = eval(f(p, q));
  a.outs.push_back(as_array(r, joint_shape(x, y, r.shape())));
  if constexpr (Differentiable && std::is_same_v<T, float>) {
    if (!c.grads.empty()) {
      tensor<float, 4> cotangent = reshape(as_tensor<float, 1>(c.cot(c.outs[0]), true),
                                           {r.shape(0), r.shape(1), r.shape(2), r.shape(3)});
      if (asks_for(c, c.args[0]))
        a.grads.emplace_back(c.args[0], as_array(weft::vjp(f, cotangent, weft::wrt<0>)(p, q).gradient, x.shape));
      if (asks_for(c, c.args[1]))
        a.grads.emplace_back(c.args[1], as_array(weft::vjp(f, cotangent, weft::wrt<1>)(p, q).gradient, y.shape));
    }
  }
  return a;
}
template <bool Differentiable, bool Integers, class F>
answer binary(test_case const& c, F const& f) {
  if (c.args.size() != 2) return leave_out("a literal as operand");
  any_tensor const &x = c.arg(0), &y = c.arg(1);
  if (x.shape.size() > 4 || y.shape.size() > 4) return leave_out("more than four axes");
  if (x.dtype != y.dtype) return leave_out("operands of two types");
  if (x.dtype == dtype::float32) return binary_of<Differentiable, float>(c, x, y, f);
  if constexpr (Integers)
    if (x.dtype == dtype::int32) return binary_of<Differentiable, int>(c, x, y, f);
  return leave_out(std::string("elements of type ") + weft::name(x.dtype));
}
#define BINARY(NAME, DIFFERENTIABLE, INTEGERS, ...)                                                     \
  answer NAME##_case(test_case const& c) {                                                              \
    return binary<DIFFERENTIABLE, INTEGERS>(c, [](auto const& x, auto const& y) { return __VA_ARGS__; }); \
  }
BINARY(add, true, true, x + y)
BINARY(subtract, true, false, x - y)
BINARY(multiply, true, true, x * y)
BINARY(divide, true, true, x / y)
BINARY(maximum, true, true, maximum(x, y))
BINARY(minimum, true, false, minimum(x, y))
BINARY(equal, false, true, x == y)
BINARY(not_equal, false, false, x != y)
BINARY(less, false, true, x < y)
BINARY(less_equal, false, false, x <= y)
BINARY(greater, false, false, x > y)
BINARY(greater_equal, false, false, x >= y)
#undef BINARY

}  // namespace

TEST_CASE("elementwise functions agree with the golden cases") {
  if (folder().empty()) {
    MESSAGE("SKIPPED: the golden folder is absent (set WEFT_GOLDEN)");
    return;
  }
  handler_entry const one[] = {
      {"exp", exp_case},         {"expm1", expm1_case},   {"log", log_case},       {"log1p", log1p_case},
      {"sin", sin_case},         {"cos", cos_case},       {"tanh", tanh_case},     {"erf", erf_case},
      {"sigmoid", sigmoid_case}, {"sqrt", sqrt_case},     {"rsqrt", rsqrt_case},   {"abs", abs_case},
      {"negative", negative_case}, {"square", square_case}, {"floor", floor_case}, {"ceil", ceil_case},
      {"trunc", trunc_case},     {"round", round_case},   {"reciprocal", reciprocal_case}, {"positive", positive_case},
      {"isnan", isnan_case}};
  handler_entry const two[] = {
      {"add", add_case},           {"subtract", subtract_case}, {"multiply", multiply_case}, {"divide", divide_case},
      {"maximum", maximum_case},   {"minimum", minimum_case},   {"equal", equal_case},       {"not_equal", not_equal_case},
      {"less", less_case},         {"less_equal", less_equal_case}, {"greater", greater_case},
      {"greater_equal", greater_equal_case}};
  tally const unary_tally = run(read_group("unary"), one);
  unary_tally.print();
  tally const binary_tally = run(read_group("binary"), two);
  binary_tally.print();
  CHECK(unary_tally.failed == 0);
  CHECK(binary_tally.failed == 0);
  CHECK(unary_tally.passed > 150);
  CHECK(binary_tally.passed > 100);
}
