// Golden cases of reductions over everything, one axis or several: values, types and gradients.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <weft/grad.hpp>

#include "arrays.hpp"
#include "extra.hpp"

using namespace golden;
using weft::dtype;
using weft::keepdims;
using weft::tensor;

namespace {

// Arrays have three axes here: of one of more, and where several are reduced, neighbours that are reduced together, or not
// at all, become one axis; one of fewer gets axes of size 1 in front. Neither changes an element's place.
constexpr weft::index_t axes = 3;

// What a reduction is called with: an axis known at run time, the first and the last, or none.
struct place {
  bool everything = true, first_and_last = false;
  weft::index_t axis = 0;
  std::vector<weft::index_t> shape;  // three axes, or fewer
};

template <bool Differentiable, bool Several, class T, class F>
answer reduce_as(test_case const& c, place p, F const& f) {
  answer a;
  any_tensor given = c.arg(0);
  given.shape = p.shape;
  auto const x = as_tensor<T, axes>(given);
  auto const& shape = c.out(c.outs[0]).shape;
  auto const with = [&](auto const& call) {
    a.outs.push_back(as_array(call(x), shape));
    if constexpr (Differentiable && std::is_same_v<T, float>) {
      if (c.grads.empty()) return;
      auto const y = eval(call(x));
      auto const shaped = shaped_as(c.cot(c.outs[0]), y);
      a.grads.emplace_back(c.args[0], as_array(weft::vjp(call, shaped, weft::wrt<0>)(x).gradient, c.arg(0).shape));
    }
  };
  if (p.everything) {
    with([&](auto const& v) { return f(v); });
  } else if (p.first_and_last) {
    if constexpr (Several)
      with([&](auto const& v) { return f(v, weft::axis<0, 2>); });
    else
      return leave_out("several axes of this reduction");
  } else {
    // With or without the axis, the elements stand in the same order.
    with([&](auto const& v) { return f(v, p.axis); });
  }
  return a;
}
bool sum_wraps(any_tensor const& x) {
  double sum = 0;
  for (weft::index_t i = 0; i < x.size(); ++i) sum += std::abs(real_value(x, i));
  return sum > 2147483647.0;
}
template <bool Differentiable, bool Integers, bool Several = false, class F>
answer reduction(test_case const& c, F const& f) {
  any_tensor const& x = c.arg(0);
  auto const rank = static_cast<weft::index_t>(x.shape.size());
  if (auto const other = unknown_attribute(c, {"axis", "keepdims", "ddof"}); !other.empty()) return leave_out(other);
  place p;
  p.shape = x.shape;
  if (auto const* axis = c.attr("axis")) {
    std::vector<weft::index_t> given;
    if (axis->is_array())
      for (auto const& i : axis->items()) given.push_back(i.integer());
    else
      given.push_back(axis->integer());
    if (given.empty()) return leave_out("no axes");
    std::vector<bool> reduced(x.shape.size());
    for (auto& k : given) {
      if (k < -rank || k >= rank) return leave_out("an axis that isn't there");
      k = k < 0 ? k + rank : k;
      reduced[static_cast<std::size_t>(k)] = true;
    }
    if (rank > axes || given.size() > 1) {
      std::vector<bool> together;
      p.shape.clear();
      for (std::size_t i = 0; i < reduced.size(); ++i) {
        if (i > 0 && reduced[i] == reduced[i - 1]) {
          p.shape.back() *= x.shape[i];
        } else {
          p.shape.push_back(x.shape[i]);
          together.push_back(reduced[i]);
        }
      }
      if (static_cast<weft::index_t>(p.shape.size()) > axes) return leave_out("axes that alternate more than twice");
      given.clear();
      for (std::size_t i = 0; i < together.size(); ++i)
        if (together[i]) given.push_back(static_cast<weft::index_t>(i));
    }
    auto const own = static_cast<weft::index_t>(p.shape.size());
    for (auto& k : given) k += axes - own;
    p.everything = false;
    p.axis = given[0];
    p.first_and_last = given.size() > 1;
  } else if (rank > axes) {
    p.shape = {x.size()};
  }
  if (c.raises) return leave_out("errors are checked by the tests of reductions");
  if (x.dtype == dtype::int32 && c.op == "mean" && sum_wraps(x)) return leave_out("an integer sum that wraps before it is divided: here it does not");
  if (x.dtype == dtype::float32) return reduce_as<Differentiable, Several, float>(c, p, f);
  if constexpr (Integers) {
    if (x.dtype == dtype::int32) return reduce_as<Differentiable, Several, int>(c, p, f);
    if (x.dtype == dtype::bool_) return reduce_as<Differentiable, Several, bool>(c, p, f);
  }
  return leave_out(std::string("elements of type ") + weft::name(x.dtype));
}

#define REDUCTION(NAME, FUNCTION, DIFFERENTIABLE, INTEGERS)                                  \
  answer NAME##_case(test_case const& c) {                                                   \
    return reduction<DIFFERENTIABLE, INTEGERS, DIFFERENTIABLE>(                              \
        c, [](auto const& x, auto... axis) { return weft::FUNCTION(x, axis...); });          \
  }
REDUCTION(sum, sum, true, true)
REDUCTION(mean, mean, true, true)
REDUCTION(max, max, true, true)
REDUCTION(min, min, true, true)
REDUCTION(any, any, false, true)
REDUCTION(logsumexp, logsumexp, true, false)
REDUCTION(all, all_of, false, true)
#undef REDUCTION
#define SPREAD(NAME, FUNCTION)                                                                                     \
  answer NAME##_case(test_case const& c) {                                                                         \
    weft::ddof const less(static_cast<weft::index_t>(number_of(c, "ddof", 0)));                                    \
    return reduction<true, false, true>(                                                                           \
        c, [less](auto const& x, auto... axis) { return weft::FUNCTION(x, axis..., less); });                      \
  }
SPREAD(var, var)
SPREAD(standard, stddev)
#undef SPREAD
bool holds_nan(any_tensor const& x) {
  for (weft::index_t i = 0; i < x.size(); ++i)
    if (std::isnan(real_value(x, i))) return true;
  return false;
}
// Positions are index_t here and uint32 in MLX: they are compared as numbers of the stored type.
template <bool Max>
answer position(test_case const& c) {
  if (holds_nan(c.arg(0))) return leave_out("the place of a NaN that comes first, which nobody promises");
  answer a = reduction<false, false>(c, [](auto const& x, auto... axis) {
    if constexpr (Max)
      return weft::cast<weft::uint32>(argmax(x, axis...));
    else
      return weft::cast<weft::uint32>(argmin(x, axis...));
  });
  return a;
}

handler_entry const reductions[] = {{"sum", sum_case},       {"mean", mean_case},   {"max", max_case},
                                      {"min", min_case},       {"var", var_case},     {"std", standard_case},
                                      {"logsumexp", logsumexp_case}, {"any", any_case}, {"all", all_case},
                                      {"argmax", position<true>},    {"argmin", position<false>}};
}  // namespace

TEST_CASE("reductions agree with the golden cases") {
  if (!has_group("reduce")) {
    MESSAGE("SKIPPED: no golden cases of reduce (set WEFT_GOLDEN)");
    return;
  }
  tally const t = run(read_group("reduce"), reductions);
  t.print();
  CHECK(t.failed == 0);
  CHECK(t.passed >= at_least(160));
}

TEST_CASE("other shapes and options: more axes, and what is taken from the count") {
  case_file file("reduce");
  std::vector<index_t> const shape = {2, 3, 2, 2, 3};
  auto const x = file.numbers(shape, 2);
  // Sums over the bits of `mask`, and the variances that divide by the count less 2.
  auto const add = [&](std::string const& axis, unsigned mask, bool keep) {
    std::vector<index_t> out;
    std::size_t n = 1, stride[5] = {};
    for (std::size_t i = 5, step = 1; i-- > 0;)
      if (!((mask >> i) & 1)) stride[i] = step, step *= static_cast<std::size_t>(shape[i]), n = step;
    for (std::size_t i = 0; i < 5; ++i) {
      if (!((mask >> i) & 1)) out.push_back(shape[i]);
      else if (keep) out.push_back(1);
    }
    std::vector<double> sums(n), squares(n);
    double const count = double(x.size()) / double(n);
    for (std::size_t pass = 0; pass < 2; ++pass)
      for (std::size_t at = 0; at < x.size(); ++at) {
        std::size_t rest = at, to = 0;
        for (std::size_t i = 5; i-- > 0; rest /= static_cast<std::size_t>(shape[i])) to += rest % static_cast<std::size_t>(shape[i]) * stride[i];
        if (pass == 0) sums[to] += double(x[at]);
        else squares[to] += (double(x[at]) - sums[to] / count) * (double(x[at]) - sums[to] / count);
      }
    for (std::string const op : {"sum", "var"}) {
      std::string const name = op + axis + (keep ? "kept" : "");
      std::vector<float> want;
      for (std::size_t i = 0; i < n; ++i) want.push_back(static_cast<float>(op == "sum" ? sums[i] : squares[i] / (count - 2)));
      file.array(name, "in", "a", shape, x);
      file.array(name, "out", "out", out, want);
      file.about(name, "{\"op\":\"" + op + "\",\"kind\":\"op\",\"args\":[\"a\"],\"attrs\":{\"axis\":" + axis + ",\"keepdims\":" +
                           (keep ? "true" : "false") + (op == "var" ? ",\"ddof\":2" : "") +
                           "},\"outs\":[\"out\"],\"rtol\":1e-05,\"atol\":1e-05}");
    }
  };
  add("null", 31, false);
  add("1", 2, false);
  add("-2", 8, true);
  add("[1,2]", 6, false);
  add("[-1,0,1]", 19, true);
  add("[0,1,2,3,-1]", 31, false);
  tally const t = run(file.read(), reductions);
  t.print();
  CHECK(t.cases == 12);
  CHECK(t.passed >= 10);
  CHECK(t.failed == 0);
}
