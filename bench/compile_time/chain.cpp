// One expression of OPERATIONS operations (a multiple of ten): cost must grow little faster than the expression.
#include <weft/core.hpp>

using matrix = weft::tensor<float, 2>;

#ifndef OPERATIONS
#define OPERATIONS 20
#endif
// Ten operations more around x.
#define TEN(x) (exp(abs((x)*a + b) - c) * b + a / (c + tanh(b)) - a)

#define FORTY(x) TEN(TEN(TEN(TEN(x))))

matrix chain(matrix const& a, matrix const& b, matrix const& c) {
#if OPERATIONS == 20
  return TEN(TEN(a));
#elif OPERATIONS == 40
  return FORTY(a);
#elif OPERATIONS == 80
  return FORTY(FORTY(a));
#elif OPERATIONS == 160
  return FORTY(FORTY(FORTY(FORTY(a))));
#else
#error "OPERATIONS is 20, 40, 80 or 160"
#endif
}
