// The reader of golden files and the rules of comparison, tested against themselves: each stored answer must agree
// with itself, and none with an answer that is spoilt in one element, in its type or in its shape.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "tally.hpp"

using golden::any_tensor;
using golden::difference;
using weft::dtype;
using weft::index_t;

namespace {

any_tensor copy(any_tensor const& t) {
  any_tensor result(t.dtype, t.shape);
  if (t.nbytes()) std::memcpy(result.data(), t.data(), static_cast<std::size_t>(t.nbytes()));
  return result;
}
any_tensor floats(std::vector<float> const& values, std::vector<index_t> shape) {
  any_tensor t(dtype::float32, std::move(shape));
  for (std::size_t i = 0; i < values.size(); ++i) t.as<float>()[i] = values[i];
  return t;
}

golden::answer stored(golden::test_case const& c) {
  golden::answer a;
  for (auto const& name : c.outs) a.outs.push_back(copy(c.out(name)));
  for (auto const& name : c.grads) a.grads.emplace_back(name, copy(c.grad(name)));
  a.raised = c.raises;
  a.checked = c.outs.empty();
  return a;
}

// Changes the last element in its highest byte, or gives false where there is nothing to change.
bool spoil(std::vector<any_tensor>& outs) {
  for (auto& t : outs) {
    if (t.nbytes() == 0) continue;
    auto* bytes = static_cast<unsigned char*>(t.data());
    index_t const last = t.nbytes() - 1;
    if (t.dtype == dtype::bool_) {
      bytes[last] ^= 1;
    } else {
      bytes[last] = static_cast<unsigned char>(bytes[last] == 0x41 ? 0x45 : 0x41);  // another sign or exponent
    }
    return true;
  }
  return false;
}

}  // namespace

TEST_CASE("half types") {
  CHECK(golden::half_value(0x3C00) == 1);
  CHECK(golden::half_value(0xC000) == -2);
  CHECK(golden::half_value(0x7BFF) == 65504);
  CHECK(golden::half_value(0x0001) == std::ldexp(1.0, -24));
  CHECK(golden::half_value(0x0400) == std::ldexp(1.0, -14));
  CHECK(std::isinf(golden::half_value(0x7C00)));
  CHECK(golden::half_value(0xFC00) < 0);
  CHECK(std::isnan(golden::half_value(0x7E00)));
  CHECK(std::signbit(golden::half_value(0x8000)));
  CHECK(golden::bfloat_value(0x3F80) == 1);
  CHECK(golden::bfloat_value(0xC040) == -3);
  CHECK(std::isnan(golden::bfloat_value(0x7FC0)));
}

TEST_CASE("elements agree within the tolerances") {
  float const nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  auto const want = floats({1, 0, inf, nan, -100}, {5});
  CHECK(difference(floats({1, -0.0f, inf, nan, -100}, {5}), want, 0, 0).empty());
  CHECK(difference(floats({1.09f, 0.01f, inf, nan, -109}, {5}), want, 0.1, 0.02).empty());
  for (std::vector<float> const& wrong : {std::vector<float>{1.2f, 0, inf, nan, -100},
                                          {1, 0.03f, inf, nan, -100},
                                          {1, 0, -inf, nan, -100},
                                          {1, 0, 1e38f, nan, -100},
                                          {1, 0, nan, nan, -100},
                                          {1, 0, inf, 5, -100},
                                          {1, inf, inf, nan, -100},
                                          {1, nan, inf, nan, -100}}) {
    CHECK_FALSE(difference(floats(wrong, {5}), want, 0.1, 0.02).empty());
  }
  CHECK(difference(floats({1, 2}, {2}), floats({1, 3}, {2}), 0, 0) == "1 of 2 elements differ, most at 1: 2, not 3");
  CHECK(difference(floats({1, 2}, {2}), floats({1, 2}, {2, 1}), 1, 1) == "has shape (2,), not (2, 1)");
  CHECK(difference(any_tensor(dtype::int32, {0}), any_tensor(dtype::int64, {0}), 1, 1) == "is int32, not int64");

  any_tensor a(dtype::int64, {1}), b(dtype::int64, {1});
  *a.as<std::int64_t>() = 9007199254740993;  // the same in a double
  *b.as<std::int64_t>() = 9007199254740992;
  CHECK_FALSE(difference(a, b, 0, 0).empty());

  any_tensor x(dtype::complex64, {1}), y(dtype::complex64, {1});
  float const first[2] = {3, 4}, second[2] = {3, 4.4f};
  std::memcpy(x.data(), first, 8);
  std::memcpy(y.data(), second, 8);
  CHECK(difference(x, y, 0.1, 0).empty());
  CHECK_FALSE(difference(x, y, 0.01, 0).empty());
}

TEST_CASE("every group: counts, references, and the stored answers against themselves") {
  if (golden::folder().empty()) {
    std::puts("SKIPPED: no golden files (set WEFT_GOLDEN): the reader and the rules are NOT tested");
    return;
  }
  CHECK_THROWS_AS(golden::read_group("no such group"), weft::io_error);
  int cases = 0, arrays = 0, spoilt = 0;
  for (std::string const& name : golden::group_names()) {
    CAPTURE(name);
    auto const group = golden::read_group(name);
    CHECK(static_cast<index_t>(group.cases.size()) == group.promised);
    CHECK(group.promised > 0);
    cases += static_cast<int>(group.cases.size());
    for (auto const& c : group.cases) {
      CAPTURE(c.name);
      arrays += static_cast<int>(c.arrays.size());
      if (c.kind != "create" && c.kind != "random") {
        for (auto const& arg : c.args) CHECK(c.find("in", arg) != nullptr);
      }
      for (auto const& out : c.outs) CHECK((c.raises || c.find("out", out) != nullptr));
      for (auto const& param : c.params) CHECK(c.find("param", param) != nullptr);
      for (auto const& grad : c.grads) {
        CHECK(c.find("grad", grad) != nullptr);
        CHECK((c.find("in", grad) || c.find("param", grad)));
      }
      auto answer = stored(c);
      CHECK(golden::verdict(c, answer) == "");
      if (c.outs.empty() && !c.raises) {
        answer.mistake = "wrong";
        CHECK(golden::verdict(c, answer) == "wrong");
        CHECK(golden::verdict(c, golden::answer{}) == "nothing was compared");
        continue;
      }
      if (c.raises) {
        answer.raised = false;
        CHECK(golden::verdict(c, answer) != "");
      } else if (spoil(answer.outs)) {
        CHECK(golden::verdict(c, answer) != "");
        ++spoilt;
      }
      if (!c.grads.empty()) {
        answer = stored(c);
        answer.grads.pop_back();
        CHECK(golden::verdict(c, answer) != "");
      }
      if (!c.outs.empty() && !c.raises) {
        answer = stored(c);
        answer.outs[0].shape.push_back(1);
        CHECK(golden::verdict(c, answer) != "");
        answer.outs.pop_back();
        CHECK(golden::verdict(c, answer) != "");
      }
    }
  }
  MESSAGE(cases << " cases, " << arrays << " arrays, " << spoilt << " spoilt answers refused");
  if (golden::known_vectors()) {
    CHECK(cases == 4144);
    CHECK(arrays == 16152);
  }
}

TEST_CASE("a table of an operation is not a call of it") {
  golden::test_case call, table;
  call.op = table.op = "add";
  call.kind = "op";
  table.kind = "table";
  CHECK(golden::handles({"add", stored}, call));
  CHECK_FALSE(golden::handles({"add", stored}, table));
  CHECK(golden::handles({"add", stored, "table"}, table));
  CHECK_FALSE(golden::handles({"subtract", stored}, call));
}

TEST_CASE("the tally counts every case once and says why one is left out") {
  if (golden::folder().empty()) return;
  auto const group = golden::read_group("reduce");
  golden::handler_entry const table[] = {
      {"sum", stored},
      {"mean",
       [](golden::test_case const& c) {
         auto a = stored(c);
         a.grads.clear();
         a.gradients_left_out = "no gradient of mean yet";
         return a;
       }},
      {"max", [](golden::test_case const&) { return golden::leave_out("another reason"); }},
      {"min", [](golden::test_case const&) -> golden::answer { weft::fail<weft::shape_error>("min: refused"); }},
  };
  auto const t = golden::run(group, table);
  CHECK(t.cases == static_cast<int>(group.cases.size()));
  CHECK(t.passed + t.failed + t.left_out == t.cases);
  int sum = 0, mean = 0, mean_gradients = 0, most = 0, least = 0, raises = 0, reasons = 0;
  for (auto const& c : group.cases) {
    sum += c.op == "sum";
    mean += c.op == "mean" && c.grads.empty();
    mean_gradients += c.op == "mean" && !c.grads.empty();
    most += c.op == "max";
    least += c.op == "min";
    raises += c.op == "min" && c.raises;
  }
  CHECK(t.passed == sum + mean + raises);
  CHECK(t.failed == least - raises);
  CHECK(t.reasons.at("another reason") == most);
  CHECK(t.reasons.at("values agree, gradients not compared: no gradient of mean yet") == mean_gradients);
  for (auto const& [reason, count] : t.reasons) reasons += count;
  CHECK(reasons == t.left_out);
}
