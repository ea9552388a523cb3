// weft in the training family: the multilayer perceptron as a plain struct, its gradient, one update.
#include <weft/all.hpp>

#include "cases.hpp"

namespace {
using namespace train;
using weft::index_t;
namespace nn = weft::nn;
namespace optim = weft::optim;

struct mlp_model {
  nn::Linear a{784, 256}, b{256, 128}, c{128, 10};
  auto operator()(auto const& x) const { return c(relu(b(relu(a(x))))); }
};

template <class Optimizer, class Options>
void both(std::string const& params, index_t batch, Options options, bool inference) {
  auto const inputs = [batch] {
    weft::set_num_threads(threads());
    weft::random::seed(1);
    return std::pair{weft::random::uniform<float>({batch, 784}), weft::random::randint<int>({batch}, 0, 10)};
  };
  reg("train_mlp_784_256_128_10", "weft", params, ::train::mlp(double(batch)).t, [=] {
    auto [x, y] = inputs();
    auto const model = std::make_shared<mlp_model>();
    auto const optimizer = std::make_shared<Optimizer>(options);
    auto const loss = std::make_shared<double>(0);
    auto const step = weft::value_and_grad([](auto const& m, auto const& in, auto const& classes) {
      return nn::losses::cross_entropy(m(in), classes, nn::reduction::mean);
    });
    return Run{[=, x = x, y = y] {
                 auto const [value, gradient] = step(*model, x, y);
                 optimizer->update(*model, gradient);
                 *loss = double(value);
               },
               [loss] { return *loss; }, true};
  });
  if (!inference) return;
  reg("infer_mlp_784_256_128_10", "weft", params, ::train::mlp(double(batch)).f, [=] {
    auto [x, y] = inputs();
    auto const model = std::make_shared<mlp_model>();
    auto const out = std::make_shared<weft::tensor<float, 2>>();
    return Run{[=, x = x] { *out = (*model)(x); }, [out] { return double(float(sum(*out))); }, false};
  });
}

PEERS_REGISTER {
  for (index_t b : {32, 128, 512}) {
    both<optim::sgd>("sgd/b" + std::to_string(b), b, optim::sgd_options{.learning_rate = 0.05}, true);
  }
  both<optim::adam>("adam/b128", 128, optim::adam_options{.learning_rate = 1e-3, .bias_correction = true}, false);
}
}  // namespace
