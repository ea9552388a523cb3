// The values of a program while it runs: one register, or a few, for each step.
//
//   registers<C, N>        all steps' values; a loop touches those of its pass, and the compiler drops the others
//   run_step<C, P, N, I>   computes step I of pass P for the elements [i, i + N) of a row, of which `part` says which exist
//
// A step's value is a pack of N lanes, or a mask where it is a comparison. What is the same all along the row is found once,
// before the pass, and stands in the registers of the row.
#pragma once
#include <weft/engine/apply.hpp>
#include <weft/engine/code.hpp>

#include <cstring>

namespace weft {
inline namespace WEFT_ISA {
namespace engine {

// A struct with a member for each number.
template <int I, class T>
struct member {
  T v;
};
template <class... S>
struct members : S... {};
template <int I, class T>
WEFT_INLINE T& in(member<I, T>& s) {
  return s.v;
}
template <int I, class T>
WEFT_INLINE T const& in(member<I, T> const& s) {
  return s.v;
}

struct nothing {};
template <class C, int N, int I>
struct value_of;
template <class C, int N, int I>
using value_t = typename value_of<C, N, I>::type;

template <class C, int N, int I, class Token>
struct value_of_token {
  using type = nothing;  // a name begins or ends
};
template <class C, int N, int I, class T, bool Wants>
struct value_of_token<C, N, I, number<T, Wants>> {
  using type = pack<T, N>;
};
template <class C, int N, int I, class T, bool Once, bool Kept, bool Wants>
struct value_of_token<C, N, I, memory<T, Once, Kept, Wants>> {
  using type = pack<T, N>;
};
template <class C, int N, int I, class Op, class T>
struct value_of_token<C, N, I, folded<Op, T>> {
  using type = pack<typename folded<Op, T>::type, N>;
};
template <class C, int N, int I, class Op, class... T>
struct value_of_token<C, N, I, mapped<Op, T...>> {
  template <int... K>
  static auto find(std::integer_sequence<int, K...>) {
    if constexpr (C::code.at[I].given)
      return std::type_identity<pack<typename mapped<Op, T...>::type, N>>();
    else
      return std::type_identity<decltype(applied<Op, T...>::on(std::declval<value_t<C, N, C::code.at[I].of[K]>>()...))>();
  }
  using type = typename decltype(find(std::make_integer_sequence<int, int(sizeof...(T))>{}))::type;
};
// (What nothing needs has no register.)
template <class C, int N, int I>
struct value_of
    : value_of_token<C, N, I, std::conditional_t<C::code.at[I].live, typename C::template token<I>, nothing>> {};

template <class C, int N>
struct registers_of {
  template <int... I>
  static members<member<I, value_t<C, N, I>>...> make(std::integer_sequence<int, I...>);
  using type = decltype(make(std::make_integer_sequence<int, C::size>{}));
};
template <class C, int N>
using registers = typename registers_of<C, N>::type;

// A number of the table, whatever its type.
struct number_bits {
  alignas(8) unsigned char at[8];
};
template <class T>
WEFT_INLINE void set_number(number_bits& to, T x) {
  std::memcpy(to.at, &x, sizeof(T));
}
template <class T>
WEFT_INLINE T get_number(number_bits const& from) {
  T x;
  std::memcpy(&x, from.at, sizeof(T));
  return x;
}

// A row at hand.
template <class C, int N>
struct row_state {
  static constexpr std::size_t leaves = static_cast<std::size_t>(larger(C::leaves, 1)), slots = static_cast<std::size_t>(larger(C::schedule.slots, 1));
  registers<C, N> once;        // values that are the same all along it
  char const* at[leaves];      // the first element of each leaf
  char* kept[slots];           // rows of scratch
  number_bits const* numbers;
};

// A backward pass reads every leaf and writes every cotangent in one sweep: more streams than the processor follows by itself,
// and so much work a pack that few of them are under way at a time. Gains a fifth beyond the second cache. The distance was
// measured: 1 KiB comes late, 4 KiB and more drives out what is still to be used where everything fits the caches.
template <int Write, class T>
WEFT_INLINE void fetch_ahead(T const* p) {
  __builtin_prefetch(reinterpret_cast<char const*>(p) + 3072, Write, 3);
}

template <class T, int N>
WEFT_INLINE pack<T, N> load_part(T const* p, full) {
  return pack<T, N>::load(p);
}
template <class T, int N>
WEFT_INLINE pack<T, N> load_part(T const* p, first f) {
  return pack<T, N>::load_partial(p, f.n);
}
template <class T, int N>
WEFT_INLINE void store_part(T* p, pack<T, N> v, full) {
  v.store(p);
}
template <class T, int N>
WEFT_INLINE void store_part(T* p, pack<T, N> v, first f) {
  v.store_partial(p, f.n);
}

template <class T, int N>
WEFT_INLINE void put_reloaded(pack<T, N>& to, pack<T, N> v) {
  to = v;
}
template <class T, int N>
WEFT_INLINE void put_reloaded(mask<T, N>& to, pack<bool, N> v) {
  to = as_mask_of<T>(v);
}

// The value of step J, wherever it stands.
template <class C, int N, int J>
WEFT_INLINE value_t<C, N, J> const& value_at(registers<C, N> const& v, row_state<C, N> const& row) {
  return in<J>(C::code.at[J].once ? row.once : v);
}

// -- how steps are run -------------------------------------------------------------------------------------------

// `run<C, N, I>` of one of these runs step I for the elements [i, i + N) of a row. Each is one function a step, and those of
// what is computed are the same for whole packs and for the rest of a row: compilers pay for each function that there is.

// What is computed of other values, by the kind of token.
template <class Token>
struct computing;
template <class Op, class... T>
struct computing<mapped<Op, T...>> {
  using type = typename mapped<Op, T...>::type;
  template <class C, int N, int I>
  static WEFT_INLINE void run(registers<C, N>& v, row_state<C, N> const& row, index_t, full) {
    constexpr auto const& all = C::code.at;
    constexpr auto const& s = all[I];
    constexpr int a = s.of[0], b = s.of[sizeof...(T) > 1 ? 1 : 0], c = s.of[sizeof...(T) > 2 ? 2 : 0];
    if constexpr (s.fuses >= 0) {
      constexpr auto const& product = all[s.of[s.fuses]];
      constexpr int x = product.of[0], y = product.of[product.arity - 1], z = s.of[1 - s.fuses];
      in<I>(v) = fused<Op, s.fuses == 0, type>(in<x>(all[x].once ? row.once : v), in<y>(all[y].once ? row.once : v),
                                               in<z>(all[z].once ? row.once : v));
    } else if constexpr (s.apart) {
      in<I>(v) = sum_of_products<Op, type>(in<a>(all[a].once ? row.once : v), in<b>(all[b].once ? row.once : v));
    } else if constexpr (sizeof...(T) == 1) {
      in<I>(v) = applied<Op, T...>::on(in<a>(all[a].once ? row.once : v));
    } else if constexpr (sizeof...(T) == 2) {
      in<I>(v) = applied<Op, T...>::on(in<a>(all[a].once ? row.once : v), in<b>(all[b].once ? row.once : v));
    } else {
      in<I>(v) = applied<Op, T...>::on(in<a>(all[a].once ? row.once : v), in<b>(all[b].once ? row.once : v),
                                       in<c>(all[c].once ? row.once : v));
    }
  }
};
// What stands in memory. `Ahead`: the next row is fetched.
template <class T, bool Ahead>
struct loading {
  template <class C, int N, int I, class Part>
  static WEFT_INLINE void run(registers<C, N>& v, row_state<C, N> const& row, index_t i, Part part) {
    T const* const p = reinterpret_cast<T const*>(row.at[C::code.at[I].leaf]) + i;
    if constexpr (Ahead) fetch_ahead<0>(p);
    in<I>(v) = load_part<T, N>(p, part);
  }
};
// What an earlier pass stored in a row of scratch.
template <class T>
struct reloading {
  template <class C, int N, int I, class Part>
  static WEFT_INLINE void run(registers<C, N>& v, row_state<C, N> const& row, index_t i, Part part) {
    put_reloaded(in<I>(v), load_part<T, N>(reinterpret_cast<T const*>(row.kept[C::schedule.slot[I]]) + i, part));
  }
};
// What is the same all along the row: one element of memory, or a number.
template <class T>
struct spreading {
  template <class C, int N, int I>
  static WEFT_INLINE void run(registers<C, N>& v, row_state<C, N> const& row, index_t, full) {
    constexpr auto const& s = C::code.at[I];
    if constexpr (s.what == act::number)
      in<I>(v) = pack<T, N>(get_number<T>(row.numbers[s.leaf]));
    else
      in<I>(v) = pack<T, N>(*reinterpret_cast<T const*>(row.at[s.leaf]));
  }
};

// The pass that first reads step I in memory: later ones find it in the caches.
template <class C, int I>
inline constexpr int first_read = [] {
  int p = 0;
  while (p < C::last && C::schedule.in_row[p][I] == how::nothing) ++p;
  return p;
}();
template <class C, int P, int I>
constexpr auto way_of_step() {
  using token = typename C::template token<I>;
  constexpr auto const& s = C::code.at[I];
  if constexpr (C::schedule.in_row[P][I] == how::reload)
    return std::type_identity<reloading<typename token::type>>();
  else if constexpr (s.what == act::memory || s.given)
    return std::type_identity<loading<typename token::type, C::ahead && first_read<C, I> == P>>();
  else
    return std::type_identity<computing<token>>();
}
template <class C, int P, int I>
using way_of = typename decltype(way_of_step<C, P, I>())::type;
template <class C, int I>
constexpr auto way_of_step_once() {
  using token = typename C::template token<I>;
  constexpr auto const& s = C::code.at[I];
  if constexpr (s.what == act::memory || s.what == act::number || s.given)
    return std::type_identity<spreading<typename token::type>>();
  else
    return std::type_identity<computing<token>>();
}

// All steps of pass P for one pack.
template <class C, int P, int N, class Part, int... I>
WEFT_INLINE void run_steps_of(registers<C, N>& v, row_state<C, N> const& row, index_t i, Part part,
                              std::integer_sequence<int, I...>) {
  (way_of<C, P, I>::template run<C, N, I>(v, row, i, part), ...);
}
template <class C, int P, int N, class Part>
WEFT_INLINE void run_steps(registers<C, N>& v, row_state<C, N> const& row, index_t i, Part part) {
  run_steps_of<C, P, N>(v, row, i, part, steps_of<steps_in_row<C, P>>{});
}
// Those that are found once, before the pass.
template <class C, int N, int... I>
WEFT_INLINE void run_steps_once_of(row_state<C, N>& row, std::integer_sequence<int, I...>) {
  (decltype(way_of_step_once<C, I>())::type::template run<C, N, I>(row.once, row, 0, full{}), ...);
}
template <class C, int P, int N>
WEFT_INLINE void run_steps_once(row_state<C, N>& row) {
  if constexpr (steps_before<C, P>::list.count > 0) run_steps_once_of<C, N>(row, steps_of<steps_before<C, P>>{});
}

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft
