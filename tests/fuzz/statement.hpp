// What a generated program needs of weft: tensors behind `held`, and the words that its statements use.
#pragma once
#include <weft/core.hpp>

#include "driver.hpp"

namespace fuzz {

template <class T>
constexpr type type_of_element() {
  if constexpr (std::is_same_v<T, bool>) return type::b;
  else if constexpr (std::is_same_v<T, float>) return type::f32;
  else if constexpr (std::is_same_v<T, double>) return type::f64;
  else {
    int const step = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;
    return static_cast<type>(static_cast<int>(std::is_signed_v<T> ? type::i8 : type::u8) + step);
  }
}

template <class T, int R>
struct kept final : held {
  weft::tensor<T, R> t;
  type element() const override { return type_of_element<T>(); }
  int rank() const override { return R; }
  sizes dims() const override {
    auto const e = t.sizes();
    return {e.begin(), e.end()};
  }
  void const* data() const override { return std::as_const(t).data(); }
  void fill(sizes const& dims, void const* elements) override {
    weft::extents<R> e{};
    for (std::size_t i = 0; i < static_cast<std::size_t>(R); ++i) e[i] = dims[i];
    t.prepare(e);
    if (t.size() > 0) std::memcpy(static_cast<void*>(t.data()), elements, static_cast<std::size_t>(t.size()) * sizeof(T));
  }
};
template <class T, int R>
std::unique_ptr<held> make() {
  return std::make_unique<kept<T, R>>();
}
template <class T, int R>
weft::tensor<T, R>& tensor_of(run& r, std::size_t i) {
  return static_cast<kept<T, R>&>(*r.tensors[i]).t;
}

// The ranges and indices of this run.
struct ranges_of {
  run const& r;
  weft::range operator[](std::size_t i) const { return {r.spans[i].start, r.spans[i].stop, r.spans[i].step}; }
};

// The same elements as memory of somebody else.
template <class T, int R>
auto lent(weft::tensor<T, R> const& t) {
  auto const e = t.sizes();
  return [&]<std::size_t... I>(std::index_sequence<I...>) { return weft::borrow(t.data(), {e[I]...}); }
  (std::make_index_sequence<static_cast<std::size_t>(R)>());
}

// A number that the compiler doesn't know.
[[gnu::noinline]] inline weft::index_t same(weft::index_t i) {
  asm volatile("" : "+r"(i));
  return i;
}

// An expression must have the element type and the rank that the rules of the guide give.
template <class T, int R, class E>
E&& typed(E&& e) {
  static_assert(std::is_same_v<weft::element_t<E>, T>, "fuzz: another element type than expected");
  static_assert(weft::rank_of<E> == R, "fuzz: another rank than expected");
  return static_cast<E&&>(e);
}

template <class F>
outcome attempted(F const& f, run& r) {
#if __cpp_exceptions
  try {
    f(r);
  } catch (weft::error const&) {
    return outcome::refused;
  }
#else
  f(r);
#endif
  return outcome::done;
}
inline void set_threads(int n) { weft::set_num_threads(n); }

}  // namespace fuzz
