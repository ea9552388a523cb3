// Backward passes of statements whose reductions go over rows of different lengths:
//
//   let(mean(y, axis<-1>, keepdims), [&](auto m) { return x * m; })      rows of y have 5 elements, those of x have 7
//
// A kernel has one length for all that it does along a row. Here the steps of the same program (autodiff/adjoint.hpp) are run one
// after the other, each over a row of scratch as long as its own operands are. That is slower, on one thread, and rare: what is
// compiled for it is a loop a step, and everything else once.
//
// A *stretch* is the extents of a row: stretch 0 is the row of the result, and each fused reduction (of its operand) and each
// definition of a let has its own, in the order in which they stand among the tokens. Values that stand in another stretch than
// they are used in are repeated, cotangents summed.
#pragma once
#include <weft/engine/sink.hpp>
#include <weft/autodiff/adjoint.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace autodiff {

// The loop of one step: `rows` has the row of each step by its number, `out` (n) is the step's own.
using uneven_kernel = void (*)(char const* const* rows, char* out, index_t n);

// The extents of a stretch along the axes that make up the row, by the numbers of the axes in the domain.
struct stretch_extents {
  index_t at[max_rank];
};

// What a step reads at most: each operand may stand for the two of a product that is taken along.
inline constexpr int most_reads = 2 * engine::most_operands;

// What the walk over the steps knows of one of them.
struct uneven_step {
  uneven_kernel run = nullptr;  // null: nothing is computed
  short reads[most_reads] = {};  // the steps whose rows its loop reads, `read_count` of them
  short read_count = 0;
  short leaf = -1;              // it is read from this leaf,
  short number = -1;            // or is this number
  short stretch = 0;            // where it is computed; of a reduction: what it goes over
  bool once = false;            // one value a row
  bool reduces = false;
  bool repeated = false;        // that value stands for an equal one in each element of the stretch, so that a sum has it so often
  bool counts = false;          // a number: how many elements the stretch has
  dtype type{};
  engine::leaf_type const* tiles = nullptr;
  engine::result_type const* sums = nullptr;
};

// The stretches of the forward steps, and over which the reductions among them go.
template <int Size>
struct stretches {
  short of[engine::at_least_one(Size)] = {};
  short over[engine::at_least_one(Size)] = {};  // of a reduction, or of the end of a definition: the stretch that it closes
  int count = 1;
};
template <int Size>
constexpr stretches<Size> find_stretches(step_facts const* token) {
  stretches<Size> s{};
  // Where the tokens of a value begin that stands on the stack, and of a value that has a name.
  short begin[engine::at_least_one(Size + 1)] = {}, named[engine::at_least_one(Size + 1)] = {};
  int height = 0, names = 0;
  auto const close = [&](int from, int to) {
    s.over[to] = static_cast<short>(s.count++);
    for (int k = from; k < to; ++k)
      if (s.of[k] == 0) s.of[k] = s.over[to];
  };
  for (int i = 0; i < Size; ++i) {
    step_facts const& t = token[i];
    if (t.what == act::define) {
      short const from = begin[--height];
      close(from, i);
      named[names++] = from;
    } else if (t.what == act::forget) {
      begin[height - 1] = named[--names];
    } else if (t.what != act::keep) {
      int const operands = t.what == act::recall ? 0 : t.arity;
      short from = static_cast<short>(i);
      if (operands > 0) from = begin[height - operands];
      height -= operands;
      if (t.what == act::fold) close(from, i);
      begin[height++] = from;
    }
  }
  return s;
}

template <class L>
inline constexpr int stretch_count = find_stretches<L::count>(engine::facts_in<L>::at).count;

// -- the loop of a step ----------------------------------------------------------------------------------------------------

// Loads operand J for the elements from i on. What is never stored (`passing`, expr/token.hpp) is computed again from its operands.
template <class C, int N, int J>
WEFT_INLINE void fetch(engine::registers<C, N>& v, engine::row_state<C, N>& row, char const* const* rows, index_t i, engine::first part) {
  using token = typename C::template token<J>;
  using T = typename token::type;
  static constexpr step const& s = C::code.at[J];
  if constexpr (s.passing) {
    [&]<int... K>(std::integer_sequence<int, K...>) { (fetch<C, N, s.of[K]>(v, row, rows, i, part), ...); }(
        std::make_integer_sequence<int, s.arity>{});
    engine::computing<token>::template run<C, N, J>(s.once ? row.once : v, row, 0, engine::full{});
  } else if constexpr (s.once) {
    T x;
    std::memcpy(&x, rows[J], sizeof(T));
    engine::put_reloaded(engine::in<J>(row.once), pack<T, N>(x));
  } else {
    engine::put_reloaded(engine::in<J>(v), engine::load_part<T, N>(reinterpret_cast<T const*>(rows[J]) + i, part));
  }
}

// The steps whose values step i reads. A product that it takes along is not among them: its operands are.
struct step_reads {
  short at[most_reads] = {};
  int count = 0;
};
template <class C>
constexpr step_reads reads_of_step(int i) {
  step_reads r;
  step const& s = C::code.at[i];
  for (int k = 0; k < s.arity; ++k) {
    int const o = s.of[k];
    if (o < 0) continue;
    if (k == s.fuses)
      for (int q = 0; q < C::code.at[o].arity; ++q) r.at[r.count++] = C::code.at[o].of[q];
    else
      r.at[r.count++] = static_cast<short>(o);
  }
  return r;
}
template <class C, int I>
inline constexpr step_reads reads_in_step = reads_of_step<C>(I);

template <class C, int N, int I>
[[gnu::cold, gnu::noinline]] void run_uneven_step(char const* const* rows, char* out, index_t n) {
  using token = typename C::template token<I>;
  using T = typename token::type;
  static constexpr auto const& reads = reads_in_step<C, I>;
  auto const load = [&](engine::registers<C, N>& v, engine::row_state<C, N>& row, index_t i, engine::first part) WEFT_INLINE_LAMBDA {
    [&]<int... K>(std::integer_sequence<int, K...>) { (fetch<C, N, reads.at[K]>(v, row, rows, i, part), ...); }(
        std::make_integer_sequence<int, reads.count>{});
  };
  if constexpr (C::code.at[I].what == act::fold) {
    using of = engine::accumulators<token, N>;
    typename of::type all, block;
    all.clear();
    for (index_t from = 0; from < n; from += engine::block) {
      index_t const to = n - from < engine::block ? n : from + engine::block;
      block.clear();
      for (index_t i = from; i < to; i += N) {
        engine::first const part{to - i < N ? static_cast<int>(to - i) : N};
        engine::registers<C, N> v;
        engine::row_state<C, N> row;
        load(v, row, i, part);
        block.add(engine::as<typename of::packed>(engine::value_at<C, N, C::code.at[I].of[0]>(v, row)), i, part.n);
      }
      all.join(block);
    }
    T const x = static_cast<T>(all.total(n));
    std::memcpy(out, &x, sizeof(T));
  } else {
    for (index_t i = 0; i < n; i += N) {
      engine::first const part{n - i < N ? static_cast<int>(n - i) : N};
      engine::registers<C, N> v;
      engine::row_state<C, N> row;
      load(v, row, i, part);
      engine::computing<token>::template run<C, N, I>(v, row, 0, engine::full{});
      engine::store_part(reinterpret_cast<T*>(out) + i, engine::as<T>(engine::in<I>(v)), part);
    }
  }
}

// -- all steps of a program ------------------------------------------------------------------------------------------------

// Is step i computed or read by some pass?
template <class C>
constexpr bool takes_part(int i) {
  for (int p = 0; p <= C::last; ++p)
    if (C::schedule.in_row[p][i] != engine::how::nothing || C::schedule.before[p][i] || C::schedule.folds[p][i]) return true;
  return false;
}
template <class C, class L, int N, bool Once>
struct uneven_steps {
  static constexpr auto places = find_stretches<L::count>(engine::facts_in<L>::at);
  uneven_step at[engine::at_least_one(C::size)];
  short sink[engine::at_least_one(C::results)] = {};  // the stretch in which a result lies

  template <int I>
  static constexpr uneven_step describe() {
    using token = typename C::template token<I>;
    constexpr step s = C::code.at[I];
    uneven_step u;
    if constexpr (takes_part<C>(I)) {
      using T = typename token::type;
      u.once = s.once;
      u.reduces = s.what == act::fold;
      u.type = s.type;
      u.tiles = &engine::leaf_type_of<T>;
      if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>) u.sums = &engine::sum_type_of<T>;
      if constexpr (I < L::count) {
        u.stretch = s.what == act::fold ? places.over[I] : places.of[I];
      } else if constexpr (I == L::count) {
        u.repeated = s.once && !Once;  // the cotangent of the result
      } else if constexpr (s.along >= 0) {
        u.stretch = s.reduced ? places.over[s.along] : places.of[s.along];
        bool const wide = s.reduced || !C::code.at[s.along].once;
        u.repeated = s.once && s.what != act::fold && wide;
        u.counts = s.what == act::number && s.reduced;
      }
      if constexpr (s.what == act::number) {
        u.number = s.leaf;
      } else if constexpr (s.what == act::memory || s.given) {
        u.leaf = s.leaf;
      } else if constexpr (!s.passing) {
        constexpr step_reads reads = reads_in_step<C, I>;
        for (int k = 0; k < reads.count; ++k) {
          step const& o = C::code.at[reads.at[k]];
          if (!o.passing) u.reads[u.read_count++] = reads.at[k];
          for (int q = 0; o.passing && q < o.arity; ++q) u.reads[u.read_count++] = o.of[q];
        }
        u.run = &run_uneven_step<C, N, I>;
      }
    }
    return u;
  }
  constexpr uneven_steps() : uneven_steps(std::make_integer_sequence<int, C::size>{}) {}
  template <int... I>
  constexpr explicit uneven_steps(std::integer_sequence<int, I...>) : at{describe<I>()...} {
    int r = 0;
    for (int i = 0; i < L::count; ++i)
      if (engine::facts_in<L>::at[i].wants) sink[r++] = places.of[i];
  }
};
// `Once`: the result has one value a row.
template <class C, class L, int N, bool Once>
inline constexpr uneven_steps<C, L, N, Once> uneven_steps_of{};

struct uneven_program {
  uneven_step const* steps;
  int size;
  short const* result;        // the step of each result, or -1
  short const* sink;          // and its stretch
  stretch_extents const* ext;
  int stretches;
};
// Adds to results that hold something. The leading axes of the frame are those of all stretches.
void run_uneven(uneven_program const& p, engine::frame const& f, engine::leaf const* leaves, engine::number_bits* numbers,
                engine::result const* out, int results);

}  // namespace autodiff
}  // namespace WEFT_ISA
}  // namespace weft

#ifndef WEFT_COMPILED
#include <weft/autodiff/uneven_once.hpp>
#endif
