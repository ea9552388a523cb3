// expect: weft: more indices than the tensor has axes
#include <weft/core.hpp>

void user(weft::tensor<float, 2> const& x) {
#ifdef WEFT_MISTAKE
  (void)eval(x(0, weft::all, weft::all));
#else
  (void)eval(x(0, weft::all));
#endif
}
