// Models as arguments of transforms: their parameters, wherever they are in plain structs and containers.
//
//   reverse::each_parameter(model, [](auto& p) { ... });    // p: nn::parameter<T, S>, const if the model is
#pragma once
#include <weft/nn/buffer.hpp>
#include <weft/nn/parameter.hpp>
#include <weft/nn/reflect.hpp>

#include <optional>

namespace weft {
inline namespace WEFT_ISA {
namespace reverse {

template <class X>
inline constexpr bool is_optional = false;
template <class X>
inline constexpr bool is_optional<std::optional<X>> = true;

template <class X>
concept container = requires(X& x) {
  x.begin();
  x.end();
};

template <class X, class F>
void each_parameter(X& x, F const& f) {
  using plain = std::remove_const_t<X>;
  if constexpr (nn::is_parameter<plain>) {
    f(x);
  } else if constexpr (expression<plain> || !std::is_class_v<plain>) {
    return;
  } else if constexpr (is_optional<plain>) {
    if (x) each_parameter(*x, f);
  } else if constexpr (container<X>) {
    using item = std::remove_reference_t<decltype(*x.begin())>;
    if constexpr (std::is_class_v<std::remove_const_t<item>>)
      for (auto& i : x) each_parameter(i, f);
  } else if constexpr (nn::reflectable<plain>) {
    nn::for_each_field(x, [&f](auto, auto& field) { each_parameter(field, f); });
  }
}

}  // namespace reverse
}  // namespace WEFT_ISA
}  // namespace weft
