// Training as a whole: it learns, needs no new memory once it runs, and gives the same bits for every thread count.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <weft/all.hpp>

#include <vector>

namespace nn = weft::nn;
namespace optim = weft::optim;
using weft::index_t;
using weft::tensor;

namespace {

struct mlp {
  nn::Linear a{50, 64}, b{64, 32}, c{32, 10};
  auto operator()(auto const& x) const { return c(relu(b(relu(a(x))))); }
};

auto const loss = [](auto const& model, auto const& x, auto const& y) {
  return nn::losses::cross_entropy(model(x), y, nn::reduction::mean);
};

struct run {
  mlp model;
  std::vector<float> losses;
};
run train(int steps, int threads) {
  weft::set_num_threads(threads);
  weft::random::seed(5);
  run r;
  tensor<float, 2> const x = weft::random::normal<float>({300, 50});
  tensor<int, 1> const y = cast<int>(argmax(eval(x(weft::all, weft::range(0, 10))), weft::axis<-1>));
  optim::adamw optimizer{{.learning_rate = 1e-2, .bias_correction = true}};
  auto const step = weft::value_and_grad(loss);
  for (int i = 0; i < steps; ++i) {
    auto const [value, gradient] = step(r.model, x, y);
    optimizer.update(r.model, gradient);
    r.losses.push_back(float(value));
  }
  weft::set_num_threads(0);
  return r;
}

}  // namespace

TEST_CASE("it learns") {
  auto const r = train(60, 1);
  CHECK(r.losses.back() < r.losses.front() / 5);
}

TEST_CASE("the same bits for every thread count") {
  auto const one = train(5, 1);
  for (int threads : {2, 3, 8}) {
    auto const more = train(5, threads);
    CHECK(more.losses == one.losses);
    CHECK(array_equal(more.model.a.weight.value, one.model.a.weight.value));
    CHECK(array_equal(more.model.c.bias.value, one.model.c.bias.value));
  }
}

TEST_CASE("nothing is allocated and nothing copied once it runs") {
  mlp model;
  tensor<float, 2> const x = weft::random::normal<float>({32, 50});
  tensor<int, 1> const y = weft::random::randint<int>({32}, 0, 10);
  auto const step = weft::value_and_grad(loss);
  optim::adamw adam{{.learning_rate = 1e-3}};
  optim::sgd sgd{{.learning_rate = 1e-3}};
  auto const once = [&] {
    auto const [value, gradient] = step(model, x, y);
    adam.update(model, gradient);
    sgd.update(model, gradient);
  };
  once();
  once();
  auto const before = weft::memory_stats();
  for (int i = 0; i < 20; ++i) once();
  auto const after = weft::memory_stats();
  CHECK(after.allocations == before.allocations);
  CHECK(after.copies_on_write == before.copies_on_write);
}

TEST_CASE("inference with a model that was trained, and a second model beside it") {
  auto const r = train(3, 1);
  tensor<float, 2> const x = weft::random::normal<float>({4, 50});
  tensor<float, 2> const before = r.model(x);
  mlp other = r.model;
  auto const g = weft::grad(loss)(other, x, tensor<int, 1>{0, 1, 2, 3});
  optim::sgd{{.learning_rate = 1}}.update(other, g);
  CHECK(array_equal(eval(r.model(x)), before));
  CHECK_FALSE(array_equal(eval(other(x)), before));
}
