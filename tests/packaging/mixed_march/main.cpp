// One program of units for three instruction sets. It is itself compiled for the oldest, as is the unit `base`.
#include "unit.hpp"

#include <cstdio>

#include <pthread.h>

namespace {

int mistakes = 0;

void check(bool right, char const* what, unit const& a, unit const& b) {
  if (right) return;
  ++mistakes;
  std::printf("wrong: %s, %s with %s\n", what, a.isa, b.isa);
}

// Values go round between three units.
void round_of(unit const& a, unit const& b, unit const& c, long n) {
  value x, y, z;
  a.make(x, n, 1);
  b.make(y, n, 2);
  c.add(z, x, y);  // 3, 5, ...
  check(b.total(z) == static_cast<float>(n * (n + 2)), "sum", b, c);
  alignas(value) unsigned char room[sizeof(value)];
  value* const copied = reinterpret_cast<value*>(room);
  a.copy(copied, z);
  b.make(z, 5, 0);  // the copy keeps what it had
  check(c.total(*copied) == static_cast<float>(n * (n + 2)), "snapshot", a, c);
  c.destroy(copied);
  check(a.total(z) == 10, "replaced", a, b);
  table t;
  float const once = a.weigh(t, z), twice = b.weigh(t, z);
  check(once > 138.99f && once < 139.01f && twice > 266.99f && twice < 267.01f, "known sizes", a, b);
}

unit const* in_thread_first;
unit const* in_thread_second;
void* in_thread(void*) {
  round_of(*in_thread_first, *in_thread_second, *in_thread_first, 100);
  return nullptr;
}

}  // namespace

int main() {
  __builtin_cpu_init();
  unit const* units[3] = {&base_unit};
  int count = 1;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) units[count++] = &avx2_unit;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl")) {
    units[count++] = &avx512_unit;
  }
  for (int repeat = 0; repeat != 3; ++repeat) {
    for (int i = 0; i != count; ++i) {
      for (int k = 0; k != count; ++k) {
        unit const &a = *units[i], &b = *units[k];
        for (long n : {1L, 16L, 1000L}) round_of(a, b, *units[(i + k) % count], n);
        in_thread_first = &a;
        in_thread_second = &b;
        pthread_t thread;
        if (pthread_create(&thread, nullptr, in_thread, nullptr) == 0) pthread_join(thread, nullptr);
        check(a.catches(), "exception", a, b);
        check(a.reads(), "json", a, b);
        check(a.kernels() == b.kernels(), "one set of counters", a, b);
      }
    }
  }
  weft::memory_statistics const stats = weft::memory_stats();
  if (stats.bytes_in_use > 1 << 19) {  // what is left is scratch
    ++mistakes;
    std::printf("wrong: %lld bytes are still in use\n", static_cast<long long>(stats.bytes_in_use));
  }
  std::printf("%d units, %lld kernels, %d mistakes\n", count, static_cast<long long>(stats.kernels), mistakes);
  return mistakes != 0;
}
