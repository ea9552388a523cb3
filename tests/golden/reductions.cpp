// Golden cases of reductions over everything or over one axis, and of matrix products: values, types and gradients.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <weft/grad.hpp>

#include "arrays.hpp"

using namespace golden;
using weft::dtype;
using weft::keepdims;
using weft::tensor;

namespace {

// What a reduction is called with: an axis known at run time, or none.
struct place {
  bool everything = true;
  weft::index_t axis = 0;
  bool keep = false;
};

template <bool Differentiable, class T, int R, class F>
answer reduce_rank(test_case const& c, place p, F const& f) {
  answer a;
  auto const x = as_tensor<T, R>(c.arg(0));
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
  } else if constexpr (R > 0) {
    // With or without the axis, the elements stand in the same order.
    with([&](auto const& v) { return f(v, p.axis); });
  }
  return a;
}
template <bool Differentiable, bool Integers, class F>
answer reduction(test_case const& c, F const& f) {
  place p;
  if (auto const* axis = c.attr("axis")) {
    if (axis->is_array()) {
      if (axis->size() != 1) return leave_out("several axes known at run time");
      p.axis = static_cast<weft::index_t>(axis->items()[0].number());
    } else {
      p.axis = static_cast<weft::index_t>(axis->number());
    }
    p.everything = false;
  }
  if (auto const* ddof = c.attr("ddof"); ddof && ddof->number() != 0) return leave_out("ddof");
  if (c.raises) return leave_out("errors are checked by the tests of reductions");
  any_tensor const& x = c.arg(0);
  auto const by_rank = [&]<class T>(T) -> answer {
    switch (x.shape.size()) {
      case 1: return reduce_rank<Differentiable, T, 1>(c, p, f);
      case 2: return reduce_rank<Differentiable, T, 2>(c, p, f);
      case 3: return reduce_rank<Differentiable, T, 3>(c, p, f);
      default: return leave_out("rank 0 or more than 3");
    }
  };
  if (x.dtype == dtype::float32) return by_rank(0.0f);
  if constexpr (Integers) {
    if (x.dtype == dtype::int32) return by_rank(0);
    if (x.dtype == dtype::bool_) return by_rank(false);
  }
  return leave_out(std::string("elements of type ") + weft::name(x.dtype));
}

#define REDUCTION(NAME, DIFFERENTIABLE, INTEGERS) \
  answer NAME##_case(test_case const& c) {        \
    return reduction<DIFFERENTIABLE, INTEGERS>(c, [](auto const& x, auto... axis) { return weft::NAME(x, axis...); }); \
  }
REDUCTION(sum, true, true)
REDUCTION(mean, true, false)
REDUCTION(max, true, false)
REDUCTION(min, true, false)
REDUCTION(any, false, true)
#undef REDUCTION
answer all_case(test_case const& c) {
  if (c.attr("axis")) return leave_out("all along an axis known at run time");
  return reduction<false, true>(c, [](auto const& x, auto...) { return weft::all_of(x); });
}
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

answer matmul_case(test_case const& c) {
  any_tensor const &x = c.arg(0), &y = c.arg(1);
  if (c.raises) return leave_out("errors are checked by the tests of products");
  if (x.dtype != dtype::float32 || y.dtype != dtype::float32) return leave_out("elements of another type");
  auto const product = [](auto const& a, auto const& b) { return matmul(a, b); };
  auto const with = [&](auto const& p, auto const& q) {
    answer a;
    auto const r = eval(product(p, q));
    a.outs.push_back(as_array(r));
    if (!c.grads.empty()) {
      auto shaped = r;
      std::memcpy(shaped.data(), c.cot(c.outs[0]).data(), sizeof(float) * static_cast<std::size_t>(r.size()));
      if (asks_for(c, c.args[0])) a.grads.emplace_back(c.args[0], as_array(weft::vjp(product, shaped, weft::wrt<0>)(p, q).gradient));
      if (asks_for(c, c.args[1])) a.grads.emplace_back(c.args[1], as_array(weft::vjp(product, shaped, weft::wrt<1>)(p, q).gradient));
    }
    return a;
  };
  if (x.shape.size() == 2 && y.shape.size() == 2) return with(as_tensor<float, 2>(x), as_tensor<float, 2>(y));
  if (x.shape.size() == 2 && y.shape.size() == 1) return with(as_tensor<float, 2>(x), as_tensor<float, 1>(y));
  if (x.shape.size() == 1 && y.shape.size() == 2) return with(as_tensor<float, 1>(x), as_tensor<float, 2>(y));
  return leave_out("batches of products");
}

}  // namespace

TEST_CASE("reductions and products agree with the golden cases") {
  if (folder().empty()) {
    MESSAGE("SKIPPED: the golden folder is absent (set WEFT_GOLDEN)");
    return;
  }
  handler_entry const reductions[] = {{"sum", sum_case}, {"mean", mean_case}, {"max", max_case},
                                      {"min", min_case}, {"any", any_case},   {"all", all_case},
                                      {"argmax", position<true>}, {"argmin", position<false>}};
  handler_entry const products[] = {{"matmul", matmul_case}};
  tally const reduced = run(read_group("reduce"), reductions);
  reduced.print();
  tally const multiplied = run(read_group("matmul"), products);
  multiplied.print();
  CHECK(reduced.failed == 0);
  CHECK(multiplied.failed == 0);
  CHECK(reduced.passed > 80);
  CHECK(multiplied.passed > 5);
}
