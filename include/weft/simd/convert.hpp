// One lane count an expression: the lanes of any pack as another type, however many registers either side takes.
//
//   auto x = convert<float>(pack<std::int8_t, 16>::load(q)) * scale;
//   auto y = select(convert_mask<double>(x > 0.f), convert<double>(x), 0.);
//
//   convert<U>(pack)        floats to integers go towards zero (outside U's range: any value); to bool, != 0;
//                           integers wrap; all else is rounded to nearest, once
//   convert_mask<U>(mask)   the mask of another lane type
//   to_pack(mask)           pack<bool, N>;  to_mask<T>(pack<bool, N>) the way back
//   lower upper combine     of masks
#pragma once
#include <weft/simd/mask.hpp>
#include <weft/simd/widths.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace simd {

template <class T, int N>
WEFT_INLINE pack<bool, N> to_pack(mask<T, N> m);

namespace detail {

// 64-bit integers as doubles where no instruction does it: the halves are put into the mantissas of 2^84 and 2^52,
// so that one addition rounds.
template <int N, class T>
WEFT_INLINE pack<double, N> double_from_64(pack<T, N> a) {
  using P = pack<std::uint64_t, N>;
  constexpr bool s = std::is_signed_v<T>;
  P x = bit_cast<std::uint64_t>(a);
  P high = (x >> 32) ^ P(0x4530000000000000u | (s ? 0x80000000u : 0u));
  P low = (x & P(0xffffffffu)) | P(0x4330000000000000u);
  pack<double, N> offset(s ? 0x1.00000801p84 : 0x1.00000001p84);  // 2^84 + 2^52 (+ 2^63)
  return (bit_cast<double>(high) - offset) + bit_cast<double>(low);
}

#if WEFT_SIMD_LEVEL
template <class U, class T, int N>
WEFT_INLINE pack<U, N> convert_register(pack<T, N> a) {
  constexpr int from = sizeof(T), to = sizeof(U);
  constexpr int A = held<T, N>, B = held<U, N>;
  using R = pack<U, N>;
  using S = typename R::storage;
  constexpr bool ints_to_ints = std::is_integral_v<T> && std::is_integral_v<U>;
  constexpr bool float_to_int = std::is_floating_point_v<T> && std::is_integral_v<U>;
  constexpr bool int_to_float = std::is_integral_v<T> && std::is_floating_point_v<U>;
  if constexpr (ints_to_ints && from == to) return bit_cast<U>(a);
  else if constexpr (ints_to_ints && from < to) return R(widen<U, T, B>(a.data));
  else if constexpr (ints_to_ints) return R(narrow<U, T, A>(a.data));
  else if constexpr (int_to_float && from < 4) return convert_register<U>(convert_register<std::int32_t>(a));
  else if constexpr (float_to_int && to < 4) return convert_register<U>(convert_register<std::int32_t>(a));
  else if constexpr (from == 4 && to == 4) return R(__builtin_convertvector(a.data, S));
  else if constexpr (std::is_same_v<T, float> && std::is_same_v<U, double>) return R(twice<B>(a.data));
  else if constexpr (std::is_same_v<T, double> && std::is_same_v<U, float>) return R(single<A>(a.data));
  else if constexpr (std::is_same_v<T, std::int32_t>) return R(from_int32<B>((ints<A>)a.data));
  else if constexpr (std::is_same_v<U, std::int32_t>) return R((S)to_int32<A>(a.data));
#if WEFT_SIMD_LEVEL == 3
  else if constexpr (from == 8 && to == 8) return R(__builtin_convertvector(a.data, S));
  else if constexpr (std::is_same_v<T, std::uint32_t>) return R(from_uint32<B>((ints<A>)a.data));
  else if constexpr (std::is_same_v<U, std::uint32_t>) return R((S)to_uint32<A>(a.data));
  else if constexpr (from == 8) return R(float_from_64<std::is_signed_v<T>, A>((ints<A>)a.data));
  else return R((S)float_to_64<std::is_signed_v<U>, B>(a.data));
#else
  else if constexpr (int_to_float && from == 8 && to == 8) return double_from_64(a);
  else if constexpr (std::is_same_v<T, std::uint32_t>) {
    auto shifted = bit_cast<std::int32_t>(a ^ pack<T, N>(0x80000000u));
    return convert_register<U>(shifted) + R(2147483648.);
  }
  else return per_lane<U, N>([&](int i) { return static_cast<U>(a[i]); });
#endif
}
#endif

}  // namespace detail

template <class U, class T, int N>
WEFT_INLINE pack<U, N> convert(pack<T, N> a) {
  if constexpr (std::is_same_v<U, T>) return a;
  else if constexpr (std::is_same_v<U, bool>) return to_pack(a != pack<T, N>(T(0)));
  else if constexpr (std::is_same_v<T, bool>) return convert<U>(bit_cast<std::uint8_t>(a));
  else if constexpr (detail::plain) {
    return detail::per_lane<U, N>([&](int i) { return static_cast<U>(a[i]); });
  }
#if WEFT_SIMD_LEVEL
  else if constexpr (detail::halved<T, N> || detail::halved<U, N>) {
    return combine(convert<U>(lower(a)), convert<U>(upper(a)));
  } else return detail::convert_register<U>(a);
#endif
}

namespace detail {

// A mask as lanes of all ones or zero, and back.
template <class T, int N>
WEFT_INLINE pack<signed_of<T>, N> ones(mask<T, N> m) {
  if constexpr (halved<T, N>) return {ones(m.data.low), ones(m.data.high)};
#if WEFT_SIMD_LEVEL == 3
  else return pack<signed_of<T>, N>(ones_where<signed_of<T>, held<T, N>>(m.data));
#elif WEFT_SIMD_LEVEL
  else return pack<signed_of<T>, N>(m.data);
#else
  else return per_lane<signed_of<T>, N>([&](int i) { return static_cast<signed_of<T>>(-int{m.data.at[i]}); });
#endif
}
template <class T, int N>
WEFT_INLINE mask<T, N> mask_of_ones(pack<signed_of<T>, N> a) {
  if constexpr (halved<T, N>) {
    return mask<T, N>::from({mask_of_ones<T>(a.data.low), mask_of_ones<T>(a.data.high)});
  }
#if WEFT_SIMD_LEVEL == 1 || WEFT_SIMD_LEVEL == 2
  else return mask<T, N>::from(a.data);
#else
  else {
    auto m = a != pack<signed_of<T>, N>(0);
    return mask<T, N>::from(m.data);
  }
#endif
}

}  // namespace detail

template <class T, int N>
WEFT_INLINE mask<T, N / 2> lower(mask<T, N> m) {
  static_assert(N > 1);
  if constexpr (detail::halved<T, N>) return m.data.low;
#if WEFT_SIMD_LEVEL == 3
  else return mask<T, N / 2>::from(static_cast<typename mask<T, N / 2>::storage>(m.data));
#else
  else return detail::mask_of_ones<T>(lower(detail::ones(m)));
#endif
}
template <class T, int N>
WEFT_INLINE mask<T, N / 2> upper(mask<T, N> m) {
  static_assert(N > 1);
  if constexpr (detail::halved<T, N>) return m.data.high;
#if WEFT_SIMD_LEVEL == 3
  else return mask<T, N / 2>::from(static_cast<typename mask<T, N / 2>::storage>(m.data >> (N / 2)));
#else
  else return detail::mask_of_ones<T>(upper(detail::ones(m)));
#endif
}
template <class T, int N>
WEFT_INLINE mask<T, 2 * N> combine(mask<T, N> low, mask<T, N> high) {
  if constexpr (detail::halved<T, 2 * N>) return mask<T, 2 * N>::from({low, high});
#if WEFT_SIMD_LEVEL == 3
  else {
    using S = typename mask<T, 2 * N>::storage;
    return mask<T, 2 * N>::from(static_cast<S>((low.data & detail::first_bits(N)) | std::uint64_t{high.data} << N));
  }
#else
  else return detail::mask_of_ones<T>(combine(detail::ones(low), detail::ones(high)));
#endif
}

template <class U, class T, int N>
WEFT_INLINE mask<U, N> convert_mask(mask<T, N> m) {
  if constexpr (std::is_same_v<U, T>) return m;
  else if constexpr (detail::plain) {
    mask<U, N> r;
    r.data = m.data;
    return r;
  }
#if WEFT_SIMD_LEVEL == 3
  else if constexpr (detail::halved<T, N> || detail::halved<U, N>) {
    return combine(convert_mask<U>(lower(m)), convert_mask<U>(upper(m)));
  } else return mask<U, N>::from(static_cast<typename mask<U, N>::storage>(m.data));
#else
  else return detail::mask_of_ones<U>(convert<detail::signed_of<U>>(detail::ones(m)));
#endif
}

template <class T, int N>
WEFT_INLINE pack<bool, N> to_pack(mask<T, N> m) {
  if constexpr (detail::plain) return detail::per_lane<bool, N>([&](int i) { return m.data.at[i]; });
  else {
    using B = pack<std::uint8_t, N>;
    return bit_cast<bool>(bit_cast<std::uint8_t>(detail::ones(convert_mask<std::int8_t>(m))) & B(1));
  }
}
template <class T, int N>
WEFT_INLINE mask<T, N> to_mask(pack<bool, N> a) {
#if WEFT_SIMD_LEVEL == 1 || WEFT_SIMD_LEVEL == 2
  auto wide = bit_cast<detail::signed_of<T>>(convert<detail::unsigned_of<T>>(bit_cast<std::uint8_t>(a)));
  return convert_mask<T>(wide > pack<detail::signed_of<T>, N>(0));
#else
  return convert_mask<T>(bit_cast<std::uint8_t>(a) != pack<std::uint8_t, N>(0));
#endif
}

}  // namespace simd
}  // namespace WEFT_ISA
}  // namespace weft
