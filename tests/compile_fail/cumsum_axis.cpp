// expect: weft: a scan goes along an axis that is outside the tensor's rank
#include <weft/core.hpp>

using namespace weft;

auto user(tensor<float, 2> const& x) {
#ifdef WEFT_MISTAKE
  return eval(cumsum(x, axis<-3>));
#else
  return eval(cumsum(x, axis<-2>));
#endif
}
