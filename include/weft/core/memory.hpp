// Buffers come from here: a cache of blocks by size class, so that a training step neither calls the system's
// allocator nor takes page faults.
//
//   weft::memory_stats().allocations      trips to the system's allocator since the start
//   weft::counters().kernels += 1;        how the other layers count
//   weft::clear_memory_cache();           gives back what this thread and the process keep
//   weft::set_memory_cache_limit(bytes);  default: WEFT_MEMORY_CACHE (MiB), else a quarter of the machine's memory
//   weft::reset_memory_peak();
//
// Small blocks are kept by the thread that freed them, the rest and the overflow by the process; when that is over
// its limit, the blocks that rested longest go back to the system. Blocks at rest are poisoned for the address
// sanitizer, and so is the rest of a block beyond the size asked for.
#pragma once
#include <weft/config.hpp>
#include <weft/core/block.hpp>
#include <weft/core/errors.hpp>

#include <cstddef>
#include <cstdint>

namespace weft {

struct memory_statistics {
  std::int64_t allocations;      // trips to the system's allocator
  std::int64_t requests;         // buffers asked for, from the cache or not
  std::int64_t bytes_in_use;     // sizes asked for, of the buffers that live
  std::int64_t bytes_peak;       // its maximum; what other threads did since they last left their own lists is missing
  std::int64_t bytes_cached;     // kept by the process; what threads keep for themselves is not in it
  std::int64_t copies_on_write;  // buffers copied because a shared one was written to
  std::int64_t kernels;          // loops run
  std::int64_t bytes_streamed;   // of results that were stored past the caches
};

inline namespace WEFT_ISA {
namespace blocks {

using process::departed;
using process::memory;
using process::mine;
using process::newcomer;
using process::small_classes;
using process::thread_record;

// The functions named ..._locked expect memory.mutex to be held.

// A thread's first use of the cache.
[[gnu::cold]] void enrol();

WEFT_INLINE void hand_out(block* b, std::size_t bytes) {
  unpoison(b->data, bytes);
  b->holders = 1;
  b->bytes = bytes;
  b->owner = process::owner::cache;
  b->alive.derived = nullptr;
}

// A block for `bytes` of data, with one holder. The data is not initialised.
block* take_block(std::size_t bytes);

void give_back_block(block* b);

}  // namespace blocks

// The calling thread's counters.
WEFT_INLINE thread_counters& counters() {
  if (process::mine == &process::newcomer) blocks::enrol();
  return process::mine->counters;
}

memory_statistics memory_stats();

// Starts bytes_peak again from what is in use now.
void reset_memory_peak();

// What other threads keep for themselves (at most some 4 MiB each) stays theirs until they end.
void clear_memory_cache();

// Returns the limit it replaces.
std::size_t set_memory_cache_limit(std::size_t bytes);

}  // namespace WEFT_ISA
}  // namespace weft

#ifndef WEFT_COMPILED
#include <weft/core/memory_once.hpp>
#endif
