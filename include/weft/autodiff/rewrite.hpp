// Trees made anew with other leaves: how a statement gets from what the user wrote to what is recorded.
//
//   lifted<N>(e)     parameters become tracked leaves of order N, buffers their tensors
//   stripped<N>(e)   leaves of order N become their values: the statement one order below
//   settled(e)       plain: parameters and buffers become their tensors
//   home<N>(e)       the tape that records a statement of order N, or none
#pragma once
#include <weft/engine/assign.hpp>
#include <weft/autodiff/tracked.hpp>
#include <weft/models/buffer.hpp>
#include <weft/models/parameter.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace autodiff {

using expr::facts_of;
using expr::kid;
using expr::kid_t;

// -- one order below ---------------------------------------------------------------------------------------------

template <int N>
struct strip {
  template <class E>
  auto operator()(E const& e) const {
    if constexpr (facts_of<E>.below.order < N)
      return e;
    else
      return expr::rebuilt(e, *this);
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

[[noreturn, gnu::cold, gnu::noinline]] inline void fail_inner() {
  fail<autograd_error>(
      "a parameter is being differentiated by an inner transform, and meets values of an outer one alone: pass "
      "them as arguments of the inner function");
}

// `Flows`: a gradient could come through here.
template <bool Check, bool Flows = true>
struct settle {
  template <class E>
  auto operator()(E const& e) const {
    if constexpr (!facts_of<E>.below.settles && facts_of<E>.below.order == 0)
      return e;
    else if constexpr (Flows && kind_of_type<element_t<E>> != kind::floating)
      return expr::rebuilt(e, settle<Check, false>{});
    else
      return expr::rebuilt(e, *this);
  }
  template <class T, auto S>
  auto operator()(models::parameter<T, S> const& p) const {
    if constexpr (Check && Flows)
      if (find(p.from)) [[unlikely]]
        fail_captured();
    return p.value;
  }
  template <class T, auto S>
  auto operator()(models::buffer<T, S> const& b) const {
    return b.value;
  }
  template <class T, auto S, int N>
  auto operator()(tracked<T, S, N> const& e) const {
    return plain(e);
  }
};

// -- parameters as tracked leaves --------------------------------------------------------------------------------

template <int N, class T, auto S>
auto lifted_parameter(models::parameter<T, S> const& p) {
  if constexpr (N == 0)
    return p.value;
  else
    return tracked<T, S, N>(lifted_parameter<N - 1>(p), p.from.order() == N ? slot(p.from) : slot{});
}
template <int N>
struct lift {
  template <class E>
  auto operator()(E const& e) const {
    if constexpr (!facts_of<E>.below.settles)
      return e;
    else
      return expr::rebuilt(e, *this);
  }
  template <class T, auto S>
  auto operator()(models::parameter<T, S> const& p) const {
    if (p.from.order() > N && find(p.from)) [[unlikely]]
      fail_inner();
    return lifted_parameter<N>(p);
  }
  template <class T, auto S>
  auto operator()(models::buffer<T, S> const& b) const {
    return b.value;
  }
};
// A reference where nothing changes.
template <int N, class E>
decltype(auto) lifted(E const& e) {
  if constexpr (!facts_of<E>.below.settles)
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
  expr::each_leaf(e, [&found](auto const& leaf) {
    using L = std::remove_cvref_t<decltype(leaf)>;
    if constexpr (is_tracked<L>) {
      if constexpr (L::own.order == N) {
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

}  // namespace autodiff

// Of order 0, for the engine: a plain tree.
template <class E>
auto settled(E const& e) {
  return autodiff::settle<true>{}(e);
}

}  // namespace WEFT_ISA
}  // namespace weft
