// Compiled once for each instruction set, with -DUNIT=base, avx2 or avx512.
#include "unit.hpp"

#include <weft/io/json.hpp>

#include <new>

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
#define JOIN_OF(a, b) a##b
#define JOIN(a, b) JOIN_OF(a, b)

namespace weft {
inline namespace WEFT_ISA {

// Long enough loops that the optimiser uses its widest registers.
inline void fill(float* out, long n, float first) {
  for (long i = 0; i < n; ++i) out[i] = first + static_cast<float>(i);
}
inline void sum_of(float* out, float const* a, float const* b, long n) {
  for (long i = 0; i < n; ++i) out[i] = a[i] + b[i];
}

}  // namespace WEFT_ISA
}  // namespace weft

namespace {

void make(value& out, long n, float first) {
  value fresh;
  fresh.prepare({n});
  weft::fill(fresh.data(), n, first);
  out = static_cast<value&&>(fresh);
}
void add(value& out, value const& a, value const& b) {
  value fresh;
  fresh.prepare(a.sizes());
  float* const y = fresh.data();
  weft::parallel_for(4, [&](weft::index_t part) {
    long const from = a.size() * part / 4, to = a.size() * (part + 1) / 4;
    weft::sum_of(y + from, a.data() + from, b.data() + from, to - from);
  });
  out = (a + b + fresh) * 0.5f;
}
float total(value const& a) {
  weft::arena_scope scope;
  float* const partial = scope.take<float>(16);
  for (int k = 0; k != 16; ++k) partial[k] = 0;
  for (long i = 0; i < a.size(); ++i) partial[i % 16] += a.data()[i];
  float sum = 0;
  for (int k = 0; k != 16; ++k) sum += partial[k];
  return (sum + weft::sum(a)) / 2;
}
float weigh(table& t, value const& a) {
  t += 1;
  t(0, weft::all) = t(1, weft::all);
  return sum(t) + sum(a) + sum(softmax(a));
}

void copy(value* uninitialised, value const& a) { new (uninitialised) value(a); }
void destroy(value* a) { a->~value(); }
bool catches() {
  try {
    weft::fail<weft::shape_error>("a mistake in the unit for " TEXT(UNIT));
  } catch (weft::error const& e) {
    return e.what()[0] == 'a';
  }
}
bool reads() {
  char const* const text = "{\"name\": \"a longer text than fits a register\", \"sizes\": [1, 2.5, -3e10]}";
  weft::io::json const value = weft::io::parse_json(text);
  return weft::io::to_text(weft::io::parse_json(weft::io::to_text(value))) == weft::io::to_text(value);
}
long kernels() { return static_cast<long>(weft::memory_stats().kernels); }

}  // namespace

extern unit const JOIN(UNIT, _unit);
unit const JOIN(UNIT, _unit) = {TEXT(WEFT_ISA), make, add, total, weigh, copy, destroy, catches, kernels, reads};
