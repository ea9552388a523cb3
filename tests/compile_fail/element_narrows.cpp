// expect: weft: assign: a fractional number would be lost
#include <weft/core.hpp>

using namespace weft;

void user(tensor<int, 2>& a) {
#ifdef WEFT_MISTAKE
  a(0, 0) *= 0.5;
#else
  a(0, 0) *= 5;
#endif
}
