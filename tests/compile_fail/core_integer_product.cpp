// expect: weft: matmul takes float32 and float64
#include <weft/core.hpp>

void user(weft::tensor<int, 2> const& a, weft::tensor<float, 2> const& b) {
#ifdef WEFT_MISTAKE
  (void)eval(matmul(a, a));
  (void)b;
#else
  (void)eval(matmul(b, weft::cast<float>(a)));
#endif
}
