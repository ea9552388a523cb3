// Where the cotangent of a leaf goes: memory with strides in the domain of a sweep, like the leaf's own.
//
// Where rows are not dense, or several elements of the domain meet in one, tiles go through scratch. A sink has no
// type but the size of its elements, so that what is done once a tile is compiled once.
//
// Public to the sweep: sink, sink_of, wiring, sink_line; staged, exclusive, prepare_sinks, enter_sinks, leave_sinks.
#pragma once
#include <weft/engine/bind.hpp>
#include <weft/grad/tracked.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace reverse {

using engine::as;
using engine::axis_map;
using engine::binder;
using engine::first;
using engine::frame;
using engine::full;
using engine::leaf_strides;
using engine::no_cells;
using engine::no_names;
using engine::region;
using engine::spot;
using simd::pack;

// Every leaf is read and every cotangent written in one sweep: more streams than the processor follows by itself, and
// so much work a pack that few of them are under way at a time. Gains a fifth beyond the second cache. The distance was
// measured: 1 KiB comes late, 4 KiB and more drives out what is still to be used where everything fits the caches.
template <int Write, class T>
WEFT_INLINE void fetch_ahead(T const* p) {
  __builtin_prefetch(reinterpret_cast<char const*>(p) + 3072, Write, 3);
}

template <class T, int N>
WEFT_INLINE void put_pack(T* p, pack<T, N> v, bool adds, full) {
  fetch_ahead<1>(p);
  if (adds) v = pack<T, N>::load(p) + v;
  v.store(p);
}
template <class T, int N>
WEFT_INLINE void put_pack(T* p, pack<T, N> v, bool adds, first part) {
  if (adds) v = pack<T, N>::load_partial(p, part.n) + v;
  v.store_partial(p, part.n);
}

struct sink;

// The sinks of a sweep that store into memory where nothing was before.
struct wiring {
  // A dense buffer over the domain that is not needed once each of its elements was read.
  struct spare_buffer {
    storage const* buffer = nullptr;
    dtype type{};
  };
  static constexpr int room = 16;
  tape& t;
  frame const& f;
  spare_buffer spare{};
  sink* storing[room]{};
  int count = 0;
};

// Without its type, so that what is done once a tile is compiled once.
struct sink : leaf_strides {
  void* memory = nullptr;  // null: nobody asks
  index_t offset = 0;      // of the element for domain index 0
  index_t size = 0;        // of an element
  bool adds = false;
  bool tile_adds = false;
  void* scratch = nullptr;  // tile (rows, columns), or one row for all of them
  char* here = nullptr;
  index_t pitch = 0;
  void (*spill)(sink const& s, frame const& f, region const& t) = nullptr;

  // Every element of `elements` belongs to one of the domain, and to no other.
  bool covers(frame const& f, index_t elements) const {
    index_t n = 1;
    for (int d = 0; d < f.rank; ++d) {
      n *= f.ext[d];
      if (f.ext[d] != 1 && stride[d] == 0) return false;
    }
    return n == elements;
  }
  bool same_place(sink const& o, frame const& f) const {
    bool same = offset == o.offset;
    for (int d = 0; d < f.rank; ++d) same = same && (f.ext[d] == 1 || stride[d] == o.stride[d]);
    return same;
  }
  // `fresh`: the memory holds nothing yet.
  [[gnu::noinline]] void connect(wiring& w, void* to, index_t elements, bool fresh) {
    memory = to;
    adds = !fresh;
    if (fresh) {
      if (covers(w.f, elements) && w.count < wiring::room) {
        w.storing[w.count++] = this;
      } else {
        std::memset(memory, 0, static_cast<std::size_t>(elements * size));
        adds = true;
      }
      return;
    }
    // In each pack one that has the same places stores first; others would be overwritten.
    for (int i = 0; i < w.count; ++i) {
      sink& s = *w.storing[i];
      if (s.memory != memory || s.adds || s.same_place(*this, w.f)) continue;
      std::memset(memory, 0, static_cast<std::size_t>(elements * size));
      s.adds = true;
    }
  }

  bool strided(frame const& f) const { return memory && !dense_row(f); }
  // All rows of a tile meet in one.
  bool meets(frame const& f) const { return memory && f.row > 0 && stride[f.row - 1] == 0 && f.ext[f.row - 1] != 1; }
  // No two rows meet: tasks may share the work.
  bool exclusive(frame const& f) const {
    if (memory)
      for (int d = 0; d < f.row; ++d)
        if (stride[d] == 0 && f.ext[d] != 1) return false;
    return true;
  }
  // No element of a row here belongs to a row of `o` elsewhere: the same place, or, with rows that lie multiples of one
  // step apart, beside it. Both are exclusive.
  bool apart(sink const& o, frame const& f) const {
    if (!memory || memory != o.memory || same_place(o, f)) return true;
    index_t step = 0;
    for (int d = 0; d < f.rank; ++d) {
      if (f.ext[d] == 1) continue;
      if (stride[d] != o.stride[d]) return false;
      index_t const s = stride[d] < 0 ? -stride[d] : stride[d];
      if (d < f.row && (step == 0 || s < step)) step = s;
    }
    for (int d = 0; d < f.row; ++d)
      if (f.ext[d] != 1 && stride[d] % step != 0) return false;
    index_t shift = offset < o.offset ? o.offset - offset : offset - o.offset;
    if (step == 0) return shift >= f.n;
    shift %= step;
    return shift >= f.n && step - shift >= f.n;
  }
  char* row_at(frame const& f, region const& t, index_t r) const {
    index_t o = offset;
    for (int d = 0; d + 1 < f.row; ++d) o += t.outer[d] * stride[d];
    if (f.row > 0) o += (t.first + r) * stride[f.row - 1];
    return static_cast<char*>(memory) + o * size;
  }
};

// -- once a sweep or a tile, over all sinks ------------------------------------------------------------------------

[[gnu::noinline]] inline int row_axes(sink* const* s, int count, frame const& f) {
  int axes = f.rank;
  for (int i = 0; i < count; ++i) {
    int const k = s[i]->memory ? s[i]->dense_axes(f) : f.rank;
    if (k < axes) axes = k;
  }
  return axes;
}
// Rows of some leaf go through scratch.
[[gnu::noinline]] inline bool staged(sink* const* s, int count, engine::leaf const* leaf, int leaves, frame const& f) {
  bool any = engine::staging_of(leaf, leaves, f).any;
  for (int i = 0; i < count; ++i) any = any || s[i]->strided(f);
  return any;
}
// Tasks may share the rows, all of them dense: what one of them stores or adds to, no other does.
[[gnu::noinline]] inline bool exclusive(sink* const* s, int count, frame const& f) {
  for (int i = 0; i < count; ++i) {
    if (!s[i]->exclusive(f)) return false;
    for (int j = 0; j < i; ++j)
      if (!s[i]->apart(*s[j], f)) return false;
  }
  return true;
}
[[gnu::noinline]] inline void prepare_sinks(sink* const* s, int count, frame const& f, arena_scope& scope, index_t rows,
                                            index_t columns) {
  for (int i = 0; i < count; ++i) {
    bool const strided = s[i]->strided(f);
    s[i]->scratch = strided || s[i]->meets(f) ? scope.take<char>((strided ? rows : 1) * columns * s[i]->size) : nullptr;
  }
}
[[gnu::noinline]] inline void enter_sinks(sink* const* all, int count, frame const& f, region const& t) {
  for (int i = 0; i < count; ++i) {
    sink& s = *all[i];
    if (!s.memory) continue;
    if (!s.scratch) {
      s.here = s.row_at(f, t, 0) + t.from * s.size;
      s.pitch = f.row > 0 ? s.stride[f.row - 1] : 0;
      s.tile_adds = s.adds;
    } else {
      bool const strided = s.strided(f);
      s.here = static_cast<char*>(s.scratch);
      s.pitch = strided ? t.columns : 0;
      s.tile_adds = !strided;
      if (!strided) std::memset(s.scratch, 0, static_cast<std::size_t>(t.columns * s.size));
    }
  }
}
[[gnu::noinline]] inline void leave_sinks(sink* const* s, int count, frame const& f, region const& t) {
  for (int i = 0; i < count; ++i)
    if (s[i]->memory && s[i]->scratch) s[i]->spill(*s[i], f, t);
}

// -- a tile in scratch back to where its elements belong -------------------------------------------------------------

template <class T>
T sum_of(T const* p, index_t n) {
  constexpr int N = simd::lanes<T>;
  pack<T, N> s(T(0));
  index_t i = 0;
  for (; i + N <= n; i += N) s = s + pack<T, N>::load(p + i);
  if (i < n) s = s + pack<T, N>::load_partial(p + i, static_cast<int>(n - i));
  return simd::reduce_add(s);
}
// row (columns) of several axes
template <class T>
void spill_row(sink const& s, frame const& f, region const& t, T* p, T const* row) {
  index_t at[max_rank] = {};
  index_t left = t.from;
  for (int d = f.rank - 1; d >= f.row; --d) {
    at[d] = left % f.ext[d];
    left /= f.ext[d];
  }
  for (index_t i = 0; i < t.columns; ++i) {
    index_t o = 0;
    for (int d = f.row; d < f.rank; ++d) o += at[d] * s.stride[d];
    p[o] = s.adds ? p[o] + row[i] : row[i];
    for (int d = f.rank - 1; d >= f.row; --d) {
      if (++at[d] < f.ext[d]) break;
      at[d] = 0;
    }
  }
}
template <class T>
[[gnu::noinline]] void spill_tile(sink const& s, frame const& f, region const& t) {
  T const* const scratch = static_cast<T const*>(s.scratch);
  if (!s.strided(f)) {
    T* const p = reinterpret_cast<T*>(s.row_at(f, t, 0)) + t.from;
    for (index_t i = 0; i < t.columns; ++i) p[i] += scratch[i];
    return;
  }
  bool constant = true;
  for (int d = f.row; d < f.rank; ++d) constant = constant && (s.stride[d] == 0 || f.ext[d] == 1);
  for (index_t r = 0; r < t.rows; ++r) {
    T* const p = reinterpret_cast<T*>(s.row_at(f, t, r));
    T const* const row = scratch + r * t.columns;
    if (constant) {
      *p += sum_of(row, t.columns);
    } else if (f.rank - f.row == 1) {
      index_t const step = s.stride[f.rank - 1];
      T* const to = p + t.from * step;
      if (s.adds)
        for (index_t i = 0; i < t.columns; ++i) to[i * step] += row[i];
      else
        for (index_t i = 0; i < t.columns; ++i) to[i * step] = row[i];
    } else {
      spill_row(s, f, t, p, row);
    }
  }
}
template <class T>
sink sink_of(index_t const* ext, int rank, frame const& f, axis_map const& m) {
  sink s;
  s.size = index_t(sizeof(T));
  s.spill = &spill_tile<T>;
  s.offset = engine::lay_out_dense(s, f, m, ext, rank);
  return s;
}

template <class T, int N>
struct sink_line {
  T* p;
  bool adds;
  template <class V, class P>
  WEFT_INLINE void put(index_t i, V v, P part) const {
    if (p) put_pack(p + i, as<T>(v), adds, part);
  }
};
template <class T, int N>
WEFT_INLINE sink_line<T, N> line_into(sink const& s, index_t r) {
  return {s.memory ? reinterpret_cast<T*>(s.here) + r * s.pitch : nullptr, s.tile_adds};
}

}  // namespace reverse
}  // namespace WEFT_ISA
}  // namespace weft
