// expect g++: use of deleted function .*weft::.*place
// expect clang++: weft::.*deleted|overload resolution selected deleted operator
#include <weft/core.hpp>

using namespace weft;

void user(tensor<float, 2>& a, tensor<float, 1> const& b) {
#ifdef WEFT_MISTAKE
  auto row = a(0, all);
  row = b;
#else
  a(0, all) = b;
#endif
}
