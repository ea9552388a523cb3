// Work: what a pass over a row does besides giving values: it adds up reductions and stores let definitions.
//
// `work_of<P, N>(cursor, r, names)` collects the work of pass P below a cursor; a pass without any is `no_work`.
// A long row is cut into blocks of `block` elements; the accumulators of the blocks are joined pairwise, in an order
// that depends on the length of the row alone.
#pragma once
#include <weft/eval/bind.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace engine {

inline constexpr index_t block = 8192;  // elements added up before their sum is put aside
inline constexpr int unroll = 4;        // packs in flight, each with accumulators of its own

// Joins the accumulators of blocks as they come: like a binary counter, so that every sum is of equal parts.
template <class Accumulator>
struct counter {
  Accumulator level[40];
  index_t blocks = 0;
  WEFT_INLINE void push(Accumulator a) {
    index_t n = blocks++;
    int l = 0;
    for (; n & 1; n >>= 1, ++l) {
      level[l].join(a);
      a = level[l];
    }
    level[l] = a;
  }
  WEFT_INLINE Accumulator joined() {
    Accumulator a;
    a.clear();
    bool any = false;
    index_t n = blocks;
    for (int l = 0; n; n >>= 1, ++l)
      if (n & 1) {
        if (any) {
          level[l].join(a);
          a = level[l];
        } else {
          a = level[l];
          any = true;
        }
      }
    return a;
  }
};

struct no_work {
  static constexpr bool any = false;
};

template <class X, class Y>
struct both {
  static constexpr bool any = true;
  X x;
  Y y;
  WEFT_INLINE void clear() {
    x.clear();
    y.clear();
  }
  template <class P, class C>
  WEFT_INLINE void run(int u, index_t i, P part, C const& cells) {
    x.run(u, i, part, cells);
    y.run(u, i, part, cells);
  }
  WEFT_INLINE void flush(index_t b) {
    x.flush(b);
    y.flush(b);
  }
  WEFT_INLINE void share(arena_scope& s, index_t blocks) {
    x.share(s, blocks);
    y.share(s, blocks);
  }
  WEFT_INLINE void collect(index_t blocks) {
    x.collect(blocks);
    y.collect(blocks);
  }
  template <class Cursor>
  WEFT_INLINE void finish(index_t n) {
    x.template finish<Cursor>(n);
    y.template finish<Cursor>(n);
  }
};
template <class X, class Y>
WEFT_INLINE auto join_work(X const& x, Y const& y) {
  if constexpr (!X::any)
    return y;
  else if constexpr (!Y::any)
    return x;
  else
    return both<X, Y>{x, y};
}

template <class Op, class T, int N, class Line>
struct reduce_work {
  static constexpr bool any = true;
  using compute = typename Op::template compute<T>;
  using packed = std::conditional_t<std::is_same_v<compute, bool>, uint8, compute>;
  using accumulator = typename Op::template accumulator<packed, N>;
  Line line;
  typename Op::template result<T>* result;
  accumulator sum[unroll];
  accumulator* shared = nullptr;  // (blocks): where threads leave what their blocks gave
  counter<accumulator> done;

  WEFT_INLINE reduce_work(Line const& l, typename Op::template result<T>* r) : line(l), result(r) {}
  WEFT_INLINE reduce_work(reduce_work const& o) : line(o.line), result(o.result), shared(o.shared) {}

  WEFT_INLINE void clear() {
    for (int u = 0; u < unroll; ++u) sum[u].clear();
  }
  template <class C>
  WEFT_INLINE void run(int u, index_t i, full p, C const& cells) {
    sum[u].add(as<packed>(line.load(i, p, cells)), i);
  }
  template <class C>
  WEFT_INLINE void run(int u, index_t i, first p, C const& cells) {
    sum[u].add(as<packed>(line.load(i, p, cells)), i, p.n);
  }
  WEFT_INLINE void flush(index_t b) {
    sum[0].join(sum[1]);
    sum[2].join(sum[3]);
    sum[0].join(sum[2]);
    if (shared)
      shared[b] = sum[0];
    else
      done.push(sum[0]);
  }
  WEFT_INLINE void share(arena_scope& s, index_t blocks) { shared = s.take<accumulator>(blocks); }
  WEFT_INLINE void collect(index_t blocks) {
    for (index_t b = 0; b < blocks; ++b) done.push(shared[b]);
  }
  template <class Cursor>
  WEFT_INLINE void finish(index_t n) {
    auto const total = done.blocks == 1 ? done.level[0].total(n) : done.joined().total(n);
    *result = static_cast<typename Op::template result<T>>(total);
  }
};

template <class Id, class Line, class T, int N, bool Store, class Body>
struct let_work {
  static constexpr bool any = true;
  Line line;
  T* row;
  Body body;
  WEFT_INLINE void clear() {
    if constexpr (Body::any) body.clear();
  }
  template <class P, class C>
  WEFT_INLINE void run(int u, index_t i, P part, C const& outer) {
    auto const v = line.load(i, part, outer);
    if constexpr (Store) {
      if constexpr (std::is_same_v<P, full>)
        as<T>(v).store(row + i);
      else
        as<T>(v).store_partial(row + i, part.n);
    }
    if constexpr (Body::any) body.run(u, i, part, cells<Id, std::remove_const_t<decltype(v)>, C>{v, outer});
  }
  WEFT_INLINE void flush(index_t b) {
    if constexpr (Body::any) body.flush(b);
  }
  WEFT_INLINE void share(arena_scope& s, index_t blocks) {
    if constexpr (Body::any) body.share(s, blocks);
  }
  WEFT_INLINE void collect(index_t blocks) {
    if constexpr (Body::any) body.collect(blocks);
  }
  template <class Cursor>
  WEFT_INLINE void finish(index_t n) {
    if constexpr (Body::any) body.template finish<Cursor>(n);
  }
};

// -- collecting ------------------------------------------------------------------------------------------------
// `Last` is the last pass of the program: definitions are stored only for passes to come.

template <int P, int N, int Last, class E, class Cursor>
WEFT_INLINE auto work_of(Cursor& c, index_t r, E const& e);

template <class Cursor>
struct work_in {
  template <int P, int N, int Last, class E>
  WEFT_INLINE static no_work make(Cursor&, index_t, E const&) {
    return {};
  }
};
template <int P, int N, int Last, class E, class Cursor>
WEFT_INLINE auto work_of(Cursor& c, index_t r, E const& e) {
  return work_in<Cursor>::template make<P, N, Last>(c, r, e);
}

template <class Op, class A>
struct work_in<mapped<Op, A>> {
  template <int P, int N, int Last, class E>
  WEFT_INLINE static auto make(mapped<Op, A>& c, index_t r, E const& e) {
    return work_of<P, N, Last>(c.a, r, e);
  }
};
template <class Op, class A, class B>
struct work_in<mapped<Op, A, B>> {
  template <int P, int N, int Last, class E>
  WEFT_INLINE static auto make(mapped<Op, A, B>& c, index_t r, E const& e) {
    return join_work(work_of<P, N, Last>(c.a, r, e), work_of<P, N, Last>(c.b, r, e));
  }
};
template <class Op, class A, class B, class C>
struct work_in<mapped<Op, A, B, C>> {
  template <int P, int N, int Last, class E>
  WEFT_INLINE static auto make(mapped<Op, A, B, C>& c, index_t r, E const& e) {
    return join_work(join_work(work_of<P, N, Last>(c.a, r, e), work_of<P, N, Last>(c.b, r, e)),
                     work_of<P, N, Last>(c.c, r, e));
  }
};
template <class Op, class T, class A>
struct work_in<row_reduce<Op, T, A>> {
  template <int P, int N, int Last, class E>
  WEFT_INLINE static auto make(row_reduce<Op, T, A>& c, index_t r, E const& e) {
    if constexpr (P < A::avail) {
      return work_of<P, N, Last>(c.a, r, e);
    } else if constexpr (P == A::avail) {
      auto line = c.a.template line<P, N>(r, e);
      return join_work(work_of<P, N, Last>(c.a, r, e),
                       reduce_work<Op, T, N, decltype(line)>(line, &c.value));
    } else {
      return no_work{};
    }
  }
};
template <class Id, class D, class B>
struct work_in<named<Id, D, B>> {
  using cursor = named<Id, D, B>;
  template <int P, int N, int Last, class E>
  WEFT_INLINE static auto make(cursor& c, index_t r, E const& e) {
    place_of<Id, cursor, E> const inner{c, e};
    auto body = work_of<P, N, Last>(c.body, r, inner);
    auto below = work_of<P, N, Last>(c.definition, r, e);
    if constexpr (P == cursor::ready && !D::row_constant) {
      constexpr bool store = Last > P && !cursor::again;
      if constexpr (store || decltype(body)::any) {
        auto line = c.definition.template line<P, N>(r, e);
        return join_work(below, let_work<Id, decltype(line), typename cursor::row_type, N, store, decltype(body)>{
                                    line, c.row, body});
      } else {
        return below;
      }
    } else {
      return join_work(below, body);
    }
  }
};

// Elements [from, to) of a row; `from` is the start of a block.
template <int N, class W>
WEFT_INLINE void sweep(W& w, index_t from, index_t to) {
  for (index_t b = from; b < to || (b == 0 && to == 0); b += block) {
    index_t const stop = b + block < to ? b + block : to;
    w.clear();
    index_t i = b;
    for (; i + unroll * N <= stop; i += unroll * N) {
      w.run(0, i, full{}, no_cells{});
      w.run(1, i + N, full{}, no_cells{});
      w.run(2, i + 2 * N, full{}, no_cells{});
      w.run(3, i + 3 * N, full{}, no_cells{});
    }
    for (; i + N <= stop; i += N) w.run(0, i, full{}, no_cells{});
    if (i < stop) w.run(0, i, first{static_cast<int>(stop - i)}, no_cells{});
    w.flush(b / block);
    if (to == 0) break;
  }
}

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft
