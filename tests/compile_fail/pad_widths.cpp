// expect: weft: pad: as many pairs of widths as the tensor has axes
#include <weft/core.hpp>

using namespace weft;

auto user(tensor<float, 2> const& x) {
#ifdef WEFT_MISTAKE
  return eval(pad(x, {{1, 2}}));
#else
  return eval(pad(x, {{1, 2}, {0, 0}}));
#endif
}
