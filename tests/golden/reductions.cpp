// Golden cases of reductions over everything, one axis or several: values, types and gradients.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <weft/grad.hpp>

#include "arrays.hpp"

using namespace golden;
using weft::dtype;
using weft::keepdims;
using weft::tensor;

namespace {

// Arrays have three axes here: one of fewer gets axes of size 1 in front, which changes no element's place.
constexpr weft::index_t axes = 3;

// What a reduction is called with: an axis known at run time, several (a bit each), or none.
struct place {
  bool everything = true;
  weft::index_t axis = 0;
  unsigned several = 0;
};

template <bool Differentiable, bool Several, class T, class F>
answer reduce_as(test_case const& c, place p, F const& f) {
  answer a;
  auto const x = as_tensor<T, axes>(c.arg(0));
  auto const& shape = c.out(c.outs[0]).shape;
  auto const with = [&](auto const& call) {
    a.outs.push_back(as_array(call(x), shape));
    if constexpr (Differentiable && std::is_same_v<T, float>) {
      if (c.grads.empty()) return;
      auto const y = eval(call(x));
      constexpr int Q = weft::rank_of<decltype(y)>;
      auto cotangent = as_tensor<float, 1>(c.cot(c.outs[0]), true);
      tensor<float, Q> shaped;
      shaped.prepare(y.sizes());
      std::memcpy(shaped.data(), std::as_const(cotangent).data(), sizeof(float) * static_cast<std::size_t>(y.size()));
      a.grads.emplace_back(c.args[0], as_array(weft::vjp(call, shaped, weft::wrt<0>)(x).gradient, c.arg(0).shape));
    }
  };
  if (p.everything) {
    with([&](auto const& v) { return f(v); });
  } else if (p.several != 0) {
    if constexpr (Several) {
      if (p.several == 3) with([&](auto const& v) { return f(v, weft::axis<0, 1>); });
      if (p.several == 5) with([&](auto const& v) { return f(v, weft::axis<0, 2>); });
      if (p.several == 6) with([&](auto const& v) { return f(v, weft::axis<1, 2>); });
    } else {
      return leave_out("several axes of this reduction");
    }
  } else {
    // With or without the axis, the elements stand in the same order.
    with([&](auto const& v) { return f(v, p.axis); });
  }
  return a;
}
template <bool Differentiable, bool Integers, bool Several = false, class F>
answer reduction(test_case const& c, F const& f) {
  any_tensor const& x = c.arg(0);
  auto const rank = static_cast<weft::index_t>(x.shape.size());
  if (rank > axes) return leave_out("more than three axes");
  place p;
  if (auto const* axis = c.attr("axis")) {
    std::vector<weft::index_t> given;
    if (axis->is_array())
      for (auto const& i : axis->items()) given.push_back(static_cast<weft::index_t>(i.number()));
    else
      given.push_back(static_cast<weft::index_t>(axis->number()));
    if (given.empty()) return leave_out("no axes");
    for (auto& k : given) k = k < 0 ? k + axes : k + axes - rank;
    p.everything = given.size() > 1 && static_cast<weft::index_t>(given.size()) == rank;
    if (given.size() == 1)
      p.axis = given[0];
    else
      for (auto k : given) p.several |= 1u << k;
  }
  if (auto const* ddof = c.attr("ddof"); ddof && ddof->number() != 0) return leave_out("ddof");
  if (c.raises) return leave_out("errors are checked by the tests of reductions");
  if (c.name == "mean_i32_large") return leave_out("an integer sum that wraps before it is divided: here it does not");
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
REDUCTION(var, var, true, false)
REDUCTION(standard, stddev, true, false)
REDUCTION(logsumexp, logsumexp, true, false)
REDUCTION(all, all_of, false, true)
#undef REDUCTION
// Positions are index_t here and uint32 in MLX: they are compared as numbers of the stored type.
template <bool Max>
answer position(test_case const& c) {
  if (c.name.ends_with("_nan")) return leave_out("the place of a NaN that comes first, which nobody promises");
  answer a = reduction<false, false>(c, [](auto const& x, auto... axis) {
    if constexpr (Max)
      return weft::cast<weft::uint32>(argmax(x, axis...));
    else
      return weft::cast<weft::uint32>(argmin(x, axis...));
  });
  return a;
}

}  // namespace

TEST_CASE("reductions agree with the golden cases") {
  if (folder().empty()) {
    MESSAGE("SKIPPED: the golden folder is absent (set WEFT_GOLDEN)");
    return;
  }
  handler_entry const reductions[] = {{"sum", sum_case},       {"mean", mean_case},   {"max", max_case},
                                      {"min", min_case},       {"var", var_case},     {"std", standard_case},
                                      {"logsumexp", logsumexp_case}, {"any", any_case}, {"all", all_case},
                                      {"argmax", position<true>},    {"argmin", position<false>}};
  tally const t = run(read_group("reduce"), reductions);
  t.print();
  CHECK(t.failed == 0);
  CHECK(t.passed > 160);
}
