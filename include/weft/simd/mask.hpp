// mask<T, N>: what comparing two pack<T, N> gives, and choosing lanes by it.
//
//   auto m = (x > 0.f) & ~isnan(y);
//   z = select(m, x, y);
//
// A k-register a register on AVX-512 (bits), lanes of all ones or zero elsewhere, an array of bool when plain.
//
//   == != < <= > >=   isnan          packs to masks
//   & | ^ ~                          masks
//   select(m, a, b)                  a where m is set
//   any all count first_set bits     first_set gives N if no lane is
#pragma once
#include <weft/simd/lanes.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace simd {

template <class T, int N>
struct mask;

namespace detail {

template <class T, int N>
struct mask_halves {
  mask<T, N / 2> low, high;
};
template <class T, int N>
struct mask_storage_of {
  static auto pick() {
    if constexpr (plain) return array<bool, N>{};
    else if constexpr (halved<T, N>) return mask_halves<T, N>{};
#if WEFT_SIMD_LEVEL == 3
    else return bits_in<T, held<T, N>>{};
#elif WEFT_SIMD_LEVEL
    else return vec<signed_of<T>, held<T, N>>{};
#endif
  }
  using type = decltype(pick());
};

}  // namespace detail

template <class T, int N>
struct mask {
  using value_type = T;
  using storage = typename detail::mask_storage_of<T, N>::type;
  static constexpr int size = N;
  static constexpr bool plain = detail::plain, halved = detail::halved<T, N>;

  storage data;

  mask() = default;
  // Not for bool: where the storage is bits, a number is no mask.
  static WEFT_INLINE mask from(storage s) {
    mask m;
    m.data = s;
    return m;
  }
  static WEFT_INLINE mask all_of(bool x) { return first(x ? N : 0); }
  // Lanes 0 to n - 1, n in [0, N].
  static WEFT_INLINE mask first(int n) {
    if constexpr (halved) {
      constexpr int half = N / 2;
      return from({mask<T, half>::first(n < half ? n : half), mask<T, half>::first(n < half ? 0 : n - half)});
    } else if constexpr (plain) {
      mask m;
      for (int i = 0; i < N; ++i) m.data.at[i] = i < n;
      return m;
    }
#if WEFT_SIMD_LEVEL == 3
    else return from(static_cast<storage>(detail::first_bits(n)));
#elif WEFT_SIMD_LEVEL
    else {
      using I = detail::signed_of<T>;
      return from(pack<I, N>::iota(0).data < pack<I, N>(I(n)).data);
    }
#endif
  }

#define WEFT_OPERATOR(op)                                                                                 \
  friend WEFT_INLINE mask operator op(mask a, mask b) {                                                   \
    if constexpr (halved) return from({a.data.low op b.data.low, a.data.high op b.data.high});            \
    else if constexpr (plain) {                                                                           \
      for (int i = 0; i < N; ++i) a.data.at[i] = static_cast<bool>(a.data.at[i] op b.data.at[i]);         \
      return a;                                                                                           \
    } else return from(static_cast<storage>(a.data op b.data));                                           \
  }
  WEFT_OPERATOR(&)
  WEFT_OPERATOR(|)
  WEFT_OPERATOR(^)
#undef WEFT_OPERATOR
  friend WEFT_INLINE mask operator~(mask a) {
    if constexpr (halved) return from({~a.data.low, ~a.data.high});
    else if constexpr (plain) {
      for (int i = 0; i < N; ++i) a.data.at[i] = !a.data.at[i];
      return a;
    } else return from(static_cast<storage>(~a.data));
  }
  WEFT_INLINE bool operator[](int i) const {
    if constexpr (halved) return i < N / 2 ? data.low[i] : data.high[i - N / 2];
    else if constexpr (plain) return data.at[i];
#if WEFT_SIMD_LEVEL == 3
    else return (data >> i) & 1;
#elif WEFT_SIMD_LEVEL
    else return data[i] != 0;
#endif
  }
};

namespace detail {

template <comparison C, class T>
WEFT_INLINE bool holds(T a, T b) {
  if constexpr (C == comparison::eq) return a == b;
  else if constexpr (C == comparison::ne) return a != b;
  else if constexpr (C == comparison::lt) return a < b;
  else if constexpr (C == comparison::le) return a <= b;
  else if constexpr (C == comparison::gt) return a > b;
  else if constexpr (C == comparison::ge) return a >= b;
  else return a != a || b != b;
}

template <comparison C, class T, int N>
WEFT_INLINE mask<T, N> test(pack<T, N> a, pack<T, N> b) {
  if constexpr (halved<T, N>) {
    return mask<T, N>::from({test<C>(a.data.low, b.data.low), test<C>(a.data.high, b.data.high)});
  } else if constexpr (plain) {
    mask<T, N> m;
    for (int i = 0; i < N; ++i) m.data.at[i] = holds<C>(a.data.at[i], b.data.at[i]);
    return m;
  }
#if WEFT_SIMD_LEVEL == 3
  else {
    constexpr int B = held<T, N>;
    return mask<T, N>::from(compare<T, B, C>(a.data, b.data));
  }
#elif WEFT_SIMD_LEVEL
  else {
    using M = typename mask<T, N>::storage;
    if constexpr (C == comparison::eq) return mask<T, N>::from((M)(a.data == b.data));
    else if constexpr (C == comparison::ne) return mask<T, N>::from((M)(a.data != b.data));
    else if constexpr (C == comparison::lt) return mask<T, N>::from((M)(a.data < b.data));
    else if constexpr (C == comparison::le) return mask<T, N>::from((M)(a.data <= b.data));
    else if constexpr (C == comparison::gt) return mask<T, N>::from((M)(a.data > b.data));
    else if constexpr (C == comparison::ge) return mask<T, N>::from((M)(a.data >= b.data));
    else return mask<T, N>::from((M)((a.data != a.data) | (b.data != b.data)));
  }
#endif
}

}  // namespace detail

#define WEFT_COMPARISON(op, name)                                                                  \
  template <class T, int N>                                                                        \
  WEFT_INLINE mask<T, N> operator op(pack<T, N> a, pack<T, N> b) {                                 \
    return detail::test<detail::comparison::name>(a, b);                                           \
  }                                                                                                \
  template <class T, int N>                                                                        \
  WEFT_INLINE mask<T, N> operator op(pack<T, N> a, std::type_identity_t<T> b) {                    \
    return detail::test<detail::comparison::name>(a, pack<T, N>(b));                               \
  }
WEFT_COMPARISON(==, eq)
WEFT_COMPARISON(!=, ne)
WEFT_COMPARISON(<, lt)
WEFT_COMPARISON(<=, le)
WEFT_COMPARISON(>, gt)
WEFT_COMPARISON(>=, ge)
#undef WEFT_COMPARISON

template <class T, int N>
WEFT_INLINE mask<T, N> isnan(pack<T, N> a) {
  if constexpr (std::is_floating_point_v<T>) return detail::test<detail::comparison::unordered>(a, a);
  else return mask<T, N>::all_of(false);
}

template <class T, int N>
WEFT_INLINE pack<T, N> select(mask<T, N> m, std::type_identity_t<pack<T, N>> a, std::type_identity_t<pack<T, N>> b) {
  if constexpr (detail::halved<T, N>) {
    return {select(m.data.low, a.data.low, b.data.low), select(m.data.high, a.data.high, b.data.high)};
  } else if constexpr (detail::plain) {
    for (int i = 0; i < N; ++i) a.data.at[i] = m.data.at[i] ? a.data.at[i] : b.data.at[i];
    return a;
  }
#if WEFT_SIMD_LEVEL == 3
  else {
    return pack<T, N>(detail::blend<T, detail::held<T, N>>(m.data, a.data, b.data));
  }
#elif WEFT_SIMD_LEVEL
  else {
    constexpr int B = detail::held<T, N>;
    using V = typename pack<T, N>::storage;
    using I = detail::ints<B>;
    I k = (I)m.data, x = (I)a.data, y = (I)b.data;
#if WEFT_SIMD_LEVEL == 2
    if constexpr (B == 32) {
      using F = detail::vec<float, B>;
      using D = detail::vec<double, B>;
      if constexpr (sizeof(T) == 4) return pack<T, N>((V)_mm256_blendv_ps((F)y, (F)x, (F)k));
      else if constexpr (sizeof(T) == 8) return pack<T, N>((V)_mm256_blendv_pd((D)y, (D)x, (D)k));
      else return pack<T, N>((V)_mm256_blendv_epi8(y, x, k));
    }
#endif
#if defined(__SSE4_1__)
    if constexpr (B == 16) return pack<T, N>((V)_mm_blendv_epi8(y, x, k));
#else
    // Not by operators: GCC 12 makes them a conditional of 64-bit lanes, which SSE2 doesn't have, and ends there.
    __m128 const f = (__m128)k;
    return pack<T, N>((V)_mm_or_ps(_mm_and_ps(f, (__m128)x), _mm_andnot_ps(f, (__m128)y)));
#endif
  }
#endif
}

// Bit i is lane i; the bits from N on are zero.
template <class T, int N>
WEFT_INLINE std::uint64_t bits(mask<T, N> m) {
  if constexpr (detail::halved<T, N>) {
    return bits(m.data.low) | bits(m.data.high) << (N / 2);
  } else if constexpr (detail::plain) {
    std::uint64_t r = 0;
    for (int i = 0; i < N; ++i) r |= std::uint64_t{m.data.at[i]} << i;
    return r;
  }
#if WEFT_SIMD_LEVEL == 3
  else return m.data & detail::first_bits(N);
#elif WEFT_SIMD_LEVEL
  else {
    constexpr int B = detail::held<T, N>;
    unsigned r = 0;
    auto v = (detail::ints<B>)m.data;
#if WEFT_SIMD_LEVEL == 2
    if constexpr (B == 32) {
      if constexpr (sizeof(T) == 1) r = static_cast<unsigned>(_mm256_movemask_epi8(v));
      else if constexpr (sizeof(T) == 4) r = static_cast<unsigned>(_mm256_movemask_ps((detail::vec<float, B>)v));
      else if constexpr (sizeof(T) == 8) r = static_cast<unsigned>(_mm256_movemask_pd((detail::vec<double, B>)v));
      else {
        r = static_cast<unsigned>(
            _mm_movemask_epi8(_mm_packs_epi16(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1))));
      }
    }
#endif
    if constexpr (B == 16) {
      if constexpr (sizeof(T) == 1) r = static_cast<unsigned>(_mm_movemask_epi8(v));
      else if constexpr (sizeof(T) == 4) r = static_cast<unsigned>(_mm_movemask_ps((detail::vec<float, B>)v));
      else if constexpr (sizeof(T) == 8) r = static_cast<unsigned>(_mm_movemask_pd((detail::vec<double, B>)v));
      else r = static_cast<unsigned>(_mm_movemask_epi8(_mm_packs_epi16(v, v)));
    }
    return r & detail::first_bits(N);
  }
#endif
}

template <class T, int N>
WEFT_INLINE bool any(mask<T, N> m) {
  if constexpr (detail::halved<T, N>) return any(m.data.low | m.data.high);
  else return bits(m) != 0;
}
template <class T, int N>
WEFT_INLINE bool all(mask<T, N> m) {
  if constexpr (detail::halved<T, N>) return all(m.data.low & m.data.high);
  else return bits(m) == detail::first_bits(N);
}
template <class T, int N>
WEFT_INLINE int count(mask<T, N> m) {
  return __builtin_popcountll(bits(m));
}
template <class T, int N>
WEFT_INLINE int first_set(mask<T, N> m) {
  std::uint64_t b = bits(m);
  return b ? __builtin_ctzll(b) : N;
}

}  // namespace simd
}  // namespace WEFT_ISA
}  // namespace weft
