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
  void set_identity(int r);
};

// The map of the child (child_rank axes) of a view of extents own (rank), where the view itself lies as `m` says.
void look_through(axis_map& to, axis_map const& m, index_t const* own, int rank,
                                              axis_source const* from, int child_rank);
// The same for a node of `rank` axes that drops those in `mask` of its child, each of size 1.
void look_through(axis_map& to, axis_map const& m, int rank, unsigned mask, int child_rank);

// NumPy's rule at run time; a named axis (bit set in `named`, counted from the end) never broadcasts against its own
// name.
void join_sizes(char const* name, index_t const* a, int rank_a, index_t const* b, int rank_b,
                                            unsigned named, index_t* out, int rank);

}  // namespace expr
}  // namespace WEFT_ISA
}  // namespace weft

#ifndef WEFT_COMPILED
#include <weft/expr/axes_once.hpp>
#endif
