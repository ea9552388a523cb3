// Optimizers by hand: their formulas, every kind of parameter, no allocation once they run, and their state in files.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <weft/optim.hpp>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "../nn/support.hpp"

namespace nn = weft::nn;
namespace optim = weft::optim;
using doctest::Approx;
using weft::tensor;

namespace {

struct one {
  nn::parameter<double, 1> w = tensor<double, 1>{1, -2, 0.5};
};
one const gradient{tensor<double, 1>{0.1, -0.4, 3}};

std::string const path = "optimizer_test.safetensors";

}  // namespace

TEST_CASE("gradient descent") {
  one m;
  optim::sgd{{.learning_rate = 0.5}}.update(m, gradient);
  CHECK(allclose(m.w.value, tensor<double, 1>{0.95, -1.8, -1}));

  one decayed;
  optim::sgd{{.learning_rate = 0.5, .weight_decay = 0.1}}.update(decayed, gradient);
  CHECK(allclose(decayed.w.value, tensor<double, 1>{0.9, -1.7, -1.025}));
}

TEST_CASE("without decay an infinite weight stays what it is") {
  double const inf = std::numeric_limits<double>::infinity();
  for (auto const& o : {optim::sgd_options{.learning_rate = 0.5},
                        optim::sgd_options{.learning_rate = 0.5, .momentum = 0.9},
                        optim::sgd_options{.learning_rate = 0.5, .momentum = 0.9, .nesterov = true}}) {
    one m;
    m.w.value = tensor<double, 1>{-inf, inf, 1};
    optim::sgd optimizer{o};
    optimizer.update(m, gradient);
    optimizer.update(m, gradient);
    CHECK(m.w.value(0) == -inf);
    CHECK(m.w.value(1) == inf);
    CHECK(std::isfinite(double(m.w.value(2))));
  }
}

TEST_CASE("momentum, dampening, nesterov") {
  struct settings {
    double dampening;
    bool nesterov;
  };
  for (settings s : {settings{0, false}, settings{0.4, false}, settings{0, true}}) {
    one m;
    optim::sgd o{{.learning_rate = 0.1, .momentum = 0.9, .weight_decay = 0.01, .dampening = s.dampening,
                  .nesterov = s.nesterov}};
    double w[] = {1, -2, 0.5}, v[] = {0, 0, 0};
    double const g0[] = {0.1, -0.4, 3};
    for (int step = 0; step < 4; ++step) {
      o.update(m, gradient);
      for (int i = 0; i < 3; ++i) {
        double const g = g0[i] + 0.01 * w[i];
        v[i] = 0.9 * v[i] + (1 - s.dampening) * g;
        w[i] -= 0.1 * (s.nesterov ? g + 0.9 * v[i] : v[i]);
        CHECK(m.w.value(i) == Approx(w[i]).epsilon(1e-13));
      }
    }
  }
  CHECK_THROWS_AS(optim::sgd({.momentum = 0, .nesterov = true}), weft::error);
  CHECK_THROWS_AS(optim::sgd({.momentum = 0.9, .dampening = 0.1, .nesterov = true}), weft::error);
}

TEST_CASE("adam and its weight decay") {
  for (bool corrected : {false, true}) {
    for (double decay : {0.0, 0.1}) {
      one m, plain;
      optim::adamw o{{.learning_rate = 0.02, .beta1 = 0.8, .beta2 = 0.9, .eps = 1e-3, .weight_decay = decay,
                      .bias_correction = corrected}};
      optim::adam p{{.learning_rate = 0.02, .beta1 = 0.8, .beta2 = 0.9, .eps = 1e-3, .bias_correction = corrected}};
      double w[] = {1, -2, 0.5}, first[] = {0, 0, 0}, second[] = {0, 0, 0};
      double const g[] = {0.1, -0.4, 3};
      for (int step = 1; step <= 4; ++step) {
        o.update(m, gradient);
        p.update(plain, gradient);
        for (int i = 0; i < 3; ++i) {
          first[i] = 0.8 * first[i] + 0.2 * g[i];
          second[i] = 0.9 * second[i] + 0.1 * g[i] * g[i];
          double const c1 = corrected ? 1 - std::pow(0.8, step) : 1, c2 = corrected ? 1 - std::pow(0.9, step) : 1;
          w[i] = w[i] * (1 - 0.02 * decay) - 0.02 * first[i] / c1 / (std::sqrt(second[i] / c2) + 1e-3);
          CHECK(m.w.value(i) == Approx(w[i]).epsilon(1e-12));
        }
        if (decay == 0) CHECK(array_equal(plain.w.value, m.w.value));
      }
      CHECK(o.step == 4);
    }
  }
}

TEST_CASE("every kind of parameter; what is frozen stays") {
  holder h;
  nn::freeze(h.exact);
  holder const g = nn::tree_map([](auto const& p) { return 0 * p + 1; }, h);
  holder const before = h;
  optim::sgd plain{{.learning_rate = 1}};
  plain.update(h, g);
  CHECK(float(h.scale.value) == 1);
  CHECK(array_equal(h.exact.value, before.exact.value));
  CHECK(array_equal(h.fixed.value, tensor<float, 2>{{0, 1}, {2, 3}}));
  CHECK(h.pair[1].value(1) == 6);
  CHECK(array_equal(h.present->weight.value, before.present->weight.value - 1));
  CHECK(array_equal(h.seen.value, before.seen.value));

  optim::adamw adam{{.learning_rate = 1, .eps = 0, .weight_decay = 0, .bias_correction = true}};
  for (int i = 0; i < 3; ++i) adam.update(h, g);  // steps of 1
  CHECK(float(h.scale.value) == Approx(-2));
  CHECK(h.fixed.value(1, 1) == Approx(0));
  nn::unfreeze(h.exact);
  adam.update(h, g);
  CHECK(h.exact.value(2) != before.exact.value(2));
}

TEST_CASE("the model that an optimizer belongs to") {
  std::vector<nn::Linear> a{nn::Linear{2, 3}}, b{nn::Linear{3, 2}};
  optim::adamw o{{}};
  o.update(a, a);
  CHECK_THROWS_AS(o.update(b, b), weft::error);
  CHECK_THROWS_AS(o.update(a, b), weft::shape_error);
  CHECK(a[0].weight.value.shape(0) == 3);
  o.update(a, a);
}

TEST_CASE("copies are values") {
  one m;
  optim::adamw o{{.learning_rate = 0.1}};
  o.update(m, gradient);
  one other = m;
  optim::adamw twin = o;
  o.update(m, gradient);
  twin.update(other, gradient);
  CHECK(array_equal(m.w.value, other.w.value));
  o.update(m, gradient);
  CHECK_FALSE(array_equal(m.w.value, other.w.value));
}

namespace {

constexpr weft::shape three{3};
struct layered {
  nn::parameter<float, 2> first = weft::ones<float>({2, 3});
  nn::parameter<double, three> second = tensor<double, three>{1, 2, 3};  // inside the object
  std::vector<one> more = std::vector<one>(2);
  nn::parameter<float, 1> last = weft::ones<float>({4});
};
layered ones_like(layered const& m) {
  return nn::tree_map([](auto const& p) { return weft::eval(weft::ones_like(p)); }, m);
}
bool same_models(layered const& a, layered const& b) {
  bool same = true;
  (void)nn::tree_map([&](auto const& x, auto const& y) { return same = same && array_equal(x, y), x; }, a, b);
  return same;
}
bool same_memories(optim::memory const& a, optim::memory const& b) {
  if (a.tensors.size() != b.tensors.size()) return false;
  for (std::size_t i = 0; i < a.tensors.size(); ++i) {
    auto const &x = a.tensors[i], &y = b.tensors[i];
    if (x.shape != y.shape || x.dtype != y.dtype || bool(x.buffer) != bool(y.buffer)) return false;
    if (x.buffer && std::memcmp(x.data(), y.data(), static_cast<std::size_t>(x.nbytes())) != 0) return false;
  }
  return true;
}
std::vector<optim::memory> memories(auto const& optimizer) {
  std::vector<optim::memory> list;
  optimizer.each_memory([&](char const*, optim::memory const& m) {
    list.push_back(m);
    for (auto& t : list.back().tensors)  // of their own: an update would write into a shared buffer
      if (t.buffer) {
        weft::storage own = weft::storage::allocate(t.buffer.bytes());
        std::memcpy(own.data(), t.buffer.data(), t.buffer.bytes());
        t.buffer = own;
      }
  });
  return list;
}
// What the update says; "" if it was made, "changed" if it was refused too late.
template <class Optimizer>
std::string refused(Optimizer& optimizer, layered& m, layered const& g) {
  layered const before = m;
  auto const kept = memories(optimizer);
  auto const step = optimizer.step;
  try {
    optimizer.update(m, g);
    return "";
  } catch (weft::error const& e) {
    bool same = same_models(m, before) && optimizer.step == step;
    std::size_t i = 0;
    optimizer.each_memory([&](char const*, optim::memory const& now) { same = same && same_memories(now, kept[i++]); });
    return same ? e.what() : "changed";
  }
}
void check_refusals(auto fresh) {
  for (bool used : {false, true}) {
    auto optimizer = fresh;
    layered m;
    if (used) CHECK(refused(optimizer, m, ones_like(m)) == "");
    layered g = ones_like(m);
    g.last.value = weft::ones<float>({5});
    CHECK(refused(optimizer, m, g) == "update: (4,) and (5,) differ: a gradient has its parameter's shape");
    g = ones_like(m);
    g.more[1].w.value = weft::ones<double>({2});
    CHECK(refused(optimizer, m, g).find("differ: a gradient has its parameter's shape") != std::string::npos);
    g = ones_like(m);
    g.more.pop_back();
    CHECK(refused(optimizer, m, g) == "nn: the models differ in the number of their parts");
    // What is frozen is not looked at, in either model.
    g = ones_like(m);
    g.last.value = weft::ones<float>({5});
    m.last.frozen = true;
    CHECK(refused(optimizer, m, g) == "");
  }
  // A model whose last parameter only isn't that of earlier updates.
  auto optimizer = fresh;
  layered m, other;
  CHECK(refused(optimizer, m, ones_like(m)) == "");
  other.last.value = weft::ones<float>({6});
  CHECK(refused(optimizer, other, ones_like(other)) ==
        "optim: parameter 4 is not the one of earlier updates: an optimizer belongs to one model");
  CHECK(refused(optimizer, m, ones_like(m)) == "");
}

}  // namespace

TEST_CASE("a refused update has changed nothing: no parameter, no memory, no step") {
  check_refusals(optim::adamw{{.learning_rate = 0.1}});
  check_refusals(optim::adam{{.learning_rate = 0.1}});
  check_refusals(optim::sgd{{.learning_rate = 0.1, .momentum = 0.9}});
  check_refusals(optim::sgd{{.learning_rate = 0.1, .momentum = 0.9, .nesterov = true}});
}

TEST_CASE("an update that runs allocates nothing and copies nothing") {
  network net;
  network const g = net;
  optim::adamw adam{{.learning_rate = 1e-3}};
  optim::sgd sgd{{.learning_rate = 1e-3, .momentum = 0.9}}, plain{{.learning_rate = 1e-3}};
  optim::sgd nesterov{{.learning_rate = 1e-3, .momentum = 0.9, .weight_decay = 0.1, .nesterov = true}};
  network copy = nn::tree_map([](auto const& p) { return 1 * p; }, net);
  adam.update(copy, g);
  sgd.update(copy, g);
  plain.update(copy, g);
  nesterov.update(copy, g);
  auto const before = weft::memory_stats();
  for (int i = 0; i < 5; ++i) {
    adam.update(copy, g);
    sgd.update(copy, g);
    plain.update(copy, g);
    nesterov.update(copy, g);
  }
  auto const after = weft::memory_stats();
  CHECK(after.requests == before.requests);  // not even a buffer from the cache: everything is written in place
  CHECK(after.allocations == before.allocations);
  CHECK(after.copies_on_write == before.copies_on_write);
}

TEST_CASE("state in a file: going on is as if nothing had happened") {
  network net;
  network const g = nn::tree_map([](auto const& p) { return 0.3f * p + 0.01f; }, net);
  optim::adamw o{{.learning_rate = 1e-2, .bias_correction = true}};
  for (int i = 0; i < 3; ++i) o.update(net, g);
  optim::save_state(o, net, path);
  nn::save_weights(net, "optimizer_test_model.safetensors");

  network again;
  nn::load_weights(again, "optimizer_test_model.safetensors");
  optim::adamw resumed{{.learning_rate = 1e-2, .bias_correction = true}};
  optim::load_state(resumed, again, path);
  CHECK(resumed.step == 3);
  for (int i = 0; i < 3; ++i) {
    o.update(net, g);
    resumed.update(again, g);
  }
  bool same = true;
  (void)nn::tree_map([&](auto const& x, auto const& y) { return same = same && array_equal(x, y), x; }, net, again);
  CHECK(same);

  // A state of another model, or another optimizer, is refused.
  struct small {
    nn::Linear in{2, 8};
  } other;
  optim::adamw fresh{{}};
  CHECK_THROWS_AS(optim::load_state(fresh, other, path), weft::format_error);
  CHECK(fresh.step == 0);
  CHECK(fresh.first.tensors.empty());
  optim::sgd sgd{{.momentum = 0.9}};
  CHECK_THROWS_AS(optim::load_state(sgd, net, path), weft::format_error);
  CHECK_THROWS_AS(optim::load_state(fresh, net, "optimizer_test_model.safetensors"), weft::format_error);
  std::remove(path.c_str());
  std::remove("optimizer_test_model.safetensors");
}

namespace {

// What loading says, or "".
template <class Optimizer, class Model>
std::string mistake(Optimizer& o, Model const& m) {
  try {
    optim::load_state(o, m, path);
  } catch (weft::format_error const& e) {
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("the state of another optimizer, or half of one") {
  network net;
  network const g = nn::tree_map([](auto const& p) { return 0.3f * p + 0.01f; }, net);
  optim::sgd sgd{{.momentum = 0.9}};
  optim::adamw adamw{{}};
  optim::adam adam{{}};
  sgd.update(net, g);
  optim::save_state(sgd, net, path);
  CHECK(mistake(adamw, net) == path + ": holds the state of the optimizer sgd, not of adamw");
  CHECK(adamw.step == 0);
  CHECK(mistake(sgd, net) == "");

  adamw.update(net, g);
  optim::save_state(adamw, net, path);
  CHECK(mistake(adam, net) == "");  // the same moments
  CHECK(adam.step == 1);
  CHECK(mistake(sgd, net) == path + ": holds the state of the optimizer adamw, not of sgd");

  auto file = weft::io::load_safetensors(path);
  std::erase_if(file.tensors, [](auto const& t) { return t.name == "in.weight.v"; });
  weft::io::save_safetensors(path, file.tensors, file.metadata);
  CHECK(mistake(adamw, net) ==
        path + ": holds in.weight.m without in.weight.v: adamw keeps all of a parameter or nothing");
  std::erase_if(file.tensors, [](auto const& t) { return t.name == "in.weight.m"; });
  weft::io::save_safetensors(path, file.tensors, file.metadata);
  CHECK(mistake(adamw, net) == "");  // as if it had been frozen
  weft::io::save_safetensors(path, file.tensors);
  CHECK(mistake(adamw, net) == path + ": holds the state of no optimizer, not of adamw");

  optim::adamw const fresh{{}};
  optim::save_state(fresh, net, path);
  CHECK(mistake(adamw, net) == "");
  CHECK(adamw.step == 0);
  std::remove(path.c_str());
}

TEST_CASE("clipping") {
  one g{tensor<double, 1>{3, 0, 4}};
  CHECK(optim::clip_grad_norm(g, 10) == Approx(5));
  CHECK(array_equal(g.w.value, tensor<double, 1>{3, 0, 4}));
  CHECK(optim::clip_grad_norm(g, 1) == Approx(5));
  CHECK(allclose(g.w.value, tensor<double, 1>{0.6, 0, 0.8}, 1e-6));
  one zero{tensor<double, 1>{0, 0, 0}};
  CHECK(optim::clip_grad_norm(zero, 1) == 0);
  CHECK(array_equal(zero.w.value, tensor<double, 1>{0, 0, 0}));
}
