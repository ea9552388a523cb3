// A tracked tensor: a value of order n that remembers which record of which tape made it.
//
//   grad([](auto const& x) {       // x: tracked<double, 1, 1>
//     auto y = eval(exp(x));       // tracked too; one record
//     y += 1;                      // the record keeps what it needs: nothing is corrupted
//     return sum(y * x);
//   })(tensor<double, 1>{1, 2});
//
// Its value is a tracked tensor of order n-1, at order 0 a plain tensor: the backward pass of a statement works one
// order below it. A tracked value never becomes plain silently: see detach and stop_gradient (autodiff/statement.hpp).
//
// Public: tracked.
#pragma once
#include <weft/expr/let.hpp>
#include <weft/expr/tensor.hpp>
#include <weft/autodiff/tape.hpp>

namespace weft {

template <class T, auto S, int Order = 1>
struct tracked;

namespace autograd {

template <class T, auto S, int Order>
struct level {
  using type = tracked<T, S, Order>;
};
template <class T, auto S>
struct level<T, S, 0> {
  using type = tensor<T, S>;
};
// Values of an order: at_order<T, S, 0> is the plain tensor.
template <class T, auto S, int Order>
using at_order = typename level<T, S, Order>::type;

}  // namespace autograd

template <class T, auto S, int Order>
struct tracked : described<tracked<T, S, Order>, T, to_shape(S)> {
  static_assert(Order >= 1);
  static_assert(kind_of_type<T> == kind::floating, "weft: only floating-point tensors are tracked");
  using base = described<tracked<T, S, Order>, T, to_shape(S)>;
  using value_type = autograd::at_order<T, S, Order - 1>;
  static constexpr weft::role role = weft::role::leaf;
  static constexpr int arity = 0;
  static constexpr expr::leaves own{.order = Order};

  value_type value;
  autograd::slot from;

  WEFT_ALWAYS_INLINE tracked() = default;
  WEFT_ALWAYS_INLINE explicit tracked(value_type v, autograd::slot s = {})
      : value(static_cast<value_type&&>(v)), from(s) {}
  WEFT_ALWAYS_INLINE tracked(tracked const& o) : base(), value(o.value), from(o.from) {}
  WEFT_ALWAYS_INLINE tracked(tracked&& o) noexcept : base(), value(static_cast<value_type&&>(o.value)), from(o.from) {}
  WEFT_ALWAYS_INLINE tracked& operator=(tracked const& o) {
    value = o.value;
    from = o.from;
    return *this;
  }
  WEFT_ALWAYS_INLINE tracked& operator=(tracked&& o) noexcept {
    value = static_cast<value_type&&>(o.value);
    from = o.from;
    return *this;
  }
  WEFT_ALWAYS_INLINE ~tracked() = default;

  // A statement of its own; what is plain becomes a constant.
  template <class E>
    requires(expression<E> && !std::is_same_v<std::remove_cvref_t<E>, tracked> && assignable(to_shape(S), dims_of<E>) &&
             holds<T, element_t<E>>)
  WEFT_ALWAYS_INLINE tracked(E const& e) { become_tracked(*this, e); }
  template <class E>
    requires(expression<E> && !std::is_same_v<std::remove_cvref_t<E>, tracked> && assignable(to_shape(S), dims_of<E>) &&
             holds<T, element_t<E>>)
  WEFT_ALWAYS_INLINE tracked& operator=(E const& e) {
    become_tracked(*this, e);
    return *this;
  }
  // A new value under the old name: what was computed from the old one keeps it.
  template <operand X>
  WEFT_ALWAYS_INLINE tracked& operator+=(X const& x) {
    return update_tracked(*this, *this + x), *this;
  }
  template <operand X>
  WEFT_ALWAYS_INLINE tracked& operator-=(X const& x) {
    return update_tracked(*this, *this - x), *this;
  }
  template <operand X>
  WEFT_ALWAYS_INLINE tracked& operator*=(X const& x) {
    return update_tracked(*this, *this * x), *this;
  }
  template <operand X>
  WEFT_ALWAYS_INLINE tracked& operator/=(X const& x) {
    return update_tracked(*this, *this / x), *this;
  }

  WEFT_ALWAYS_INLINE extents<to_shape(S).rank> sizes() const { return value.sizes(); }
};

inline namespace WEFT_ISA {
// What the passes over trees and the tape share; nothing in it is for users.
namespace autodiff {

using autograd::at_order;
using autograd::find;
using autograd::here;
using autograd::record;
using autograd::slot;

[[noreturn, gnu::cold, gnu::noinline]] inline void fail_other_thread() {
  fail<autograd_error>(
      "a value or a model is being differentiated on another thread: its gradient would be lost; a transform and what "
      "it differentiates belong to one thread, a model that several threads differentiate is copied for each before");
}
// The tape of a slot whose value is about to be used, or none if it is a constant.
inline tape* recording(slot s) {
  tape* const t = find(s);
  if (!t && autograd::lives(s.tape)) [[unlikely]]
    fail_other_thread();
  return t;
}

template <class E>
inline constexpr bool is_tracked = false;
template <class T, auto S, int N>
inline constexpr bool is_tracked<tracked<T, S, N>> = true;

// A value of a lower order as a constant of order N.
template <int N, class T, auto S>
WEFT_INLINE auto raised(tensor<T, S> const& x) {
  if constexpr (N == 0)
    return x;
  else
    return tracked<T, S, N>(raised<N - 1>(x));
}
template <int N, class T, auto S, int M>
WEFT_INLINE auto raised(tracked<T, S, M> const& x) {
  if constexpr (M == N)
    return x;
  else
    return tracked<T, S, N>(raised<N - 1>(x));
}

// Down to the plain tensor.
template <class T, auto S>
WEFT_INLINE tensor<T, S> const& plain(tensor<T, S> const& x) {
  return x;
}
template <class T, auto S, int N>
WEFT_INLINE tensor<T, S> const& plain(tracked<T, S, N> const& x) {
  return plain(x.value);
}

// The same elements under another spelling of the shape; the buffer moves along.
template <auto To, class T, auto S>
WEFT_INLINE auto respelled(tensor<T, S> x) {
  if constexpr (std::is_same_v<tensor<T, To>, tensor<T, S>>)
    return x;
  else if constexpr (!tensor<T, To>::stored_inline && !tensor<T, S>::stored_inline)
    return tensor<T, To>(static_cast<storage&&>(x.items().buffer), x.sizes());
  else
    return tensor<T, To>(x);
}
template <auto To, class T, auto S, int N>
WEFT_INLINE auto respelled(tracked<T, S, N> x) {
  if constexpr (std::is_same_v<tracked<T, To, N>, tracked<T, S, N>>)
    return x;
  else
    return tracked<T, To, N>(respelled<To>(static_cast<typename tracked<T, S, N>::value_type&&>(x.value)), x.from);
}

}  // namespace autodiff
}  // namespace WEFT_ISA
}  // namespace weft
