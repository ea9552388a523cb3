// expect: weft: assign: a fractional number would be lost
#include <weft/core.hpp>

using namespace weft;

void user(tensor<int, 2>& a, tensor<float, 1> const& x) {
#ifdef WEFT_MISTAKE
  a(0, 0) = mean(x);
#else
  a(0, 0) = argmax(x);
#endif
}
