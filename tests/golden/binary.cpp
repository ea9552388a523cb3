// Golden cases of elementwise functions of two and three arrays: values, result types and gradients.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <weft/grad.hpp>

#include "arrays.hpp"

using namespace golden;
using weft::dtype;
using weft::tensor;

namespace {

// f on arrays of rank 4, which broadcast; what stands before the result's own axes is 1.
std::vector<weft::index_t> joint_shape(any_tensor const& x, any_tensor const& y, std::array<weft::index_t, 4> const& e) {
  std::size_t const rank = std::max(x.shape.size(), y.shape.size());
  return {e.end() - static_cast<std::ptrdiff_t>(rank), e.end()};
}
template <bool Differentiable, class F>
answer floats(test_case const& c, any_tensor const& x, any_tensor const& y, F const& f) {
  if (x.shape.size() > 4 || y.shape.size() > 4) return leave_out("more than four axes");
  answer a;
  auto const p = as_tensor<float, 4>(x), q = as_tensor<float, 4>(y);
  auto const r = eval(f(p, q));
  a.outs.push_back(as_array(r, joint_shape(x, y, r.shape())));
  if constexpr (Differentiable) {
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
// Arrays of one shape.
template <class T, class U, class F>
answer alike(any_tensor const& x, any_tensor const& y, F const& f) {
  if (x.shape != y.shape) return leave_out("broadcasting of other types than float32");
  answer a;
  a.outs.push_back(as_array(f(as_tensor<T, 1>(x, true), as_tensor<U, 1>(y, true)), x.shape));
  return a;
}
// A number written without a point is an int.
template <class T, class F>
answer beside_literal(test_case const& c, any_tensor const& x, F const& f) {
  weft::io::json const* const b = c.attr("b");
  if (!b) return leave_out("a literal as first operand");
  answer a;
  auto const t = as_tensor<T, 1>(x, true);
  if (b->is_integer())
    a.outs.push_back(as_array(f(t, static_cast<int>(b->integer())), x.shape));
  else
    a.outs.push_back(as_array(f(t, b->number()), x.shape));
  return a;
}
template <bool Differentiable, class F>
answer binary(test_case const& c, F const& f) {
  any_tensor const& x = c.arg(0);
  if (c.args.size() == 1) {
    if (x.dtype == dtype::int32) return beside_literal<int>(c, x, f);
    if (x.dtype == dtype::uint8) return beside_literal<weft::uint8>(c, x, f);
    return leave_out(std::string("a literal beside ") + weft::name(x.dtype));
  }
  any_tensor const& y = c.arg(1);
  if (x.dtype == dtype::float32 && y.dtype == dtype::float32) return floats<Differentiable>(c, x, y, f);
  if (x.dtype == dtype::int32 && y.dtype == dtype::float32) return alike<int, float>(x, y, f);
  if (x.dtype == dtype::float32 && y.dtype == dtype::int32) return alike<float, int>(x, y, f);
  if (x.dtype != y.dtype) return leave_out("operands of two types");
  switch (x.dtype) {
    case dtype::int32: return alike<int, int>(x, y, f);
    case dtype::int64: return alike<weft::int64, weft::int64>(x, y, f);
    case dtype::int8: return alike<weft::int8, weft::int8>(x, y, f);
    case dtype::uint8: return alike<weft::uint8, weft::uint8>(x, y, f);
    case dtype::bool_: return alike<bool, bool>(x, y, f);
    default: return leave_out(std::string("elements of type ") + weft::name(x.dtype));
  }
}
#define BINARY(NAME, DIFFERENTIABLE, ...)                                                     \
  answer NAME##_case(test_case const& c) {                                                    \
    return binary<DIFFERENTIABLE>(c, [](auto const& x, auto const& y) { return __VA_ARGS__; }); \
  }
BINARY(add, true, x + y)
BINARY(subtract, true, x - y)
BINARY(multiply, true, x * y)
BINARY(divide, true, x / y)
BINARY(maximum, true, maximum(x, y))
BINARY(minimum, true, minimum(x, y))
BINARY(equal, false, x == y)
BINARY(not_equal, false, x != y)
BINARY(less, false, x < y)
BINARY(less_equal, false, x <= y)
BINARY(greater, false, x > y)
BINARY(greater_equal, false, x >= y)
#undef BINARY

// Truth values of whatever is not zero.
template <class F>
answer logical(test_case const& c, F const& f) {
  any_tensor const &x = c.arg(0), &y = c.arg(1);
  answer a;
  if (x.dtype == dtype::bool_ && y.dtype == dtype::bool_) {
    auto const r = eval(f(as_tensor<bool, 4>(x), as_tensor<bool, 4>(y)));
    a.outs.push_back(as_array(r, joint_shape(x, y, r.shape())));
    return a;
  }
  if (x.dtype == dtype::float32) return alike<float, float>(x, y, f);
  return alike<int, int>(x, y, f);
}
answer logical_and_case(test_case const& c) {
  return logical(c, [](auto const& x, auto const& y) { return x && y; });
}
answer logical_or_case(test_case const& c) {
  return logical(c, [](auto const& x, auto const& y) { return x || y; });
}

answer clip_case(test_case const& c) {
  any_tensor const& x = c.arg(0);
  weft::io::json const *low = c.attr("a_min"), *high = c.attr("a_max");
  if (c.args.size() != 1 || !low || !high) return leave_out("bounds that are absent or arrays");
  auto const run = [&](auto const& t) {
    answer a;
    if (low->is_integer())
      a.outs.push_back(as_array(clip(t, static_cast<int>(low->integer()), static_cast<int>(high->integer())), x.shape));
    else
      a.outs.push_back(as_array(clip(t, low->number(), high->number()), x.shape));
    return a;
  };
  if (x.dtype == dtype::int32) return run(as_tensor<int, 1>(x, true));
  answer a = run(as_tensor<float, 1>(x, true));
  if (!c.grads.empty()) {
    auto const f = [&](auto const& t) { return clip(t, low->number(), high->number()); };
    auto const cotangent = as_tensor<float, 1>(c.cot(c.outs[0]), true);
    a.grads.emplace_back(c.args[0], as_array(weft::vjp(f, cotangent, weft::wrt<0>)(as_tensor<float, 1>(x, true)).gradient, x.shape));
  }
  return a;
}

answer where_case(test_case const& c) {
  if (c.args.size() != 3) return leave_out("literals as operands");
  any_tensor const &q = c.arg(0), &x = c.arg(1), &y = c.arg(2);
  if (q.dtype != dtype::bool_ || x.dtype != dtype::float32 || y.dtype != dtype::float32)
    return leave_out("where of other types");
  auto const condition = as_tensor<bool, 4>(q);
  auto const f = [&](auto const& a, auto const& b) { return where(condition, a, b); };
  auto const s = as_tensor<float, 4>(x), t = as_tensor<float, 4>(y);
  answer a;
  tensor<float, 4> const r = f(s, t);
  a.outs.push_back(as_array(r, c.out(c.outs[0]).shape));
  if (!c.grads.empty()) {
    tensor<float, 4> const cotangent =
        reshape(as_tensor<float, 1>(c.cot(c.outs[0]), true), {r.shape(0), r.shape(1), r.shape(2), r.shape(3)});
    if (asks_for(c, c.args[1]))
      a.grads.emplace_back(c.args[1], as_array(weft::vjp(f, cotangent, weft::wrt<0>)(s, t).gradient, x.shape));
    if (asks_for(c, c.args[2]))
      a.grads.emplace_back(c.args[2], as_array(weft::vjp(f, cotangent, weft::wrt<1>)(s, t).gradient, y.shape));
  }
  return a;
}

}  // namespace

TEST_CASE("elementwise functions of two arrays agree with the golden cases") {
  if (folder().empty()) {
    MESSAGE("SKIPPED: the golden folder is absent (set WEFT_GOLDEN)");
    return;
  }
  handler_entry const two[] = {
      {"add", add_case},           {"subtract", subtract_case}, {"multiply", multiply_case}, {"divide", divide_case},
      {"maximum", maximum_case},   {"minimum", minimum_case},   {"equal", equal_case},       {"not_equal", not_equal_case},
      {"less", less_case},         {"less_equal", less_equal_case}, {"greater", greater_case},
      {"greater_equal", greater_equal_case}, {"logical_and", logical_and_case}, {"logical_or", logical_or_case},
      {"clip", clip_case},         {"where", where_case}};
  tally const t = run(read_group("binary"), two);
  t.print();
  CHECK(t.failed == 0);
  CHECK(t.passed > 200);
}
