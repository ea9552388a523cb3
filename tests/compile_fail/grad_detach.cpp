// expect: weft: a tracked value becomes a plain tensor only through detach
#include <weft/grad.hpp>

void user(weft::tensor<double, 1> const& x) {
  auto f = [](auto const& v) {
#ifdef WEFT_MISTAKE
    weft::tensor<double, 1> const y = v * v;
#else
    weft::tensor<double, 1> const y = detach(v * v);
#endif
    return sum(v * y);
  };
  (void)weft::grad(f)(x);
}
