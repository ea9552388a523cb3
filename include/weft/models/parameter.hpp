// A tensor that a model learns, and an expression like any other.
//
//   struct scale {
//     nn::parameter<float, 1> weight = ones<float>({3});
//     auto operator()(auto const& x) const { return x * weight; }
//   };
//
// Beside a tracked value anywhere in its statement it is tracked, and in a statement of parameters and numbers alone;
// beside plain tensors only it is its value, so that inference knows nothing of gradients. If a transform is just
// differentiating with respect to it, the latter throws: a gradient would be lost.
//
// Public, as weft::nn's: parameter, is_parameter.
#pragma once
#include <weft/expr/let.hpp>
#include <weft/expr/tensor.hpp>
#include <weft/models/mark.hpp>

namespace weft::models {

template <class T, auto S>
struct parameter : described<parameter<T, S>, T, to_shape(S)> {
  static constexpr weft::role role = weft::role::leaf;
  static constexpr int arity = 0;
  static constexpr expr::leaves own{.parameter = true, .settles = true};
  tensor<T, S> value;
  bool frozen = false;  // a constant for every transform
  // Set through const by the transform that differentiates with respect to this object; a mark names its tape, so
  // copies made meanwhile stay right and old marks mean nothing.
  mutable mark from;

  WEFT_ALWAYS_INLINE parameter() = default;
  WEFT_ALWAYS_INLINE parameter(tensor<T, S> v) : value(static_cast<tensor<T, S>&&>(v)) {}
  WEFT_ALWAYS_INLINE parameter(typename tensor<T, S>::nested values)
    requires(to_shape(S).rank > 0)
      : value(values) {}
  template <class E>
    requires(expression<E> && !std::is_same_v<std::remove_cvref_t<E>, parameter> &&
             !std::is_same_v<std::remove_cvref_t<E>, tensor<T, S>> && std::is_constructible_v<tensor<T, S>, E const&>)
  WEFT_ALWAYS_INLINE parameter(E const& e) : value(e) {}

  WEFT_ALWAYS_INLINE extents<to_shape(S).rank> sizes() const { return value.sizes(); }
};

template <class X>
inline constexpr bool is_parameter = false;
template <class T, auto S>
inline constexpr bool is_parameter<parameter<T, S>> = true;
template <class T, auto S>
inline constexpr bool is_parameter<parameter<T, S> const> = true;

}  // namespace weft::models
