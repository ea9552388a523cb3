// Parameters found by reflection: paths, counts, freezing, maps over models, and models as text.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <weft/nn.hpp>

#include <sstream>
#include <string>
#include <vector>

#include "support.hpp"

namespace nn = weft::nn;
using weft::tensor;

TEST_CASE("paths of parameters and buffers") {
  holder h;
  std::vector<std::string> parameters, buffers;
  nn::for_each_parameter(h, [&](std::string_view path, auto&) { parameters.emplace_back(path); });
  nn::for_each_buffer(h, [&](std::string_view path, auto&) { buffers.emplace_back(path); });
  CHECK(parameters == std::vector<std::string>{"scale", "exact", "fixed", "pair.0", "pair.1", "present.weight"});
  CHECK(buffers == std::vector<std::string>{"seen"});
  CHECK(nn::parameter_count(h) == 1 + 3 + 4 + 1 + 2 + 6);

  h.absent.emplace(3, 2);
  h.present.reset();
  parameters.clear();
  nn::for_each_parameter(std::as_const(h), [&](std::string_view path, auto const&) { parameters.emplace_back(path); });
  CHECK(parameters == std::vector<std::string>{"scale", "exact", "fixed", "pair.0", "pair.1", "absent.weight",
                                               "absent.bias"});
}

TEST_CASE("a parameter and containers of layers are models too") {
  nn::parameter<float, 1> alone = tensor<float, 1>{1, 2};
  std::string path = "not asked";
  nn::for_each_parameter(alone, [&](std::string_view p, auto&) { path = p; });
  CHECK(path.empty());
  std::vector<nn::Linear> layers(2, nn::Linear{3, 4});
  std::vector<std::string> names;
  nn::for_each_parameter(layers, [&](std::string_view p, auto&) { names.emplace_back(p); });
  CHECK(names == std::vector<std::string>{"0.weight", "0.bias", "1.weight", "1.bias"});
  struct empty {
  } nothing;
  CHECK(nn::parameter_count(nothing) == 0);
}

TEST_CASE("what is written through a visit is in the model") {
  network net;
  nn::for_each_parameter(net, [](std::string_view path, auto& p) {
    if (path == "blocks.1.down.bias") p.value = 3 + 0 * p.value;
  });
  CHECK(all_of(net.blocks[1].down.bias.value == 3));
  CHECK_FALSE(all_of(net.blocks[0].down.bias.value == 3));
}

TEST_CASE("freezing") {
  network net;
  auto const all = nn::parameter_count(net);
  CHECK(nn::trainable_count(net) == all);
  nn::freeze(net.blocks[0]);
  CHECK(nn::trainable_count(net) == all - nn::parameter_count(net.blocks[0]));
  CHECK(nn::parameter_count(net) == all);
  nn::freeze(net);
  CHECK(nn::trainable_count(net) == 0);
  nn::unfreeze(net.out);
  CHECK(nn::trainable_count(net) == 9);
}

TEST_CASE("maps over models") {
  network net;
  auto const twice = nn::tree_map([](auto const& p) { return 2 * p; }, net);
  CHECK(array_equal(twice.blocks[1].up.weight.value, 2 * net.blocks[1].up.weight.value));
  auto const mixed = nn::tree_map([](auto const& a, auto const& b) { return a - b; }, twice, net);
  CHECK(array_equal(mixed.out.bias.value, net.out.bias.value));

  holder h;
  auto const more = nn::tree_map([](auto const& p) { return p + 1; }, h);
  CHECK(float(more.scale.value) == 3);
  CHECK(more.fixed.value(1, 0) == 4);
  CHECK(h.fixed.value(1, 0) == 3);
  CHECK(more.seen.value(0) == 8);  // not a parameter

  network shorter;
  shorter.blocks.pop_back();
  auto const sum = [](auto const& a, auto const& b) { return a + b; };
  CHECK_THROWS_AS((void)nn::tree_map(sum, net, shorter), weft::error);
  holder without;
  without.present.reset();
  CHECK_THROWS_AS((void)nn::tree_map(sum, h, without), weft::error);
}

TEST_CASE("a copy of a model is a value") {
  network net;
  network copy = net;
  nn::for_each_parameter(net, [](std::string_view, auto& p) { p.value *= 0.0f; });
  CHECK(all_of(net.in.weight.value == 0));
  CHECK_FALSE(all_of(copy.in.weight.value == 0));
}

TEST_CASE("models as text") {
  network net;
  std::ostringstream text;
  text << nn::summary(net);
  CHECK(text.str() ==
        "network(\n"
        "  (in): Linear(input_dims=2, output_dims=8, bias=true)\n"
        "  (blocks.0): block(\n"
        "    (up): Linear(input_dims=8, output_dims=16, bias=true)\n"
        "    (down): Linear(input_dims=16, output_dims=8, bias=true)\n"
        "  )\n"
        "  (blocks.1): block(\n"
        "    (up): Linear(input_dims=8, output_dims=16, bias=true)\n"
        "    (down): Linear(input_dims=16, output_dims=8, bias=true)\n"
        "  )\n"
        "  (out): Linear(input_dims=8, output_dims=1, bias=true)\n"
        ")\n"
        "593 parameters\n");
  holder h;
  nn::freeze(h.exact);
  CHECK(nn::summary(h).text ==
        "holder(\n"
        "  (scale): parameter float32 ()\n"
        "  (exact): parameter float64 (3,) frozen\n"
        "  (fixed): parameter float32 (2, 2)\n"
        "  (pair.0): parameter float32 (1,)\n"
        "  (pair.1): parameter float32 (2,)\n"
        "  (present): Linear(input_dims=2, output_dims=3, bias=false)\n"
        "  (seen): buffer float32 (2,)\n"
        ")\n"
        "17 parameters, 3 of them frozen\n");
  struct hollow {};
  struct local {
    hollow inside;
    std::vector<nn::Linear> layers;
  };
  CHECK(nn::summary(local{}).text == "local(\n  (inside): hollow()\n)\n0 parameters\n");
}
