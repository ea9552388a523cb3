// Golden cases of losses, optimizers, initialisers and whole training runs: values and gradients.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <weft/grad.hpp>
#include <weft/nn.hpp>
#include <weft/optim.hpp>

#include <array>
#include <string>
#include <vector>

#include "tally.hpp"

namespace nn = weft::nn;
namespace optim = weft::optim;
namespace reduction = weft::nn::reduction;
using golden::answer;
using golden::any_tensor;
using golden::leave_out;
using golden::test_case;
using weft::all, weft::index_t;
using weft::tensor;

namespace {

template <class T, int R>
tensor<T, R> read(any_tensor const& a) {
  tensor<T, R> t;
  if constexpr (R > 0) {
    weft::extents<R> e{};
    for (std::size_t i = 0; i < e.size(); ++i) e[i] = a.shape[i];
    t.prepare(e);
  }
  if (t.size() > 0) std::memcpy(t.data(), a.data(), sizeof(T) * static_cast<std::size_t>(t.size()));
  return t;
}
template <class E>
any_tensor erased(E const& e) {
  return nn::parts::erased(eval(e));
}

double number(test_case const& c, char const* key, double otherwise) {
  auto const* found = c.attr(key);
  return found ? found->number() : otherwise;
}
bool flag(test_case const& c, char const* key) {
  auto const* found = c.attr(key);
  return found && found->boolean();
}

// -- losses ------------------------------------------------------------------------------------------------------

// Calls f with the reduction of the case.
template <class Default, class F>
answer with_reduction(test_case const& c, Default otherwise, F const& f) {
  auto const* r = c.attr("reduction");
  if (!r) return f(otherwise);
  if (r->string() == "none") return f(reduction::none);
  if (r->string() == "mean") return f(reduction::mean);
  return f(reduction::sum);
}

// The value of loss(x...) and its gradients with respect to the first and, where asked for, the other arguments.
template <class L, class... X>
answer value_and_gradients(test_case const& c, L const& loss, X const&... x) {
  answer a;
  auto const value = eval(loss(x...));
  a.outs.push_back(erased(value));
  constexpr int R = weft::rank_of<decltype(value)>;
  auto const along = [&]<int I>(weft::wrt_list<I>) {
    if (static_cast<std::size_t>(I) >= c.args.size()) return;
    std::string const& name = c.args[static_cast<std::size_t>(I)];
    bool asked = false;
    for (auto const& g : c.grads) asked = asked || g == name;
    if (asked) {
      auto const cotangent = read<float, R>(c.cot("out"));
      a.grads.emplace_back(name, erased(weft::vjp(loss, cotangent, weft::wrt<I>)(x...).gradient));
    }
  };
  along(weft::wrt<0>);
  if constexpr (sizeof...(X) > 1) {
    using second = std::tuple_element_t<1, std::tuple<X...>>;
    if constexpr (std::is_same_v<weft::element_t<second>, float>) along(weft::wrt<1>);
  }
  if constexpr (sizeof...(X) > 2) along(weft::wrt<2>);
  return a;
}

template <int R>
answer mse(test_case const& c) {
  auto const p = read<float, R>(c.arg(0));
  auto const y = read<float, R>(c.arg(1));
  return with_reduction(c, reduction::mean, [&](auto r) {
    return value_and_gradients(
        c, [r](auto const& a, auto const& b) { return nn::losses::mse_loss(a, b, r); }, p, y);
  });
}
answer mse_loss(test_case const& c) {
  if (c.arg(0).rank() != c.arg(1).rank()) return leave_out("operands of different rank don't compile");
  switch (c.arg(0).rank()) {
    case 0:
      return mse<0>(c);
    case 1:
      return mse<1>(c);
    case 2:
      return mse<2>(c);
    default:
      return mse<3>(c);
  }
}

// Our loss is along the last axis; another one is brought there by a view.
template <int R, class Z>
auto last(Z const& z, bool first_axis) {
  if constexpr (R == 2)
    return first_axis ? transpose(z) : swapaxes(z, 1, 1);
  else if constexpr (R == 3)
    return swapaxes(z, first_axis ? 1 : 2, 2);
  else
    return z;
}

template <int R, bool Probabilities>
answer entropy(test_case const& c) {
  auto const z = read<float, R>(c.arg(0));
  auto const y = read<std::conditional_t<Probabilities, float, int>, Probabilities ? R : R - 1>(c.arg(1));
  auto const* at = c.attr("axis");
  int const axis = at ? static_cast<int>(at->integer()) : -1;
  bool const moved = (axis < 0 ? axis + R : axis) != R - 1;
  nn::cross_entropy_options const o{.label_smoothing = number(c, "label_smoothing", 0)};
  return with_reduction(c, reduction::none, [&](auto r) {
    auto const loss = [=](auto const& logits, auto const& targets, auto const&... weights) {
      auto const targets_last = [&] {
        if constexpr (Probabilities)
          return last<R>(targets, moved);
        else
          return targets;
      }();
      auto const z_last = last<R>(logits, moved);
      if (o.label_smoothing == 0) return eval(nn::losses::cross_entropy(z_last, targets_last, weights..., r));
      return eval(nn::losses::cross_entropy(z_last, targets_last, weights..., r, o));
    };
    if constexpr (!Probabilities)
      if (c.args.size() == 3) return value_and_gradients(c, loss, z, y, read<float, R - 1>(c.arg(2)));
    return value_and_gradients(c, loss, z, y);
  });
}
answer cross_entropy(test_case const& c) {
  bool const p = c.arg(1).dtype == weft::dtype::float32;
  switch (c.arg(0).rank()) {
    case 1:
      return p ? entropy<1, true>(c) : entropy<1, false>(c);
    case 2:
      return p ? entropy<2, true>(c) : entropy<2, false>(c);
    default:
      return p ? entropy<3, true>(c) : entropy<3, false>(c);
  }
}

// -- optimizers --------------------------------------------------------------------------------------------------

struct three {
  nn::parameter<float, 2> w;
  nn::parameter<float, 1> b, s;
};

template <class O>
answer steps(test_case const& c, O optimizer) {
  if (auto const* rate = c.attr("learning_rate"); rate && !rate->is_number()) return leave_out("no schedules");
  optimizer.options.learning_rate = number(c, "learning_rate", 0);
  three m{read<float, 2>(c.in("w")), read<float, 1>(c.in("b")), read<float, 1>(c.in("s"))};
  auto const gw = read<float, 3>(c.in("g_w"));
  auto const gb = read<float, 2>(c.in("g_b")), gs = read<float, 2>(c.in("g_s"));
  answer a;
  for (int step = 0; step < static_cast<int>(number(c, "steps", 0)); ++step) {
    optimizer.update(m, three{eval(gw(step, all, all)), eval(gb(step, all)), eval(gs(step, all))});
    if (step == 0 || step == 1 || step == 4) {
      a.outs.push_back(erased(m.w.value));
      a.outs.push_back(erased(m.b.value));
      a.outs.push_back(erased(m.s.value));
    }
  }
  return a;
}
double beta(test_case const& c, std::size_t i, double otherwise) {
  auto const* list = c.attr("betas");
  return list ? list->items()[i].number() : otherwise;
}
answer sgd(test_case const& c) {
  return steps(c, optim::sgd{{.momentum = number(c, "momentum", 0),
                              .weight_decay = number(c, "weight_decay", 0),
                              .dampening = number(c, "dampening", 0),
                              .nesterov = flag(c, "nesterov")}});
}
answer adam(test_case const& c) {
  return steps(c, optim::adam{{.beta1 = beta(c, 0, 0.9),
                               .beta2 = beta(c, 1, 0.999),
                               .eps = number(c, "eps", 1e-8),
                               .bias_correction = flag(c, "bias_correction")}});
}
answer adamw(test_case const& c) {
  return steps(c, optim::adamw{{.beta1 = beta(c, 0, 0.9),
                                .beta2 = beta(c, 1, 0.999),
                                .eps = number(c, "eps", 1e-8),
                                .weight_decay = number(c, "weight_decay", 0.01),
                                .bias_correction = flag(c, "bias_correction")}});
}
answer clip(test_case const& c) {
  struct pair {
    nn::parameter<float, 2> a;
    nn::parameter<float, 1> b;
  } g{read<float, 2>(c.in("a")), read<float, 1>(c.in("b"))};
  auto const norm = static_cast<float>(optim::clip_grad_norm(g, number(c, "max_norm", 0)));
  answer a;
  a.outs = {erased(g.a.value), erased(g.b.value), erased(tensor<float, 0>(norm))};
  return a;
}

// -- initialisers ------------------------------------------------------------------------------------------------

std::string wrong_moments(test_case const& c, auto const& t) {
  auto const& e = c.attrs()["expected"];
  double const m = double(mean(t)), v = double(var(t));
  if (std::abs(m - e["mean"].number()) > e["mean_tol"].number()) return "the mean is " + std::to_string(m);
  if (std::abs(v / e["var"].number() - 1) > e["var_rtol"].number()) return "the variance is " + std::to_string(v);
  double const low = double(min(t)), high = double(max(t));
  if (!e["min"].is_null() && low < e["min"].number()) return "the smallest is " + std::to_string(low);
  if (!e["max"].is_null() && high > e["max"].number()) return "the largest is " + std::to_string(high);
  return "";
}
template <class F>
answer random_init(test_case const& c, F const& f) {
  auto const& s = c.attrs()["shape"].items();
  answer a;
  a.checked = true;
  if (s.size() == 2)
    a.mistake = wrong_moments(c, f({s[0].integer(), s[1].integer()}));
  else
    return leave_out("initialisers of rank " + std::to_string(s.size()));
  return a;
}
nn::init::he_options he(test_case const& c) {
  auto const* mode = c.attr("mode");
  bool const out = mode && mode->string() == "fan_out";
  return {out ? nn::init::fan_mode::fan_out : nn::init::fan_mode::fan_in, number(c, "gain", 1)};
}
using two = index_t const (&)[2];
answer init_normal(test_case const& c) {
  return random_init(c, [&](two s) { return nn::init::normal<double>(s, number(c, "mean", 0), number(c, "std", 1)); });
}
answer init_uniform(test_case const& c) {
  return random_init(c, [&](two s) { return nn::init::uniform<double>(s, number(c, "low", 0), number(c, "high", 1)); });
}
answer glorot_normal(test_case const& c) {
  return random_init(c, [&](two s) { return nn::init::glorot_normal<double>(s, number(c, "gain", 1)); });
}
answer glorot_uniform(test_case const& c) {
  if (c.raises) return leave_out("one axis doesn't compile");
  return random_init(c, [&](two s) { return nn::init::glorot_uniform<double>(s, number(c, "gain", 1)); });
}
answer he_normal(test_case const& c) {
  return random_init(c, [&](two s) { return nn::init::he_normal<double>(s, he(c)); });
}
answer he_uniform(test_case const& c) {
  return random_init(c, [&](two s) { return nn::init::he_uniform<double>(s, he(c)); });
}
answer constant(test_case const& c) {
  auto const& s = c.attrs()["shape"].items();
  auto const value = static_cast<float>(number(c, "value", 0));
  answer a;
  if (s.size() == 1)
    a.outs.push_back(erased(nn::init::constant<float>({s[0].integer()}, value)));
  else
    a.outs.push_back(erased(nn::init::constant<float>({s[0].integer(), s[1].integer()}, value)));
  return a;
}
answer identity(test_case const& c) {
  answer a;
  if (c.raises) {
    auto const& s = c.arg(0).shape;
    (void)nn::init::identity<float>({s[0], s[1]});
    return a;
  }
  auto const& s = c.attrs()["shape"].items();
  a.outs.push_back(erased(nn::init::identity<float>({s[0].integer(), s[1].integer()})));
  return a;
}
answer layer_init(test_case const& c) {
  if (c.name != "layer_Linear") return leave_out("no layer but Linear");
  nn::Linear const l(16, 24);
  auto const& e = c.attrs()["expected"];
  answer a;
  a.checked = true;
  auto const check = [&](char const* name, auto const& t) {
    double const limit = e[name]["limit"].number();
    double const most = double(max(abs(t)));
    if (most > limit || most < 0.8 * limit) a.mistake = std::string(name) + " is out of bounds";
    if (t.shape(0) != e[name]["shape"].items()[0].integer()) a.mistake = std::string(name) + " has another shape";
  };
  check("weight", cast<double>(l.weight.value));
  check("bias", cast<double>(l.bias.value));
  return a;
}

// -- training ----------------------------------------------------------------------------------------------------

struct mlp {
  std::vector<nn::Linear> layers = std::vector<nn::Linear>(3);
  auto operator()(auto const& x) const { return layers[2](gelu(layers[1](gelu(layers[0](x))))); }
};
mlp read_mlp(test_case const& c) {
  mlp m;
  nn::for_each_parameter(m, [&]<class P>(std::string_view path, P& p) {
    p.value = read<float, weft::rank_of<P>>(c.param(path));
  });
  return m;
}
void append(test_case const& c, answer& a, std::string const& prefix, mlp const& m) {
  nn::for_each_parameter(m, [&](std::string_view path, auto const& p) {
    for (auto const& name : c.outs)
      if (name == prefix + std::string(path)) a.outs.push_back(erased(p.value));
  });
}
answer train(test_case const& c) {
  if (c.name != "mlp_sgd") return leave_out("layers that aren't there yet");
  mlp m = read_mlp(c);
  auto const x = read<float, 2>(c.in("x"));
  auto const y = read<int, 1>(c.in("y"));
  optim::sgd optimizer{{.learning_rate = 0.1, .momentum = 0.9}};
  auto const step = weft::value_and_grad([](auto const& net, auto const& in, auto const& classes) {
    return nn::losses::cross_entropy(net(in), classes, reduction::mean);
  });
  auto losses = weft::empty<float>({8});
  answer a;
  for (int i = 0; i < 8; ++i) {
    auto const [loss, gradient] = step(m, x, y);
    losses(i) = float(loss);
    if (i == 0) append(c, a, "grad0.", gradient);
    optimizer.update(m, gradient);
  }
  a.outs.push_back(erased(losses));
  append(c, a, "final.", m);
  return a;
}
answer frozen(test_case const& c) {
  mlp m = read_mlp(c);
  nn::freeze(m.layers[0]);
  auto const x = read<float, 2>(c.in("x"));
  auto const [value, gradient] = weft::value_and_grad([](auto const& net, auto const& in) {
    return sum(square(net(in)));
  })(m, x);
  answer a;
  a.outs.push_back(erased(value));
  append(c, a, "grad.", gradient);
  return a;
}

golden::handler_entry const losses[] = {{"mse_loss", mse_loss}, {"cross_entropy", cross_entropy}};
golden::handler_entry const optimizers[] = {{"SGD", sgd, "optimizer"},
                                            {"Adam", adam, "optimizer"},
                                            {"AdamW", adamw, "optimizer"},
                                            {"clip_grad_norm", clip, "optimizer"}};
golden::handler_entry const initialisers[] = {
    {"init.normal", init_normal, "moments"},           {"init.uniform", init_uniform, "moments"},
    {"init.glorot_normal", glorot_normal, "moments"},  {"init.glorot_uniform", glorot_uniform, "moments"},
    {"init.he_normal", he_normal, "moments"},          {"init.he_uniform", he_uniform, "moments"},
    {"init.constant", constant, "init"},               {"init.identity", identity, "init"},
    {"init.identity", identity},                       {"init.glorot_uniform", glorot_uniform},
    {"layer_init", layer_init, "moments"},
};
golden::handler_entry const training[] = {{"train", train, "training"}, {"value_and_grad", frozen, "training"}};

template <std::size_t N>
void check(char const* group, golden::handler_entry const (&table)[N], int passed) {
  if (golden::folder().empty()) {
    MESSAGE("no golden files");
    return;
  }
  auto const t = golden::run(golden::read_group(group), table);
  t.print();
  CHECK(t.failed == 0);
  CHECK(t.passed >= passed);
}

}  // namespace

TEST_CASE("losses") { check("losses", losses, 110); }
TEST_CASE("optimizers") { check("optimizers", optimizers, 14); }
TEST_CASE("initialisers") { check("init", initialisers, 15); }
TEST_CASE("training") { check("training", training, 2); }
