// expect: weft: concatenate: the operands have axes of different names
#include <weft/core.hpp>

using namespace weft;

auto user(tensor<float, shape{"batch", "in"}> const& a, tensor<float, shape{"batch", "out"}> const& b) {
#ifdef WEFT_MISTAKE
  return eval(concatenate(axis<0>, a, b));
#else
  return eval(concatenate(axis<0>, a, a * 2));
#endif
}
