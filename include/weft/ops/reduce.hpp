// Reductions: sum mean prod max min all any argmax argmin, over all axes, some, or one known at run time.
//
//   sum(x)   max(x, axis<-1>, keepdims)   argmin(x, 1)
//
// An operation says the type it computes in and gives, and has `accumulator<T, N>`:
//   clear()               nothing seen
//   add(v, first)         a pack of elements, the first of which is element `first` of the row
//   add(v, first, n)      the first n lanes only
//   join(other)           what another accumulator saw, later in the row
//   total(n)              the result over n elements
//   lanes(n)              the result of every lane by itself, when each has seen a column of n elements
// so that the order of additions depends on the number of elements alone. Its derivative is
//   da(g, y, a, s, n)     what an element a gets of the cotangent g of the result y, where n elements were reduced; s is the
//                         sum of counted(y, a) over them, if the operation has that (`back_by_rows`: so a row program has it)
//   pull(e, g, of)        or, of no such form, what all of them get (expr/pull.hpp)
// Its facts: compute<T> and result<T>, the types it adds up in and gives; needs_elements (it has no value over none), places (its
// value is a place along the axis), one<P> (its definition, an element at a time); back_by_rows and is_linear (the value of a
// total is the sum of what its tasks add up) if they hold, smooth or stepwise as a base (expr/operation.hpp).
//
// A NaN wins in max and min, and never in argmax and argmin, of which a row of nothing else gives 0.
#pragma once
#include <weft/expr/fold.hpp>
#include <weft/ops/cast.hpp>
#include <weft/ops/arithmetic.hpp>
#include <weft/simd/math.hpp>

#include <bit>
#include <limits>

namespace weft {
inline namespace WEFT_ISA {
namespace ops {
struct sum;
struct mean;
struct prod;
struct max;
struct min;
struct all;
struct any;
struct argmax;
struct argmin;

using expr::reduce, expr::mask_of, expr::every_axis, expr::drop_axes, expr::reduced_at, expr::smooth, expr::stepwise;

// Over no axes: every element by itself.
template <class Op, class A>
WEFT_INLINE constexpr auto reduce_nothing(A const& a) {
  using T = typename Op::template result<element_t<A>>;
  if constexpr (Op::places)
    return weft::cast<T>(weft::cast<bool>(a) && false);
  else
    return weft::cast<T>(a);
}

// any and all of numbers: is each of them something else than 0?
template <class Op, class A>
inline constexpr bool asks_numbers = requires { Op::of_truth; } && !std::is_same_v<element_t<A>, bool>;

template <class Op, class X>
WEFT_INLINE constexpr auto reduce_all(X&& x) {
  using A = stored_t<X>;
  if constexpr (poisoned<A>)
    return poison{};
  else if constexpr (asks_numbers<Op, A>)
    return reduce_all<Op>(weft::cast<bool>(static_cast<X&&>(x)));
  else if constexpr (rank_of<A> == 0)
    return reduce_nothing<Op>(stored(x));
  else
    return drop_axes<reduce<Op, every_axis<rank_of<A>>, A>, every_axis<rank_of<A>>>(
        reduce<Op, every_axis<rank_of<A>>, A>(taken(static_cast<X&&>(x))));
}
template <class Op, bool Keep, class X, index_t... I>
WEFT_INLINE constexpr auto reduce_axes(X&& x, axis_list<I...> axes) {
  using A = stored_t<X>;
  if constexpr (poisoned<A>) {
    return poison{};
  } else if constexpr (asks_numbers<Op, A>) {
    return reduce_axes<Op, Keep>(weft::cast<bool>(static_cast<X&&>(x)), axes);
  } else {
    constexpr unsigned mask = mask_of<rank_of<A>, I...>();
    static_assert(mask != 0 || sizeof...(I) == 0, "weft: an axis is outside the tensor's rank, or given twice");
    using node = reduce<Op, mask, A>;
    if constexpr (mask == 0)
      return reduce_nothing<Op>(stored(x));
    else if constexpr (Keep)
      return node(taken(static_cast<X&&>(x)));
    else
      return drop_axes<node, mask>(node(taken(static_cast<X&&>(x))));
  }
}
template <class Op, bool Keep, class A>
WEFT_INLINE auto reduce_at(A const& a, index_t at) {
  if constexpr (asks_numbers<Op, A>) {
    return reduce_at<Op, Keep>(weft::cast<bool>(a), at);
  } else {
    return reduced_at<Keep>(Op::name, a, at, [](auto const& moved) {
      using E = std::remove_cvref_t<decltype(moved)>;
      return reduce<Op, 1u << (rank_of<E> - 1), E>(moved);
    });
  }
}

}  // namespace ops

// clang-format off
#define WEFT_REDUCTION(NAME)                                                                                       \
  template <expression A>                                                                                          \
  WEFT_INLINE constexpr auto NAME(A&& a) {                                                                         \
    return ops::reduce_all<ops::NAME>(static_cast<A&&>(a));                                                \
  }                                                                                                                \
  template <expression A, index_t... I>                                                                            \
  WEFT_INLINE constexpr auto NAME(A&& a, axis_list<I...> axes) {                                                   \
    return ops::reduce_axes<ops::NAME, false>(static_cast<A&&>(a), axes);                                  \
  }                                                                                                                \
  template <expression A, index_t... I>                                                                            \
  WEFT_INLINE constexpr auto NAME(A&& a, axis_list<I...> axes, keepdims_t) {                                       \
    return ops::reduce_axes<ops::NAME, true>(static_cast<A&&>(a), axes);                                   \
  }                                                                                                                \
  template <expression A>                                                                                          \
  WEFT_INLINE auto NAME(A&& a, index_t at) {                                                                       \
    return ops::reduce_at<ops::NAME, false>(a, at);                                                        \
  }                                                                                                                \
  template <expression A>                                                                                          \
  WEFT_INLINE auto NAME(A&& a, index_t at, keepdims_t) {                                                           \
    return ops::reduce_at<ops::NAME, true>(a, at);                                                         \
  }

WEFT_REDUCTION(sum)
WEFT_REDUCTION(mean)
WEFT_REDUCTION(prod)
WEFT_REDUCTION(max)
WEFT_REDUCTION(min)
WEFT_REDUCTION(any)
WEFT_REDUCTION(argmax)
WEFT_REDUCTION(argmin)
#undef WEFT_REDUCTION
// clang-format on

// The function behind the object `all`, which is an index too.
template <expression A>
WEFT_INLINE constexpr auto all_of(A&& a) {
  return ops::reduce_all<ops::all>(static_cast<A&&>(a));
}
template <expression A, index_t... I>
WEFT_INLINE constexpr auto all_of(A&& a, axis_list<I...> axes) {
  return ops::reduce_axes<ops::all, false>(static_cast<A&&>(a), axes);
}
template <expression A, index_t... I>
WEFT_INLINE constexpr auto all_of(A&& a, axis_list<I...> axes, keepdims_t) {
  return ops::reduce_axes<ops::all, true>(static_cast<A&&>(a), axes);
}
template <expression A>
WEFT_INLINE auto all_of(A&& a, index_t at) {
  return ops::reduce_at<ops::all, false>(a, at);
}
template <expression A>
WEFT_INLINE auto all_of(A&& a, index_t at, keepdims_t) {
  return ops::reduce_at<ops::all, true>(a, at);
}

namespace ops {

// Lanes from n on keep what they had.
template <class T, int N>
WEFT_INLINE simd::pack<T, N> first_lanes(simd::pack<T, N> changed, simd::pack<T, N> kept, int n) {
  return simd::select(simd::mask<T, N>::first(n), changed, kept);
}

// All elements joined by an operation that leaves others as they are where one is `Neutral`.
template <class Op, int Neutral>
struct joined_elements : smooth {
  template <class P>
  struct one {  // the definition, number by number
    P v = P(Neutral);
    constexpr void add(P x, index_t) { v = Op::apply(v, x); }
    constexpr auto value(index_t) const { return v; }
  };
  static constexpr bool needs_elements = false, places = false;
  template <class T>
  using compute = sum_t<T>;
  template <class T>
  using result = sum_t<T>;
  template <class T, int N>
  struct accumulator {
    simd::pack<T, N> value;
    WEFT_INLINE void clear() { value = simd::pack<T, N>(T(Neutral)); }
    WEFT_INLINE void add(simd::pack<T, N> v, index_t) { value = Op::apply(value, v); }
    WEFT_INLINE void add(simd::pack<T, N> v, index_t, int n) { value = first_lanes(Op::apply(value, v), value, n); }
    WEFT_INLINE void join(accumulator const& o) { value = Op::apply(value, o.value); }
    WEFT_INLINE T total(index_t) const {
      if constexpr (Neutral == 0)
        return simd::reduce_add(value);
      else
        return simd::reduce_mul(value);
    }
    WEFT_INLINE simd::pack<T, N> lanes(index_t) const { return value; }
  };
};
struct sum : joined_elements<add, 0> {
  static constexpr bool back_by_rows = true;
  static constexpr bool is_linear = true;
  using grows_by = multiply;  // over copies of an element
  template <class T>
  static constexpr T of_total(double total, index_t) {
    return static_cast<T>(total);
  }
  static WEFT_INLINE auto da(auto const& g, auto const&, auto const&, auto const&, auto const&) { return g; }
  static constexpr char const* name = "sum";
};

struct mean : smooth {
  static constexpr bool back_by_rows = true;
  static constexpr bool is_linear = true;
  template <class T>
  static constexpr T of_total(double total, index_t n) {
    return static_cast<T>(total / static_cast<double>(n));
  }
  template <class P>
  struct one {  // the definition, number by number
    P v = P(0);
    constexpr void add(P x, index_t) { v = v + x; }
    constexpr auto value(index_t n) const { return v / static_cast<P>(n); }
  };
  static WEFT_INLINE auto da(auto const& g, auto const&, auto const&, auto const&, auto const& n) { return g / n; }
  static constexpr char const* name = "mean";
  static constexpr bool needs_elements = false, places = false;
  template <class T>
  using compute = mean_t<T>;
  template <class T>
  using result = mean_t<T>;
  template <class T, int N>
  struct accumulator : sum::accumulator<T, N> {
    WEFT_INLINE T total(index_t n) const { return simd::reduce_add(this->value) / static_cast<T>(n); }
    WEFT_INLINE simd::pack<T, N> lanes(index_t n) const { return this->value / simd::pack<T, N>(static_cast<T>(n)); }
  };
};

// What the elements along an axis get of the cotangent `c` of their product, made of products alone, by halves: a quotient has
// no value where an element is 0, and a constant in its place no derivative.
template <int Axis, class V, class Of>
V pull_products(V const& a, V const& c, Of const& of) {
  constexpr int R = V::dims.rank;
  constexpr auto axis = static_cast<std::size_t>(Axis);
  auto const whole = a.sizes();
  index_t const n = whole[axis], half = n / 2;
  if (n < 2) return n == 1 ? c : a;
  auto const part = [&](index_t from, index_t size) {
    auto own = whole;
    own[axis] = size;
    expr::axis_sources<R> places{};
    for (int i = 0; i < R; ++i) places[static_cast<std::size_t>(i)] = {i, i == Axis ? from : 0, 1};
    return expr::view<V, unknown(R)>(a, own, places);
  };
  auto const low = part(0, half), high = part(half, half), last = part(2 * half, 1);
  V const pairs = of.made(low * high);
  bool const odd = n % 2 == 1;
  V const d = pull_products<Axis>(pairs, odd ? of.made(c * last) : c, of);
  V const both = of.made(of.placed(of.made(d * high), low) + of.placed(of.made(d * low), high));
  if (!odd) return both;
  V const rest = of.made(c * reduce<prod, 1u << Axis, V>(pairs));
  return of.made(both + of.placed(rest, last));
}
// Axis by axis.
template <unsigned Mask, class V, class Of>
V pull_all_products(V const& a, V const& c, Of const& of) {
  constexpr unsigned rest = Mask & (Mask - 1);
  constexpr int axis = std::countr_zero(Mask);
  if constexpr (rest == 0)
    return pull_products<axis>(a, c, of);
  else
    return pull_products<axis>(a, pull_all_products<rest, V>(of.made(reduce<prod, 1u << axis, V>(a)), c, of), of);
}

struct prod : joined_elements<multiply, 1> {
  // The product of the others. `of` evaluates (expr/pull.hpp).
  template <class E, class G, class Of>
  static auto pull(E const&, G const& g, Of const& of) {
    auto const& a = of.template operand<0>();
    if constexpr (Of::order > 1) {
      return pull_all_products<E::mask>(of.made(a), g, of);
    } else {
      // With one zero, that of the rest belongs to it alone; with more, nothing is left.
      auto const zero = a == 0;
      auto const rest = weft::where(zero, 1, a);
      auto const one = weft::cast<element_t<expr::kid_t<0, E>>>(zero);
      auto const zeros = of.made(reduce<sum, E::mask, std::remove_const_t<decltype(one)>>(one));
      auto const p = of.made(reduce<prod, E::mask, std::remove_const_t<decltype(rest)>>(rest));
      return g * weft::where(zero, weft::where(zeros == 1, p, 0), weft::where(zeros == 0, p / rest, 0));
    }
  }
  static constexpr char const* name = "prod";
};

template <class T>
constexpr T lowest() {
  if constexpr (std::numeric_limits<T>::has_infinity)
    return -std::numeric_limits<T>::infinity();
  else
    return std::numeric_limits<T>::lowest();
}
template <class T>
constexpr T highest() {
  if constexpr (std::numeric_limits<T>::has_infinity)
    return std::numeric_limits<T>::infinity();
  else
    return std::numeric_limits<T>::max();
}

// NaN wins. The instruction keeps the other operand when one is NaN, so that NaN is remembered apart, off the chain
// of maxima.
template <bool Max>
struct extreme {
  static constexpr bool back_by_rows = true;
  static constexpr bool needs_elements = true, places = false;
  template <class T>
  using compute = std::conditional_t<std::is_same_v<T, bool>, uint8, T>;
  template <class T>
  using result = T;

  // NaN wins.
  template <class P>
  struct one {
    P v{};
    constexpr void add(P x, index_t k) {
      if (k == 0 || (Max ? x > v : x < v) || (x != x && v == v)) v = x;
    }
    constexpr auto value(index_t) const { return v; }
  };
  // Equal elements share. Where some are NaN the value is, and these share.
  static WEFT_INLINE auto counted(auto const& y, auto const& a) { return a == y || a != a; }
  static WEFT_INLINE auto da(auto const& g, auto const& y, auto const& a, auto const& s, auto const&) {
    return weft::where(a == y || a != a, g / s, 0);
  }

  template <class T, int N, bool Floating>
  struct state {
    WEFT_INLINE void clear() {}
    WEFT_INLINE void see(simd::pack<T, N>) {}
    WEFT_INLINE void see(simd::pack<T, N>, int) {}
    WEFT_INLINE void join(state const&) {}
    WEFT_INLINE bool any() const { return false; }
    WEFT_INLINE simd::pack<T, N> apply(simd::pack<T, N> v) const { return v; }
  };
  template <class T, int N>
  struct state<T, N, true> {
    simd::mask<T, N> seen;
    WEFT_INLINE void clear() { seen = simd::mask<T, N>::first(0); }
    WEFT_INLINE void see(simd::pack<T, N> v) { seen = seen | (v != v); }
    WEFT_INLINE void see(simd::pack<T, N> v, int n) { seen = seen | ((v != v) & simd::mask<T, N>::first(n)); }
    WEFT_INLINE void join(state const& o) { seen = seen | o.seen; }
    WEFT_INLINE bool any() const { return simd::any(seen); }
    WEFT_INLINE simd::pack<T, N> apply(simd::pack<T, N> v) const {
      return simd::select(seen, simd::pack<T, N>(std::numeric_limits<T>::quiet_NaN()), v);
    }
  };

  template <class T, int N>
  struct accumulator {
    simd::pack<T, N> value;
    [[no_unique_address]] state<T, N, std::is_floating_point_v<T>> nan;
    // The second operand wins when the first is NaN, so the value itself never becomes NaN.
    WEFT_INLINE static simd::pack<T, N> better(simd::pack<T, N> v, simd::pack<T, N> best) {
      if constexpr (Max)
        return simd::max(v, best);
      else
        return simd::min(v, best);
    }
    WEFT_INLINE void clear() {
      value = simd::pack<T, N>(Max ? lowest<T>() : highest<T>());
      nan.clear();
    }
    WEFT_INLINE void add(simd::pack<T, N> v, index_t) {
      value = better(v, value);
      nan.see(v);
    }
    WEFT_INLINE void add(simd::pack<T, N> v, index_t, int n) {
      value = first_lanes(better(v, value), value, n);
      nan.see(v, n);
    }
    WEFT_INLINE void join(accumulator const& o) {
      value = better(o.value, value);
      nan.join(o.nan);
    }
    WEFT_INLINE T total(index_t) const {
      if (nan.any()) return std::numeric_limits<T>::quiet_NaN();
      if constexpr (Max)
        return simd::reduce_max(value);
      else
        return simd::reduce_min(value);
    }
    WEFT_INLINE simd::pack<T, N> lanes(index_t) const { return nan.apply(value); }
  };
};
struct max : extreme<true>, smooth {
  static constexpr char const* name = "max";
};
struct min : extreme<false>, smooth {
  static constexpr char const* name = "min";
};
// The maximum by which a row is shifted before its exponentials: the result doesn't depend on it, so nothing goes back through
// it. (The cotangent of a maximum would be 0 but for rounding errors, which are of the size of all other cotangents, and it
// goes to one element.)
struct shift : extreme<true>, stepwise {
  static constexpr char const* name = "max";
};

// all and any: the least and the greatest of 0 and 1.
template <bool Any>
struct truth : stepwise {
  template <class P>
  struct one {
    P v = !Any;
    constexpr void add(P x, index_t) { v = Any ? v || x : v && x; }
    constexpr auto value(index_t) const { return v; }
  };
  static constexpr bool of_truth = true;
  static constexpr bool needs_elements = false, places = false;
  template <class T>
  using compute = bool;
  template <class T>
  using result = bool;
  template <class T, int N>
  using accumulator = typename extreme<Any>::template accumulator<uint8, N>;
};
struct all : truth<false> {
  static constexpr char const* name = "all";
};
struct any : truth<true> {
  static constexpr char const* name = "any";
};

// The first place of the extreme value. A NaN never wins; a row of nothing but NaN and what loses to every number gives 0.
template <bool Max>
struct extreme_place {
  static constexpr bool needs_elements = true, places = true;
  template <class T>
  using compute = std::conditional_t<std::is_same_v<T, bool>, uint8, T>;
  template <class T>
  using result = index_t;
  template <class P>
  struct one {
    P v{};
    index_t at = 0;
    constexpr void add(P x, index_t k) {
      if (k == 0 || (Max ? x > v : x < v) || (v != v && x == x)) v = x, at = k;
    }
    constexpr auto value(index_t) const { return at; }
  };
  // Positions are kept in the width of the values: as many lanes, and no conversion in the loop. (32 bits for narrower
  // values; `reduce` refuses rows that need more.)
  template <class T, int N>
  struct accumulator {
    using place = std::conditional_t<sizeof(T) == 8, int64, int32>;
    simd::pack<T, N> value;
    simd::pack<place, N> at;
    WEFT_INLINE static auto better(simd::pack<T, N> a, simd::pack<T, N> b) {
      if constexpr (Max)
        return a > b;
      else
        return a < b;
    }
    WEFT_INLINE void clear() {
      value = simd::pack<T, N>(Max ? lowest<T>() : highest<T>());
      at = simd::pack<place, N>(std::numeric_limits<place>::max());
    }
    WEFT_INLINE void take(simd::mask<T, N> m, simd::pack<T, N> v, simd::pack<place, N> p) {
      value = simd::select(m, v, value);
      at = simd::select(simd::convert_mask<place>(m), p, at);
    }
    WEFT_INLINE void add(simd::pack<T, N> v, index_t first) {
      take(better(v, value), v, simd::pack<place, N>::iota(static_cast<place>(first)));
    }
    WEFT_INLINE void add(simd::pack<T, N> v, index_t first, int n) {
      take(better(v, value) & simd::mask<T, N>::first(n), v, simd::pack<place, N>::iota(static_cast<place>(first)));
    }
    // Every lane is the element of that place in a column of its own.
    WEFT_INLINE void add_at(simd::pack<T, N> v, index_t i) {
      take(better(v, value), v, simd::pack<place, N>(static_cast<place>(i)));
    }
    // Equal values: the lower place.
    WEFT_INLINE void join(accumulator const& o) {
      auto const same = o.value == value;
      auto const lower = simd::convert_mask<T>(o.at < at);
      take(better(o.value, value) | (same & lower), o.value, o.at);
    }
    WEFT_INLINE index_t total(index_t) const {
      T best[static_cast<std::size_t>(N)];
      place where[static_cast<std::size_t>(N)];
      value.store(best);
      at.store(where);
      int k = 0;
      for (int i = 1; i < N; ++i)
        if ((Max ? best[i] > best[k] : best[i] < best[k]) || (best[i] == best[k] && where[i] < where[k])) k = i;
      return where[k] == std::numeric_limits<place>::max() ? 0 : static_cast<index_t>(where[k]);
    }
    WEFT_INLINE simd::pack<index_t, N> lanes(index_t) const {
      return simd::convert<index_t>(
          simd::select(at == simd::pack<place, N>(std::numeric_limits<place>::max()), simd::pack<place, N>(place(0)), at));
    }
  };
};
struct argmax : extreme_place<true>, stepwise {
  static constexpr char const* name = "argmax";
};
struct argmin : extreme_place<false>, stepwise {
  static constexpr char const* name = "argmin";
};

}  // namespace ops
}  // namespace WEFT_ISA
}  // namespace weft
