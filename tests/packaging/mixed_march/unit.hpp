// What each unit offers to the program: the same functions, compiled from one file with different -march. Values cross
// the units: made in one, written by a second, freed by a third.
//
// More of the library is put to the test by more functions here, in unit.cpp and in main.cpp's round.
#pragma once
#include <weft/core.hpp>

using value = weft::tensor<float, 1>;
// Its sizes are known, its elements in a buffer.
using table = weft::tensor<float, weft::shape{16, 8}>;

struct unit {
  char const* isa;
  void (*make)(value& out, long n, float first);                 // first, first + 1, ...
  void (*add)(value& out, value const& a, value const& b);
  float (*total)(value const& a);
  float (*weigh)(table& t, value const& a);                      // t (16, 8) += 1; the sum of both, and of a softmax: 1 more
  void (*copy)(value* uninitialised, value const& a);
  void (*destroy)(value* a);
  bool (*catches)();                                             // a mistake arrives as weft::error
  long (*kernels)();
  bool (*reads)();                                               // json, and writes the same
};
extern unit const base_unit, avx2_unit, avx512_unit;
