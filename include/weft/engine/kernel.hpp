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
template <int Leaves>
struct tile_leaves {
  char const* here[at_least_one(Leaves)];
  index_t pitch[at_least_one(Leaves)];  // bytes
  WEFT_INLINE void enter(spot const* in) { enter_all(in, std::make_integer_sequence<int, Leaves>{}); }
  WEFT_INLINE void to_row(char const** at, index_t r) const { to_row_all(at, r, std::make_integer_sequence<int, Leaves>{}); }

 private:
  template <int... K>
  WEFT_INLINE void enter_all(spot const* in, std::integer_sequence<int, K...>) {
    ((here[K] = static_cast<char const*>(in[K].here), pitch[K] = in[K].pitch), ...);
  }
  template <int... K>
  WEFT_INLINE void to_row_all([[maybe_unused]] char const** at, [[maybe_unused]] index_t r,
                              std::integer_sequence<int, K...>) const {
    ((at[K] = here[K] + r * pitch[K]), ...);
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

// `Past`: the store may bypass the caches.
template <bool Past, int I, class R, class V, class Part>
WEFT_INLINE void put_result(outlet_slot<I, R> const& o, V const& v, index_t i, Part part) {
  using T = typename R::type;
  if constexpr (R::adds)
    if (!o.row) return;  // nobody asks for it: what was computed for it alone is left out with it
  T* const p = reinterpret_cast<T*>(o.row) + i;
  auto x = as<T>(v);
  if constexpr (Past && std::is_same_v<Part, full>) {
    if (o.past) [[unlikely]]
      return x.stream(p);
  }
  if constexpr (R::adds) {
    if (std::is_same_v<Part, full>) fetch_ahead<1>(p);
    if (o.adds) x = load_part<T, decltype(x)::size>(p, part) + x;
  }
  store_part(p, x, part);
}
// The results of one kind that pass P stores.
template <class C, int P, bool Wide, class Results>
struct results_in;
template <class C, int P, bool Wide, class... R>
struct results_in<C, P, Wide, results<R...>> {
  static constexpr auto list = [] {
    constexpr bool wide[] = {R::wide...};
    chosen_steps<C::results> s{};
    for (int k = 0; k < C::results; ++k)
      if (wide[k] == Wide && C::code.result[k] >= 0 && C::schedule.result_in[k] == P) s.at[s.count++] = static_cast<short>(k);
    return s;
  }();
};
template <class C, int P, bool Wide, class Results>
inline constexpr bool has_results = results_in<C, P, Wide, Results>::list.count > 0;

template <int K, class R>
WEFT_INLINE outlet_slot<K, R> const& outlet_at(outlet_slot<K, R> const& o) {
  return o;
}
// (`V`: registers, or constant ones. A reference to constant ones would make GCC ask who set them.)
template <class C, int N, class Outlets, class V, class Part, int... K>
WEFT_INLINE void put_results_of(Outlets const& o, V& v, row_state<C, N> const& row, index_t i,
                                Part part, std::integer_sequence<int, K...>) {
  (put_result<C::last == 0>(outlet_at<K>(o), in<C::code.result[K]>(C::code.at[C::code.result[K]].once ? row.once : v), i,
                            part),
   ...);
}
// They are stored, for the elements [i, i + N).
template <bool Wide, int P, class Results, class C, int N, class Part>
WEFT_INLINE void put_results(local_outlets<Results> const& o, registers<C, N> const& v, row_state<C, N> const& row,
                             index_t i, Part part) {
  if constexpr (has_results<C, P, Wide, Results>)
    put_results_of<C, N>(o, v, row, i, part, steps_of<results_in<C, P, Wide, Results>>{});
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
  WEFT_INLINE void clear() {
    a.clear();
    b.clear();
    c.clear();
    d.clear();
  }
  WEFT_INLINE A const& together() {
    a.join(b);
    c.join(d);
    a.join(c);
    return a;
  }
};
// The accumulators of pass P: of one block as they are filled (sums), and joined (totals).
template <class C, int P, int N>
struct pass_sums {
  template <int... K>
  static members<member<folds_in<C, P>::list.at[K], four<accumulator_t<C, N, folds_in<C, P>::list.at[K]>>>...> filled(
      std::integer_sequence<int, K...>);
  template <int... K>
  static members<member<folds_in<C, P>::list.at[K], accumulator_t<C, N, folds_in<C, P>::list.at[K]>>...> joined(
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

// What is done with each accumulator of a list.
template <class Sums, int... I>
WEFT_INLINE void clear_sums(Sums& s, std::integer_sequence<int, I...>) {
  (in<I>(s).clear(), ...);
}
template <class Totals, class Sums, int... I>
WEFT_INLINE void sums_together(Totals& t, Sums& s, std::integer_sequence<int, I...>) {
  ((in<I>(t) = in<I>(s).together()), ...);
}
template <class Totals, int... I>
WEFT_INLINE void join_totals(Totals& to, Totals const& later, std::integer_sequence<int, I...>) {
  (in<I>(to).join(in<I>(later)), ...);
}
// Elements [i, i + N), into accumulator U of reduction I.
template <class C, int N, int I, int U, class A>
WEFT_INLINE void add_to(four<A>& sum, registers<C, N> const& v, row_state<C, N> const& row, index_t i, full) {
  using packed = typename accumulators<typename C::template token<I>, N>::packed;
  sum.template get<U>().add(as<packed>(value_at<C, N, C::code.at[I].of[0]>(v, row)), i);
}
template <class C, int N, int I, int U, class A>
WEFT_INLINE void add_to(four<A>& sum, registers<C, N> const& v, row_state<C, N> const& row, index_t i, first part) {
  using packed = typename accumulators<typename C::template token<I>, N>::packed;
  sum.template get<U>().add(as<packed>(value_at<C, N, C::code.at[I].of[0]>(v, row)), i, part.n);
}
template <class C, int N, int U, class Sums, class Part, int... I>
WEFT_INLINE void add_to_sums(Sums& s, registers<C, N> const& v, row_state<C, N> const& row, index_t i, Part part,
                             std::integer_sequence<int, I...>) {
  (add_to<C, N, I, U>(in<I>(s), v, row, i, part), ...);
}
// What later passes need, to its row of scratch.
template <class T, class V, class Part>
WEFT_INLINE void keep_value(char* row, V const& v, index_t i, Part part) {
  store_part(reinterpret_cast<T*>(row) + i, as<T>(v), part);
}
template <class C, int N, class Part, int... I>
WEFT_INLINE void keep_values(registers<C, N> const& v, row_state<C, N> const& row, index_t i, Part part,
                             std::integer_sequence<int, I...>) {
  (keep_value<typename C::template token<I>::type>(row.kept[C::schedule.slot[I]], in<I>(v), i, part), ...);
}
template <class C, int N, class Totals, int... I>
WEFT_INLINE void finish_folds(row_state<C, N>& row, Totals const& t, index_t n, std::integer_sequence<int, I...>) {
  ((in<I>(row.once) = pack<typename C::template token<I>::type, N>(
        static_cast<typename C::template token<I>::type>(in<I>(t).total(n)))),
   ...);
}

template <class C, int P, int N, class Results>
struct pass {
  using sums = typename pass_sums<C, P, N>::sums;
  using totals = typename pass_sums<C, P, N>::totals;
  using outlets = local_outlets<Results>;
  using folds = steps_of<folds_in<C, P>>;
  static constexpr bool results = has_results<C, P, true, Results>;
  static constexpr bool stores = stores_in<C, P>::list.count > 0;
  static constexpr bool any = folds::size() > 0 || stores || results;
  // A long program is written out once, and what it adds up in one chain.
  static constexpr bool long_program = C::ahead && steps_in_row<C, P>::list.count > 8;

  static WEFT_INLINE void join(totals& to, totals const& later) { join_totals(to, later, folds{}); }
  using block_counter = counter<totals, pass>;

  // Elements [i, i + N): what is made of them.
  template <class Part, int... I>
  static WEFT_INLINE void make(registers<C, N>& v, row_state<C, N> const& row, outlets const& o, index_t i, Part part,
                               std::integer_sequence<int, I...>) {
    (way_of<C, P, I>::template run<C, N, I>(v, row, i, part), ...);
    if constexpr (results) put_results_of<C, N>(o, v, row, i, part, steps_of<results_in<C, P, true, Results>>{});
    if constexpr (stores) keep_values<C, N>(v, row, i, part, steps_of<stores_in<C, P>>{});
  }
  // And added up, into accumulator U.
  template <int U, class Part>
  static WEFT_INLINE void add(sums& s, row_state<C, N> const& row, outlets const& o, index_t i, Part part) {
    registers<C, N> v;
    make(v, row, o, i, part, steps_of<steps_in_row<C, P>>{});
    if constexpr (folds::size() > 0) add_to_sums<C, N, U>(s, v, row, i, part, folds{});
  }
  // One block, elements [from, to).
  static WEFT_INLINE totals sweep_block(row_state<C, N> const& row, outlets const& o, index_t from, index_t to) {
    sums s;
    clear_sums(s, folds{});
    index_t i = from;
    if constexpr (!long_program)
      for (; i + unroll * N <= to; i += unroll * N) {
        add<0>(s, row, o, i, full{});
        add<1>(s, row, o, i + N, full{});
        add<2>(s, row, o, i + 2 * N, full{});
        add<3>(s, row, o, i + 3 * N, full{});
      }
    if constexpr (!long_program) {
      int left = static_cast<int>((to - i) / N);  // packs: less than four, as the compiler is told
      if (left >= unroll) __builtin_unreachable();
      for (; left > 0; --left, i += N) add<0>(s, row, o, i, full{});
    } else {
      for (; i + N <= to; i += N) add<0>(s, row, o, i, full{});
    }
    if (i < to) add<0>(s, row, o, i, first{static_cast<int>(to - i)});
    totals t;
    sums_together(t, s, folds{});
    return t;
  }
  // The results over n elements, as constants of the row.
  static WEFT_INLINE void finish(row_state<C, N>& row, totals const& t, index_t n) { finish_folds(row, t, n, folds{}); }
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

// Elements [i, i + N) of the last pass.
template <class C, int N, class Results, class Part, int... I, int... K>
WEFT_INLINE void store_pack(local_outlets<Results> const& o, row_state<C, N> const& row, index_t i, Part part,
                            std::integer_sequence<int, I...>, std::integer_sequence<int, K...> stored) {
  registers<C, N> v;
  (way_of<C, C::last, I>::template run<C, N, I>(v, row, i, part), ...);
  put_results_of<C, N>(o, v, row, i, part, stored);
}
// So little to do for a pack that counting is felt.
template <class C>
inline constexpr bool light = C::last > 0 || C::code.cost <= 8;

// The last pass of a row of n elements. The loop is written once and unrolled late, more where there is so little to do for
// a pack that counting is felt: compile time is a feature.
template <class C, int N, class Results, class Steps, class Stored>
WEFT_INLINE void store_row_of(local_outlets<Results> const& o, row_state<C, N> const& row, index_t n, Steps steps,
                              Stored stored) {
  index_t i = 0;
  constexpr int cost = C::last > 0 ? 0 : C::code.cost;
  auto const put = [&](index_t at, auto part) WEFT_INLINE_LAMBDA { store_pack(o, row, at, part, steps, stored); };
  if constexpr (light<C>) {
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
template <class C, int N, class Results>
WEFT_INLINE void store_row(local_outlets<Results> const& o, row_state<C, N> const& row, index_t n) {
  if constexpr (has_results<C, C::last, true, Results>)
    store_row_of<C, N>(o, row, n, steps_of<steps_in_row<C, C::last>>{}, steps_of<results_in<C, C::last, true, Results>>{});
  put_results<false, C::last, Results>(o, row.once, row, 0, first{1});
}

// Passes from P on of `count` rows of n elements. A few short rows go through each pass together: what a row waits for between
// two passes (its sums are added up across a register, and divided by) is found while the next row is swept.
template <int P, class Results, class C, int N>
WEFT_INLINE void run_passes(row_state<C, N>* row, local_outlets<Results> const* o, int count, index_t n) {
  for (int u = 0; u < count; ++u) {
    run_steps_once<C, P>(row[u]);
    if constexpr (P == C::last) {
      store_row<C, N, Results>(o[u], row[u], n);
    } else {
      using now = pass<C, P, N, Results>;
      if constexpr (now::any) now::finish(row[u], now::sweep_row(row[u], o[u], n), n);
    }
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

// Bytes an element of each row of scratch.
template <class C>
struct row_sizes {
  index_t at[at_least_one(C::schedule.slots)] = {};
  constexpr row_sizes() {
    for (int i = 0; i < C::size; ++i)
      if (C::schedule.stored_by[i] >= 0) at[C::schedule.slot[i]] = size_of(C::code.at[i].type);
  }
};
template <class C, int N, int... K>
WEFT_INLINE char* take_rows(row_state<C, N>& row, char* scratch, index_t columns, std::integer_sequence<int, K...>) {
  constexpr row_sizes<C> bytes;
  ((row.kept[K] = scratch, scratch += (columns * bytes.at[K] + 63) / 64 * 64), ...);
  return scratch;
}

// Rows of one or two packs of a light map, in a tile that stays in the first cache: pack after pack of all rows, since what a row
// costs beside its packs would be most of the time.
template <class C, int N, class Results>
WEFT_INLINE void store_short_rows(row_state<C, N>& row, tile_leaves<C::leaves> const& leaves, local_outlets<Results> const& first_row,
                                  index_t rows, index_t columns) {
  for (index_t i = 0; i < columns; i += N) {
    local_outlets<Results> out = first_row;
    for (index_t r = 0; r < rows; ++r) {
      leaves.to_row(row.at, r);
      run_steps_once<C, 0>(row);
      store_pack(out, row, i, full{}, steps_of<steps_in_row<C, 0>>{}, steps_of<results_in<C, 0, true, Results>>{});
      out.to_next_row();
    }
  }
}
inline constexpr index_t few_elements = 2048;
// No value that is the same all along a row is computed: it would be for each pack.
template <class C>
constexpr bool only_reads_once() {
  for (int i = 0; i < C::size; ++i)
    if (C::schedule.before[0][i] && C::code.at[i].what != act::memory && C::code.at[i].what != act::number) return false;
  return true;
}

// A backward pass has a chain of constants of the row between its passes.
template <class C>
inline constexpr int rows_of_program = C::ahead && C::last > 0 ? 4 : 1;

template <class C, class Results>
[[gnu::noinline]] void run_program(void const* numbers, piece const& t) {
  constexpr int N = lanes_of<C, Results>;
  tile_leaves<C::leaves> leaves;
  leaves.enter(t.in);
  local_outlets<Results> out(t.out);
  index_t const rows = t.rows, columns = t.columns;
  constexpr int most = rows_of_program<C>, own = own_slot<C, Results>;
  [[maybe_unused]] bool const own_row = t.own_row;
  row_state<C, N> row[static_cast<std::size_t>(most)];
  [[maybe_unused]] char* scratch = t.scratch;
  int const together = most > 1 ? rows_of_columns(columns, most) : 1;
  for (int u = 0; u < together; ++u) {
    row[u].numbers = static_cast<number_bits const*>(numbers);
    if constexpr (C::schedule.slots > 0) scratch = take_rows(row[u], scratch, columns, std::make_integer_sequence<int, C::schedule.slots>{});
  }
  if constexpr (most == 1) {
    if constexpr (C::last == 0 && !has_results<C, 0, false, Results> && light<C> && only_reads_once<C>())
      if (rows > 1 && (columns == N || columns == 2 * N) && rows * columns <= few_elements)
        return store_short_rows<C, N, Results>(row[0], leaves, out, rows, columns);
    for (index_t r = 0; r < rows; ++r) {
      leaves.to_row(row[0].at, r);
      if constexpr (own >= 0)
        if (own_row) row[0].kept[own] = outlet_at<0>(out).row;
      run_passes<0, Results>(row, &out, 1, columns);
      out.to_next_row();
    }
  } else {
    static_assert(own < 0);
    local_outlets<Results> place[static_cast<std::size_t>(most)];
    for (index_t r = 0; r < rows;) {
      int const count = rows - r < together ? static_cast<int>(rows - r) : together;
      for (int u = 0; u < count; ++u) {
        leaves.to_row(row[u].at, r++);
        place[u] = out;
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
  tile_leaves<C::leaves> leaves;
  leaves.enter(t.in);
  local_outlets<Results> const out(t.out);
  index_t const n = t.columns;
  row_state<C, N> row;
  row.numbers = static_cast<number_bits const*>(numbers);
  if constexpr (C::schedule.slots > 0)
    take_rows(row, t.scratch, n, std::make_integer_sequence<int, C::schedule.slots>{});
  leaves.to_row(row.at, 0);
  run_shared_passes<0, Results>(row, out, n);
  if constexpr (Results::any_wide)
    parallel_for((n + task_elements - 1) / task_elements, [&](index_t i) {
      index_t const from = i * task_elements, until = from + task_elements < n ? from + task_elements : n;
      for (index_t k = from; k < until; k += N) {
        first const part{until - k < N ? static_cast<int>(until - k) : N};
        registers<C, N> v;
        run_steps<C, C::last, N>(v, row, k, part);
        put_results<true, C::last, Results>(out, v, row, k, part);
      }
    });
  put_results<false, C::last, Results>(out, row.once, row, 0, first{1});
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
