// What a buffer is in memory, where blocks come from, and the state of the cache: all that weft/core/memory.hpp and
// weft/core/storage.hpp share.
//
// A block is a header of 64 bytes followed by its data, aligned to 64 bytes whatever the compiler's flags, and to
// 2 MiB, in huge pages, from 2 MiB on.
//
// One process may contain this file compiled for several instruction sets. All state is data in weft::process,
// constant initialised (no code is emitted for it) and laid out alike; all code is in the inline namespace of its
// instruction set. So any unit frees what another one allocated, and a unit runs only code built with its own flags.
// The mutex is the C library's because the members of std::mutex would be emitted by every unit.
#pragma once
#include <weft/config.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include <pthread.h>

#if defined(__SANITIZE_ADDRESS__)
#define WEFT_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WEFT_ADDRESS_SANITIZER 1
#endif
#endif
#ifndef WEFT_ADDRESS_SANITIZER
#define WEFT_ADDRESS_SANITIZER 0
#endif
#if WEFT_ADDRESS_SANITIZER
extern "C" void __asan_poison_memory_region(void const volatile*, std::size_t);
extern "C" void __asan_unpoison_memory_region(void const volatile*, std::size_t);
#endif

// A shared library reaches its thread-local variables without a call: ours are few enough for the surplus that the
// loader keeps for libraries opened at run time. Programs do so anyway.
#if defined(__PIC__) && !defined(__PIE__)
#define WEFT_THREAD_LOCAL [[gnu::tls_model("initial-exec")]]
#else
#define WEFT_THREAD_LOCAL
#endif

namespace weft {

// Written by one thread, read by any: a load and a store, no locked instruction.
struct counter {
  std::int64_t value;

  WEFT_ALWAYS_INLINE std::int64_t get() const { return __atomic_load_n(&value, __ATOMIC_RELAXED); }
  WEFT_ALWAYS_INLINE void set(std::int64_t to) { __atomic_store_n(&value, to, __ATOMIC_RELAXED); }
  WEFT_ALWAYS_INLINE void operator+=(std::int64_t n) { set(get() + n); }
};

struct thread_counters {
  counter copies_on_write;
  counter kernels;
  counter bytes_streamed;
};

// One of each in a process, whatever instruction sets its units are built for.
namespace process {

enum class owner : std::uint32_t { cache, borrowed, mapped };

struct block;
struct derived_form;

struct block_alive {
  derived_form* derived;
  void (*release)(void* context);  // of a mapped buffer
  void* context;
};
struct block_kept {
  block* next;      // of the same size class
  block* previous;
  block* newer;     // of all that the process keeps
  block* older;
};
struct block {
  std::int64_t holders;
  std::size_t bytes;  // as asked for
  void* data;
  std::uint32_t size_class;
  process::owner owner;
  union {
    block_alive alive;
    block_kept kept;
  };
};
static_assert(sizeof(block) == 64);

// Classes of data sizes: 64, 128, 192, 256 bytes, then four to a doubling. Powers of two waste nothing, no size more
// than a quarter. The small ones have a list in each thread.
inline constexpr std::uint32_t size_classes = 164;
inline constexpr std::uint32_t small_classes = 36;  // up to 64 KiB
inline constexpr std::size_t largest_buffer = std::size_t{1} << 46;
inline constexpr std::size_t huge_page = std::size_t{1} << 21;

// On the heap, reused by later threads and never freed: its counters stay in the sums, and after a fork those of
// threads that are no more can still be read.
struct thread_record {
  block* kept[small_classes];
  std::uint32_t room[small_classes];  // how many more blocks the list may take
  counter requests;
  counter bytes;  // not yet in memory_state::bytes; negative where another thread allocated
  std::int64_t bytes_high;
  thread_counters counters;
  thread_record* next;
  thread_record* next_idle;
};

// A thread that has not yet used the cache points to `newcomer`, one that is past its destructors to `departed`:
// lists without blocks and without room, so the quick path needs no test for either.
inline constinit thread_record newcomer{};
inline constinit thread_record departed{};
WEFT_THREAD_LOCAL inline constinit thread_local thread_record* mine = &newcomer;

struct memory_state {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  block* kept[size_classes] = {};
  block* newest = nullptr;
  block* oldest = nullptr;
  std::size_t bytes_kept = 0;
  std::size_t limit = 0;
  bool limit_known = false;
  bool fork_handled = false;
  std::int64_t allocations = 0;
  std::int64_t requests = 0;
  std::int64_t bytes = 0;
  std::int64_t bytes_peak = 0;
  thread_record* records = nullptr;
  thread_record* idle = nullptr;
};
inline constinit memory_state memory{};

}  // namespace process

inline namespace WEFT_ISA {
namespace blocks {

using process::block;
using process::huge_page;

WEFT_INLINE void poison([[maybe_unused]] void const* p, [[maybe_unused]] std::size_t bytes) {
#if WEFT_ADDRESS_SANITIZER
  __asan_poison_memory_region(p, bytes);
#endif
}
WEFT_INLINE void unpoison([[maybe_unused]] void const* p, [[maybe_unused]] std::size_t bytes) {
#if WEFT_ADDRESS_SANITIZER
  __asan_unpoison_memory_region(p, bytes);
#endif
}

WEFT_INLINE std::uint32_t size_class(std::size_t bytes) {
  std::size_t const last = bytes == 0 ? 0 : (bytes - 1) >> 6;  // the last unit of 64 bytes
  if (last < 4) return static_cast<std::uint32_t>(last);
  auto const shift = static_cast<std::uint32_t>(61 - __builtin_clzll(last));  // leaves 4, 5, 6 or 7
  return 4 * shift + static_cast<std::uint32_t>(last >> shift);
}
WEFT_INLINE std::size_t class_bytes(std::uint32_t c) {
  if (c < 8) return (std::size_t{c} + 1) << 6;
  std::uint32_t const shift = c / 4 - 1;
  return ((std::size_t{c} % 4) + 5) << (shift + 6);
}
// How many blocks a thread keeps: at most 128 KiB a class.
WEFT_INLINE std::uint32_t thread_room(std::uint32_t c) {
  std::size_t const n = (std::size_t{1} << 17) / class_bytes(c);
  return static_cast<std::uint32_t>(n > 128 ? 128 : n);
}

}  // namespace blocks
}  // namespace WEFT_ISA
}  // namespace weft
