// expect: weft: matmul: the inner sizes differ
#include <weft/core.hpp>

void user(weft::tensor<float, weft::shape{"batch", 784}> const& x, weft::tensor<float, weft::shape{784, 10}> const& w,
          weft::tensor<float, weft::shape{256, 10}> const& v) {
#ifdef WEFT_MISTAKE
  (void)eval(relu(matmul(x, v)));
#else
  (void)eval(relu(matmul(x, w)));
  (void)v;
#endif
}
