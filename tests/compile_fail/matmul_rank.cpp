// expect: weft: matmul takes operands of one axis or more
#include <weft/core.hpp>

using namespace weft;

auto user(tensor<float, 0> const& a, tensor<float, 2> const& b) {
#ifdef WEFT_MISTAKE
  return eval(matmul(a, b));
#else
  return eval(a * b);
#endif
}
