// expect: weft: nn: no model
#include <weft/nn/module.hpp>

struct net {
  explicit net(float s) : scale(weft::tensor<float, 1>{s}) {}
#ifndef WEFT_MISTAKE
  static constexpr void fields(auto list) { list("scale", &net::scale); }
#endif
  weft::nn::parameter<float, 1> scale;
};
weft::index_t user(net const& m) { return weft::nn::parameter_count(m); }
