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

// A work has
//   sums             accumulators of one block, a local value of the loop: four named ones each, so that they stay in
//                    registers
//   totals           what blocks gave so far, for rows of more than one block
//   start()          empty sums
//   run<U>(sums, i, part, cells)   elements [i, i + N), into accumulator U
//   single(sums, n)  the row was one block: the results
//   flush(sums, totals, b), finish(totals, n)   the same for several
//   share, collect   blocks added up by several threads, joined by one
struct no_work {
  static constexpr bool any = false;
  struct sums {};
  struct totals {};
};

template <class X, class Y>
struct both {
  static constexpr bool any = true;
  X x;
  Y y;
  struct sums {
    typename X::sums x;
    typename Y::sums y;
  };
  struct totals {
    typename X::totals x;
    typename Y::totals y;
  };
  WEFT_INLINE sums start() const { return {x.start(), y.start()}; }
  template <int U, class P, class C>
  WEFT_INLINE void run(sums& s, index_t i, P part, C const& cells) const {
    x.template run<U>(s.x, i, part, cells);
    y.template run<U>(s.y, i, part, cells);
  }
  WEFT_INLINE void single(sums& s, index_t n) const {
    x.single(s.x, n);
    y.single(s.y, n);
  }
  WEFT_INLINE void flush(sums& s, totals& t, index_t b) const {
    x.flush(s.x, t.x, b);
    y.flush(s.y, t.y, b);
  }
  WEFT_INLINE void share(arena_scope& s, index_t blocks) {
    x.share(s, blocks);
    y.share(s, blocks);
  }
  WEFT_INLINE void collect(totals& t, index_t blocks) const {
    x.collect(t.x, blocks);
    y.collect(t.y, blocks);
  }
  WEFT_INLINE void finish(totals& t, index_t n) const {
    x.finish(t.x, n);
    y.finish(t.y, n);
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
  using result_type = typename Op::template result<T>;
  struct sums {
    accumulator a, b, c, d;
    template <int U>
    WEFT_INLINE accumulator& get() {
      if constexpr (U == 0) return a;
      else if constexpr (U == 1) return b;
      else if constexpr (U == 2) return c;
      else return d;
    }
    WEFT_INLINE accumulator joined() {
      a.join(b);
      c.join(d);
      a.join(c);
      return a;
    }
  };
  using totals = counter<accumulator>;

  Line line;
  result_type* result;
  accumulator* shared = nullptr;  // (blocks): where threads leave what their blocks gave

  WEFT_INLINE sums start() const {
    sums s;
    s.a.clear();
    s.b.clear();
    s.c.clear();
    s.d.clear();
    return s;
  }
  template <int U, class C>
  WEFT_INLINE void run(sums& s, index_t i, full p, C const& cells) const {
    s.template get<U>().add(as<packed>(line.load(i, p, cells)), i);
  }
  template <int U, class C>
  WEFT_INLINE void run(sums& s, index_t i, first p, C const& cells) const {
    s.template get<U>().add(as<packed>(line.load(i, p, cells)), i, p.n);
  }
  WEFT_INLINE void single(sums& s, index_t n) const { *result = static_cast<result_type>(s.joined().total(n)); }
  WEFT_INLINE void flush(sums& s, totals& t, index_t b) const {
    if (shared)
      shared[b] = s.joined();
    else
      t.push(s.joined());
  }
  WEFT_INLINE void share(arena_scope& s, index_t blocks) { shared = s.take<accumulator>(blocks); }
  WEFT_INLINE void collect(totals& t, index_t blocks) const {
    for (index_t b = 0; b < blocks; ++b) t.push(shared[b]);
  }
  WEFT_INLINE void finish(totals& t, index_t n) const { *result = static_cast<result_type>(t.joined().total(n)); }
};

template <class Id, class Line, class T, int N, bool Store, class Body>
struct let_work {
  static constexpr bool any = true;
  using sums = typename Body::sums;
  using totals = typename Body::totals;
  Line line;
  T* row;
  Body body;
  WEFT_INLINE sums start() const {
    if constexpr (Body::any)
      return body.start();
    else
      return {};
  }
  template <int U, class P, class C>
  WEFT_INLINE void run(sums& s, index_t i, P part, C const& outer) const {
    auto const v = line.load(i, part, outer);
    if constexpr (Store) {
      if constexpr (std::is_same_v<P, full>)
        as<T>(v).store(row + i);
      else
        as<T>(v).store_partial(row + i, part.n);
    }
    if constexpr (Body::any) body.template run<U>(s, i, part, cells<Id, std::remove_const_t<decltype(v)>, C>{v, outer});
  }
  WEFT_INLINE void single(sums& s, index_t n) const {
    if constexpr (Body::any) body.single(s, n);
  }
  WEFT_INLINE void flush(sums& s, totals& t, index_t b) const {
    if constexpr (Body::any) body.flush(s, t, b);
  }
  WEFT_INLINE void share(arena_scope& s, index_t blocks) {
    if constexpr (Body::any) body.share(s, blocks);
  }
  WEFT_INLINE void collect(totals& t, index_t blocks) const {
    if constexpr (Body::any) body.collect(t, blocks);
  }
  WEFT_INLINE void finish(totals& t, index_t n) const {
    if constexpr (Body::any) body.finish(t, n);
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
                       reduce_work<Op, T, N, decltype(line)>{line, &c.value});
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

// One block, elements [from, to).
template <int N, class W>
WEFT_INLINE typename W::sums sweep_block(W const& w, index_t from, index_t to) {
  auto s = w.start();
  index_t i = from;
  for (; i + unroll * N <= to; i += unroll * N) {
    w.template run<0>(s, i, full{}, no_cells{});
    w.template run<1>(s, i + N, full{}, no_cells{});
    w.template run<2>(s, i + 2 * N, full{}, no_cells{});
    w.template run<3>(s, i + 3 * N, full{}, no_cells{});
  }
  for (; i + N <= to; i += N) w.template run<0>(s, i, full{}, no_cells{});
  if (i < to) w.template run<0>(s, i, first{static_cast<int>(to - i)}, no_cells{});
  return s;
}
// Elements [from, to) of a row; `from` is the start of a block.
template <int N, class W>
[[gnu::noinline]] void sweep_blocks(W const& w, typename W::totals& t, index_t from, index_t to) {
  for (index_t b = from; b < to; b += block) {
    auto s = sweep_block<N>(w, b, b + block < to ? b + block : to);
    w.flush(s, t, b / block);
  }
}

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft
