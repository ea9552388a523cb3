// Golden cases of matrix products: values and gradients.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <weft/grad.hpp>

#include "arrays.hpp"

using namespace golden;
using weft::dtype;

namespace {

answer matmul_case(test_case const& c) {
  if (c.args.size() != 2) return leave_out("other arguments than two arrays");
  if (auto const other = unknown_attribute(c, {}); !other.empty()) return leave_out(other);
  any_tensor const &x = c.arg(0), &y = c.arg(1);
  if (c.raises) return leave_out("errors are checked by the tests of products");
  if (x.dtype != dtype::float32 || y.dtype != dtype::float32) return leave_out("elements of another type");
  auto const product = [](auto const& a, auto const& b) { return matmul(a, b); };
  auto const with = [&](auto const& p, auto const& q) {
    answer a;
    auto const r = eval(product(p, q));
    a.outs.push_back(as_array(r));
    if (!c.grads.empty()) {
      auto const shaped = shaped_as(c.cot(c.outs[0]), r);
      if (asks_for(c, c.args[0])) a.grads.emplace_back(c.args[0], as_array(weft::vjp(product, shaped, weft::wrt<0>)(p, q).gradient));
      if (asks_for(c, c.args[1])) a.grads.emplace_back(c.args[1], as_array(weft::vjp(product, shaped, weft::wrt<1>)(p, q).gradient));
    }
    return a;
  };
  if (x.shape.size() == 2 && y.shape.size() == 2) return with(as_tensor<float, 2>(x), as_tensor<float, 2>(y));
  if (x.shape.size() == 2 && y.shape.size() == 1) return with(as_tensor<float, 2>(x), as_tensor<float, 1>(y));
  if (x.shape.size() == 1 && y.shape.size() == 2) return with(as_tensor<float, 1>(x), as_tensor<float, 2>(y));
  return leave_out(x.shape.size() == 1 && y.shape.size() == 1 ? "a vector by a vector" : "batches of products");
}

}  // namespace

TEST_CASE("products agree with the golden cases") {
  if (!has_group("matmul")) {
    MESSAGE("SKIPPED: no golden cases of matmul (set WEFT_GOLDEN)");
    return;
  }
  handler_entry const products[] = {{"matmul", matmul_case}};
  tally const t = run(read_group("matmul"), products);
  t.print();
  CHECK(t.failed == 0);
  CHECK(t.passed >= at_least(10));
}
