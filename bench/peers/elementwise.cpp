// weft in the elementwise family: everything is written as a user would, over the harness's own memory (`weft`) and
// with tensors of its own (`weft_owned`, float only), whose assignments look after sharing and shape.
#include <weft/core.hpp>

#include "cases.hpp"

#include <memory>
#include <utility>

namespace {
using namespace ew;
using weft::index_t;

template <class T, class F>
auto flat(F f) {
  return [f](Ew<T>& e) {
    auto const n = static_cast<index_t>(e.n);
    auto a = weft::borrow(e.a, {n}), b = weft::borrow(e.b, {n}), c = weft::borrow(e.c, {n});
    auto out = weft::borrow(e.out, {n});
    return [=]() mutable { out = f(a, b, c); };
  };
}
// to(name, f) for each map of flat operands.
template <class F>
void each_map(F to) {
  to("fma", [](auto const& a, auto const& b, auto const& c) { return a * b + c; });
  to("sigmoid_fma", [](auto const& a, auto const& b, auto const& c) { return sigmoid(a * b + c); });
  to("exp", [](auto const& a, auto const&, auto const&) { return exp(a); });
  to("chain8",
     [](auto const& a, auto const& b, auto const& c) { return clip(((a * 2 + b) * c - a) * 0.5 + b, -0.8, 0.8); });
  to("gelu_tanh", [](auto const& a, auto const&, auto const&) {
    return 0.5 * a * (1 + tanh(0.7978845608028654 * (a + 0.044715 * a * a * a)));
  });
}

// Copies of the operands, and a result, that weft owns.
template <int Rank>
struct owned {
  weft::tensor<float, Rank> a, b, c, out;
  weft::tensor<float, 1> bias;
};
template <int Rank, class F>
auto with_owned(F f) {
  return [f](Ew<float>& e) {
    auto const s = std::make_shared<owned<Rank>>();
    index_t shape[Rank] = {static_cast<index_t>(e.n)};
    if constexpr (Rank == 2) {
      shape[0] = static_cast<index_t>(e.rows);
      shape[1] = static_cast<index_t>(e.cols);
      s->bias = weft::borrow(e.b, {shape[0]}) + 0.0f;
    }
    s->a = weft::borrow(e.a, shape) + 0.0f;
    s->b = weft::borrow(e.b, shape) + 0.0f;
    s->c = weft::borrow(e.c, shape) + 0.0f;
    e.result = [s] { return std::as_const(s->out).data(); };
    return [s, f] { f(*s); };
  };
}

PEERS_REGISTER {
  weft::set_num_threads(threads());
  each_map([](char const* name, auto f) {
    reg<float>(name, "weft", flat<float>(f));
    reg<double>(name, "weft", flat<double>(f));
    reg<float>(name, "weft_owned", with_owned<1>([f](owned<1>& s) { s.out = f(s.a, s.b, s.c); }));
  });
  for (bool column : {false, true})
    reg<float>(column ? "bias_relu_col" : "bias_relu_row", "weft", [column](Ew<float>& e) {
      auto const rows = static_cast<index_t>(e.rows), columns = static_cast<index_t>(e.cols);
      auto a = weft::borrow(e.a, {rows, columns});
      auto out = weft::borrow(e.out, {rows, columns});
      auto along = weft::borrow(e.b, {columns});
      auto down = weft::borrow(e.b, {rows})(weft::all, weft::newaxis);
      return [=]() mutable {
        if (column)
          out = relu(a + down);
        else
          out = relu(a + along);
      };
    });
  reg<float>("add_transposed", "weft", [](Ew<float>& e) {
    auto const rows = static_cast<index_t>(e.rows), columns = static_cast<index_t>(e.cols);
    auto a = weft::borrow(e.a, {rows, columns}), b = weft::borrow(e.b, {rows, columns});
    auto out = weft::borrow(e.out, {rows, columns});
    return [=]() mutable { out = a + transpose(b); };
  });
  char const* own = "weft_owned";
  reg<float>("bias_relu_row", own, with_owned<2>([](owned<2>& s) { s.out = relu(s.a + s.bias); }));
  reg<float>("bias_relu_col", own,
             with_owned<2>([](owned<2>& s) { s.out = relu(s.a + s.bias(weft::all, weft::newaxis)); }));
  reg<float>("add_transposed", own, with_owned<2>([](owned<2>& s) { s.out = s.a + transpose(s.b); }));
}
}  // namespace
