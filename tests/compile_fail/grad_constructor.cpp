// expect: weft: grad: no parameter can be found
#include <weft/grad.hpp>
#include <weft/nn.hpp>

struct net {
  explicit net(int n) : in(n, n), out(n, 1) {}
#ifndef WEFT_MISTAKE
  static constexpr void fields(auto list) {
    list("in", &net::in);
    list("out", &net::out);
  }
#endif
  auto operator()(auto const& x) const { return out(tanh(in(x))); }
  weft::nn::Linear in, out;
};
void user(net const& m, weft::tensor<float, 2> const& x) {
  auto loss = [](auto const& model, auto const& input) { return sum(model(input)); };
  (void)weft::value_and_grad(loss)(m, x);
}
