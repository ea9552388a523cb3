// expect: weft: take: an axis is outside the tensor's rank
#include <weft/core.hpp>

using namespace weft;

auto user(tensor<float, 2> const& table, tensor<index_t, 1> const& rows) {
#ifdef WEFT_MISTAKE
  return eval(take(table, rows, axis<2>));
#else
  return eval(take(table, rows, axis<1>));
#endif
}
