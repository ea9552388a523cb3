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
// Public, in weft::nn: parameter, is_parameter; mark is the transforms'.
#pragma once
#include <weft/expr/let.hpp>
#include <weft/expr/tensor.hpp>
#include <weft/autodiff/tape.hpp>

namespace weft::nn {

// The place on a tape that a transform gave to a parameter, and the transform's order. Other threads may ask at the same
// time whose it is (plain data through a model that is being differentiated), so it is read and written without a race.
class mark {
  std::uint64_t tape = 0;
  std::uint32_t index = 0;
  int level = 0;

 public:
  WEFT_ALWAYS_INLINE mark() = default;
  WEFT_ALWAYS_INLINE mark(mark const& o) noexcept { set(o, o.order()); }
  WEFT_ALWAYS_INLINE mark& operator=(mark const& o) noexcept {
    set(o, o.order());
    return *this;
  }
  WEFT_ALWAYS_INLINE void set(autograd::slot place, int order) noexcept {
    __atomic_store_n(&tape, place.tape, __ATOMIC_RELAXED);
    __atomic_store_n(&index, place.index, __ATOMIC_RELAXED);
    __atomic_store_n(&level, order, __ATOMIC_RELAXED);
  }
  WEFT_ALWAYS_INLINE operator autograd::slot() const noexcept {
    return {__atomic_load_n(&tape, __ATOMIC_RELAXED), __atomic_load_n(&index, __ATOMIC_RELAXED)};
  }
  WEFT_ALWAYS_INLINE int order() const noexcept { return __atomic_load_n(&level, __ATOMIC_RELAXED); }
};

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

}  // namespace weft::nn
