// expect: weft: grad: no parameter can be found
#include <weft/grad.hpp>
#include <weft/nn/model.hpp>

struct weights {
#ifdef WEFT_MISTAKE
  weft::tensor<float, 2> w;
  weft::tensor<float, 1> b;
#else
  weft::nn::parameter<float, 2> w;
  weft::nn::parameter<float, 1> b;
#endif
};
void user(weights const& m, weft::tensor<float, 2> const& x) {
  auto loss = [](auto const& a, auto const& input) { return sum(matmul(input, a.w) + a.b); };
  (void)weft::grad(loss)(m, x);
}
