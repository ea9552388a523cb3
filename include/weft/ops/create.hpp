// Tensors from nothing: zeros ones full empty and ..._like, arange, linspace, eye; and reshape, which keeps the elements.
//
//   zeros<float>({2, 3})   full<double>({2, 3, 4}, 0.5)   arange<int>(6)   reshape(arange<int>(6), {3, -1})
#pragma once
#include <weft/engine/assign.hpp>

namespace weft {
inline namespace WEFT_ISA {

namespace expr {
// Elements that are not set, for the function that says `operation` when it reports a mistake.
template <element T, std::size_t R>
tensor<T, static_cast<int>(R)> room_for(char const* operation, index_t const (&sizes)[R]) {
  tensor<T, static_cast<int>(R)> t;
  t.prepare(checked_sizes<static_cast<int>(R)>(operation, sizes));
  return t;
}
template <element T, std::size_t R>
auto filled(char const* operation, index_t const (&sizes)[R], T value) {
  auto t = room_for<T>(operation, sizes);
  t = value;
  return t;
}
}  // namespace expr

// Elements that are not set.
template <element T, std::size_t R>
[[nodiscard]] tensor<T, static_cast<int>(R)> empty(index_t const (&sizes)[R]) {
  return expr::room_for<T>("empty", sizes);
}
template <element T, std::size_t R>
[[nodiscard]] auto full(index_t const (&sizes)[R], T value) {
  return expr::filled("full", sizes, value);
}
template <element T, std::size_t R>
[[nodiscard]] auto zeros(index_t const (&sizes)[R]) {
  return expr::filled("zeros", sizes, T(0));
}
template <element T, std::size_t R>
[[nodiscard]] auto ones(index_t const (&sizes)[R]) {
  return expr::filled("ones", sizes, T(1));
}
template <expression E>
[[nodiscard]] auto full_like(E const& e, element_t<E> value) {
  tensor_of<stored_t<E>> t;
  t.prepare(e.sizes());
  fill_with(t, value);
  return t;
}
template <expression E>
[[nodiscard]] auto zeros_like(E const& e) {
  return full_like(e, element_t<E>(0));
}
template <expression E>
[[nodiscard]] auto ones_like(E const& e) {
  return full_like(e, element_t<E>(1));
}

// start, start + step, ... below stop; the count is computed, not found by adding.
template <element T>
[[nodiscard]] tensor<T, 1> arange(T start, T stop, T step = T(1)) {
  if (step == T(0)) fail<error>("arange: the step is 0");
  index_t n = 0;
  if constexpr (std::is_integral_v<T>) {
    // Exactly: the distance and the step as numbers without a sign.
    if ((step > T(0)) ? start < stop : stop < start) {
      bool const up = step > T(0);
      auto const far = static_cast<std::uint64_t>(up ? stop : start) - static_cast<std::uint64_t>(up ? start : stop);
      auto const by = up ? static_cast<std::uint64_t>(step) : 0 - static_cast<std::uint64_t>(step);
      n = static_cast<index_t>((far - 1) / by + 1);
    }
  } else {
    double const steps = (static_cast<double>(stop) - static_cast<double>(start)) / static_cast<double>(step);
    if (steps >= 0x1p62) fail<shape_error>(complaint{"arange: ", steps, " steps are too many elements"});
    n = steps > 0 ? static_cast<index_t>(std::ceil(steps)) : 0;
  }
  auto t = expr::room_for<T>("arange", {n});
  T* const out = t.data();
  for (index_t i = 0; i < n; ++i)
    if constexpr (std::is_integral_v<T>)  // without a sign: what lies between may be more than T holds
      out[i] = static_cast<T>(static_cast<std::uint64_t>(start) + static_cast<std::uint64_t>(i) * static_cast<std::uint64_t>(step));
    else
      out[i] = static_cast<T>(start + static_cast<T>(i) * step);
  return t;
}
template <element T>
[[nodiscard]] tensor<T, 1> arange(T stop) {
  return arange<T>(T(0), stop, T(1));
}
// n values from start to stop, both included; whole numbers are the largest ones not above.
template <element T>
[[nodiscard]] tensor<T, 1> linspace(T start, T stop, index_t n = 50) {
  auto t = expr::room_for<T>("linspace", {n});
  T* const out = t.data();
  if constexpr (std::is_integral_v<T>) {
    // start + i * (stop - start) / (n - 1) without rounding, for n up to 2^32.
    bool const up = start < stop;
    std::uint64_t const m = static_cast<std::uint64_t>(n > 1 ? n - 1 : 1), low = static_cast<std::uint64_t>(start);
    std::uint64_t const far = up ? static_cast<std::uint64_t>(stop) - low : low - static_cast<std::uint64_t>(stop);
    for (index_t i = 0; i < n; ++i) {
      std::uint64_t const k = static_cast<std::uint64_t>(i), rest = k * (far % m), whole = k * (far / m);
      out[i] = static_cast<T>(up ? low + (whole + rest / m) : low - (whole + (rest + m - 1) / m));
    }
  } else {
    double const from = static_cast<double>(start), to = static_cast<double>(stop), m = static_cast<double>(n > 1 ? n - 1 : 1);
    double const step = (to - from) / m;
    for (index_t i = 0; i < n; ++i) {
      double const k = static_cast<double>(i);
      double start_part = from, along = k * step;
      if (!std::isfinite(step)) start_part = from * (1 - k / m), along = to * (k / m);  // wider than the largest number
      __asm__("" : "+m"(along));  // rounded by itself: fused with the addition, -1 + 3 * (2 / 6) would not be 0
      out[i] = static_cast<T>(start_part + along);
    }
    if (n > 1) out[n - 1] = stop;
  }
  return t;
}
// Ones on the k-th diagonal.
template <element T>
[[nodiscard]] tensor<T, 2> eye(index_t rows, index_t columns = -1, index_t k = 0) {
  auto t = expr::filled("eye", {rows, columns < 0 ? rows : columns}, T(0));
  T* const out = t.data();
  index_t const n = t.shape(1);
  for (index_t i = 0; i < rows; ++i)
    if (k >= -i && k < n - i) out[i * n + i + k] = T(1);  // i + k of a large k would overflow
  return t;
}

// As many elements in other sizes. Tracked tensors and parameters have their own: autodiff/statement.hpp.
template <class T, auto S, std::size_t R>
auto reshaped(tensor<T, S> const& t, std::array<index_t, R> const& sizes) {
  using result_type = tensor<T, static_cast<int>(R)>;
  if constexpr (tensor<T, S>::stored_inline || result_type::stored_inline) {
    result_type result;
    result.prepare(sizes);
    std::memcpy(result.data(), t.data(), sizeof(T) * static_cast<std::size_t>(t.size()));
    return result;
  } else {
    t.items().check_there();
    return result_type(t.items().buffer, sizes);
  }
}

// The same elements in another shape; one size may be -1. A tensor's buffer is shared, an expression is evaluated.
template <expression E, std::size_t R>
[[nodiscard]] auto reshape(E const& e, index_t const (&sizes)[R]) {
  constexpr int r = static_cast<int>(R);
  index_t const n = e.size();
  index_t known = 1;
  int open = -1;
  bool negative = false, large = false, nothing = false;
  extents<r> ext{};
  for (int i = 0; i < r; ++i) {
    ext[static_cast<std::size_t>(i)] = sizes[i];
    if (sizes[i] == -1 && open < 0) {
      open = i;
      continue;
    }
    negative = negative || sizes[i] < 0;
    nothing = nothing || sizes[i] == 0;
    large = __builtin_mul_overflow(known, sizes[i], &known) || large;
  }
  if (nothing) known = 0;
  bool const divides = known > 0 && (!large || nothing) && n % known == 0;
  if (open >= 0 && divides) ext[static_cast<std::size_t>(open)] = n / known;
  auto const own = e.sizes();
  if (negative || (large && !nothing) || (open >= 0 ? !divides : known != n))
    fail_shapes("reshape", own.data(), rank_of<E>, sizes, r, "differ in the number of elements");
  if constexpr (requires { reshaped(e, ext); })
    return reshaped(e, ext);
  else
    return reshaped(eval(e), ext);
}
template <expression E>
[[nodiscard]] auto flatten(E const& e) {
  return reshape(e, {-1});
}

}  // namespace WEFT_ISA
}  // namespace weft
