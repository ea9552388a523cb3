// expect: weft: broadcast_to: fewer axes than the tensor has
#include <weft/core.hpp>

using namespace weft;

auto user(tensor<float, 2> const& a) {
#ifdef WEFT_MISTAKE
  return eval(broadcast_to(a, {3}));
#else
  return eval(broadcast_to(a, {3, 1, 3}));
#endif
}
