// expect: weft: this would narrow the tensor.s elements or change their kind
#include <weft/core.hpp>

using namespace weft;

void user(tensor<int, 1>& a) {
#ifdef WEFT_MISTAKE
  a += 0.5;
#else
  a += 5;
#endif
}
