// expect: weft: grad: the function must return a rank-0 value
#include <weft/grad.hpp>

void user(weft::tensor<double, 1> const& x) {
#ifdef WEFT_MISTAKE
  auto f = [](auto const& v) { return v * v; };
#else
  auto f = [](auto const& v) { return sum(v * v); };
#endif
  (void)weft::grad(f)(x);
}
