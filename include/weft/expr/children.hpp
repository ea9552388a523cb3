// How a node takes its operands and holds them: as its members a, b and c.
//
// A number becomes a `constant` of the type it takes beside the others, a tensor a handle, an unnamed node moves in.
//
// Trees grow from the leaves, so a node moves once for each that is above it. Member for member that would take the
// handles of all its leaves again each time, and would destroy them wherever an operator may throw. A node of more than
// two handles is relocated instead: its bytes are copied, and what is left behind has nothing to destroy any more.
// Precondition of every child: it holds no pointer into itself.
#pragma once
#include <weft/expr/node.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace expr {

// A number as an operand: rank 0, known to be the same everywhere.
template <class T>
struct constant : described<constant<T>, T, weft::shape{}> {
  static constexpr weft::role role = weft::role::number;
  static constexpr int arity = 0;
  T value;
  WEFT_INLINE constexpr constant(T v) : value(v) {}
  WEFT_INLINE constexpr extents<0> sizes() const { return {}; }
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

// What an operand is inside a node; `T`: the element type that decides what a literal becomes.
template <class T, class X, bool Expression>
struct held_as {
  using type = stored_t<X>;
};
template <class T, class X>
struct held_as<T, X, false> {
  using type = constant<weak_t<typename detail::number_type<X>::type, T>>;
};
template <class T, class X>
using own_t = typename held_as<T, std::remove_cvref_t<X>, expression<X>>::type;

// The operand itself: what has no other owner is moved in.
template <class A, class X>
WEFT_INLINE constexpr A own(X&& x) {
  using plain = std::remove_cvref_t<X>;
  if constexpr (!expression<plain>)
    return A(exactly<element_t<A>>(x));
  else if constexpr (std::is_same_v<plain, A>)
    return A(static_cast<X&&>(x));
  else if constexpr (std::is_same_v<plain, X>)
    return A(static_cast<A&&>(x));  // an unnamed place: its handle is moved
  else
    return A(stored(x));
}

// Says that operands come as the user gave them.
struct given {};

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

// What may be wrong with a number is found before any operand is taken: one that was given up is then still whole.
template <class A, class X>
WEFT_ALWAYS_INLINE constexpr void check_number(X const& x) {
  if constexpr (!expression<X>) (void)exactly<element_t<A>>(x);
}

// A node's operands. `Relocated`: there are more than a few handles among them.
template <bool Relocated, class... K>
struct children;

template <class A>
struct children<false, A> {
  static constexpr int handles = handles_of<A>();
  A a;
  template <class X>
  WEFT_INLINE constexpr children(given, X&& x) : a(own<A>(static_cast<X&&>(x))) {}
};
template <class A, class B>
struct children<false, A, B> {
  static constexpr int handles = handles_of<A>() + handles_of<B>();
  A a;
  B b;
  template <class X, class Y>
  WEFT_INLINE constexpr children(given, X&& x, Y&& y)
      : a((check_number<B>(y), own<A>(static_cast<X&&>(x)))), b(own<B>(static_cast<Y&&>(y))) {}
};
template <class A, class B, class C>
struct children<false, A, B, C> {
  static constexpr int handles = handles_of<A>() + handles_of<B>() + handles_of<C>();
  A a;
  B b;
  C c;
  template <class X, class Y, class Z>
  WEFT_INLINE constexpr children(given, X&& x, Y&& y, Z&& z)
      : a((check_number<B>(y), check_number<C>(z), own<A>(static_cast<X&&>(x)))), b(own<B>(static_cast<Y&&>(y))),
        c(own<C>(static_cast<Z&&>(z))) {}
};

// -- relocated ---------------------------------------------------------------------------------------------------

// Each operand stands in a union, so that its life is nobody's but the node's: `alive`, the last member (relocating a
// node touches no padding in which something else may lie). One, two and three operands are written out: a common base
// would cost every program 1.6 % of the compile time of its statements, 7 % at -O0.

template <class X>
WEFT_INLINE void check_life(X const& x) {
  if constexpr (WEFT_CHECKS && requires { x.alive; })
    if (!x.alive) [[unlikely]]
      fail_moved_from();
}
// What may be wrong with an operand; asked of all of them before any is taken, since nobody ends what a node has begun.
template <class A, class X>
WEFT_INLINE void check_operand(X const& x) {
  if constexpr (expression<X>)
    check_life(x);
  else
    check_number<A>(x);
}
// to (bytes) = from (bytes), word by word. A node was stored in parts a moment ago: loads no wider than these have them at once, wider
// ones wait until all of them have reached the cache.
[[gnu::noinline]] inline void move_words(void* to, void const* from, std::size_t bytes) noexcept {
  for (std::size_t i = 0; i < bytes; i += 8) {
    std::uint64_t word;
    __builtin_memcpy(&word, static_cast<char const*>(from) + i, 8);
    asm("" : "+r"(word));  // else compilers make wider moves of it
    __builtin_memcpy(static_cast<char*>(to) + i, &word, 8);
  }
}
// The bytes of a node, or of its operands, which its source has then no more.
template <class K>
WEFT_INLINE void relocate(K& to, K& from) noexcept {
  static_assert(sizeof(K) % 8 == 0);
  move_words(&to, &from, sizeof(K));
  from.alive = 0;
}
// A copy of what was moved from is as dead: whoever uses it is told. (An error here would come while other operands of
// the same node have nobody to end them.)
template <class K>
WEFT_INLINE bool copy_remains(K& to, K const& from) noexcept {
  if (from.alive) [[likely]]
    return false;
  __builtin_memcpy(static_cast<void*>(&to), static_cast<void const*>(&from), sizeof(K));
  return true;
}
// Handles that begin and end out of line, once for each type of tensor instead of in each tree.
template <class A>
[[gnu::noinline]] void copy_handle(A& to, A const& from) noexcept {
  ::new (static_cast<void*>(&to)) A(from);
}
template <class A>
[[gnu::noinline]] void end_handle(A& a) noexcept {
  a.~A();
}
// Builds an operand in its union: from what the user gave, or from the operand of another node.
template <class A, class X>
WEFT_INLINE void build_operand(A& to, X&& x) {
  if constexpr (std::is_same_v<A, X> && requires { x.alive; })
    relocate(to, x);
  else if constexpr (std::is_same_v<A, std::remove_cvref_t<X>> && !std::is_same_v<A, X> &&
                     requires { x.items().buffer; })
    copy_handle(to, x);
  else
    ::new (static_cast<void*>(&to)) A(own<A>(static_cast<X&&>(x)));
}
template <class A>
WEFT_INLINE void copy_operand(A& to, A const& from) {
  ::new (static_cast<void*>(&to)) A(from);
}
template <class A>
WEFT_INLINE void end_operand(A& a) noexcept {
  if constexpr (requires { a.items().buffer; })
    end_handle(a);
  else
    a.~A();
}
// What comes may have been a part of what goes.
template <class K>
WEFT_INLINE K& replace(K& k, K&& by) noexcept {
  if (k.alive) K::end(k);
  relocate(k, by);
  return k;
}

template <class A>
struct children<true, A> {
  static constexpr int handles = handles_of<A>();
  union {
    A a;
  };
  index_t alive = 1;

  template <class X>
  WEFT_INLINE children(given, X&& x) {
    check_operand<A>(x);
    build_operand(a, static_cast<X&&>(x));
  }
  WEFT_INLINE children(children const& o) {
    if (copy_remains(*this, o)) return;
    copy_operand(a, o.a);
  }
  WEFT_INLINE children(children&& o) noexcept { relocate(*this, o); }
  WEFT_INLINE children& operator=(children const& o) { return replace(*this, children(o)); }
  WEFT_INLINE children& operator=(children&& o) noexcept {
    return replace(*this, children(static_cast<children&&>(o)));
  }
  WEFT_INLINE ~children() {
    if (alive) end(*this);
  }
  [[gnu::noinline]] static void end(children& k) noexcept { end_operand(k.a); }
};
template <class A, class B>
struct children<true, A, B> {
  static constexpr int handles = handles_of<A>() + handles_of<B>();
  union {
    A a;
  };
  union {
    B b;
  };
  index_t alive = 1;

  template <class X, class Y>
  WEFT_INLINE children(given, X&& x, Y&& y) {
    check_operand<A>(x);
    check_operand<B>(y);
    build_operand(a, static_cast<X&&>(x));
    build_operand(b, static_cast<Y&&>(y));
  }
  WEFT_INLINE children(children const& o) {
    if (copy_remains(*this, o)) return;
    copy_operand(a, o.a);
    copy_operand(b, o.b);
  }
  WEFT_INLINE children(children&& o) noexcept { relocate(*this, o); }
  WEFT_INLINE children& operator=(children const& o) { return replace(*this, children(o)); }
  WEFT_INLINE children& operator=(children&& o) noexcept {
    return replace(*this, children(static_cast<children&&>(o)));
  }
  WEFT_INLINE ~children() {
    if (alive) end(*this);
  }
  [[gnu::noinline]] static void end(children& k) noexcept {
    end_operand(k.a);
    end_operand(k.b);
  }
};
template <class A, class B, class C>
struct children<true, A, B, C> {
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
  index_t alive = 1;

  template <class X, class Y, class Z>
  WEFT_INLINE children(given, X&& x, Y&& y, Z&& z) {
    check_operand<A>(x);
    check_operand<B>(y);
    check_operand<C>(z);
    build_operand(a, static_cast<X&&>(x));
    build_operand(b, static_cast<Y&&>(y));
    build_operand(c, static_cast<Z&&>(z));
  }
  WEFT_INLINE children(children const& o) {
    if (copy_remains(*this, o)) return;
    copy_operand(a, o.a);
    copy_operand(b, o.b);
    copy_operand(c, o.c);
  }
  WEFT_INLINE children(children&& o) noexcept { relocate(*this, o); }
  WEFT_INLINE children& operator=(children const& o) { return replace(*this, children(o)); }
  WEFT_INLINE children& operator=(children&& o) noexcept {
    return replace(*this, children(static_cast<children&&>(o)));
  }
  WEFT_INLINE ~children() {
    if (alive) end(*this);
  }
  [[gnu::noinline]] static void end(children& k) noexcept {
    end_operand(k.a);
    end_operand(k.b);
    end_operand(k.c);
  }
};
template <class... K>
using children_of = children<((handles_of<K>() + ...) > few_handles), K...>;

}  // namespace expr
}  // namespace WEFT_ISA
}  // namespace weft
