// State of a model that a call changes (running statistics, a random key): a cell that is writable through const, is
// passed by reference through transforms, is never differentiated, and is saved with the weights.
//
//   struct counter {
//     nn::buffer<float, 1> seen = zeros<float>({3});
//     auto operator()(auto const& x) const {
//       seen = seen + detach(sum(x, axis<0>));
//       return x / seen;
//     }
//   };
//
// Public, as weft::nn's: buffer, is_buffer.
#pragma once
#include <weft/expr/let.hpp>
#include <weft/expr/tensor.hpp>

namespace weft::models {

template <class T, auto S>
struct buffer : described<buffer<T, S>, T, to_shape(S)> {
  static constexpr weft::role role = weft::role::leaf;
  static constexpr int arity = 0;
  static constexpr expr::leaves own{.settles = true};
  mutable tensor<T, S> value;

  WEFT_ALWAYS_INLINE buffer() = default;
  WEFT_ALWAYS_INLINE buffer(buffer const&) = default;
  WEFT_ALWAYS_INLINE buffer(buffer&&) = default;
  WEFT_ALWAYS_INLINE buffer(tensor<T, S> v) : value(static_cast<tensor<T, S>&&>(v)) {}
  WEFT_ALWAYS_INLINE buffer(typename tensor<T, S>::nested values)
    requires(to_shape(S).rank > 0)
      : value(values) {}
  template <class E>
    requires(expression<E> && !std::is_same_v<std::remove_cvref_t<E>, buffer> &&
             !std::is_same_v<std::remove_cvref_t<E>, tensor<T, S>> && std::is_constructible_v<tensor<T, S>, E const&>)
  WEFT_ALWAYS_INLINE buffer(E const& e) : value(e) {}

  WEFT_ALWAYS_INLINE buffer& operator=(buffer const&) = default;
  WEFT_ALWAYS_INLINE buffer& operator=(buffer&&) = default;
  template <class E>
    requires(expression<E> && !std::is_same_v<std::remove_cvref_t<E>, buffer>)
  WEFT_ALWAYS_INLINE buffer const& operator=(E&& e) const {
    value = static_cast<E&&>(e);
    return *this;
  }
  template <class E>
    requires(expression<E> && !std::is_same_v<std::remove_cvref_t<E>, buffer>)
  WEFT_ALWAYS_INLINE buffer& operator=(E&& e) {
    value = static_cast<E&&>(e);
    return *this;
  }

  WEFT_ALWAYS_INLINE extents<to_shape(S).rank> sizes() const { return value.sizes(); }
};

template <class X>
inline constexpr bool is_buffer = false;
template <class T, auto S>
inline constexpr bool is_buffer<buffer<T, S>> = true;
template <class T, auto S>
inline constexpr bool is_buffer<buffer<T, S> const> = true;

}  // namespace weft::models
