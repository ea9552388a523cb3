// 16-bit floats: every one of the 65536 there and back, and rounding at every boundary between two of them.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <weft/simd/half.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

using namespace weft::simd;

namespace {

// The value of sign, exponent and mantissa as they are defined.
double value(std::uint32_t bits, int mantissa, int bias) {
  int exponents = (1 << (15 - mantissa)) - 1, e = int(bits >> mantissa) & exponents;
  double m = bits & ((1u << mantissa) - 1), scale = std::ldexp(1., -mantissa);
  double v = e == exponents ? (m != 0 ? NAN : INFINITY) : e ? std::ldexp(1 + m * scale, e - bias)
                                                            : std::ldexp(m * scale, 1 - bias);
  return bits & 0x8000u ? -v : v;
}

template <int N, class Widen, class Narrow>
void every_one(Widen widen, Narrow narrow, int mantissa, int bias) {
  long wrong = 0;
  auto rounded = [&](float x) { return std::uint32_t(narrow(pack<float, N>(x))[N - 1]); };
  std::uint32_t infinite = 0x7fffu & ~((1u << mantissa) - 1);
  for (std::uint32_t b = 0; b < 65536; ++b) {
    auto p = pack<std::uint16_t, N>(std::uint16_t(b));
    float x = widen(p)[N - 1];
    double v = value(b, mantissa, bias);
    if (v != v) {
      wrong += x == x;
      std::uint32_t back = rounded(x);
      wrong += (back & 0x7fffu) <= infinite;
      continue;
    }
    wrong += double(x) != v || std::signbit(x) != std::signbit(v);
    wrong += rounded(x) != b;
    if ((b & 0x7fffu) >= infinite) continue;
    // Halfway to the next one away from zero: to the even one, and to either side just beside it.
    double next = value(b + 1, mantissa, bias);
    if (std::isinf(next)) next = std::copysign(std::ldexp(1., bias + 1), v);
    auto half = float((v + next) / 2);
    if (double(half) != (v + next) / 2) continue;
    wrong += rounded(half) != (b % 2 ? b + 1 : b);
    wrong += rounded(std::nextafter(half, 0.f)) != b;
    wrong += rounded(std::nextafter(half, std::copysign(INFINITY, half))) != b + 1;
  }
  CHECK(wrong == 0);
  std::uint32_t loud = 0x7f800001u;
  float nan;
  std::memcpy(&nan, &loud, 4);
  CHECK((rounded(nan) & 0x7fffu) > infinite);
  CHECK(rounded(3.4028235e38f) == infinite);
  CHECK(rounded(-1e-44f) == 0x8000u);
}

}  // namespace

TEST_CASE("bfloat16") {
  auto widen = [](auto x) { return float_of_bfloat16(x); };
  auto narrow = [](auto x) { return bfloat16_of_float(x); };
  every_one<4>(widen, narrow, 7, 127);
  every_one<16>(widen, narrow, 7, 127);
  every_one<32>(widen, narrow, 7, 127);
}
TEST_CASE("float16") {
  auto widen = [](auto x) { return float_of_float16(x); };
  auto narrow = [](auto x) { return float16_of_float(x); };
  every_one<4>(widen, narrow, 10, 15);
  every_one<8>(widen, narrow, 10, 15);
  every_one<32>(widen, narrow, 10, 15);
  // What stands in where there are no instructions for it.
  auto widen_by_hand = [](auto x) { return detail::widen_float16(x); };
  auto narrow_by_hand = [](auto x) { return detail::narrow_float16(x); };
  every_one<8>(widen_by_hand, narrow_by_hand, 10, 15);
}
