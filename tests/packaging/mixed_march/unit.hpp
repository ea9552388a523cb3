// What each unit offers to the program: the same functions, compiled from one file with different -march. Values cross
// the units: made in one, written by a second, freed by a third.
//
// More of the library is put to the test by more functions here, in unit.cpp and in main.cpp's round.
#pragma once
#include <weft/core/storage.hpp>

#if MIXED_TENSORS
#include <weft/weft.hpp>
using value = weft::tensor<float, 1>;
#else
// A stand-in with what a tensor consists of: a handle and sizes, every member inlined always.
struct value {
  weft::storage buffer;
  long n = 0;

  WEFT_ALWAYS_INLINE value() {}
  WEFT_ALWAYS_INLINE value(value const& o) : buffer(o.buffer), n(o.n) {}
  WEFT_ALWAYS_INLINE value(value&& o) noexcept : buffer(static_cast<weft::storage&&>(o.buffer)), n(o.n) { o.n = 0; }
  WEFT_ALWAYS_INLINE value& operator=(value const& o) {
    buffer = o.buffer;
    n = o.n;
    return *this;
  }
  WEFT_ALWAYS_INLINE value& operator=(value&& o) noexcept {
    buffer = static_cast<weft::storage&&>(o.buffer);
    n = o.n;
    return *this;
  }
  WEFT_ALWAYS_INLINE ~value() {}

  WEFT_ALWAYS_INLINE explicit value(long count)
      : buffer(weft::storage::allocate(static_cast<unsigned long>(count) * sizeof(float))), n(count) {}
  WEFT_ALWAYS_INLINE float* data() const { return static_cast<float*>(buffer.data()); }
};
#endif

struct unit {
  char const* isa;
  void (*make)(value& out, long n, float first);                 // first, first + 1, ...
  void (*add)(value& out, value const& a, value const& b);
  float (*total)(value const& a);
  void (*copy)(value* uninitialised, value const& a);
  void (*destroy)(value* a);
  bool (*catches)();                                             // a mistake arrives as weft::error
  long (*kernels)();
};
extern unit const base_unit, avx2_unit, avx512_unit;
