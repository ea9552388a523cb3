// The tensor: a value of elements in row-major order, whose buffer is shared until one of its holders writes.
//
//   tensor<float, 2> a = {{1, 2, 3}, {4, 5, 6}};       rank known, sizes at run time
//   tensor<float, shape{3, 4}> k;                      sizes known: small ones live inside, and are constexpr
//   tensor<float, shape{"batch", 784}> x;              a named size
//   a(1, 2) = 7;  a.at(1, 2);  a(all, 0) += 1;         elements and views (expr/view.hpp)
//
// Everything here is forced inline: a tensor is the same type in every translation unit, whatever its -march, so
// no member may be emitted out of line. What computes is called through functions of the instruction set's namespace.
//
// Public: tensor, element_ref.
#pragma once
#include <weft/core/storage.hpp>
#include <weft/expr/node.hpp>

#include <concepts>
#include <cstring>
#include <initializer_list>

namespace weft {

// Assignment never narrows and never changes the kind: that takes cast<T>.
template <class To, class From>
inline constexpr bool holds = std::is_same_v<To, From> ||
                              (kind_of(dtype_of<To>) == kind_of(dtype_of<From>) && std::is_same_v<promote_t<To, From>, To>);

// A buffer that is about to be written to: its other holders keep what they have.
WEFT_ALWAYS_INLINE void unshare(storage& buffer) {
  if (!buffer) return;
  if (buffer.unique()) return buffer.drop_derived();
  storage own = storage::allocate(buffer.bytes());
  std::memcpy(own.data(), buffer.data(), buffer.bytes());
  buffer = static_cast<storage&&>(own);
  counters().copies_on_write += 1;
}

// One element of a tensor that may be written to. Reading never copies a buffer; `auto v = a(0)` is the value at
// that moment, and only the unnamed `a(0) = x` writes.
template <class T>
struct element_ref {
  T value;
  storage* owner;
  index_t offset;

  WEFT_ALWAYS_INLINE operator T() const { return value; }
  WEFT_ALWAYS_INLINE void operator=(T x) && { put(x); }
  WEFT_ALWAYS_INLINE void operator=(element_ref const& other) && { put(other.value); }
  template <std::convertible_to<T> X>
  WEFT_ALWAYS_INLINE void operator=(X const& x) && {
    put(exactly<T>(fitting(x)));
  }
  // In C++'s arithmetic, as `value op= x` is.
  template <std::convertible_to<T> X>
  WEFT_ALWAYS_INLINE void operator+=(X const& x) && {
    put(static_cast<T>(common(value, x) + common(fitting(x), x)));
  }
  template <std::convertible_to<T> X>
  WEFT_ALWAYS_INLINE void operator-=(X const& x) && {
    put(static_cast<T>(common(value, x) - common(fitting(x), x)));
  }
  template <std::convertible_to<T> X>
  WEFT_ALWAYS_INLINE void operator*=(X const& x) && {
    put(static_cast<T>(common(value, x) * common(fitting(x), x)));
  }
  template <std::convertible_to<T> X>
  WEFT_ALWAYS_INLINE void operator/=(X const& x) && {
    put(static_cast<T>(common(value, x) / common(fitting(x), x)));
  }
  // A named element is a value: write to the tensor itself, a(i) = x.
  void operator=(T) & = delete;

  WEFT_ALWAYS_INLINE element_ref(T v, storage* o, index_t i) : value(v), owner(o), offset(i) {}
  WEFT_ALWAYS_INLINE element_ref(element_ref const& other)
      : value(other.value), owner(other.owner), offset(other.offset) {}

 private:
  // The number that x is, or becomes: an enumerator, a bit of a vector<bool>.
  template <class X>
  static constexpr auto number_of_type() {
    if constexpr (operand<X>)
      return detail::number_type<X>();
    else if constexpr (requires(X const& x) { requires std::is_arithmetic_v<std::remove_cvref_t<decltype(+x)>>; })
      return std::type_identity<std::remove_cvref_t<decltype(+std::declval<X const&>())>>();
    else
      return std::type_identity<T>();
  }
  template <class X>
  using number_in = typename decltype(number_of_type<X>())::type;
  template <class X>
  WEFT_ALWAYS_INLINE static number_in<X> fitting(X const& x) {
    static_assert(!(std::is_integral_v<T> && std::is_floating_point_v<number_in<X>>),
                  "weft: assign: a fractional number would be lost in a tensor of integers");
    return static_cast<number_in<X>>(x);
  }
  template <class Y, class X>
  WEFT_ALWAYS_INLINE static auto common(Y y, X const&) {
    return static_cast<std::common_type_t<T, number_in<X>>>(y);
  }
  WEFT_ALWAYS_INLINE void put(T x) {
    unshare(*owner);
    static_cast<T*>(owner->data())[offset] = x;
  }
};

namespace detail {

template <class T, int R>
struct braces {
  using type = std::initializer_list<typename braces<T, R - 1>::type>;
};
template <class T>
struct braces<T, 0> {
  using type = T;
};

// Elements inside the object: nothing is shared, everything is constexpr.
template <class T, shape D>
struct inline_items {
  static constexpr index_t n = D.size();
  static constexpr index_t align =
      n * index_t(sizeof(T)) % 64 == 0 ? 64 : n * index_t(sizeof(T)) % 32 == 0 ? 32 : n * index_t(sizeof(T)) % 16 == 0 ? 16 : index_t(alignof(T));
  alignas(align) T items[static_cast<std::size_t>(n > 0 ? n : 1)] = {};

  static constexpr extents<D.rank> ext = known_extents<D>();
  WEFT_ALWAYS_INLINE constexpr extents<D.rank> sizes() const { return ext; }
  WEFT_ALWAYS_INLINE index_t const* extents_at() const { return ext.data(); }
  WEFT_ALWAYS_INLINE constexpr T const* data() const { return items; }
  WEFT_ALWAYS_INLINE constexpr T* data() { return items; }
};

template <class T, shape D>
struct heap_items {
  storage buffer;
  extents<D.rank> ext = start();

  WEFT_ALWAYS_INLINE heap_items() {
    if constexpr (D.known()) {
      buffer = storage::allocate(static_cast<std::size_t>(D.size()) * sizeof(T));
      std::memset(buffer.data(), 0, buffer.bytes());
    }
  }
  WEFT_ALWAYS_INLINE heap_items(storage b, extents<D.rank> const& e) : buffer(static_cast<storage&&>(b)), ext(e) {}
  WEFT_ALWAYS_INLINE heap_items(heap_items const& o) : buffer(o.buffer), ext(o.ext) {}
  WEFT_ALWAYS_INLINE heap_items(heap_items&& o) noexcept : buffer(static_cast<storage&&>(o.buffer)), ext(o.ext) {
    o.ext = start();
  }
  WEFT_ALWAYS_INLINE heap_items& operator=(heap_items const& o) {
    buffer = o.buffer;
    ext = o.ext;
    return *this;
  }
  WEFT_ALWAYS_INLINE heap_items& operator=(heap_items&& o) noexcept {
    storage taken = static_cast<storage&&>(o.buffer);
    ext = o.ext;
    if (&o != this) o.ext = start();
    buffer = static_cast<storage&&>(taken);
    return *this;
  }
  WEFT_ALWAYS_INLINE ~heap_items() {}

  WEFT_ALWAYS_INLINE static constexpr extents<D.rank> start() {
    extents<D.rank> e{};
    for (int i = 0; i < D.rank; ++i) e[static_cast<std::size_t>(i)] = D.known() ? D[i].extent : 0;
    return e;
  }
  WEFT_ALWAYS_INLINE extents<D.rank> sizes() const {
    if constexpr (D.known())
      return known_extents<D>();
    else
      return ext;
  }
  WEFT_ALWAYS_INLINE index_t const* extents_at() const { return ext.data(); }
  // Where the sizes are part of the type, one that was moved from can be assigned to or filled as a whole; whoever reads
  // it or looks at a part of it comes here first. (Others are empty then, and what lives inside stays what it was.)
  WEFT_ALWAYS_INLINE void check_there() const {
    if constexpr (D.known() && D.size() > 0)
      if (!buffer) fail<shape_error>("tensor: used after it was moved from (its sizes are part of its type)");
  }
  WEFT_ALWAYS_INLINE T const* data() const {
    check_there();
    return static_cast<T const*>(buffer.data());
  }
  WEFT_ALWAYS_INLINE T* data() {
    if constexpr (D.known() && D.size() > 0)
      if (!buffer) *this = heap_items();  // moved from: zeros again
    unshare(buffer);
    return static_cast<T*>(buffer.data());
  }
};

inline constexpr index_t inline_bytes = 256;
template <class T, shape D>
inline constexpr bool stored_inline = D.known() && D.size() * index_t(sizeof(T)) <= inline_bytes;

// (A default argument made of D crashes GCC 12.)
template <class T, shape D, bool Inside>
struct items_of {
  using type = heap_items<T, D>;
};
template <class T, shape D>
struct items_of<T, D, true> {
  using type = inline_items<T, D>;
};

}  // namespace detail

template <class T, auto S>
class tensor : public described<tensor<T, S>, T, to_shape(S)> {
  using base = described<tensor<T, S>, T, to_shape(S)>;

 public:
  static_assert(std::is_same_v<decltype(S), int> || std::is_same_v<std::remove_cv_t<decltype(S)>, weft::shape>,
                "weft: tensor<T, S> takes the rank as an int, tensor<float, 2>, or a shape, tensor<float, shape{3, 4}>");
  static_assert(weft::element<T>, "weft: this type cannot be an element of a tensor");
  static_assert(to_shape(S).rank <= max_rank, "weft: a tensor has at most 8 axes");
  static_assert(std::is_same_v<decltype(S), int> || !to_shape(S).plain() || to_shape(S).rank == 0,
                "weft: a shape of which nothing is known is spelled by its rank, tensor<T, 2>");

  using base::dims;
  static constexpr weft::role role = weft::role::leaf;
  static constexpr int arity = 0;
  static constexpr expr::leaves own{.plain = true};
  static constexpr bool stored_inline = detail::stored_inline<T, dims>;
  using items_t = typename detail::items_of<T, dims, stored_inline>::type;
  using nested = typename detail::braces<T, dims.rank>::type;

  WEFT_ALWAYS_INLINE constexpr tensor() = default;
  WEFT_ALWAYS_INLINE constexpr tensor(tensor const& o) : base(), items_(o.items_) {}
  WEFT_ALWAYS_INLINE constexpr tensor(tensor&& o) noexcept : base(), items_(static_cast<items_t&&>(o.items_)) {}
  WEFT_ALWAYS_INLINE constexpr tensor& operator=(tensor const& o) {
    items_ = o.items_;
    return *this;
  }
  WEFT_ALWAYS_INLINE constexpr tensor& operator=(tensor&& o) noexcept {
    items_ = static_cast<items_t&&>(o.items_);
    return *this;
  }
  WEFT_ALWAYS_INLINE constexpr ~tensor() = default;

  // A buffer that somebody filled; precondition: it holds count(e) elements.
  WEFT_ALWAYS_INLINE tensor(storage buffer, extents<dims.rank> const& e)
    requires(!stored_inline)
      : items_(static_cast<storage&&>(buffer), e) {}

  // {{1, 2}, {3, 4}}: nested as deep as the rank.
  WEFT_ALWAYS_INLINE constexpr tensor(nested values)
    requires(dims.rank > 0)
  {
    extents<dims.rank> e{};
    measure<0>(values, e);
    prepare(e);
    T* out = items_.data();
    fill_from<0>(values, e, out);
  }
  WEFT_ALWAYS_INLINE constexpr tensor(T value)
    requires(dims.rank == 0)
  {
    *items_.data() = value;
  }

  template <class E>
    requires(expression<E> && !std::is_same_v<std::remove_cvref_t<E>, tensor> && assignable(dims, dims_of<E>) &&
             holds<T, element_t<E>>)
  WEFT_ALWAYS_INLINE constexpr tensor(E const& e) {
    assign_to(*this, e, owner::variable);
  }
  template <class E>
    requires(expression<E> && !std::is_same_v<std::remove_cvref_t<E>, tensor> && assignable(dims, dims_of<E>) &&
             holds<T, element_t<E>>)
  WEFT_ALWAYS_INLINE constexpr tensor& operator=(E&& e) {
    assign_to(*this, e, owner_of<E>);
    return *this;
  }
  // A number fills the tensor.
  template <scalar X>
    requires(dims.rank > 0 && (std::is_same_v<T, bool> || !std::is_same_v<std::remove_cvref_t<X>, bool>))
  WEFT_ALWAYS_INLINE tensor& operator=(X const& x) {
    fill_with(*this, x);
    return *this;
  }
  template <operand X>
  WEFT_ALWAYS_INLINE tensor& operator+=(X&& x) {
    return update(*this + static_cast<X&&>(x)), *this;
  }
  template <operand X>
  WEFT_ALWAYS_INLINE tensor& operator-=(X&& x) {
    return update(*this - static_cast<X&&>(x)), *this;
  }
  template <operand X>
  WEFT_ALWAYS_INLINE tensor& operator*=(X&& x) {
    return update(*this * static_cast<X&&>(x)), *this;
  }
  template <operand X>
  WEFT_ALWAYS_INLINE tensor& operator/=(X&& x) {
    return update(*this / static_cast<X&&>(x)), *this;
  }

  WEFT_ALWAYS_INLINE constexpr extents<dims.rank> sizes() const { return items_.sizes(); }
  WEFT_ALWAYS_INLINE index_t const* extents_at() const { return items_.extents_at(); }
  // Invalidated by copying or capturing the tensor, and by writing to it.
  WEFT_ALWAYS_INLINE constexpr T const* data() const { return items_.data(); }
  WEFT_ALWAYS_INLINE constexpr T* data() { return items_.data(); }
  WEFT_ALWAYS_INLINE index_t nbytes() const { return this->size() * index_t(sizeof(T)); }
  WEFT_ALWAYS_INLINE constexpr items_t const& items() const { return items_; }
  WEFT_ALWAYS_INLINE constexpr items_t& items() { return items_; }

  // An element: as many integers as axes. Reads never copy the buffer.
  template <class... I>
    requires(sizeof...(I) == dims.rank && dims.rank > 0 && (index_number<I> && ...))
  WEFT_ALWAYS_INLINE constexpr T operator()(I... index) const {
    return items_.data()[offset(index...)];
  }
  template <class... I>
    requires(sizeof...(I) == dims.rank && dims.rank > 0 && (index_number<I> && ...))
  WEFT_ALWAYS_INLINE constexpr decltype(auto) operator()(I... index) {
    if constexpr (stored_inline) {
      return static_cast<T&>(items_.items[offset(index...)]);
    } else {
      index_t const at = offset(index...);
      return element_ref<T>(static_cast<items_t const&>(items_).data()[at], &items_.buffer, at);
    }
  }
  // Checked in every build; a negative index counts from the end.
  template <class... I>
    requires(sizeof...(I) == dims.rank && (index_number<I> && ...))
  WEFT_ALWAYS_INLINE constexpr T at(I... index) const {
    return items_.data()[checked_offset<true>(index...)];
  }

  // Views: see expr/view.hpp. Only the unnamed view of a tensor that may be written to can be assigned to.
  template <class... I>
    requires(dims.rank > 0 && sizeof...(I) > 0 && !(index_number<I> && ... && (sizeof...(I) == dims.rank)))
  WEFT_ALWAYS_INLINE constexpr auto operator()(I const&... index) & {
    return place_in(*this, index...);
  }
  template <class... I>
    requires(dims.rank > 0 && sizeof...(I) > 0 && !(index_number<I> && ... && (sizeof...(I) == dims.rank)))
  WEFT_ALWAYS_INLINE constexpr auto operator()(I const&... index) const& {
    return view_of(*this, index...);
  }
  template <class... I>
    requires(dims.rank > 0 && sizeof...(I) > 0 && !(index_number<I> && ... && (sizeof...(I) == dims.rank)))
  WEFT_ALWAYS_INLINE constexpr auto operator()(I const&... index) && {
    return view_of(static_cast<tensor const&>(*this), index...);
  }

  // Room for `e`; what was there is lost. Precondition of static sizes: they agree (else shape_error).
  WEFT_ALWAYS_INLINE constexpr void prepare(extents<dims.rank> const& e) {
    check_fit(e);
    if constexpr (!stored_inline)
      items_ = items_t(storage::allocate(static_cast<std::size_t>(bytes_of("tensor", e.data(), dims.rank, sizeof(T)))), e);
  }
  // A shape that says more than `e` does must agree with it.
  WEFT_ALWAYS_INLINE constexpr void check_fit(extents<dims.rank> const& e) const {
    for (int i = 0; i < dims.rank; ++i)
      if (dims[i].known() && dims[i].extent != e[static_cast<std::size_t>(i)]) {
        auto const want = declared();
        fail_shapes("assign", want.data(), dims.rank, e.data(), dims.rank, "differ: the tensor's size is fixed (-1 is any)");
      }
  }

 private:
  [[no_unique_address]] items_t items_{};

  WEFT_ALWAYS_INLINE static constexpr extents<dims.rank> declared() {
    extents<dims.rank> e{};
    for (int i = 0; i < dims.rank; ++i) e[static_cast<std::size_t>(i)] = dims[i].extent;
    return e;
  }

  template <class E>
  WEFT_ALWAYS_INLINE void update(E const& e) {
    static_assert(holds<T, element_t<E>>, "weft: this would narrow the tensor's elements or change their kind: use cast<T>");
    update_in_place(*this, e);
  }

  template <int Axis, class L>
  WEFT_ALWAYS_INLINE static constexpr void measure(L const& list, extents<dims.rank>& e) {
    if constexpr (Axis < dims.rank) {
      e[Axis] = static_cast<index_t>(list.size());
      if constexpr (Axis + 1 < dims.rank)
        if (list.size() > 0) measure<Axis + 1>(*list.begin(), e);
    }
  }
  template <int Axis, class L>
  WEFT_ALWAYS_INLINE static constexpr void fill_from(L const& list, extents<dims.rank> const& e, T*& out) {
    if (static_cast<index_t>(list.size()) != e[Axis])
      fail<shape_error>("tensor: the braces hold rows of different lengths, " + std::to_string(e[Axis]) + " and " +
                        std::to_string(list.size()));
    auto const* p = list.begin();
    // GCC 12 at -O2 with AVX-512 makes {1, 1, 0, 0} of constants into {1, 1, 1, 1} unless it loses sight of the list.
    if (!std::is_constant_evaluated()) __asm__("" : "+r"(p));
    for (auto const* end = p + list.size(); p != end; ++p) {
      if constexpr (Axis + 1 < dims.rank)
        fill_from<Axis + 1>(*p, e, out);
      else
        *out++ = *p;
    }
  }

  template <class... I>
  WEFT_ALWAYS_INLINE constexpr index_t offset(I... index) const {
#if WEFT_CHECKS
    return checked_offset<false>(index...);
#else
    auto const e = sizes();
    index_t at = 0;
    int axis = 0;
    ((at = at * e[static_cast<std::size_t>(axis++)] + static_cast<index_t>(index)), ...);
    return at;
#endif
  }
  template <bool FromEnd, class... I>
  WEFT_ALWAYS_INLINE constexpr index_t checked_offset(I... index) const {
    auto const e = sizes();
    index_t const given[] = {static_cast<index_t>(index)..., 0};
    index_t at = 0;
    for (int i = 0; i < dims.rank; ++i) {
      index_t const n = e[static_cast<std::size_t>(i)];
      index_t const k = FromEnd && given[i] < 0 ? given[i] + n : given[i];
      if (k < 0 || k >= n)
        fail<index_error>("index " + to_text(given, dims.rank) + " is outside a tensor of shape " + to_text(e));
      at = at * n + k;
    }
    return at;
  }
};

}  // namespace weft
