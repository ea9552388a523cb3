// Kernels: the loops of one statement, instantiated once.
//
// A kernel runs the rows of one tile. For each it makes the passes that reductions and definitions need, then the last
// pass, which stores. A plain map is a program without passes before the last; an expression of one value a row has a
// last pass of one element. Tiles, threads and strides are nothing it knows of: they are the job's (eval/job.hpp).
#pragma once
#include <weft/core/threads.hpp>
#include <weft/eval/bind.hpp>
#include <weft/eval/job.hpp>
#include <weft/eval/work.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace engine {

// Where one row goes. `p` is dense: the destination itself, or scratch that the job scatters. `Map`: what is stored may
// be so large that it goes past the caches (a branch that is always foretold; a loop of its own would be compiled for
// nothing in most programs).
template <class T, bool Map>
struct row_place {
  T* p;
  bool past;
  template <class V>
  WEFT_INLINE void put(index_t i, V v, full) const {
    auto const x = as<T>(v);
    if constexpr (Map) {
      if (past) [[unlikely]]
        return x.stream(p + i);
    }
    x.store(p + i);
  }
  template <class V>
  WEFT_INLINE void put(index_t i, V v, first f) const {
    as<T>(v).store_partial(p + i, f.n);
  }
};

// The places of a statement's results: one, or several that share a sweep (eval/several.hpp).
template <class T>
struct one_result {
  static constexpr int width = sizeof(T);
  T* here;
  index_t pitch;
  bool past;
  WEFT_INLINE explicit one_result(outlet const*& o) : here(static_cast<T*>(o->here)), pitch(o->pitch), past(o->past) {
    ++o;
  }
  template <bool Map>
  WEFT_INLINE row_place<T, Map> row(index_t r) const {
    return {here + r * pitch, past};
  }
};

// out (n): the last pass of a row. The loop is written once and unrolled late, more where there is so little to do for a
// pack that counting is felt: compile time is a feature. `Cost`: of what the pass computes, or 0.
template <int N, int Cost, class Line, class Place>
WEFT_INLINE void store_row(Line const& line, Place const& out, index_t n) {
  index_t i = 0;
  if constexpr (Cost <= 8) {
    WEFT_UNROLL
    for (; i + N <= n; i += N) out.put(i, line.load(i, full{}, no_cells{}), full{});
  } else if constexpr (Cost <= 16) {
    WEFT_UNROLL_2
    for (; i + N <= n; i += N) out.put(i, line.load(i, full{}, no_cells{}), full{});
  } else {
    for (; i + N <= n; i += N) out.put(i, line.load(i, full{}, no_cells{}), full{});
  }
  if (i < n) {
    first const rest{static_cast<int>(n - i)};
    out.put(i, line.load(i, rest, no_cells{}), rest);
  }
}

// Passes [P, Last) of one row of n elements.
template <int P, int Last, int N, class Cursor>
WEFT_INLINE void run_passes(Cursor& c, index_t r, index_t n) {
  if constexpr (P < Last) {
    auto w = work_of<P, N, Last>(c, r, no_names{});
    if constexpr (decltype(w)::any) {
      if (n <= block) {
        auto s = sweep_block<N>(w, 0, n);
        w.single(s, n);
      } else {
        typename decltype(w)::totals t{};
        sweep_blocks<N>(w, t, 0, n);
        w.finish(t, n);
      }
    }
    run_passes<P + 1, Last, N>(c, r, n);
  }
}
// The same for one long row, each pass by several threads.
template <int P, int Last, int N, class Cursor>
void run_shared_passes(Cursor& c, index_t n) {
  if constexpr (P < Last) {
    auto w = work_of<P, N, Last>(c, 0, no_names{});
    if constexpr (decltype(w)::any) {
      constexpr index_t per_task = task_elements / block;
      index_t const blocks = (n + block - 1) / block;
      arena_scope scope;
      w.share(scope, blocks);
      parallel_for((blocks + per_task - 1) / per_task, [&](index_t task) {
        typename decltype(w)::totals none{};
        index_t const from = task * per_task * block, to = from + per_task * block;
        sweep_blocks<N>(w, none, from, to < n ? to : n);
      });
      typename decltype(w)::totals t{};
      w.collect(t, blocks);
      w.finish(t, n);
    }
    run_shared_passes<P + 1, Last, N>(c, n);
  }
}

template <class Cursor>
struct row_sink {
  template <class T>
  static WEFT_INLINE bool offer(Cursor&, T*) {
    return false;
  }
};
// The destination's row as the scratch of the first definition of its type.
template <class T, class Cursor>
WEFT_INLINE bool offer_row(Cursor& c, T* row) {
  return row_sink<Cursor>::offer(c, row);
}
template <class Op, class A>
struct row_sink<mapped<Op, A>> {
  template <class T>
  static WEFT_INLINE bool offer(mapped<Op, A>& c, T* row) {
    return offer_row(c.a, row);
  }
};
template <class Op, class A, class B>
struct row_sink<mapped<Op, A, B>> {
  template <class T>
  static WEFT_INLINE bool offer(mapped<Op, A, B>& c, T* row) {
    return offer_row(c.a, row) || offer_row(c.b, row);
  }
};
template <class Op, class T, class A>
struct row_sink<row_reduce<Op, T, A>> {
  template <class U>
  static WEFT_INLINE bool offer(row_reduce<Op, T, A>& c, U* row) {
    return offer_row(c.a, row);
  }
};
template <class Id, class D, class B>
struct row_sink<named<Id, D, B>> {
  template <class T>
  static WEFT_INLINE bool offer(named<Id, D, B>& c, T* row) {
    if constexpr (std::is_same_v<T, typename named<Id, D, B>::row_type>) {
      if (c.scratch) {
        c.row = row;
        return true;
      }
    }
    return offer_row(c.definition, row) || offer_row(c.body, row);
  }
};

// Lanes of an expression: as many as a register has of its widest type.
template <int Width>
inline constexpr int lanes_of_width = simd::lanes<std::conditional_t<
    Width == 8, double, std::conditional_t<Width == 4, float, std::conditional_t<Width == 2, int16, int8>>>>;

// All that the loop over rows needs is in local values. Vector stores may alias anything, so it would be read again
// for each row, and a load that shares the low bits of its address with one of the pending stores waits for it.
template <class Cursor, class Out>
[[gnu::noinline]] void run_program(void const* cursor, piece const& t) {
  constexpr int last = Cursor::avail;
  constexpr int N = lanes_of_width<larger(Cursor::width, Out::width)>;
  Cursor c = *static_cast<Cursor const*>(cursor);
  spot const* in = t.in;
  c.enter(in);
  outlet const* to = t.out;
  Out const out(to);
  index_t const rows = t.rows, columns = t.columns;
  [[maybe_unused]] bool const own_row = t.own_row;
  if constexpr (last > 0) {
    scratch_rows scratch{t.scratch, columns};
    c.template take_rows<last>(scratch);
  }
  for (index_t r = 0; r < rows; ++r) {
    auto const place = out.template row<last == 0>(r);
    if constexpr (last > 0) {
      if constexpr (requires { *place.p; })
        if (own_row) offer_row(c, place.p);
      run_passes<0, last, N>(c, r, columns);
    }
    store_row<N, (last > 0 ? 0 : Cursor::cost)>(c.template line<last, N>(r, no_names{}), place, columns);
  }
}

// One value a row.
template <class Cursor, class Out>
[[gnu::noinline]] void run_narrow(void const* cursor, piece const& t) {
  constexpr int last = Cursor::avail;
  constexpr int N = lanes_of_width<Cursor::width>;
  Cursor c = *static_cast<Cursor const*>(cursor);
  spot const* in = t.in;
  c.enter(in);
  outlet const* to = t.out;
  Out const out(to);
  index_t const rows = t.rows, columns = t.columns;
  scratch_rows scratch{t.scratch, columns};
  c.template take_rows<last>(scratch);
  for (index_t r = 0; r < rows; ++r) {
    run_passes<0, last, N>(c, r, columns);
    auto const line = c.template line<last, N>(r, no_names{});
    out.template row<false>(r).put(0, line.load(0, first{1}, no_cells{}), first{1});
  }
}

// A tile that is one long row, each pass by several threads.
template <bool Narrow, class Cursor, class Out>
[[gnu::noinline]] void run_shared(void const* cursor, piece const& t) {
  constexpr int last = Cursor::avail;
  constexpr int N = lanes_of_width<larger(Cursor::width, Narrow ? 1 : Out::width)>;
  Cursor c = *static_cast<Cursor const*>(cursor);
  spot const* in = t.in;
  c.enter(in);
  outlet const* to = t.out;
  Out const out(to);
  index_t const n = t.columns;
  scratch_rows scratch{t.scratch, n};
  c.template take_rows<last>(scratch);
  run_shared_passes<0, last, N>(c, n);
  auto const line = c.template line<last, N>(0, no_names{});
  auto const place = out.template row<false>(0);
  if constexpr (Narrow) {
    place.put(0, line.load(0, first{1}, no_cells{}), first{1});
  } else {
    parallel_for((n + task_elements - 1) / task_elements, [&](index_t i) {
      index_t const from = i * task_elements, until = from + task_elements < n ? from + task_elements : n;
      for (index_t k = from; k < until; k += N) {
        first const part{until - k < N ? static_cast<int>(until - k) : N};
        place.put(k, line.load(k, part, no_cells{}), part);
      }
    });
  }
}

// `Narrow`: one value a row. `Whole`: the row is all there is, so that its passes are worth cutting up.
template <bool Narrow, bool Whole, class Cursor, class Out>
constexpr program describe() {
  using kept = rows_kept<Cursor, Cursor::avail>;
  program p{nullptr, nullptr, kept::rows, kept::bytes, threads_from / (1 + Cursor::cost / 4), Narrow, Cursor::avail > 0};
  if constexpr (Narrow)
    p.run = &run_narrow<Cursor, Out>;
  else
    p.run = &run_program<Cursor, Out>;
  if constexpr (Whole && Cursor::avail > 0) p.shared = &run_shared<Narrow, Cursor, Out>;
  return p;
}
template <bool Narrow, bool Whole, class Cursor, class Out>
inline constexpr program program_of = describe<Narrow, Whole, Cursor, Out>();

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft
