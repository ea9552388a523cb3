// Gradients that are too long are made shorter, all by one factor.
//
//   double norm = optim::clip_grad_norm(gradient, 1.0);      // what it was before
//
// Public, in weft::optim: clip_grad_norm.
#pragma once
#include <weft/engine/assign.hpp>
#include <weft/nn/module.hpp>

#include <cmath>

namespace weft::optim {
inline namespace WEFT_ISA {

// Scales by max_norm / (norm + 1e-6) where the norm of all gradients together is larger.
template <class Model>
double clip_grad_norm(Model& gradient, double max_norm) {
  double squares = 0;
  models::each_cell_of(
      [&squares](auto const& g) {
        if constexpr (nn::is_parameter<std::remove_cvref_t<decltype(g)>>)
          if (!g.frozen) squares += static_cast<double>(element_t<decltype(g)>(sum(square(g.value))));
      },
      std::as_const(gradient));
  double const norm = std::sqrt(squares);
  double const factor = max_norm / (norm + 1e-6);
  if (factor < 1)
    models::each_cell_of(
        [factor](auto& g) {
          if constexpr (nn::is_parameter<std::remove_cvref_t<decltype(g)>>)
            if (!g.frozen) g.value *= static_cast<element_t<decltype(g)>>(factor);
        },
        gradient);
  return norm;
}

}  // namespace WEFT_ISA
}  // namespace weft::optim
