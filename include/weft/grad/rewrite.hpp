// Trees made anew with other leaves: how a statement gets from what the user wrote to what is recorded.
//
//   lifted<N>(e)     parameters become tracked leaves of order N, buffers their tensors
//   stripped<N>(e)   leaves of order N become their values: the statement one order below
//   settled(e)       plain: parameters and buffers become their tensors
//   home<N>(e)       the tape that records a statement of order N, or none
#pragma once
#include <weft/eval/leaves.hpp>
#include <weft/grad/rules.hpp>
#include <weft/nn/buffer.hpp>
#include <weft/nn/parameter.hpp>

#include <memory>

namespace weft {
inline namespace WEFT_ISA {
namespace reverse {

using expr::cell;
using expr::contract;
using expr::leaves_of;
using expr::let_node;
using expr::reduce;
using expr::squeeze_node;
using expr::view;

// -- one node with f applied to its children ---------------------------------------------------------------------

template <class F, class A>
using changed = std::remove_cvref_t<decltype(std::declval<F const&>()(std::declval<A const&>()))>;

template <class Op, class A, class F>
auto rebuilt(map<Op, A> const& e, F const& f) {
  return map<Op, changed<F, A>>{f(e.a)};
}
template <class Op, class A, class B, class F>
auto rebuilt(map<Op, A, B> const& e, F const& f) {
  return map<Op, changed<F, A>, changed<F, B>>{f(e.a), f(e.b)};
}
template <class Op, class A, class B, class C, class F>
auto rebuilt(map<Op, A, B, C> const& e, F const& f) {
  return map<Op, changed<F, A>, changed<F, B>, changed<F, C>>{f(e.a), f(e.b), f(e.c)};
}
template <class Op, unsigned Mask, class A, class F>
auto rebuilt(reduce<Op, Mask, A> const& e, F const& f) {
  return reduce<Op, Mask, changed<F, A>>(f(e.a));
}
template <class A, weft::shape D, class F>
auto rebuilt(view<A, D> const& e, F const& f) {
  return view<changed<F, A>, D>(f(e.a), e.ext, e.from);
}
template <unsigned Mask, class A, class F>
auto rebuilt(squeeze_node<Mask, A> const& e, F const& f) {
  return squeeze_node<Mask, changed<F, A>>(f(e.a));
}
template <class A, class B, class F>
auto rebuilt(contract<A, B> const& e, F const& f) {
  return contract<changed<F, A>, changed<F, B>>{f(e.a), f(e.b)};
}
template <class Id, class D, class B, class F>
auto rebuilt(let_node<Id, D, B> const& e, F const& f) {
  return let_node<Id, changed<F, D>, changed<F, B>>{f(e.definition), f(e.body)};
}

// -- one order below ---------------------------------------------------------------------------------------------

template <int N>
struct strip {
  template <class E>
  auto operator()(E const& e) const {
    if constexpr (leaves_of<E>.order < N)
      return e;
    else
      return rebuilt(e, *this);
  }
  template <class T, auto S, int M>
  auto operator()(tracked<T, S, M> const& e) const {
    if constexpr (M < N)
      return e;
    else
      return e.value;
  }
};
template <int N, class E>
auto stripped(E const& e) {
  return strip<N>{}(e);
}

// -- plain -------------------------------------------------------------------------------------------------------

[[noreturn, gnu::cold, gnu::noinline]] inline void fail_captured() {
  fail<autograd_error>(
      "a parameter meets plain data while its gradient is being computed: pass the data as an argument of the "
      "differentiated function, and use stop_gradient(x) instead of detach(x) for what was computed inside");
}

// `Flows`: a gradient could come through here.
template <bool Check, bool Flows = true>
struct settle {
  template <class E>
  auto operator()(E const& e) const {
    if constexpr (!leaves_of<E>.settles && leaves_of<E>.order == 0)
      return e;
    else if constexpr (Flows && kind_of_type<element_t<E>> != kind::floating)
      return rebuilt(e, settle<Check, false>{});
    else
      return rebuilt(e, *this);
  }
  template <class T, auto S>
  auto operator()(nn::parameter<T, S> const& p) const {
    if constexpr (Check && Flows)
      if (find(p.from)) [[unlikely]]
        fail_captured();
    return p.value;
  }
  template <class T, auto S>
  auto operator()(nn::buffer<T, S> const& b) const {
    return b.value;
  }
  template <class T, auto S, int N>
  auto operator()(tracked<T, S, N> const& e) const {
    return plain(e);
  }
};

// -- parameters as tracked leaves --------------------------------------------------------------------------------

template <int N, class T, auto S>
auto lifted_parameter(nn::parameter<T, S> const& p) {
  if constexpr (N == 0)
    return p.value;
  else
    return tracked<T, S, N>(lifted_parameter<N - 1>(p), p.from.order() == N ? slot(p.from) : slot{});
}

// A let with something tracked, or a parameter, becomes a statement and what is done with its value.
template <class E>
inline constexpr bool has_let = false;
template <class Op, class A>
inline constexpr bool has_let<map<Op, A>> = has_let<A>;
template <class Op, class A, class B>
inline constexpr bool has_let<map<Op, A, B>> = has_let<A> || has_let<B>;
template <class Op, class A, class B, class C>
inline constexpr bool has_let<map<Op, A, B, C>> = has_let<A> || has_let<B> || has_let<C>;
template <class Op, unsigned Mask, class A>
inline constexpr bool has_let<reduce<Op, Mask, A>> = has_let<A>;
template <class A, weft::shape D>
inline constexpr bool has_let<view<A, D>> = has_let<A>;
template <unsigned Mask, class A>
inline constexpr bool has_let<squeeze_node<Mask, A>> = has_let<A>;
template <class A, class B>
inline constexpr bool has_let<contract<A, B>> = has_let<A> || has_let<B>;
template <class Id, class D, class B>
inline constexpr bool has_let<let_node<Id, D, B>> =
    leaves_of<let_node<Id, D, B>>.order > 0 || leaves_of<let_node<Id, D, B>>.settles;

template <class Id, class V>
struct named_value {
  V const& value;
  template <class E>
  auto operator()(E const& e) const {
    if constexpr (expr::is_leaf<E> || !requires { rebuilt(e, *this); })
      return e;
    else
      return rebuilt(e, *this);
  }
  template <class T, weft::shape D, int Row>
  auto operator()(cell<Id, T, D, Row> const&) const {
    return value;
  }
};

template <int N>
struct lift {
  template <class E>
  auto operator()(E const& e) const {
    if constexpr (!leaves_of<E>.settles && !has_let<E>)
      return e;
    else
      return rebuilt(e, *this);
  }
  template <class Id, class D, class B>
  auto operator()(let_node<Id, D, B> const& e) const {
    if constexpr (!has_let<let_node<Id, D, B>>) {
      return e;
    } else {
      auto const value = eval((*this)(e.definition));
      return (*this)(named_value<Id, std::remove_const_t<decltype(value)>>{value}(e.body));
    }
  }
  template <class T, auto S>
  auto operator()(nn::parameter<T, S> const& p) const {
    if (p.from.order() > N && find(p.from)) [[unlikely]]
      fail<autograd_error>(
          "a parameter is being differentiated by an inner transform, and meets values of an outer one alone: pass "
          "them as arguments of the inner function");
    return lifted_parameter<N>(p);
  }
  template <class T, auto S>
  auto operator()(nn::buffer<T, S> const& b) const {
    return b.value;
  }
};
// A reference where nothing changes.
template <int N, class E>
decltype(auto) lifted(E const& e) {
  if constexpr (!leaves_of<E>.settles && !has_let<E>)
    return (e);
  else
    return lift<N>{}(e);
}

// -- the tape of a statement -------------------------------------------------------------------------------------

[[noreturn, gnu::cold, gnu::noinline]] inline void fail_two_tapes() {
  fail<autograd_error>(
      "a statement has values of two transforms of the same order: pass the outer one's value to the inner function "
      "as an argument, so that it is lifted");
}

template <int N, class E>
tape* home(E const& e) {
  tape* found = nullptr;
  engine::each_leaf(e, [&found](auto const& leaf) {
    using L = std::remove_cvref_t<decltype(leaf)>;
    if constexpr (is_tracked<L>) {
      if constexpr (leaves_of<L>.order == N) {
        if (tape* const t = recording(leaf.from)) {
          if (found && found != t) [[unlikely]]
            fail_two_tapes();
          found = t;
        }
      }
    }
  });
  return found;
}

}  // namespace reverse

// Of order 0, for the engine: a plain tree.
template <class E>
auto settled(E const& e) {
  return reverse::settle<true>{}(e);
}

}  // namespace WEFT_ISA
}  // namespace weft
