// A statement of tracked values: its value, and its record on the tape.
//
//   auto y = eval(sigmoid(x * w) + b);   one record: the tree, and its result only if the outermost rule reads it
//   double s = sum(y);                   throws while y is on a tape: a gradient would be lost
//   detach(y)                            the plain tensor
//   stop_gradient(y)                     the same value as a constant of y's order
//
//   reshape(y, {-1})                     a record of its own: the cotangent goes back in y's shape
//
// Public: detach, stop_gradient.
#pragma once
#include <weft/autodiff/push.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace autodiff {

// A let that can't be part of its statement's backward pass becomes a statement, and what is done with its value. A reference
// where nothing changes.
template <int N, class E>
decltype(auto) without_lets(E const& e) {
  if constexpr (N == 1 && keeps_lets<E>())
    return (e);
  else if constexpr (!facts_of<E>.lets)
    return (e);
  else
    return expr::without_lets(e, [](auto const& definition) { return eval(definition); });
}

template <class E, int N>
inline constexpr bool keeps_result = N == 1 && reads_of_node<E>.y && !expr::root_fold<E>;

template <class E, int N, bool Keeps = keeps_result<E, N>>
struct statement final : gradient_record<element_t<E>, E::dims.rank, N> {
  E e;
  explicit statement(E&& x) : e(static_cast<E&&>(x)) {
    if constexpr (N == 1) forget<false>(e);
  }
  void backward(tape& t) override {
    if (!this->has) return;
    auto g = std::move(this->gradient);
    push<N>(t, e, std::move(g));
  }
};
template <class E, int N>
struct statement<E, N, true> final : gradient_record<element_t<E>, E::dims.rank, N> {
  using value = tensor<element_t<E>, E::dims.rank>;
  E e;
  value y;
  statement(E&& x, value&& v) : e(static_cast<E&&>(x)), y(static_cast<value&&>(v)) { forget<true>(e); }
  void backward(tape& t) override {
    if (!this->has) return;
    auto g = std::move(this->gradient);
    run_back(t, e, g, y);
  }
};

template <class T, int R, int C, int N>
struct reshape_record final : gradient_record<T, C, N> {
  slot from;
  extents<R> sizes;
  reshape_record(slot s, extents<R> const& e) : from(s), sizes(e) {}
  void backward(tape& t) override {
    if (this->has) add_gradient<N, T, R>(t, from, reshaped(this->gradient, sizes));
  }
};
template <class T, int C, int N, std::size_t R>
slot reshaped_slot(slot from, std::array<index_t, R> const& own) {
  tape* const t = recording(from);
  if (!t) return {};
  ++here.records;
  return t->add(new reshape_record<T, static_cast<int>(R), C, N>(from, own));
}

// A parameter's own slot is that of the transform; a tracked leaf is a value already.
template <class E>
inline constexpr bool is_value = is_tracked<E>;

template <int N, class E>
auto recorded(E e) {
  using T = element_t<E>;
  constexpr auto S = engine::spelling<dims_of<E>>();
  tape* const t = home<N>(e);
  tracked<T, S, N> out(raised<N - 1>(eval(stripped<N>(e))));
  if constexpr (facts_of<E>.reached) {
    if (t) {
      if constexpr (keeps_result<E, N>)
        out.from = t->add(new statement<E, N>(std::move(e), respelled<to_shape(S).rank>(out.value)));
      else
        out.from = t->add(new statement<E, N>(std::move(e)));
      ++here.records;
    }
  }
  return out;
}

}  // namespace autodiff

// What eval does with an expression of order n >= 1.
template <class X>
auto tracked_eval(X const& x) {
  constexpr int N = order_of<X>;
  static_assert(autodiff::check_rules<X>());
  auto&& l = autodiff::lifted<N>(x);
  auto&& u = autodiff::without_lets<N>(l);
  auto&& e = autodiff::cut(u);
  using E = std::remove_cvref_t<decltype(e)>;
  if constexpr (autodiff::is_value<E>) {
    return E(e);
  } else if constexpr (!std::is_lvalue_reference_v<decltype(autodiff::cut(u))>) {
    return autodiff::recorded<N, E>(static_cast<E&&>(e));
  } else if constexpr (!std::is_lvalue_reference_v<decltype(autodiff::without_lets<N>(l))>) {
    return autodiff::recorded<N, E>(static_cast<E&&>(u));
  } else if constexpr (!std::is_lvalue_reference_v<decltype(autodiff::lifted<N>(x))>) {
    return autodiff::recorded<N, E>(static_cast<E&&>(l));
  } else {
    return autodiff::recorded<N, E>(E(e));
  }
}

// What reshape gives: of a parameter a parameter, so that it stays its value beside plain tensors.
template <class T, auto S, int N, std::size_t R>
auto reshaped(tracked<T, S, N> const& x, std::array<index_t, R> const& sizes) {
  return tracked<T, static_cast<int>(R), N>(reshaped(x.value, sizes),
                                            autodiff::reshaped_slot<T, static_cast<int>(R), N>(x.from, x.sizes()));
}
template <class T, auto S, std::size_t R>
auto reshaped(models::parameter<T, S> const& p, std::array<index_t, R> const& sizes) {
  models::parameter<T, static_cast<int>(R)> result(reshaped(p.value, sizes));
  result.frozen = p.frozen;
  result.from.set(autodiff::reshaped_slot<T, static_cast<int>(R), 1>(p.from, p.sizes()), p.from.order());
  return result;
}

// The number that a rank-0 expression of order n >= 1 is.
template <class E>
element_t<E> tracked_number(E const& e) {
  expr::each_leaf(e, [](auto const& leaf) {
    if constexpr (requires { leaf.from; })
      if (autodiff::recording(leaf.from)) [[unlikely]]
        fail<autograd_error>(
            "a tracked value becomes a number, and its gradient would be lost: use the tensor itself, or say so with "
            "detach(x)");
  });
  return number_of(autodiff::settle<false>{}(e));
}

// The plain tensor: nothing that is computed from it leads back.
template <expression X>
[[nodiscard]] WEFT_INLINE auto detach(X const& x) {
  return eval(autodiff::settle<false>{}(stored(x)));
}

// The same value as a constant, of the same order.
template <expression X>
[[nodiscard]] WEFT_INLINE auto stop_gradient(X const& x) {
  return autodiff::raised<order_of<X>>(detach(x));
}

template <class T, auto S, int N, class E>
void become_tracked(tracked<T, S, N>& to, E const& e) {
  static_assert(order_of<E> <= N, "weft: a value of a higher order becomes one of a lower order only through detach");
  if constexpr (!std::is_same_v<element_t<E>, T>)
    become_tracked(to, cast<T>(e));
  else
    to = autodiff::raised<N>(autodiff::respelled<S>(eval(e)));
}
template <class T, auto S, int N, class E>
void update_tracked(tracked<T, S, N>& to, E const& e) {
  static_assert(holds<T, element_t<E>>,
                "weft: this would narrow the tensor's elements or change their kind: use cast<T>");
  static_assert(dims_of<E>.rank == to_shape(S).rank, "weft: update: the value has more axes than where it goes");
  auto const own = to.sizes(), given = e.sizes();
  if (own != given)
    fail_shapes("update", own.data(), to_shape(S).rank, given.data(), to_shape(S).rank,
                "differ: the tensor keeps its shape");
  become_tracked(to, e);
}

}  // namespace WEFT_ISA
}  // namespace weft
