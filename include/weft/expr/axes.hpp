// How the axes of one thing lie in those of another: what views are made of, and how loops find their operands.
#pragma once
#include <weft/fwd.hpp>

#include <array>

namespace weft {
inline namespace WEFT_ISA {
namespace expr {

// Where one axis of a view's child gets its index from: an axis of the view (-1: none), and how.
struct axis_source {
  int axis = -1;
  index_t start = 0, step = 0;
};
template <int R>
using axis_sources = std::array<axis_source, static_cast<std::size_t>(R)>;

// Axis c of a node has the index start[c] + step[c] * (index of axis axis[c] of the domain); axis -1: start[c] alone. What
// has fewer axes than the map is aligned at the end, and axes of size 1 are stretched: they stay at 0.
struct axis_map {
  int rank = 0;
  int axis[max_rank];
  index_t start[max_rank];
  index_t step[max_rank];

  template <int R>
  WEFT_INLINE static axis_map identity() {
    axis_map m;
    m.set_identity(R);
    return m;
  }
  [[gnu::noinline]] void set_identity(int r) {
    rank = r;
    for (int c = 0; c < r; ++c) {
      axis[c] = c;
      start[c] = 0;
      step[c] = 1;
    }
  }
};

// The map of the child (child_rank axes) of a view of extents own (rank), where the view itself lies as `m` says.
[[gnu::noinline]] inline void look_through(axis_map& to, axis_map const& m, index_t const* own, int rank,
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
// The same for a node of `rank` axes that drops those in `mask` of its child, each of size 1.
[[gnu::noinline]] inline void look_through(axis_map& to, axis_map const& m, int rank, unsigned mask, int child_rank) {
  to.rank = child_rank;
  for (int c = 0, i = m.rank - rank; c < child_rank; ++c) {
    bool const dropped = (mask >> c) & 1;
    to.axis[c] = dropped ? -1 : m.axis[i];
    to.start[c] = dropped ? 0 : m.start[i];
    to.step[c] = dropped ? 0 : m.step[i];
    if (!dropped) ++i;
  }
}

}  // namespace expr
}  // namespace WEFT_ISA
}  // namespace weft
