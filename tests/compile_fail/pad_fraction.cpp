// expect: weft: pad: a fractional number would be lost in a tensor of integers
#include <weft/core.hpp>

using namespace weft;

auto user(tensor<int, 2> const& x) {
#ifdef WEFT_MISTAKE
  return eval(pad(x, 1, 0.5));
#else
  return eval(pad(x, 1, 2));
#endif
}
