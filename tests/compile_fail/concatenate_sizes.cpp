// expect: weft: concatenate: the operands' sizes differ outside the axis
#include <weft/core.hpp>

using namespace weft;

auto user(tensor<float, shape{2, 3}> const& a, tensor<float, shape{2, 4}> const& b) {
#ifdef WEFT_MISTAKE
  return eval(concatenate(axis<0>, a, b));
#else
  return eval(concatenate(axis<1>, a, b));
#endif
}
