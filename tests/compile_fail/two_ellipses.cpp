// expect: weft: only one ellipsis can be given
#include <weft/core.hpp>

using namespace weft;

auto user(tensor<float, 3> const& a) {
#ifdef WEFT_MISTAKE
  return eval(a(ellipsis, 0, ellipsis));
#else
  return eval(a(ellipsis, 0));
#endif
}
