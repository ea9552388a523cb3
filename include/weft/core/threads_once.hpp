// What of weft/core/threads.hpp is compiled once: the pool of threads.
#pragma once
#include <weft/core/threads.hpp>

#include <cstdio>
#include <cstdlib>
#ifndef WEFT_NO_EXCEPTIONS
#include <exception>
#include <utility>
#endif

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>
#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#endif

namespace weft {
inline namespace WEFT_ISA {
namespace threads {

// Sleeps unless `a` no longer is `value`; may return early.
WEFT_ONCE void sleep_on(std::uint32_t& a, std::uint32_t value) {
#if defined(__linux__)
  syscall(SYS_futex, &a, FUTEX_WAIT_PRIVATE, value, nullptr, nullptr, 0);
#else
  if (load(a) == value) usleep(50);
#endif
}

WEFT_ONCE void wake([[maybe_unused]] std::uint32_t& a, [[maybe_unused]] int count) {
#if defined(__linux__)
  syscall(SYS_futex, &a, FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0);
#endif
}

WEFT_ONCE int number_in_environment(char const* name) {
  char const* const text = std::getenv(name);
  long const n = text ? std::strtol(text, nullptr, 10) : 0;  // of "4,2" the outer level
  return n < 0 ? 0 : static_cast<int>(n > process::most_workers ? process::most_workers : n);
}

WEFT_ONCE int usable_cores() {
#if defined(__linux__)
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
    cpu_set_t cores;  // each by its first hardware thread
    CPU_ZERO(&cores);
    for (std::size_t cpu = 0; cpu != CPU_SETSIZE; ++cpu) {
      if (!CPU_ISSET(cpu, &allowed)) continue;
      std::size_t first = cpu;
      char path[96];
      std::snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%zu/topology/thread_siblings_list", cpu);
      if (std::FILE* const file = std::fopen(path, "re")) {
        if (std::fscanf(file, "%zu", &first) != 1 || first >= CPU_SETSIZE) first = cpu;
        std::fclose(file);
      }
      CPU_SET(first, &cores);
    }
    int n = CPU_COUNT(&cores);
    if (std::FILE* const file = std::fopen("/sys/fs/cgroup/cpu.max", "re")) {  // a container's share of time
      long quota = 0, period = 0;
      if (std::fscanf(file, "%ld %ld", &quota, &period) == 2 && quota > 0 && period > 0) {
        long const share = (quota + period - 1) / period;
        if (share < n) n = static_cast<int>(share);
      }
      std::fclose(file);
    }
    if (n > 0) return n;
  }
#endif
  long const n = sysconf(_SC_NPROCESSORS_ONLN);
  return n > 0 ? static_cast<int>(n) : 1;
}

[[gnu::cold, gnu::noinline]] WEFT_ONCE int default_threads() {
  int n = number_in_environment("WEFT_NUM_THREADS");
  if (n == 0) n = number_in_environment("OMP_NUM_THREADS");
  if (n == 0) n = usable_cores();
  if (n > process::most_workers) n = process::most_workers;
  __atomic_store_n(&pool.threads, n, __ATOMIC_RELAXED);
  return n;
}

// Takes a seat if there is one. A worker that is late for one job may take a seat of the next.
WEFT_ONCE bool join_job() {
  std::uint32_t free = load(pool.seats);
  while (free != 0 && !__atomic_compare_exchange_n(&pool.seats, &free, free - 1, true, __ATOMIC_SEQ_CST,
                                                   __ATOMIC_SEQ_CST)) {
  }
  return free != 0;
}

WEFT_ONCE void* worker(void*) {
  for (;;) {
    std::uint32_t const seen = load(pool.generation);
    if (__atomic_load_n(&pool.stopped, __ATOMIC_SEQ_CST)) return nullptr;
    if (join_job()) {
      pool.work(pool.job);
      __atomic_fetch_add(&pool.left, 1, __ATOMIC_SEQ_CST);
      if (load(pool.caller_sleeps) != 0) wake(pool.left, 1);
    }
    if (spin_while(pool.generation, seen)) continue;
    __atomic_fetch_add(&pool.sleepers, 1, __ATOMIC_SEQ_CST);
    while (load(pool.generation) == seen) sleep_on(pool.generation, seen);
    __atomic_fetch_sub(&pool.sleepers, 1, __ATOMIC_SEQ_CST);
  }
}

struct pool_exit {
  pool_exit() = default;
  pool_exit(pool_exit const&) = delete;
  pool_exit& operator=(pool_exit const&) = delete;
  ~pool_exit() {
    __atomic_store_n(&pool.stopped, true, __ATOMIC_SEQ_CST);
    __atomic_fetch_add(&pool.generation, 1, __ATOMIC_SEQ_CST);
    wake(pool.generation, process::most_workers);
    for (int i = 0; i != pool.started; ++i) {  // a task may have called exit
      if (!pthread_equal(pool.workers[i], pthread_self())) pthread_join(pool.workers[i], nullptr);
    }
    pool.started = 0;
  }
};

// Precondition: the caller holds pool.busy.
[[gnu::cold, gnu::noinline]] WEFT_ONCE void start_workers(int count) {
  static pool_exit at_exit;
  static_cast<void>(&at_exit);
  if (!pool.fork_handled) {
    pool.fork_handled = true;
    pthread_atfork(nullptr, nullptr, [] {  // the child has none of the workers
      pool.started = 0;
      pool.seats = pool.left = pool.sleepers = pool.caller_sleeps = 0;
      __atomic_store_n(&pool.busy, 0, __ATOMIC_RELEASE);
    });
  }
  sigset_t all, before;  // signals are for the user's threads
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  while (pool.started < count && pthread_create(&pool.workers[pool.started], nullptr, worker, nullptr) == 0) {
    pool.started += 1;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

// Calls work(job) on the caller and on at most `helpers` workers at the same time. False: the pool is taken.
[[gnu::noinline]] WEFT_ONCE bool run_in_pool(int helpers, void (*work)(void*), void* job) {
  if (load(pool.busy) != 0 || __atomic_exchange_n(&pool.busy, 1, __ATOMIC_ACQUIRE) != 0) return false;
  if (__atomic_load_n(&pool.stopped, __ATOMIC_SEQ_CST)) return false;
  if (pool.started < helpers) start_workers(helpers);
  if (pool.started < helpers) helpers = pool.started;
  auto const seats = static_cast<std::uint32_t>(helpers);
  pool.work = work;
  pool.job = job;
  __atomic_store_n(&pool.left, 0, __ATOMIC_RELAXED);
  __atomic_store_n(&pool.seats, seats, __ATOMIC_SEQ_CST);
  __atomic_fetch_add(&pool.generation, 1, __ATOMIC_SEQ_CST);
  if (load(pool.sleepers) != 0) wake(pool.generation, helpers);

  work(job);

  std::uint32_t const joined = seats - __atomic_exchange_n(&pool.seats, 0, __ATOMIC_SEQ_CST);
  for (std::uint32_t left = load(pool.left); left != joined; left = load(pool.left)) {
    if (spin_while(pool.left, left)) continue;
    __atomic_store_n(&pool.caller_sleeps, 1, __ATOMIC_SEQ_CST);
    sleep_on(pool.left, left);
    __atomic_store_n(&pool.caller_sleeps, 0, __ATOMIC_SEQ_CST);
  }
  __atomic_store_n(&pool.busy, 0, __ATOMIC_RELEASE);
  return true;
}

struct job {
  void (*call)(void const* self, index_t task);
  void const* self;
  index_t tasks;
#ifndef WEFT_NO_EXCEPTIONS
  bool failed = false;
  std::exception_ptr error = nullptr;
#endif
  alignas(64) index_t next = 0;

  void run_one(index_t task) {
#ifdef WEFT_NO_EXCEPTIONS
    call(self, task);
#else
    try {
      call(self, task);
    } catch (...) {
      if (!__atomic_exchange_n(&failed, true, __ATOMIC_ACQ_REL)) error = std::current_exception();
      __atomic_store_n(&next, tasks, __ATOMIC_RELAXED);
    }
#endif
  }
  // As a worker of the pool or its caller: tasks until there are none.
  static void run_some(void* data) {
    job& j = *static_cast<job*>(data);
    process::inside_task = true;
    for (;;) {
      index_t const task = __atomic_fetch_add(&j.next, 1, __ATOMIC_RELAXED);
      if (task >= j.tasks) break;
      j.run_one(task);
    }
    process::inside_task = false;
  }
  // As a task of the user's executor.
  static void run_task(void* data, index_t task) {
    job& j = *static_cast<job*>(data);
    if (__atomic_load_n(&j.next, __ATOMIC_RELAXED) != 0) return;  // a task failed
    bool const before = process::inside_task;
    process::inside_task = true;
    j.run_one(task);
    process::inside_task = before;
  }
  void rethrow() {
#ifndef WEFT_NO_EXCEPTIONS
    if (failed) std::rethrow_exception(std::move(error));
#endif
  }
};

[[gnu::noinline]] WEFT_ONCE void run_tasks(index_t tasks, void (*call)(void const* self, index_t task), void const* self) {
  if (tasks > 1 && !process::inside_task) {
    if (executor_hook const run = process::pool.executor) {
      job j{call, self, tasks};
      run(process::pool.executor_context, tasks, job::run_task, &j);
      return j.rethrow();
    }
    index_t const most = num_threads() < tasks ? num_threads() : tasks;
    if (most > 1) {
      job j{call, self, tasks};
      if (run_in_pool(static_cast<int>(most - 1), job::run_some, &j)) return j.rethrow();
    }
  }
  for (index_t task = 0; task < tasks; ++task) call(self, task);
}

}  // namespace threads
}  // namespace WEFT_ISA
}  // namespace weft
