// When a result agrees with a golden one: type, shape, every element within the tolerances.
//
//   std::string why = golden::difference(got, want, rtol, atol);      // "" where they agree
#pragma once
#include "golden.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdio>
#include <string>
#include <vector>

namespace golden {

using number = std::complex<double>;

// NaN agrees with NaN, an infinity with itself, -0.0 with 0.0.
inline bool agree(double got, double want, double tolerance) {
  if (std::isnan(want) || std::isnan(got)) return std::isnan(want) && std::isnan(got);
  if (std::isinf(want) || std::isinf(got)) return got == want;
  return std::abs(got - want) <= tolerance;
}
inline bool agree(number got, number want, double rtol, double atol) {
  if (std::isfinite(got.real()) && std::isfinite(got.imag()) && std::isfinite(want.real()) &&
      std::isfinite(want.imag())) {
    return std::abs(got - want) <= atol + rtol * std::abs(want);
  }
  double const size = std::isfinite(want.real())   ? std::abs(want.real())
                      : std::isfinite(want.imag()) ? std::abs(want.imag())
                                                   : 0;
  return agree(got.real(), want.real(), atol + rtol * size) && agree(got.imag(), want.imag(), atol + rtol * size);
}

inline std::string to_text(number v) {
  char text[80];
  if (v.imag() == 0) {
    std::snprintf(text, sizeof text, "%.9g", v.real());
  } else {
    std::snprintf(text, sizeof text, "%.9g%+.9gi", v.real(), v.imag());
  }
  return text;
}

inline std::string type_difference(any_tensor const& got, any_tensor const& want) {
  if (got.dtype != want.dtype) return "is " + got.type_name() + ", not " + want.type_name();
  if (got.shape != want.shape) {
    return "has shape " + weft::io::to_text(got.shape) + ", not " + weft::io::to_text(want.shape);
  }
  return "";
}

// Precondition: the same type and size.
inline std::string value_difference(any_tensor const& got, any_tensor const& want, double rtol, double atol) {
  index_t const n = want.size();
  bool const exact = rtol == 0 && atol == 0 && kind_of(want.dtype) <= weft::kind::integer;
  auto const width = static_cast<std::size_t>(size_of(want.dtype));
  index_t wrong = 0, worst = -1;
  double most = -1;
  for (index_t i = 0; i < n; ++i) {
    number const g = value(got, i), w = value(want, i);
    // The bytes, because 64-bit integers lose some in a double.
    bool const same =
        exact ? std::memcmp(static_cast<char const*>(got.data()) + static_cast<std::size_t>(i) * width,
                            static_cast<char const*>(want.data()) + static_cast<std::size_t>(i) * width, width) == 0
              : agree(g, w, rtol, atol);
    if (same) continue;
    ++wrong;
    double const off = std::abs(g - w);
    if (worst < 0 || off > most || std::isnan(off)) {
      worst = i;
      most = std::isnan(off) ? std::numeric_limits<double>::infinity() : off;
    }
  }
  if (!wrong) return "";
  return std::to_string(wrong) + " of " + std::to_string(n) + " elements differ, most at " + std::to_string(worst) +
         ": " + to_text(value(got, worst)) + ", not " + to_text(value(want, worst));
}

inline std::string difference(any_tensor const& got, any_tensor const& want, double rtol, double atol) {
  std::string why = type_difference(got, want);
  return why.empty() ? value_difference(got, want, rtol, atol) : why;
}

}  // namespace golden
