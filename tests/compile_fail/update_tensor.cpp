// expect: weft: nn: no model
#include <weft/optim.hpp>

void user(weft::optim::adamw& optimizer, weft::tensor<float, 1> const& g) {
#ifdef WEFT_MISTAKE
  weft::tensor<float, 1> w = g;
  optimizer.update(w, g);
#else
  weft::nn::parameter<float, 1> w = g;
  optimizer.update(w, weft::nn::parameter<float, 1>(g));
#endif
}
