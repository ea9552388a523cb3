// expect: weft: grad: an argument to differentiate with respect to must be a floating-point tensor
#include <weft/grad.hpp>

void user(weft::tensor<int, 1> const& i, weft::tensor<double, 1> const& x) {
  auto f = [](auto const& a, auto const& b) { return sum(a * b); };
#ifdef WEFT_MISTAKE
  (void)weft::grad(f)(i, x);
#else
  (void)weft::grad(f, weft::wrt<1>)(i, x);
#endif
}
