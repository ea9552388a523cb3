// expect: weft: these operands have axes of different names
#include <weft/core.hpp>

void user(weft::tensor<float, weft::shape{"batch", 16}> const& a, weft::tensor<float, weft::shape{"time", 16}> const& b,
          weft::tensor<float, weft::shape{"batch", 16}> const& c) {
#ifdef WEFT_MISTAKE
  (void)eval(a + b);
#else
  (void)eval(a + c);
  (void)b;
#endif
}
