// Every element type of the slice, through maps, casts and reductions.
#pragma once
#include "../engine/oracle.hpp"

using namespace oracle;
using weft::axis, weft::tensor;

template <class T>
void maps(index_t n) {
  CAPTURE(n);
  auto a = some<T>({n}, 1), b = some<T>({n}, 2);
  agrees(maximum(a, b), 0);
  agrees(where(a < b, a + b, a * b), 0);
  agrees(-square(a) + relu(b), 1e-6);
  agrees(sqrt(abs(a)) / (b + 1 + b), 1e-6);
#ifdef WEFT_LONG_TESTS
  agrees(a + b, 0);
  agrees(a * b, 0);
  agrees(a < b, 0);
  agrees(where(a == b, a, b), 0);
#endif
}
template <class T>
void reductions(index_t n) {
  CAPTURE(n);
  auto a = some<T>({3, n}, 1);
  agrees(sum(a, axis<1>), 1e-5);
  agrees(sum(a, axis<0>), 1e-5);
  if (n == 0) return;
  agrees(max(a, axis<1>), 0);
  agrees(argmin(a, axis<0>), 0);
  agrees(prod(weft::where(a > 0, a, T(1))(weft::all, weft::range(0, 5)), axis<1>), 1e-5);
#ifdef WEFT_LONG_TESTS
  agrees(mean(a, axis<1>), 1e-5);
  agrees(min(a, axis<0>), 0);
  agrees(argmax(a, axis<1>), 0);
  agrees(any(a, axis<1>), 0);
  agrees(weft::all(a, axis<0>), 0);
#endif
}
template <class T>
void casts(index_t n) {
  CAPTURE(n);
  auto a = some<T>({n}, 1);
  agrees(weft::cast<weft::int8>(a + a), 0);
  agrees(weft::cast<weft::int64>(a), 0);
  agrees(weft::cast<float>(a + a), 0);
#ifdef WEFT_LONG_TESTS
  auto const to = [&]<class To>(To) {
    agrees(weft::cast<To>(a), 0);
    agrees(weft::cast<To>(a + a), 0);
  };
  to(bool()), to(weft::int8()), to(weft::uint16()), to(int()), to(weft::int64()), to(0.0f), to(0.0);
#endif
}
