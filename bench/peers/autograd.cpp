// weft in the gradient family: mean(sigmoid(a*b + c) * tanh(d)) and its gradient with respect to all four.
#include <weft/core.hpp>
#include <weft/grad.hpp>

#include "cases.hpp"

namespace {
using namespace ad;
using weft::index_t, weft::tensor;

auto const loss = [](auto const& a, auto const& b, auto const& c, auto const& d) {
  return mean(sigmoid(a * b + c) * tanh(d));
};
tensor<float, 1> copied(float const* p, std::size_t n) { return weft::borrow(p, {static_cast<index_t>(n)}) + 0.0f; }

struct state {
  tensor<float, 1> a, b, c, d;
  tensor<float, 1> ga, gb, gc, gd;
};

PEERS_REGISTER {
  weft::set_num_threads(threads());
  auto const made = [](Grad& g) {
    auto s = std::make_shared<state>();
    s->a = copied(g.a, g.n);
    s->b = copied(g.b, g.n);
    s->c = copied(g.c, g.n);
    s->d = copied(g.d, g.n);
    return s;
  };
  reg("grad_elementwise", "weft", [=](Grad& g) {
    auto s = made(g);
    g.grad = [s](int k, std::size_t i) {
      auto const& t = k == 0 ? s->ga : k == 1 ? s->gb : k == 2 ? s->gc : s->gd;
      return std::as_const(t)(static_cast<index_t>(i));
    };
    return [s, &g] {
      // As in a training loop, where the last step's gradients are gone when the next one begins.
      for (auto* t : {&s->ga, &s->gb, &s->gc, &s->gd}) *t = tensor<float, 1>();
      auto [value, gradients] = weft::value_and_grad(loss, weft::wrt<0, 1, 2, 3>)(s->a, s->b, s->c, s->d);
      auto& [ga, gb, gc, gd] = gradients;
      s->ga = std::move(ga);
      s->gb = std::move(gb);
      s->gc = std::move(gc);
      s->gd = std::move(gd);
      g.loss = float(value);
    };
  });
  reg("fwd_elementwise", "weft", [=](Grad& g) {
    auto s = made(g);
    return [s, &g] { g.loss = loss(s->a, s->b, s->c, s->d); };
  });
}
}  // namespace
