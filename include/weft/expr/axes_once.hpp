// What of weft/expr/axes.hpp is compiled once: how axes lie in others, and how sizes broadcast.
#pragma once
#include <weft/core/shape.hpp>
#include <weft/expr/axes.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace expr {

[[gnu::noinline]] WEFT_ONCE void axis_map::set_identity(int r) {
  rank = r;
  for (int c = 0; c < r; ++c) {
    axis[c] = c;
    start[c] = 0;
    step[c] = 1;
  }
}
[[gnu::noinline]] WEFT_ONCE void look_through(axis_map& to, axis_map const& m, index_t const* own, int rank,
                                           axis_source const* from, int child_rank) {
  to.rank = child_rank;
  for (int c = 0; c < child_rank; ++c) {
    auto const& s = from[c];
    bool const moves = s.axis >= 0 && own[s.axis] != 1;
    int const i = moves ? s.axis + m.rank - rank : 0;
    to.axis[c] = moves ? m.axis[i] : -1;
    to.start[c] = s.start + (moves ? s.step * m.start[i] : 0);
    to.step[c] = moves ? s.step * m.step[i] : 0;
  }
}
[[gnu::noinline]] WEFT_ONCE void look_through(axis_map& to, axis_map const& m, int rank, unsigned mask, int child_rank) {
  to.rank = child_rank;
  for (int c = 0, i = m.rank - rank; c < child_rank; ++c) {
    bool const dropped = (mask >> c) & 1;
    to.axis[c] = dropped ? -1 : m.axis[i];
    to.start[c] = dropped ? 0 : m.start[i];
    to.step[c] = dropped ? 0 : m.step[i];
    if (!dropped) ++i;
  }
}
[[gnu::noinline]] WEFT_ONCE void join_sizes(char const* name, index_t const* a, int rank_a, index_t const* b, int rank_b,
                                         unsigned named, index_t* out, int rank) {
  for (int i = 1; i <= rank; ++i) {
    index_t const x = i <= rank_a ? a[rank_a - i] : 1;
    index_t const y = i <= rank_b ? b[rank_b - i] : 1;
    if (x != y && ((x != 1 && y != 1) || ((named >> i) & 1)))
      fail_shapes(name, a, rank_a, b, rank_b, "do not broadcast");
    out[rank - i] = x == 1 ? y : x;
  }
  (void)bytes_of(name, out, rank, 1);
}

}  // namespace expr
}  // namespace WEFT_ISA
}  // namespace weft
