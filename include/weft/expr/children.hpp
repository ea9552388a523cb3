// How a node takes its operands and holds them: as its members a, b and c.
//
// A number becomes a `constant` of the type it takes beside the others, a tensor a handle, and an unnamed node moves in.
//
// Trees grow from the leaves, so a node moves once for each that is above it. Member for member that would take the
// handles of all its leaves again each time, and would destroy them wherever an operator may throw. A node that holds
// handles is relocated instead: its bytes are copied, and what is left behind forgets that it has anything to destroy.
// Precondition of every child: it holds no pointer into itself.
#pragma once
#include <weft/expr/node.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace expr {

// A number as an operand: rank 0, known to be the same everywhere.
template <class T>
struct constant : described<constant<T>, T, weft::shape{}> {
  T value;
  WEFT_INLINE constexpr constant(T v) : value(v) {}
  WEFT_INLINE constexpr extents<0> sizes() const { return {}; }
};

template <class X>
struct number {
  using type = X;
};
template <class T>
struct number<element_ref<T>> {
  using type = T;
};

// The element type that decides what the literals beside it become.
template <class... X>
struct strong;
template <class X, class... Rest>
struct strong<X, Rest...> {
  template <class Y>
  static constexpr auto pick() {
    using rest = strong<Rest...>;
    if constexpr (!expression<X>)
      return rest::template pick<Y>();
    else if constexpr (std::is_void_v<Y>)
      return rest::template pick<element_t<X>>();
    else
      return rest::template pick<promote_t<Y, element_t<X>>>();
  }
};
template <>
struct strong<> {
  template <class Y>
  static constexpr std::type_identity<Y> pick() {
    return {};
  }
};
template <class... X>
using strong_t = typename decltype(strong<std::remove_cvref_t<X>...>::template pick<void>())::type;

// An operand as a node holds it: what has no other owner is moved in.
template <class T, class X>
WEFT_INLINE constexpr auto own(X&& x) {
  using plain = std::remove_cvref_t<X>;
  if constexpr (!expression<plain>) {
    using N = typename number<plain>::type;
    return constant<weak_t<N, T>>(static_cast<weak_t<N, T>>(static_cast<N>(x)));
  } else if constexpr (std::is_same_v<plain, stored_t<plain>>) {
    return plain(static_cast<X&&>(x));
  } else if constexpr (std::is_same_v<plain, X>) {
    return stored_t<plain>(static_cast<stored_t<plain>&&>(x));  // an unnamed place: its handle is moved
  } else {
    return stored_t<plain>(stored(x));
  }
}
template <class T, class X>
using own_t = decltype(own<T>(std::declval<X>()));

// Says which element type decides, and that operands come as the user gave them.
template <class T>
struct beside {};

// How many handles there are to let go of.
template <class X>
constexpr int handles_of() {
  if constexpr (std::is_trivially_destructible_v<X>)
    return 0;
  else if constexpr (requires { X::handles; })
    return X::handles;
  else
    return 1;
}
inline constexpr int few_handles = 2;  // are moved one by one: the compiler keeps track of them

// A node's operands. `Relocated`: there are more than a few handles among them.
template <bool Relocated, class... K>
struct children;

template <class A>
struct children<false, A> {
  static constexpr int handles = handles_of<A>();
  A a;
  template <class T, class X>
  WEFT_INLINE constexpr children(beside<T>, X&& x) : a(own<T>(static_cast<X&&>(x))) {}
};
template <class A, class B>
struct children<false, A, B> {
  static constexpr int handles = handles_of<A>() + handles_of<B>();
  A a;
  B b;
  template <class T, class X, class Y>
  WEFT_INLINE constexpr children(beside<T>, X&& x, Y&& y)
      : a(own<T>(static_cast<X&&>(x))), b(own<T>(static_cast<Y&&>(y))) {}
};
template <class A, class B, class C>
struct children<false, A, B, C> {
  static constexpr int handles = handles_of<A>() + handles_of<B>() + handles_of<C>();
  A a;
  B b;
  C c;
  template <class T, class X, class Y, class Z>
  WEFT_INLINE constexpr children(beside<T>, X&& x, Y&& y, Z&& z)
      : a(own<T>(static_cast<X&&>(x))), b(own<T>(static_cast<Y&&>(y))), c(own<T>(static_cast<Z&&>(z))) {}
};

// -- relocated ---------------------------------------------------------------------------------------------------

// Whether what is in the unions is to be destroyed: not where it was left behind.
struct life {
  index_t alive = 1;

  WEFT_INLINE life() = default;
  WEFT_INLINE life(life const& o) { o.check(); }
  WEFT_INLINE void check() const {
    if (WEFT_CHECKS && !alive) fail<error>("an expression is used after it was moved from");
  }
};
// The bytes of a node, or of its operands, which its source has then no more.
template <class K>
WEFT_INLINE void relocate(K& to, K& from) noexcept {
  __builtin_memcpy(static_cast<void*>(&to), static_cast<void const*>(&from), sizeof(K));
  from.alive = 0;
}
template <class K>
[[gnu::noinline]] void end_children(K& k) noexcept {
  k.end();
}
// Builds an operand in its union.
template <class T, class A, class X>
WEFT_INLINE void take(A& to, X&& x) {
  if constexpr (std::is_same_v<A, X> && requires { x.alive; }) {
    x.check();
    relocate(to, x);
  } else {
    ::new (static_cast<void*>(&to)) A(own<T>(static_cast<X&&>(x)));
  }
}

template <class A>
struct children<true, A> : life {
  static constexpr int handles = handles_of<A>();
  union {
    A a;
  };
  template <class T, class X>
  WEFT_INLINE children(beside<T>, X&& x) {
    take<T>(a, static_cast<X&&>(x));
  }
  WEFT_INLINE children(children const& o) : life(o), a(o.a) {}
  WEFT_INLINE children(children&& o) noexcept { relocate(*this, o); }
  WEFT_INLINE ~children() {
    if (alive) end_children(*this);
  }
  WEFT_INLINE void end() { a.~A(); }
};
template <class A, class B>
struct children<true, A, B> : life {
  static constexpr int handles = handles_of<A>() + handles_of<B>();
  union {
    A a;
  };
  union {
    B b;
  };
  template <class T, class X, class Y>
  WEFT_INLINE children(beside<T>, X&& x, Y&& y) {
    take<T>(a, static_cast<X&&>(x));
    take<T>(b, static_cast<Y&&>(y));
  }
  WEFT_INLINE children(children const& o) : life(o), a(o.a), b(o.b) {}
  WEFT_INLINE children(children&& o) noexcept { relocate(*this, o); }
  WEFT_INLINE ~children() {
    if (alive) end_children(*this);
  }
  WEFT_INLINE void end() {
    b.~B();
    a.~A();
  }
};
template <class A, class B, class C>
struct children<true, A, B, C> : life {
  static constexpr int handles = handles_of<A>() + handles_of<B>() + handles_of<C>();
  union {
    A a;
  };
  union {
    B b;
  };
  union {
    C c;
  };
  template <class T, class X, class Y, class Z>
  WEFT_INLINE children(beside<T>, X&& x, Y&& y, Z&& z) {
    take<T>(a, static_cast<X&&>(x));
    take<T>(b, static_cast<Y&&>(y));
    take<T>(c, static_cast<Z&&>(z));
  }
  WEFT_INLINE children(children const& o) : life(o), a(o.a), b(o.b), c(o.c) {}
  WEFT_INLINE children(children&& o) noexcept { relocate(*this, o); }
  WEFT_INLINE ~children() {
    if (alive) end_children(*this);
  }
  WEFT_INLINE void end() {
    c.~C();
    b.~B();
    a.~A();
  }
};
template <class... K>
using children_of = children<((handles_of<K>() + ...) > few_handles), K...>;

}  // namespace expr
}  // namespace WEFT_ISA
}  // namespace weft
