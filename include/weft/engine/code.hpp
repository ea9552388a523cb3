// Code: what a loop does, as a constant value that plain functions make and read. (`code` is that value; `code_of<tokens<...>>` is
// the type that a kernel is compiled for, of which it is a member beside the schedule that follows from it.)
//
// `read_tokens` numbers the values of an expression and finds the operands of each. `schedule_of` says in which pass over
// the row each is computed: a reduction whose operand is ready in pass p is added up in pass p, and is a constant of the
// row from p + 1 on. What several passes need is computed again where that is cheap, and else stored in a row of scratch
// by the pass that first makes it. Both are ordinary loops over small arrays: there is one description of a program, which
// the kernel (engine/kernel.hpp) runs and `explain` prints.
#pragma once
#include <weft/expr/token.hpp>

#include <limits>

namespace weft {
inline namespace WEFT_ISA {
namespace engine {

using expr::act;
using expr::folded;
using expr::larger;
using expr::mapped;
using expr::memory;
using expr::number;
using expr::step_facts;
using expr::token_at;
using expr::tokens;

// The size of an array that may be empty.
constexpr std::size_t at_least_one(int n) { return static_cast<std::size_t>(n > 0 ? n : 1); }

inline constexpr int most_operands = 5;  // of a step: a derivative reads g, y, a, b, c

// One value of the program. Its number is that of its token; operands stand before what uses them. (In a backward program whose
// sums were taken apart neither holds until its steps are put in order again: autodiff/sums.hpp.)
struct step {
  act what = act::number;
  short arity = 0;
  short of[most_operands] = {-1, -1, -1, -1, -1};  // operands, by number; those from `arity` on are absent
  short from = 0;                      // which token it was made from
  short leaf = -1;                     // memory: which leaf of the table, number: which of the numbers
  short cost = 0;                      // what it costs to make it again from memory: it and its operands that vary along the row
  short pass = 0;                      // the first pass in which it can be computed; the result of a reduction is there one later
  short fuses = -1;                    // a sum: which operand (0 or 1) is a product and taken along in one rounding, or -1
  short along = -1;                    // a step of a derivative: the forward step that it belongs to. It goes over the row of
  bool reduced = false;                // that step, or (`reduced`, of a reduction) over the row of that step's operand
  bool apart = false;                  // a sum of two products, neither of which may be taken along (engine/apply.hpp)
  bool once = false;                   // one value a row
  bool live = false;                   // some result needs it
  bool passing = false;                // its value is no element and is never stored (expr/token.hpp)
  bool given = false;                  // its value is there already: it is read from leaf `leaf`, and its operands don't matter
  signed char width = 1;               // bytes of the widest type that computing it takes
  dtype type{};                        // of its value
};

// The program of `Size` tokens with `Results` values that leave it.
template <int Size, int Results>
struct code {
  static_assert(Size <= std::numeric_limits<short>::max(), "weft: a statement whose loop has more than 32,767 steps: evaluate parts of it first");
  step at[at_least_one(Size)];
  short result[at_least_one(Results)] = {};
  bool wide[at_least_one(Results)] = {};  // it has an element for each of the row, though the value may be the same for all
  int leaves = 0, numbers = 0, kept = 0;  // how many there are in the table of the loop (engine/binder.hpp)
  int last = 0;  // the last pass
  int width = 1;
  int cost = 0;  // of a pack of all results
};

// -- reading -----------------------------------------------------------------------------------------------------

// Marks what the results need, and finds the last pass and the widest type. (Operands stand before what uses them, but for sums
// that were taken apart, autodiff/sums.hpp: the steps are gone through again when one stands behind.)
template <int Size, int Results>
constexpr void find_living(code<Size, Results>& c) {
  for (int i = 0; i < Size; ++i) c.at[i].live = false;
  c.last = c.cost = 0;
  c.width = 1;
  for (int r = 0; r < Results; ++r) {
    if (c.result[r] < 0) continue;
    step& s = c.at[c.result[r]];
    s.live = true;
    c.last = larger(c.last, s.what == act::fold ? s.pass + 1 : s.pass);
    c.cost += s.cost;
  }
  for (bool again = true; again;) {
    again = false;
    for (int i = Size - 1; i >= 0; --i) {
      step const& s = c.at[i];
      if (!s.live) continue;
      c.width = larger(c.width, s.width);
      if (s.given) continue;
      for (int k = 0; k < s.arity; ++k) {
        int const o = s.of[k];
        if (o < 0 || c.at[o].live) continue;
        c.at[o].live = true;
        again = again || o > i;
      }
    }
  }
}

// What follows from a step's operands, which stand before it.
template <class Code>
constexpr void derive(Code& c, int i) {
  step& s = c.at[i];
  if (s.what == act::map) {
    s.once = true;
    s.pass = 0;
    int cost = s.cost;
    for (int k = 0; k < s.arity; ++k) {
      if (s.of[k] < 0) continue;
      step const& o = c.at[s.of[k]];
      int const ready = o.what == act::fold ? o.pass + 1 : o.pass;
      s.once = s.once && o.once;
      s.pass = static_cast<short>(larger(s.pass, ready));
      if (!o.once) cost += o.cost;
    }
    s.cost = static_cast<short>(cost < 30000 ? cost : 30000);
  } else if (s.what == act::fold) {
    step const& o = c.at[s.of[0]];
    s.pass = o.what == act::fold ? static_cast<short>(o.pass + 1) : o.pass;
    s.once = true;
    s.cost = 0;
  }
}

// Runs through the tokens as a pocket calculator that has its operands first: values that wait for an operation stand on a stack,
// and what is left on it in the end are the results.
template <int Size, int Results>
constexpr code<Size, Results> read_tokens(step_facts const* token) {
  struct entry {
    short value;
    bool direct;  // not recalled by its name: only such a product may be taken along by a sum
  };
  code<Size, Results> c{};
  entry stack[at_least_one(Size + 1)] = {};
  short names[at_least_one(Size + 1)] = {};
  int height = 0, named = 0;
  for (int i = 0; i < Size; ++i) {
    step_facts const& t = token[i];
    step& s = c.at[i];
    s.from = static_cast<short>(i);
    s.what = t.what;
    s.arity = static_cast<short>(t.arity);
    s.cost = static_cast<short>(t.cost);
    s.once = t.once;
    s.passing = t.passing;
    s.width = static_cast<signed char>(t.width);
    s.type = t.type;
    if (t.what == act::define) {
      names[named++] = stack[--height].value;
      continue;
    }
    if (t.what == act::forget) {
      --named;
      continue;
    }
    if (t.what == act::keep) {
      c.kept += t.kept;
      continue;
    }
    if (t.what == act::recall) {
      stack[height++] = {names[named - 1 - t.depth], false};
      continue;
    }
    if (t.what == act::number) s.leaf = static_cast<short>(c.numbers++);
    if (t.what == act::memory) s.leaf = static_cast<short>(c.leaves++);
    c.kept += t.kept;
    height -= t.arity;
    bool products[2] = {};
    for (int k = 0; k < t.arity; ++k) {
      entry const e = stack[height + k];
      s.of[k] = e.value;
      step_facts const& of = token[e.value];
      if (k < 2) products[k] = e.direct && of.product && of.type == t.type;
    }
    if (t.sum) {
      s.apart = products[0] && products[1];
      if (!s.apart) s.fuses = products[0] ? 0 : products[1] ? 1 : -1;
    }
    derive(c, i);
    stack[height++] = {static_cast<short>(i), true};
  }
  for (int r = 0; r < Results; ++r) c.result[r] = stack[r].value;
  find_living(c);
  return c;
}

// -- passes ------------------------------------------------------------------------------------------------------

enum class how : unsigned char { nothing, compute, reload };

template <int Size, int Passes, int Results>
struct schedule {
  static_assert(Passes <= std::numeric_limits<signed char>::max(), "weft: a statement that goes over its rows more than 127 times: evaluate parts of it first");
  short result_in[at_least_one(Results)] = {};  // the pass that stores a result
  how in_row[at_least_one(Passes)][at_least_one(Size)] = {};  // what happens to it in the pass, for each pack of the row
  bool before[at_least_one(Passes)][at_least_one(Size)] = {}; // it is computed before the pass begins: one value a row
  bool folds[at_least_one(Passes)][at_least_one(Size)] = {};  // reductions added up in the pass
  signed char stored_by[at_least_one(Size)] = {}; // the pass that stores it for later ones, or -1
  short slot[at_least_one(Size)] = {};            // in which row of scratch, if it is stored
  int slots = 0;
  index_t row_bytes = 0;  // all rows of scratch together take for each element of a row
};

inline constexpr int computed_again = 2;  // a value of at most this cost is cheaper to compute again than to store and load

// `early`: a result is stored by the first pass that can. Else by the last one, after everything was read.
template <int Passes, int Size, int Results>
constexpr schedule<Size, Passes, Results> schedule_of(code<Size, Results> const& c, bool early) {
  schedule<Size, Passes, Results> s{};
  for (int r = 0; r < Results; ++r) {
    s.result_in[r] = Passes - 1;
    if (!early || c.result[r] < 0) continue;
    step const& t = c.at[c.result[r]];
    if (!t.once || (c.wide[r] && t.what == act::map)) s.result_in[r] = t.pass;
  }
  short made[at_least_one(Size)] = {};  // the pass that computed it first, or -1
  for (int i = 0; i < Size; ++i) made[i] = s.stored_by[i] = -1;
  for (int p = 0; p < Passes; ++p) {
    bool want[at_least_one(Size)] = {};
    for (int i = 0; i < Size; ++i)
      if (c.at[i].live && c.at[i].what == act::fold && c.at[i].pass == p && !c.at[i].given) {
        s.folds[p][i] = true;
        want[c.at[i].of[0]] = true;
      }
    for (int r = 0; r < Results; ++r)
      if (c.result[r] >= 0 && s.result_in[r] == p) want[c.result[r]] = true;
    for (int i = Size - 1; i >= 0; --i) {  // operands stand before what uses them
      if (!want[i]) continue;
      step const& t = c.at[i];
      if (t.once) {
        if (made[i] >= 0 || (t.what == act::fold && !t.given)) continue;
        s.before[p][i] = true;
        made[i] = static_cast<short>(p);
      } else {
        if (made[i] >= 0 && made[i] < p && t.what == act::map && !t.given && !t.passing && t.cost > computed_again) {
          s.in_row[p][i] = how::reload;
          if (s.stored_by[i] < 0) {
            s.stored_by[i] = static_cast<signed char>(made[i]);
            s.slot[i] = static_cast<short>(s.slots++);
            s.row_bytes += size_of(t.type);
          }
          continue;
        }
        s.in_row[p][i] = how::compute;
        if (made[i] < 0) made[i] = static_cast<short>(p);
      }
      if (t.given) continue;
      for (int k = 0; k < t.arity; ++k) {
        int const o = t.of[k];
        if (o < 0) continue;
        if (k == t.fuses) {  // the product's operands; it is no value of its own, unless something else asks for it
          for (int q = 0; q < c.at[o].arity; ++q) want[c.at[o].of[q]] = true;
        } else {
          want[o] = true;
        }
      }
    }
  }
  return s;
}

// -- a program's type --------------------------------------------------------------------------------------------

template <class L>
struct facts_in;
template <class... X>
struct facts_in<tokens<X...>> {
  static constexpr step_facts at[sizeof...(X)] = {X::facts...};
};

// What a kernel is compiled for.
template <class L, int Results = 1>
struct code_of {
  using list = L;
  static constexpr int size = L::count;
  static constexpr int results = Results;
  static constexpr auto code = read_tokens<L::count, Results>(facts_in<L>::at);
  static constexpr int last = code.last;
  static constexpr auto schedule = schedule_of<code.last + 1>(code, false);
  static constexpr bool ahead = false;  // does the kernel ask for memory some packs before it reads it?
  static constexpr int leaves = code.leaves, numbers = code.numbers, kept = code.kept;
  template <int I>
  using token = token_at<L, I>;
};

// The steps for which `chosen` holds, in order, as a list of the compiler's.
template <int Size>
struct chosen_steps {
  short at[at_least_one(Size)] = {};
  int count = 0;
};
template <class C, class F>
constexpr auto choose_steps(F const& chosen) {
  chosen_steps<C::size> s{};
  for (int i = 0; i < C::size; ++i)
    if (chosen(i)) s.at[s.count++] = static_cast<short>(i);
  return s;
}
template <class C, int P>
struct steps_in_row {
  static constexpr auto list = choose_steps<C>([](int i) { return C::schedule.in_row[P][i] != how::nothing; });
};
template <class C, int P>
struct steps_before {
  static constexpr auto list = choose_steps<C>([](int i) { return C::schedule.before[P][i]; });
};
template <class C, int P>
struct folds_in {
  static constexpr auto list = choose_steps<C>([](int i) { return C::schedule.folds[P][i]; });
};
template <class C, int P>
struct stores_in {
  static constexpr auto list = choose_steps<C>([](int i) { return C::schedule.stored_by[i] == P; });
};
// Such a list as an integer_sequence.
template <class List, class Indices>
struct steps_in_list;
template <class List, int... K>
struct steps_in_list<List, std::integer_sequence<int, K...>> {
  using type = std::integer_sequence<int, List::list.at[K]...>;
};
template <class List>
using steps_of = typename steps_in_list<List, std::make_integer_sequence<int, List::list.count>>::type;

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft
