// Erased arrays of the golden files as tensors, and back.
#pragma once
#include <weft/core.hpp>

#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "tally.hpp"

namespace golden {

// The elements of `a` in extents of rank R: its own shape with axes of size 1 before it. R = 1 flattens.
template <class T, int R>
weft::tensor<T, R> as_tensor(any_tensor const& a, bool flat = false) {
  weft::extents<R> e{};
  std::size_t const own = a.shape.size();
  for (std::size_t i = 0; i < R; ++i) {
    bool const inside = !flat && i + own >= R;
    e[i] = inside ? a.shape[i + own - R] : 1;
  }
  if (flat) {
    index_t n = 1;
    for (index_t s : a.shape) n *= s;
    e[R - 1] = n;
  }
  weft::tensor<T, R> t;
  t.prepare(e);
  if (t.size() > 0) std::memcpy(t.data(), a.data(), sizeof(T) * static_cast<std::size_t>(t.size()));
  return t;
}

// The elements of `a` in the extents of `like`, which must be as many.
template <class R>
auto shaped_as(any_tensor const& a, R const& like) {
  weft::tensor<float, weft::rank_of<R>> t;
  t.prepare(like.sizes());
  if (a.dtype != weft::dtype::float32 || a.size() != t.size())
    weft::fail<weft::shape_error>("golden: a cotangent of " + std::to_string(a.size()) + " elements for " + std::to_string(t.size()));
  if (t.size() > 0) std::memcpy(t.data(), a.data(), sizeof(float) * static_cast<std::size_t>(t.size()));
  return t;
}

// The elements of an expression in the shape that is asked for.
template <class E>
any_tensor as_array(E const& expression, std::vector<index_t> const& shape) {
  auto const t = eval(expression);
  using T = weft::element_t<decltype(t)>;
  if (weft::io::element_count(shape) != t.size())
    weft::fail<weft::shape_error>("golden: a result of " + std::to_string(t.size()) + " elements, not of shape " + weft::io::to_text(shape));
  any_tensor a;
  a.dtype = weft::dtype_of<T>;
  a.shape = shape;
  a.buffer = weft::storage::allocate(sizeof(T) * static_cast<std::size_t>(t.size()));
  if (t.size() > 0) std::memcpy(a.buffer.data(), t.data(), a.buffer.bytes());
  return a;
}
template <class E>
any_tensor as_array(E const& expression) {
  auto const s = expression.sizes();
  return as_array(expression, std::vector<index_t>(s.begin(), s.end()));
}

// `a` in its own shape; precondition: R is its rank and T its type.
template <class T, int R>
weft::tensor<T, R> read(any_tensor const& a, index_t skipped = 0) {
  weft::tensor<T, R> t;
  if constexpr (R > 0) {
    weft::extents<R> e{};
    std::size_t const first = a.shape.size() - static_cast<std::size_t>(R);
    for (std::size_t i = 0; i < e.size(); ++i) e[i] = a.shape[first + i];
    t.prepare(e);
  }
  auto const bytes = sizeof(T) * static_cast<std::size_t>(t.size());
  if (bytes > 0) std::memcpy(t.data(), static_cast<char const*>(a.data()) + static_cast<std::size_t>(skipped) * bytes, bytes);
  return t;
}
// Part number `n` of `a` along its first axis.
template <class T, int R>
weft::tensor<T, R> read_part(any_tensor const& a, index_t n) {
  return read<T, R>(a, n);
}

// f(integral_constant<int, rank>()) for a rank from Low to High; another is left out.
template <int Low, int High, class F>
answer by_rank(std::size_t rank, F const& f) {
  if constexpr (Low > High) {
    return leave_out("arrays of rank " + std::to_string(rank));
  } else {
    if (rank == static_cast<std::size_t>(Low)) return f(std::integral_constant<int, Low>());
    return by_rank<Low + 1, High>(rank, f);
  }
}
inline constexpr int max_rank = weft::max_rank;

// The first attribute that is none of these: a handler that doesn't know it must not pass the case.
inline std::string unknown_attribute(test_case const& c, std::vector<std::string_view> const& known) {
  for (std::string const& key : c.attrs().keys()) {
    bool found = !c.attr(key);  // null: its default
    for (auto const k : known) found = found || k == key;
    if (!found) return "attribute " + key;
  }
  return "";
}
inline double number_of(test_case const& c, char const* key, double otherwise) {
  auto const* found = c.attr(key);
  return found ? found->number() : otherwise;
}
inline bool flag_of(test_case const& c, char const* key) {
  auto const* found = c.attr(key);
  return found && found->boolean();
}
inline std::vector<index_t> shape_of(json const& list) {
  std::vector<index_t> shape;
  for (json const& n : list.items()) shape.push_back(n.integer());
  return shape;
}

inline bool asks_for(test_case const& c, std::string const& name) {
  for (auto const& g : c.grads)
    if (g == name) return true;
  return false;
}

}  // namespace golden
