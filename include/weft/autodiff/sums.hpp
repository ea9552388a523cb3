// Sums over a row, taken apart. What a backward pass adds up over a row is a product with constants of the row, or a sum of
// such products:
//
//   sum((g / s + d) * e)   is   sum(g * e) / s + d * sum(e)
//
// (A product is made before it is divided: of numbers whose product is too large for their type, the gradient is then infinite.)
//
// The left side can be added up only after s and d are known, which were added up over the same row: one more pass over it. The
// right side is added up in the pass that first has g and e. So the gradients of softmax and of layer norm make no more passes
// over a row than their values do.
//
// `sums_apart` edits a program (autodiff/adjoint.hpp) before it is scheduled: ordinary loops over its steps. It moves constants of
// the row out of sums that derivatives make, and leaves everything else alone. Where a statement adds up (its means and
// sums), nothing is touched: values have the bits that they have without a gradient.
#pragma once
#include <weft/engine/listing.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace autodiff {

using engine::act;
using engine::code;
using engine::most_operands;
using engine::step;
using engine::step_facts;

// What a step's value is, as far as sums are concerned: if `product`, its operands of[k] to the powers power[k] multiplied together
// (-1: it is divided by that one), and perhaps by a number.
struct product_form {
  bool product = false;
  int power[most_operands] = {};
  bool with_number = false;
};
constexpr product_form operator*(product_form a, product_form b) {
  product_form r{a.product && b.product};
  r.with_number = a.with_number || b.with_number;
  for (int i = 0; i < most_operands; ++i) r.power[i] = a.power[i] + b.power[i];
  return r;
}
constexpr product_form operator/(product_form a, product_form b) {
  for (int& p : b.power) p = -p;
  return a * b;
}
// What there is to know of a token here, beside its facts.
struct token_form {
  product_form form;
  bool times = false, plus = false, total = false;  // it is a * b, a + b, or the sum over the row, of values of the program's type
};
// The numbers of the tokens that new steps are made from; the step of `one` is the number 1.
struct parts_of_sums {
  int times, plus, total, one;
};

// How far sums are taken apart, and how many could not be for each of these reasons: they take a pass over the row of their own,
// and `explain` says so.
struct sum_limits {
  enum reason { none, factors, terms, steps };
  static constexpr int most[] = {0, 8, 6, 40};  // of a term; of a sum; that a program may grow by (a softmax takes a dozen)
  int left[4] = {};
  constexpr int count() const { return left[factors] + left[terms] + left[steps]; }
  constexpr void write(engine::writer& w) const {
    constexpr char const* names[] = {"", "factors", "terms", "further steps"};
    for (int r : {factors, terms, steps}) {
      if (left[r] == 0) continue;
      w.put("; ");
      w.put(left[r]);
      w.put(left[r] == 1 ? " sum" : " sums");
      w.put(" not taken apart: more than ");
      w.put(most[r]);
      w.put(" ");
      w.put(names[r]);
    }
  }
};

template <int Size, int Results>
struct sum_editor {
  code<Size, Results>& c;
  step_facts const* facts;   // of each token
  token_form const* forms;   // of each token
  parts_of_sums parts;
  int forward;               // the steps before this one are the statement's own and stay as they are
  int tokens;                // how many tokens there are: as many as steps before anything was taken apart
  int used;                  // how many steps there are now
  dtype type;                // of the program: sums of other types stay whole
  sum_limits limits{};
  sum_limits::reason met = sum_limits::none;  // the first limit that the sum at hand met

  // What is to be added up is a sum of terms. Of each term one step is added up over the row, its core (-1: the number 1); the
  // sum then goes through the links of a chain, one after the other, which bring in the constants of the row. A link {of, at} is a copy
  // of step `of` in which the sum stands as operand `at`, and 1 as the other operands that vary, since they are in the core already.
  // A link {of, -1} multiplies the sum by step `of`.
  static constexpr int longest = sum_limits::most[sum_limits::factors], most = sum_limits::most[sum_limits::terms];
  struct link {
    short of = -1, at = -1;
  };
  struct term {
    short core = -1;
    link chain[longest] = {};
    int links = 0;
  };
  struct terms {
    term at[most] = {};
    int count = 0;  // -1: there is no such form
  };

  constexpr void meets(sum_limits::reason r) {
    if (met == sum_limits::none) met = r;
  }
  constexpr void derive(int i) {
    step& s = c.at[i];
    s.cost = static_cast<short>(facts[s.from].cost);
    engine::derive(c, i);
  }
  constexpr void derive_all() {
    // Steps stand behind what they read, but for sums that were taken apart: a few rounds.
    for (bool changed = true; changed;) {
      changed = false;
      for (int i = 0; i < used; ++i) {
        step& s = c.at[i];
        if (s.given || (s.what != act::map && s.what != act::fold) || s.arity == 0) continue;
        short const pass = s.pass, cost = s.cost;
        bool const once = s.once;
        derive(i);
        changed = changed || s.pass != pass || s.once != once || s.cost != cost;
      }
    }
  }
  // A step of this token with the operands of `like`, new unless there is one already. -1: there is no room.
  constexpr int append(int token, step const& like) {
    for (int i = tokens; i < used; ++i) {
      bool same = c.at[i].from == token;
      for (int k = 0; k < most_operands; ++k) same = same && c.at[i].of[k] == like.of[k];
      if (same) return i;
    }
    if (used == Size) {
      meets(sum_limits::steps);
      return -1;
    }
    step& s = c.at[used];
    s = like;
    s.from = static_cast<short>(token);
    if (s.what == act::map || s.what == act::fold) derive(used);
    return used++;
  }
  constexpr step new_step(int token, int arity, int a, int b) const {
    step s{};
    s.what = facts[token].what;
    s.width = static_cast<signed char>(facts[token].width);
    s.type = facts[token].type;
    s.once = facts[token].once;
    s.arity = static_cast<short>(arity);
    s.of[0] = static_cast<short>(a);
    s.of[1] = static_cast<short>(b);
    return s;
  }
  constexpr int product(int a, int b) {
    for (int i = 0; i < used; ++i) {
      step const& s = c.at[i];
      if (forms[s.from].times && s.arity == 2 && !s.given && ((s.of[0] == a && s.of[1] == b) || (s.of[0] == b && s.of[1] == a))) return i;
    }
    return append(parts.times, new_step(parts.times, 2, a, b));
  }
  constexpr int total(int core) {
    if (core < 0) core = parts.one;
    for (int i = 0; i < used; ++i) {
      step const& s = c.at[i];
      if (forms[s.from].total && s.what == act::fold && s.arity == 1 && s.of[0] == core) return i;
    }
    return append(parts.total, new_step(parts.total, 1, core, -1));
  }

  constexpr bool add_link(term& t, int of, int at) {
    if (t.links == longest) {
      meets(sum_limits::factors);
      return false;
    }
    t.chain[t.links++] = {static_cast<short>(of), static_cast<short>(at)};
    return true;
  }
  static constexpr terms alone(int core) {
    terms r;
    r.count = 1;
    r.at[0].core = static_cast<short>(core);
    return r;
  }
  static constexpr terms nothing() {
    terms r;
    r.count = -1;
    return r;
  }

  // Is everything that is to be added up there before pass `late`?
  constexpr bool known(terms const& t, int late) const {
    for (int k = 0; k < t.count; ++k)
      if (t.at[k].core >= 0 && c.at[t.at[k].core].pass >= late) return false;
    return true;
  }
  // The terms of step o, in which everything that is not known before pass `late` is taken for a constant of the row in a chain or,
  // where that isn't possible, stays in a core (`known` then says no).
  constexpr terms parts_of(int o, int late) {
    step const& s = c.at[o];
    if (s.type != type) return nothing();
    if (s.once) {
      terms r = alone(-1);
      add_link(r.at[0], o, -1);
      return r;
    }
    if (s.given || s.what != act::map) return alone(o);
    if (s.pass >= late && o >= forward && forms[s.from].plus) {
      terms a = parts_of(s.of[0], late), b = parts_of(s.of[1], late);
      if (a.count < 0 || b.count < 0) return nothing();
      if (a.count + b.count > most) {
        if (known(a, late) && known(b, late)) meets(sum_limits::terms);
        return nothing();
      }
      for (int i = 0; i < b.count; ++i) a.at[a.count++] = b.at[i];
      return a;
    }
    product_form const& f = forms[s.from].form;
    if (!f.product) return alone(o);
    bool scaled = false;
    int last = -1;  // the operand that is ready last
    for (int k = 0; k < most_operands; ++k) {
      if (f.power[k] == 0) continue;
      if (s.of[k] < 0) return alone(o);
      if (c.at[s.of[k]].once) {
        scaled = true;
        continue;
      }
      if (f.power[k] < 0) return alone(o);
      if (last < 0 || c.at[s.of[k]].pass > c.at[s.of[last]].pass) last = k;
    }
    if (last < 0 || f.power[last] != 1 || (!scaled && s.pass < late)) return alone(o);
    terms r = parts_of(s.of[last], late);
    if (r.count < 0) return r;
    for (int k = 0; k < most_operands; ++k) {
      if (k == last || f.power[k] == 0 || c.at[s.of[k]].once) continue;
      terms const other = parts_of(s.of[k], late);
      if (other.count != 1) return nothing();
      for (int i = 0; i < r.count; ++i)
        for (int n = 0; n < f.power[k]; ++n) {
          short const x = other.at[0].core;
          int const core = r.at[i].core < 0 ? x : x < 0 ? r.at[i].core : product(r.at[i].core, x);
          if (core < 0 && (r.at[i].core >= 0 || x >= 0)) return nothing();
          r.at[i].core = static_cast<short>(core);
          for (int l = 0; l < other.at[0].links; ++l)
            if (!add_link(r.at[i], other.at[0].chain[l].of, other.at[0].chain[l].at)) return nothing();
        }
    }
    for (int i = 0; i < r.count; ++i)
      if ((scaled || f.with_number) && !add_link(r.at[i], o, last)) return nothing();
    return r;
  }

  // The sum of a term over the row, as a step.
  constexpr int sum_of(term const& t) {
    int v = total(t.core);
    for (int l = 0; l < t.links && v >= 0; ++l) {
      if (t.chain[l].at < 0) {
        v = product(t.chain[l].of, v);
        continue;
      }
      step s = c.at[t.chain[l].of];
      for (int k = 0; k < most_operands; ++k) {
        if (s.of[k] < 0) continue;
        if (k == t.chain[l].at)
          s.of[k] = static_cast<short>(v);
        else if (!c.at[s.of[k]].once)
          s.of[k] = static_cast<short>(parts.one);
      }
      s.fuses = -1;
      s.apart = false;
      v = append(s.from, s);
    }
    return v;
  }

  constexpr void take_apart(int i) {
    step const before = c.at[i];
    int const late = c.at[before.of[0]].pass;
    if (late == 0) return;
    int const saved = used;
    met = sum_limits::none;
    terms const t = parts_of(before.of[0], late);
    bool good = t.count > 0 && known(t, late);
    int v = -1;
    for (int k = 0; k < t.count && good; ++k) {
      int const x = sum_of(t.at[k]);
      v = k == 0 || x < 0 ? x : append(parts.plus, new_step(parts.plus, 2, v, x));
      good = v >= 0;
    }
    if (!good) {
      for (int k = saved; k < used; ++k) c.at[k] = {};
      used = saved;
      if (met != sum_limits::none) ++limits.left[met];
      return;
    }
    c.at[i] = c.at[v];
    derive_all();
  }
};

// For speed: a quotient by a constant of the row becomes a product with the constant's reciprocal, which is found once a row, and
// a sum of which one operand is a product takes it along in one rounding.
template <int Size, int Results>
constexpr void multiply_by_constants(sum_editor<Size, Results>& editor, int end) {
  auto& c = editor.c;
  for (int i = editor.forward; i < end; ++i) {
    step const s = c.at[i];
    if (!s.live || s.once || s.given || s.what != act::map || s.type != editor.type) continue;
    auto const& f = editor.forms[s.from].form;
    bool divides = false;
    int factors[2] = {-1, -1}, count = 0;  // the operands that vary along the row
    bool simple = f.product;
    for (int k = 0; k < most_operands; ++k) {
      if (f.power[k] == 0) continue;
      if (s.of[k] < 0) {
        simple = false;
      } else if (c.at[s.of[k]].once) {
        divides = divides || f.power[k] < 0;
      } else if (f.power[k] == 1 && count < 2) {
        factors[count++] = s.of[k];
      } else {
        simple = false;
      }
    }
    if (!simple || !divides || count == 0) continue;
    step constant = s;
    for (int k = 0; k < most_operands; ++k)
      if (constant.of[k] >= 0 && !c.at[constant.of[k]].once) constant.of[k] = static_cast<short>(editor.parts.one);
    int const factor = editor.append(constant.from, constant);
    int v = factor < 0 ? -1 : editor.product(factors[0], factor);
    if (v >= 0 && count == 2) v = editor.product(v, factors[1]);
    if (v < 0) continue;
    c.at[i] = c.at[v];
    editor.derive_all();
  }
  for (int i = editor.forward; i < editor.used; ++i) {
    step& s = c.at[i];
    if (!editor.forms[s.from].plus || s.arity != 2 || s.once) continue;
    bool product[2] = {};
    for (int k = 0; k < 2; ++k) {
      if (s.of[k] < 0) continue;
      step const& o = c.at[s.of[k]];
      product[k] = editor.forms[o.from].times && o.arity == 2 && !o.once && !o.given;
    }
    if (product[0] != product[1]) s.fuses = product[0] ? 0 : 1;
  }
}

// Takes the sums apart that wait for other sums of their row. `used`: how many steps there are.
template <int Size, int Results>
constexpr sum_limits sums_apart(code<Size, Results>& c, step_facts const* facts, token_form const* forms, parts_of_sums parts, int forward,
                          int used, dtype type) {
  sum_editor<Size, Results> editor{c, facts, forms, parts, forward, used, used, type};
  for (int i = forward; i < used; ++i)
    if (c.at[i].live && c.at[i].what == act::fold && forms[c.at[i].from].total && c.at[i].type == type) editor.take_apart(i);
  sum_limits const met = editor.limits;
  engine::find_living(c);
  multiply_by_constants(editor, used);
  engine::find_living(c);
  return met;
}

// -- what is left of a program --------------------------------------------------------------------------------------------------

// The steps that some result needs, each behind what it reads.
template <int Size>
struct order_of_steps {
  short at[engine::at_least_one(Size)] = {};
  int count = 0;
};
template <int Size, int Results>
constexpr order_of_steps<Size> living_in_order(code<Size, Results> const& c) {
  order_of_steps<Size> o;
  bool done[engine::at_least_one(Size)] = {};
  for (bool more = true; more;) {
    more = false;
    for (int i = 0; i < Size; ++i) {
      if (!c.at[i].live || done[i]) continue;
      bool ready = true;
      if (!c.at[i].given)
        for (int k = 0; k < c.at[i].arity; ++k) ready = ready && (c.at[i].of[k] < 0 || done[c.at[i].of[k]]);
      if (!ready) continue;
      done[i] = more = true;
      o.at[o.count++] = static_cast<short>(i);
    }
  }
  return o;
}
template <int Living, int Size, int Results>
constexpr code<Living, Results> only_living(code<Size, Results> const& c, order_of_steps<Size> const& o) {
  code<Living, Results> r{};
  short now_at[engine::at_least_one(Size)] = {};
  for (int i = 0; i < Size; ++i) now_at[i] = -1;
  for (int i = 0; i < o.count; ++i) {
    now_at[o.at[i]] = static_cast<short>(i);
    step& s = r.at[i];
    s = c.at[o.at[i]];
    if (s.given) s.arity = 0;
    for (auto& k : s.of)
      if (k >= 0) k = s.given ? short(-1) : now_at[k];
  }
  for (int i = 0; i < Results; ++i) {
    r.result[i] = c.result[i] < 0 ? short(-1) : now_at[c.result[i]];
    r.wide[i] = c.wide[i];
  }
  r.leaves = c.leaves;
  r.numbers = c.numbers;
  r.kept = c.kept;
  engine::find_living(r);
  return r;
}

}  // namespace autodiff
}  // namespace WEFT_ISA
}  // namespace weft
