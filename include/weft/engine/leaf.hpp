// Operands in memory, without their types: all that is done with them once a tile, or once a statement, is compiled
// once, not once an expression.
//
//   leaf     where an operand lies in the domain: address and strides
//   spot     where its rows of the current tile begin: in place or, where they are not dense, in scratch
//   walk     takes all leaves of a statement from tile to tile
//   outlet   where the rows of a result go
#pragma once
#include <weft/engine/frame.hpp>

#include <cstdint>

namespace weft {
inline namespace WEFT_ISA {
namespace engine {

// Strides in the domain, in elements.
struct leaf_strides {
  index_t stride[max_rank];

  // How many of the last axes of the frame can be one row: a dense one, or (`step` 0) one element all along.
  WEFT_INLINE int dense_axes(frame const& f, index_t step = 1) const {
    index_t expected = step;
    int k = 0;
    for (int d = f.rank - 1; d >= 0; --d, ++k) {
      if (f.ext[d] == 1) continue;
      if (stride[d] != expected) break;
      expected *= f.ext[d];
    }
    return k;
  }
  WEFT_INLINE bool dense_row(frame const& f) const { return f.flat || dense_axes(f) >= f.rank - f.row; }
};

// Extents of dense memory become strides in the domain. Returns the offset of what lies at domain index 0.
index_t lay_out_dense(leaf_strides& l, frame const& f, expr::axis_map const& m, index_t const* e,
                                               int rank);
WEFT_INLINE void dense_strides(index_t const* e, int rank, index_t* strides) {
  index_t s = 1;
  for (int i = rank - 1; i >= 0; --i) {
    strides[i] = s;
    s *= e[i];
  }
}

struct leaf;

struct byte_range {
  std::uintptr_t low, high;
  WEFT_INLINE bool meets(byte_range o) const { return low < o.high && o.low < high; }
};

// What a leaf's type contributes. A source computes its tiles; `reads` says of it whether it reads from some memory.
struct leaf_type {
  index_t size;  // of an element
  void (*stage)(leaf const& l, frame const& f, region const& t, void* out);
  bool (*reads)(leaf const& l, byte_range w) = nullptr;
  index_t rows = 0;  // that a tile should have at least; 0: as the statement likes
};
struct leaf : leaf_strides {
  void const* base;  // the element at domain index 0; null: not known yet. Of a source, the source itself (a companion)
  leaf_type const* type;
  index_t const* ext;  // of dense memory whose last axis is the domain's axis `last`; null: strides are known
  index_t elements;    // of that memory, once it is placed
  std::int16_t rank, last;
  std::int32_t single;  // one element a row: never staged
  int twin = -1;        // a source: the leaf that computes its tiles, if not itself

  bool computed() const { return type->reads != nullptr; }
  // Can its rows be read where they lie, as the frame has chosen what a row is?
  bool read_in_place(frame const& f) const { return single || (!computed() && dense_row(f)); }
};

// Fails: something is read that has no memory, since its handle was moved out of the expression.
[[gnu::cold]] void check_nothing_read(frame const& f);

// Strides of the leaves that are dense and lie in the domain as they are.
void place_leaves(leaf* l, int count, frame const& f);

// Do all leaves have the extents e (rank)? Precondition: they are dense and of that rank.
bool same_sizes(leaf const* l, int count, index_t const* e, int rank);

// The offset of the first row of a tile, as if the tile began with the row's first column.
WEFT_INLINE index_t row_offset(leaf_strides const& l, frame const& f, region const& t) {
  index_t o = 0;
  for (int d = 0; d + 1 < f.row; ++d) o += t.outer[d] * l.stride[d];
  return f.row > 0 ? o + t.first * l.stride[f.row - 1] : o;
}

// out (t.rows, t.columns): the tile, dense
template <class T>
[[gnu::noinline]] void stage(leaf const& l, frame const& f, region const& t, void* out) {
  if (t.columns == 0) return;
  T const* const p = static_cast<T const*>(l.base) + row_offset(l, f, t);
  T* const to = static_cast<T*>(out);
  index_t const step = f.row > 0 ? l.stride[f.row - 1] : 0;
  if (f.rank - f.row == 1) {
    index_t const inner = l.stride[f.rank - 1];
    gather(p + t.from * inner, step, inner, t.rows, t.columns, to, t.columns);
  } else {
    for (index_t r = 0; r < t.rows; ++r)
      gather_row(p + r * step, l.stride + f.row, f.ext + f.row, f.rank - f.row, t.from, t.columns, to + r * t.columns);
  }
}
template <class T>
inline constexpr leaf_type leaf_type_of{sizeof(T), &stage<T>};

// How many trailing axes can be one row for all of them, and whether all of them are read from memory.
struct shared_row {
  int axes;
  bool memory;
};
shared_row row_axes(leaf const* l, int count, frame const& f);

struct staging {
  bool any = false;      // some leaf's rows are copied to scratch
  bool strided = false;  // ... and not just one element repeated
  bool whole_rows = false;  // some are computed, all of a row at a time
  index_t rows = 0;         // ... by at least so many rows
};
staging staging_of(leaf const* l, int count, frame const& f);

// Rows of the tile at hand.
struct spot {
  void const* here;
  index_t pitch;  // from row to row, in bytes
};

// The leaves on their way over the tiles, none larger than (rows, columns). Lives inside `scope`.
struct walk {
  frame const& f;
  leaf const* leaves;
  int count;
  spot* spots;     // (count)
  void** scratch;  // (count): a tile each, null where rows are read in place

  walk(leaf const* l, int n, frame const& frame, arena_scope& scope, index_t rows, index_t columns);
  spot const* enter(region const& t);
};

// -- results -----------------------------------------------------------------------------------------------------

struct result_type {
  index_t size;
  void (*scatter)(leaf_strides const& l, void* row, void const* from, frame const& f, index_t first, index_t columns);
  // The same, adding; and to (n) += from (n).
  void (*gather_sums)(leaf_strides const& l, void* row, void const* from, frame const& f, index_t first, index_t columns);
  void (*add)(void* to, void const* from, index_t n);
  dtype element;
};
struct result : leaf_strides {
  void* base = nullptr;      // null: nobody asks for it
  result_type const* type = nullptr;
  bool narrow = false;       // one value a row
  bool adds = false;         // to what is there
  bool gathers = false;      // several elements of the domain may meet in one of its own (engine/sink.hpp)
  index_t elements = 0;      // ... of which there are so many, dense
  index_t offset = 0;        // ... of the one for domain index 0 among them
};

// visit(offset, i): where element first + i of a row lies whose axes are not dense.
template <class F>
WEFT_INLINE void each_of_row(leaf_strides const& l, frame const& f, index_t first, index_t columns, F const& visit) {
  index_t at[max_rank] = {};
  index_t left = first, offset = 0;
  for (int d = f.rank - 1; d >= f.row; --d) {
    at[d] = left % f.ext[d];
    left /= f.ext[d];
    offset += at[d] * l.stride[d];
  }
  for (index_t i = 0; i < columns; ++i) {
    visit(offset, i);
    for (int d = f.rank - 1; d >= f.row; --d) {
      offset += l.stride[d];
      if (++at[d] < f.ext[d]) break;
      offset -= at[d] * l.stride[d];
      at[d] = 0;
    }
  }
}
// row (strided) = from (columns): elements [first, first + columns) of a row whose axes are not dense
template <class T>
[[gnu::noinline]] void scatter(leaf_strides const& l, void* row, void const* from, frame const& f, index_t first,
                               index_t columns) {
  T* const p = static_cast<T*>(row);
  T const* const given = static_cast<T const*>(from);
  each_of_row(l, f, first, columns, [&](index_t offset, index_t i) { p[offset] = given[i]; });
}
template <class T>
T sum_of(T const* p, index_t n) {
  constexpr int N = simd::lanes<T>;
  simd::pack<T, N> s(T(0));
  index_t i = 0;
  for (; i + N <= n; i += N) s = s + simd::pack<T, N>::load(p + i);
  if (i < n) s = s + simd::pack<T, N>::load_partial(p + i, static_cast<int>(n - i));
  return simd::reduce_add(s);
}
template <class T>
[[gnu::noinline]] void add_row(void* to, void const* from, index_t n) {
  T* const p = static_cast<T*>(to);
  T const* const x = static_cast<T const*>(from);
  for (index_t i = 0; i < n; ++i) p[i] = static_cast<T>(p[i] + x[i]);
}
// row (strided) += from (columns)
template <class T>
[[gnu::noinline]] void gather_sums(leaf_strides const& l, void* row, void const* from, frame const& f, index_t first,
                                   index_t columns) {
  T* const p = static_cast<T*>(row);
  T const* const given = static_cast<T const*>(from);
  bool constant = true;
  for (int d = f.row; d < f.rank; ++d) constant = constant && (l.stride[d] == 0 || f.ext[d] == 1);
  if (constant) {
    if constexpr (std::is_floating_point_v<T>) *p += sum_of(given, columns);
    return;
  }
  each_of_row(l, f, first, columns, [&](index_t offset, index_t i) { p[offset] = static_cast<T>(p[offset] + given[i]); });
}
template <class T>
inline constexpr result_type result_type_of{sizeof(T), &scatter<T>, nullptr, nullptr, dtype_of<T>};
template <class T>
inline constexpr result_type sum_type_of{sizeof(T), &scatter<T>, &gather_sums<T>, &add_row<T>, dtype_of<T>};

// How many rows of a row program go through its passes together, of at most `most`: short ones, so that all of them stay in
// the first cache.
WEFT_INLINE int rows_of_columns(index_t columns, int most) { return columns <= 256 ? most : columns <= 512 ? (most + 1) / 2 : 1; }

// Rows of scratch for definitions: room for `rows` of them, of `bytes` in all an element.
WEFT_INLINE index_t scratch_room(int rows, index_t bytes, index_t columns) { return rows * 64 + bytes * columns; }

struct outlet {
  void* here;
  index_t pitch;  // in bytes
  bool past;      // the caches; `here` and the pitch are multiples of 64 bytes
  bool adds = false;
};

// -- overlap -----------------------------------------------------------------------------------------------------

struct overlap {
  bool touches = false;  // some leaf reads what is written
  bool crosses = false;  // ... at another place than the one being written
};
WEFT_INLINE byte_range range_of(void const* base, index_t size, index_t const* stride, frame const& f) {
  index_t low = 0, high = 0;
  for (int d = 0; d < f.rank; ++d) {
    index_t const reach = stride[d] * (f.ext[d] - 1);
    (reach < 0 ? low : high) += reach;
  }
  auto const b = reinterpret_cast<std::uintptr_t>(base);
  return {b + static_cast<std::uintptr_t>(low * size), b + static_cast<std::uintptr_t>((high + 1) * size)};
}
overlap overlap_of(leaf const* l, int count, frame const& f, result const& out);
// Does a leaf, bound over `f`, read from this memory?
bool reads_from(leaf const* l, int count, frame const& f, byte_range w);
// The same for a flat frame of n elements, where all there is to compare is addresses.
WEFT_INLINE bool crosses_flat(leaf const* l, int count, index_t n, void const* out, index_t size) {
  auto const low = static_cast<char const*>(out), high = low + n * size;
  for (int i = 0; i < count; ++i) {
    auto const b = static_cast<char const*>(l[i].base);
    index_t const s = l[i].type->size;
    if (b == low ? s != size : b < high && low < b + n * s) return true;
  }
  return false;
}

#define WEFT_LEAVES_OF(keyword, T)                                                                              \
  keyword template void stage<T>(leaf const&, frame const&, region const&, void*);                              \
  keyword template void scatter<T>(leaf_strides const&, void*, void const*, frame const&, index_t, index_t);    \
  keyword template void add_row<T>(void*, void const*, index_t);                                                \
  keyword template void gather_sums<T>(leaf_strides const&, void*, void const*, frame const&, index_t, index_t);
#ifdef WEFT_COMPILED
#define WEFT_EXTERN(T) WEFT_LEAVES_OF(extern, T)
WEFT_EACH_ELEMENT(WEFT_EXTERN)
#undef WEFT_EXTERN
#endif

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft

#ifndef WEFT_COMPILED
#include <weft/engine/leaf_once.hpp>
#endif
