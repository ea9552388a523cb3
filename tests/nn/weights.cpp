// Weights in files: round trips, and files that don't fit.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <weft/nn.hpp>

#include <sys/stat.h>

#include <cstdio>
#include <string>

#include "support.hpp"

namespace nn = weft::nn;
using weft::tensor;

namespace {

std::string const path = "weights_test.safetensors";

bool equal(network const& a, network const& b) {
  bool same = true;
  (void)nn::tree_map(
      [&](auto const& x, auto const& y) {
        same = same && array_equal(x, y);
        return x;
      },
      a, b);
  return same;
}

std::string refusal(auto& model, nn::weights_options o = {}) {
  try {
    nn::load_weights(model, path, o);
  } catch (weft::format_error const& e) {
    return e.what();
  }
  return "";
}

bool has(std::string const& text, char const* part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a model comes back") {
  network const net;
  nn::save_weights(net, path);
  network again;
  CHECK_FALSE(equal(net, again));
  auto const report = nn::load_weights(again, path);
  CHECK(equal(net, again));
  CHECK(report.missing.empty());
  CHECK(report.unexpected.empty());

  // What was loaded is the model's own: it may be changed, and neither file nor source sees it.
  again.in.weight.value *= 2.0f;
  CHECK_FALSE(array_equal(net.in.weight.value, again.in.weight.value));
  nn::load_weights(again, path);
  CHECK(equal(net, again));

  auto const file = weft::io::load_safetensors(path);
  CHECK(file.tensors.size() == 12);
  CHECK(file["blocks.1.down.bias"].shape == std::vector<weft::index_t>{8});
}

TEST_CASE("every kind of cell, buffers included") {
  holder h;
  nn::for_each_parameter(h, [](std::string_view, auto& p) { p.value = p.value * 3 + 1; });
  h.seen = tensor<float, 1>{-1, -2};
  nn::save_weights(h, path);
  holder again;
  nn::load_weights(again, path);
  CHECK(float(again.scale.value) == 7);
  CHECK(array_equal(again.exact.value, tensor<double, 1>{4, 7, 10}));
  CHECK(array_equal(again.fixed.value, tensor<float, 2>{{4, 7}, {10, 13}}));
  CHECK(array_equal(again.pair[1].value, tensor<float, 1>{19, 22}));
  CHECK(array_equal(again.present->weight.value, h.present->weight.value));
  CHECK(array_equal(again.seen.value, h.seen.value));
}

TEST_CASE("sizes of 0, and a struct without parameters") {
  nn::parameter<float, 2> empty = weft::zeros<float>({0, 3});
  nn::save_weights(std::vector{empty}, path);
  std::vector<nn::parameter<float, 2>> again{weft::zeros<float>({0, 3})};
  nn::load_weights(again, path);
  CHECK(again[0].value.shape(1) == 3);
  struct nothing {
  } none;
  nn::save_weights(none, path);
  nn::load_weights(none, path);
}

TEST_CASE("a file that doesn't fit is refused whole, with all that is wrong") {
  struct smaller {
    nn::Linear in{2, 8}, extra{1, 1};
    nn::Linear out{8, 2};
  };
  smaller const saved;
  nn::save_weights(saved, path);
  network net;
  network const before = net;
  std::string const why = refusal(net);
  CHECK(has(why, path.c_str()));
  CHECK(has(why, "missing: blocks.0.up.weight, blocks.0.up.bias"));
  CHECK(has(why, "unexpected: extra.bias, extra.weight"));
  CHECK(has(why, "out.weight has shape (2, 8), not (1, 8)"));
  CHECK(has(why, "out.bias has shape (2,), not (1,)"));
  CHECK(equal(net, before));

  // Not strict: what fits is loaded, but another shape is still a mistake.
  std::string const still = refusal(net, {.strict = false});
  CHECK(has(still, "out.weight has shape"));
  CHECK_FALSE(has(still, "missing"));
  CHECK(equal(net, before));

  struct part {
    nn::Linear in{2, 8}, extra{1, 1};
  };
  part const half;
  nn::save_weights(half, path);
  auto const report = nn::load_weights(net, path, {.strict = false});
  CHECK(report.missing.size() == 10);
  CHECK(report.unexpected == std::vector<std::string>{"extra.bias", "extra.weight"});
  CHECK(array_equal(net.in.weight.value, half.in.weight.value));
  CHECK(array_equal(net.out.weight.value, before.out.weight.value));
}

TEST_CASE("another element type is refused") {
  std::vector<nn::linear<double>> const doubles{nn::linear<double>{2, 2}};
  nn::save_weights(doubles, path);
  std::vector<nn::Linear> floats{nn::Linear{2, 2}};
  auto const before = floats[0].weight.value;
  CHECK(has(refusal(floats), "0.weight is float64, not float32"));
  CHECK(array_equal(floats[0].weight.value, before));
}

TEST_CASE("hostile files leave the model as it was") {
  network net;
  nn::save_weights(net, path);
  std::string const good = weft::io::read_file(path);
  network other;
  network const before = other;
  for (std::size_t cut : {std::size_t{0}, std::size_t{7}, std::size_t{8}, std::size_t{100}, good.size() - 1}) {
    weft::io::write_file(path, good.substr(0, cut));
    CHECK_FALSE(refusal(other).empty());
    CHECK(equal(other, before));
  }
  weft::io::write_file(path, good + "x");
  CHECK_FALSE(refusal(other).empty());
  std::string long_header = good;
  long_header[6] = 127;
  weft::io::write_file(path, long_header);
  CHECK_FALSE(refusal(other).empty());
  CHECK(equal(other, before));
  std::remove(path.c_str());
  CHECK_THROWS_AS((void)nn::load_weights(other, path), weft::io_error);
  CHECK_THROWS_AS(nn::save_weights(other, "no_such_folder/weights.safetensors"), weft::io_error);
}
