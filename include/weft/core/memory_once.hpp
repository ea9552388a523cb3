// What of weft/core/memory.hpp is compiled once: the cache of blocks.
#pragma once
#include <weft/core/memory.hpp>

#include <cstdio>
#include <cstdlib>

#include <sys/mman.h>
#include <unistd.h>

namespace weft {
inline namespace WEFT_ISA {
namespace blocks {

WEFT_ONCE std::size_t page_bytes() { return static_cast<std::size_t>(sysconf(_SC_PAGESIZE)); }

// Data on a boundary of 2 MiB, the header at the end of the ordinary page before it: a header inside would push
// the last bytes of a buffer of 4 MiB into a third huge page.
WEFT_ONCE block* map_block(std::size_t bytes) {
  std::size_t const page = page_bytes();
  std::size_t const length = page + bytes;
  std::size_t const reserved = length + huge_page;
  void* const base = mmap(nullptr, reserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED) return nullptr;
  char* const first = static_cast<char*>(base);
  std::size_t const before = (huge_page - (reinterpret_cast<std::uintptr_t>(first) + page) % huge_page) % huge_page;
  if (before != 0) munmap(first, before);
  if (reserved - before != length) munmap(first + before + length, reserved - before - length);
#ifdef MADV_HUGEPAGE
  madvise(first + before, length, MADV_HUGEPAGE);
#endif
  char* const data = first + before + page;
  block* const b = reinterpret_cast<block*>(data - sizeof(block));
  b->data = data;
  return b;
}

WEFT_INLINE bool is_mapped_by_page(std::uint32_t c) { return !WEFT_ADDRESS_SANITIZER && class_bytes(c) >= huge_page; }

WEFT_ONCE block* system_block(std::uint32_t c) {
  block* b = nullptr;
  if (is_mapped_by_page(c)) {
    b = map_block(class_bytes(c));
  } else if (void* const p = std::aligned_alloc(64, sizeof(block) + class_bytes(c))) {
    b = static_cast<block*>(p);
    b->data = b + 1;
  }
  if (b) b->size_class = c;
  return b;
}
WEFT_ONCE void system_free(block* b) {
  if (is_mapped_by_page(b->size_class)) {
    std::size_t const page = page_bytes();
    munmap(static_cast<char*>(b->data) - page, page + class_bytes(b->size_class));
  } else {
    unpoison(b->data, class_bytes(b->size_class));
    std::free(b);
  }
}
WEFT_ONCE void system_free_chain(block* b) {
  while (b) {
    block* const next = b->kept.next;
    system_free(b);
    b = next;
  }
}


struct memory_lock {
  memory_lock() { pthread_mutex_lock(&memory.mutex); }
  ~memory_lock() { pthread_mutex_unlock(&memory.mutex); }
  memory_lock(memory_lock const&) = delete;
  memory_lock& operator=(memory_lock const&) = delete;
};

WEFT_ONCE void unlink_locked(block* b) {
  auto& [next, previous, newer, older] = b->kept;
  (previous ? previous->kept.next : memory.kept[b->size_class]) = next;
  if (next) next->kept.previous = previous;
  (newer ? newer->kept.older : memory.newest) = older;
  (older ? older->kept.newer : memory.oldest) = newer;
  memory.bytes_kept -= class_bytes(b->size_class);
}

WEFT_ONCE void keep_locked(block* b) {
  block*& head = memory.kept[b->size_class];
  b->kept = {head, nullptr, nullptr, memory.newest};
  if (head) head->kept.previous = b;
  (memory.newest ? memory.newest->kept.newer : memory.oldest) = b;
  head = memory.newest = b;
  memory.bytes_kept += class_bytes(b->size_class);
}

// Takes what is beyond the limit off the lists, for the caller to free once it has let go of the mutex.
WEFT_ONCE block* excess_locked(std::size_t limit) {
  block* chain = nullptr;
  while (memory.bytes_kept > limit) {
    block* const b = memory.oldest;
    unlink_locked(b);
    b->kept.next = chain;
    chain = b;
  }
  return chain;
}

WEFT_ONCE void settle_locked(thread_record& record) {
  if (memory.bytes + record.bytes_high > memory.bytes_peak) memory.bytes_peak = memory.bytes + record.bytes_high;
  memory.bytes += record.bytes.get();
  record.bytes.set(0);
  record.bytes_high = 0;
}

WEFT_ONCE void spill_locked(thread_record& record, std::uint32_t c, std::uint32_t blocks) {
  for (; blocks != 0 && record.kept[c]; --blocks) {
    block* const b = record.kept[c];
    record.kept[c] = b->kept.next;
    record.room[c] += 1;
    keep_locked(b);
  }
}

WEFT_ONCE void spill_all_locked(thread_record& record) {
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

WEFT_ONCE std::size_t default_cache_limit() {
  if (char const* const text = std::getenv("WEFT_MEMORY_CACHE")) {
    char* end = nullptr;
    unsigned long long const mebibytes = std::strtoull(text, &end, 10);
    if (end != text) return static_cast<std::size_t>(mebibytes) << 20;
  }
  long const pages = sysconf(_SC_PHYS_PAGES);
  return pages > 0 ? static_cast<std::size_t>(pages) / 4 * page_bytes() : std::size_t{1} << 30;
}

[[gnu::cold, gnu::noinline]] WEFT_ONCE void enrol() {
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

[[noreturn, gnu::cold, gnu::noinline]] WEFT_ONCE void fail_for(std::size_t bytes) {
  char text[80];  // std::to_string would be shared by units for different instruction sets
  std::snprintf(text, sizeof text, "memory: the system has no %zu bytes for a buffer", bytes);
  fail<error>(text);
}

[[gnu::cold, gnu::noinline]] WEFT_ONCE block* take_slowly(std::size_t bytes) {
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

[[gnu::noinline]] WEFT_ONCE block* take_block(std::size_t bytes) {
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

[[gnu::cold, gnu::noinline]] WEFT_ONCE void give_back_slowly(block* b) {
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

[[gnu::noinline]] WEFT_ONCE void give_back_block(block* b) {
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

WEFT_ONCE memory_statistics memory_stats() {
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

WEFT_ONCE void reset_memory_peak() {
  std::int64_t const now = memory_stats().bytes_in_use;
  blocks::memory_lock const lock;
  process::memory.bytes_peak = now;
}

WEFT_ONCE void clear_memory_cache() {
  blocks::enrol();
  blocks::block* chain = nullptr;
  {
    blocks::memory_lock const lock;
    if (process::mine != &process::departed) blocks::spill_all_locked(*process::mine);
    chain = blocks::excess_locked(0);
  }
  blocks::system_free_chain(chain);
}

WEFT_ONCE std::size_t set_memory_cache_limit(std::size_t bytes) {
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
