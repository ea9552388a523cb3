// Golden cases of elementwise functions of one array: values, result types and gradients.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <weft/grad.hpp>

#include "arrays.hpp"

using namespace golden;
using weft::dtype;
using weft::tensor;

namespace {

enum types : unsigned { floats = 1, doubles = 2, ints = 4, bools = 8, more_ints = 16, gradients = 32 };

template <class T, class F>
answer values(test_case const& c, F const& f) {
  answer a;
  a.outs.push_back(as_array(f(as_tensor<T, 1>(c.arg(0), true)), c.arg(0).shape));
  return a;
}

// f on the flattened array, of every type of `Types`.
template <unsigned Types, class F>
answer unary(test_case const& c, F const& f) {
  any_tensor const& x = c.arg(0);
  if (c.attrs().size() > 0) return leave_out("attribute " + c.attrs().keys().front());
  if (x.dtype == dtype::float32) {
    answer a = values<float>(c, f);
    if constexpr ((Types & gradients) != 0) {
      if (!c.grads.empty()) {
        auto const flat = as_tensor<float, 1>(x, true);
        auto const back = weft::vjp(f, shaped_as(c.cot(c.outs[0]), flat), weft::wrt<0>)(flat);
        a.grads.emplace_back(c.args[0], as_array(back.gradient, x.shape));
      }
    }
    return a;
  }
  if constexpr ((Types & doubles) != 0)
    if (x.dtype == dtype::float64) return values<double>(c, f);
  if constexpr ((Types & ints) != 0)
    if (x.dtype == dtype::int32) return values<int>(c, f);
  if constexpr ((Types & bools) != 0)
    if (x.dtype == dtype::bool_) return values<bool>(c, f);
  if constexpr ((Types & more_ints) != 0) {
    if (x.dtype == dtype::int64) return values<weft::int64>(c, f);
    if (x.dtype == dtype::int8) return values<weft::int8>(c, f);
    if (x.dtype == dtype::uint8) return values<weft::uint8>(c, f);
  }
  return leave_out(std::string("elements of type ") + weft::name(x.dtype));
}

#define UNARY(NAME, TYPES, ...) \
  answer NAME##_case(test_case const& c) { return unary<TYPES>(c, [](auto const& x) { return __VA_ARGS__; }); }
UNARY(exp, gradients | doubles | ints | bools, exp(x))
UNARY(expm1, gradients | ints | bools, expm1(x))
UNARY(log, gradients | ints, log(x))
UNARY(log1p, gradients | doubles | ints | bools, log1p(x))
UNARY(sin, gradients | doubles | ints | bools, sin(x))
UNARY(cos, gradients | ints | bools, cos(x))
UNARY(tanh, gradients | doubles | ints | bools, tanh(x))
UNARY(erf, gradients | doubles | ints | bools, erf(x))
UNARY(sigmoid, gradients | ints | bools, sigmoid(x))
UNARY(sqrt, gradients | doubles | ints | bools, sqrt(x))
UNARY(rsqrt, gradients | ints, rsqrt(x))
UNARY(abs, gradients | ints | bools | more_ints, abs(x))
UNARY(negative, gradients | ints | more_ints, -x)
UNARY(square, gradients | ints | bools | more_ints, square(x))
UNARY(floor, gradients | ints | bools | more_ints, floor(x))
UNARY(ceil, gradients | ints | bools | more_ints, ceil(x))
UNARY(trunc, gradients | ints | bools, trunc(x))
UNARY(round, gradients | ints | bools | more_ints, round(x))
UNARY(reciprocal, gradients | ints, 1 / x)
UNARY(positive, gradients, +x)
UNARY(isnan, floats | ints | bools, isnan(x))
UNARY(logical_not, floats | ints | bools, !x)
#undef UNARY

}  // namespace

TEST_CASE("elementwise functions of one array agree with the golden cases") {
  if (!has_group("unary")) {
    MESSAGE("SKIPPED: no golden cases of unary (set WEFT_GOLDEN)");
    return;
  }
  handler_entry const one[] = {
      {"exp", exp_case},         {"expm1", expm1_case},   {"log", log_case},       {"log1p", log1p_case},
      {"sin", sin_case},         {"cos", cos_case},       {"tanh", tanh_case},     {"erf", erf_case},
      {"sigmoid", sigmoid_case}, {"sqrt", sqrt_case},     {"rsqrt", rsqrt_case},   {"abs", abs_case},
      {"negative", negative_case}, {"square", square_case}, {"floor", floor_case}, {"ceil", ceil_case},
      {"trunc", trunc_case},     {"round", round_case},   {"reciprocal", reciprocal_case}, {"positive", positive_case},
      {"isnan", isnan_case},     {"logical_not", logical_not_case}};
  tally const t = run(read_group("unary"), one);
  t.print();
  CHECK(t.failed == 0);
  CHECK(t.passed >= at_least(200));
}
