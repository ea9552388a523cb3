// expect: weft: this type cannot be an element of a tensor
#include <weft/core.hpp>

using namespace weft;

void user() {
#ifdef WEFT_MISTAKE
  tensor<char, 2> a;
#else
  tensor<signed char, 2> a;
#endif
}
