#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <weft/core/arena.hpp>

#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

#if WEFT_ADDRESS_SANITIZER
extern "C" int __asan_address_is_poisoned(void const volatile*);
#endif

using weft::arena_scope;
using weft::index_t;

namespace {

bool aligned(void const* p) { return reinterpret_cast<std::uintptr_t>(p) % 64 == 0; }

// Takes pieces of many sizes at several depths and checks that none overlap.
void nest(int depth, index_t size) {
  arena_scope scope;
  char* const a = scope.take<char>(size);
  double* const b = scope.take<double>(size / 3);
  CHECK(aligned(a));
  CHECK(aligned(b));
  std::memset(a, depth, static_cast<std::size_t>(size));
  for (index_t i = 0; i != size / 3; ++i) b[i] = depth;
  if (depth != 0) {
    nest(depth - 1, size * 2);
    nest(depth - 1, size + 1);
  }
  char* const c = scope.take<char>(size);
  std::memset(c, depth + 1, static_cast<std::size_t>(size));
  index_t wrong = 0;
  for (index_t i = 0; i != size; ++i) wrong += a[i] != depth || c[i] != depth + 1;
  for (index_t i = 0; i != size / 3; ++i) wrong += b[i] != depth;
  CHECK(wrong == 0);
}

}  // namespace

TEST_CASE("pieces are aligned, apart, and stay while inner scopes come and go") {
  for (index_t size : {index_t{0}, index_t{1}, index_t{63}, index_t{64}, index_t{1000}, index_t{30000}}) nest(5, size);
}

TEST_CASE("a scope gives back what it took") {
  arena_scope outer;
  float const* first = nullptr;
  for (int i = 0; i != 10; ++i) {
    arena_scope inner;
    float* const p = inner.take<float>(100);
    p[99] = 1;
    if (!first) first = p;
    CHECK(p == first);
  }
}

TEST_CASE("nothing is allocated once the thread has seen the work") {
  auto const work = [] {
    arena_scope outer;
    outer.take<float>(1000)[999] = 1;
    for (int i = 0; i != 5; ++i) {
      arena_scope inner;
      inner.take<float>(300000)[299999] = 1;  // larger than the first piece
      inner.take<float>(200000)[0] = 1;
    }
  };
  work();
  work();
  std::int64_t const before = weft::memory_stats().requests;
  for (int i = 0; i != 10; ++i) work();
  CHECK(weft::memory_stats().requests == before);
}

TEST_CASE("what was far too large is not kept") {
  std::int64_t const before = weft::memory_stats().bytes_in_use;
  {
    arena_scope scope;
    scope.take<char>(100 << 20)[0] = 1;
  }
  CHECK(weft::memory_stats().bytes_in_use <= before);
  arena_scope scope;
  scope.take<char>(100)[99] = 1;
  CHECK(weft::memory_stats().bytes_in_use <= before + (64 << 20));
}

TEST_CASE("each thread has its own, and leaves nothing behind") {
  std::int64_t const before = weft::memory_stats().bytes_in_use;
  std::vector<std::thread> threads;
  for (int t = 0; t != 4; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i != 20; ++i) {
        arena_scope scope;
        int* const p = scope.take<int>(10000 * (t + 1));
        for (int k = 0; k != 10000; ++k) p[k] = t;
        int wrong = 0;
        for (int k = 0; k != 10000; ++k) wrong += p[k] != t;
        if (wrong != 0) std::abort();
      }
    });
  }
  for (auto& t : threads) t.join();
  CHECK(weft::memory_stats().bytes_in_use == before);
}

#if WEFT_ADDRESS_SANITIZER
TEST_CASE("the address sanitizer sees overruns and what a scope gave back") {
  arena_scope outer;
  char const* p = nullptr;
  {
    arena_scope inner;
    p = inner.take<char>(100);
    CHECK_FALSE(__asan_address_is_poisoned(p + 99));
    CHECK(__asan_address_is_poisoned(p + 100));
    static_cast<void>(inner.take<char>(100));
    CHECK(__asan_address_is_poisoned(p + 128));
  }
  CHECK(__asan_address_is_poisoned(p));
  CHECK(__asan_address_is_poisoned(p + 99));
}
#endif
