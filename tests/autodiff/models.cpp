// Models as arguments, and what is refused: a gradient is never lost silently.
#include <doctest/doctest.h>
#include <weft/grad.hpp>
#include <weft/nn/model.hpp>

#include <array>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

using namespace weft;
using doctest::Approx;

namespace {

template <class F>
std::string message_of(F const& f) {
  try {
    f();
  } catch (autograd_error const& e) {
    return e.what();
  }
  return "";
}

struct scale {
  nn::parameter<double, 1> weight = tensor<double, 1>{1, 2, 3};
};
struct stack {
  std::vector<scale> layers = std::vector<scale>(2);
  std::optional<scale> last;
  std::array<scale, 1> first;
  nn::parameter<double, 2> square = tensor<double, 2>{{1, 2}, {3, 4}};
  nn::buffer<double, 1> calls = tensor<double, 1>{0};
  tensor<double, 1> untouched = {1};
  int number = 3;
};
// Fields that are no part of a model; children of its own type.
struct tree {
  std::filesystem::path file = "a/b";
  std::vector<bool> flags = {true, false};
  std::string name = "tree";
  nn::parameter<double, 1> weight = tensor<double, 1>{1, 2};
  std::vector<tree> below;
};

// Behind pointers and in maps, what can't be visited is nothing to look at.
struct settings {
  char name[32] = "";
  int depth = 0;
};
struct derived : settings {};
struct value {
  int kind;
  union {
    int i;
    float f;
  };
};
struct flags {
  unsigned a : 1, b : 2;
};
struct configured {
  nn::parameter<double, 1> weight = tensor<double, 1>{1, 2};
  std::shared_ptr<settings> options;
  std::shared_ptr<std::FILE> log;
  std::shared_ptr<void> anything;
  std::map<std::string, derived> others;
  std::pair<int, settings> pair;
  std::shared_ptr<value> last;
  std::map<std::string, flags> bits;
  char const* label = "";
  settings* shared = nullptr;
  std::variant<int, std::string> key;
  std::weak_ptr<configured> parent;
  void (*report)() = nullptr;
};
// Fields that only run time lists.
class listed {
  nn::parameter<double, 1> weight;

 public:
  explicit listed(double w) : weight(tensor<double, 1>{w}) {}
  static void fields(auto list) { list("weight", &listed::weight); }
  auto operator()(auto const& x) const { return sum(weight * x); }
};

static_assert(models::finds_parameter<configured>() && models::finds_parameter<listed>());
static_assert(!models::hides_parameter<std::shared_ptr<settings>>());
static_assert(!models::hides_parameter<std::map<std::string, derived>>());
static_assert(!models::hides_parameter<std::shared_ptr<std::FILE>>());
// ... unless it takes a parameter.
struct labelled {
  char label[8] = "";
  nn::parameter<double, 1> weight;
};
struct over : scale {};
struct wrapped {
  stack inner;
  float samples[4] = {};
};
struct chain {
  int number = 0;
  scale here;
  std::shared_ptr<chain> next;
};
static_assert(models::hides_parameter<std::shared_ptr<scale>>());
static_assert(models::hides_parameter<std::shared_ptr<labelled>>());
static_assert(models::hides_parameter<std::shared_ptr<over>>());
static_assert(models::hides_parameter<std::shared_ptr<wrapped>>());
static_assert(models::hides_parameter<std::shared_ptr<chain>>());
static_assert(models::hides_parameter<std::unique_ptr<scale[]>>());
static_assert(models::hides_parameter<scale*>() && models::hides_parameter<scale const* const*>());
static_assert(models::hides_parameter<std::reference_wrapper<scale>>());
static_assert(models::hides_parameter<std::variant<int, scale>>());
static_assert(models::hides_parameter<std::map<std::string, scale>>());
static_assert(models::hides_parameter<std::pair<int, stack>>());
static_assert(models::finds_parameter<tree>() && models::finds_parameter<stack>());
static_assert(!models::finds_parameter<std::filesystem::path>());

}  // namespace

TEST_CASE("a gradient is never lost silently") {
  tensor<double, 1> x = {1, 2, 3};
  auto leaky = [](auto const& v) {
    double s = sum(v);
    return sum(v * s);
  };
  CHECK(message_of([&] { (void)grad(leaky)(x); }).find("detach") != std::string::npos);
  CHECK(tape_stats().live == 0);
  auto meant = [](auto const& v) { return sum(v * detach(sum(v))); };
  CHECK(allclose(grad(meant)(x), full<double>({3}, 6)));
  auto stopped = [](auto const& v) { return sum(v * stop_gradient(v * v)); };
  CHECK(allclose(grad(stopped)(x), x * x));

  tensor<double, 1> captured = {1, 2, 3};
  auto forgot = [&](auto const& model) { return sum(model.weight * captured); };
  scale model;
  CHECK(message_of([&] { (void)grad(forgot)(model); }).find("argument") != std::string::npos);
  CHECK(autograd::slot(model.weight.from).tape == 0);
  CHECK(double(eval(forgot(model))) == 14);
  auto passed = [](auto const& m, auto const& data) { return sum(m.weight * data); };
  CHECK(array_equal(grad(passed)(model, captured).weight.value, captured));
  auto constant = [&](auto const& m) { return sum(m.weight * stop_gradient(tracked<double, 1, 1>(captured))); };
  CHECK(array_equal(grad(constant)(model).weight.value, captured));

  // The outer argument is captured by the inner function, at the same order.
  auto two = [&](auto const& v) {
    auto inner = [&](auto const& w) { return sum(v * w); };
    return sum(v * grad(inner)(x));
  };
  CHECK(message_of([&] { (void)grad(two)(x); }).find("two transforms") != std::string::npos);
  auto again = [&](auto const& m) {
    return sum(grad([](auto const& k) { return sum(k.weight * k.weight); })(m).weight.value);
  };
  CHECK(message_of([&] { (void)grad(again)(model); }).find("outer transform") != std::string::npos);
  CHECK(tape_stats().live == 0);
}

TEST_CASE("the gradient of a model is a model") {
  stack m;
  m.last.emplace();
  m.layers[1].weight.value = {4, 5, 6};
  m.first[0].weight.frozen = true;
  auto f = [](auto const& s, auto const& x) {
    s.calls = s.calls + 1;
    auto h = eval(x * s.layers[0].weight);
    h = h * s.layers[1].weight + s.first[0].weight;
    return sum(h * s.last->weight) + sum(matmul(s.square, transpose(s.square)));
  };
  tensor<double, 1> x = {1, 1, 2};
  auto [value, g] = value_and_grad(f)(m, x);
  static_assert(std::is_same_v<decltype(g), stack>);
  CHECK(m.calls.value(0) == 1);
  CHECK(array_equal(g.layers[0].weight.value, tensor<double, 1>{4, 10, 36}));
  CHECK(array_equal(g.layers[1].weight.value, tensor<double, 1>{1, 4, 18}));
  CHECK(array_equal(g.last->weight.value, tensor<double, 1>{5, 12, 39}));
  CHECK(array_equal(g.first[0].weight.value, zeros<double>({3})));
  CHECK(check_gradients(f, m, x) < 1e-8);
  CHECK(g.number == 3);
  CHECK(autograd::slot(m.square.from).tape == 0);
  // A parameter alone, and a parameter as an argument.
  auto alone = [](auto const& s) { return sum(s.square * s.square); };
  CHECK(array_equal(grad(alone)(m).square.value, 2 * m.square.value));
  auto itself = [](auto const& p, auto const& y) { return sum(p * y); };
  CHECK(array_equal(grad(itself)(m.square, m.square.value).value, m.square.value));
}

TEST_CASE("a gradient penalty: the model at order 1, its data at order 2 inside") {
  scale m;
  auto penalty = [](auto const& model, auto const& data) {
    auto h = [&](auto const& z) { return sum(exp(z * model.weight)); };
    auto s = grad(h)(data);
    return sum(s * s);
  };
  tensor<double, 1> x = {0.1, 0.2, 0.3};
  auto const g = grad(penalty)(m, x).weight.value;
  for (int i = 0; i < 3; ++i) {
    double const w = i + 1, z = x(i);
    CHECK(g(i) == Approx(std::exp(2 * w * z) * (2 * w + 2 * w * w * z)));
  }
  CHECK(check_gradients(penalty, m, x) < 1e-6);
}

TEST_CASE("a model of paths, flags and models of its own type") {
  tree m;
  m.below.resize(2);
  m.below[1].weight.frozen = true;
  auto g = grad([](auto const& t) {
    return sum(square(t.weight)) + sum(3 * t.below[0].weight) + sum(t.weight * t.below[1].weight);
  })(m);
  CHECK(array_equal(g.weight.value, tensor<double, 1>{3, 6}));
  CHECK(array_equal(g.below[0].weight.value, tensor<double, 1>{3, 3}));
  CHECK(array_equal(g.below[1].weight.value, tensor<double, 1>{0, 0}));
  CHECK(g.file == m.file);
  CHECK(g.flags == m.flags);
}

TEST_CASE("a model that holds what is no part of it, and one that lists its fields at run time") {
  auto const g = grad([](auto const& m) { return sum(m.weight * m.weight); })(configured{});
  CHECK(array_equal(g.weight.value, tensor<double, 1>{2, 4}));
  tensor<double, 1> const x = {5};
  auto const h = grad([](auto const& m, auto const& v) { return m(v); })(listed(3), x);
  CHECK(double(h(x)) == 25);
}

TEST_CASE("a model that an inner transform refuses keeps the outer one's marks") {
  scale m;
  auto g = grad([](auto const& outer) {
    CHECK(message_of([&] {
            (void)grad([](auto const& inner) { return sum(inner.weight * inner.weight); })(outer);
          }).find("outer transform") != std::string::npos);
    return sum(outer.weight * outer.weight);
  })(m);
  CHECK(array_equal(g.weight.value, 2 * m.weight.value));
  CHECK(autograd::slot(m.weight.from).tape == 0);
}

TEST_CASE("what another thread differentiates is refused, not lost") {
  scale m;
  tensor<double, 1> const x = {1, 2, 3};
  std::string of_model, of_value, of_parameter;
  auto const elsewhere = [](std::string& message, auto const& f) {
    std::thread([&] { message = message_of(f); }).join();
  };
  tracked<double, 1, 1> escaped;
  auto const f = [&](auto const& model, auto const& v) {
    elsewhere(of_model, [&] { (void)grad([](auto const& own) { return sum(own.weight * own.weight); })(m); });
    elsewhere(of_value, [&] { (void)eval(v * v); });
    elsewhere(of_parameter, [&] { (void)eval(model.weight * stop_gradient(v)); });
    escaped = eval(v * 2);
    return sum(model.weight * v);
  };
  auto const [gm, gx] = grad(f, wrt<0, 1>)(m, x);
  for (auto const& message : {of_model, of_value, of_parameter}) CHECK(message.find("thread") != std::string::npos);
  CHECK(array_equal(gm.weight.value, x));
  CHECK(array_equal(gx, m.weight.value));
  // Afterwards values are constants, and the model is free, on every thread.
  elsewhere(of_value, [&, g = &gm] {
    CHECK(array_equal(detach(eval(escaped * 2)), 4 * x));
    CHECK(array_equal(grad(f, wrt<1>)(*g, x), x));
    CHECK(array_equal(grad([](auto const& own) { return sum(own.weight); })(m).weight.value, ones<double>({3})));
  });
  CHECK(of_value == "");
}

TEST_CASE("plain data through a model that another thread differentiates") {
  scale m;
  tensor<double, 1> const x = {1, 2, 3};
  bool right = true;
  std::thread plain([&] {
    for (int i = 0; i < 300; ++i) {
      tensor<double, 1> const y = m.weight * x;
      right = right && array_equal(y, x * x) && array_equal(nn::parameter(m.weight).value, x);
    }
  });
  for (int i = 0; i < 300; ++i)
    CHECK(array_equal(grad([](auto const& own, auto const& v) { return sum(own.weight * v); })(m, x).weight.value, x));
  plain.join();
  CHECK(right);
}

TEST_CASE("a parameter that the function replaces is not lost in silence") {
  struct holder {
    mutable nn::parameter<double, 1> weight = tensor<double, 1>{1, 2};
  };
  auto const replaced = [](auto const& model) {
    model.weight = tensor<double, 1>{3, 4};
    return sum(model.weight * model.weight);
  };
  CHECK(message_of([&] { (void)grad(replaced)(holder()); }).find("replaced it") != std::string::npos);
}
