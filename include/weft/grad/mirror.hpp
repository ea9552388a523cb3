// The mirror of a statement's tree: for each pack of elements, forward and back in registers.
//
//   forward   leaves in a `state`, which has the tree's form, the packs that rules read, and no others
//   reverse   walks back: each node asks its rule what its operands get, each leaf stores or adds
//
// A mirror is woven over a frame like the engine's cursors, whose loads it uses; subtrees without anything tracked
// are cursors. Views only change strides. Reductions and products are edges: their value, if it is needed, was
// evaluated before, their cotangent is gathered in a tensor and pushed on after the sweep.
//
#pragma once
#include <weft/grad/rewrite.hpp>
#include <weft/grad/sink.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace reverse {

// -- rules on packs ----------------------------------------------------------------------------------------------

// A pack, or a mask, that poses as a number.
template <class T, class V>
struct held : described<held<T, V>, T, weft::shape{}> {
  V v;
  WEFT_INLINE explicit held(V x) : v(x) {}
  WEFT_INLINE constexpr extents<0> sizes() const { return {}; }
};
template <class T, class V>
struct held_line {
  using type = T;
  V v;
  template <class P, class C>
  WEFT_INLINE V load(index_t, P, C const&) const {
    return v;
  }
};
template <int N, class T, class V>
WEFT_INLINE held_line<T, V> now_line(held<T, V> const& e) {
  return {e.v};
}
template <int N, class T>
WEFT_INLINE auto now_line(expr::constant<T> const& e) {
  return engine::splat_line<T, pack<T, N>, false>{pack<T, N>(e.value)};
}
template <int N, class Op, class A>
WEFT_INLINE auto now_line(map<Op, A> const& e) {
  return engine::line_of<Op>(now_line<N>(e.a));
}
template <int N, class Op, class A, class B>
WEFT_INLINE auto now_line(map<Op, A, B> const& e) {
  return engine::line_of<Op>(now_line<N>(e.a), now_line<N>(e.b));
}
template <int N, class Op, class A, class B, class C>
WEFT_INLINE auto now_line(map<Op, A, B, C> const& e) {
  return engine::line_of<Op>(now_line<N>(e.a), now_line<N>(e.b), now_line<N>(e.c));
}
// What a rule's expression is, as a pack of T.
template <class T, int N, class E>
WEFT_INLINE pack<T, N> now(E const& e) {
  return as<T>(now_line<N>(e).load(0, full{}, no_cells{}));
}

// The value in a state as a rule's argument; only asked about where it was not computed.
template <role R, class T, class S>
WEFT_INLINE auto posed(S const& s) {
  if constexpr (requires { s.y; })
    return held<T, std::remove_cvref_t<decltype(s.y)>>(s.y);
  else
    return asked<R, T>();
}

// -- nodes ---------------------------------------------------------------------------------------------------------
// Each says how wide its types are, how many leaves of the engine, results of its own, sinks and numbers are below, and
// has collect (the sinks), enter (a tile, as cursors do), connect, settle (after the sweep), give and take (the numbers
// that a task added up) and line<N>(r). A line has
// `state`, forward, reverse, and finish for the end of a row.

struct nothing {
  static constexpr int width = 1, leaves = 0, kept = 0, sinks = 0, numbers = 0;
  struct line_type {
    struct state {};
    template <class P>
    WEFT_INLINE void forward(state&, index_t, P) const {}
    template <class G, class P>
    WEFT_INLINE void reverse(state const&, G const&, index_t, P) {}
    template <class M>
    WEFT_INLINE void finish(M&) const {}
  };
  WEFT_INLINE void collect(sink**&) {}
  WEFT_INLINE void enter(spot const*&) {}
  WEFT_INLINE void connect(wiring&) {}
  WEFT_INLINE void settle(tape&) {}
  WEFT_INLINE void give(double*&) const {}
  WEFT_INLINE void take(double const*&) {}
  template <int N>
  WEFT_INLINE line_type line(index_t) const {
    return {};
  }
};

// A subtree of which only the value is needed.
template <class C>
struct still {
  static constexpr int width = C::width, leaves = C::leaves, kept = C::kept, sinks = 0, numbers = 0;
  C c;
  template <class L>
  struct line_type {
    struct state {
      decltype(std::declval<L const&>().load(0, full{}, no_cells{})) y;
    };
    L l;
    template <class P>
    WEFT_INLINE void forward(state& s, index_t i, P part) const {
      if constexpr (requires { l.p; }) fetch_ahead<0>(l.p + i);
      s.y = l.load(i, part, no_cells{});
    }
    template <class G, class P>
    WEFT_INLINE void reverse(state const&, G const&, index_t, P) {}
    template <class M>
    WEFT_INLINE void finish(M&) const {}
  };
  WEFT_INLINE void collect(sink**&) {}
  WEFT_INLINE void enter(spot const*& s) { c.enter(s); }
  WEFT_INLINE void connect(wiring&) {}
  WEFT_INLINE void settle(tape&) {}
  WEFT_INLINE void give(double*&) const {}
  WEFT_INLINE void take(double const*&) {}
  template <int N>
  WEFT_INLINE auto line(index_t r) const {
    auto l = c.template line<0, N>(r, no_names{});
    return line_type<decltype(l)>{l};
  }
};

template <class L, class T, int N>
struct leaf_line {
  using state = typename L::state;
  L l;
  sink_line<T, N> out;
  template <class P>
  WEFT_INLINE void forward(state& s, index_t i, P part) const {
    l.forward(s, i, part);
  }
  template <class G, class P>
  WEFT_INLINE void reverse(state const&, G const& g, index_t i, P part) {
    out.put(i, g.v, part);
  }
  template <class M>
  WEFT_INLINE void finish(M&) const {}
};

// A tracked leaf. `V`: still<...> where its value is needed, or nothing.
template <class T, int R, class V>
struct leaf {
  static constexpr int width = engine::larger(int(sizeof(T)), V::width), leaves = V::leaves;
  static constexpr int kept = V::kept, sinks = 1, numbers = 0;
  V value;
  sink out;
  slot from;
  extents<R> ext;

  WEFT_INLINE void collect(sink**& s) { *s++ = &out; }
  WEFT_INLINE void enter(spot const*& s) { value.enter(s); }
  void connect(wiring& w);
  WEFT_INLINE void settle(tape&) {}
  WEFT_INLINE void give(double*&) const {}
  WEFT_INLINE void take(double const*&) {}
  template <int N>
  WEFT_INLINE auto line(index_t r) const {
    auto l = value.template line<N>(r);
    return leaf_line<decltype(l), T, N>{l, line_into<T, N>(out, r)};
  }
};

// A tracked number: its cotangent adds up in a register.
template <class T, class V>
struct number_leaf {
  static constexpr int width = engine::larger(int(sizeof(T)), V::width), leaves = V::leaves;
  static constexpr int kept = V::kept, sinks = 0, numbers = 1;
  V value;
  slot from;
  double total = 0;

  template <class L, int N>
  struct line_type {
    using state = typename L::state;
    L l;
    pack<T, N> sum;
    template <class P>
    WEFT_INLINE void forward(state& s, index_t i, P part) const {
      l.forward(s, i, part);
    }
    template <class G>
    WEFT_INLINE void reverse(state const&, G const& g, index_t, full) {
      sum = sum + as<T>(g.v);
    }
    template <class G>
    WEFT_INLINE void reverse(state const&, G const& g, index_t, first part) {
      sum = expr::fold::first_lanes(sum + as<T>(g.v), sum, part.n);
    }
    WEFT_INLINE void finish(number_leaf& m) const { m.total += static_cast<double>(simd::reduce_add(sum)); }
  };
  WEFT_INLINE void collect(sink**&) {}
  WEFT_INLINE void enter(spot const*& s) { value.enter(s); }
  WEFT_INLINE void connect(wiring&) {}
  void settle(tape& t);
  WEFT_INLINE void give(double*& to) const { *to++ = total; }
  WEFT_INLINE void take(double const*& of) { total += *of++; }
  template <int N>
  WEFT_INLINE auto line(index_t r) const {
    auto l = value.template line<N>(r);
    return line_type<decltype(l), N>{l, pack<T, N>(T(0))};
  }
};

// A reduction or a product. `E` stands in the record.
template <class E, class V>
struct edge {
  using T = element_t<E>;
  static constexpr int R = E::dims.rank;
  static constexpr int width = engine::larger(int(sizeof(T)), V::width), leaves = V::leaves;
  static constexpr int kept = V::kept, sinks = 1, numbers = 0;
  V value;
  E const& node;
  sink out{};
  tensor<T, R> cotangent{};
  extents<R> ext{};

  WEFT_INLINE void collect(sink**& s) { *s++ = &out; }
  WEFT_INLINE void enter(spot const*& s) { value.enter(s); }
  void connect(wiring& w);
  void settle(tape& t);
  WEFT_INLINE void give(double*&) const {}
  WEFT_INLINE void take(double const*&) {}
  template <int N>
  WEFT_INLINE auto line(index_t r) const {
    auto l = value.template line<N>(r);
    return leaf_line<decltype(l), T, N>{l, line_into<T, N>(out, r)};
  }
};

// Does anything below want a cotangent?
template <class M>
inline constexpr bool is_on = true;
template <>
inline constexpr bool is_on<nothing> = false;
template <class C>
inline constexpr bool is_on<still<C>> = false;

// How a map node comes by its own value: not at all (nothing), computed here, or from the tape (still<...>).
struct computed : nothing {};

template <class T, class TA, class TB = void, class TC = void>
struct types {
  using y = T;
  using a = TA;
  using b = TB;
  using c = TC;
  static constexpr int operands = std::is_void_v<TB> ? 1 : std::is_void_v<TC> ? 2 : 3;
};

template <class Op, class Types, class Y, class A, class B, class C>
struct back {
  static constexpr int width = engine::larger(engine::larger(int(sizeof(typename Types::y)), Y::width),
                                              engine::larger(A::width, engine::larger(B::width, C::width)));
  static constexpr int leaves = Y::leaves + A::leaves + B::leaves + C::leaves;
  static constexpr int kept = Y::kept + A::kept + B::kept + C::kept;
  static constexpr int sinks = A::sinks + B::sinks + C::sinks;
  static constexpr int numbers = A::numbers + B::numbers + C::numbers;
  Y value;
  A a;
  B b;
  C c;

  template <int N, class YL, class AL, class BL, class CL>
  struct line_type {
    YL l;
    AL a;
    BL b;
    CL c;

    struct without {
      typename AL::state a;
      typename BL::state b;
      typename CL::state c;
    };
    static WEFT_INLINE auto compute(without const& s) {
      if constexpr (Types::operands == 1)
        return engine::apply<Op, typename Types::a>(s.a.y);
      else if constexpr (Types::operands == 2)
        return engine::apply<Op, typename Types::a, typename Types::b>(s.a.y, s.b.y);
      else
        return engine::apply<Op, typename Types::a, typename Types::b, typename Types::c>(s.a.y, s.b.y, s.c.y);
    }
    template <class X>
    struct with : without {
      X y;
    };
    static auto state_of() {
      if constexpr (std::is_same_v<Y, nothing>)
        return std::type_identity<without>();
      else if constexpr (std::is_same_v<Y, computed>)
        return std::type_identity<with<decltype(compute(std::declval<without const&>()))>>();
      else
        return std::type_identity<with<decltype(YL::state::y)>>();
    }
    using state = typename decltype(state_of())::type;

    template <class P>
    WEFT_INLINE void forward(state& s, index_t i, P part) const {
      a.forward(s.a, i, part);
      b.forward(s.b, i, part);
      c.forward(s.c, i, part);
      if constexpr (std::is_same_v<Y, computed>) {
        s.y = compute(s);
      } else if constexpr (!std::is_same_v<Y, nothing>) {
        typename YL::state k;
        l.forward(k, i, part);
        s.y = k.y;
      }
    }
    template <int I, class T, class L, class S, class G, class P>
    WEFT_INLINE static void pass(L& to, S const& to_state, state const& s, G const& g, index_t i, P part) {
      auto const y = posed<role::y, typename Types::y>(s);
      auto const va = posed<role::a, typename Types::a>(s.a);
      pack<T, N> v;
      if constexpr (Types::operands == 1) {
        v = now<T, N>(pulled<Op, I>(g, y, va));
      } else {
        auto const vb = posed<role::b, typename Types::b>(s.b);
        if constexpr (Types::operands == 2)
          v = now<T, N>(pulled<Op, I>(g, y, va, vb));
        else
          v = now<T, N>(pulled<Op, I>(g, y, va, vb, posed<role::c, typename Types::c>(s.c)));
      }
      to.reverse(to_state, held<T, pack<T, N>>(v), i, part);
    }
    template <class G, class P>
    WEFT_INLINE void reverse(state const& s, G const& g, index_t i, P part) {
      if constexpr (is_on<A>) pass<0, typename Types::a>(a, s.a, s, g, i, part);
      if constexpr (is_on<B>) pass<1, typename Types::b>(b, s.b, s, g, i, part);
      if constexpr (is_on<C>) pass<2, typename Types::c>(c, s.c, s, g, i, part);
    }
    WEFT_INLINE void finish(back& m) const {
      a.finish(m.a);
      b.finish(m.b);
      c.finish(m.c);
    }
  };
  WEFT_INLINE void give(double*& to) const {
    a.give(to);
    b.give(to);
    c.give(to);
  }
  WEFT_INLINE void take(double const*& of) {
    a.take(of);
    b.take(of);
    c.take(of);
  }
  WEFT_INLINE void collect(sink**& s) {
    a.collect(s);
    b.collect(s);
    c.collect(s);
  }
  WEFT_INLINE void enter(spot const*& s) {
    value.enter(s);
    a.enter(s);
    b.enter(s);
    c.enter(s);
  }
  WEFT_INLINE void connect(wiring& w) {
    a.connect(w);
    b.connect(w);
    c.connect(w);
  }
  WEFT_INLINE void settle(tape& t) {
    a.settle(t);
    b.settle(t);
    c.settle(t);
  }
  template <int N>
  WEFT_INLINE auto line(index_t r) const {
    auto yl = value.template line<N>(r);
    auto al = a.template line<N>(r);
    auto bl = b.template line<N>(r);
    auto cl = c.template line<N>(r);
    return line_type<N, decltype(yl), decltype(al), decltype(bl), decltype(cl)>{yl, al, bl, cl};
  }
};

}  // namespace reverse
}  // namespace WEFT_ISA
}  // namespace weft
