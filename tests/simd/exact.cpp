// exact::mul and exact::add are rounded twice where fma would round once, whatever the flags.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <weft/simd/exact.hpp>
#include <weft/simd/pack.hpp>

#include <doctest/doctest.h>

#include <cmath>

using namespace weft::simd;

namespace {

template <class T, int N>
void twice_rounded() {
  using P = pack<T, N>;
  // (1 + e)^2 - 1 - 2e is e^2 exactly, and 0 if the product is rounded.
  T const e = sizeof(T) == 4 ? T(0x1p-12) : T(0x1p-28);
  volatile T one = 1;
  P a(T(one + e)), c(T(-(one + 2 * e)));
  P product = exact::mul(a, a);
  CHECK(exact::add(product, c)[N - 1] == 0);
  CHECK((product + c)[0] == 0);
  CHECK(exact::add(a * a, c)[N / 2] == 0);
  CHECK(exact::sub(c, a * -a)[0] == 0);
  CHECK(exact::sub(a * a, -c)[N - 1] == 0);
  CHECK(exact::polynomial(a, c[0], T(0), T(1))[0] == 0);
#if defined(__FMA__)
  CHECK(fma(a, a, c)[0] == e * e);
#endif
  P x = P::iota(T(-3)) * P(T(0.3));
  for (int i = 0; i < N; ++i) CHECK(opaque(x)[i] == x[i]);
}

}  // namespace

TEST_CASE_TEMPLATE("two roundings", T, float, double) {
  twice_rounded<T, 1>();
  twice_rounded<T, 4>();
  twice_rounded<T, 16>();
  twice_rounded<T, 64>();
}
