// Golden cases of optimizers and initialisers: whatever parameters a case has, of any number, name and rank.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <weft/nn.hpp>
#include <weft/optim.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "arrays.hpp"
#include "extra.hpp"

namespace nn = weft::nn;
namespace optim = weft::optim;
using golden::answer, golden::any_tensor, golden::leave_out, golden::number_of, golden::test_case;
using weft::dtype, weft::index_t, weft::tensor;

namespace {

template <class E>
any_tensor erased(E const& e) {
  return nn::parts::erased(eval(e));
}

// -- parameters of a case ----------------------------------------------------------------------------------------

// A model whose parameters only run time knows: a list for each rank.
struct any_model {
  std::vector<nn::parameter<float, 0>> rank0;
  std::vector<nn::parameter<float, 1>> rank1;
  std::vector<nn::parameter<float, 2>> rank2;
  std::vector<nn::parameter<float, 3>> rank3;
  std::vector<nn::parameter<float, 4>> rank4;
  std::vector<nn::parameter<float, 5>> rank5;
  std::vector<nn::parameter<float, 6>> rank6;
  std::vector<nn::parameter<float, 7>> rank7;
  std::vector<nn::parameter<float, 8>> rank8;

  template <int R>
  auto& list() {
    if constexpr (R == 0) return rank0;
    else if constexpr (R == 1) return rank1;
    else if constexpr (R == 2) return rank2;
    else if constexpr (R == 3) return rank3;
    else if constexpr (R == 4) return rank4;
    else if constexpr (R == 5) return rank5;
    else if constexpr (R == 6) return rank6;
    else if constexpr (R == 7) return rank7;
    else return rank8;
  }
};
// Puts an array, or part `n` of its first axis, into the model.
std::string add(any_model& m, any_tensor const& a, std::size_t rank, index_t n = 0) {
  return golden::by_rank<0, golden::max_rank>(rank, [&](auto r) {
    m.list<decltype(r)::value>().push_back(golden::read_part<float, decltype(r)::value>(a, n));
    return answer();
  }).left_out;
}
struct place {
  std::string name;
  std::size_t rank, index;  // in the list of its rank
};
any_tensor value(any_model& m, place const& p) {
  any_tensor result;
  (void)golden::by_rank<0, golden::max_rank>(p.rank, [&](auto r) {
    result = erased(m.list<decltype(r)::value>()[p.index].value);
    return answer();
  });
  return result;
}

// -- optimizers --------------------------------------------------------------------------------------------------

// The cases store "<p>@<n>": parameter p after n steps.
template <class O>
answer steps(test_case const& c, O optimizer, std::vector<std::string_view> known) {
  auto const* rate = c.attr("learning_rate");
  if (!rate) return leave_out("no learning rate");
  if (!rate->is_number()) return leave_out("no schedules");
  known.insert(known.end(), {"steps", "learning_rate"});
  if (auto const other = golden::unknown_attribute(c, known); !other.empty()) return leave_out(other);
  optimizer.options.learning_rate = rate->number();

  any_model m;
  std::vector<place> places;
  std::map<std::size_t, std::size_t> count;
  for (std::string const& name : c.args) {
    if (!c.find("in", "g_" + name)) continue;  // a gradient
    any_tensor const &p = c.in(name), &g = c.in("g_" + name);
    if (p.dtype != dtype::float32 || g.dtype != dtype::float32) return leave_out("parameters of another type than float32");
    if (g.shape.empty() || std::vector<index_t>(g.shape.begin() + 1, g.shape.end()) != p.shape)
      weft::fail<weft::format_error>(c.name + ": the gradients of " + name + " are not its shape for each step");
    if (auto const why = add(m, p, p.shape.size()); !why.empty()) return leave_out(why);
    places.push_back({name, p.shape.size(), count[p.shape.size()]++});
  }
  index_t last = static_cast<index_t>(number_of(c, "steps", 0));
  std::map<std::string, index_t> wanted;  // out: after how many steps
  for (std::string const& out : c.outs) {
    std::size_t const at = out.rfind('@');
    if (at == std::string::npos) weft::fail<weft::format_error>(c.name + ": an output " + out + " without a step");
    last = std::max(last, wanted[out] = std::stol(out.substr(at + 1)));
  }
  std::map<std::string, any_tensor> reached;
  for (index_t step = 1; step <= last; ++step) {
    any_model g;
    for (place const& p : places) {
      any_tensor const& stacked = c.in("g_" + p.name);
      if (step > stacked.shape[0]) weft::fail<weft::format_error>(c.name + ": fewer gradients of " + p.name + " than steps");
      (void)add(g, stacked, p.rank, step - 1);
    }
    optimizer.update(m, g);
    for (place const& p : places) {
      std::string const out = p.name + '@' + std::to_string(step);
      if (wanted.count(out)) reached[out] = golden::copied(value(m, p));
    }
  }
  answer a;
  for (std::string const& out : c.outs) {
    if (!reached.count(out)) weft::fail<weft::format_error>(c.name + ": no parameter or step of " + out);
    a.outs.push_back(reached[out]);
  }
  return a;
}
double beta(test_case const& c, index_t i, double otherwise) {
  auto const* list = c.attr("betas");
  return list ? (*list)[i].number() : otherwise;
}
answer sgd(test_case const& c) {
  return steps(c, optim::sgd{{.momentum = number_of(c, "momentum", 0),
                              .weight_decay = number_of(c, "weight_decay", 0),
                              .dampening = number_of(c, "dampening", 0),
                              .nesterov = golden::flag_of(c, "nesterov")}},
               {"momentum", "weight_decay", "dampening", "nesterov"});
}
answer adam(test_case const& c) {
  return steps(c, optim::adam{{.beta1 = beta(c, 0, 0.9),
                               .beta2 = beta(c, 1, 0.999),
                               .eps = number_of(c, "eps", 1e-8),
                               .bias_correction = golden::flag_of(c, "bias_correction")}},
               {"betas", "eps", "bias_correction"});
}
answer adamw(test_case const& c) {
  return steps(c, optim::adamw{{.beta1 = beta(c, 0, 0.9),
                                .beta2 = beta(c, 1, 0.999),
                                .eps = number_of(c, "eps", 1e-8),
                                .weight_decay = number_of(c, "weight_decay", 0.01),
                                .bias_correction = golden::flag_of(c, "bias_correction")}},
               {"betas", "eps", "weight_decay", "bias_correction"});
}
// The clipped arrays under their own names, and the norm under another.
answer clip(test_case const& c) {
  if (auto const other = golden::unknown_attribute(c, {"max_norm"}); !other.empty()) return leave_out(other);
  if (!c.attr("max_norm")) return leave_out("no max_norm");
  any_model g;
  std::map<std::string, place> places;
  std::map<std::size_t, std::size_t> count;
  for (std::string const& name : c.args) {
    any_tensor const& x = c.in(name);
    if (x.dtype != dtype::float32) return leave_out("gradients of another type than float32");
    if (auto const why = add(g, x, x.shape.size()); !why.empty()) return leave_out(why);
    places[name] = {name, x.shape.size(), count[x.shape.size()]++};
  }
  auto const norm = static_cast<float>(optim::clip_grad_norm(g, c.attr("max_norm")->number()));
  answer a;
  for (std::string const& out : c.outs)
    a.outs.push_back(places.count(out) ? value(g, places[out]) : erased(tensor<float, 0>(norm)));
  return a;
}

// -- initialisers ------------------------------------------------------------------------------------------------

std::string wrong_moments(test_case const& c, double const* x, index_t n) {
  auto const& e = c.attrs()["expected"];
  double m = 0, v = 0, low = x[0], high = x[0];
  for (index_t i = 0; i < n; ++i) {
    m += x[i] / static_cast<double>(n);
    low = std::min(low, x[i]);
    high = std::max(high, x[i]);
  }
  for (index_t i = 0; i < n; ++i) v += (x[i] - m) * (x[i] - m) / static_cast<double>(n);
  if (!(std::abs(m - e["mean"].number()) <= e["mean_tol"].number())) return "the mean is " + std::to_string(m);
  double const want = e["var"].number();
  if (!(std::abs(v - want) <= e["var_rtol"].number() * want)) return "the variance is " + std::to_string(v);
  auto const given = [&](char const* key) {
    auto const* found = e.find(key);
    return found && !found->is_null() ? found : nullptr;
  };
  if (auto const* least = given("min"); least && low < least->number()) return "the smallest is " + std::to_string(low);
  if (auto const* most = given("max"); most && high > most->number()) return "the largest is " + std::to_string(high);
  return "";
}
// Of a case that fails, its one argument has the shape.
std::vector<index_t> shape(test_case const& c) {
  if (auto const* given = c.attr("shape")) return golden::shape_of(*given);
  return c.arg(0).shape;
}
// f(sizes) with a built-in array of the case's sizes. Low is the least number of axes that compiles.
template <int Low, class F>
answer with_sizes(test_case const& c, std::vector<std::string_view> known, F const& f) {
  known.insert(known.end(), {"shape", "expected", "fan_in", "fan_out"});
  if (auto const other = golden::unknown_attribute(c, known); !other.empty()) return leave_out(other);
  std::vector<index_t> const s = shape(c);
  if (s.size() < Low) return leave_out(s.size() == 1 ? "one axis doesn't compile" : "no axis doesn't compile");
  return golden::by_rank<Low, golden::max_rank>(s.size(), [&](auto r) {
    index_t sizes[decltype(r)::value];
    for (std::size_t i = 0; i < s.size(); ++i) sizes[i] = s[i];
    return f(sizes);
  });
}
template <int Low, class F>
answer random_init(test_case const& c, std::vector<std::string_view> known, F const& f) {
  return with_sizes<Low>(c, std::move(known), [&](auto const& sizes) {
    answer a;
    auto const t = f(sizes);
    a.checked = true;
    auto const own = t.sizes();
    std::vector<index_t> const s(own.begin(), own.end());
    if (s != shape(c)) a.mistake = "has shape " + weft::io::to_text(s);
    else if (t.size() == 0) a.mistake = "no element has no moments";
    else a.mistake = wrong_moments(c, t.data(), t.size());
    return a;
  });
}
answer init_normal(test_case const& c) {
  return random_init<1>(c, {"mean", "std"}, [&](auto const& s) {
    return nn::init::normal<double>(s, number_of(c, "mean", 0), number_of(c, "std", 1));
  });
}
answer init_uniform(test_case const& c) {
  return random_init<1>(c, {"low", "high"}, [&](auto const& s) {
    return nn::init::uniform<double>(s, number_of(c, "low", 0), number_of(c, "high", 1));
  });
}
answer glorot_normal(test_case const& c) {
  return random_init<2>(c, {"gain"}, [&](auto const& s) { return nn::init::glorot_normal<double>(s, number_of(c, "gain", 1)); });
}
answer glorot_uniform(test_case const& c) {
  return random_init<2>(c, {"gain"}, [&](auto const& s) { return nn::init::glorot_uniform<double>(s, number_of(c, "gain", 1)); });
}
template <class F>
answer he(test_case const& c, F const& f) {
  auto const* mode = c.attr("mode");
  if (mode && mode->string() != "fan_in" && mode->string() != "fan_out") return leave_out("mode " + mode->string());
  bool const out = mode && mode->string() == "fan_out";
  nn::init::he_options const o{out ? nn::init::fan_mode::fan_out : nn::init::fan_mode::fan_in, number_of(c, "gain", 1)};
  return random_init<2>(c, {"mode", "gain"}, [&](auto const& s) { return f(s, o); });
}
answer he_normal(test_case const& c) {
  return he(c, [](auto const& s, auto const& o) { return nn::init::he_normal<double>(s, o); });
}
answer he_uniform(test_case const& c) {
  return he(c, [](auto const& s, auto const& o) { return nn::init::he_uniform<double>(s, o); });
}
answer constant(test_case const& c) {
  if (!c.raises && c.out(c.outs.at(0)).dtype != dtype::float32) return leave_out("elements of another type than float32");
  return with_sizes<1>(c, {"value"}, [&](auto const& s) {
    answer a;
    a.outs.push_back(erased(nn::init::constant<float>(s, static_cast<float>(number_of(c, "value", 0)))));
    return a;
  });
}
answer identity(test_case const& c) {
  std::vector<index_t> const s = shape(c);
  if (auto const other = golden::unknown_attribute(c, {"shape"}); !other.empty()) return leave_out(other);
  if (s.size() != 2) return leave_out("an identity of " + std::to_string(s.size()) + " axes doesn't compile");
  if (!c.raises && c.out(c.outs.at(0)).dtype != dtype::float32) return leave_out("elements of another type than float32");
  auto const t = nn::init::identity<float>({s[0], s[1]});
  answer a;
  a.outs.push_back(erased(t));
  return a;
}

template <class T>
std::string wrong_parameter(golden::json const& e, char const* name, T const& t) {
  auto const s = t.sizes();
  if (std::vector<index_t>(s.begin(), s.end()) != golden::shape_of(e["shape"])) return std::string(name) + " has another shape";
  double most = 0;
  for (index_t i = 0; i < t.size(); ++i) most = std::max(most, std::abs(static_cast<double>(t.data()[i])));
  double const limit = e["limit"].number();
  // The largest of n is below 0.8 of the limit once in 0.8^-n cases, which of few elements happens.
  double const share = t.size() >= 24 ? 0.8 : std::min(0.8, std::pow(1e-6, 1 / static_cast<double>(t.size())));
  return most > limit || most < share * limit ? std::string(name) + " is out of bounds" : "";
}
// What a case expects says which layer it is: of those there are, only Linear has a weight of two axes with a limit.
answer layer_init(test_case const& c) {
  auto const& e = c.attrs()["expected"];
  auto const* weight = e.find("weight");
  auto const* bias = e.find("bias");
  bool const linear = weight && weight->find("limit") && (*weight)["shape"].size() == 2 &&
                      e.size() == (bias ? 2u : 1u) && (!bias || bias->find("limit"));
  if (!linear) return leave_out("no layer but Linear");
  auto const s = golden::shape_of((*weight)["shape"]);
  answer a;
  a.checked = true;
  if (bias) {
    nn::Linear const l(s[1], s[0]);
    a.mistake = wrong_parameter(*weight, "weight", l.weight.value);
    if (a.mistake.empty()) a.mistake = wrong_parameter(*bias, "bias", l.bias.value);
  } else {
    nn::linear<float, false> const l(s[1], s[0]);
    a.mistake = wrong_parameter(*weight, "weight", l.weight.value);
  }
  return a;
}

golden::handler_entry const optimizers[] = {{"SGD", sgd, "optimizer"},
                                            {"Adam", adam, "optimizer"},
                                            {"AdamW", adamw, "optimizer"},
                                            {"clip_grad_norm", clip, "optimizer"}};
golden::handler_entry const initialisers[] = {
    {"init.normal", init_normal, "moments"},           {"init.normal", init_normal},
    {"init.uniform", init_uniform, "moments"},         {"init.uniform", init_uniform},
    {"init.glorot_normal", glorot_normal, "moments"},  {"init.glorot_normal", glorot_normal},
    {"init.glorot_uniform", glorot_uniform, "moments"}, {"init.glorot_uniform", glorot_uniform},
    {"init.he_normal", he_normal, "moments"},          {"init.he_normal", he_normal},
    {"init.he_uniform", he_uniform, "moments"},        {"init.he_uniform", he_uniform},
    {"init.constant", constant, "init"},               {"init.constant", constant},
    {"init.identity", identity, "init"},               {"init.identity", identity},
    {"layer_init", layer_init, "moments"},
};

template <std::size_t N>
void check(char const* group, golden::handler_entry const (&table)[N], int passed) {
  if (!golden::has_group(group)) {
    MESSAGE("SKIPPED: no golden cases of " << std::string(group) << " (set WEFT_GOLDEN)");
    return;
  }
  auto const t = golden::run(golden::read_group(group), table);
  t.print();
  CHECK(t.failed == 0);
  CHECK(t.passed >= golden::at_least(passed));
}

}  // namespace

TEST_CASE("optimizers") { check("optimizers", optimizers, 14); }
TEST_CASE("initialisers") { check("init", initialisers, 23); }

// -- other cases of the same operations --------------------------------------------------------------------------

namespace {

// The formulas of the folder's README, in doubles.
struct settings {
  double rate = 0.1, momentum = 0, decay = 0, dampening = 0, beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  bool nesterov = false, corrected = false, moments = false, apart = false;
};
struct one {
  double w, m = 0, v = 0;
  void step(settings const& s, double g, int t) {
    if (s.moments) {
      m = s.beta1 * m + (1 - s.beta1) * g;
      v = s.beta2 * v + (1 - s.beta2) * g * g;
      double const c1 = s.corrected ? 1 - std::pow(s.beta1, t) : 1, c2 = s.corrected ? 1 - std::pow(s.beta2, t) : 1;
      if (s.apart) w *= 1 - s.rate * s.decay;
      w -= s.rate * (m / c1) / (std::sqrt(v / c2) + s.eps);
      return;
    }
    g += s.decay * w;
    if (s.momentum > 0) {
      v = s.momentum * v + (1 - s.dampening) * g;
      g = s.nesterov ? g + s.momentum * v : v;
    }
    w -= s.rate * g;
  }
};
void optimizer_case(golden::case_file& file, std::string const& name, std::string const& op, std::string const& attrs,
                    settings const& s, std::vector<std::vector<index_t>> const& shapes, std::vector<int> const& stored) {
  int const steps = stored.back();
  std::string args, gradients, outs;
  std::map<int, std::string> by_step;
  for (std::size_t p = 0; p < shapes.size(); ++p) {
    std::string const own = "p" + std::to_string(p) + ".weight";
    std::vector<index_t> stacked = shapes[p];
    stacked.insert(stacked.begin(), steps);
    auto const w = file.numbers(shapes[p], 1), g = file.numbers(stacked, 2);
    file.array(name, "in", own, shapes[p], w);
    file.array(name, "in", "g_" + own, stacked, g);
    args += (p ? ",\"" : "\"") + own + '"';
    gradients += ",\"g_" + own + '"';
    std::vector<one> state;
    for (float const x : w) state.push_back({double(x)});
    for (int step = 1; step <= steps; ++step) {
      for (std::size_t i = 0; i < state.size(); ++i)
        state[i].step(s, double(g[static_cast<std::size_t>(step - 1) * state.size() + i]), step);
      if (std::find(stored.begin(), stored.end(), step) == stored.end()) continue;
      std::vector<float> after;
      for (one const& x : state) after.push_back(static_cast<float>(x.w));
      std::string const out = own + '@' + std::to_string(step);
      file.array(name, "out", out, shapes[p], after);
      by_step[step] += ",\"" + out + '"';
    }
  }
  for (auto const& [step, list] : by_step) outs += list;
  file.about(name, "{\"op\":\"" + op + "\",\"kind\":\"optimizer\",\"args\":[" + args + gradients + "],\"attrs\":{\"steps\":" +
                       std::to_string(steps) + ",\"learning_rate\":" + std::to_string(s.rate) + attrs + "},\"outs\":[" +
                       outs.substr(1) + "],\"rtol\":1e-05,\"atol\":1e-05}");
}

}  // namespace

TEST_CASE("optimizers of other parameters: any number, names, ranks, sizes and steps") {
  golden::case_file file("optimizers");
  std::vector<std::vector<index_t>> const ranks = {{}, {1}, {3}, {2, 3}, {2, 3, 4}, {2, 1, 3, 2}, {1, 2, 1, 2, 2}, {2, 1, 1, 1, 2, 1, 2}};
  std::vector<std::vector<index_t>> const eight = {{1, 2, 1, 1, 2, 1, 1, 2}, {0}, {33}, {33}};
  settings s;
  optimizer_case(file, "sgd_ranks", "SGD", "", s, ranks, {1, 3});
  s.rate = 0.05, s.momentum = 0.8, s.decay = 0.02, s.dampening = 0.3;
  optimizer_case(file, "sgd_all", "SGD", ",\"momentum\":0.8,\"weight_decay\":0.02,\"dampening\":0.3", s, eight, {4, 7});
  s.dampening = 0, s.nesterov = true;
  optimizer_case(file, "sgd_one", "SGD", ",\"momentum\":0.8,\"weight_decay\":0.02,\"nesterov\":true,\"dampening\":null", s, {{5, 2}}, {2});
  s = {.moments = true};
  optimizer_case(file, "adam_ranks", "Adam", "", s, ranks, {1, 2, 3, 6});
  s = {.rate = 0.02, .beta1 = 0.7, .beta2 = 0.95, .eps = 1e-4, .corrected = true, .moments = true};
  optimizer_case(file, "adam_all", "Adam", ",\"betas\":[0.7,0.95],\"eps\":1e-4,\"bias_correction\":true", s, eight, {3});
  s.apart = true, s.decay = 0.3;
  optimizer_case(file, "adamw_all", "AdamW", ",\"betas\":[0.7,0.95],\"eps\":1e-4,\"bias_correction\":true,\"weight_decay\":0.3", s, ranks, {3});
  s = {.decay = 0.01, .moments = true, .apart = true};
  optimizer_case(file, "adamw_default", "AdamW", "", s, {{2, 2, 2}}, {5});

  for (double const limit : {0.5, 1e3}) {
    std::string const name = limit < 1 ? "clip" : "clip_not";
    std::string names;
    double squares = 0;
    std::vector<std::vector<float>> values;
    for (std::size_t p = 0; p < ranks.size(); ++p) {
      values.push_back(file.numbers(ranks[p], 3));
      for (float const x : values.back()) squares += double(x) * double(x);
      file.array(name, "in", "x" + std::to_string(p), ranks[p], values.back());
      names += "\"x" + std::to_string(p) + "\",";
    }
    double const norm = std::sqrt(squares), factor = std::min(limit / (norm + 1e-6), 1.0);
    for (std::size_t p = 0; p < ranks.size(); ++p) {
      for (float& x : values[p]) x = static_cast<float>(double(x) * factor);
      file.array(name, "out", "x" + std::to_string(p), ranks[p], values[p]);
    }
    file.array(name, "out", "norm", {}, {static_cast<float>(norm)});
    names.pop_back();
    file.about(name, "{\"op\":\"clip_grad_norm\",\"kind\":\"optimizer\",\"args\":[" + names + "],\"attrs\":{\"max_norm\":" +
                         std::to_string(limit) + "},\"outs\":[\"norm\"," + names + "],\"rtol\":1e-05,\"atol\":1e-06}");
  }
  auto const t = golden::run(file.read(), optimizers);
  t.print();
  CHECK(t.cases == 9);
  CHECK(t.passed == t.cases);

  // The runner finds a wrong value of any of them.
  for (auto& array : file.tensors)
    if (array.name.find("/out/") != std::string::npos && array.tensor.size() > 0) array.tensor.as<float>()[array.tensor.size() - 1] += 1;
  auto const wrong = golden::run(file.read(), optimizers);
  CHECK(wrong.failed == wrong.cases);
}

TEST_CASE("an attribute that a handler doesn't know leaves its case out") {
  golden::case_file file("optimizers");
  optimizer_case(file, "sgd", "SGD", ",\"maximize\":true", settings(), {{2}}, {1});
  auto const t = golden::run(file.read(), optimizers);
  CHECK(t.left_out == 1);
  CHECK(t.reasons.count("attribute maximize") == 1);
}

TEST_CASE("initialisers of other shapes") {
  golden::case_file file("init");
  int made = 0;
  auto const moments = [&](std::string const& op, std::string const& sizes, index_t count, std::string const& attrs, double mean,
                           double deviation, double limit) {
    std::string const name = op + '_' + std::to_string(made++);
    std::string const bounds = limit > 0 ? std::to_string(mean - limit) + ",\"max\":" + std::to_string(mean + limit) : "null,\"max\":null";
    file.about(name, "{\"op\":\"init." + op + "\",\"kind\":\"moments\",\"args\":[],\"attrs\":{\"shape\":" + sizes + attrs +
                         ",\"expected\":{\"mean\":" + std::to_string(mean) + ",\"var\":" + std::to_string(deviation * deviation) +
                         ",\"min\":" + bounds + ",\"mean_tol\":" + std::to_string(5 * deviation / std::sqrt(double(count))) +
                         ",\"var_rtol\":0.05}},\"outs\":[],\"rtol\":0,\"atol\":0}");
  };
  moments("normal", "[40000]", 40000, ",\"mean\":-2,\"std\":0.5", -2, 0.5, 0);
  moments("normal", "[20,10,20,10]", 40000, "", 0, 1, 0);
  moments("uniform", "[2,3,5,2,3,5,2,25]", 45000, ",\"low\":-1,\"high\":3", 1, 4 / std::sqrt(12.0), 2);
  moments("uniform", "[30000]", 30000, "", 0.5, 1 / std::sqrt(12.0), 0.5);
  for (double const gain : {1.0, 2.5}) {
    std::string const attr = gain == 1 ? "" : ",\"gain\":2.5";
    // (out, window..., in): 64 x 5 x 100 and 300 x 120
    moments("glorot_normal", "[64,5,100]", 32000, attr, 0, gain * std::sqrt(2.0 / (500 + 320)), 0);
    moments("glorot_uniform", "[300,120]", 36000, attr, 0, gain * std::sqrt(2.0 / 420), gain * std::sqrt(6.0 / 420));
    moments("he_normal", "[30,2,3,4,50]", 36000, attr, 0, gain / std::sqrt(1200.0), 0);
    moments("he_uniform", "[64,5,100]", 32000, attr + ",\"mode\":\"fan_out\"", 0, gain / std::sqrt(320.0), gain * std::sqrt(3 / 320.0));
  }
  auto const constant = [&](std::string const& name, std::vector<index_t> const& shape, float value) {
    index_t n = 1;
    std::string sizes;
    for (index_t const k : shape) n *= k, sizes += (sizes.empty() ? "" : ",") + std::to_string(k);
    file.array(name, "out", "out", shape, std::vector<float>(static_cast<std::size_t>(n), value));
    file.about(name, "{\"op\":\"init.constant\",\"kind\":\"init\",\"args\":[],\"attrs\":{\"value\":" + std::to_string(value) +
                         ",\"shape\":[" + sizes + "]},\"outs\":[\"out\"],\"rtol\":0,\"atol\":0}");
  };
  constant("c1", {7}, 1.5f);
  constant("c3", {2, 3, 4}, -2);
  constant("c5", {1, 2, 3, 1, 2}, 0.25f);
  constant("c8", {1, 2, 1, 2, 1, 2, 1, 2}, 8);
  constant("c0", {3, 0, 2}, 8);
  file.array("i3", "out", "out", {3, 3}, {1, 0, 0, 0, 1, 0, 0, 0, 1});
  file.about("i3", "{\"op\":\"init.identity\",\"kind\":\"init\",\"args\":[],\"attrs\":{\"shape\":[3,3]},\"outs\":[\"out\"],\"rtol\":0,\"atol\":0}");
  int refused = 0;
#ifndef WEFT_NO_EXCEPTIONS  // an error ends the program then
  file.array("i_no", "in", "x", {4, 3}, file.numbers({4, 3}, 1));
  file.about("i_no", "{\"op\":\"init.identity\",\"kind\":\"op\",\"args\":[\"x\"],\"attrs\":{},\"outs\":[],\"raises\":true,\"rtol\":0,\"atol\":0}");
  refused = 1;
#endif
  for (char const* bias : {"", ",\"bias\":{\"shape\":[40],\"limit\":0.1}"})
    file.about(*bias ? "layer_a" : "layer_b", "{\"op\":\"layer_init\",\"kind\":\"moments\",\"args\":[],\"attrs\":{\"expected\":{\"weight\":"
                                              "{\"shape\":[40,100],\"limit\":0.1}" + std::string(bias) + "}},\"outs\":[],\"rtol\":0,\"atol\":0}");
  auto const t = golden::run(file.read(), initialisers);
  t.print();
  CHECK(t.cases == made + 8 + refused);
  CHECK(t.passed == t.cases);
}
