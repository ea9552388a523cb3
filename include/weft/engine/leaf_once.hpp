// What of weft/engine/leaf.hpp is compiled once: where leaves lie, and whether they overlap.
#pragma once
#include <weft/engine/leaf.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace engine {

WEFT_ONCE void frame::set_row(int first) {
  row = first;
  n = rows = 1;
  for (int i = 0; i < row; ++i) rows *= ext[i];
  for (int i = row; i < rank; ++i) n *= ext[i];
}

[[gnu::noinline]] WEFT_ONCE walk::walk(leaf const* l, int n, frame const& frame, arena_scope& scope, index_t rows, index_t columns)
    : f(frame), leaves(l), count(n), spots(scope.take<spot>(n)), scratch(scope.take<void*>(n)) {
  for (int i = 0; i < n; ++i)
    scratch[i] = l[i].read_in_place(f) || l[i].twin >= 0 ? nullptr : scope.take<char>(rows * columns * l[i].type->size);
}
[[gnu::noinline]] WEFT_ONCE spot const* walk::enter(region const& t) {
  for (int i = 0; i < count; ++i) {
    leaf const& l = leaves[i];
    if (l.twin >= 0) {
      spots[i] = spots[l.twin];
    } else if (scratch[i]) {
      l.type->stage(l, f, t, scratch[i]);
      spots[i] = {scratch[i], t.columns * l.type->size};
    } else {
      index_t const o = row_offset(l, f, t) + (l.single ? 0 : t.from);
      spots[i] = {static_cast<char const*>(l.base) + o * l.type->size, f.row > 0 ? l.stride[f.row - 1] * l.type->size : 0};
    }
  }
  return spots;
}

[[gnu::noinline]] WEFT_ONCE index_t lay_out_dense(leaf_strides& l, frame const& f, expr::axis_map const& m, index_t const* e,
                                               int rank) {
  for (int d = 0; d < f.rank; ++d) l.stride[d] = 0;
  index_t s = 1, offset = 0;
  for (int c = rank - 1; c >= 0; --c) {
    if (e[c] != 1) {
      int const i = c + m.rank - rank;
      offset += s * m.start[i];
      if (m.axis[i] >= 0) l.stride[m.axis[i]] += s * m.step[i];
    }
    s *= e[c];
  }
  return offset;
}

[[gnu::cold, gnu::noinline]] WEFT_ONCE void check_nothing_read(frame const& f) {
  for (int d = 0; d < f.rank; ++d)
    if (f.ext[d] == 0) return;
  fail_moved_from();
}

WEFT_ONCE void place_leaves(leaf* l, int count, frame const& f) {
  for (int i = 0; i < count; ++i) {
    if (!l[i].ext) continue;
    if (WEFT_CHECKS && !l[i].base) check_nothing_read(f);
    for (int d = 0; d < f.rank; ++d) l[i].stride[d] = 0;
    index_t s = 1;
    for (int c = l[i].rank - 1, d = l[i].last; c >= 0; --c, --d) {
      if (l[i].ext[c] != 1) l[i].stride[d] = s;
      s *= l[i].ext[c];
    }
    l[i].elements = s;
  }
}

[[gnu::noinline]] WEFT_ONCE bool same_sizes(leaf const* l, int count, index_t const* e, int rank) {
  for (int i = 0; i < count; ++i)
    for (int d = 0; d < rank; ++d)
      if (l[i].ext[d] != e[d]) return false;
  return true;
}

WEFT_ONCE shared_row row_axes(leaf const* l, int count, frame const& f) {
  shared_row row{f.rank, true};
  for (int i = 0; i < count; ++i) {
    bool const computed = l[i].computed();
    row.memory = row.memory && !computed;
    int const k = computed ? 1 : l[i].dense_axes(f, l[i].single ? 0 : 1);  // computed: rows as the last axis has them
    if (k < row.axes) row.axes = k;
  }
  return row;
}

[[gnu::noinline]] WEFT_ONCE staging staging_of(leaf const* l, int count, frame const& f) {
  staging s;
  if (f.flat) return s;
  for (int i = 0; i < count; ++i) {
    if (l[i].read_in_place(f)) continue;
    s.any = true;
    if (l[i].computed()) {
      if (l[i].type->rows == 0) continue;  // tiles of any form
      if (l[i].type->rows > s.rows) s.rows = l[i].type->rows;
      s.whole_rows = true;
      continue;
    }
    if (l[i].stride[f.rank - 1] != 0) s.strided = true;
  }
  return s;
}

// What a leaf reads. Precondition: it is placed, and has memory.
WEFT_INLINE byte_range range_of(leaf const& l, frame const& f) {
  if (!l.ext) return range_of(l.base, l.type->size, l.stride, f);
  auto const b = reinterpret_cast<std::uintptr_t>(l.base);
  return {b, b + static_cast<std::uintptr_t>(l.elements * l.type->size)};
}
WEFT_ONCE overlap overlap_of(leaf const* l, int count, frame const& f, result const& out) {
  overlap o;
  byte_range const w = range_of(out.base, out.type->size, out.stride, f);
  for (int i = 0; i < count; ++i) {
    if (!l[i].base) continue;
    if (l[i].computed()) {
      if (l[i].type->reads(l[i], w)) o.touches = o.crosses = true;
      continue;
    }
    byte_range const r = range_of(l[i], f);
    if (!r.meets(w)) continue;
    o.touches = true;
    bool same = l[i].base == out.base && l[i].type->size == out.type->size;
    for (int d = 0; d < f.rank && same; ++d) same = f.ext[d] == 1 || l[i].stride[d] == out.stride[d];
    if (!same) o.crosses = true;
  }
  return o;
}

[[gnu::noinline]] WEFT_ONCE bool reads_from(leaf const* l, int count, frame const& f, byte_range w) {
  for (int i = 0; i < count; ++i) {
    if (!l[i].base) continue;
    if (l[i].computed()) {
      if (l[i].type->reads(l[i], w)) return true;
      continue;
    }
    byte_range const r = range_of(l[i], f);
    if (r.meets(w)) return true;
  }
  return false;
}

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft
