// What an expression should be: every element computed straight from its definition (expr::fill_elements), and
// compared with what the loops give.
//
//   agrees(softmax(x));                 within a few roundings
//   agrees(a + b, 0);                   exactly
//   auto x = some<float>({3, 17}, 5);   numbers in (-2, 2), the same for the same seed
#pragma once
#include <doctest/doctest.h>
#include <weft/core.hpp>

#include <cmath>
#include <string>
#include <type_traits>

namespace oracle {

using weft::index_t;

struct numbers {
  std::uint64_t state;
  explicit numbers(std::uint64_t seed) : state(seed * 0x9e3779b97f4a7c15u + 0x123456789u) {}
  std::uint64_t next() {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return state >> 33;
  }
  index_t below(index_t n) { return static_cast<index_t>(next() % static_cast<std::uint64_t>(n)); }
  double real() { return static_cast<double>(next() % 4000001) / 1000000 - 2; }
};

template <class T>
T draw(numbers& n) {
  if constexpr (std::is_same_v<T, bool>)
    return n.below(2) == 1;
  else if constexpr (std::is_floating_point_v<T>)
    return static_cast<T>(n.real());
  else if constexpr (std::is_signed_v<T>)
    return static_cast<T>(n.below(21) - 10);
  else
    return static_cast<T>(n.below(21));
}

template <class T, std::size_t R>
auto some(index_t const (&sizes)[R], std::uint64_t seed = 1) {
  auto t = weft::empty<T>(sizes);
  numbers n(seed);
  T* const out = t.data();
  for (index_t i = 0; i < t.size(); ++i) out[i] = draw<T>(n);
  return t;
}

template <class T>
bool close(T got, T want, double rtol) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(want)) return std::isnan(got);
    if (std::isinf(want) || rtol == 0) return got == want;
    return std::abs(got - want) <= rtol * (1 + std::abs(want));
  } else {
    return got == want;
  }
}

// "" or where they differ first
template <class T>
std::string difference(T const* got, T const* want, index_t n, double rtol) {
  for (index_t i = 0; i < n; ++i)
    if (!close(got[i], want[i], rtol))
      return "element " + std::to_string(i) + " of " + std::to_string(n) + ": got " + std::to_string(got[i]) +
             ", want " + std::to_string(want[i]);
  return "";
}

// All elements of an expression, row-major, by definition.
template <class E>
auto by_definition(E const& e) {
  auto t = weft::empty<weft::element_t<E>>({e.size()});
  weft::expr::fill_elements(weft::stored(e), t.data());
  return t;
}

template <class E>
std::string check(E const& e, double rtol) {
  auto const want = by_definition(e);
  auto const got = eval(e);
  if (got.sizes() != e.sizes()) return "shape " + weft::to_text(got.sizes());
  return difference(std::as_const(got).data(), want.data(), got.size(), rtol);
}

template <class E>
void agrees(E const& e, double rtol = 2e-5) {
  CHECK(check(e, rtol) == "");
}

// The values of anything, to compare with a list.
template <class E>
bool holds(E const& e, std::initializer_list<double> want) {
  auto const t = eval(e);
  if (t.size() != static_cast<index_t>(want.size())) return false;
  auto const* p = t.data();
  for (double w : want)
    if (static_cast<double>(*p++) != w) return false;
  return true;
}

}  // namespace oracle
