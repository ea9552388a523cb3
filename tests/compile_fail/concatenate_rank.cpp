// expect: weft: concatenate: the operands differ in rank
#include <weft/core.hpp>

using namespace weft;

auto user(tensor<float, 2> const& a, tensor<float, 1> const& b) {
#ifdef WEFT_MISTAKE
  return eval(concatenate(axis<0>, a, b));
#else
  return eval(concatenate(axis<0>, a, b(newaxis, all)));
#endif
}
