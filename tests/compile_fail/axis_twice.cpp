// expect: weft: an axis is outside the tensor.s rank, or given twice
#include <weft/core.hpp>

using namespace weft;

auto user(tensor<float, 2> const& a) {
#ifdef WEFT_MISTAKE
  return eval(sum(a, axis<1, -1>));
#else
  return eval(sum(a, axis<1, 0>));
#endif
}
