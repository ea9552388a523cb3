// Random tensors: a key and a count decide every element, so the same numbers come for every thread count,
// instruction set and compiler.
//
//   random::seed(7);
//   auto x = random::normal<float>({256, 2});              mean 0, deviation 1
//   auto u = random::uniform<float>({3}, -1, 1);           in [-1, 1)
//   auto [k1, k2] = random::split(random::key(7));
//   auto y = random::normal<double>(k1, {4}, 10, 2);       from a key: the same at each call
//
// Without a key each call takes the next child of the process's own, which begins at seed 0.
//
// Public, in weft::random: key, split, seed, next_key, uniform, normal, bernoulli, randint, permutation.
#pragma once
#include <weft/core/threads.hpp>
#include <weft/ops/create.hpp>
#include <weft/simd/random.hpp>

#include <array>

namespace weft::random {

// 64 bits, the high and the low half of the seed.
struct key {
  std::uint32_t a = 0, b = 0;
  WEFT_ALWAYS_INLINE constexpr explicit key(std::uint64_t seed = 0)
      : a(static_cast<std::uint32_t>(seed >> 32)), b(static_cast<std::uint32_t>(seed)) {}
  WEFT_ALWAYS_INLINE friend constexpr bool operator==(key x, key y) { return x.a == y.a && x.b == y.b; }
};

namespace process {
struct default_keys {
  std::uint64_t seed = 0;
  std::uint64_t taken = 0;
};
inline constinit default_keys keys{};
}  // namespace process

inline namespace WEFT_ISA {

namespace detail {

WEFT_INLINE simd::random_key words(key k) { return {k.a, k.b}; }

WEFT_INLINE key child(key parent, std::uint64_t i) {
  auto const c = simd::child(words(parent), i);
  return key(std::uint64_t{c.a} << 32 | c.b);
}

// Precondition: f.operator()<N>(i) is a pack of the elements from i on, whatever N is.
template <class T, class F>
void fill(T* out, index_t n, F const& f) {
  constexpr int N = simd::lanes<T>;
  constexpr index_t block = 8192;
  auto const part = [&](index_t b) {
    index_t i = b * block;
    index_t const to = i + block < n ? i + block : n;
    for (; i + N <= to; i += N) f.template operator()<N>(i).store(out + i);
    if (i < to) f.template operator()<N>(i).store_partial(out + i, static_cast<int>(to - i));
  };
  index_t const blocks = (n + block - 1) / block;
  if (blocks > 1)
    parallel_for(blocks, part);
  else if (blocks == 1)
    part(0);
}

template <class T>
[[gnu::noinline]] void fill_uniform(T* out, index_t n, key k, T low, T high) {
  fill(out, n, [=]<int N>(index_t i) { return simd::uniform<T, N>(words(k), i, low, high); });
}
template <class T>
[[gnu::noinline]] void fill_normal(T* out, index_t n, key k, T mean, T deviation) {
  fill(out, n, [=]<int N>(index_t i) {
    using P = simd::pack<T, N>;
    return simd::exact::add(simd::exact::mul(simd::normal<T, N>(words(k), i), P(deviation)), P(mean));
  });
}
#define WEFT_RANDOM_OF(keyword, T)                                 \
  keyword template void fill_uniform<T>(T*, index_t, key, T, T);   \
  keyword template void fill_normal<T>(T*, index_t, key, T, T);
#ifdef WEFT_COMPILED
WEFT_RANDOM_OF(extern, float)
WEFT_RANDOM_OF(extern, double)
#endif

__extension__ using wide_product = unsigned __int128;

// A number below `n` from 64 random bits: their high part of a product, off by less than n / 2^64.
inline std::uint64_t below(std::uint64_t n, key k, index_t i) {
  auto const w = simd::random_words<1>(words(k), i);
  std::uint64_t const bits = std::uint64_t{w.first[0]} << 32 | w.second[0];
  return static_cast<std::uint64_t>(static_cast<wide_product>(bits) * n >> 64);
}

}  // namespace detail

// From here on calls without a key repeat what they gave after the same seed.
inline void seed(std::uint64_t value) {
  __atomic_store_n(&process::keys.seed, value, __ATOMIC_RELAXED);
  __atomic_store_n(&process::keys.taken, 0, __ATOMIC_RELAXED);
}
// The key that a call without one would take.
inline key next_key() {
  std::uint64_t const i = __atomic_fetch_add(&process::keys.taken, 1, __ATOMIC_RELAXED);
  return detail::child(key(__atomic_load_n(&process::keys.seed, __ATOMIC_RELAXED)), i);
}
// Keys that are independent of each other and of the one they come from.
template <std::size_t N = 2>
std::array<key, N> split(key k) {
  std::array<key, N> keys;
  for (std::size_t i = 0; i < N; ++i) keys[i] = detail::child(k, i);
  return keys;
}

// In [low, high). Precondition: low < high, and high - low is finite.
template <class T = float, std::size_t R>
  requires std::is_floating_point_v<T>
[[nodiscard]] auto uniform(key k, index_t const (&sizes)[R], std::type_identity_t<T> low = 0,
                           std::type_identity_t<T> high = 1) {
  if (!(low < high) || high - low > std::numeric_limits<T>::max()) [[unlikely]]
    fail<error>(complaint{"random::uniform: no numbers from ", low, " to ", high});
  auto t = expr::room_for<T>("random::uniform", sizes);
  detail::fill_uniform<T>(t.data(), t.size(), k, low, high);
  return t;
}
template <class T = float, std::size_t R>
  requires std::is_floating_point_v<T>
[[nodiscard]] auto normal(key k, index_t const (&sizes)[R], std::type_identity_t<T> mean = 0,
                          std::type_identity_t<T> deviation = 1) {
  auto t = expr::room_for<T>("random::normal", sizes);
  detail::fill_normal<T>(t.data(), t.size(), k, mean, deviation);
  return t;
}
// True with probability p.
template <std::size_t R>
[[nodiscard]] auto bernoulli(key k, index_t const (&sizes)[R], double p = 0.5) {
  if (!(p >= 0 && p <= 1)) [[unlikely]] fail<error>(complaint{"random::bernoulli: ", p, " is no probability"});
  tensor<bool, static_cast<int>(R)> t = expr::room_for<bool>("random::bernoulli", sizes);
  auto const limit = static_cast<std::uint64_t>(p * 4294967296.0);
  bool* const out = t.data();
  index_t const n = t.size();
  for (index_t i = 0; i < n; ++i) out[i] = simd::random_words<1>(detail::words(k), i).first[0] < limit;
  return t;
}
// Integers in [low, high).
template <class T = int, std::size_t R>
  requires(std::is_integral_v<T> && !std::is_same_v<T, bool>)
[[nodiscard]] auto randint(key k, index_t const (&sizes)[R], std::type_identity_t<T> low,
                           std::type_identity_t<T> high) {
  if (!(low < high)) [[unlikely]]
    fail<error>(complaint{"random::randint: no integers from ", low, " to ", high});
  auto const span = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  auto t = expr::room_for<T>("random::randint", sizes);
  T* const out = t.data();
  index_t const n = t.size();
  for (index_t i = 0; i < n; ++i)
    out[i] = static_cast<T>(static_cast<std::uint64_t>(low) + detail::below(span, k, i));
  return t;
}
// The numbers from 0 to n - 1 in random order.
template <class T = int>
[[nodiscard]] tensor<T, 1> permutation(key k, std::type_identity_t<T> n) {
  auto t = arange<T>(n);
  T* const p = t.data();
  for (index_t i = static_cast<index_t>(n) - 1; i > 0; --i) {
    auto const j = static_cast<index_t>(detail::below(static_cast<std::uint64_t>(i) + 1, k, i));
    T const x = p[i];
    p[i] = p[j];
    p[j] = x;
  }
  return t;
}

// The same with the next key of the process.
template <class T = float, std::size_t R>
[[nodiscard]] auto uniform(index_t const (&sizes)[R], std::type_identity_t<T> low = 0,
                           std::type_identity_t<T> high = 1) {
  return uniform<T>(next_key(), sizes, low, high);
}
template <class T = float, std::size_t R>
[[nodiscard]] auto normal(index_t const (&sizes)[R], std::type_identity_t<T> mean = 0,
                          std::type_identity_t<T> deviation = 1) {
  return normal<T>(next_key(), sizes, mean, deviation);
}
template <std::size_t R>
[[nodiscard]] auto bernoulli(index_t const (&sizes)[R], double p = 0.5) {
  return bernoulli(next_key(), sizes, p);
}
template <class T = int, std::size_t R>
[[nodiscard]] auto randint(index_t const (&sizes)[R], std::type_identity_t<T> low, std::type_identity_t<T> high) {
  return randint<T>(next_key(), sizes, low, high);
}
template <class T = int>
[[nodiscard]] tensor<T, 1> permutation(std::type_identity_t<T> n) {
  return permutation<T>(next_key(), n);
}

}  // namespace WEFT_ISA
}  // namespace weft::random
