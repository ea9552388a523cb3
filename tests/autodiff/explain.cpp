// What a gradient says it runs is what it runs: kernels are counted while it does.
#include <doctest/doctest.h>
#include <weft/grad.hpp>

#include "support.hpp"

#include <sstream>
#include <string>

using namespace weft;

namespace {

auto const x = varied<2>({6, 19}, -1, 1, 1), w = varied<2>({19, 5}, -1, 1, 2);
auto const b = varied<1>({5}, -1, 1, 3);

// The explanation of f's gradient, if it ran as many kernels as f's gradient does, and says each of them.
template <class F, class... X>
gradient_explanation told(F const& f, X const&... a) {
  auto before = memory_stats().kernels;
  auto const plain = f(a...);
  auto const ran = memory_stats().kernels - before;
  before = memory_stats().kernels;
  auto const e = explain(f, a...);
  CHECK(memory_stats().kernels - before == ran);
  CHECK(e.kernels == ran);
  CHECK(e.forward + e.last + e.backward == e.kernels);
  std::ostringstream text;
  text << e;
  int lines = 0;
  for (std::size_t at = 0; (at = e.text.find("\n  kernel ", at)) != std::string::npos; ++at) ++lines;
  CHECK(lines == e.kernels);
  CHECK(text.str() == e.text);
  return e;
}
bool says(gradient_explanation const& e, char const* what) {
  bool const found = e.text.find(what) != std::string::npos;
  if (!found) MESSAGE(e.text);
  return found;
}

}  // namespace

TEST_CASE("a layer: the product forward, the rest back") {
  auto const loss = [](auto const& a, auto const& c, auto const& d) { return mean(square(eval(tanh(matmul(a, c) + d)))); };
  auto const e = told(value_and_grad(loss, wrt<1, 2>), x, w, b);
  CHECK(e.forward == 1);
  CHECK(e.last == 1);
  CHECK(e.backward == 2);  // dz and the bias in one sweep, dw
  CHECK(e.statements == 1);
  CHECK(e.kept_bytes >= 6 * 5 * 8);  // tanh's result
  CHECK(e.kept_bytes < 2 * 6 * 5 * 8);
  CHECK(says(e, "kernel 1: matmul -> float64(6, 5)"));
  CHECK(says(e, "backward sweep over float64(6, 5) into 2 tensors"));
  CHECK(says(e, "d tanh"));
  CHECK(says(e, "product -> float64(19, 5)"));
  CHECK(says(e, "kept: 1 statement, "));
}

TEST_CASE("a row program and its backward pass are one sweep") {
  auto const loss = [](auto const& a, auto const& g) { return sum(softmax(a) * g); };
  auto const e = told(grad(loss), x, x);
  CHECK(e.kernels == 1);
  CHECK(e.last == 1);
  CHECK(e.statements == 0);
  CHECK(e.kept_bytes == 0);
  CHECK(e.scratch_bytes > 0);
  CHECK(says(e, "last statement, forward and back\n  kernel 1: backward sweep over float64(6, 19) into 1 tensor, "));
  CHECK(says(e, "max"));
  CHECK(says(e, "exp"));
  CHECK(says(e, "d divide"));
}

TEST_CASE("columns, vjp, and rows of different lengths") {
  auto const e = told(value_and_grad([](auto const& a) { return sum(square(mean(a * a, axis<0>))); }), x);
  CHECK(e.kernels > 1);
  CHECK(says(e, "columns, added up in strips -> float64(19,)"));
  auto const v = told(vjp([](auto const& a) { return exp(a) * 2; }, x), x);
  CHECK(v.last == 0);
  CHECK(v.backward == 2);  // the cotangent in full, and the sweep
  auto const u = told(grad([](auto const& a, auto const& c) {
                        return sum(let(mean(c, axis<-1>, keepdims), [&](auto const& m) { return a * m; }));
                      }),
                      x, varied<2>({6, 4}, -1, 1, 4));
  CHECK(says(u, "rows of different lengths"));
}

TEST_CASE("transforms in transforms, and what throws") {
  auto const inner = [](auto const& a) {
    auto const d = grad([](auto const& c) { return sum(c * c * c); })(a);
    return sum(d * d);
  };
  auto const e = told(value_and_grad(inner), x);
  CHECK(e.text.find("\nbackward\n") == e.text.rfind("\nbackward\n"));  // the outer one's
  auto const bad = [](auto const& a) { return sum(matmul(a, a)); };
  CHECK_THROWS_AS((void)explain(grad(bad), x), shape_error);
  CHECK(process::listening == nullptr);
}

TEST_CASE("sums over a row that limits keep from being taken apart") {
  auto const y = varied<2>({6, 19}, -1, 1, 4);
  // What the row's sum gets has a term for each of the later sums.
  auto const of = [&](auto const& more) {
    return [&](auto const& a) {
      return sum(let(exp(a), [&](auto e) {
        return let(e / sum(e, axis<-1>, keepdims), [&](auto p) {
          auto const later = [&](double by) { return exp(sum(p * (y + by), axis<-1>, keepdims)); };
          return p * more(later, later(1) + later(2) + later(3) + later(4) + later(5));
        });
      }));
    };
  };
  auto const few = of([](auto const&, auto const& sums) { return sums; });
  auto const many = of([](auto const& later, auto const& sums) { return sums + later(6) + later(7); });
  auto const e = told(grad(few), x);
  CHECK(e.text.find("not taken apart") == std::string::npos);
  CHECK(says(told(grad(many), x), "; 1 sum not taken apart: more than 6 terms\n"));
  CHECK(check_gradients(many, x) < 1e-5);
}

TEST_CASE("a reduction over another axis may go over another number of rows") {
  auto const z = varied<2>({5, 19}, -1, 1, 5);
  auto const f = [](auto const& a, auto const& b) { return sum(square(softmax(a * mean(b, axis<0>, keepdims), axis<-1>))); };
  CHECK(told(grad(f, wrt<0, 1>), x, z).text.find("rows of different lengths") == std::string::npos);
  CHECK(check_gradients(f, x, z) < 1e-5);
}
