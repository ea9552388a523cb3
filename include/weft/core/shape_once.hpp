// What of weft/core/shape.hpp is compiled once: sizes as text, and messages.
#pragma once
#include <weft/core/shape.hpp>

namespace weft {
inline namespace WEFT_ISA {

[[gnu::noinline]] WEFT_ONCE std::string to_text(index_t const* sizes, int rank) {
  std::string s = "(";
  for (int i = 0; i < rank; ++i) {
    if (i) s += ", ";
    s += std::to_string(sizes[i]);
  }
  return s += rank == 1 ? ",)" : ")";
}

[[gnu::noinline]] WEFT_ONCE index_t bytes_of(char const* operation, index_t const* e, int rank, index_t element_size) {
  index_t n = element_size;
  bool large = false;
  for (int i = 0; i < rank; ++i) {
    if (e[i] == 0) return 0;
    large = __builtin_mul_overflow(n, e[i], &n) || large;
  }
  if (large) [[unlikely]]
    fail<shape_error>(std::string(operation) + ": too many elements in " + to_text(e, rank));
  return n;
}

[[gnu::noinline]] WEFT_ONCE void check_sizes(char const* operation, index_t const* sizes, int rank) {
  for (int i = 0; i < rank; ++i)
    if (sizes[i] < 0) fail<shape_error>(std::string(operation) + ": a negative size in " + to_text(sizes, rank));
  (void)bytes_of(operation, sizes, rank, 16);
}

[[noreturn, gnu::cold, gnu::noinline]] WEFT_ONCE void fail_shapes(char const* operation, index_t const* a, int rank_a,
                                                               index_t const* b, int rank_b, char const* rule) {
  fail<shape_error>(std::string(operation) + ": " + to_text(a, rank_a) + " and " + to_text(b, rank_b) + " " + rule);
}

[[noreturn, gnu::cold, gnu::noinline]] WEFT_ONCE void fail_narrowed(std::uint64_t number, bool negative, char const* type) {
  fail<dtype_error>("the number " + (negative ? std::to_string(static_cast<index_t>(number)) : std::to_string(number)) +
                    " does not fit a tensor of " + type + ": cast the tensor");
}

[[noreturn, gnu::cold, gnu::noinline]] WEFT_ONCE void fail_moved_from() {
  fail<error>("an expression is used after it was moved from");
}

[[gnu::noinline]] WEFT_ONCE int checked_axis(char const* operation, index_t axis, int rank) {
  index_t const a = axis < 0 ? axis + rank : axis;
  if (a < 0 || a >= rank)
    fail<index_error>(std::string(operation) + ": axis " + std::to_string(axis) + " of a tensor of rank " +
                      std::to_string(rank));
  return static_cast<int>(a);
}

}  // namespace WEFT_ISA
}  // namespace weft
