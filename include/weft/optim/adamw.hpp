// Adam, and Adam with weight decay apart from the gradient: each parameter and its two moments in one sweep.
//
//   optim::adamw optimizer{{.learning_rate = 1e-3}};
//   optimizer.update(model, gradient);               // the gradient of a model is a model
//   optim::adam plain{{.learning_rate = 1e-3, .bias_correction = true}};
//
//   m = beta1 m + (1 - beta1) g
//   v = beta2 v + (1 - beta2) g^2
//   w = (1 - learning_rate weight_decay) w - learning_rate m / (sqrt(v) + eps)
//
// The moments begin at 0 and are corrected for it only with bias_correction.
//
// Public, in weft::optim: adamw, adamw_options, adam, adam_options.
#pragma once
#include <weft/engine/several.hpp>
#include <weft/optim/state.hpp>

#include <cmath>
#include <utility>

namespace weft::optim {

struct adamw_options {
  double learning_rate = 1e-3;
  double beta1 = 0.9, beta2 = 0.999;
  double eps = 1e-8;  // added after the root
  double weight_decay = 0.01;
  bool bias_correction = false;
};
struct adam_options {
  double learning_rate = 1e-3;
  double beta1 = 0.9, beta2 = 0.999;
  double eps = 1e-8;
  bool bias_correction = false;
};

inline namespace WEFT_ISA {

struct adamw {
  static constexpr char const* name = "adamw";  // of adam too: their moments are the same
  adamw_options options;
  std::int64_t step = 0;
  memory first, second;  // the moments

  explicit adamw(adamw_options o) : options(o) {}

  template <class Model>
  void update(Model& model, Model const& gradient) {
    each_update(*this, model, gradient, [this]<class T>(row<T>& p) { this->move(p); });
  }

  template <class F>
  void each_memory(F const& f) {
    f("m", first);
    f("v", second);
  }
  template <class F>
  void each_memory(F const& f) const {
    f("m", first);
    f("v", second);
  }

 private:
  template <class T>
  void move(row<T>& p) {
    auto const& o = options;
    double rate = o.learning_rate, spread = 1;
    if (o.bias_correction) {
      rate /= 1 - std::pow(o.beta1, static_cast<double>(step));
      spread = 1 / std::sqrt(1 - std::pow(o.beta2, static_cast<double>(step)));
    }
    kept<T> m(first, p), v(second, p);
    auto const& g = p.gradient;
    auto m1 = static_cast<T>(o.beta1) * m.value + static_cast<T>(1 - o.beta1) * g;
    auto v1 = static_cast<T>(o.beta2) * v.value + static_cast<T>(1 - o.beta2) * square(g);
    auto length = static_cast<T>(spread) * sqrt(v1) + static_cast<T>(o.eps);
    auto const decay = static_cast<T>(1 - o.learning_rate * o.weight_decay);
    // Given up, so that the moments are written in place: a name would keep what it saw.
    engine::assign_alike(p.weight, decay * p.weight - static_cast<T>(rate) * m1 / std::move(length), m.value, std::move(m1), v.value,
                         std::move(v1));
  }
};
#define WEFT_ADAMW_OF(keyword, T) keyword template void adamw::move<T>(row<T>&);
#ifdef WEFT_COMPILED
WEFT_ADAMW_OF(extern, float)
WEFT_ADAMW_OF(extern, double)
#endif

// Without weight decay.
struct adam : adamw {
  explicit adam(adam_options o) : adamw({o.learning_rate, o.beta1, o.beta2, o.eps, 0, o.bias_correction}) {}
};

}  // namespace WEFT_ISA
}  // namespace weft::optim
