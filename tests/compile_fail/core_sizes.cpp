// expect: weft: these sizes do not broadcast
#include <weft/core.hpp>

void user(weft::tensor<float, weft::shape{8, 16}> const& a, weft::tensor<float, weft::shape{8, 17}> const& b,
          weft::tensor<float, weft::shape{8, 16}> const& c) {
#ifdef WEFT_MISTAKE
  (void)eval(tanh(a + b) * 2 - c);
#else
  (void)eval(tanh(a + c) * 2 - c);
  (void)b;
#endif
}
