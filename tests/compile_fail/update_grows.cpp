// expect: weft: update: the value has more axes than the tensor
#include <weft/core.hpp>

using namespace weft;

void user(tensor<float, 1>& a, tensor<float, 2> const& b) {
#ifdef WEFT_MISTAKE
  a += b;
#else
  a += b(0, all);
#endif
}
