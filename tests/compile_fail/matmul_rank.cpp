// expect: weft: matmul takes operands of one or two axes
#include <weft/core.hpp>

using namespace weft;

auto user(tensor<float, 3> const& a, tensor<float, 2> const& b) {
#ifdef WEFT_MISTAKE
  return eval(matmul(a, b));
#else
  return eval(matmul(a(0), b));
#endif
}
