// Tensors from nothing: zeros ones full empty and ..._like, arange, linspace, eye; and reshape, which keeps the elements.
//
//   zeros<float>({2, 3})   full<double>({2, 3, 4}, 0.5)   arange<int>(6)   reshape(arange<int>(6), {3, -1})
#pragma once
#include <weft/eval/assign.hpp>

namespace weft {
inline namespace WEFT_ISA {

namespace expr {
template <int R>
extents<R> checked_sizes(char const* operation, index_t const* sizes) {
  extents<R> e{};
  index_t n = 1;
  for (int i = 0; i < R; ++i) {
    index_t const s = sizes[i];
    if (s < 0) fail<shape_error>(std::string(operation) + ": a negative size in " + to_text(sizes, R));
    if (s != 0 && n > std::numeric_limits<index_t>::max() / 16 / s)
      fail<shape_error>(std::string(operation) + ": too many elements in " + to_text(sizes, R));
    n *= s;
    e[static_cast<std::size_t>(i)] = s;
  }
  return e;
}
}  // namespace expr

// Elements that are not set.
template <element T, std::size_t R>
[[nodiscard]] tensor<T, static_cast<int>(R)> empty(index_t const (&sizes)[R]) {
  tensor<T, static_cast<int>(R)> t;
  t.prepare(expr::checked_sizes<static_cast<int>(R)>("empty", sizes));
  return t;
}
template <element T, std::size_t R>
[[nodiscard]] auto full(index_t const (&sizes)[R], T value) {
  auto t = empty<T>(sizes);
  t = value;
  return t;
}
template <element T, std::size_t R>
[[nodiscard]] auto zeros(index_t const (&sizes)[R]) {
  return full<T>(sizes, T(0));
}
template <element T, std::size_t R>
[[nodiscard]] auto ones(index_t const (&sizes)[R]) {
  return full<T>(sizes, T(1));
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
  double const steps = (static_cast<double>(stop) - static_cast<double>(start)) / static_cast<double>(step);
  index_t const n = steps > 0 ? static_cast<index_t>(std::ceil(steps)) : 0;
  auto t = empty<T>({n});
  T* const out = t.data();
  for (index_t i = 0; i < n; ++i) out[i] = static_cast<T>(start + static_cast<T>(i) * step);
  return t;
}
template <element T>
[[nodiscard]] tensor<T, 1> arange(T stop) {
  return arange<T>(T(0), stop, T(1));
}
// n values from start to stop, both included.
template <element T>
[[nodiscard]] tensor<T, 1> linspace(T start, T stop, index_t n = 50) {
  auto t = empty<T>({n});
  T* const out = t.data();
  for (index_t i = 0; i < n; ++i) {
    double const x = n > 1 ? static_cast<double>(i) / static_cast<double>(n - 1) : 0;
    out[i] = static_cast<T>((1 - x) * static_cast<double>(start) + x * static_cast<double>(stop));
  }
  return t;
}
// Ones on the k-th diagonal.
template <element T>
[[nodiscard]] tensor<T, 2> eye(index_t rows, index_t columns = -1, index_t k = 0) {
  auto t = zeros<T>({rows, columns < 0 ? rows : columns});
  T* const out = t.data();
  index_t const n = t.shape(1);
  for (index_t i = 0; i < rows; ++i)
    if (i + k >= 0 && i + k < n) out[i * n + i + k] = T(1);
  return t;
}

// The same elements in another shape; one size may be -1. A tensor's buffer is shared, an expression is evaluated.
template <expression E, std::size_t R>
[[nodiscard]] auto reshape(E const& e, index_t const (&sizes)[R]) {
  constexpr int r = static_cast<int>(R);
  using T = element_t<E>;
  index_t const n = e.size();
  index_t known = 1;
  int open = -1;
  extents<r> ext{};
  for (int i = 0; i < r; ++i) {
    ext[static_cast<std::size_t>(i)] = sizes[i];
    if (sizes[i] == -1 && open < 0)
      open = i;
    else
      known *= sizes[i];
  }
  if (open >= 0 && known > 0 && n % known == 0) ext[static_cast<std::size_t>(open)] = n / known;
  auto const own = e.sizes();
  bool negative = false;
  for (index_t size : ext) negative = negative || size < 0;
  if (count(ext) != n || negative || (open >= 0 && known <= 0))
    fail_shapes("reshape", own.data(), rank_of<E>, sizes, r, "differ in the number of elements");
  auto t = eval(e);
  if constexpr (decltype(t)::stored_inline) {
    tensor<T, r> result;
    result.prepare(ext);
    std::memcpy(result.data(), t.items().items, sizeof(T) * static_cast<std::size_t>(n));
    return result;
  } else {
    return tensor<T, r>(t.items().buffer, ext);
  }
}
template <expression E>
[[nodiscard]] auto flatten(E const& e) {
  return reshape(e, {-1});
}

}  // namespace WEFT_ISA
}  // namespace weft
