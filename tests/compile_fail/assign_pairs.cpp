// expect: weft: assign takes pairs of a tensor and an expression
#include <weft/core.hpp>

using namespace weft;

void user(tensor<float, 1>& a, tensor<float, 1>& b) {
#ifdef WEFT_MISTAKE
  assign(a, b + 1, b);
#else
  assign(a, b + 1, b, a);
#endif
}
