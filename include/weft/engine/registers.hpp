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
struct slot {
  T v;
};
template <class... S>
struct record : S... {};
template <int I, class T>
WEFT_INLINE T& in(slot<I, T>& s) {
  return s.v;
}
template <int I, class T>
WEFT_INLINE T const& in(slot<I, T> const& s) {
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
  static record<slot<I, value_t<C, N, I>>...> make(std::integer_sequence<int, I...>);
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

// The pass that first reads step I in memory: later ones find it in the caches.
template <class C, int I>
inline constexpr int first_read = [] {
  int p = 0;
  while (p < C::last && C::schedule.in_row[p][I] == how::nothing) ++p;
  return p;
}();

// The value of step J, wherever it stands.
template <class C, int N, int J>
WEFT_INLINE value_t<C, N, J> const& value_at(registers<C, N> const& v, row_state<C, N> const& row) {
  if constexpr (C::code.at[J].once)
    return in<J>(row.once);
  else
    return in<J>(v);
}

template <class C, int N, int I, class Op, class... T>
WEFT_INLINE auto compute(mapped<Op, T...>*, registers<C, N> const& v, row_state<C, N> const& row) {
  static constexpr step const& s = C::code.at[I];
  if constexpr (s.fuses >= 0) {
    constexpr int p = s.of[s.fuses];
    static constexpr step const& product = C::code.at[p];
    return fused<Op, s.fuses == 0, typename mapped<Op, T...>::type>(
        value_at<C, N, product.of[0]>(v, row), value_at<C, N, product.of[product.arity - 1]>(v, row),
        value_at<C, N, s.of[1 - s.fuses]>(v, row));
  } else if constexpr (s.apart) {
    return sum_of_products<Op, typename mapped<Op, T...>::type>(value_at<C, N, s.of[0]>(v, row),
                                                                value_at<C, N, s.of[1]>(v, row));
  } else if constexpr (sizeof...(T) == 1) {
    return applied<Op, T...>::on(value_at<C, N, s.of[0]>(v, row));
  } else if constexpr (sizeof...(T) == 2) {
    return applied<Op, T...>::on(value_at<C, N, s.of[0]>(v, row), value_at<C, N, s.of[1]>(v, row));
  } else {
    return applied<Op, T...>::on(value_at<C, N, s.of[0]>(v, row), value_at<C, N, s.of[1]>(v, row),
                                 value_at<C, N, s.of[2]>(v, row));
  }
}

template <class C, int P, int N, int I, class Part>
WEFT_INLINE void run_step(registers<C, N>& v, row_state<C, N> const& row, index_t i, Part part) {
  using token = typename C::template token<I>;
  using T = typename token::type;
  static constexpr step const& s = C::code.at[I];
  if constexpr (C::schedule.in_row[P][I] == how::reload) {
    put_reloaded(in<I>(v), load_part<T, N>(reinterpret_cast<T const*>(row.kept[C::schedule.slot[I]]) + i, part));
  } else if constexpr (s.what == act::memory || s.given) {
    T const* const p = reinterpret_cast<T const*>(row.at[s.leaf]) + i;
    if constexpr (C::ahead && first_read<C, I> == P) fetch_ahead<0>(p);
    in<I>(v) = load_part<T, N>(p, part);
  } else {
    in<I>(v) = compute<C, N, I>(static_cast<token*>(nullptr), v, row);
  }
}
// The same for what is found once, before the pass.
template <class C, int N, int I>
WEFT_INLINE void run_step_once(row_state<C, N>& row) {
  using token = typename C::template token<I>;
  using T = typename token::type;
  static constexpr step const& s = C::code.at[I];
  if constexpr (s.what == act::memory || s.given)
    in<I>(row.once) = pack<T, N>(*reinterpret_cast<T const*>(row.at[s.leaf]));
  else if constexpr (s.what == act::number)
    in<I>(row.once) = pack<T, N>(get_number<T>(row.numbers[s.leaf]));
  else
    in<I>(row.once) = compute<C, N, I>(static_cast<token*>(nullptr), row.once, row);
}

// All steps of pass P for one pack.
template <class C, int P, int N, class Part>
WEFT_INLINE void run_steps(registers<C, N>& v, row_state<C, N> const& row, index_t i, Part part) {
  each_step<steps_in_row<C, P>>([&]<int I>() WEFT_INLINE_LAMBDA { run_step<C, P, N, I>(v, row, i, part); });
}
template <class C, int P, int N>
WEFT_INLINE void run_steps_once(row_state<C, N>& row) {
  each_step<steps_before<C, P>>([&]<int I>() WEFT_INLINE_LAMBDA { run_step_once<C, N, I>(row); });
}

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft
