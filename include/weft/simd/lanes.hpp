// pack<T, N>: N lanes of T in as many registers as that takes, and how they meet memory.
//
//   auto x = pack<float, 16>::load(p);          // one register on AVX-512, two on AVX2, four on SSE2
//   (x * 2.f + 1.f).store_partial(q, 5);        // touches q[0] to q[4] alone
//
// A pack wider than a register is two packs of half the lanes (never an array of registers, which compilers keep in
// memory); one narrower than 16 bytes is the low lanes of a 16-byte register, whose other lanes mean nothing.
//
//   lanes<T>                lanes of a native register: float 16, 8 or 4
//   pack<T, N>              N a power of two in [1, 64]; T float, double, bool, (u)int8..64
//     load load_aligned load_partial iota | store store_aligned store_partial stream | p[i], set(i, x)
//     + - * / % (unary -)  & | ^ ~ << >>      integers wrap; / and % of integers go lane by lane
//   lower upper combine     halves
//   bit_cast<U>(p)          lanes of the same size
#pragma once
#include <weft/simd/predicates.hpp>

#include <utility>

namespace weft {
inline namespace WEFT_ISA {
namespace simd {

template <class T>
inline constexpr int lanes = register_bytes / int(sizeof(T));

template <class T, int N>
struct pack;

namespace detail {

template <class T, int N>
inline constexpr int bytes = N* int(sizeof(T));
template <class T, int N>
inline constexpr bool halved = !plain && bytes<T, N> > register_bytes;
// Bytes of the register that holds a pack which is not halved.
template <class T, int N>
inline constexpr int held = bytes<T, N> < 16 ? 16 : bytes<T, N>;

template <class T, int N>
struct halves {
  pack<T, N / 2> low, high;
};

template <class T, int N>
struct storage_of {
  static auto pick() {
    if constexpr (plain) return array<T, N>{};
#if WEFT_SIMD_LEVEL
    else if constexpr (halved<T, N>) return halves<T, N>{};
    else return vec<T, held<T, N>>{};
#endif
  }
  using type = decltype(pick());
};

// The type in which integers wrap around instead of overflowing; plain lanes must not be promoted to int either.
template <class T>
struct wrapping_type {
  using type = T;
};
template <class T>
  requires std::is_integral_v<T>
struct wrapping_type<T> {
  using type = std::conditional_t<plain && sizeof(T) < 4, std::uint32_t, unsigned_of<T>>;
};
template <class T>
using wrapping = typename wrapping_type<T>::type;

// Lanes f(0), f(1), ...: put into a register one by one, for a buffer would stall the load that follows.
template <class R, int N, class F, int... I>
WEFT_INLINE pack<R, N> per_lane_of(F f, std::integer_sequence<int, I...>) {
  using S = typename pack<R, N>::storage;
  return pack<R, N>(S{static_cast<lane<R>>(f(I))...});
}
template <class R, int N, class F>
WEFT_INLINE pack<R, N> per_lane(F f) {
  if constexpr (halved<R, N>) {
    return {per_lane<R, N / 2>(f), per_lane<R, N / 2>([&](int i) { return f(i + N / 2); })};
  } else if constexpr (plain) {
    pack<R, N> r;
    for (int i = 0; i < N; ++i) r.data.at[i] = f(i);
    return r;
  } else return per_lane_of<R, N>(f, std::make_integer_sequence<int, N>{});
}

// Memory of the lanes 0 to 63: what iota adds to its start.
template <class T>
struct counting {
  lane<T> at[64];
  constexpr counting() : at{} {
    for (int i = 0; i < 64; ++i) at[i] = static_cast<lane<T>>(i);
  }
};
template <class T>
alignas(64) inline constexpr counting<T> count_up{};

}  // namespace detail

template <class T, int N>
struct pack {
  static_assert(N >= 1 && N <= 64 && (N & (N - 1)) == 0, "a pack has 1, 2, 4, ... 64 lanes");
  using value_type = T;
  using storage = typename detail::storage_of<T, N>::type;
  static constexpr int size = N;
  static constexpr bool plain = detail::plain, halved = detail::halved<T, N>;

  storage data;

  pack() = default;  // lanes are not set
  WEFT_INLINE explicit pack(storage s) : data(s) {}
  WEFT_INLINE pack(pack<T, N / 2> low, pack<T, N / 2> high) requires(halved) : data{low, high} {}
  WEFT_INLINE pack(T x) {
    if constexpr (plain) {
      for (int i = 0; i < N; ++i) data.at[i] = x;
    } else if constexpr (halved) {
      data = {x, x};
    } else {
      data = static_cast<detail::lane<T>>(x) - storage{};
    }
  }

  static WEFT_INLINE pack load(T const* p) {
    if constexpr (halved) return {pack<T, N / 2>::load(p), pack<T, N / 2>::load(p + N / 2)};
    else if constexpr (plain) {
      pack r;
      for (int i = 0; i < N; ++i) r.data.at[i] = p[i];
      return r;
    }
#if WEFT_SIMD_LEVEL
    else return pack(detail::load_bytes<T, detail::held<T, N>, detail::bytes<T, N>>(p));
#endif
  }
  // p is aligned to a register, or to all lanes if those are fewer bytes.
  static WEFT_INLINE pack load_aligned(T const* p) {
    constexpr int all = detail::bytes<T, N>;
    return load(static_cast<T const*>(__builtin_assume_aligned(p, all < register_bytes ? all : register_bytes)));
  }
  // The first n lanes, n in [0, N]; the others are fill. Memory from p + n on is not touched.
  static WEFT_INLINE pack load_partial(T const* p, int n, T fill = T(0)) {
    if constexpr (halved) {
      constexpr int half = N / 2;
      return {pack<T, half>::load_partial(p, n < half ? n : half, fill),
              pack<T, half>::load_partial(p + half, n < half ? 0 : n - half, fill)};
    }
#if WEFT_SIMD_LEVEL == 3
    else if constexpr (true) {
      constexpr int B = detail::held<T, N>;
      auto m = static_cast<detail::bits_in<T, B>>(detail::first_bits(n));
      return pack(detail::masked_load<T, B>(pack(fill).data, m, p));
    }
#elif WEFT_SIMD_LEVEL == 2
    else if constexpr (sizeof(T) >= 4 && detail::bytes<T, N> >= 16) {
      constexpr int B = detail::held<T, N>;
      using I = detail::signed_of<T>;
      auto m = (detail::ints<B>)(pack<I, N>::iota(0).data < pack<I, N>(I(n)).data);
      auto f = (detail::ints<B>)pack(fill).data;
      detail::ints<B> r;
      if constexpr (B == 16 && sizeof(T) == 4) r = _mm_maskload_epi32(reinterpret_cast<int const*>(p), m);
      else if constexpr (B == 16) r = _mm_maskload_epi64(reinterpret_cast<long long const*>(p), m);
      else if constexpr (sizeof(T) == 4) r = _mm256_maskload_epi32(reinterpret_cast<int const*>(p), m);
      else r = _mm256_maskload_epi64(reinterpret_cast<long long const*>(p), m);
      return pack((storage)((r & m) | (f & ~m)));
    }
#endif
    else if constexpr (plain) {
      pack r;
      for (int i = 0; i < N; ++i) r.data.at[i] = i < n ? p[i] : fill;
      return r;
    }
#if WEFT_SIMD_LEVEL
    else {
      constexpr int each = int(sizeof(T)), B = detail::held<T, N>;
      pack r;
      if constexpr (N == 1) {
        return n > 0 ? pack(*p) : pack(fill);
      } else if constexpr (B == 32) {
        constexpr int half = 16 / each;
        r = pack((storage)detail::join<32, 32>(detail::load_few(p, (n < half ? n : half) * each),
                                               detail::load_few(p + half, (n < half ? 0 : n - half) * each)));
      } else {
        r = pack((storage)detail::load_few(p, n * each));
      }
      if (__builtin_constant_p(fill == T(0)) && fill == T(0)) return r;
      for (int i = 0; i < N; ++i)
        if (i >= n) r.set(i, fill);
      return r;
    }
#endif
  }
  // Lanes start, start + 1, ...; floats round start + i once.
  static WEFT_INLINE pack iota(T start) {
    if constexpr (plain) {
      pack r;
      for (int i = 0; i < N; ++i) r.data.at[i] = static_cast<T>(detail::wrapping<T>(start) + detail::wrapping<T>(i));
      return r;
    } else {
      return pack(start) + load(reinterpret_cast<T const*>(detail::count_up<T>.at));
    }
  }

  WEFT_INLINE void store(T* p) const {
    if constexpr (halved) data.low.store(p), data.high.store(p + N / 2);
    else if constexpr (plain) {
      for (int i = 0; i < N; ++i) p[i] = data.at[i];
    }
#if WEFT_SIMD_LEVEL
    else detail::store_bytes<T, detail::held<T, N>, detail::bytes<T, N>>(p, data);
#endif
  }
  WEFT_INLINE void store_aligned(T* p) const {
    constexpr int all = detail::bytes<T, N>;
    store(static_cast<T*>(__builtin_assume_aligned(p, all < register_bytes ? all : register_bytes)));
  }
  // The first n lanes, n in [0, N]. Memory from p + n on is not touched.
  WEFT_INLINE void store_partial(T* p, int n) const {
    if constexpr (halved) {
      constexpr int half = N / 2;
      data.low.store_partial(p, n < half ? n : half);
      data.high.store_partial(p + half, n < half ? 0 : n - half);
    }
#if WEFT_SIMD_LEVEL == 3
    else if constexpr (true) {
      constexpr int B = detail::held<T, N>;
      detail::masked_store<T, B>(p, static_cast<detail::bits_in<T, B>>(detail::first_bits(n)), data);
    }
#elif WEFT_SIMD_LEVEL == 2
    else if constexpr (sizeof(T) >= 4 && detail::bytes<T, N> >= 16) {
      constexpr int B = detail::held<T, N>;
      using I = detail::signed_of<T>;
      auto m = (detail::ints<B>)(pack<I, N>::iota(0).data < pack<I, N>(I(n)).data);
      auto v = (detail::ints<B>)data;
      if constexpr (B == 16 && sizeof(T) == 4) _mm_maskstore_epi32(reinterpret_cast<int*>(p), m, v);
      else if constexpr (B == 16) _mm_maskstore_epi64(reinterpret_cast<long long*>(p), m, v);
      else if constexpr (sizeof(T) == 4) _mm256_maskstore_epi32(reinterpret_cast<int*>(p), m, v);
      else _mm256_maskstore_epi64(reinterpret_cast<long long*>(p), m, v);
    }
#endif
    else if constexpr (plain) {
      for (int i = 0; i < n; ++i) p[i] = data.at[i];
    }
#if WEFT_SIMD_LEVEL
    else if constexpr (N == 1) {
      if (n > 0) store(p);
    } else if constexpr (detail::held<T, N> == 32) {
      constexpr int each = int(sizeof(T)), half = 16 / each;
      auto const v = (detail::ints<32>)data;
      detail::store_few(p, detail::low_half<32>(v), (n < half ? n : half) * each);
      detail::store_few(p + half, detail::high_half<32, 32>(v), (n < half ? 0 : n - half) * each);
    } else {
      detail::store_few(p, (detail::ints<16>)data, n * int(sizeof(T)));
    }
#endif
  }
  // Past the caches; p is aligned as for load_aligned.
  WEFT_INLINE void stream(T* p) const {
    if constexpr (halved) data.low.stream(p), data.high.stream(p + N / 2);
#if WEFT_SIMD_LEVEL
    else if constexpr (detail::bytes<T, N> >= 16) {
      detail::stream_bytes<detail::held<T, N>>(p, (detail::ints<detail::held<T, N>>)data);
    }
#endif
    else store(p);
  }

  WEFT_INLINE T operator[](int i) const {
    if constexpr (plain) return data.at[i];
    else if constexpr (halved) return i < N / 2 ? data.low[i] : data.high[i - N / 2];
    else return static_cast<T>(data[i]);
  }
  WEFT_INLINE void set(int i, T x) {
    if constexpr (plain) data.at[i] = x;
    else if constexpr (halved) i < N / 2 ? data.low.set(i, x) : data.high.set(i - N / 2, x);
    else data[i] = static_cast<detail::lane<T>>(x);
  }

#define WEFT_OPERATOR(op)                                                                                 \
  friend WEFT_INLINE pack operator op(pack a, pack b) {                                                   \
    using W = detail::wrapping<T>;                                                                        \
    if constexpr (halved) return {a.data.low op b.data.low, a.data.high op b.data.high};                  \
    else if constexpr (plain) {                                                                           \
      for (int i = 0; i < N; ++i) a.data.at[i] = static_cast<T>(W(a.data.at[i]) op W(b.data.at[i]));      \
      return a;                                                                                           \
    } else return from<W>(as<W>(a) op as<W>(b));                                                          \
  }
  WEFT_OPERATOR(+)
  WEFT_OPERATOR(-)
  WEFT_OPERATOR(*)
#undef WEFT_OPERATOR
#define WEFT_OPERATOR(op)                                                                                 \
  friend WEFT_INLINE pack operator op(pack a, pack b) requires std::is_integral_v<T> {                    \
    if constexpr (halved) return {a.data.low op b.data.low, a.data.high op b.data.high};                  \
    else if constexpr (plain) {                                                                           \
      for (int i = 0; i < N; ++i) a.data.at[i] = static_cast<T>(a.data.at[i] op b.data.at[i]);            \
      return a;                                                                                           \
    } else return pack(a.data op b.data);                                                                 \
  }
  WEFT_OPERATOR(&)
  WEFT_OPERATOR(|)
  WEFT_OPERATOR(^)
  WEFT_OPERATOR(>>)  // counts in [0, bits of T)
#undef WEFT_OPERATOR
  friend WEFT_INLINE pack operator<<(pack a, pack b) requires std::is_integral_v<T> {
    using W = detail::wrapping<T>;
    if constexpr (halved) return {a.data.low << b.data.low, a.data.high << b.data.high};
    else if constexpr (plain) {
      for (int i = 0; i < N; ++i) a.data.at[i] = static_cast<T>(W(a.data.at[i]) << W(b.data.at[i]));
      return a;
    } else return from<W>(as<W>(a) << as<W>(b));
  }
  friend WEFT_INLINE pack operator<<(pack a, int n) requires std::is_integral_v<T> {
    using W = detail::wrapping<T>;
    if constexpr (halved) return {a.data.low << n, a.data.high << n};
    else if constexpr (plain) return a << pack(static_cast<T>(n));
    else return from<W>(as<W>(a) << static_cast<W>(n));
  }
  friend WEFT_INLINE pack operator>>(pack a, int n) requires std::is_integral_v<T> {
    if constexpr (halved) return {a.data.low >> n, a.data.high >> n};
    else if constexpr (plain) return a >> pack(static_cast<T>(n));
    else return pack(a.data >> static_cast<detail::lane<T>>(n));
  }
  friend WEFT_INLINE pack operator/(pack a, pack b) {
    if constexpr (halved) return {a.data.low / b.data.low, a.data.high / b.data.high};
    else if constexpr (std::is_floating_point_v<T> && !plain) return pack(a.data / b.data);
    else return detail::per_lane<T, N>([&](int i) { return static_cast<T>(a[i] / b[i]); });
  }
  friend WEFT_INLINE pack operator%(pack a, pack b) requires std::is_integral_v<T> {
    if constexpr (halved) return {a.data.low % b.data.low, a.data.high % b.data.high};
    else return detail::per_lane<T, N>([&](int i) { return static_cast<T>(a[i] % b[i]); });
  }
  friend WEFT_INLINE pack operator-(pack a) {
    using W = detail::wrapping<T>;
    if constexpr (halved) return {-a.data.low, -a.data.high};
    else if constexpr (plain) {
      for (int i = 0; i < N; ++i) a.data.at[i] = static_cast<T>(-W(a.data.at[i]));
      return a;
    } else return from<W>(-as<W>(a));
  }
  // Of bool: not.
  friend WEFT_INLINE pack operator~(pack a) requires std::is_integral_v<T> {
    if constexpr (std::is_same_v<T, bool>) return a ^ pack(true);
    else return a ^ pack(static_cast<T>(-1));
  }

 private:
  template <class W>
  static WEFT_INLINE auto as([[maybe_unused]] pack a) {
#if WEFT_SIMD_LEVEL
    return (detail::vec<W, detail::held<T, N>>)a.data;
#endif
  }
  template <class W, class V>
  static WEFT_INLINE pack from(V v) {
    return pack((storage)v);
  }
};

template <class T, int N>
WEFT_INLINE pack<T, N / 2> lower(pack<T, N> a) {
  static_assert(N > 1);
  if constexpr (detail::halved<T, N>) return a.data.low;
  else if constexpr (detail::plain) return detail::per_lane<T, N / 2>([&](int i) { return a[i]; });
#if WEFT_SIMD_LEVEL
  else {
    constexpr int B = detail::held<T, N>;
    return pack<T, N / 2>((typename pack<T, N / 2>::storage)detail::low_half<B>((detail::ints<B>)a.data));
  }
#endif
}
template <class T, int N>
WEFT_INLINE pack<T, N / 2> upper(pack<T, N> a) {
  static_assert(N > 1);
  if constexpr (detail::halved<T, N>) return a.data.high;
  else if constexpr (detail::plain) return detail::per_lane<T, N / 2>([&](int i) { return a[i + N / 2]; });
#if WEFT_SIMD_LEVEL
  else {
    constexpr int B = detail::held<T, N>;
    auto half = detail::high_half<B, detail::bytes<T, N>>((detail::ints<B>)a.data);
    return pack<T, N / 2>((typename pack<T, N / 2>::storage)half);
  }
#endif
}
template <class T, int N>
WEFT_INLINE pack<T, 2 * N> combine(pack<T, N> low, pack<T, N> high) {
  if constexpr (detail::halved<T, 2 * N>) return {low, high};
  else if constexpr (detail::plain) {
    return detail::per_lane<T, 2 * N>([&](int i) { return i < N ? low[i] : high[i - N]; });
  }
#if WEFT_SIMD_LEVEL
  else {
    constexpr int B = detail::held<T, 2 * N>, half = detail::held<T, N>;
    auto both = detail::join<B, detail::bytes<T, 2 * N>>((detail::ints<half>)low.data, (detail::ints<half>)high.data);
    return pack<T, 2 * N>((typename pack<T, 2 * N>::storage)both);
  }
#endif
}

template <class U, class T, int N>
WEFT_INLINE pack<U, N> bit_cast(pack<T, N> a) {
  static_assert(sizeof(U) == sizeof(T), "bit_cast: lanes of different size");
  if constexpr (std::is_same_v<U, T>) return a;
  else if constexpr (detail::halved<T, N>) return {bit_cast<U>(a.data.low), bit_cast<U>(a.data.high)};
  else if constexpr (detail::plain) {
    pack<U, N> r;
    __builtin_memcpy(&r, &a, sizeof(a));
    return r;
  } else return pack<U, N>((typename pack<U, N>::storage)a.data);
}

}  // namespace simd
}  // namespace WEFT_ISA
}  // namespace weft
