// expect: weft: take: indices are integers
#include <weft/core.hpp>

using namespace weft;

auto user(tensor<float, 2> const& table, tensor<float, 1> const& rows) {
#ifdef WEFT_MISTAKE
  return eval(take(table, rows, axis<0>));
#else
  return eval(take(table, cast<index_t>(rows), axis<0>));
#endif
}
