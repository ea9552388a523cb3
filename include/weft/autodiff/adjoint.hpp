// The backward pass of a statement as a program: the same steps as forward, and those of the derivatives after them.
//
// `adjoint<L, Seed, HasResult, Total>` is made of a statement's tokens L, as `code_of` is; Seed is the token of the result's
// cotangent, and with `HasResult` the result itself is read where the tape kept it. Step by step from the result back, each
// operand gets what the operation's own derivative says, and contributions are added up. A row's constant gets the sum of
// what the elements of the row contribute, which is one more reduction over the row: so the backward pass of a row program is
// a row program, with passes, rows of scratch and threads like any other.
//
//   results 0 ..       the cotangents of the leaves that want one, in the order in which they stand in L
//   the last result    with `Total`: the sum of the statement's values over the row
#pragma once
#include <weft/engine/kernel.hpp>
#include <weft/autodiff/sums.hpp>
#include <weft/ops/arithmetic.hpp>
#include <weft/ops/reduce.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace autodiff {

using engine::folded;
using engine::mapped;
using engine::memory;
using engine::number;
using engine::pack;
using engine::token_at;
using engine::tokens;
using expr::asked;
using expr::letter;

// -- which values are products ---------------------------------------------------------------------------------------------

// The form of what an operation makes of values of these forms. (An operation of one operand is given its form twice.)
template <class Op, int Arity>
constexpr product_form form_of_operation(product_form a, product_form b) {
  if constexpr (Op::multiplies && Arity <= 2)
    return a * b;
  else if constexpr (requires { requires Op::divides; })
    return a / b;
  else if constexpr (requires { requires Op::negates; })
    a.with_number = true;
  else
    a.product = false;
  return a;
}
// The form of a derivative, which is an expression over its arguments g, y, a, b, c or s.
template <class E>
constexpr product_form form_of_expression() {
  product_form f{true};
  if constexpr (requires { E::stands_for; }) {
    f.power[E::stands_for == letter::s ? 4 : static_cast<int>(E::stands_for)] = 1;
    return f;
  } else if constexpr (E::arity == 0) {
    f.with_number = true;
    return f;
  } else {
    return form_of_operation<typename E::operation, E::arity>(
        form_of_expression<expr::kid_t<0, E>>(), form_of_expression<expr::kid_t<(E::arity > 1 ? 1 : 0), E>>());
  }
}

// -- derivatives as steps ------------------------------------------------------------------------------------------------

template <class Op, class E>
constexpr step_facts facts_of_derivative(int width, dtype type) {
  constexpr expr::reading r = expr::mentioned<E>();
  return {.what = act::map, .arity = 6, .cost = expr::cost_of_expression<E>(), .width = width, .type = type,
          .y = r.y, .a = r.a, .b = r.b, .c = r.c, .s = r.s, .name = Op::name, .back = true};
}
// A token: what operand I of an operation gets of the cotangent g of its result y. It reads g, y and the operands a, b, c, whose
// element types are T...
template <class Op, int I, class Y, class... T>
struct pull {
  using type = std::tuple_element_t<static_cast<std::size_t>(I), std::tuple<T...>>;
  using expression = expr::pulled_t<Op, I, Y, T...>;
  static constexpr int width = [] {
    int w = sizeof(Y);
    ((w = engine::larger(w, sizeof(T))), ...);
    return w;
  }();
  static constexpr step_facts facts = facts_of_derivative<Op, expression>(width, dtype_of<type>);
};
// What the derivative of a reduction counts over the row (its `counted(y, a)`: of a maximum, the elements that are equal to it). If
// it counts nothing, anything.
template <class Op, class Y, class T>
auto counted_of() {
  if constexpr (requires { Op::counted(asked<letter::y, Y>(), asked<letter::a, T>()); })
    return Op::counted(asked<letter::y, Y>(), asked<letter::a, T>());
  else
    return asked<letter::y, Y>();
}
template <class Op, class Y, class T>
struct seen {
  using type = T;
  using expression = decltype(counted_of<Op, Y, T>());
  static constexpr step_facts facts = facts_of_derivative<Op, expression>(sizeof(T), dtype_of<T>);
};
// A token: what an element of a reduction gets. It reads g, y, a, the number of elements n (in the place of b) and the count s.
template <class Op, class Y, class T>
struct pull_fold {
  using type = T;
  using expression = decltype(Op::da(asked<letter::g, Y>(), asked<letter::y, Y>(), asked<letter::a, T>(), asked<letter::s, T>(),
                                     asked<letter::b, T>()));
  static constexpr step_facts facts = facts_of_derivative<Op, expression>(sizeof(T), dtype_of<T>);
};

// The tokens of the steps that go back over one token of the statement: none where nothing goes back.
template <class X>
struct back_over {
  using type = tokens<>;
};
// For each operand: its contribution, the sum of that over the row, and the sum with earlier contributions.
template <class Op, int I, class Y, class... T>
auto back_over_operand() {
  using of = std::tuple_element_t<static_cast<std::size_t>(I), std::tuple<T...>>;
  if constexpr (std::is_floating_point_v<of>)
    return tokens<pull<Op, I, Y, T...>, folded<ops::sum, of>, mapped<ops::add, of, of>>{};
  else
    return tokens<>{};
}
template <class Op, class... T>
struct back_over<mapped<Op, T...>> {
  using Y = typename mapped<Op, T...>::type;
  template <int... I>
  static auto find(std::integer_sequence<int, I...>) {
    if constexpr (!Op::flat && std::is_floating_point_v<Y>)
      return typename expr::joined<decltype(back_over_operand<Op, I, Y, T...>())...>::type{};
    else
      return tokens<>{};
  }
  using type = decltype(find(std::make_integer_sequence<int, int(sizeof...(T))>{}));
};
template <class Op, class T>
struct back_over<folded<Op, T>> {
  using Y = typename folded<Op, T>::type;
  static auto find() {
    if constexpr (!Op::flat && std::is_floating_point_v<Y> && std::is_floating_point_v<T> && requires { Op::back_by_rows; })
      return tokens<number<T>, seen<Op, Y, T>, folded<ops::sum, T>, pull_fold<Op, Y, T>, folded<ops::sum, T>,
                    mapped<ops::add, T, T>>{};
    else
      return tokens<>{};
  }
  using type = decltype(find());
};

// -- the program -----------------------------------------------------------------------------------------------------------

// Does the statement reduce rows, so that there may be sums to take apart (autodiff/sums.hpp)?
template <class L, class T>
inline constexpr bool has_sums = []<class... X>(tokens<X...>*) {
  return ((X::facts.what == act::fold && X::facts.type == dtype_of<T>) || ...);
}(static_cast<L*>(nullptr));
// The tokens that the new steps are made from.
template <class T>
using tokens_of_sums = tokens<mapped<ops::multiply, T, T>, mapped<ops::add, T, T>, folded<ops::sum, T>, number<T>>;

template <class X, class T>
struct form_of_token {
  static constexpr token_form value{};
};
template <class Op, class... X, class T>
struct form_of_token<mapped<Op, X...>, T> {
  static constexpr int count = int(sizeof...(X));
  static constexpr bool own = std::is_same_v<typename mapped<Op, X...>::type, T> && (std::is_same_v<X, T> && ...);
  static constexpr product_form a{true, {1}}, b = count > 1 ? product_form{true, {0, 1}} : a;
  static constexpr token_form value{own ? form_of_operation<Op, count>(a, b) : product_form{},
                                    own && std::is_same_v<Op, ops::multiply>, own && std::is_same_v<Op, ops::add>, false};
};
template <class Op, class X, class T>
struct form_of_token<folded<Op, X>, T> {
  static constexpr token_form value{{}, false, false, std::is_same_v<Op, ops::sum> && std::is_same_v<X, T>};
};
template <class Op, int I, class Y, class... X, class T>
struct form_of_token<pull<Op, I, Y, X...>, T> {
  static constexpr bool own = std::is_same_v<Y, T> && (std::is_same_v<X, T> && ...);
  static constexpr token_form value{own ? form_of_expression<typename pull<Op, I, Y, X...>::expression>() : product_form{}};
};
template <class Op, class Y, class X, class T>
struct form_of_token<pull_fold<Op, Y, X>, T> {
  static constexpr bool own = std::is_same_v<Y, T> && std::is_same_v<X, T>;
  static constexpr token_form value{own ? form_of_expression<typename pull_fold<Op, Y, X>::expression>() : product_form{}};
};
template <class L, class T>
struct forms_in;
template <class... X, class T>
struct forms_in<tokens<X...>, T> {
  static constexpr token_form at[sizeof...(X)] = {form_of_token<X, T>::value...};
};

// All tokens: forward, the cotangent, the result (if the tape kept it), the sums of the results and of the cotangent over the
// row, then back.
template <class L, class Seed, class Result, class T>
struct all_tokens {
  template <int... K>
  static auto find(std::integer_sequence<int, K...>) {
    return expr::joined_t<L, tokens<Seed>, Result, tokens<folded<ops::sum, T>, folded<ops::sum, T>>,
                          typename back_over<token_at<L, L::count - 1 - K>>::type...,
                          std::conditional_t<has_sums<L, T>, tokens_of_sums<T>, tokens<>>>{};
  }
  using type = decltype(find(std::make_integer_sequence<int, L::count>{}));
};
template <class L>
struct back_counts;
template <class... X>
struct back_counts<tokens<X...>> {
  static constexpr int of[sizeof...(X)] = {back_over<X>::type::count...};
};
template <class L>
constexpr int wanting() {
  int n = 0;
  for (auto const& f : engine::facts_in<L>::at) n += f.wants;
  return n;
}

// The forward steps, as they are, and behind them those of the derivatives. `count`: how many tokens there are; the `Size` - `count`
// steps behind them are room for sums that are taken apart. `back`: how many tokens go back over each forward one. `has_result`:
// the statement's own result is there already. `total`: the sum of the statement's values is wanted as well. `wide`: they have an
// element for each of the row.
template <int Size, int Results, int Forward>
constexpr code<Size, Results> go_back(step_facts const* token, int count, int const* back,
                                      code<Forward, 1> const& forward, bool has_result, bool total, bool wide) {
  code<Size, Results> c{};
  c.leaves = forward.leaves;
  c.numbers = forward.numbers;
  c.kept = forward.kept;
  for (int i = 0; i < Forward; ++i) c.at[i] = forward.at[i];
  for (int i = Forward; i < count; ++i) {
    step& s = c.at[i];
    s.from = static_cast<short>(i);
    s.what = token[i].what;
    s.width = static_cast<signed char>(token[i].width);
    s.type = token[i].type;
    s.once = token[i].once;
    s.cost = static_cast<short>(token[i].cost);
    if (s.what == act::number) s.leaf = static_cast<short>(c.numbers++);
    if (s.what == act::memory) s.leaf = static_cast<short>(c.leaves++);
  }
  int const root = forward.result[0], seed = Forward, sum = Forward + (has_result ? 2 : 1);
  if (has_result && c.at[root].what == act::map) {
    c.at[root].given = true;
    c.at[root].leaf = c.at[Forward + 1].leaf;
    c.at[root].pass = 0;
    c.at[root].cost = 0;
  }
  auto const set = [&c](int i, int arity) {
    c.at[i].arity = static_cast<short>(arity);
    engine::derive(c, i);
  };
  bool reached[engine::at_least_one(Forward)] = {};
  for (int i = 0; i < Forward; ++i) {
    if (token[i].wants) reached[i] = true;
    if (back[i] == 0) continue;
    for (int k = 0; k < c.at[i].arity; ++k)
      if (c.at[i].of[k] >= 0 && reached[c.at[i].of[k]]) reached[i] = true;
  }
  short cotangent[engine::at_least_one(Forward)] = {};
  for (int i = 0; i < Forward; ++i) cotangent[i] = -1;
  cotangent[root] = static_cast<short>(seed);
  if (wide && c.at[root].once) {  // the same value for every element of the row
    c.at[sum + 1].of[0] = static_cast<short>(seed);
    set(sum + 1, 1);
    cotangent[root] = static_cast<short>(sum + 1);
  }
  // What step `at` contributes to operand o; the two tokens after it are for the sum over the row and the sum of both.
  auto const contribute = [&](int at, int o, bool along_row) {
    int v = at;
    if (c.at[o].once && along_row) {
      c.at[at + 1].of[0] = static_cast<short>(v);
      set(at + 1, 1);
      v = at + 1;
    }
    if (cotangent[o] >= 0) {
      c.at[at + 2].of[0] = cotangent[o];
      c.at[at + 2].of[1] = static_cast<short>(v);
      c.at[at + 2].along = static_cast<short>(o);
      c.at[at + 2].reduced = false;
      set(at + 2, 2);
      v = at + 2;
    }
    cotangent[o] = static_cast<short>(v);
  };
  int at = sum + 2;
  for (int i = Forward - 1; i >= 0; at += back[i], --i) {
    if (back[i] == 0 || !reached[i] || cotangent[i] < 0) continue;
    step const& f = c.at[i];
    for (int k = at; k < at + back[i]; ++k) {
      c.at[k].along = static_cast<short>(i);
      c.at[k].reduced = f.what == act::fold;
    }
    if (f.what == act::map) {
      int p = at;
      for (int k = 0; k < f.arity; ++k) {
        int const o = f.of[k];
        if (c.at[o].type != dtype::float32 && c.at[o].type != dtype::float64) continue;  // for these there are no tokens
        if (reached[o]) {
          step& s = c.at[p];
          step_facts const& t = token[p];
          s.of[0] = cotangent[i];
          if (t.y) s.of[1] = static_cast<short>(i);
          if (t.a) s.of[2] = f.of[0];
          if (t.b) s.of[3] = f.of[1];
          if (t.c) s.of[4] = f.of[2];
          set(p, 5);
          contribute(p, o, !f.once);
        }
        p += 3;
      }
    } else if (f.what == act::fold) {
      int const o = f.of[0], n = at, look = at + 1, seen = at + 2, p = at + 3;
      if (!reached[o]) continue;
      step_facts const& t = token[p];
      if (t.s) {
        step_facts const& l = token[look];
        if (l.y) c.at[look].of[1] = static_cast<short>(i);
        if (l.a) c.at[look].of[2] = static_cast<short>(o);
        set(look, 5);
        c.at[seen].of[0] = static_cast<short>(look);
        set(seen, 1);
      }
      step& s = c.at[p];
      s.of[0] = cotangent[i];
      if (t.y) s.of[1] = static_cast<short>(i);
      if (t.a) s.of[2] = static_cast<short>(o);
      if (t.b) s.of[3] = static_cast<short>(n);
      if (t.s) s.of[4] = static_cast<short>(seen);
      set(p, 5);
      contribute(p, o, true);
    }
  }
  int r = 0;
  for (int i = 0; i < Forward; ++i)
    if (token[i].wants) {
      c.wide[r] = wide && token[i].what == act::memory && !token[i].once;
      c.result[r++] = cotangent[i];
    }
  if (total) {
    c.result[r] = static_cast<short>(root);
    if (wide) {
      c.at[sum].of[0] = static_cast<short>(root);
      set(sum, 1);
      c.result[r] = static_cast<short>(sum);
    }
  }
  engine::find_living(c);
  return c;
}

// All steps: also those that no result needs.
template <class L, class Seed, bool HasResult, bool Total, class T, bool Once>
struct full_adjoint {
  using list = typename all_tokens<L, Seed, std::conditional_t<HasResult, tokens<memory<T, Once>>, tokens<>>, T>::type;
  static constexpr int wanted = wanting<L>();
  static constexpr int results = wanted + (Total ? 1 : 0);
  static constexpr bool sums = has_sums<L, T>;
  static constexpr int size = list::count + (sums ? sum_limits::most[sum_limits::steps] : 0);
  static constexpr auto whole = go_back<size, results>(engine::facts_in<list>::at, list::count, back_counts<L>::of,
                                                       engine::read_tokens<L::count, 1>(engine::facts_in<L>::at), HasResult, Total, !Once);
  struct taken_apart {
    engine::code<size, results> code;
    sum_limits limits;
  };
  static constexpr taken_apart edited = [] {
    taken_apart r{whole, {}};
    if constexpr (sums) {
      constexpr int first = list::count - tokens_of_sums<T>::count;
      r.limits = sums_apart(r.code, engine::facts_in<list>::at, forms_in<list, T>::at, {first, first + 1, first + 2, first + 3}, L::count, list::count, dtype_of<T>);
    }
    return r;
  }();
  static constexpr auto const& made = edited.code;
  static constexpr auto order = living_in_order(made);
};
// The program as it was before sums were taken apart, with a step for each token: it is run where rows differ in length
// (autodiff/uneven.hpp).
template <class L, class Seed, bool HasResult, bool Total, class T, bool Once>
struct whole_adjoint {
  using full = full_adjoint<L, Seed, HasResult, Total, T, Once>;
  using list = typename full::list;
  static constexpr int size = list::count;
  static constexpr int results = full::results;
  static constexpr auto const& code = full::whole;
  static constexpr int last = code.last, leaves = code.leaves, numbers = code.numbers;
  static constexpr auto schedule = engine::schedule_of<code.last + 1>(code, true);
  static constexpr bool ahead = true;
  template <int I>
  using token = token_at<list, I>;
};
// The program that the kernel runs: only steps that some result needs, in order.
template <class L, class Seed, bool HasResult, bool Total, class T, bool Once>
struct adjoint {
  using full = full_adjoint<L, Seed, HasResult, Total, T, Once>;
  using list = typename full::list;
  static constexpr int size = full::order.count;
  static constexpr int wanted = full::wanted, results = full::results;
  static constexpr auto code = only_living<size>(full::made, full::order);
  static constexpr int last = code.last;
  static constexpr auto schedule = engine::schedule_of<code.last + 1>(code, true);
  static constexpr int leaves = code.leaves, numbers = code.numbers, kept = code.kept;
  static constexpr bool ahead = true;
  static constexpr sum_limits limits = full::edited.limits;
  template <int I>
  using token = token_at<list, code.at[I].from>;

  // Does the backward pass read the value of leaf k? (Which of the two programs runs is known only when sizes are.)
  using whole = whole_adjoint<L, Seed, HasResult, Total, T, Once>;
  static constexpr bool reads_leaf(int k) { return reads<adjoint>(k, false) || (full::sums && reads<whole>(k, false)); }
  static constexpr bool reads_number(int k) { return reads<adjoint>(k, true) || (full::sums && reads<whole>(k, true)); }

 private:
  template <class C>
  static constexpr bool reads(int k, bool a_number) {
    for (int p = 0; p <= C::last; ++p)
      for (int i = 0; i < C::size; ++i) {
        step const& s = C::code.at[i];
        if (s.leaf != k || !(C::schedule.before[p][i] || C::schedule.in_row[p][i] != engine::how::nothing)) continue;
        if (a_number ? s.what == act::number : s.what == act::memory || s.given) return true;
      }
    return false;
  }
};

}  // namespace autodiff

// -- how the steps compute ---------------------------------------------------------------------------------------------------

namespace engine {

// An argument of a derivative: the value of step J, or, if the derivative doesn't mention it (J is -1), a stand-in without a value.
template <class C, int N, int J, expr::letter P, class T>
WEFT_INLINE auto argument(registers<C, N> const& v, row_state<C, N> const& row) {
  if constexpr (J >= 0) {
    auto const& x = value_at<C, N, J>(v, row);
    return held<T, std::remove_cvref_t<decltype(x)>>(x);
  } else {
    return expr::asked<P, T>();
  }
}
template <class Op, int K, class Y, class... T>
struct computing<autodiff::pull<Op, K, Y, T...>> {
  using type = typename autodiff::pull<Op, K, Y, T...>::type;
  template <class C, int N, int I>
  static WEFT_INLINE void run(registers<C, N>& v, row_state<C, N> const& row, index_t, full) {
    constexpr auto const& s = C::code.at[I];
    using expr::letter;
    using all = std::tuple<T...>;
    auto const g = argument<C, N, s.of[0], letter::g, Y>(v, row);
    auto const y = argument<C, N, s.of[1], letter::y, Y>(v, row);
    auto const a = argument<C, N, s.of[2], letter::a, std::tuple_element_t<0, all>>(v, row);
    if constexpr (sizeof...(T) == 1) {
      in<I>(v) = now<type, N>(expr::pulled<Op, K>(g, y, a));
    } else {
      auto const b = argument<C, N, s.of[3], letter::b, std::tuple_element_t<1, all>>(v, row);
      if constexpr (sizeof...(T) == 2)
        in<I>(v) = now<type, N>(expr::pulled<Op, K>(g, y, a, b));
      else
        in<I>(v) = now<type, N>(
            expr::pulled<Op, K>(g, y, a, b, argument<C, N, s.of[4], letter::c, std::tuple_element_t<2, all>>(v, row)));
    }
  }
};
template <class Op, class Y, class T>
struct computing<autodiff::seen<Op, Y, T>> {
  template <class C, int N, int I>
  static WEFT_INLINE void run(registers<C, N>& v, row_state<C, N> const& row, index_t, full) {
    constexpr auto const& s = C::code.at[I];
    using expr::letter;
    in<I>(v) =
        now<T, N>(Op::counted(argument<C, N, s.of[1], letter::y, Y>(v, row), argument<C, N, s.of[2], letter::a, T>(v, row)));
  }
};
template <class Op, class Y, class T>
struct computing<autodiff::pull_fold<Op, Y, T>> {
  template <class C, int N, int I>
  static WEFT_INLINE void run(registers<C, N>& v, row_state<C, N> const& row, index_t, full) {
    constexpr auto const& s = C::code.at[I];
    using expr::letter;
    in<I>(v) = now<T, N>(Op::da(argument<C, N, s.of[0], letter::g, Y>(v, row), argument<C, N, s.of[1], letter::y, Y>(v, row),
                                argument<C, N, s.of[2], letter::a, T>(v, row), argument<C, N, s.of[4], letter::s, T>(v, row),
                                argument<C, N, s.of[3], letter::b, T>(v, row)));
  }
};

template <class C, int N, int I, class Op, int K, class Y, class... T>
struct value_of_token<C, N, I, autodiff::pull<Op, K, Y, T...>> {
  using type = pack<typename autodiff::pull<Op, K, Y, T...>::type, N>;
};
template <class C, int N, int I, class Op, class Y, class T>
struct value_of_token<C, N, I, autodiff::seen<Op, Y, T>> {
  using type = pack<T, N>;
};
template <class C, int N, int I, class Op, class Y, class T>
struct value_of_token<C, N, I, autodiff::pull_fold<Op, Y, T>> {
  using type = pack<T, N>;
};

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft
