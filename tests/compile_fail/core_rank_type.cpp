// expect: weft: tensor<T, S> takes the rank as an int
#include <weft/core.hpp>

#ifdef WEFT_MISTAKE
weft::tensor<float, 2u> a;
#else
weft::tensor<float, 2> a;
#endif
