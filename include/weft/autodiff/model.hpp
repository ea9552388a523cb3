// Models as arguments of transforms: their parameters, wherever nn/walk.hpp finds them.
//
//   autodiff::each_parameter(model, [](auto& p) { ... });    // p: nn::parameter<T, S>, const if the model is
#pragma once
#include <weft/nn/walk.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace autodiff {

template <class X, class F>
void each_parameter(X& x, F const& f) {
  nn::parts::no_path at;
  nn::parts::walk(
      at,
      [&f](std::string_view, auto& cell) {
        if constexpr (nn::is_parameter<std::remove_cvref_t<decltype(cell)>>) f(cell);
      },
      x);
}

}  // namespace autodiff
}  // namespace WEFT_ISA
}  // namespace weft
