// expect g++: use of deleted function .*weft::.*view
// expect clang++: weft::.*deleted|overload resolution selected deleted operator
#include <weft/core.hpp>

using namespace weft;

void user(tensor<float, 2>& a, tensor<float, 2> const& b) {
#ifdef WEFT_MISTAKE
  transpose(a) = transpose(b);
#else
  a = transpose(b);
#endif
}
