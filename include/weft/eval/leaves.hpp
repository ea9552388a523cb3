// Walks over the leaves of an expression: how many of them hold a buffer, how many bytes they are.
#pragma once
#include <weft/expr/contract.hpp>
#include <weft/expr/let.hpp>
#include <weft/expr/reduce.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace engine {

template <class Node>
struct children {
  template <class F>
  WEFT_INLINE static constexpr void each(Node const& n, F const& f) {
    f(n);  // a leaf
  }
};
// f(leaf) for each leaf, from left to right.
template <class Node, class F>
WEFT_INLINE constexpr void each_leaf(Node const& n, F const& f) {
  children<Node>::each(n, f);
}
template <class Op, class A>
struct children<expr::map<Op, A>> {
  template <class F>
  WEFT_INLINE static constexpr void each(expr::map<Op, A> const& n, F const& f) {
    children<A>::each(n.a, f);
  }
};
template <class Op, class A, class B>
struct children<expr::map<Op, A, B>> {
  template <class F>
  WEFT_INLINE static constexpr void each(expr::map<Op, A, B> const& n, F const& f) {
    children<A>::each(n.a, f);
    children<B>::each(n.b, f);
  }
};
template <class Op, class A, class B, class C>
struct children<expr::map<Op, A, B, C>> {
  template <class F>
  WEFT_INLINE static constexpr void each(expr::map<Op, A, B, C> const& n, F const& f) {
    children<A>::each(n.a, f);
    children<B>::each(n.b, f);
    children<C>::each(n.c, f);
  }
};
template <class Op, unsigned Mask, class A>
struct children<expr::reduce<Op, Mask, A>> {
  template <class F>
  WEFT_INLINE static constexpr void each(expr::reduce<Op, Mask, A> const& n, F const& f) {
    children<A>::each(n.a, f);
  }
};
template <unsigned Mask, class A>
struct children<expr::squeeze_node<Mask, A>> {
  template <class F>
  WEFT_INLINE static constexpr void each(expr::squeeze_node<Mask, A> const& n, F const& f) {
    children<A>::each(n.a, f);
  }
};
template <class A, weft::shape D>
struct children<expr::view<A, D>> {
  template <class F>
  WEFT_INLINE static constexpr void each(expr::view<A, D> const& n, F const& f) {
    children<A>::each(n.a, f);
  }
};
template <class A, class B>
struct children<expr::contract<A, B>> {
  template <class F>
  WEFT_INLINE static constexpr void each(expr::contract<A, B> const& n, F const& f) {
    children<A>::each(n.a, f);
    children<B>::each(n.b, f);
  }
};
template <class Id, class D, class B>
struct children<expr::let_node<Id, D, B>> {
  template <class F>
  WEFT_INLINE static constexpr void each(expr::let_node<Id, D, B> const& n, F const& f) {
    children<D>::each(n.definition, f);
    children<B>::each(n.body, f);
  }
};

struct counts_holders {
  storage const& buffer;
  long& n;
  template <class Leaf>
  WEFT_INLINE void operator()(Leaf const& leaf) const {
    if constexpr (requires { leaf.items().buffer; })
      if (leaf.items().buffer == buffer) ++n;
  }
};
// How often the expression holds this buffer. An expression that is nothing but a tensor is the user's own variable:
// what it holds is not the statement's.
template <class E>
WEFT_INLINE long holders_in(E const& e, storage const& buffer) {
  long n = 0;
  if constexpr (!requires { e.items().buffer; }) children<E>::each(e, counts_holders{buffer, n});
  return n;
}
// The same of what the statement was given. A variable keeps what it holds when the statement has ended, so that none
// of it may be written to.
template <class E>
WEFT_INLINE long holders_in(E const& e, owner whose, storage const& buffer) {
  return whose == owner::statement ? holders_in(e, buffer) : 0;
}

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft
