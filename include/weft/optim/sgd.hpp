// Stochastic gradient descent, with momentum if asked for.
//
//   optim::sgd optimizer{{.learning_rate = 0.1, .momentum = 0.9}};
//   optimizer.update(model, gradient);               // the gradient of a model is a model
//   optimizer.options.learning_rate *= 0.5;
//
//   g = gradient + weight_decay w
//   v = momentum v + (1 - dampening) g               from the first step on
//   w = w - learning_rate v                          nesterov: g + momentum v in place of v
//
// Public, in weft::optim: sgd, sgd_options.
#pragma once
#include <weft/engine/several.hpp>
#include <weft/optim/state.hpp>

#include <utility>

namespace weft::optim {

struct sgd_options {
  double learning_rate = 0.01;
  double momentum = 0;
  double weight_decay = 0;
  double dampening = 0;
  bool nesterov = false;
};

inline namespace WEFT_ISA {

struct sgd {
  static constexpr char const* name = "sgd";
  sgd_options options;
  std::int64_t step = 0;
  memory velocity;

  explicit sgd(sgd_options o) : options(o) {
    if (o.nesterov && (o.momentum <= 0 || o.dampening != 0))
      fail<error>("sgd: nesterov takes a momentum above 0 and no dampening");
  }

  template <class Model>
  void update(Model& model, Model const& gradient) {
    each_update(*this, model, gradient, [this]<class T>(row<T>& p) { this->move(p); });
  }

  template <class F>
  void each_memory(F const& f) {
    f("v", velocity);
  }
  template <class F>
  void each_memory(F const& f) const {
    f("v", velocity);
  }

 private:
  template <class T>
  void move(row<T>& p) {
    T const rate = static_cast<T>(options.learning_rate), decay = static_cast<T>(options.weight_decay);
    auto& w = p.weight;
    // 0 times an infinite weight would be NaN: the choice is the same load, masked. Made where it is used, since a name
    // would hold a handle on w, which then could not be written in place.
    auto const decayed = [&] { return p.gradient + decay * where(decay != 0, w, T(0)); };
    if (options.momentum <= 0) {
      w = w - rate * decayed();
      return;
    }
    kept<T> v(velocity, p);
    T const keep = static_cast<T>(options.momentum), gain = static_cast<T>(1 - options.dampening);
    auto next = keep * v.value + gain * decayed();
    if (options.nesterov)
      engine::assign_alike(w, w - rate * (decayed() + keep * next), v.value, std::move(next));
    else
      engine::assign_alike(w, w - rate * next, v.value, std::move(next));
  }
};
#define WEFT_SGD_OF(keyword, T) keyword template void sgd::move<T>(row<T>&);
#ifdef WEFT_COMPILED
WEFT_SGD_OF(extern, float)
WEFT_SGD_OF(extern, double)
#endif

}  // namespace WEFT_ISA
}  // namespace weft::optim
