// Work for several threads: a pool that starts with the first call that needs it, or the user's own executor.
//
//   weft::parallel_for(tiles, [&](weft::index_t tile) { fill(tile); });  // in any order, on any of the threads
//
//   weft::num_threads();          WEFT_NUM_THREADS, else OMP_NUM_THREADS, else the physical cores we may run on
//   weft::set_num_threads(4);     1: everything on the caller; 0: the default again
//   weft::set_executor(run, x);   run(x, tasks, task, data) must call task(data, i) for each i and then return
//
// The caller takes part and returns when every task is done. Tasks are handed out one by one, so a task should be
// worth some microseconds. A call from inside a task, or while another thread has the pool, runs on its caller
// alone. The first exception of a task leaves parallel_for; tasks that had not begun are then skipped.
//
// Workers look for new work for some microseconds before they sleep. They end when the process exits; a child
// process after fork starts its own. The pool is one per process whatever the units' instruction sets are (see
// weft/core/block.hpp): threads and their sleep come from the system, not from std.
#pragma once
#include <weft/config.hpp>
#include <weft/core/block.hpp>
#include <weft/core/dtype.hpp>

#include <cstddef>
#include <cstdint>

#include <pthread.h>

namespace weft {

using executor_hook = void (*)(void* context, index_t tasks, void (*task)(void* data, index_t i), void* data);

namespace process {

inline constexpr int most_workers = 1024;

struct thread_pool {
  int threads = 0;  // as set or found out; 0: not yet
  executor_hook executor = nullptr;
  void* executor_context = nullptr;
  bool fork_handled = false;
  bool stopped = false;

  // What follows is on lines of its own, apart from what the others wait for.
  alignas(64) std::uint32_t busy = 0;  // held by the caller whose job it is; guards the four below
  int started = 0;
  void (*work)(void*) = nullptr;
  void* job = nullptr;
  pthread_t workers[most_workers] = {};

  alignas(64) std::uint32_t generation = 0;  // of jobs; workers sleep on it
  std::uint32_t sleepers = 0;
  alignas(64) std::uint32_t seats = 0;  // how many more workers may join the job
  alignas(64) std::uint32_t left = 0;   // how many have left it again; the caller sleeps on it
  std::uint32_t caller_sleeps = 0;
};
inline constinit thread_pool pool{};

// Set while the thread runs a task.
WEFT_THREAD_LOCAL inline constinit thread_local bool inside_task = false;

}  // namespace process

inline namespace WEFT_ISA {
namespace threads {

using process::pool;

inline constexpr int spins = 1000;  // some 10 to 30 microseconds

WEFT_INLINE void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}
WEFT_INLINE std::uint32_t load(std::uint32_t const& a) { return __atomic_load_n(&a, __ATOMIC_SEQ_CST); }

WEFT_INLINE bool spin_while(std::uint32_t const& a, std::uint32_t value) {
  for (int i = 0; i != spins; ++i) {
    if (__atomic_load_n(&a, __ATOMIC_ACQUIRE) != value) return true;
    pause();
  }
  return false;
}

[[gnu::cold]] int default_threads();

}  // namespace threads

// How many threads a call of parallel_for may use, the caller among them.
WEFT_INLINE int num_threads() {
  int const n = __atomic_load_n(&process::pool.threads, __ATOMIC_RELAXED);
  return n != 0 ? n : threads::default_threads();
}
inline void set_num_threads(int n) {
  int const most = process::most_workers;
  __atomic_store_n(&process::pool.threads, n < 0 ? 1 : n > most ? most : n, __ATOMIC_RELAXED);
}

// In place of the pool; null: the pool again. Not while parallel_for runs.
inline void set_executor(executor_hook run, void* context = nullptr) {
  process::pool.executor = run;
  process::pool.executor_context = context;
}

namespace threads {

void run_tasks(index_t tasks, void (*call)(void const* self, index_t task), void const* self);

}  // namespace threads

// f(task) for each task in [0, tasks).
template <class F>
WEFT_INLINE void parallel_for(index_t tasks, F const& f) {
  threads::run_tasks(tasks, [](void const* self, index_t task) { (*static_cast<F const*>(self))(task); }, &f);
}

}  // namespace WEFT_ISA
}  // namespace weft

#ifndef WEFT_COMPILED
#include <weft/core/threads_once.hpp>
#endif
