// What reductions add up: one accumulator of packs an operation.
//
// An operation `fold::x` says the type it computes in and gives, and has `accumulator<T, N>`:
//   clear()               nothing seen
//   add(v, first)         a pack of elements, the first of which is element `first` of the row
//   add(v, first, n)      the first n lanes only
//   join(other)           what another accumulator saw, later in the row
//   total(n)              the result over n elements
//   lanes(n)              the result of every lane by itself, when each has seen a column of n elements
// so that the order of additions depends on the number of elements alone.
#pragma once
#include <weft/config.hpp>
#include <weft/core/dtype.hpp>
#include <weft/simd/math.hpp>

#include <limits>
#include <type_traits>

namespace weft {
inline namespace WEFT_ISA {
namespace expr::fold {

// Lanes from n on keep what they had.
template <class T, int N>
WEFT_INLINE simd::pack<T, N> first_lanes(simd::pack<T, N> changed, simd::pack<T, N> kept, int n) {
  return simd::select(simd::mask<T, N>::first(n), changed, kept);
}

struct sum {
  static constexpr char const* name = "sum";
  static constexpr bool needs_elements = false;
  template <class T>
  using compute = sum_t<T>;
  template <class T>
  using result = sum_t<T>;
  template <class T, int N>
  struct accumulator {
    simd::pack<T, N> value;
    WEFT_INLINE void clear() { value = simd::pack<T, N>(T(0)); }
    WEFT_INLINE void add(simd::pack<T, N> v, index_t) { value = value + v; }
    WEFT_INLINE void add(simd::pack<T, N> v, index_t, int n) { value = first_lanes(value + v, value, n); }
    WEFT_INLINE void join(accumulator const& o) { value = value + o.value; }
    WEFT_INLINE T total(index_t) const { return simd::reduce_add(value); }
    WEFT_INLINE simd::pack<T, N> lanes(index_t) const { return value; }
  };
};

struct mean {
  static constexpr char const* name = "mean";
  static constexpr bool needs_elements = false;
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

struct prod {
  static constexpr char const* name = "prod";
  static constexpr bool needs_elements = false;
  template <class T>
  using compute = sum_t<T>;
  template <class T>
  using result = sum_t<T>;
  template <class T, int N>
  struct accumulator {
    simd::pack<T, N> value;
    WEFT_INLINE void clear() { value = simd::pack<T, N>(T(1)); }
    WEFT_INLINE void add(simd::pack<T, N> v, index_t) { value = value * v; }
    WEFT_INLINE void add(simd::pack<T, N> v, index_t, int n) { value = first_lanes(value * v, value, n); }
    WEFT_INLINE void join(accumulator const& o) { value = value * o.value; }
    WEFT_INLINE T total(index_t) const { return simd::reduce_mul(value); }
    WEFT_INLINE simd::pack<T, N> lanes(index_t) const { return value; }
  };
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
  static constexpr bool needs_elements = true;
  template <class T>
  using compute = std::conditional_t<std::is_same_v<T, bool>, uint8, T>;
  template <class T>
  using result = T;

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
struct max : extreme<true> {
  static constexpr char const* name = "max";
};
struct min : extreme<false> {
  static constexpr char const* name = "min";
};

// all and any: the least and the greatest of 0 and 1.
struct all : extreme<false> {
  static constexpr char const* name = "all";
  static constexpr bool needs_elements = false;
  template <class T>
  using compute = bool;
  template <class T>
  using result = bool;
  template <class T, int N>
  using accumulator = extreme<false>::accumulator<uint8, N>;
};
struct any : extreme<true> {
  static constexpr char const* name = "any";
  static constexpr bool needs_elements = false;
  template <class T>
  using compute = bool;
  template <class T>
  using result = bool;
  template <class T, int N>
  using accumulator = extreme<true>::accumulator<uint8, N>;
};

// The first place of the extreme value. A NaN never wins; a row of nothing but NaN and what loses to every number gives 0.
template <bool Max>
struct extreme_place {
  static constexpr bool needs_elements = true;
  template <class T>
  using compute = std::conditional_t<std::is_same_v<T, bool>, uint8, T>;
  template <class T>
  using result = index_t;
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
struct argmax : extreme_place<true> {
  static constexpr char const* name = "argmax";
};
struct argmin : extreme_place<false> {
  static constexpr char const* name = "argmin";
};

}  // namespace expr::fold
}  // namespace WEFT_ISA
}  // namespace weft
