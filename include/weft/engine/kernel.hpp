// Kernels: the loops of one statement, instantiated once.
//
// A kernel runs the rows of one tile. For each it makes the passes that reductions need, then the last pass, which stores.
// A plain map is a program without passes before the last; an expression of one value a row has a last pass of one element.
// Tiles, threads and strides are nothing it knows of: they are the job's (engine/job.hpp).
//
// A long row is cut into blocks of `block` elements; the accumulators of the blocks are joined pairwise, in an order that
// depends on the length of the row alone.
#pragma once
#include <weft/core/threads.hpp>
#include <weft/engine/job.hpp>
#include <weft/engine/listing.hpp>
#include <weft/engine/registers.hpp>
#include <weft/expr/fold.hpp>

#include <bit>

namespace weft {
inline namespace WEFT_ISA {
namespace engine {

inline constexpr int unroll = 4;  // packs in flight, each with accumulators of its own

// -- where results go ----------------------------------------------------------------------------------------------

// How a result leaves: an element for each of the row (`Wide`), or one a row. `Adds`: it may be added to what is there.
template <class T, bool Wide = true, bool Adds = false>
struct result_as {
  using type = T;
  static constexpr bool wide = Wide, adds = Adds;
};
template <class... R>
struct results {
  static constexpr int count = int(sizeof...(R));
  // The widest type of which packs are stored. (One value a row costs no lanes.)
  static constexpr int width = [] {
    int w = 1;
    ((w = larger(w, R::wide ? sizeof(typename R::type) : 1)), ...);
    return w;
  }();
  static constexpr bool any_wide = (R::wide || ...);
};

// The rows of a tile's leaves and results, as local values of the kernel: vector stores may alias anything, so that what is
// read through a pointer would be read again for each row.
template <class C>
struct tile_leaves {
  char const* here[larger(C::leaves, 1)];
  index_t pitch[larger(C::leaves, 1)];  // bytes
  template <int... K>
  WEFT_INLINE void enter(spot const* in, std::integer_sequence<int, K...>) {
    ((here[K] = static_cast<char const*>(in[K].here), pitch[K] = in[K].pitch), ...);
  }
  template <int N, int... K>
  WEFT_INLINE void to_row([[maybe_unused]] row_state<C, N>& row, [[maybe_unused]] index_t r, std::integer_sequence<int, K...>) const {
    ((row.at[K] = here[K] + r * pitch[K]), ...);
  }
};

// The row of a result. Single values, and not an `outlet`: what stays in memory would be loaded again in each row, and a load
// that shares the low bits of its address with one of the pending stores waits for it.
template <int I, class R>
struct outlet_slot {
  char* row;
  index_t pitch;
  bool past, adds;
  outlet_slot() = default;
  WEFT_INLINE explicit outlet_slot(outlet const& o) : row(static_cast<char*>(o.here)), pitch(o.pitch), past(o.past), adds(o.adds) {}
};
template <class Indices, class... R>
struct outlets_in;
template <int... I, class... R>
struct outlets_in<std::integer_sequence<int, I...>, R...> : outlet_slot<I, R>... {
  outlets_in() = default;
  WEFT_INLINE explicit outlets_in(outlet const* o) : outlet_slot<I, R>(o[I])... {}
  WEFT_INLINE void to_next_row() { ((outlet_slot<I, R>::row += outlet_slot<I, R>::pitch), ...); }
};
template <class Results>
struct local_outlets;
template <class... R>
struct local_outlets<results<R...>> : outlets_in<std::make_integer_sequence<int, int(sizeof...(R))>, R...> {
  local_outlets() = default;
  using outlets_in<std::make_integer_sequence<int, int(sizeof...(R))>, R...>::outlets_in;
};

template <class R>
WEFT_INLINE char* row_of_first(outlet_slot<0, R> const& o) {
  return o.row;
}

template <int I, class R, class V, class Part>
WEFT_INLINE void put_result(outlet_slot<I, R> const& o, V const& v, index_t i, Part part, bool map) {
  using T = typename R::type;
  if constexpr (R::adds)
    if (!o.row) return;  // nobody asks for it: what was computed for it alone is left out with it
  T* const p = reinterpret_cast<T*>(o.row) + i;
  auto x = as<T>(v);
  if constexpr (std::is_same_v<Part, full>) {
    if (map && o.past) [[unlikely]]
      return x.stream(p);
  }
  if constexpr (R::adds) {
    if (std::is_same_v<Part, full>) fetch_ahead<1>(p);
    if (o.adds) x = load_part<T, decltype(x)::size>(p, part) + x;
  }
  store_part(p, x, part);
}
// The results of one kind that pass P stores, for the elements [i, i + N).
template <bool Wide, int P, class C, int N, int... I, class... R, class Part>
WEFT_INLINE void put_results(outlets_in<std::integer_sequence<int, I...>, R...> const& o, registers<C, N> const& v,
                             row_state<C, N> const& row, [[maybe_unused]] index_t i, [[maybe_unused]] Part part) {
  [[maybe_unused]] auto const put = [&]<int K, class X>([[maybe_unused]] outlet_slot<K, X> const& to) WEFT_INLINE_LAMBDA {
    if constexpr (X::wide == Wide && C::code.result[K] >= 0 && C::schedule.result_in[K] == P)
      put_result(to, value_at<C, N, C::code.result[K]>(v, row), i, part, C::last == 0);
  };
  (put(static_cast<outlet_slot<I, R> const&>(o)), ...);
}

// -- what a pass adds up -------------------------------------------------------------------------------------------

template <class Token, int N>
struct accumulators;
template <class Op, class T, int N>
struct accumulators<folded<Op, T>, N> {
  using compute = typename Op::template compute<T>;
  using packed = std::conditional_t<std::is_same_v<compute, bool>, uint8, compute>;
  using type = typename Op::template accumulator<packed, N>;
};
template <class C, int N, int I>
using accumulator_t = typename accumulators<typename C::template token<I>, N>::type;

// Four packs are in flight: as members with names of their own they stay in registers.
template <class A>
struct four {
  A a, b, c, d;
  template <int U>
  WEFT_INLINE A& get() {
    if constexpr (U == 0) return a;
    else if constexpr (U == 1) return b;
    else if constexpr (U == 2) return c;
    else return d;
  }
};
// The accumulators of pass P: of one block as they are filled (sums), and joined (totals).
template <class C, int P, int N>
struct pass_sums {
  template <int... K>
  static record<slot<folds_in<C, P>::list.at[K], four<accumulator_t<C, N, folds_in<C, P>::list.at[K]>>>...> filled(
      std::integer_sequence<int, K...>);
  template <int... K>
  static record<slot<folds_in<C, P>::list.at[K], accumulator_t<C, N, folds_in<C, P>::list.at[K]>>...> joined(
      std::integer_sequence<int, K...>);
  using indices = std::make_integer_sequence<int, folds_in<C, P>::list.count>;
  using sums = decltype(filled(indices{}));
  using totals = decltype(joined(indices{}));
};

// Joins the accumulators of blocks as they come: like a binary counter, so that every sum is of equal parts.
template <class Totals, class Join>
struct counter {
  Totals level[40];
  index_t blocks = 0;
  WEFT_INLINE void push(Totals a) {
    index_t n = blocks++;
    int l = 0;
    for (; n & 1; n >>= 1, ++l) {
      Join::join(level[l], a);
      a = level[l];
    }
    level[l] = a;
  }
  // Precondition: there was a block.
  WEFT_INLINE Totals joined() {
    int l = std::countr_zero(static_cast<std::uint64_t>(blocks));
    Totals a = level[l];
    for (index_t n = blocks >> (l + 1); ++l, n; n >>= 1)
      if (n & 1) {
        Join::join(level[l], a);
        a = level[l];
      }
    return a;
  }
};

template <class C, int P, int N, class Results>
struct pass {
  using sums = typename pass_sums<C, P, N>::sums;
  using totals = typename pass_sums<C, P, N>::totals;
  using outlets = local_outlets<Results>;
  static constexpr bool results = [] {
    for (int r = 0; r < C::results; ++r)
      if (C::code.result[r] >= 0 && C::schedule.result_in[r] == P) return true;
    return false;
  }();
  static constexpr bool any = folds_in<C, P>::list.count > 0 || stores_in<C, P>::list.count > 0 || results;
  // A long program is written out once, and what it adds up in one chain.
  static constexpr bool long_program = C::ahead && steps_in_row<C, P>::list.count > 8;

  static WEFT_INLINE void join(totals& to, totals const& later) {
    each_step<folds_in<C, P>>([&]<int I>() WEFT_INLINE_LAMBDA { in<I>(to).join(in<I>(later)); });
  }
  using block_counter = counter<totals, pass>;

  static WEFT_INLINE void clear(sums& s) {
    each_step<folds_in<C, P>>([&]<int I>() WEFT_INLINE_LAMBDA {
      auto& f = in<I>(s);
      f.a.clear();
      f.b.clear();
      f.c.clear();
      f.d.clear();
    });
  }
  static WEFT_INLINE totals together(sums& s) {
    totals t;
    each_step<folds_in<C, P>>([&]<int I>() WEFT_INLINE_LAMBDA {
      auto& f = in<I>(s);
      f.a.join(f.b);
      f.c.join(f.d);
      f.a.join(f.c);
      in<I>(t) = f.a;
    });
    return t;
  }
  // Elements [i, i + N), into accumulator U.
  template <int U, class Part>
  static WEFT_INLINE void add(sums& s, row_state<C, N> const& row, outlets const& o, index_t i, Part part) {
    registers<C, N> v;
    run_steps<C, P, N>(v, row, i, part);
    if constexpr (results) put_results<true, P, C, N>(o, v, row, i, part);
    each_step<stores_in<C, P>>([&]<int I>() WEFT_INLINE_LAMBDA {
      using T = typename C::template token<I>::type;
      store_part(reinterpret_cast<T*>(row.kept[C::schedule.slot[I]]) + i, as<T>(in<I>(v)), part);
    });
    each_step<folds_in<C, P>>([&]<int I>() WEFT_INLINE_LAMBDA {
      using packed = typename accumulators<typename C::template token<I>, N>::packed;
      auto const x = as<packed>(value_at<C, N, C::code.at[I].of[0]>(v, row));
      if constexpr (std::is_same_v<Part, full>)
        in<I>(s).template get<U>().add(x, i);
      else
        in<I>(s).template get<U>().add(x, i, part.n);
    });
  }
  // One block, elements [from, to).
  static WEFT_INLINE totals sweep_block(row_state<C, N> const& row, outlets const& o, index_t from, index_t to) {
    sums s;
    clear(s);
    index_t i = from;
    if constexpr (!long_program)
      for (; i + unroll * N <= to; i += unroll * N) {
        add<0>(s, row, o, i, full{});
        add<1>(s, row, o, i + N, full{});
        add<2>(s, row, o, i + 2 * N, full{});
        add<3>(s, row, o, i + 3 * N, full{});
      }
    for (; i + N <= to; i += N) add<0>(s, row, o, i, full{});
    if (i < to) add<0>(s, row, o, i, first{static_cast<int>(to - i)});
    return together(s);
  }
  // The results over n elements, as constants of the row.
  static WEFT_INLINE void finish(row_state<C, N>& row, totals const& t, index_t n) {
    each_step<folds_in<C, P>>([&]<int I>() WEFT_INLINE_LAMBDA {
      using T = typename C::template token<I>::type;
      in<I>(row.once) = pack<T, N>(static_cast<T>(in<I>(t).total(n)));
    });
  }
  // A whole row. (The usual one, of one block, and longer ones share one copy of the loop: it is most of what there is to
  // compile.)
  static WEFT_INLINE totals sweep_row(row_state<C, N> const& row, outlets const& o, index_t n) {
    block_counter all;
    for (index_t from = 0;;) {
      index_t const to = n - from <= block ? n : from + block;
      totals const t = sweep_block(row, o, from, to);
      if (n <= block) [[likely]]
        return t;
      totals joined = t;  // another one, so that the first may stay in registers
      join_block(all, joined, to == n);
      if (to == n) return joined;
      from = to;
    }
  }
  // `t`: a block, and after the last one all of them.
  [[gnu::noinline]] static void join_block(block_counter& all, totals& t, bool last) {
    all.push(t);
    if (last) t = all.joined();
  }
  // Elements [from, to) of a row of several blocks; `from` is the start of a block.
  [[gnu::noinline]] static void sweep_blocks(row_state<C, N> const& row, outlets const& o, totals* shared, index_t from,
                                             index_t to) {
    for (index_t b = from; b < to; b += block) shared[b / block] = sweep_block(row, o, b, b + block < to ? b + block : to);
  }
};

// The same for one long row, each pass by several threads.
template <int P, class Results, class C, int N>
void run_shared_passes(row_state<C, N>& row, local_outlets<Results> const& o, index_t n) {
  run_steps_once<C, P>(row);
  if constexpr (P < C::last) {
    using now = pass<C, P, N, Results>;
    if constexpr (now::any) {
      constexpr index_t per_task = task_elements / block > 0 ? task_elements / block : 1;
      index_t const blocks = (n + block - 1) / block;
      arena_scope scope;
      auto* const shared = scope.take<typename now::totals>(blocks);
      typename now::block_counter all;
      parallel_for((blocks + per_task - 1) / per_task, [&](index_t task) {
        index_t const from = task * per_task * block, to = from + per_task * block;
        now::sweep_blocks(row, o, shared, from, to < n ? to : n);
      });
      for (index_t b = 0; b < blocks; ++b) all.push(shared[b]);
      now::finish(row, all.joined(), n);
    }
    run_shared_passes<P + 1, Results>(row, o, n);
  }
}

// The last pass of a row of n elements. The loop is written once and unrolled late, more where there is so little to do for
// a pack that counting is felt: compile time is a feature.
template <class C, int N, class Results>
WEFT_INLINE void store_row(local_outlets<Results> const& o, row_state<C, N> const& row, index_t n) {
  if constexpr (Results::any_wide && pass<C, C::last, N, Results>::results) {
    constexpr int cost = C::last > 0 ? 0 : C::code.cost;
    auto const put = [&](index_t i, auto part) WEFT_INLINE_LAMBDA {
      registers<C, N> v;
      run_steps<C, C::last, N>(v, row, i, part);
      put_results<true, C::last, C, N>(o, v, row, i, part);
    };
    index_t i = 0;
    if constexpr (cost <= 8) {
      WEFT_UNROLL
      for (; i + N <= n; i += N) put(i, full{});
    } else if constexpr (cost <= 16) {
      WEFT_UNROLL_2
      for (; i + N <= n; i += N) put(i, full{});
    } else {
      for (; i + N <= n; i += N) put(i, full{});
    }
    if (i < n) put(i, first{static_cast<int>(n - i)});
  }
  put_results<false, C::last, C, N>(o, row.once, row, 0, first{1});
}

// Passes from P on of `count` rows of n elements. A few short rows go through each pass together: what a row waits for between
// two passes (its sums are added up across a register, and divided by) is found while the next row is swept.
template <int P, class Results, class C, int N>
WEFT_INLINE void run_passes(row_state<C, N>* row, local_outlets<Results> const* o, int count, index_t n) {
  using now = pass<C, P, N, Results>;
  for (int u = 0; u < count; ++u) {
    run_steps_once<C, P>(row[u]);
    if constexpr (P == C::last)
      store_row<C, N, Results>(o[u], row[u], n);
    else if constexpr (now::any)
      now::finish(row[u], now::sweep_row(row[u], o[u], n), n);
  }
  if constexpr (P < C::last) run_passes<P + 1, Results>(row, o, count, n);
}

// -- kernels -------------------------------------------------------------------------------------------------------

// Lanes of a program: as many as a register has of its widest type.
template <int Width>
inline constexpr int lanes_of_width = simd::lanes<std::conditional_t<
    Width == 8, double, std::conditional_t<Width == 4, float, std::conditional_t<Width == 2, int16, int8>>>>;
template <class C, class Results>
inline constexpr int lanes_of = lanes_of_width<larger(C::code.width, Results::width)>;

// The row of scratch that the destination's own row may take the place of: of its type, and alone in the program.
template <class C, class Results>
inline constexpr int own_slot = -1;
template <class C, class T>
inline constexpr int own_slot<C, results<result_as<T, true, false>>> = [] {
  for (int i = 0; i < C::size; ++i)
    if (C::schedule.stored_by[i] >= 0 && C::code.at[i].type == dtype_of<T>) return int(C::schedule.slot[i]);
  return -1;
}();

template <class C, int N>
WEFT_INLINE char* take_rows(row_state<C, N>& row, char* scratch, index_t columns) {
  [&]<int... I>(std::integer_sequence<int, I...>) {
    auto const take = [&]<int K>(slot<K, nothing>*) {
      if constexpr (C::schedule.stored_by[K] >= 0) {
        constexpr index_t bytes = size_of(C::code.at[K].type);
        row.kept[C::schedule.slot[K]] = scratch;
        scratch += (columns * bytes + 63) / 64 * 64;
      }
    };
    (take(static_cast<slot<I, nothing>*>(nullptr)), ...);
  }(std::make_integer_sequence<int, C::size>{});
  return scratch;
}

// A backward pass has a chain of constants of the row between its passes.
template <class C>
inline constexpr int rows_of_program = C::ahead && C::last > 0 ? 4 : 1;

template <class C, class Results>
[[gnu::noinline]] void run_program(void const* numbers, piece const& t) {
  constexpr int N = lanes_of<C, Results>;
  using leaf_indices = std::make_integer_sequence<int, C::leaves>;
  tile_leaves<C> leaves;
  leaves.enter(t.in, leaf_indices{});
  local_outlets<Results> out(t.out);
  index_t const rows = t.rows, columns = t.columns;
  constexpr int most = rows_of_program<C>;
  int const together = most > 1 ? rows_of_columns(columns, most) : 1;
  row_state<C, N> row[most];
  constexpr int own = own_slot<C, Results>;
  [[maybe_unused]] bool const own_row = t.own_row;
  [[maybe_unused]] char* scratch = t.scratch;
  for (int u = 0; u < together; ++u) {
    row[u].numbers = static_cast<number_bits const*>(numbers);
    if constexpr (C::schedule.slots > 0) scratch = take_rows(row[u], scratch, columns);
  }
  if constexpr (most == 1) {
    for (index_t r = 0; r < rows; ++r) {
      leaves.to_row(row[0], r, leaf_indices{});
      run_passes<0, Results>(row, &out, 1, columns);
      out.to_next_row();
    }
  } else {
    local_outlets<Results> place[most];
    for (index_t r = 0; r < rows;) {
      int const count = rows - r < together ? static_cast<int>(rows - r) : together;
      for (int u = 0; u < count; ++u) {
        leaves.to_row(row[u], r++, leaf_indices{});
        place[u] = out;
        if constexpr (own >= 0)
          if (own_row) row[u].kept[own] = row_of_first(out);
        out.to_next_row();
      }
      run_passes<0, Results>(row, place, count, columns);
    }
  }
}

// A tile that is one long row, each pass by several threads.
template <class C, class Results>
[[gnu::noinline]] void run_shared(void const* numbers, piece const& t) {
  constexpr int N = lanes_of<C, Results>;
  using leaf_indices = std::make_integer_sequence<int, C::leaves>;
  tile_leaves<C> leaves;
  leaves.enter(t.in, leaf_indices{});
  local_outlets<Results> const out(t.out);
  index_t const n = t.columns;
  row_state<C, N> row;
  row.numbers = static_cast<number_bits const*>(numbers);
  if constexpr (C::schedule.slots > 0) take_rows(row, t.scratch, n);
  leaves.to_row(row, 0, leaf_indices{});
  run_shared_passes<0, Results>(row, out, n);
  if constexpr (Results::any_wide)
    parallel_for((n + task_elements - 1) / task_elements, [&](index_t i) {
      index_t const from = i * task_elements, until = from + task_elements < n ? from + task_elements : n;
      for (index_t k = from; k < until; k += N) {
        first const part{until - k < N ? static_cast<int>(until - k) : N};
        registers<C, N> v;
        run_steps<C, C::last, N>(v, row, k, part);
        put_results<true, C::last, C, N>(out, v, row, k, part);
      }
    });
  put_results<false, C::last, C, N>(out, row.once, row, 0, first{1});
}

// `Whole`: the row is all there is, so that its passes are worth cutting up.
template <bool Whole, class C, class Results>
constexpr program describe() {
  program p{&run_program<C, Results>,
            nullptr,
            C::schedule.slots,
            C::schedule.row_bytes,
            rows_of_program<C>,
            threads_from / (1 + C::code.cost / 4),
            !Results::any_wide,
            C::last,
            listing_of<C>.text};
  if constexpr (Whole && C::last > 0) p.shared = &run_shared<C, Results>;
  return p;
}
template <bool Whole, class C, class Results>
inline constexpr program program_of = describe<Whole, C, Results>();

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft
