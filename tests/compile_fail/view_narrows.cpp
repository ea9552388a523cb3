// expect: weft: this would narrow the tensor.s elements or change their kind
#include <weft/core.hpp>

using namespace weft;

void user(tensor<float, 2>& a, tensor<double, 1> const& b) {
#ifdef WEFT_MISTAKE
  a(0, all) = b;
#else
  a(0, all) = cast<float>(b);
#endif
}
