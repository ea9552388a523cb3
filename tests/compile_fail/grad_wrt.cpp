// expect: weft: grad: wrt names an argument that the function doesn't have
#include <weft/grad.hpp>

void user(weft::tensor<double, 1> const& x) {
  auto f = [](auto const& v) { return sum(v * v); };
#ifdef WEFT_MISTAKE
  (void)weft::grad(f, weft::wrt<1>)(x);
#else
  (void)weft::grad(f, weft::wrt<0>)(x);
#endif
}
