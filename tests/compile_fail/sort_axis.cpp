// expect: weft: sort, argsort: an axis is outside the tensor's rank
#include <weft/core.hpp>

using namespace weft;

auto user(tensor<float, 2> const& x) {
#ifdef WEFT_MISTAKE
  return eval(sort(x, axis<2>));
#else
  return eval(sort(x, axis<1>));
#endif
}
