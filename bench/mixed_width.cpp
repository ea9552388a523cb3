// What conversions inside a loop cost: packs of one lane count, a compiler's vectors of as many lanes, the plain loop.
//
//   g++ -std=c++20 -O3 -march=native -Iinclude bench/mixed_width.cpp -o mixed_width && ./mixed_width
//
// Variants run in turns within one process over 16384 elements; figures are medians, in nanoseconds a pack of floats.
#include <weft/core/dtype.hpp>
#include <weft/simd/pack.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <vector>

namespace {

using weft::index_t;
namespace simd = weft::simd;

constexpr index_t n = 16384;
constexpr int N = simd::lanes<float>;

template <class T>
struct vector_of {
  using type [[gnu::vector_size(sizeof(T) * unsigned{N})]] = T;
};
template <class T>
using vec = typename vector_of<T>::type;
template <class T>
vec<T> get(T const* p) {
  vec<T> v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
template <class T>
void put(T* p, vec<T> v) {
  __builtin_memcpy(p, &v, sizeof v);
}
template <class T>
simd::pack<T, N> load(T const* p) {
  return simd::pack<T, N>::load(p);
}

template <class T>
std::vector<T>& data(int which) {
  static std::vector<T> all[2];
  auto& v = all[which];
  if (v.empty())
    for (index_t i = 0; i < n; ++i) v.push_back(static_cast<T>((i * 37 + which) % 100));
  return v;
}

// A case: f(pack, pack), g(vector, vector) and h(number, number) give an element of the result.
template <class A, class B, class R, class F, class G, class H>
void run(char const* name, F f, G g, H h) {
  A const* a = data<A>(0).data();
  B const* b = data<B>(1).data();
  static std::vector<R> out(static_cast<std::size_t>(n));
  R* r = out.data();
  auto const packs = [=] {
    for (index_t i = 0; i < n; i += N) f(load(a + i), load(b + i)).store(r + i);
  };
  auto const vectors = [=] {
    for (index_t i = 0; i < n; i += N) put<R>(r + i, g(get(a + i), get(b + i)));
  };
  auto const loop = [=] {
    for (index_t i = 0; i < n; ++i) r[i] = h(a[i], b[i]);
  };
  std::vector<double> times[3];
  for (int round = 0; round < 31; ++round) {
    auto const time = [&](auto const& body, std::vector<double>& into) {
      auto const start = std::chrono::steady_clock::now();
      for (int i = 0; i < 20; ++i) {
        body();
        __asm__ __volatile__("" : : "g"(r) : "memory");
      }
      std::chrono::duration<double, std::nano> const spent = std::chrono::steady_clock::now() - start;
      into.push_back(spent.count() / (20 * n / N));
    };
    time(packs, times[0]);
    time(vectors, times[1]);
    time(loop, times[2]);
  }
  for (auto& t : times) std::nth_element(t.begin(), t.begin() + 15, t.end());
  double const ours = times[0][15];
  std::printf("%-24s %6.2f ns   one vector %5.1f   loop %5.1f\n", name, ours, times[1][15] / ours, times[2][15] / ours);
}

}  // namespace

int main() {
  using simd::convert;
  using std::int8_t, std::int32_t, std::int64_t, std::uint8_t;
  run<int8_t, float, float>(
      "int8 to float, scaled", [](auto a, auto b) { return convert<float>(a) * b; },
      [](auto a, auto b) { return __builtin_convertvector(a, vec<float>) * b; },
      [](auto a, auto b) { return static_cast<float>(a) * b; });
  run<uint8_t, float, float>(
      "bool selects float", [](auto a, auto b) { return simd::select(convert<float>(a) != 0.f, b, -b); },
      [](auto a, auto b) { return __builtin_convertvector(a, vec<int32_t>) != 0 ? b : -b; },
      [](auto a, auto b) { return a ? b : -b; });
  run<double, float, double>(
      "double + float", [](auto a, auto b) { return a + convert<double>(b); },
      [](auto a, auto b) { return a + __builtin_convertvector(b, vec<double>); },
      [](auto a, auto b) { return a + static_cast<double>(b); });
  run<double, float, float>(
      "float(double) * float", [](auto a, auto b) { return convert<float>(a) * b; },
      [](auto a, auto b) { return __builtin_convertvector(a, vec<float>) * b; },
      [](auto a, auto b) { return static_cast<float>(a) * b; });
  run<int32_t, float, float>(
      "float(int32) * float", [](auto a, auto b) { return convert<float>(a) * b; },
      [](auto a, auto b) { return __builtin_convertvector(a, vec<float>) * b; },
      [](auto a, auto b) { return static_cast<float>(a) * b; });
  run<int64_t, float, float>(
      "float(int64) * float", [](auto a, auto b) { return convert<float>(a) * b; },
      [](auto a, auto b) { return __builtin_convertvector(a, vec<float>) * b; },
      [](auto a, auto b) { return static_cast<float>(a) * b; });
  run<float, float, int8_t>(
      "float to int8", [](auto a, auto b) { return convert<int8_t>(a + b); },
      [](auto a, auto b) { return __builtin_convertvector(a + b, vec<int8_t>); },
      [](auto a, auto b) { return static_cast<int8_t>(a + b); });
}
