// The mirror of a statement's tree: for each pack of elements, forward and back in registers.
//
//   forward   leaves in a `state`, which has the tree's form, the packs that rules read, and no others
//   reverse   walks back: each node asks its rule what its operands get, each leaf stores or adds
//
// A mirror is woven over a frame like the engine's cursors, whose loads it uses; subtrees without anything tracked
// are cursors. Views only change strides. Reductions and products are edges: their value, if it is needed, was
// evaluated before, their cotangent is gathered in a tensor and pushed on after the sweep.
//
// A cotangent's memory is reached as the value's would be, with the same strides in the domain (`sink`). Where rows
// are not dense, or several elements of the domain meet in one, tiles of it go through scratch.
#pragma once
#include <weft/eval/bind.hpp>
#include <weft/grad/rewrite.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace reverse {

using engine::as;
using engine::axis_map;
using engine::first;
using engine::frame;
using engine::full;
using engine::leaf_strides;
using engine::no_cells;
using engine::no_names;
using engine::region;
using simd::pack;

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

// -- where a cotangent goes --------------------------------------------------------------------------------------

template <class T, int N>
WEFT_INLINE void put_pack(T* p, pack<T, N> v, bool adds, full) {
  if (adds) v = pack<T, N>::load(p) + v;
  v.store(p);
}
template <class T, int N>
WEFT_INLINE void put_pack(T* p, pack<T, N> v, bool adds, first part) {
  if (adds) v = pack<T, N>::load_partial(p, part.n) + v;
  v.store_partial(p, part.n);
}

struct sink;

// The sinks of a sweep that store into memory where nothing was before.
struct wiring {
  // A dense buffer over the domain that is not needed once each of its elements was read.
  struct spare_buffer {
    storage const* buffer = nullptr;
    dtype type{};
  };
  static constexpr int room = 16;
  tape& t;
  frame const& f;
  spare_buffer spare{};
  sink* storing[room]{};
  int count = 0;
};

// Without its type, so that what is done once a tile is compiled once.
struct sink : leaf_strides {
  void* memory = nullptr;  // null: nobody asks
  index_t offset = 0;      // of the element for domain index 0
  index_t size = 0;        // of an element
  bool adds = false;
  bool tile_adds = false;
  void* scratch = nullptr;  // tile (rows, columns), or one row for all of them
  char* here = nullptr;
  index_t pitch = 0;
  void (*spill)(sink const& s, frame const& f, region const& t) = nullptr;

  // Every element of `elements` belongs to one of the domain, and to no other.
  bool covers(frame const& f, index_t elements) const {
    index_t n = 1;
    for (int d = 0; d < f.rank; ++d) {
      n *= f.ext[d];
      if (f.ext[d] != 1 && stride[d] == 0) return false;
    }
    return n == elements;
  }
  bool same_place(sink const& o, frame const& f) const {
    bool same = offset == o.offset;
    for (int d = 0; d < f.rank; ++d) same = same && (f.ext[d] == 1 || stride[d] == o.stride[d]);
    return same;
  }
  // `fresh`: the memory holds nothing yet.
  [[gnu::noinline]] void connect(wiring& w, void* to, index_t elements, bool fresh) {
    memory = to;
    adds = !fresh;
    if (fresh) {
      if (covers(w.f, elements) && w.count < wiring::room) {
        w.storing[w.count++] = this;
      } else {
        std::memset(memory, 0, static_cast<std::size_t>(elements * size));
        adds = true;
      }
      return;
    }
    // In each pack one that has the same places stores first; others would be overwritten.
    for (int i = 0; i < w.count; ++i) {
      sink& s = *w.storing[i];
      if (s.memory != memory || s.adds || s.same_place(*this, w.f)) continue;
      std::memset(memory, 0, static_cast<std::size_t>(elements * size));
      s.adds = true;
    }
  }

  bool strided(frame const& f) const { return memory && !dense_row(f); }
  // All rows of a tile meet in one.
  bool meets(frame const& f) const {
    return memory && f.row > 0 && stride[f.row - 1] == 0 && f.ext[f.row - 1] != 1;
  }
  // No two rows meet: tasks may share the work.
  bool exclusive(frame const& f) const {
    if (memory)
      for (int d = 0; d < f.row; ++d)
        if (stride[d] == 0 && f.ext[d] != 1) return false;
    return true;
  }
  char* row_at(frame const& f, region const& t, index_t r) const {
    index_t o = offset;
    for (int d = 0; d + 1 < f.row; ++d) o += t.outer[d] * stride[d];
    if (f.row > 0) o += (t.first + r) * stride[f.row - 1];
    return static_cast<char*>(memory) + o * size;
  }
};

// -- once a sweep or a tile, over all sinks ------------------------------------------------------------------------

[[gnu::noinline]] inline int row_axes(sink* const* s, int count, frame const& f) {
  int axes = f.rank;
  for (int i = 0; i < count; ++i) {
    int const k = s[i]->memory ? s[i]->dense_axes(f) : f.rank;
    if (k < axes) axes = k;
  }
  return axes;
}
struct tiling {
  bool staged = false;     // rows of some leaf go through scratch
  bool exclusive = true;   // tasks may share the rows
};
[[gnu::noinline]] inline tiling tiling_of(sink* const* s, int count, engine::leaf_handle const* leaf, int leaves,
                                          frame const& f) {
  tiling x;
  x.staged = engine::staging_of(leaf, leaves, f).any;
  for (int i = 0; i < count; ++i) {
    x.staged = x.staged || s[i]->strided(f);
    x.exclusive = x.exclusive && s[i]->exclusive(f);
  }
  return x;
}
[[gnu::noinline]] inline void prepare_sinks(sink* const* s, int count, frame const& f, arena_scope& scope,
                                            index_t rows, index_t columns) {
  for (int i = 0; i < count; ++i) {
    bool const strided = s[i]->strided(f);
    s[i]->scratch = strided || s[i]->meets(f) ? scope.take<char>((strided ? rows : 1) * columns * s[i]->size) : nullptr;
  }
}
[[gnu::noinline]] inline void enter_sinks(sink* const* all, int count, frame const& f, region const& t) {
  for (int i = 0; i < count; ++i) {
    sink& s = *all[i];
    if (!s.memory) continue;
    if (!s.scratch) {
      s.here = s.row_at(f, t, 0) + t.from * s.size;
      s.pitch = f.row > 0 ? s.stride[f.row - 1] : 0;
      s.tile_adds = s.adds;
    } else {
      bool const strided = s.strided(f);
      s.here = static_cast<char*>(s.scratch);
      s.pitch = strided ? t.columns : 0;
      s.tile_adds = !strided;
      if (!strided) std::memset(s.scratch, 0, static_cast<std::size_t>(t.columns * s.size));
    }
  }
}
[[gnu::noinline]] inline void leave_sinks(sink* const* s, int count, frame const& f, region const& t) {
  for (int i = 0; i < count; ++i)
    if (s[i]->memory && s[i]->scratch) s[i]->spill(*s[i], f, t);
}

// -- a tile in scratch back to where its elements belong -------------------------------------------------------------

template <class T>
T sum_of(T const* p, index_t n) {
  constexpr int N = simd::lanes<T>;
  pack<T, N> s(T(0));
  index_t i = 0;
  for (; i + N <= n; i += N) s = s + pack<T, N>::load(p + i);
  if (i < n) s = s + pack<T, N>::load_partial(p + i, static_cast<int>(n - i));
  return simd::reduce_add(s);
}
// row (columns) of several axes
template <class T>
void spill_row(sink const& s, frame const& f, region const& t, T* p, T const* row) {
  index_t at[max_rank] = {};
  index_t left = t.from;
  for (int d = f.rank - 1; d >= f.row; --d) {
    at[d] = left % f.ext[d];
    left /= f.ext[d];
  }
  for (index_t i = 0; i < t.columns; ++i) {
    index_t o = 0;
    for (int d = f.row; d < f.rank; ++d) o += at[d] * s.stride[d];
    p[o] = s.adds ? p[o] + row[i] : row[i];
    for (int d = f.rank - 1; d >= f.row; --d) {
      if (++at[d] < f.ext[d]) break;
      at[d] = 0;
    }
  }
}
template <class T>
[[gnu::noinline]] void spill_tile(sink const& s, frame const& f, region const& t) {
  T const* const scratch = static_cast<T const*>(s.scratch);
  if (!s.strided(f)) {
    T* const p = reinterpret_cast<T*>(s.row_at(f, t, 0)) + t.from;
    for (index_t i = 0; i < t.columns; ++i) p[i] += scratch[i];
    return;
  }
  bool constant = true;
  for (int d = f.row; d < f.rank; ++d) constant = constant && (s.stride[d] == 0 || f.ext[d] == 1);
  for (index_t r = 0; r < t.rows; ++r) {
    T* const p = reinterpret_cast<T*>(s.row_at(f, t, r));
    T const* const row = scratch + r * t.columns;
    if (constant) {
      *p += sum_of(row, t.columns);
    } else if (f.rank - f.row == 1) {
      index_t const step = s.stride[f.rank - 1];
      T* const to = p + t.from * step;
      if (s.adds)
        for (index_t i = 0; i < t.columns; ++i) to[i * step] += row[i];
      else
        for (index_t i = 0; i < t.columns; ++i) to[i * step] = row[i];
    } else {
      spill_row(s, f, t, p, row);
    }
  }
}
template <class T>
sink sink_of(index_t const* ext, int rank, frame const& f, axis_map const& m) {
  sink s;
  s.size = index_t(sizeof(T));
  s.spill = &spill_tile<T>;
  s.offset = engine::lay_out_dense(s, f, m, ext, rank);
  return s;
}

template <class T, int N>
struct sink_line {
  T* p;
  bool adds;
  template <class V, class P>
  WEFT_INLINE void put(index_t i, V v, P part) const {
    if (p) put_pack(p + i, as<T>(v), adds, part);
  }
};
template <class T, int N>
WEFT_INLINE sink_line<T, N> line_into(sink const& s, index_t r) {
  return {s.memory ? reinterpret_cast<T*>(s.here) + r * s.pitch : nullptr, s.tile_adds};
}

// -- nodes ---------------------------------------------------------------------------------------------------------
// Each says how wide its types are, how many leaves of the engine, sinks and numbers are below, and has collect,
// connect, settle (after the sweep), give and take (the numbers that a task added up) and line<N>(r). A line has
// `state`, forward, reverse, and finish for the end of a row.

struct nothing {
  static constexpr int width = 1, leaves = 0, sinks = 0, numbers = 0;
  struct line_type {
    struct state {};
    template <class P>
    WEFT_INLINE void forward(state&, index_t, P) const {}
    template <class G, class P>
    WEFT_INLINE void reverse(state const&, G const&, index_t, P) {}
    template <class M>
    WEFT_INLINE void finish(M&) const {}
  };
  WEFT_INLINE void collect(engine::leaf_handle*&, sink**&) {}
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
  static constexpr int width = C::width, leaves = C::leaves, sinks = 0, numbers = 0;
  C c;
  template <class L>
  struct line_type {
    struct state {
      decltype(std::declval<L const&>().load(0, full{}, no_cells{})) y;
    };
    L l;
    template <class P>
    WEFT_INLINE void forward(state& s, index_t i, P part) const {
      s.y = l.load(i, part, no_cells{});
    }
    template <class G, class P>
    WEFT_INLINE void reverse(state const&, G const&, index_t, P) {}
    template <class M>
    WEFT_INLINE void finish(M&) const {}
  };
  WEFT_INLINE void collect(engine::leaf_handle*& v, sink**&) { c.collect(v); }
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
  static constexpr int width = engine::larger(int(sizeof(T)), V::width), leaves = V::leaves, sinks = 1, numbers = 0;
  V value;
  sink out;
  slot from;
  extents<R> ext;

  WEFT_INLINE void collect(engine::leaf_handle*& v, sink**& s) {
    value.collect(v, s);
    *s++ = &out;
  }
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
  static constexpr int width = engine::larger(int(sizeof(T)), V::width), leaves = V::leaves, sinks = 0, numbers = 1;
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
  WEFT_INLINE void collect(engine::leaf_handle*& v, sink**& s) { value.collect(v, s); }
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
  static constexpr int width = engine::larger(int(sizeof(T)), V::width), leaves = V::leaves, sinks = 1, numbers = 0;
  V value;
  E const& node;
  sink out{};
  tensor<T, R> cotangent{};
  extents<R> ext{};

  WEFT_INLINE void collect(engine::leaf_handle*& v, sink**& s) {
    value.collect(v, s);
    *s++ = &out;
  }
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
  WEFT_INLINE void collect(engine::leaf_handle*& v, sink**& s) {
    value.collect(v, s);
    a.collect(v, s);
    b.collect(v, s);
    c.collect(v, s);
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
