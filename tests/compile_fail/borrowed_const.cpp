// expect: weft: this memory was borrowed as const
#include <weft/core.hpp>

using namespace weft;

void user(float const* p, float* q) {
#ifdef WEFT_MISTAKE
  borrow(p, {3}) = 1;
#else
  borrow(q, {3}) = 1;
#endif
}
