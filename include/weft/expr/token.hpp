// Tokens: an expression taken apart into the steps that its loop makes, in the order in which they can be made.
//
//   a * b + c   is   tokens<memory<float>, memory<float>, mapped<multiply, float, float>, memory<float>, mapped<add, ...>>
//
// Each step takes its operands from what stands before it, as on a pocket calculator that has the operands first. Names,
// extents and addresses are gone from the type, so tensors of eight shapes share one loop. `bind` (expr/bind.hpp) makes
// tokens of an expression and hands what it finds in memory to a binder; `code` (engine/code.hpp) reads them.
#pragma once
#include <weft/core/dtype.hpp>
#include <weft/core/shape.hpp>
#include <weft/config.hpp>

#include <cstdint>
#include <type_traits>

namespace weft {
inline namespace WEFT_ISA {
namespace expr {

template <class... X>
struct tokens {
  static constexpr int count = int(sizeof...(X));
};

enum class act : unsigned char {
  number,   // a constant, known before the loop
  memory,   // the next leaf of the table
  map,      // an operation on the values before it
  fold,     // a reduction over the row of the value before it
  define,   // the value before it gets a name, and is taken away
  recall,   // the value of a name; `depth`: how many names were given since
  forget,   // the innermost name ends
  keep      // computes nothing: what stands after it reads a value that the table of the loop keeps (see `kept`)
};

// What is known of a token, as a value.
struct step_facts {
  act what = act::number;
  int arity = 0;
  int cost = 0;          // what one pack of the operation costs, about, an addition being 1
  int width = 1;         // bytes of the widest type in it
  dtype type{};          // of its value
  bool once = false;     // memory: one element a row
  bool product = false;  // multiplies two values of its own floating type
  bool sum = false;      // adds or subtracts in its own floating type: takes a product along
  bool wants = false;    // memory, number: a gradient is wanted of it
  bool y = false, a = false, b = false, c = false, s = false;  // a derivative: which arguments it reads beside g
  bool passing = false;  // its value isn't an element but what the next operation wants of one (a divisor with its reciprocal),
                         // so that it is never stored: who needs it in another pass makes it again
  int depth = 0;         // recall: how many names were given after this one
  int kept = 0;          // how many things the loop's table keeps alive for it: a tensor that was evaluated apart, a source
  char const* name = ""; // of the operation
  bool back = false;     // a step of its derivative
};

constexpr int larger(int a, int b) { return a > b ? a : b; }

// `Wants`: a gradient is wanted of it.
template <class T, bool Wants = false>
struct number {
  using type = T;
  static constexpr step_facts facts{
      .what = act::number, .width = sizeof(T), .type = dtype_of<T>, .once = true, .wants = Wants};
};
// `Once`: one element a row. `Kept`: the table of the loop keeps what it is read from (see `kept` above).
template <class T, bool Once = false, bool Kept = false, bool Wants = false>
struct memory {
  using type = T;
  static constexpr step_facts facts{.what = act::memory,
                                    .width = sizeof(T),
                                    .type = dtype_of<T>,
                                    .once = Once,
                                    .wants = Wants,
                                    .kept = Kept ? 1 : 0};
};
template <class Op, class... T>
struct mapped {
  using operation = Op;
  using type = typename Op::template result<T...>;
  static constexpr bool floats = std::is_floating_point_v<type>;
  static constexpr bool one_type = (std::is_same_v<T, type> && ...);
  static constexpr step_facts facts{.what = act::map,
                                    .arity = int(sizeof...(T)),
                                    .cost = Op::cost,
                                    .width = larger(sizeof(typename Op::template compute<T...>), sizeof(type)),
                                    .type = dtype_of<type>,
                                    .product = floats && one_type && Op::multiplies,
                                    .sum = floats && Op::adds,
                                    .passing = Op::passing,
                                    .name = Op::name};
};
template <class Op, class T>
struct folded {
  using operation = Op;
  using of = T;
  using type = typename Op::template result<T>;
  using compute = typename Op::template compute<T>;
  static constexpr step_facts facts{
      .what = act::fold, .arity = 1, .width = sizeof(compute), .type = dtype_of<type>, .once = true, .name = Op::name};
};
struct define {
  static constexpr step_facts facts{.what = act::define, .arity = 1};
};
struct forget {
  static constexpr step_facts facts{.what = act::forget};
};
struct keep {
  static constexpr step_facts facts{.what = act::keep, .kept = 1};
};
template <int Depth>
struct recall {
  static constexpr step_facts facts{.what = act::recall, .depth = Depth};
};

// -- lists -------------------------------------------------------------------------------------------------------

template <class... L>
struct joined;
template <class... A>
struct joined<tokens<A...>> {
  using type = tokens<A...>;
};
template <class... A, class... B>
struct joined<tokens<A...>, tokens<B...>> {
  using type = tokens<A..., B...>;
};
template <class... A, class... B, class... C>
struct joined<tokens<A...>, tokens<B...>, tokens<C...>> {
  using type = tokens<A..., B..., C...>;
};
template <class... A, class... B, class... C, class... D>
struct joined<tokens<A...>, tokens<B...>, tokens<C...>, tokens<D...>> {
  using type = tokens<A..., B..., C..., D...>;
};
template <class... A, class... B, class... C, class... D, class... More>
struct joined<tokens<A...>, tokens<B...>, tokens<C...>, tokens<D...>, More...>
    : joined<tokens<A..., B..., C..., D...>, More...> {};
template <class... L>
using joined_t = typename joined<L...>::type;

// Token I of a list, in one step for the compiler.
template <int I, class X>
struct numbered {
  using type = X;
};
template <class Indices, class... X>
struct numbered_all;
template <int... I, class... X>
struct numbered_all<std::integer_sequence<int, I...>, X...> : numbered<I, X>... {};
template <int I, class X>
numbered<I, X> pick_numbered(numbered<I, X> const*);
template <class L>
struct numbering;
template <class... X>
struct numbering<tokens<X...>> : numbered_all<std::make_integer_sequence<int, int(sizeof...(X))>, X...> {};
template <class L, int I>
using token_at = typename decltype(pick_numbered<I>(static_cast<numbering<L> const*>(nullptr)))::type;

}  // namespace expr
}  // namespace WEFT_ISA
}  // namespace weft
