// A user's own memory as a tensor: no copy, never freed, and no snapshot: whoever changes the memory changes what an
// expression reads.
//
//   std::vector<double> mine(6, 1.0);
//   auto v = weft::borrow(mine.data(), {2, 3});
//   v += 1;                                    // writes to mine
//
// The memory must outlive every use. Aliasing is decided by address, so v = transpose(v) is right.
#pragma once
#include <weft/engine/assign.hpp>
#include <weft/ops/create.hpp>

namespace weft {

template <class T, int R>
class borrowed : public described<borrowed<T, R>, std::remove_const_t<T>, unknown(R)> {
 public:
  using value_type = std::remove_const_t<T>;
  static constexpr weft::role role = weft::role::leaf;
  static constexpr int arity = 0;
  static constexpr expr::leaves own{.plain = true};
  static constexpr bool writable = !std::is_const_v<T>;

  WEFT_ALWAYS_INLINE borrowed(T* data, extents<R> const& e) : data_(data), ext_(e) {}
  WEFT_ALWAYS_INLINE borrowed(borrowed const& o) : borrowed::described(), data_(o.data_), ext_(o.ext_) {}

  WEFT_ALWAYS_INLINE extents<R> sizes() const { return ext_; }
  WEFT_ALWAYS_INLINE index_t const* extents_at() const { return ext_.data(); }
  WEFT_ALWAYS_INLINE T* data() const { return data_; }

  template <class... I>
    requires(sizeof...(I) == R && (index_number<I> && ...))
  WEFT_ALWAYS_INLINE T& operator()(I... index) const {
    index_t const given[] = {static_cast<index_t>(index)..., 0};
    index_t at = 0;
    for (int i = 0; i < R; ++i) {
#if WEFT_CHECKS
      if (given[i] < 0 || given[i] >= ext_[static_cast<std::size_t>(i)])
        fail<index_error>("index " + to_text(given, R) + " is outside borrowed memory of shape " + to_text(ext_));
#endif
      at = at * ext_[static_cast<std::size_t>(i)] + given[i];
    }
    return data_[at];
  }
  template <class... I>
    requires(sizeof...(I) > 0 && !(index_number<I> && ... && (sizeof...(I) == R)))
  WEFT_ALWAYS_INLINE auto operator()(I const&... index) const {
    if constexpr (writable)
      return place_in(*this, index...);
    else
      return view_of(*this, index...);
  }

  // The elements are written; the shape must agree.
  template <operand X>
  WEFT_ALWAYS_INLINE borrowed& operator=(X const& x) {
    return write_borrowed(*this, x), *this;
  }
  WEFT_ALWAYS_INLINE borrowed& operator=(borrowed const& x) { return write_borrowed(*this, x), *this; }
  template <operand X>
  WEFT_ALWAYS_INLINE borrowed& operator+=(X const& x) {
    return write_borrowed(*this, *this + x), *this;
  }
  template <operand X>
  WEFT_ALWAYS_INLINE borrowed& operator-=(X const& x) {
    return write_borrowed(*this, *this - x), *this;
  }
  template <operand X>
  WEFT_ALWAYS_INLINE borrowed& operator*=(X const& x) {
    return write_borrowed(*this, *this * x), *this;
  }
  template <operand X>
  WEFT_ALWAYS_INLINE borrowed& operator/=(X const& x) {
    return write_borrowed(*this, *this / x), *this;
  }

 private:
  T* data_;
  extents<R> ext_;
};

inline namespace WEFT_ISA {

template <class T, std::size_t R>
[[nodiscard]] WEFT_INLINE auto borrow(T* data, index_t const (&sizes)[R]) {
  return borrowed<T, static_cast<int>(R)>(data, checked_sizes<static_cast<int>(R)>("borrow", sizes));
}

template <class T, int R, class... I>
WEFT_INLINE auto place_in(borrowed<T, R> const& b, I const&... index) {
  auto v = expr::make_view(b, index...);
  if constexpr (poisoned<decltype(v)>)
    return v;
  else
    return expr::place<borrowed<T, R>, decltype(v)::dims>(v, nullptr);
}

template <class T, int R, class X>
void write_borrowed(borrowed<T, R>& b, X const& given) {
  static_assert(!std::is_const_v<T>, "weft: this memory was borrowed as const");
  if constexpr (std::is_const_v<T>) {
    return;
  } else if constexpr (!expression<X>) {
    static_assert(std::is_same_v<T, promote_t<T, weak_t<typename detail::number_type<X>::type, T>>>,
                  "weft: assign: a fractional number would be lost in a tensor of integers");
    write_borrowed(b, expr::constant<T>(exactly<T>(given)));
  } else {
    decltype(auto) e = stored(given);
    using node = std::remove_cvref_t<decltype(e)>;
    static_assert(order_of<node> == 0, "weft: a tracked value becomes plain only through detach");
    static_assert(holds<T, element_t<node>>, "weft: this would narrow the elements or change their kind: use cast<T>");
    static_assert(node::dims.rank == 0 || node::dims.rank == R, "weft: assign: the ranks differ");
    index_t strides[max_rank];
    engine::dense_strides(b.sizes().data(), R, strides);
    if constexpr (parametric<node>) {
      write_borrowed(b, settled(e));
    } else if constexpr (node::dims.rank == R) {
      auto const s = e.sizes();
      if (s != b.sizes()) fail_shapes("assign", b.sizes().data(), R, s.data(), R, "differ: borrowed memory keeps its shape");
      engine::write_through<R>(b.data(), strides, b.sizes(), e);
    } else {
      engine::write_through<R>(b.data(), strides, b.sizes(), stretched_to<R>("assign", b.sizes(), e));
    }
  }
}


}  // namespace WEFT_ISA
}  // namespace weft
