// expect: weft: swapaxes: an axis is outside
#include <weft/core.hpp>

using namespace weft;

auto user(tensor<float, 2> const& a) {
#ifdef WEFT_MISTAKE
  return eval(swapaxes<0, 2>(a));
#else
  return eval(swapaxes<0, 1>(a));
#endif
}
