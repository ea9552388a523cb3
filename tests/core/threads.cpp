#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <weft/core/threads.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

using weft::index_t;
using weft::num_threads;
using weft::parallel_for;
using weft::set_num_threads;

namespace {

// How often each task ran.
std::vector<int> runs(index_t tasks) {
  std::vector<std::atomic<int>> count(static_cast<std::size_t>(tasks > 0 ? tasks : 0));
  parallel_for(tasks, [&](index_t i) { count[static_cast<std::size_t>(i)] += 1; });
  return {count.begin(), count.end()};
}

void wait(int microseconds) { std::this_thread::sleep_for(std::chrono::microseconds(microseconds)); }

}  // namespace

// First: no other case may have asked for the number of threads yet.
TEST_CASE("the environment sets the number of threads") {
  ::setenv("OMP_NUM_THREADS", "3,2", 1);
  CHECK(num_threads() == 3);
  ::setenv("WEFT_NUM_THREADS", "5", 1);
  CHECK(num_threads() == 3);  // read once
  set_num_threads(0);
  CHECK(num_threads() == 5);
  for (char const* nonsense : {"", "none", "0", "-4"}) {
    CAPTURE(nonsense);
    ::setenv("WEFT_NUM_THREADS", nonsense, 1);
    set_num_threads(0);
    CHECK(num_threads() == 3);
  }
  ::setenv("WEFT_NUM_THREADS", "99999999999", 1);
  set_num_threads(0);
  CHECK(num_threads() == weft::process::most_workers);
  ::unsetenv("WEFT_NUM_THREADS");
  ::unsetenv("OMP_NUM_THREADS");
  set_num_threads(0);
  CHECK(num_threads() >= 1);
  CHECK(num_threads() <= static_cast<int>(std::thread::hardware_concurrency()));
  set_num_threads(-7);
  CHECK(num_threads() == 1);
}

TEST_CASE("with one thread the caller does everything in order, and no thread starts") {
  set_num_threads(1);
  std::vector<index_t> order;
  auto const self = std::this_thread::get_id();
  bool elsewhere = false;
  parallel_for(100, [&](index_t i) {
    order.push_back(i);
    elsewhere |= std::this_thread::get_id() != self;
  });
  CHECK(order.size() == 100);
  CHECK(std::is_sorted(order.begin(), order.end()));
  CHECK_FALSE(elsewhere);
  CHECK(weft::process::pool.started == 0);
}

TEST_CASE("every task runs once") {
  for (int threads : {1, 2, 3, 8}) {
    set_num_threads(threads);
    for (index_t tasks : {index_t{-1}, index_t{0}, index_t{1}, index_t{2}, index_t{3}, index_t{7}, index_t{1000}}) {
      CAPTURE(threads);
      CAPTURE(tasks);
      CHECK(runs(tasks) == std::vector<int>(static_cast<std::size_t>(tasks > 0 ? tasks : 0), 1));
    }
  }
}

TEST_CASE("workers take part, no more than asked for") {
  set_num_threads(3);
  std::mutex mutex;
  std::set<std::thread::id> ids;
  parallel_for(60, [&](index_t) {
    wait(500);
    std::lock_guard const lock(mutex);
    ids.insert(std::this_thread::get_id());
  });
  CHECK(ids.size() >= 2);
  CHECK(ids.size() <= 3);
  set_num_threads(2);
  ids.clear();
  parallel_for(60, [&](index_t) {
    wait(200);
    std::lock_guard const lock(mutex);
    ids.insert(std::this_thread::get_id());
  });
  CHECK(ids.size() <= 2);
}

TEST_CASE("what tasks wrote is there afterwards, call after call, with workers awake or asleep") {
  set_num_threads(4);
  std::vector<long> data(64, 0);
  for (int round = 0; round != 3000; ++round) {
    parallel_for(64, [&](index_t i) { data[static_cast<std::size_t>(i)] += i; });  // not atomic
    if (round % 1000 == 0) wait(5000);
  }
  for (std::size_t i = 0; i != 64; ++i) CHECK(data[i] == 3000 * static_cast<long>(i));
}

TEST_CASE("nested calls run on the thread that makes them") {
  set_num_threads(4);
  std::atomic<int> total = 0, strangers = 0;
  parallel_for(8, [&](index_t) {
    auto const self = std::this_thread::get_id();
    parallel_for(5, [&](index_t) {
      total += 1;
      strangers += std::this_thread::get_id() != self;
    });
  });
  CHECK(total == 40);
  CHECK(strangers == 0);
}

TEST_CASE("several user threads may call at the same time") {
  set_num_threads(3);
  std::atomic<long> total = 0;
  std::vector<std::thread> users;
  for (int u = 0; u != 4; ++u) {
    users.emplace_back([&] {
      for (int round = 0; round != 300; ++round) {
        long mine = 0;
        std::atomic<long> sum = 0;
        parallel_for(10, [&](index_t i) { sum += i; });
        mine = sum;
        total += mine;
      }
    });
  }
  for (auto& u : users) u.join();
  CHECK(total == 4 * 300 * 45);
}

#ifndef WEFT_NO_EXCEPTIONS
TEST_CASE("an exception of a task reaches the caller, and the pool goes on") {
  for (int threads : {1, 2, 4}) {
    set_num_threads(threads);
    CAPTURE(threads);
    std::atomic<int> done = 0;
    auto const bad = [&](index_t i) {
      if (i == 13) throw std::runtime_error("task 13");
      wait(10);
      done += 1;
    };
    CHECK_THROWS_WITH_AS(parallel_for(50000, bad), "task 13", std::runtime_error);
    CHECK(done < 49999);  // the rest was skipped
    auto const all_bad = [](index_t) { throw 1; };
    CHECK_THROWS_AS(parallel_for(64, all_bad), int);
    CHECK(runs(50) == std::vector<int>(50, 1));
  }
}

TEST_CASE("a nested exception can be caught inside the task") {
  set_num_threads(4);
  std::atomic<int> caught = 0;
  parallel_for(8, [&](index_t) {
    try {
      parallel_for(4, [](index_t i) {
        if (i == 2) throw std::logic_error("inner");
      });
    } catch (std::logic_error const&) {
      caught += 1;
    }
  });
  CHECK(caught == 8);
}
#endif

namespace {

struct recorder {
  index_t tasks = 0;
  int calls = 0;
};
void backwards(void* context, index_t tasks, void (*task)(void*, index_t), void* data) {
  auto& r = *static_cast<recorder*>(context);
  r.tasks = tasks;
  r.calls += 1;
  std::thread other([=] {
    for (index_t i = tasks / 2; i-- > 0;) task(data, i);
  });
  for (index_t i = tasks; i-- > tasks / 2;) task(data, i);
  other.join();
}

}  // namespace

TEST_CASE("the user's executor") {
  recorder r;
  weft::set_executor(backwards, &r);
  CHECK(runs(33) == std::vector<int>(33, 1));
  CHECK(r.tasks == 33);
  CHECK(r.calls == 1);
  CHECK(runs(1) == std::vector<int>(1, 1));  // not worth a call
  CHECK(r.calls == 1);
  std::atomic<int> total = 0;
  parallel_for(4, [&](index_t) { parallel_for(3, [&](index_t) { total += 1; }); });
  CHECK(total == 12);
  CHECK(r.calls == 2);  // nested calls do not reach it
#ifndef WEFT_NO_EXCEPTIONS
  auto const bad = [](index_t i) {
    if (i == 3) throw std::runtime_error("three");
  };
  CHECK_THROWS_WITH(parallel_for(8, bad), "three");
#endif
  weft::set_executor(nullptr);
  int const calls = r.calls;
  CHECK(runs(33) == std::vector<int>(33, 1));
  CHECK(r.calls == calls);
}

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define __SANITIZE_THREAD__ 1
#endif
#endif
#if !defined(__SANITIZE_THREAD__)  // which does not follow threads that start after a fork
TEST_CASE("a child process starts its own workers") {
  set_num_threads(3);
  CHECK(runs(100) == std::vector<int>(100, 1));
  std::fflush(nullptr);
  pid_t const child = fork();
  if (child == 0) {
    bool const all = runs(200) == std::vector<int>(200, 1) && weft::process::pool.started == 2;
    _exit(all ? 0 : 1);
  }
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(runs(100) == std::vector<int>(100, 1));
}

TEST_CASE("a process may exit from inside a task") {
  set_num_threads(3);
  CHECK(runs(100) == std::vector<int>(100, 1));
  std::fflush(nullptr);
  pid_t const child = fork();
  if (child == 0) {
    parallel_for(8, [](index_t i) {
      wait(100);
      if (i == 5) std::exit(runs(10) == std::vector<int>(10, 1) ? 7 : 8);
    });
    _exit(9);
  }
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WEXITSTATUS(status) == 7);
}
#endif
