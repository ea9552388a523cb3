// expect: weft: an axis is outside the tensor's rank
#include <weft/core.hpp>

void user(weft::tensor<float, 2> const& x) {
#ifdef WEFT_MISTAKE
  (void)eval(sum(x, weft::axis<2>));
#else
  (void)eval(sum(x, weft::axis<1>));
#endif
}
