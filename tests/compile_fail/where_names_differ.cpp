// expect: weft: these operands have axes of different names
#include <weft/core.hpp>

using namespace weft;

auto user(tensor<bool, shape{"batch"}> const& a, tensor<float, shape{"time"}> const& b, tensor<float, 1> const& c) {
#ifdef WEFT_MISTAKE
  return eval(where(a, b, c));
#else
  return eval(where(a, c, 0));
#endif
}
