// How weights begin: functions that give a tensor of a shape.
//
//   auto w = nn::init::glorot_uniform<float>({128, 64});
//   auto v = nn::init::he_normal<float>({64, 3, 3, 32}, {.mode = nn::init::fan_mode::fan_out, .gain = 2});
//
// The first axis counts what goes out, the last what comes in, those between multiply both (a filter's window).
//
// Public, in weft::nn::init: constant, normal, uniform, identity, glorot_uniform, glorot_normal, he_uniform, he_normal,
// fan_mode, he_options.
#pragma once
#include <weft/ops/random.hpp>

#include <cmath>

namespace weft::nn::init {

enum class fan_mode { fan_in, fan_out };
struct he_options {
  fan_mode mode = fan_mode::fan_in;
  double gain = 1;
};

inline namespace WEFT_ISA {
namespace detail {

struct fans {
  double in, out;
};
template <std::size_t R>
fans fans_of(char const* who, index_t const (&sizes)[R]) {
  static_assert(R >= 2, "weft: init: an initialiser that scales by the fan takes two axes or more");
  double window = 1;
  for (std::size_t i = 1; i + 1 < R; ++i) window *= static_cast<double>(sizes[i]);
  fans const f{static_cast<double>(sizes[R - 1]) * window, static_cast<double>(sizes[0]) * window};
  if (!(f.in > 0 && f.out > 0))
    fail<shape_error>(std::string(who) + ": a size is 0 in " + to_text(sizes, static_cast<int>(R)));
  return f;
}
inline double fan(fans f, fan_mode mode) { return mode == fan_mode::fan_in ? f.in : f.out; }

}  // namespace detail

template <class T = float, std::size_t R>
[[nodiscard]] auto constant(index_t const (&sizes)[R], std::type_identity_t<T> value) {
  return full<T>(sizes, value);
}
template <class T = float, std::size_t R>
[[nodiscard]] auto normal(index_t const (&sizes)[R], double mean = 0, double deviation = 1) {
  return random::normal<T>(sizes, static_cast<T>(mean), static_cast<T>(deviation));
}
template <class T = float, std::size_t R>
[[nodiscard]] auto uniform(index_t const (&sizes)[R], double low = 0, double high = 1) {
  return random::uniform<T>(sizes, static_cast<T>(low), static_cast<T>(high));
}
template <class T = float>
[[nodiscard]] tensor<T, 2> identity(index_t const (&sizes)[2]) {
  if (sizes[0] != sizes[1]) fail<shape_error>("identity: " + to_text(sizes, 2) + " is not square");
  return eye<T>(sizes[0]);
}
template <class T = float, std::size_t R>
[[nodiscard]] auto glorot_uniform(index_t const (&sizes)[R], double gain = 1) {
  auto const f = detail::fans_of("glorot_uniform", sizes);
  double const limit = gain * std::sqrt(6 / (f.in + f.out));
  return uniform<T>(sizes, -limit, limit);
}
template <class T = float, std::size_t R>
[[nodiscard]] auto glorot_normal(index_t const (&sizes)[R], double gain = 1) {
  auto const f = detail::fans_of("glorot_normal", sizes);
  return normal<T>(sizes, 0, gain * std::sqrt(2 / (f.in + f.out)));
}
template <class T = float, std::size_t R>
[[nodiscard]] auto he_uniform(index_t const (&sizes)[R], he_options o = {}) {
  double const limit = o.gain * std::sqrt(3 / detail::fan(detail::fans_of("he_uniform", sizes), o.mode));
  return uniform<T>(sizes, -limit, limit);
}
template <class T = float, std::size_t R>
[[nodiscard]] auto he_normal(index_t const (&sizes)[R], he_options o = {}) {
  return normal<T>(sizes, 0, o.gain / std::sqrt(detail::fan(detail::fans_of("he_normal", sizes), o.mode)));
}

}  // namespace WEFT_ISA
}  // namespace weft::nn::init
