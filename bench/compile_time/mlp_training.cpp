// A training program: a network of three layers, cross-entropy, AdamW.
#include <weft/all.hpp>

namespace nn = weft::nn;
namespace optim = weft::optim;
using weft::tensor, weft::value_and_grad;

struct mlp {
  nn::Linear a{784, 256}, b{256, 128}, c{128, 10};
  auto operator()(auto const& x) const { return c(relu(b(relu(a(x))))); }
};

int main() {
  weft::random::seed(1);
  mlp model;
  tensor<float, 2> x = weft::random::uniform<float>({128, 784});
  tensor<int, 1> y = weft::random::randint<int>({128}, 0, 10);
  optim::adamw optimizer{{.learning_rate = 1e-3}};
  auto step = value_and_grad([](auto const& net, auto const& input, auto const& classes) {
    return nn::losses::cross_entropy(net(input), classes, nn::reduction::mean);
  });
  float loss = 0;
  for (int i = 0; i < 100; ++i) {
    auto [value, gradient] = step(model, x, y);
    optimizer.update(model, gradient);
    loss = float(value);
  }
  return loss > 1;
}
