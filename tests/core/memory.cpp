#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <weft/core/memory.hpp>
#include <weft/core/storage.hpp>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#if WEFT_ADDRESS_SANITIZER
extern "C" int __asan_address_is_poisoned(void const volatile*);
#endif

using weft::memory_stats;
using weft::storage;

namespace {

// Lives longer than the thread's lists, which register later: its buffer ends on a thread that has departed.
struct late {
  storage kept;
};
thread_local late outlives_the_cache;
storage static_handle;

std::int64_t allocations() { return memory_stats().allocations; }

}  // namespace

TEST_CASE("a size class is the smallest that fits and wastes at most a quarter") {
  using namespace weft::blocks;
  for (std::uint32_t c = 1; c != weft::process::size_classes; ++c) {
    CAPTURE(c);
    CHECK(class_bytes(c) > class_bytes(c - 1));
    CHECK(class_bytes(c) % 64 == 0);
    CHECK(size_class(class_bytes(c)) == c);
    CHECK(size_class(class_bytes(c - 1) + 1) == c);
    if (c >= 4) CHECK(4 * class_bytes(c) <= 5 * class_bytes(c - 1));
  }
  CHECK(class_bytes(size_class(0)) == 64);
  CHECK(size_class(1) == 0);
  for (int power = 6; power <= 46; ++power) {
    CHECK(class_bytes(size_class(std::size_t{1} << power)) == std::size_t{1} << power);
  }
  CHECK(size_class(weft::process::largest_buffer) < weft::process::size_classes);
  CHECK(class_bytes(weft::process::small_classes - 1) == 65536);
}

TEST_CASE("what was given back is used again") {
  for (std::size_t bytes : {0ul, 1ul, 64ul, 1000ul, 65536ul, 65537ul, 1ul << 20, 3ul << 20}) {
    CAPTURE(bytes);
    void const* const first = storage::allocate(bytes).data();
    auto const before = memory_stats();
    CHECK(storage::allocate(bytes).data() == first);
    auto const after = memory_stats();
    CHECK(after.allocations == before.allocations);
    CHECK(after.requests == before.requests + 1);
    CHECK(after.bytes_in_use == before.bytes_in_use);
  }
}

TEST_CASE("a program that repeats itself stops asking the system") {
  auto const step = [] {
    std::vector<storage> tape;
    for (std::size_t i = 0; i != 500; ++i) {
      tape.push_back(storage::allocate(16 + i * i));
      if (i % 3 == 0) tape.erase(tape.begin() + static_cast<long>(tape.size() / 2));
    }
  };
  step();
  std::int64_t const before = allocations();
  for (int i = 0; i != 20; ++i) step();
  CHECK(allocations() == before);
}

TEST_CASE("bytes in use and their peak are exact in one thread") {
  std::int64_t const base = memory_stats().bytes_in_use;
  weft::reset_memory_peak();
  {
    storage a = storage::allocate(100);
    storage b = storage::allocate(1'000'000);
    CHECK(memory_stats().bytes_in_use == base + 1'000'100);
    a = storage();
    b = storage();
    CHECK(memory_stats().bytes_in_use == base);
    CHECK(memory_stats().bytes_peak == base + 1'000'100);
  }
  weft::reset_memory_peak();
  CHECK(memory_stats().bytes_peak == base);
  { storage const c = storage::allocate(77); }  // served by the thread's list
  CHECK(memory_stats().bytes_peak == base + 77);
  char user[10];
  storage const borrowed = storage::borrow(user, 10);
  CHECK(memory_stats().bytes_in_use == base);
}

TEST_CASE("the limit holds, and the blocks that rested longest go first") {
  weft::clear_memory_cache();
  CHECK(memory_stats().bytes_cached == 0);
  std::size_t const mebibyte = 1 << 20;
  std::size_t const limit = weft::set_memory_cache_limit(3 * mebibyte);
  storage a = storage::allocate(mebibyte), b = storage::allocate(mebibyte / 2), c = storage::allocate(2 * mebibyte);
  a = storage();
  b = storage();
  CHECK(memory_stats().bytes_cached == 3 * static_cast<std::int64_t>(mebibyte) / 2);
  c = storage();  // 3.5 MiB: `a` goes
  CHECK(memory_stats().bytes_cached == 5 * static_cast<std::int64_t>(mebibyte) / 2);
  std::int64_t const before = allocations();
  b = storage::allocate(mebibyte / 2);
  c = storage::allocate(2 * mebibyte);
  CHECK(allocations() == before);
  a = storage::allocate(mebibyte);
  CHECK(allocations() == before + 1);
  CHECK(weft::set_memory_cache_limit(0) == 3 * mebibyte);
  a = b = c = storage();
  CHECK(memory_stats().bytes_cached == 0);
  weft::set_memory_cache_limit(limit);
}

TEST_CASE("clearing gives back what this thread keeps too") {
  { storage const small = storage::allocate(640); }
  weft::clear_memory_cache();
  std::int64_t const before = allocations();
  { storage const small = storage::allocate(640); }
  CHECK(allocations() == before + 1);
}

TEST_CASE("more small blocks than a thread keeps overflow to the process and come back") {
  weft::clear_memory_cache();
  auto const many = [] {
    std::vector<storage> all;
    for (int i = 0; i != 1000; ++i) all.push_back(storage::allocate(64));
  };
  many();
  CHECK(memory_stats().bytes_cached >= 64 * (1000 - 128));
  std::int64_t const before = allocations();
  many();
  CHECK(allocations() == before);
  weft::clear_memory_cache();
  CHECK(memory_stats().bytes_cached == 0);
}

#if !WEFT_ADDRESS_SANITIZER
TEST_CASE("large buffers begin on a huge page") {
  for (std::size_t bytes : {std::size_t{2} << 20, (std::size_t{4} << 20) + 1, std::size_t{33} << 20}) {
    storage const s = storage::allocate(bytes);
    CHECK(reinterpret_cast<std::uintptr_t>(s.data()) % (2 << 20) == 0);
    std::memset(s.data(), 1, 1);
    std::memset(static_cast<char*>(s.data()) + bytes - 1, 1, 1);
  }
  weft::clear_memory_cache();
}
#else
TEST_CASE("the address sanitizer sees blocks at rest and the end of each buffer") {
  storage s = storage::allocate(100);
  char const* const p = static_cast<char const*>(s.data());
  CHECK_FALSE(__asan_address_is_poisoned(p));
  CHECK_FALSE(__asan_address_is_poisoned(p + 99));
  CHECK(__asan_address_is_poisoned(p + 100));
  CHECK(__asan_address_is_poisoned(p + 127));
  s = storage();
  CHECK(__asan_address_is_poisoned(p));
  CHECK(__asan_address_is_poisoned(p + 99));
  s = storage::allocate(110);
  CHECK(s.data() == p);
  CHECK_FALSE(__asan_address_is_poisoned(p + 109));
  CHECK(__asan_address_is_poisoned(p + 110));
}
#endif

#ifndef WEFT_NO_EXCEPTIONS
TEST_CASE("what no machine has is an error, and leaves no trace") {
  auto const before = memory_stats();
  CHECK_THROWS_AS(static_cast<void>(storage::allocate((std::size_t{1} << 46) + 1)), weft::error);
  CHECK_THROWS_AS(static_cast<void>(storage::allocate(~std::size_t{0})), weft::error);
#if !WEFT_ADDRESS_SANITIZER && !defined(__SANITIZE_THREAD__)
  CHECK_THROWS_AS(static_cast<void>(storage::allocate(std::size_t{1} << 46)), weft::error);
#endif
  CHECK(memory_stats().bytes_in_use == before.bytes_in_use);
  CHECK(storage::allocate(10).bytes() == 10);
}
#endif

TEST_CASE("counters are summed over threads, also those that ended") {
  auto const before = memory_stats();
  weft::counters().kernels += 2;
  for (int round = 0; round != 3; ++round) {
    std::thread one([] {
      for (int i = 0; i != 1000; ++i) weft::counters().kernels += 1;
    });
    std::thread two([] {
      for (int i = 0; i != 1000; ++i) weft::counters().copies_on_write += 1;
    });
    memory_stats();  // while they run
    one.join();
    two.join();
  }
  auto const after = memory_stats();
  CHECK(after.kernels == before.kernels + 3002);
  CHECK(after.copies_on_write == before.copies_on_write + 3000);
}

TEST_CASE("a thread that ends leaves its blocks to the others") {
  weft::clear_memory_cache();
  auto const work = [] {
    std::vector<storage> all;
    for (std::size_t i = 0; i != 100; ++i) all.push_back(storage::allocate(i * 100));
  };
  std::thread(work).join();
  std::int64_t const before = allocations();
  std::thread(work).join();
  CHECK(allocations() == before);
  CHECK(memory_stats().bytes_in_use == 0);
}

TEST_CASE("threads that allocate, pass on and free") {
  std::int64_t const base = memory_stats().bytes_in_use;
  std::vector<storage> mailbox[4];
  for (int round = 0; round != 20; ++round) {
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t != 4; ++t) {
      threads.emplace_back([&mailbox, t, round] {
        mailbox[t].clear();  // of another thread, from the round before
        for (std::size_t i = 0; i != 200; ++i) {
          std::size_t const bytes = (i * 37 + t) % 3000 + (i % 50 == 0 ? 100000 : 0);
          mailbox[t].push_back(storage::allocate(bytes));
          std::memset(mailbox[t].back().data(), round, bytes);
        }
      });
    }
    if (round % 5 == 0) weft::clear_memory_cache();
    for (auto& t : threads) t.join();
    std::swap(mailbox[0], mailbox[1 + round % 3]);
  }
  for (auto& box : mailbox) box.clear();
  CHECK(memory_stats().bytes_in_use == base);
}

TEST_CASE("handles may outlive the thread's lists and the process's end") {
  std::int64_t const base = memory_stats().bytes_in_use;
  for (int i = 0; i != 3; ++i) {
    std::thread([] {
      late& mine = outlives_the_cache;  // its destructor is registered first, so it runs last
      mine.kept = storage::allocate(48);
      std::memset(mine.kept.data(), 1, 48);
    }).join();
  }
  CHECK(memory_stats().bytes_in_use == base);
  static_handle = storage::allocate(500);
  outlives_the_cache.kept = static_handle;
}

TEST_CASE("a child process has a cache of its own") {
  storage const before = storage::allocate(333);
  std::memset(before.data(), 5, 333);
  std::fflush(nullptr);
  pid_t const child = fork();
  if (child == 0) {
    storage mine = before;
    std::int64_t const in_use = memory_stats().bytes_in_use;
    mine = storage::allocate(70000);
    bool const right = memory_stats().bytes_in_use == in_use + 70000 && static_cast<char*>(before.data())[332] == 5;
    _exit(right ? 0 : 1);
  }
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}
