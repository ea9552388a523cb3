// What owning costs: counted handles, plain against locked, and the cache of buffers against the system's allocator.
//
//   g++ -std=c++20 -O2 -DNDEBUG -Iinclude bench/ownership.cpp -o ownership && ./ownership
//
// Variants run in turns within one process; each figure is the median of its rounds, in nanoseconds.
#include <weft/core/storage.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include <sys/mman.h>

namespace {

using weft::storage;

template <class T>
void keep(T const& value) {
  __asm__ __volatile__("" : : "g"(&value) : "memory");
}

struct variant {
  char const* name;
  int repeats;
  std::function<void(int)> run;
  std::vector<double> samples = {};
};

void report(char const* title, std::vector<variant> variants, int rounds) {
  for (int round = 0; round != rounds; ++round) {
    for (variant& v : variants) {
      auto const start = std::chrono::steady_clock::now();
      v.run(v.repeats);
      std::chrono::duration<double, std::nano> const spent = std::chrono::steady_clock::now() - start;
      if (round != 0) v.samples.push_back(spent.count() / v.repeats);
    }
  }
  std::printf("%s\n", title);
  for (variant& v : variants) {
    std::nth_element(v.samples.begin(), v.samples.begin() + static_cast<long>(v.samples.size() / 2), v.samples.end());
    std::printf("  %-54s %12.1f\n", v.name, v.samples[v.samples.size() / 2]);
  }
}

// What an expression does with its leaves: copies of handles go in, the result takes the old one's place.
// The loop itself is four additions.

// The usual alternatives, for comparison.
using shared = std::shared_ptr<float>;
struct locked_block {
  long holders;
};
struct locked {  // the same handle, always atomic, on the system's allocator
  char* block = nullptr;
  explicit locked(std::size_t bytes) : block(static_cast<char*>(std::aligned_alloc(64, 64 + (bytes + 63) / 64 * 64))) {
    reinterpret_cast<locked_block*>(block)->holders = 1;
  }
  locked(locked const& other) : block(other.block) {
    __atomic_fetch_add(&reinterpret_cast<locked_block*>(block)->holders, 1, __ATOMIC_RELAXED);
  }
  locked(locked&& other) noexcept : block(other.block) { other.block = nullptr; }
  locked& operator=(locked other) noexcept {
    std::swap(block, other.block);
    return *this;
  }
  ~locked() {
    if (block && __atomic_sub_fetch(&reinterpret_cast<locked_block*>(block)->holders, 1, __ATOMIC_ACQ_REL) == 0) {
      std::free(block);
    }
  }
  float* data() const { return reinterpret_cast<float*>(block + 64); }
};

float* floats(storage const& s) { return static_cast<float*>(s.data()); }
float* floats(shared const& s) { return s.get(); }
float* floats(locked const& s) { return s.data(); }

template <class Handle>
struct sum2 {
  Handle a, b;
};
template <class Handle>
struct sum3 {
  sum2<Handle> ab;
  Handle c;
};

template <class Handle, class Make>
void add2(Handle& y, Handle const& a, Handle const& b, Make make) {
  sum2<Handle> const e{a, b};
  keep(e);
  Handle fresh = make();
  for (int i = 0; i != 4; ++i) floats(fresh)[i] = floats(e.a)[i] + floats(e.b)[i];
  y = std::move(fresh);
}
template <class Handle, class Make>
void add3(Handle& y, Handle const& a, Handle const& b, Handle const& c, Make make) {
  sum3<Handle> const e{{a, b}, c};
  keep(e);
  Handle fresh = make();
  for (int i = 0; i != 4; ++i) floats(fresh)[i] = floats(e.ab.a)[i] + floats(e.ab.b)[i] + floats(e.c)[i];
  y = std::move(fresh);
}
// As `y = a + b` does when y exists, has the size and nobody else holds it: no allocation.
void add2_in_place(storage& y, storage const& a, storage const& b) {
  sum2<storage> const e{a, b};
  keep(e);
  if (!y.unique()) y = storage::allocate(16);
  for (int i = 0; i != 4; ++i) floats(y)[i] = floats(e.a)[i] + floats(e.b)[i];
}

template <class Handle, class Make>
variant adding(char const* name, int leaves, Make make) {
  Handle a = make(), b = make(), c = make(), y = make();
  for (int i = 0; i != 4; ++i) floats(a)[i] = floats(b)[i] = floats(c)[i] = 1;
  return {name, 200000, [=](int n) mutable {
            for (int i = 0; i != n; ++i) {
              leaves == 2 ? add2(y, a, b, make) : add3(y, a, b, c, make);
              keep(y);
            }
          }};
}

void small_expressions(char const* title) {
  auto const cached = [] { return storage::allocate(16); };
  auto const system = [] { return locked(16); };
  auto const make_shared = [] { return shared(new float[4], std::default_delete<float[]>()); };
  storage const a = cached(), b = cached(), y = cached();
  std::memset(a.data(), 0, 16);
  std::memset(b.data(), 0, 16);
  report(title,
         {adding<storage>("2 leaves, storage, fresh result", 2, cached),
          adding<storage>("3 leaves, storage, fresh result", 3, cached),
          {"2 leaves, storage, into an existing result", 200000,
           [a, b](int n) {
             storage out = storage::allocate(16);
             for (int i = 0; i != n; ++i) {
               add2_in_place(out, a, b);
               keep(out);
             }
           }},
          adding<locked>("2 leaves, always locked, aligned_alloc", 2, system),
          adding<locked>("3 leaves, always locked, aligned_alloc", 3, system),
          adding<shared>("2 leaves, std::shared_ptr, new", 2, make_shared),
          adding<shared>("3 leaves, std::shared_ptr, new", 3, make_shared),
          {"storage::allocate and free, 16 bytes", 200000,
           [](int n) {
             for (int i = 0; i != n; ++i) {
               storage const s = storage::allocate(16);
               keep(s);
             }
           }},
          {"aligned_alloc and free, 80 bytes", 200000,
           [](int n) {
             for (int i = 0; i != n; ++i) {
               void* const p = std::aligned_alloc(64, 128);
               keep(p);
               std::free(p);
             }
           }}},
         51);
}

// `count` buffers live at a time, each written once, then all freed: a forward and backward pass.
template <class Allocate, class Free>
variant passes(char const* name, std::size_t bytes, int count, Allocate allocate, Free free) {
  int const repeats = bytes * static_cast<std::size_t>(count) > (1 << 22) ? 1 : bytes > 4096 ? 50 : 2000;
  return {name, repeats, [=](int n) {
            std::vector<decltype(allocate(bytes))> live(static_cast<std::size_t>(count));
            for (int i = 0; i != n; ++i) {
              for (auto& s : live) {
                s = allocate(bytes);
                void* p;
                std::memcpy(&p, &s, sizeof p);
                if constexpr (std::is_same_v<decltype(allocate(bytes)), storage>) p = s.data();
                std::memset(p, i, bytes);
                keep(s);
              }
              for (auto& s : live) free(s);
            }
          }};
}

void buffers(std::size_t bytes, int count) {
  char title[100];
  std::snprintf(title, sizeof title, "%d buffers of %zu KiB written once, then freed: one pass", count, bytes / 1024);
  auto const cached = passes("storage", bytes, count, [](std::size_t n) { return storage::allocate(n); },
                             [](storage& s) { s = storage(); });
  auto const aligned = passes("aligned_alloc", bytes, count, [](std::size_t n) { return std::aligned_alloc(64, n); },
                              [](void* p) { std::free(p); });
  auto const plain = passes("malloc", bytes, count, [](std::size_t n) { return std::malloc(n); },
                            [](void* p) { std::free(p); });
  auto const mapped = passes(
      "mmap", bytes, count,
      [](std::size_t n) { return mmap(nullptr, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); },
      [bytes](void* p) { munmap(p, bytes); });
  report(title, {cached, aligned, plain, mapped}, 31);
}

void* map_aligned(std::size_t bytes, int advice) {
  std::size_t const huge = 2 << 20;
  char* const p = static_cast<char*>(
      mmap(nullptr, bytes + huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  std::size_t const skip = (huge - reinterpret_cast<std::size_t>(p) % huge) % huge;
  if (skip) munmap(p, skip);
  munmap(p + skip + bytes, huge - skip);
  madvise(p + skip, bytes, advice);
  return p + skip;
}

void huge_pages(std::size_t bytes) {
  std::size_t const n = bytes / sizeof(float);
  float* sets[2][3];
  for (int huge = 0; huge != 2; ++huge) {
    for (float*& p : sets[huge]) {
      p = static_cast<float*>(map_aligned(bytes, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE));
      std::memset(p, 0, bytes);
    }
  }
  auto const first_touch = [bytes](int advice) {
    return [=](int) {
      void* const p = map_aligned(bytes, advice);
      std::memset(p, 1, bytes);
      munmap(p, bytes);
    };
  };
  auto const add = [n](float** set) {
    return [=](int times) {
      for (int t = 0; t != times; ++t) {
        for (std::size_t i = 0; i != n; ++i) set[2][i] = set[0][i] + set[1][i];
        keep(set);
      }
    };
  };
  auto const columns = [n](float const* p) {  // a column at a time: 4 KiB between neighbours
    return [=](int) {
      float sum = 0;
      for (std::size_t c = 0; c != 64; ++c) {
        for (std::size_t i = c; i < n; i += 1024) sum += p[i];
      }
      keep(sum);
    };
  };
  char title[100];
  std::snprintf(title, sizeof title, "pages of 4 KiB and 2 MiB, buffers of %zu MiB", bytes >> 20);
  report(title,
         {{"first touch, 4 KiB", 1, first_touch(MADV_NOHUGEPAGE)},
          {"first touch, 2 MiB", 1, first_touch(MADV_HUGEPAGE)},
          {"c = a + b, 4 KiB", 4, add(sets[0])},
          {"c = a + b, 2 MiB", 4, add(sets[1])},
          {"64 columns of 1024, 4 KiB", 1, columns(sets[0][0])},
          {"64 columns of 1024, 2 MiB", 1, columns(sets[1][0])}},
         21);
  for (auto& set : sets) {
    for (float* p : set) munmap(p, bytes);
  }
}

}  // namespace

int main() {
  small_expressions("4 elements, no thread was ever started");
  buffers(1 << 10, 64);
  buffers(1 << 16, 16);
  buffers(1 << 22, 8);
  huge_pages(std::size_t{4} << 20);
  huge_pages(std::size_t{64} << 20);
  std::thread([] {}).join();
  small_expressions("4 elements, a thread was started");
}
