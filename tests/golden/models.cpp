// Golden cases of losses and whole training runs: values and gradients. Ranks, sizes and options are the case's.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <weft/grad.hpp>
#include <weft/nn.hpp>
#include <weft/optim.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "arrays.hpp"
#include "extra.hpp"

namespace nn = weft::nn;
namespace optim = weft::optim;
namespace reduction = weft::nn::reduction;
using golden::answer;
using golden::any_tensor;
using golden::leave_out, golden::read, golden::number_of;
using golden::test_case;
using weft::all, weft::index_t;
using weft::tensor;

namespace {

template <class E>
any_tensor erased(E const& e) {
  return nn::parts::erased(eval(e));
}

// -- losses ------------------------------------------------------------------------------------------------------

using shape_list = std::vector<index_t>;

// Calls f with the reduction of the case.
template <class Default, class F>
answer with_reduction(test_case const& c, Default otherwise, F const& f) {
  auto const* r = c.attr("reduction");
  if (!r) return f(otherwise);
  if (r->string() == "none") return f(reduction::none);
  if (r->string() == "mean") return f(reduction::mean);
  if (r->string() == "sum") return f(reduction::sum);
  return leave_out("reduction " + r->string());
}
template <class R>
inline constexpr bool is_none = std::is_same_v<R, reduction::none_t>;

// An argument in a shape of as many elements, and the same elements in a shape of the case.
template <class T, int R>
tensor<T, R> read_as(any_tensor a, shape_list const& shape) {
  a.shape = shape;
  return read<T, R>(a);
}
any_tensor reshaped(any_tensor a, shape_list const& shape) {
  a.shape = shape;
  return a;
}
index_t product(shape_list const& s, std::size_t from, std::size_t to) {
  index_t n = 1;
  for (std::size_t i = from; i < to; ++i) n *= s[i];
  return n;
}
// Class numbers of any integer type.
template <int R>
tensor<int, R> read_classes(any_tensor const& a, shape_list const& shape) {
  any_tensor t(weft::dtype::int32, shape);
  for (index_t i = 0; i < a.size(); ++i) t.as<int>()[i] = static_cast<int>(golden::real_value(a, i));
  return read<int, R>(t);
}

// The value of loss(x...), of shape `out`, and those of its gradients that are asked for. What is taken from the case has
// the same place in its arguments.
template <class L, class... X>
answer value_and_gradients(test_case const& c, shape_list const& out, L const& loss, X const&... x) {
  answer a;
  auto const value = eval(loss(x...));
  a.outs.push_back(reshaped(erased(value), out));
  constexpr int R = weft::rank_of<decltype(value)>;
  auto const along = [&]<int... I>(weft::wrt_list<I...> floats) {
    auto const own = value.sizes();
    auto const cotangent = read_as<float, R>(c.cot(c.outs[0]), shape_list(own.begin(), own.end()));
    auto const all = weft::vjp(loss, cotangent, floats)(x...).gradient;
    auto const one = [&](int i, auto const& gradient) {
      if (static_cast<std::size_t>(i) >= c.args.size()) return;
      std::string const& name = c.args[static_cast<std::size_t>(i)];
      if (golden::asks_for(c, name)) a.grads.emplace_back(name, reshaped(erased(gradient), c.in(name).shape));
    };
    if constexpr (sizeof...(I) == 1)
      (one(I, all), ...);
    else
      std::apply([&](auto const&... gradient) { (one(I, gradient), ...); }, all);
  };
  if (!c.grads.empty()) along(weft::autodiff::checked_arguments<X...>());
  return a;
}
bool all_floats(test_case const& c) {
  for (std::string const& name : c.args)
    if (c.in(name).dtype != weft::dtype::float32) return false;
  return true;
}

// Elementwise, so that arrays are as good as the lists of their elements.
answer mse_loss(test_case const& c) {
  if (auto const other = golden::unknown_attribute(c, {"reduction"}); !other.empty()) return leave_out(other);
  if (!all_floats(c)) return leave_out("elements of another type than float32");
  any_tensor const &p = c.arg(0), &y = c.arg(1);
  if (p.shape != y.shape) return leave_out("operands of different shape are refused");
  return with_reduction(c, reduction::mean, [&](auto r) {
    return value_and_gradients(
        c, is_none<decltype(r)> ? p.shape : shape_list(), [r](auto const& a, auto const& b) { return nn::losses::mse_loss(a, b, r); },
        read_as<float, 1>(p, {p.size()}), read_as<float, 1>(y, {y.size()}));
  });
}

// Logits of three axes, of which the middle one or the last one is that of the classes; our loss is along the last axis, so
// another one is brought there by a view. `rows` is the shape without the classes.
template <bool Probabilities>
answer entropy(test_case const& c, shape_list const& logits, shape_list const& rows, shape_list const& out, bool in_the_middle) {
  auto const z = read_as<float, 3>(c.arg(0), logits);
  auto const y = [&] {
    if constexpr (Probabilities)
      return read_as<float, 3>(c.arg(1), logits);
    else
      return read_classes<2>(c.arg(1), rows);
  }();
  auto const last = [in_the_middle](auto const& x) { return swapaxes(x, in_the_middle ? 1 : 2, 2); };
  nn::cross_entropy_options const o{.label_smoothing = number_of(c, "label_smoothing", 0)};
  return with_reduction(c, reduction::none, [&](auto r) {
    auto const loss = [=](auto const& scores, auto const& targets, auto const&... weights) {
      auto const targets_last = [&] {
        if constexpr (Probabilities)
          return last(targets);
        else
          return targets;
      }();
      auto const z_last = last(scores);
      if (o.label_smoothing == 0) return eval(nn::losses::cross_entropy(z_last, targets_last, weights..., r));
      return eval(nn::losses::cross_entropy(z_last, targets_last, weights..., r, o));
    };
    shape_list const result = is_none<decltype(r)> ? out : shape_list();
    if constexpr (!Probabilities)
      if (c.args.size() == 3) return value_and_gradients(c, result, loss, z, y, read_as<float, 2>(c.arg(2), rows));
    return value_and_gradients(c, result, loss, z, y);
  });
}
answer cross_entropy(test_case const& c) {
  if (auto const other = golden::unknown_attribute(c, {"reduction", "axis", "label_smoothing"}); !other.empty()) return leave_out(other);
  any_tensor const &z = c.arg(0), &y = c.arg(1);
  bool const p = y.dtype == weft::dtype::float32;
  if (z.dtype != weft::dtype::float32 || (!p && kind_of(y.dtype) != weft::kind::integer)) return leave_out("elements of another type");
  if (c.args.size() > 3 || (c.args.size() == 3 && c.arg(2).dtype != weft::dtype::float32)) return leave_out("weights of another type");
  if (p && c.args.size() == 3) return leave_out("weights beside probabilities");
  auto const rank = static_cast<index_t>(z.shape.size());
  auto const* given = c.attr("axis");
  index_t const asked = given ? given->integer() : -1, axis = asked < 0 ? asked + rank : asked;
  if (rank == 0 || axis < 0 || axis >= rank) return leave_out("an axis that isn't there");
  shape_list rows = z.shape;
  rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(axis));
  if (y.shape != (p ? z.shape : rows) || (c.args.size() == 3 && c.arg(2).shape != rows))
    return leave_out("targets or weights of another shape");
  // The axes before that of the classes are one, and those after it.
  auto const k = static_cast<std::size_t>(axis);
  index_t const before = product(z.shape, 0, k), classes = z.shape[k], after = product(z.shape, k + 1, z.shape.size());
  bool const at_end = axis == rank - 1;
  shape_list const logits = at_end ? shape_list{before, 1, classes} : shape_list{before, classes, after};
  return p ? entropy<true>(c, logits, {before, after}, rows, !at_end) : entropy<false>(c, logits, {before, after}, rows, !at_end);
}

// -- training ----------------------------------------------------------------------------------------------------

// "Linear, gelu, Linear, tanh, Linear": as many layers as the case has, between which its functions are applied. The one
// of three layers and gelu is one expression; of others each layer is a statement.
enum class activation { gelu, relu, tanh, sigmoid };
template <bool Fused>
struct mlp_of {
  std::vector<nn::Linear> layers;
  std::vector<activation> between;

  auto operator()(auto const& x) const {
    if constexpr (Fused)
      return layers[2](gelu(layers[1](gelu(layers[0](x)))));
    else
      return rest(eval(layers[0](x)), 1);
  }
  // The last layer by itself, so that one layer has a result of the same type.
  template <class H>
  H rest(H const& h, std::size_t i) const {
    if (i == layers.size()) return h;
    switch (between[i - 1]) {
      case activation::gelu: return rest<H>(eval(layers[i](gelu(h))), i + 1);
      case activation::relu: return rest<H>(eval(layers[i](relu(h))), i + 1);
      case activation::tanh: return rest<H>(eval(layers[i](tanh(h))), i + 1);
      default: return rest<H>(eval(layers[i](sigmoid(h))), i + 1);
    }
  }
  static constexpr void fields(auto list) { list("layers", &mlp_of::layers); }
};

struct description {
  std::vector<activation> between;
  std::size_t layers = 0;
  std::string left_out;
  bool fused() const { return layers == 3 && between == std::vector<activation>(2, activation::gelu); }
};
std::vector<std::string> split(std::string const& text, std::string const& by) {
  std::vector<std::string> parts;
  for (std::size_t at = 0;;) {
    std::size_t const next = text.find(by, at);
    parts.push_back(text.substr(at, next - at));
    if (next == std::string::npos) return parts;
    at = next + by.size();
  }
}
description describe(test_case const& c) {
  description d;
  auto const* model = c.attr("model");
  if (!model) return d.left_out = "no model", d;
  std::map<std::string, activation> const known = {
      {"gelu", activation::gelu}, {"relu", activation::relu}, {"tanh", activation::tanh}, {"sigmoid", activation::sigmoid}};
  bool layer = true;  // comes next
  for (std::string const& part : split(model->string(), ", ")) {
    if (layer && part == "Linear") {
      ++d.layers;
    } else if (!layer && known.count(part)) {
      d.between.push_back(known.at(part));
    } else {
      return d.left_out = "layers that aren't there yet", d;
    }
    layer = !layer;
  }
  if (layer) d.left_out = "a model that ends in a function";
  return d;
}
template <bool Fused>
mlp_of<Fused> read_mlp(test_case const& c, description const& d) {
  mlp_of<Fused> m{std::vector<nn::Linear>(d.layers), d.between};
  std::size_t found = 0;
  nn::for_each_parameter(m, [&]<class P>(std::string_view path, P& p) {
    any_tensor const& a = c.param(path);
    if (a.dtype != weft::dtype::float32 || a.rank() != weft::rank_of<P>)
      weft::fail<weft::format_error>(c.name + ": another type or rank of " + std::string(path));
    p.value = read<float, weft::rank_of<P>>(a);
    ++found;
  });
  if (found != c.params.size()) weft::fail<weft::format_error>(c.name + ": parameters that the model hasn't");
  return m;
}
// The outputs of a name and a parameter's path.
template <class M>
void collect(std::map<std::string, any_tensor>& outs, std::string const& prefix, M const& m) {
  nn::for_each_parameter(m, [&](std::string_view path, auto const& p) {
    outs[prefix + std::string(path)] = golden::copied(erased(p.value));
  });
}
answer in_order(test_case const& c, std::map<std::string, any_tensor> const& outs) {
  answer a;
  for (std::string const& name : c.outs) {
    auto const found = outs.find(name);
    if (found == outs.end()) weft::fail<weft::format_error>(c.name + ": no output " + name);
    a.outs.push_back(found->second);
  }
  return a;
}

// "SGD(0.1, momentum=0.9)"
struct call_text {
  std::string name;
  std::vector<double> numbers;
  std::map<std::string, double> named;
  bool good = false;
  double get(char const* key, double otherwise) const {
    auto const found = named.find(key);
    return found == named.end() ? otherwise : found->second;
  }
};
call_text read_call(std::string const& text) {
  call_text result;
  std::size_t const open = text.find('(');
  if (open == std::string::npos || text.back() != ')' || text.find('(', open + 1) != std::string::npos) return result;
  result.name = text.substr(0, open);
  for (std::string const& part : split(text.substr(open + 1, text.size() - open - 2), ", ")) {
    std::size_t const equal = part.find('=');
    std::string const value = equal == std::string::npos ? part : part.substr(equal + 1);
    double number = value == "True" ? 1 : 0;
    if (value != "True" && value != "False") {
      char* end = nullptr;
      number = std::strtod(value.c_str(), &end);
      if (value.empty() || *end != '\0') return result;
    }
    if (equal == std::string::npos)
      result.numbers.push_back(number);
    else
      result.named[part.substr(0, equal)] = number;
  }
  result.good = result.numbers.size() == 1;
  for (auto const& [key, value] : result.named)
    for (char const* known : {"momentum", "weight_decay", "dampening", "nesterov", "eps", "bias_correction"})
      if (key == known) result.good = result.good && std::isfinite(value);
  return result;
}
bool takes(call_text const& call, std::vector<std::string> const& keys) {
  for (auto const& [key, value] : call.named)
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) return false;
  return true;
}

template <bool Fused, class O>
answer train_with(test_case const& c, description const& d, O optimizer) {
  auto m = read_mlp<Fused>(c, d);
  auto const x = read<float, 2>(c.in("x"));
  auto const y = read_classes<1>(c.in("y"), c.in("y").shape);
  auto const step = weft::value_and_grad([](auto const& net, auto const& in, auto const& classes) {
    return nn::losses::cross_entropy(net(in), classes, reduction::mean);
  });
  index_t const steps = c.attrs()["steps"].integer();
  auto losses = weft::zeros<float>({steps});
  std::map<std::string, any_tensor> outs;
  for (index_t i = 0; i < steps; ++i) {
    auto const [loss, gradient] = step(m, x, y);
    losses(i) = float(loss);
    if (i == 0) collect(outs, "grad0.", gradient);
    optimizer.update(m, gradient);
  }
  outs["losses"] = erased(losses);
  collect(outs, "final.", m);
  return in_order(c, outs);
}
// What is known of a model with x of float32 and two axes, and y a class for each row.
std::string unfit(test_case const& c, std::vector<std::string_view> const& known) {
  if (auto const other = golden::unknown_attribute(c, known); !other.empty()) return other;
  any_tensor const* x = c.find("in", "x");
  if (!x || x->dtype != weft::dtype::float32 || x->rank() != 2) return "inputs that are no rows of float32";
  any_tensor const* y = c.find("in", "y");
  if (y && (kind_of(y->dtype) != weft::kind::integer || y->rank() != 1)) return "targets that are no class for each row";
  return "";
}
answer train(test_case const& c) {
  description const d = describe(c);
  if (!d.left_out.empty()) return leave_out(d.left_out);
  if (auto const why = unfit(c, {"model", "dims", "loss", "optimizer", "steps"}); !why.empty()) return leave_out(why);
  if (!c.attr("loss") || c.attr("loss")->string() != "cross_entropy mean") return leave_out("another loss");
  if (!c.attr("optimizer") || !c.attr("steps")) return leave_out("no optimizer or steps");
  call_text const o = read_call(c.attr("optimizer")->string());
  auto const with = [&](auto optimizer) {
    return d.fused() ? train_with<true>(c, d, optimizer) : train_with<false>(c, d, optimizer);
  };
  double const rate = o.good ? o.numbers[0] : 0;
  if (o.good && o.name == "SGD" && takes(o, {"momentum", "weight_decay", "dampening", "nesterov"}))
    return with(optim::sgd{{.learning_rate = rate, .momentum = o.get("momentum", 0), .weight_decay = o.get("weight_decay", 0),
                            .dampening = o.get("dampening", 0), .nesterov = o.get("nesterov", 0) != 0}});
  if (o.good && (o.name == "Adam" || o.name == "AdamW") &&
      takes(o, o.name == "Adam" ? std::vector<std::string>{"eps", "bias_correction"} : std::vector<std::string>{"eps", "bias_correction", "weight_decay"}))
    return with(optim::adamw{{.learning_rate = rate, .eps = o.get("eps", 1e-8),
                              .weight_decay = o.name == "Adam" ? 0 : o.get("weight_decay", 0.01),
                              .bias_correction = o.get("bias_correction", 0) != 0}});
  return leave_out("the optimizer " + c.attr("optimizer")->string());
}
template <bool Fused>
answer frozen_with(test_case const& c, description const& d) {
  auto m = read_mlp<Fused>(c, d);
  std::map<std::string, any_tensor> outs;
  if (auto const* list = c.attr("frozen")) {
    for (auto const& part : list->items()) {
      bool found = false;
      for (std::size_t i = 0; i < m.layers.size(); ++i)
        if (part.string() == "layers." + std::to_string(i)) nn::freeze(m.layers[i]), found = true;
      if (!found) return leave_out("freezing " + part.string());
    }
  }
  auto const x = read<float, 2>(c.in("x"));
  auto const [value, gradient] = weft::value_and_grad([](auto const& net, auto const& in) {
    return sum(square(net(in)));
  })(m, x);
  outs["value"] = erased(value);
  collect(outs, "grad.", gradient);
  return in_order(c, outs);
}
answer frozen(test_case const& c) {
  description const d = describe(c);
  if (!d.left_out.empty()) return leave_out(d.left_out);
  if (auto const why = unfit(c, {"model", "dims", "loss", "frozen"}); !why.empty()) return leave_out(why);
  if (!c.attr("loss") || c.attr("loss")->string() != "sum(y * y)") return leave_out("another loss");
  return d.fused() ? frozen_with<true>(c, d) : frozen_with<false>(c, d);
}

golden::handler_entry const losses[] = {{"mse_loss", mse_loss}, {"cross_entropy", cross_entropy}};
golden::handler_entry const training[] = {{"train", train, "training"}, {"value_and_grad", frozen, "training"}};

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

TEST_CASE("losses") { check("losses", losses, 110); }
TEST_CASE("training") { check("training", training, 2); }

// -- other cases of the same operations --------------------------------------------------------------------------

namespace {

std::string text(shape_list const& s) {
  std::string out;
  for (index_t const n : s) out += (out.empty() ? "" : ",") + std::to_string(n);
  return "[" + out + "]";
}
void mse_case(golden::case_file& file, shape_list const& shape, std::string const& how) {
  std::string const name = "mse_" + text(shape) + how;
  auto const p = file.numbers(shape, 2), y = file.numbers(shape, 2);
  std::vector<float> out, cot, dp, dy;
  double total = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    double const off = double(p[i]) - double(y[i]);
    total += off * off;
    if (how == "none") out.push_back(static_cast<float>(off * off));
  }
  if (how != "none") out = {static_cast<float>(how == "mean" ? total / double(p.size()) : total)};
  shape_list const result = how == "none" ? shape : shape_list();
  cot = file.numbers(result, 1);
  for (std::size_t i = 0; i < p.size(); ++i) {
    double const g = double(cot[how == "none" ? i : 0]) / (how == "mean" ? double(p.size()) : 1);
    dp.push_back(static_cast<float>(2 * g * (double(p[i]) - double(y[i]))));
    dy.push_back(-dp.back());
  }
  file.array(name, "in", "p", shape, p);
  file.array(name, "in", "y", shape, y);
  file.array(name, "out", "o", result, out);
  file.array(name, "cot", "o", result, cot);
  file.array(name, "grad", "p", shape, dp);
  file.array(name, "grad", "y", shape, dy);
  file.about(name, "{\"op\":\"mse_loss\",\"kind\":\"loss\",\"args\":[\"p\",\"y\"],\"attrs\":{\"reduction\":\"" + how +
                       "\"},\"outs\":[\"o\"],\"grads\":[\"p\",\"y\"],\"rtol\":1e-05,\"atol\":1e-05,\"grad_rtol\":1e-05,\"grad_atol\":1e-05}");
}
template <class Class>
void entropy_case(golden::case_file& file, shape_list const& shape, index_t axis, std::string const& how, double smooth) {
  auto const k = static_cast<std::size_t>(axis < 0 ? axis + static_cast<index_t>(shape.size()) : axis);
  auto const before = static_cast<std::size_t>(product(shape, 0, k)), n = static_cast<std::size_t>(shape[k]);
  auto const after = static_cast<std::size_t>(product(shape, k + 1, shape.size()));
  std::string const name = "entropy_" + text(shape) + std::to_string(axis) + how + weft::name(weft::dtype_of<Class>);
  shape_list rows = shape;
  rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(k));
  shape_list const result = how == "none" ? rows : shape_list();
  auto const z = file.numbers(shape, 3), cot = file.numbers(result, 1);
  std::vector<Class> y(before * after);
  std::vector<float> out(how == "none" ? y.size() : 1), dz(z.size());
  for (std::size_t b = 0; b < before; ++b)
    for (std::size_t a = 0; a < after; ++a) {
      std::size_t const row = b * after + a, right = (row * 7 + 1) % n;
      auto const at = [&](std::size_t i) { return (b * n + i) * after + a; };
      y[row] = static_cast<Class>(right);
      double sum = 0, mean = 0;
      for (std::size_t i = 0; i < n; ++i) sum += std::exp(double(z[at(i)])), mean += double(z[at(i)]) / double(n);
      double const share = how == "mean" ? 1 / double(y.size()) : 1;
      double const loss = std::log(sum) - (1 - smooth) * double(z[at(right)]) - smooth * mean;
      out[how == "none" ? row : 0] += static_cast<float>(loss * share);
      for (std::size_t i = 0; i < n; ++i)
        dz[at(i)] = static_cast<float>(double(cot[how == "none" ? row : 0]) * share *
                                       (std::exp(double(z[at(i)])) / sum - (1 - smooth) * (i == right) - smooth / double(n)));
    }
  file.array(name, "in", "z", shape, z);
  file.array<Class>(name, "in", "y", rows, y);
  file.array(name, "out", "out", result, out);
  file.array(name, "cot", "out", result, cot);
  file.array(name, "grad", "z", shape, dz);
  file.about(name, "{\"op\":\"cross_entropy\",\"kind\":\"loss\",\"args\":[\"z\",\"y\"],\"attrs\":{\"axis\":" + std::to_string(axis) +
                       ",\"label_smoothing\":" + std::to_string(smooth) + ",\"reduction\":\"" + how +
                       "\"},\"outs\":[\"out\"],\"grads\":[\"z\"],\"rtol\":1e-05,\"atol\":1e-05,\"grad_rtol\":1e-05,\"grad_atol\":1e-05}");
}

}  // namespace

TEST_CASE("losses of other ranks, sizes, axes and types") {
  golden::case_file file("losses");
  for (shape_list const& s : {shape_list{}, {3}, {2, 5}, {2, 3, 2, 3}, {2, 1, 3, 2, 2}, {1, 2, 1, 2, 1, 2, 1, 2}})
    for (char const* how : {"none", "mean", "sum"}) mse_case(file, s, how);
  for (char const* how : {"none", "mean", "sum"}) {
    entropy_case<int>(file, {4}, 0, how, 0);
    entropy_case<int>(file, {3, 2, 5}, 0, how, 0.2);
    entropy_case<weft::int64>(file, {3, 2, 5}, 1, how, 0);
    entropy_case<weft::uint32>(file, {3, 2, 5}, -1, how, 0);
    entropy_case<weft::uint8>(file, {2, 3, 4, 2}, 0, how, 0);
    entropy_case<weft::int8>(file, {2, 3, 4, 2}, 2, how, 0.3);
    entropy_case<int>(file, {2, 3, 4, 2, 3}, -4, how, 0);
    entropy_case<int>(file, {2, 3, 4, 2, 3}, 4, how, 0);
  }
  auto const t = golden::run(file.read(), losses);
  t.print();
  CHECK(t.cases == 42);
  CHECK(t.passed == t.cases);
}

namespace {

// A network and its training by hand, in doubles: rows through layers and back.
struct by_hand {
  shape_list dims;
  std::vector<std::string> between;
  std::vector<std::vector<double>> w, b, dw, db;

  static double f(std::string const& name, double x) {
    if (name == "gelu") return 0.5 * x * std::erfc(-x / std::sqrt(2.0));
    if (name == "relu") return x > 0 ? x : 0;
    return name == "tanh" ? std::tanh(x) : 1 / (1 + std::exp(-x));
  }
  static double slope(std::string const& name, double x) {
    double const h = 1e-5;
    if (name == "relu") return x > 0;
    return (f(name, x + h) - f(name, x - h)) / (2 * h);
  }
  std::size_t width(std::size_t i) const { return static_cast<std::size_t>(dims[i]); }
  // loss(outputs, their cotangents) of one row
  template <class Loss>
  double row(double const* x, double share, Loss const& loss) {
    std::size_t const n = w.size();
    std::vector<std::vector<double>> in(n), out(n);
    in[0].assign(x, x + dims[0]);
    for (std::size_t l = 0; l < n; ++l) {
      for (std::size_t o = 0; o < width(l + 1); ++o) {
        double s = b[l][o];
        for (std::size_t i = 0; i < width(l); ++i) s += w[l][o * width(l) + i] * in[l][i];
        out[l].push_back(s);
        if (l + 1 < n) in[l + 1].push_back(f(between[l], s));
      }
    }
    std::vector<double> g(width(n));
    double const value = loss(out[n - 1], g);
    for (double& v : g) v *= share;
    for (std::size_t l = n; l-- > 0;) {
      std::vector<double> below(width(l));
      for (std::size_t o = 0; o < width(l + 1); ++o) {
        db[l][o] += g[o];
        for (std::size_t i = 0; i < width(l); ++i) {
          dw[l][o * width(l) + i] += g[o] * in[l][i];
          below[i] += g[o] * w[l][o * width(l) + i];
        }
      }
      if (l > 0)
        for (std::size_t i = 0; i < width(l); ++i) below[i] *= slope(between[l - 1], out[l - 1][i]);
      g = below;
    }
    return value * share;
  }
};
std::vector<float> floats(std::vector<double> const& list) {
  std::vector<float> result;
  for (double const x : list) result.push_back(static_cast<float>(x));
  return result;
}
void network_case(golden::case_file& file, std::string const& name, shape_list const& dims, std::vector<std::string> const& between,
                  std::string const& optimizer, double rate, double momentum, int steps, std::vector<std::size_t> const& frozen) {
  by_hand m{dims, between, {}, {}, {}, {}};
  std::size_t const layers = dims.size() - 1, rows = 5;
  std::string model, params, outs;
  std::vector<std::string> paths;
  for (std::size_t l = 0; l < layers; ++l) {
    auto const weight = file.numbers({dims[l + 1], dims[l]}, 0.7f), bias = file.numbers({dims[l + 1]}, 0.5f);
    m.w.emplace_back(weight.begin(), weight.end());
    m.b.emplace_back(bias.begin(), bias.end());
    std::string const path = "layers." + std::to_string(l);
    file.array(name, "param", path + ".weight", {dims[l + 1], dims[l]}, weight);
    file.array(name, "param", path + ".bias", {dims[l + 1]}, bias);
    params += (l ? ",\"" : "\"") + path + ".weight\",\"" + path + ".bias\"";
    model += (l ? ", " + between[l - 1] + ", Linear" : "Linear");
  }
  auto const x = file.numbers({static_cast<index_t>(rows), dims[0]}, 1);
  std::vector<int> y;
  std::vector<double> const inputs(x.begin(), x.end());
  for (std::size_t r = 0; r < rows; ++r) y.push_back(static_cast<int>(static_cast<index_t>(r) % dims.back()));
  file.array(name, "in", "x", {static_cast<index_t>(rows), dims[0]}, x);
  auto const put = [&](std::string const& prefix, std::vector<std::vector<double>> const& w, std::vector<std::vector<double>> const& b) {
    for (std::size_t l = 0; l < layers; ++l) {
      if (std::find(frozen.begin(), frozen.end(), l) != frozen.end()) continue;
      std::string const path = prefix + "layers." + std::to_string(l);
      file.array(name, "out", path + ".weight", {dims[l + 1], dims[l]}, floats(w[l]));
      file.array(name, "out", path + ".bias", {dims[l + 1]}, floats(b[l]));
      outs += ",\"" + path + ".weight\",\"" + path + ".bias\"";
    }
  };
  auto const sweep = [&](auto const& loss, double share) {
    m.dw.clear(), m.db.clear();
    for (std::size_t l = 0; l < layers; ++l) m.dw.emplace_back(m.w[l].size()), m.db.emplace_back(m.b[l].size());
    double total = 0;
    for (std::size_t r = 0; r < rows; ++r) {
      int const right = y[r];
      total += m.row(&inputs[r * m.width(0)], share, [&](auto const& z, auto& g) { return loss(z, g, static_cast<std::size_t>(right)); });
    }
    return total;
  };
  std::string attrs = "\"model\":\"" + model + "\",\"dims\":" + text(dims);
  if (steps == 0) {
    double const value = sweep([](auto const& z, auto& g, std::size_t) {
      double s = 0;
      for (std::size_t i = 0; i < z.size(); ++i) s += z[i] * z[i], g[i] = 2 * z[i];
      return s;
    }, 1);
    file.array(name, "out", "value", {}, std::vector<float>{static_cast<float>(value)});
    outs = ",\"value\"";
    put("grad.", m.dw, m.db);
    std::string list;
    for (std::size_t const l : frozen) list += (list.empty() ? "\"layers." : ",\"layers.") + std::to_string(l) + '"';
    attrs += ",\"loss\":\"sum(y * y)\",\"frozen\":[" + list + "]";
  } else {
    file.array<int>(name, "in", "y", {static_cast<index_t>(rows)}, y);
    std::vector<double> values;
    std::vector<std::vector<double>> vw, vb;
    for (std::size_t l = 0; l < layers; ++l) vw.emplace_back(m.w[l].size()), vb.emplace_back(m.b[l].size());
    for (int step = 0; step < steps; ++step) {
      values.push_back(sweep([](auto const& z, auto& g, std::size_t right) {
        double s = 0;
        for (double const v : z) s += std::exp(v);
        for (std::size_t i = 0; i < z.size(); ++i) g[i] = std::exp(z[i]) / s - (i == right);
        return std::log(s) - z[right];
      }, 1.0 / double(rows)));
      if (step == 0) put("grad0.", m.dw, m.db);
      auto const move = [&](std::vector<double>& w, std::vector<double>& v, std::vector<double> const& g) {
        for (std::size_t i = 0; i < w.size(); ++i) v[i] = momentum * v[i] + g[i], w[i] -= rate * v[i];
      };
      for (std::size_t l = 0; l < layers; ++l) move(m.w[l], vw[l], m.dw[l]), move(m.b[l], vb[l], m.db[l]);
    }
    file.array(name, "out", "losses", {steps}, floats(values));
    outs += ",\"losses\"";
    put("final.", m.w, m.b);
    attrs += ",\"loss\":\"cross_entropy mean\",\"optimizer\":\"" + optimizer + "\",\"steps\":" + std::to_string(steps);
  }
  file.about(name, "{\"op\":\"" + std::string(steps ? "train" : "value_and_grad") + "\",\"kind\":\"training\",\"args\":[\"x\"" +
                       (steps ? ",\"y\"" : "") + "],\"attrs\":{" + attrs + "},\"outs\":[" + outs.substr(1) + "],\"params\":[" + params +
                       "],\"rtol\":1e-04,\"atol\":1e-04}");
}

}  // namespace

TEST_CASE("networks of other depths, widths, functions and steps") {
  golden::case_file file("training");
  network_case(file, "one", {3, 4}, {}, "SGD(0.2)", 0.2, 0, 3, {});
  network_case(file, "two", {5, 7, 2}, {"tanh"}, "SGD(0.1, momentum=0.5)", 0.1, 0.5, 5, {});
  network_case(file, "three", {2, 3, 4, 3}, {"gelu", "gelu"}, "SGD(0.3, momentum=0.8)", 0.3, 0.8, 4, {});
  network_case(file, "five", {4, 3, 3, 5, 4, 3}, {"gelu", "relu", "sigmoid", "tanh"}, "SGD(0.1)", 0.1, 0, 2, {});
  network_case(file, "frozen_two", {3, 4, 2}, {"sigmoid"}, "", 0, 0, 0, {1});
  network_case(file, "frozen_three", {3, 4, 2, 3}, {"gelu", "gelu"}, "", 0, 0, 0, {0, 2});
  network_case(file, "frozen_none", {3, 2}, {}, "", 0, 0, 0, {});
  auto const t = golden::run(file.read(), training);
  t.print();
  CHECK(t.cases == 7);
  CHECK(t.passed == t.cases);
}
