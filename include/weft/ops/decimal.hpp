// The digits of floating-point numbers, for printing.
//
//   printing::lone({0.1f, true})               "0.1": by itself
//   printing::positional({0.125, false}, 2, true)    {"0", "12"}: ties go to the even digit, as everywhere here
//   printing::shortest({1234.5, false})        12345 with exponent 3
#pragma once
#include <weft/config.hpp>
#include <weft/core/dtype.hpp>

#include <charconv>
#include <cstdint>
#include <string>

namespace weft {
inline namespace WEFT_ISA {
namespace printing {

// A floating-point element; a float is widened without loss.
struct real {
  double value;
  bool single;

  bool negative() const { return __builtin_bit_cast(std::uint64_t, value) >> 63 != 0; }
  double magnitude() const { return negative() ? -value : value; }
  // By the bits: comparisons with NaN and infinity mean nothing under -ffast-math.
  bool finite() const { return (__builtin_bit_cast(std::uint64_t, value) >> 52 & 0x7ff) != 0x7ff; }
  bool nan() const { return !finite() && __builtin_bit_cast(std::uint64_t, value) << 12 != 0; }
  char const* name() const { return nan() ? "nan" : negative() ? "-inf" : "inf"; }
};

// d.ddd x 10^exponent
struct digits {
  char text[24];
  int count = 0;
  int exponent = 0;

  void drop_zeros() {
    while (count > 1 && text[count - 1] == '0') --count;
  }
};

inline digits parse(char const* from, char const* to) {
  digits d;
  for (; *from != 'e'; ++from)
    if (*from != '.') d.text[d.count++] = *from;
  for (char const* p = from + 2; p != to; ++p) d.exponent = d.exponent * 10 + (*p - '0');
  if (from[1] == '-') d.exponent = -d.exponent;
  return d;
}
// As few as tell the number from the others of its type.
[[gnu::noinline]] inline digits shortest(real x) {
  char text[32];
  double const m = x.magnitude();
  auto const r = x.single ? std::to_chars(text, text + 32, static_cast<float>(m), std::chars_format::scientific)
                          : std::to_chars(text, text + 32, m, std::chars_format::scientific);
  return parse(text, r.ptr);
}
// Exactly `fraction` (at most 16) after the first.
[[gnu::noinline]] inline digits rounded(real x, int fraction) {
  char text[32];
  return parse(text, std::to_chars(text, text + 32, x.magnitude(), std::chars_format::scientific, fraction).ptr);
}
inline bool within(int count, int limit) { return limit < 0 || count <= limit; }

// The number without an exponent, at most `limit` digits after the point (negative: all) and no zeros at the end.
// `exact`: the digits before the point are the number's own, where fewer would tell it from the others: 67108872.
struct decimal {
  std::string whole, fraction;
};
[[gnu::noinline]] inline decimal positional(real x, int limit, bool exact) {
  digits const d = shortest(x);
  decimal r;
  int const behind = d.count - 1 - d.exponent;
  if (!within(behind, limit) || (exact && behind < 0)) {
    char text[400];  // no shortest decimal has more than 340 digits behind the point
    int const places = behind < 0 ? 0 : limit;
    char const* const stop = std::to_chars(text, text + 400, x.magnitude(), std::chars_format::fixed, places).ptr;
    r.whole.assign(static_cast<char const*>(text), stop);
    if (auto const point = r.whole.find('.'); point != std::string::npos) {
      r.fraction.assign(r.whole, point + 1);
      r.whole.resize(point);
    }
    while (!r.fraction.empty() && r.fraction.back() == '0') r.fraction.pop_back();
  } else if (d.exponent < 0) {
    r.whole = "0";
    r.fraction.assign(static_cast<std::size_t>(-d.exponent - 1), '0').append(d.text, d.text + d.count);
  } else {
    int const before = d.exponent + 1 < d.count ? d.exponent + 1 : d.count;
    r.whole.assign(d.text, d.text + before).append(static_cast<std::size_t>(d.exponent + 1 - before), '0');
    r.fraction.assign(d.text + before, d.text + d.count);
  }
  return r;
}

inline void pad(std::string& out, index_t n) {
  if (n > 0) out.append(static_cast<std::size_t>(n), ' ');
}
inline int decimals(int n) { return n < 0 ? decimals(-n) : n < 10 ? 1 : 1 + decimals(n / 10); }
inline void put_exponent(std::string& out, int exponent, int width) {
  out += exponent < 0 ? "e-" : "e+";
  for (int n = decimals(exponent); n < width; ++n) out += '0';
  out += std::to_string(exponent < 0 ? -exponent : exponent);
}

// A number by itself.
[[gnu::noinline]] inline std::string lone(real x) {
  if (!x.finite()) return x.name();
  std::string out = x.negative() ? "-" : "";
  double const m = x.magnitude();
  if (m == 0 || (m >= 1e-4 && m < 1e16)) {
    decimal const d = positional(x, -1, false);
    return out + d.whole + "." + (d.fraction.empty() ? "0" : d.fraction);
  }
  digits const d = shortest(x);
  out += d.text[0];
  if (d.count > 1) out += '.';
  out.append(d.text + 1, d.text + d.count);
  put_exponent(out, d.exponent, 2);
  return out;
}

}  // namespace printing
}  // namespace WEFT_ISA
}  // namespace weft
