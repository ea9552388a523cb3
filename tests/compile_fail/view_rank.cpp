// expect: weft: assign: the view and the value differ in rank
#include <weft/core.hpp>

using namespace weft;

void user(tensor<float, 2>& a, tensor<float, 2> const& b) {
#ifdef WEFT_MISTAKE
  a(0, all) = b;
#else
  a(0, all) = b(1, all);
#endif
}
