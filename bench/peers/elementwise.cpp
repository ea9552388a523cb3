// weft in the elementwise family: everything is written as a user would, over the harness's own memory.
#include <weft/core.hpp>

#include "cases.hpp"

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
template <class T>
void all() {
  char const* me = "weft";
  reg<T>("fma", me, flat<T>([](auto const& a, auto const& b, auto const& c) { return a * b + c; }));
  reg<T>("sigmoid_fma", me, flat<T>([](auto const& a, auto const& b, auto const& c) { return sigmoid(a * b + c); }));
  reg<T>("exp", me, flat<T>([](auto const& a, auto const&, auto const&) { return exp(a); }));
  reg<T>("chain8", me, flat<T>([](auto const& a, auto const& b, auto const& c) {
           return clip(((a * 2 + b) * c - a) * 0.5 + b, -0.8, 0.8);
         }));
  reg<T>("gelu_tanh", me, flat<T>([](auto const& a, auto const&, auto const&) {
           return 0.5 * a * (1 + tanh(0.7978845608028654 * (a + 0.044715 * a * a * a)));
         }));
}

PEERS_REGISTER {
  weft::set_num_threads(threads());
  all<float>();
  all<double>();
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
}
}  // namespace
