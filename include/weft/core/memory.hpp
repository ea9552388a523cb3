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
#include <cstdio>
#include <cstdlib>

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

struct memory_lock {
  memory_lock() { pthread_mutex_lock(&memory.mutex); }
  ~memory_lock() { pthread_mutex_unlock(&memory.mutex); }
  memory_lock(memory_lock const&) = delete;
  memory_lock& operator=(memory_lock const&) = delete;
};

// The functions named ..._locked expect memory.mutex to be held.

inline void unlink_locked(block* b) {
  auto& [next, previous, newer, older] = b->kept;
  (previous ? previous->kept.next : memory.kept[b->size_class]) = next;
  if (next) next->kept.previous = previous;
  (newer ? newer->kept.older : memory.newest) = older;
  (older ? older->kept.newer : memory.oldest) = newer;
  memory.bytes_kept -= class_bytes(b->size_class);
}
inline void keep_locked(block* b) {
  block*& head = memory.kept[b->size_class];
  b->kept = {head, nullptr, nullptr, memory.newest};
  if (head) head->kept.previous = b;
  (memory.newest ? memory.newest->kept.newer : memory.oldest) = b;
  head = memory.newest = b;
  memory.bytes_kept += class_bytes(b->size_class);
}
// Takes what is beyond the limit off the lists, for the caller to free once it has let go of the mutex.
inline block* excess_locked(std::size_t limit) {
  block* chain = nullptr;
  while (memory.bytes_kept > limit) {
    block* const b = memory.oldest;
    unlink_locked(b);
    b->kept.next = chain;
    chain = b;
  }
  return chain;
}
inline void settle_locked(thread_record& record) {
  if (memory.bytes + record.bytes_high > memory.bytes_peak) memory.bytes_peak = memory.bytes + record.bytes_high;
  memory.bytes += record.bytes.get();
  record.bytes.set(0);
  record.bytes_high = 0;
}
inline void spill_locked(thread_record& record, std::uint32_t c, std::uint32_t blocks) {
  for (; blocks != 0 && record.kept[c]; --blocks) {
    block* const b = record.kept[c];
    record.kept[c] = b->kept.next;
    record.room[c] += 1;
    keep_locked(b);
  }
}
inline void spill_all_locked(thread_record& record) {
  for (std::uint32_t c = 0; c != small_classes; ++c) spill_locked(record, c, ~std::uint32_t{0});
}

struct thread_exit {
  thread_exit() = default;
  thread_exit(thread_exit const&) = delete;
  thread_exit& operator=(thread_exit const&) = delete;
  ~thread_exit() {
    thread_record& record = *mine;
    mine = &departed;
    block* chain = nullptr;
    {
      memory_lock const lock;
      settle_locked(record);
      spill_all_locked(record);
      record.next_idle = memory.idle;
      memory.idle = &record;
      chain = excess_locked(memory.limit);
    }
    system_free_chain(chain);
  }
};

inline std::size_t default_cache_limit() {
  if (char const* const text = std::getenv("WEFT_MEMORY_CACHE")) {
    char* end = nullptr;
    unsigned long long const mebibytes = std::strtoull(text, &end, 10);
    if (end != text) return static_cast<std::size_t>(mebibytes) << 20;
  }
  long const pages = sysconf(_SC_PHYS_PAGES);
  return pages > 0 ? static_cast<std::size_t>(pages) / 4 * page_bytes() : std::size_t{1} << 30;
}

// A thread's first use of the cache.
[[gnu::cold, gnu::noinline]] inline void enrol() {
  if (mine != &newcomer) return;
  thread_record* record = nullptr;
  {
    memory_lock const lock;
    if (!memory.limit_known) {
      memory.limit_known = true;
      memory.limit = default_cache_limit();
    }
    if (!memory.fork_handled) {
      memory.fork_handled = true;
      pthread_atfork([] { pthread_mutex_lock(&memory.mutex); }, [] { pthread_mutex_unlock(&memory.mutex); },
                     [] { pthread_mutex_unlock(&memory.mutex); });
    }
    record = memory.idle;
    if (record) {
      memory.idle = record->next_idle;
    } else {
      record = static_cast<thread_record*>(std::calloc(1, sizeof(thread_record)));
      if (!record) return;
      for (std::uint32_t c = 0; c != small_classes; ++c) record->room[c] = thread_room(c);
      record->next = memory.records;
      memory.records = record;
    }
  }
  mine = record;
  static thread_local thread_exit at_exit;
  static_cast<void>(&at_exit);
}

[[noreturn, gnu::cold, gnu::noinline]] inline void fail_for(std::size_t bytes) {
  char text[80];  // std::to_string would be shared by units for different instruction sets
  std::snprintf(text, sizeof text, "memory: the system has no %zu bytes for a buffer", bytes);
  fail<error>(text);
}

WEFT_INLINE void hand_out(block* b, std::size_t bytes) {
  unpoison(b->data, bytes);
  b->holders = 1;
  b->bytes = bytes;
  b->owner = process::owner::cache;
  b->alive.derived = nullptr;
}

[[gnu::cold, gnu::noinline]] inline block* take_slowly(std::size_t bytes) {
  if (bytes > process::largest_buffer) fail_for(bytes);
  enrol();
  thread_record& record = *mine;
  std::uint32_t const c = size_class(bytes);
  block* b = nullptr;
  {
    memory_lock const lock;
    if (&record != &departed) settle_locked(record);
    b = memory.kept[c];
    if (b) unlink_locked(b);
    if (c < small_classes) {  // more of them while the mutex is held; room is 0 for the departed
      for (std::uint32_t n = record.room[c] / 2; n != 0 && memory.kept[c]; --n) {
        block* const extra = memory.kept[c];
        unlink_locked(extra);
        extra->kept.next = record.kept[c];
        record.kept[c] = extra;
        record.room[c] -= 1;
      }
    }
    memory.allocations += !b;
    memory.requests += 1;
    memory.bytes += static_cast<std::int64_t>(bytes);
    if (memory.bytes > memory.bytes_peak) memory.bytes_peak = memory.bytes;
  }
  if (!b) {
    b = system_block(c);
    if (!b) {  // what is kept may be what is missing
      block* chain = nullptr;
      {
        memory_lock const lock;
        chain = excess_locked(0);
      }
      system_free_chain(chain);
      b = system_block(c);
    }
    if (!b) {
      {
        memory_lock const lock;
        memory.bytes -= static_cast<std::int64_t>(bytes);
      }
      fail_for(bytes);
    }
    poison(b->data, class_bytes(c));
  }
  hand_out(b, bytes);
  return b;
}

// A block for `bytes` of data, with one holder. The data is not initialised.
[[gnu::noinline]] inline block* take_block(std::size_t bytes) {
  thread_record& record = *mine;
  std::uint32_t const c = size_class(bytes);
  if (c < small_classes) {
    if (block* const b = record.kept[c]) {
      record.kept[c] = b->kept.next;
      record.room[c] += 1;
      record.requests += 1;
      std::int64_t const now = record.bytes.get() + static_cast<std::int64_t>(bytes);
      record.bytes.set(now);
      if (now > record.bytes_high) record.bytes_high = now;
      hand_out(b, bytes);
      return b;
    }
  }
  return take_slowly(bytes);
}

[[gnu::cold, gnu::noinline]] inline void give_back_slowly(block* b) {
  enrol();
  thread_record& record = *mine;
  std::uint32_t const c = b->size_class;
  block* chain = nullptr;
  {
    memory_lock const lock;
    if (&record != &departed) {
      settle_locked(record);
      if (c < small_classes) spill_locked(record, c, thread_room(c) / 2 + 1);
    }
    memory.bytes -= static_cast<std::int64_t>(b->bytes);
    keep_locked(b);
    chain = excess_locked(memory.limit);
  }
  system_free_chain(chain);
}

[[gnu::noinline]] inline void give_back_block(block* b) {
  thread_record& record = *mine;
  std::uint32_t const c = b->size_class;
  poison(b->data, class_bytes(c));
  if (c < small_classes && record.room[c] != 0) {
    record.room[c] -= 1;
    b->kept.next = record.kept[c];
    record.kept[c] = b;
    record.bytes += -static_cast<std::int64_t>(b->bytes);
    return;
  }
  give_back_slowly(b);
}

}  // namespace blocks

// The calling thread's counters.
WEFT_INLINE thread_counters& counters() {
  if (process::mine == &process::newcomer) blocks::enrol();
  return process::mine->counters;
}

inline memory_statistics memory_stats() {
  blocks::enrol();
  process::memory_state& state = process::memory;
  blocks::memory_lock const lock;
  if (process::mine != &process::departed) blocks::settle_locked(*process::mine);
  thread_counters const& late = process::departed.counters;
  memory_statistics s{state.allocations, state.requests, state.bytes, state.bytes_peak,
                      static_cast<std::int64_t>(state.bytes_kept), late.copies_on_write.get(), late.kernels.get(),
                      late.bytes_streamed.get()};
  for (process::thread_record const* record = state.records; record; record = record->next) {
    s.requests += record->requests.get();
    s.bytes_in_use += record->bytes.get();
    s.copies_on_write += record->counters.copies_on_write.get();
    s.kernels += record->counters.kernels.get();
    s.bytes_streamed += record->counters.bytes_streamed.get();
  }
  return s;
}

// Starts bytes_peak again from what is in use now.
inline void reset_memory_peak() {
  std::int64_t const now = memory_stats().bytes_in_use;
  blocks::memory_lock const lock;
  process::memory.bytes_peak = now;
}

// What other threads keep for themselves (at most some 4 MiB each) stays theirs until they end.
inline void clear_memory_cache() {
  blocks::enrol();
  blocks::block* chain = nullptr;
  {
    blocks::memory_lock const lock;
    if (process::mine != &process::departed) blocks::spill_all_locked(*process::mine);
    chain = blocks::excess_locked(0);
  }
  blocks::system_free_chain(chain);
}

// Returns the limit it replaces.
inline std::size_t set_memory_cache_limit(std::size_t bytes) {
  blocks::enrol();
  blocks::block* chain = nullptr;
  std::size_t before = 0;
  {
    blocks::memory_lock const lock;
    before = process::memory.limit;
    process::memory.limit = bytes;
    chain = blocks::excess_locked(bytes);
  }
  blocks::system_free_chain(chain);
  return before;
}

}  // namespace WEFT_ISA
}  // namespace weft
