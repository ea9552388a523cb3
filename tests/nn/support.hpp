// Models for the tests of layers, weights and optimizers.
#pragma once
#include <weft/nn.hpp>

#include <array>
#include <optional>
#include <string>
#include <vector>

struct block {
  weft::nn::Linear up{8, 16};
  weft::nn::Linear down{16, 8};
  auto operator()(auto const& x) const { return x + down(gelu(up(x))); }
};
struct network {
  weft::nn::Linear in{2, 8};
  std::vector<block> blocks = std::vector<block>(2);
  weft::nn::Linear out{8, 1};
  auto operator()(auto const& x) const {
    auto h = eval(in(x));
    for (auto const& b : blocks) h = b(h);
    return out(h);
  }
};

// One of everything that can hold a parameter.
struct holder {
  weft::nn::parameter<float, 0> scale = weft::tensor<float, 0>(2.0f);
  weft::nn::parameter<double, 1> exact = weft::tensor<double, 1>{1, 2, 3};
  weft::nn::parameter<float, weft::shape{2, 2}> fixed = weft::tensor<float, 2>{{1, 2}, {3, 4}};
  std::array<weft::nn::parameter<float, 1>, 2> pair{weft::tensor<float, 1>{5}, weft::tensor<float, 1>{6, 7}};
  std::optional<weft::nn::Linear> absent;
  std::optional<weft::nn::linear<float, false>> present = weft::nn::linear<float, false>{2, 3};
  weft::nn::buffer<float, 1> seen = weft::tensor<float, 1>{8, 9};
  weft::tensor<float, 1> constant = {10};
  std::string name = "nothing to learn";
  int steps = 0;
};
