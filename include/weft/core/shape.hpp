// Sizes and names of axes, known to the compiler or at run time.
//
//   tensor<float, shape{"batch", 784}> x;    // a named size, and one the compiler knows
//   shape{3, 4}, shape{"batch", dyn}, shape{dim("feature", 128)}
//
// A `shape` is a literal value used as a template argument. `extents<R>` are sizes at run time. Broadcasting
// is decided twice: from the shapes by the compiler (`broadcast`), from the extents when an expression is made.
#pragma once
#include <weft/config.hpp>
#include <weft/core/dtype.hpp>
#include <weft/core/errors.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <type_traits>

namespace weft {

inline constexpr index_t dyn = -1;
inline constexpr int max_rank = 8;

template <int R>
using extents = std::array<index_t, static_cast<std::size_t>(R)>;

// One axis: a size or `dyn`, and a name of at most 15 characters or none.
struct dim {
  index_t extent = dyn;
  char name[16] = {};

  constexpr dim() = default;
  constexpr dim(index_t size) : extent(size) {}
  constexpr dim(int size) : extent(size) {}
  constexpr dim(char const* text, index_t size = dyn) : extent(size) {
    int n = 0;
    for (; text[n] != 0; ++n) name[n] = text[n];  // out of bounds beyond 15 characters: not a constant, so refused
    name[n] = 0;
  }
  constexpr bool named() const { return name[0] != 0; }
  constexpr bool known() const { return extent != dyn; }
  constexpr bool same_name(dim const& other) const {
    for (int i = 0; i < 16; ++i)
      if (name[i] != other.name[i]) return false;
    return true;
  }
  // The same axis with another size. (Built from nothing and with as few writes as the constructors do: GCC 12 refuses
  // to change a copy, and holds shapes that were written in different ways for different template arguments.)
  constexpr dim resized(index_t size) const {
    if (named()) return dim(name, size);
    return dim(size);
  }
  constexpr bool operator==(dim const&) const = default;
};

struct shape {
  dim axes[max_rank];
  int rank;

  // All axes are written out: GCC 12 takes shapes whose unused axes were left to it for different template arguments,
  // and refuses to read them.
  constexpr shape() : axes{dim(), dim(), dim(), dim(), dim(), dim(), dim(), dim()}, rank(0) {}
  template <class... D>
    requires(sizeof...(D) > 0 && sizeof...(D) <= max_rank && (std::is_convertible_v<D, dim> && ...))
  constexpr shape(D const&... d) : shape() {
    ((axes[rank++] = dim(d)), ...);
  }

  constexpr dim const& operator[](int axis) const { return axes[axis]; }
  constexpr dim& operator[](int axis) { return axes[axis]; }
  // Every size is known to the compiler.
  constexpr bool known() const {
    for (int i = 0; i < rank; ++i)
      if (!axes[i].known()) return false;
    return true;
  }
  // Nothing is known but the rank.
  constexpr bool plain() const {
    for (int i = 0; i < rank; ++i)
      if (axes[i].known() || axes[i].named()) return false;
    return true;
  }
  constexpr index_t size() const {  // precondition: known()
    index_t n = 1;
    for (int i = 0; i < rank; ++i) n *= axes[i].extent;
    return n;
  }
  constexpr bool operator==(shape const&) const = default;
};

// A shape of R axes of which nothing is known.
constexpr shape unknown(int rank) {
  shape s;
  s.rank = rank;
  return s;
}

// tensor<T, S> takes an int (the rank) or a shape.
template <class S>
WEFT_ALWAYS_INLINE constexpr shape to_shape(S s) {
  if constexpr (std::is_same_v<S, shape>)
    return s;
  else
    return unknown(static_cast<int>(s));
}

// -- broadcasting, by the compiler -----------------------------------------------------------------------------

enum class fit { ok, sizes, names };

constexpr fit fits(dim const& a, dim const& b) {
  if (a.named() && b.named() && !a.same_name(b)) return fit::names;
  if (a.known() && b.known() && a.extent != b.extent && a.extent != 1 && b.extent != 1) return fit::sizes;
  if (a.known() && b.known() && a.named() && b.named() && a.extent != b.extent) return fit::sizes;
  return fit::ok;
}
constexpr dim broadcast(dim const& a, dim const& b) {
  dim const& n = a.named() ? a : b;  // a named size with an unnamed one gives the named one
  dim const& other = a.named() ? b : a;
  bool const equal = a.named() && b.named();  // equal names, equal sizes: 1 is no exception
  if (!n.known()) return n.resized(equal || other.extent != 1 ? other.extent : dyn);
  return n.extent == 1 && !equal ? n.resized(other.extent) : n;
}
constexpr fit fits(shape const& a, shape const& b) {
  for (int i = 1; i <= a.rank && i <= b.rank; ++i)
    if (fit f = fits(a[a.rank - i], b[b.rank - i]); f != fit::ok) return f;
  return fit::ok;
}
constexpr shape broadcast(shape const& a, shape const& b) {
  shape const& longer = a.rank >= b.rank ? a : b;
  shape const& shorter = a.rank >= b.rank ? b : a;
  shape s = unknown(longer.rank);  // (GCC 12 refuses to change a copy)
  for (int i = 1; i <= longer.rank; ++i) {
    int const k = longer.rank - i;
    s[k] = i <= shorter.rank ? broadcast(a[a.rank - i], b[b.rank - i]) : longer[k];
  }
  return s;
}

// `to` can hold what has the shape `from` (assignment: sizes must agree, nothing broadcasts).
constexpr bool assignable(shape const& to, shape const& from) {
  if (to.rank != from.rank) return false;
  for (int i = 0; i < to.rank; ++i) {
    if (to[i].named() && from[i].named() && !to[i].same_name(from[i])) return false;
    if (to[i].known() && from[i].known() && to[i].extent != from[i].extent) return false;
  }
  return true;
}

// How shapes appear in a compiler's message: `sizes<-1, 784>`, where -1 is a size known only at run time.
template <index_t...>
struct sizes {};
template <char...>
struct letters {};

// -- extents at run time ---------------------------------------------------------------------------------------

// (std::array's == is a call of memcmp.)
template <std::size_t R>
WEFT_ALWAYS_INLINE constexpr bool same_extents(std::array<index_t, R> const& a, std::array<index_t, R> const& b) {
  if constexpr (R == 0) return true;
  if (!__builtin_is_constant_evaluated()) return __builtin_memcmp(&a, &b, sizeof a) == 0;
  bool same = true;
  for (std::size_t i = 0; i < R; ++i) same &= a[i] == b[i];
  return same;
}

template <std::size_t R>
constexpr index_t count(std::array<index_t, R> const& e) {
  std::uint64_t n = 1;  // without a sign: a size of 0 may stand behind large ones
  for (index_t x : e) n *= static_cast<std::uint64_t>(x);
  return static_cast<index_t>(n);
}

inline namespace WEFT_ISA {

std::string to_text(index_t const* sizes, int rank);
template <std::size_t R>
std::string to_text(std::array<index_t, R> const& e) {
  return to_text(e.data(), static_cast<int>(R));
}

// The bytes of a tensor of sizes e (rank), which index_t must be able to count: what sizes are joined to may be more
// than any memory, though each operand is small.
index_t bytes_of(char const* operation, index_t const* e, int rank, index_t element_size);

// The sizes a user gave for what is to be made.
void check_sizes(char const* operation, index_t const* sizes, int rank);
template <int R>
WEFT_INLINE extents<R> checked_sizes(char const* operation, index_t const* sizes) {
  check_sizes(operation, sizes, R);
  extents<R> e{};
  for (int i = 0; i < R; ++i) e[static_cast<std::size_t>(i)] = sizes[i];
  return e;
}

[[noreturn, gnu::cold]] void fail_shapes(char const* operation, index_t const* a, int rank_a,
                                                               index_t const* b, int rank_b, char const* rule);

[[noreturn, gnu::cold]] void fail_narrowed(std::uint64_t number, bool negative, char const* type);

[[noreturn, gnu::cold]] void fail_moved_from();

// A negative axis counts from the end.
int checked_axis(char const* operation, index_t axis, int rank);

}  // namespace WEFT_ISA

// The extents of a shape that the compiler knows in full.
template <shape S>
WEFT_ALWAYS_INLINE constexpr extents<S.rank> known_extents() {
  extents<S.rank> e{};
  for (int i = 0; i < S.rank; ++i) e[static_cast<std::size_t>(i)] = S[i].extent;
  return e;
}

}  // namespace weft

#ifndef WEFT_COMPILED
#include <weft/core/shape_once.hpp>
#endif
