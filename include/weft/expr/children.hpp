// How a node takes its operands and holds them: as its members a, b and c.
//
// A number becomes a `constant` of the type it takes beside the others, a tensor a handle, and an unnamed node moves in.
//
// Trees grow from the leaves, so a node moves once for each that is above it. Member for member that would take the
// handles of all its leaves again each time, and would destroy them wherever an operator may throw. A node of more than
// two handles is relocated instead: its bytes are copied, and what is left behind forgets that it has anything to destroy.
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

// How many handles there are to let go of. (What is no map counts as one, whatever it holds.)
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

template <class X>
WEFT_INLINE void check_life(X const& x) {
  if constexpr (WEFT_CHECKS && requires { x.alive; })
    if (!x.alive) [[unlikely]]
      fail_moved_from();
}
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
    check_life(x);
    relocate(to, x);
  } else {
    ::new (static_cast<void*>(&to)) A(own<T>(static_cast<X&&>(x)));
  }
}

template <class A>
struct slot_a {
  union {
    A a;
  };
  WEFT_INLINE slot_a() {}
  WEFT_INLINE ~slot_a() {}
  WEFT_INLINE A& operand() { return a; }
  WEFT_INLINE A const& operand() const { return a; }
};
template <class B>
struct slot_b {
  union {
    B b;
  };
  WEFT_INLINE slot_b() {}
  WEFT_INLINE ~slot_b() {}
  WEFT_INLINE B& operand() { return b; }
  WEFT_INLINE B const& operand() const { return b; }
};
template <class C>
struct slot_c {
  union {
    C c;
  };
  WEFT_INLINE slot_c() {}
  WEFT_INLINE ~slot_c() {}
  WEFT_INLINE C& operand() { return c; }
  WEFT_INLINE C const& operand() const { return c; }
};

// Operands whose lives are in `alive`: it is the last member, so that relocating a node touches no padding in which
// something else may lie.
template <class... S>
struct slots : S... {
  index_t alive = 1;

  template <class T, class... X>
  WEFT_INLINE slots(beside<T>, X&&... x) {
    (check_life(x), ...);  // before anything was taken
    (take<T>(S::operand(), static_cast<X&&>(x)), ...);
  }
  WEFT_INLINE slots(slots const& o) : S()... {
    check_life(o);
    (copy(S::operand(), static_cast<S const&>(o).operand()), ...);
  }
  WEFT_INLINE slots(slots&& o) noexcept : S()... { relocate(*this, o); }
  WEFT_INLINE slots& operator=(slots const& o) { return replace(slots(o)); }
  WEFT_INLINE slots& operator=(slots&& o) noexcept { return replace(slots(static_cast<slots&&>(o))); }
  WEFT_INLINE ~slots() {
    if (alive) end_children(*this);
  }
  WEFT_INLINE void end() { (end(S::operand()), ...); }

 private:
  template <class K>
  WEFT_INLINE static void copy(K& to, K const& from) {
    ::new (static_cast<void*>(&to)) K(from);
  }
  template <class K>
  WEFT_INLINE static void end(K& k) {
    k.~K();
  }
  // What comes may have been a part of what goes.
  WEFT_INLINE slots& replace(slots&& o) noexcept {
    if (alive) end_children(*this);
    relocate(*this, o);
    return *this;
  }
};

template <class A>
struct children<true, A> : slots<slot_a<A>> {
  static constexpr int handles = handles_of<A>();
  using slots<slot_a<A>>::slots;
};
template <class A, class B>
struct children<true, A, B> : slots<slot_a<A>, slot_b<B>> {
  static constexpr int handles = handles_of<A>() + handles_of<B>();
  using slots<slot_a<A>, slot_b<B>>::slots;
};
template <class A, class B, class C>
struct children<true, A, B, C> : slots<slot_a<A>, slot_b<B>, slot_c<C>> {
  static constexpr int handles = handles_of<A>() + handles_of<B>() + handles_of<C>();
  using slots<slot_a<A>, slot_b<B>, slot_c<C>>::slots;
};
template <class... K>
using children_of = children<((handles_of<K>() + ...) > few_handles), K...>;

}  // namespace expr
}  // namespace WEFT_ISA
}  // namespace weft
