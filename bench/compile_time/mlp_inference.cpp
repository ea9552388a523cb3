// The network of mlp_training.cpp, run only: it must not pay for gradients.
#include <weft/all.hpp>

namespace nn = weft::nn;
using weft::tensor;

struct mlp {
  nn::Linear a{784, 256}, b{256, 128}, c{128, 10};
  auto operator()(auto const& x) const { return c(relu(b(relu(a(x))))); }
};

int main() {
  mlp model;
  tensor<float, 2> x = weft::random::uniform<float>({128, 784});
  tensor<float, 2> y = model(x);
  return y(0, 0) > 0;
}
