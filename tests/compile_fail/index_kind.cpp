// expect: weft: an index is an integer, all, range\(a, b\), newaxis or ellipsis
#include <weft/core.hpp>

using namespace weft;

auto user(tensor<float, 2> const& a) {
#ifdef WEFT_MISTAKE
  return eval(a(0.5, all));
#else
  return eval(a(0, all));
#endif
}
