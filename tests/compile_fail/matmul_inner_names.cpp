// expect: weft: matmul: the inner axes have different names
#include <weft/core.hpp>

using namespace weft;

auto user(tensor<float, shape{"batch", "in"}> const& x, tensor<float, shape{"out", "in"}> const& w) {
#ifdef WEFT_MISTAKE
  return eval(matmul(x, w));
#else
  return eval(matmul(x, transpose(w)));
#endif
}
