// Jobs: a kernel led over its iteration space, tile by tile and on several threads.
//
// Nothing here knows an expression's type. Work is cut into tasks by the shape alone, so that every number of threads
// gives the same bits.
#pragma once
#include <weft/core/listener.hpp>
#include <weft/core/storage.hpp>
#include <weft/core/threads.hpp>
#include <weft/engine/leaf.hpp>
#include <weft/simd/stream.hpp>

#include <cstdint>

namespace weft {
inline namespace WEFT_ISA {
namespace engine {

// What a kernel is called for: t.rows rows of t.columns elements.
struct piece {
  spot const* in;     // a leaf each
  outlet const* out;  // a result each
  index_t rows, columns;
  char* scratch;      // rows of definitions
  bool own_row;       // the destination's row may be scratch: nothing that is read lies there
};
using kernel = void (*)(void const* numbers, piece const& t);

// What there is to know of a statement's kernel: a constant of its type.
struct program {
  kernel run;
  kernel shared;       // for a single row whose passes may be cut up; null: not worth it
  int rows_kept;       // definitions that are stored, and their bytes an element
  index_t row_bytes;
  int together;        // so many short rows go through the passes together
  index_t here;        // below so many elements the thread that calls does the work, and the result stays in the caches
  bool narrow;         // one value a row
  int passes;          // before the last one
  char const* steps;   // what they do (engine/listing.hpp)
};

struct job {
  program const& p;
  frame const& f;  // f.row is set
  leaf const* leaves;
  int leaf_count;
  result const* results;
  int result_count;
  void const* numbers;   // of the program
  bool own_row = false;  // see `piece`
  bool may_cut = !p.passes && !p.narrow;  // a row may be run in parts: nothing is added up over all of it
};

// What part of a frame to run: rows and columns (all columns unless it is a plain map).
struct part_of {
  index_t r0, r1, c0, c1;
  bool stream;  // the results' stores bypass the caches
};

// What the job says of itself. `tensors`: into how many it adds, where it is a backward sweep.
kernel_note note_of(job const& j, int tensors = -1);

// One part, on one thread.
void run_part(job const& j, part_of const& p);

// All results are large, and all their rows begin and end at multiples of 64 bytes.
WEFT_INLINE bool streams(job const& j) {
  index_t const least = __atomic_load_n(&process::streaming_threshold, __ATOMIC_RELAXED);
  index_t total = 0;
  for (int i = 0; i < j.result_count; ++i) {
    result const& r = j.results[i];
    index_t const bytes = j.f.n * r.type->size;
    total += bytes * j.f.rows;
    if (bytes * j.f.rows < least || !r.dense_row(j.f) || bytes % 64 != 0 ||
        reinterpret_cast<std::uintptr_t>(r.base) % 64 != 0)
      return false;
    for (int d = 0; d < j.f.row; ++d)
      if (j.f.ext[d] != 1 && r.stride[d] * r.type->size % 64 != 0) return false;
  }
  counters().bytes_streamed += total;
  return true;
}

// A destination's memory may be read at the element (for row programs: the row) being written, and nowhere else.
void run(job const& j);

// -- where a result goes -----------------------------------------------------------------------------------------

// The memory of a result. `in_place` may be read by the expression itself and is used when every read is at the
// element being written; otherwise the result goes to a new buffer.
struct room {
  void* in_place = nullptr;
  index_t const* strides = nullptr;  // of in_place, an element for each axis of the result; null: dense
  storage fresh{};
  bool used_fresh = false;

  WEFT_INLINE void* allocate(index_t bytes) {
    used_fresh = true;
    fresh = storage::allocate(static_cast<std::size_t>(bytes));
    return fresh.data();
  }
};

// Finds the memory of a result of extents e (rank) and its strides in the domain. `same_place`: leaves may read that memory, if
// each reads an element only where it is written. Returns whether no leaf reads it.
bool place_result(result& out, room& where, index_t const* e, int rank, leaf const* leaves,
                                           int count, frame const& f, bool same_place);

// For plain maps, as many of the last axes as are dense everywhere become one row. Returns whether all rows lie in memory as
// they are read and written.
bool join_axes(frame& f, leaf const* leaves, int count, result const* out, int results);

void run_flat(program const& p, leaf* leaves, int count, void const* numbers, index_t n,
                                       result_type const& type, room& where);

// A map, or a program whose rows are the last q axes of its extents e (f.rank).
void run_rows_of(program const& p, leaf* leaves, int count, void const* numbers, frame& f, int q,
                                          result_type const& type, room& where);

// One value a row of the domain; the result has the extents e (rank).
void run_values_of(program const& p, leaf* leaves, int count, void const* numbers, frame& f,
                                            index_t const* e, int rank, result_type const& type, room& where);

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft

#ifndef WEFT_COMPILED
#include <weft/engine/job_once.hpp>
#endif
