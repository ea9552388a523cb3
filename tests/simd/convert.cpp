// Every lane type to every other, of packs from a fraction of a register to many of them.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <weft/simd/convert.hpp>

#include "samples.hpp"

using namespace weft::simd;

namespace {

// What C++ defines the conversion of.
template <class U, class T>
bool fits(T x) {
  if constexpr (std::is_floating_point_v<T> && std::is_integral_v<U> && !std::is_same_v<U, bool>) {
    return x > static_cast<T>(std::numeric_limits<U>::lowest()) && x < static_cast<T>(std::numeric_limits<U>::max());
  } else {
    return true;
  }
}

template <class U, class T, int N>
void conversion() {
  auto v = samples<T>(11);
  U got[512], want[512];
  bool masks[512], bools[512], positive[512];
  for (std::size_t k = 0; k < 512; ++k) {
    if (!fits<U>(v[k])) v[k] = T(100);
    want[k] = static_cast<U>(v[k]);
    positive[k] = v[k] > T(0);
  }
  for (std::size_t k = 0; k < 512; k += N) {
    auto a = pack<T, N>::load(&v[k]);
    convert<U>(a).store(got + k);
    auto m = a > pack<T, N>(T(0));
    to_pack(convert_mask<U>(m)).store(masks + k);
    to_pack(to_mask<U>(to_pack(m))).store(bools + k);
  }
  equal("convert", got, want, 512, N);
  equal("convert_mask", masks, positive, 512, N);
  equal("to_mask", bools, positive, 512, N);
}

template <class T, int N>
void conversions() {
  conversion<float, T, N>();
  conversion<double, T, N>();
  conversion<bool, T, N>();
  conversion<std::int8_t, T, N>();
  conversion<std::uint8_t, T, N>();
  conversion<std::int16_t, T, N>();
  conversion<std::uint16_t, T, N>();
  conversion<std::int32_t, T, N>();
  conversion<std::uint32_t, T, N>();
  conversion<std::int64_t, T, N>();
  conversion<std::uint64_t, T, N>();
}

}  // namespace

TEST_CASE_TEMPLATE("conversions", T, TYPES) {
  conversions<T, 2>();
  conversions<T, 8>();
  conversions<T, 32>();
}
