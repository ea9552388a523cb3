// Golden cases of elementwise functions of two and three arrays: values, result types and gradients.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <weft/grad.hpp>

#include <algorithm>

#include "arrays.hpp"
#include "extra.hpp"

using namespace golden;
using weft::dtype;
using weft::tensor;

namespace {

// f on arrays of as many axes as there can be, which broadcast; what stands before the result's own axes is 1.
constexpr int axes = weft::max_rank;
using weft::index_t;

std::vector<index_t> joint_shape(any_tensor const& x, any_tensor const& y, std::array<index_t, axes> const& e) {
  std::size_t const rank = std::max(x.shape.size(), y.shape.size());
  return {e.end() - static_cast<std::ptrdiff_t>(rank), e.end()};
}
bool too_many_axes(test_case const& c) {
  for (auto const& name : c.args)
    if (c.in(name).rank() > axes) return true;
  return false;
}
template <bool Differentiable, class F>
answer floats(test_case const& c, any_tensor const& x, any_tensor const& y, F const& f) {
  answer a;
  auto const p = as_tensor<float, axes>(x), q = as_tensor<float, axes>(y);
  auto const r = eval(f(p, q));
  a.outs.push_back(as_array(r, joint_shape(x, y, r.shape())));
  if constexpr (Differentiable) {
    if (!c.grads.empty()) {
      auto const cotangent = shaped_as(c.cot(c.outs[0]), r);
      auto const [to_x, to_y] = weft::vjp(f, cotangent, weft::wrt<0, 1>)(p, q).gradient;
      if (asks_for(c, c.args[0])) a.grads.emplace_back(c.args[0], as_array(to_x, x.shape));
      if (asks_for(c, c.args[1])) a.grads.emplace_back(c.args[1], as_array(to_y, y.shape));
    }
  }
  return a;
}
template <class T, class U, class F>
answer alike(any_tensor const& x, any_tensor const& y, F const& f) {
  answer a;
  auto const r = eval(f(as_tensor<T, axes>(x), as_tensor<U, axes>(y)));
  a.outs.push_back(as_array(r, joint_shape(x, y, r.shape())));
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
  if (too_many_axes(c)) return leave_out("more axes than a tensor has");
  if (c.args.size() == 1) {
    if (auto const other = unknown_attribute(c, {"b"}); !other.empty()) return leave_out(other);
    if (x.dtype == dtype::int32) return beside_literal<int>(c, x, f);
    if (x.dtype == dtype::uint8) return beside_literal<weft::uint8>(c, x, f);
    return leave_out(std::string("a literal beside ") + weft::name(x.dtype));
  }
  if (auto const other = unknown_attribute(c, {}); !other.empty()) return leave_out(other);
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
  if (too_many_axes(c)) return leave_out("more axes than a tensor has");
  if (x.dtype != y.dtype) return leave_out("operands of two types");
  switch (x.dtype) {
    case dtype::bool_: return alike<bool, bool>(x, y, f);
    case dtype::float32: return alike<float, float>(x, y, f);
    case dtype::int32: return alike<int, int>(x, y, f);
    default: return leave_out(std::string("elements of type ") + weft::name(x.dtype));
  }
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
  if (!low->is_number() || !high->is_number()) return leave_out("bounds that are no numbers");
  if (auto const other = unknown_attribute(c, {"a_min", "a_max"}); !other.empty()) return leave_out(other);
  bool const whole = low->is_integer() && high->is_integer();
  // A number written without a point is an int, whatever the other is.
  auto const run = [&](auto const& t) {
    answer a;
    auto const with = [&](auto least, auto most) { a.outs.push_back(as_array(clip(t, least, most), x.shape)); };
    int const l = whole ? static_cast<int>(low->integer()) : 0, h = whole ? static_cast<int>(high->integer()) : 0;
    if (whole)
      with(l, h);
    else
      with(low->number(), high->number());
    return a;
  };
  if (x.dtype == dtype::int32) return run(as_tensor<int, 1>(x, true));
  if (x.dtype != dtype::float32) return leave_out(std::string("elements of type ") + weft::name(x.dtype));
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
  if (too_many_axes(c)) return leave_out("more axes than a tensor has");
  auto const condition = as_tensor<bool, axes>(q);
  auto const f = [&](auto const& a, auto const& b) { return where(condition, a, b); };
  auto const s = as_tensor<float, axes>(x), t = as_tensor<float, axes>(y);
  answer a;
  tensor<float, axes> const r = f(s, t);
  std::size_t const rank = std::max({q.shape.size(), x.shape.size(), y.shape.size()});
  auto const e = r.shape();
  a.outs.push_back(as_array(r, {e.end() - static_cast<std::ptrdiff_t>(rank), e.end()}));
  if (!c.grads.empty()) {
    auto const cotangent = shaped_as(c.cot(c.outs[0]), r);
    auto const [to_x, to_y] = weft::vjp(f, cotangent, weft::wrt<0, 1>)(s, t).gradient;
    if (asks_for(c, c.args[1])) a.grads.emplace_back(c.args[1], as_array(to_x, x.shape));
    if (asks_for(c, c.args[2])) a.grads.emplace_back(c.args[2], as_array(to_y, y.shape));
  }
  return a;
}

}  // namespace

namespace {

handler_entry const two[] = {
    {"add", add_case},           {"subtract", subtract_case}, {"multiply", multiply_case}, {"divide", divide_case},
    {"maximum", maximum_case},   {"minimum", minimum_case},   {"equal", equal_case},       {"not_equal", not_equal_case},
    {"less", less_case},         {"less_equal", less_equal_case}, {"greater", greater_case},
    {"greater_equal", greater_equal_case}, {"logical_and", logical_and_case}, {"logical_or", logical_or_case},
    {"clip", clip_case},         {"where", where_case}};

}  // namespace

TEST_CASE("elementwise functions of two arrays agree with the golden cases") {
  if (!has_group("binary")) {
    MESSAGE("SKIPPED: no golden cases of binary (set WEFT_GOLDEN)");
    return;
  }
  tally const t = run(read_group("binary"), two);
  t.print();
  CHECK(t.failed == 0);
  CHECK(t.passed >= at_least(200));
}

TEST_CASE("other shapes: more axes, and other types that broadcast") {
  case_file file("binary");
  std::string const end = "\"args\":[\"a\",\"b\"],\"attrs\":{},\"outs\":[\"out\"],\"rtol\":0,\"atol\":0}";
  // (2, 1, 2, 1, 2, 3) and (2, 1, 2, 1, 1)
  auto const x = file.numbers({2, 1, 2, 1, 2, 3}, 2), y = file.numbers({2, 1, 2, 1, 1}, 2);
  std::vector<float> sum;
  std::vector<int> p, q;
  for (float const v : x) p.push_back(static_cast<int>(v * 10));
  for (float const v : y) q.push_back(static_cast<int>(v * 10));
  std::vector<int> products;
  for (std::size_t a = 0; a < 2; ++a)
    for (std::size_t b = 0; b < 2; ++b)
      for (std::size_t c = 0; c < 2; ++c)
        for (std::size_t d = 0; d < 2; ++d)
          for (std::size_t e = 0; e < 2; ++e)
            for (std::size_t k = 0; k < 3; ++k) {
              std::size_t const i = ((a * 2 + c) * 2 + e) * 3 + k, j = b * 2 + d;
              sum.push_back(x[i] + y[j]);
              products.push_back(p[i] * q[j]);
            }
  file.array("add", "in", "a", {2, 1, 2, 1, 2, 3}, x);
  file.array("add", "in", "b", {2, 1, 2, 1, 1}, y);
  file.array("add", "out", "out", {2, 2, 2, 2, 2, 3}, sum);
  file.about("add", "{\"op\":\"add\",\"kind\":\"op\"," + end);
  file.array<int>("multiply", "in", "a", {2, 1, 2, 1, 2, 3}, p);
  file.array<int>("multiply", "in", "b", {2, 1, 2, 1, 1}, q);
  file.array<int>("multiply", "out", "out", {2, 2, 2, 2, 2, 3}, products);
  file.about("multiply", "{\"op\":\"multiply\",\"kind\":\"op\"," + end);
  // A bound with a point beside one without.
  file.array("clip", "in", "a", {1, 1, 1, 1, 1, 3}, {-2, 0.5f, 2});
  file.array("clip", "out", "out", {1, 1, 1, 1, 1, 3}, {-1, 0.5f, 1.5f});
  file.about("clip", "{\"op\":\"clip\",\"kind\":\"op\",\"args\":[\"a\"],\"attrs\":{\"a_min\":-1,\"a_max\":1.5},\"outs\":[\"out\"],\"rtol\":0,\"atol\":0}");
  tally const t = run(file.read(), two);
  t.print();
  CHECK(t.passed == 3);
}
