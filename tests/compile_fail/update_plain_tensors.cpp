// expect: weft: update: no parameter can be found
#include <weft/optim.hpp>

struct weights {
#ifdef WEFT_MISTAKE
  weft::tensor<float, 1> w;
#else
  weft::nn::parameter<float, 1> w;
#endif
};
void user(weft::optim::sgd& optimizer, weights& w, weights const& g) { optimizer.update(w, g); }
