// labels: optimised
// Cotangents that many rows add up are as accurate as the forward sum over as many, whatever the number of threads.
#include <doctest/doctest.h>
#include <weft/grad.hpp>

#include <cmath>
#include <cstring>
#include <vector>

using namespace weft;

namespace {

index_t const rows = 4000000;

// The largest error of `sums`, one a column, against sums of 0.1f in double.
double error_of(tensor<float, 1> const& sums) {
  double worst = 0, right = double(0.1f) * double(rows);
  for (index_t c = 0; c < sums.size(); ++c) worst = std::fmax(worst, std::fabs(double(sums.data()[c]) - right) / right);
  return worst;
}
// The gradient of `f`, which is the same for every number of threads.
template <class F, class... X>
auto same_for_threads(F const& f, X const&... x) {
  set_num_threads(1);
  auto const one = f(x...);
  for (int threads : {2, 3}) {
    set_num_threads(threads);
    auto const other = f(x...);
    CHECK(std::memcmp(one.data(), other.data(), sizeof(float) * std::size_t(one.size())) == 0);
  }
  return one;
}

}  // namespace

TEST_CASE("a bias over four million rows") {
  for (index_t columns : {1, 3}) {
    tensor<float, 2> const x = full<float>({rows, columns}, 0.1f);
    tensor<float, 1> const bias = zeros<float>({columns});
    double const forward = error_of(sum(x, axis<0>));
    CHECK(forward < 5e-6);
    auto const linear = grad([](auto const& b, auto const& v) { return sum((v + b) * v); });
    CHECK(error_of(same_for_threads(linear, bias, x)) < 2 * forward);
    // In a backward pass of its own, from a tensor.
    auto const apart = grad([](auto const& b, auto const& v) { return sum(eval(relu(v + b)) * v); });
    CHECK(error_of(same_for_threads(apart, bias, x)) < 2 * forward);
  }
}

TEST_CASE("a bias along four million columns, and one beside a reduction of each row") {
  tensor<float, 2> const wide = full<float>({3, rows}, 0.1f), tall = full<float>({rows, 3}, 0.1f);
  double const forward = error_of(sum(tall, axis<0>));
  auto const column = grad([](auto const& b, auto const& v) { return sum((v + b) * v); });
  auto const d = same_for_threads(column, zeros<float>({3, 1}), wide);
  CHECK(error_of(reshape(d, {3})) < 2 * forward);
  auto const beside = grad([](auto const& b, auto const& v) {
    return sum((v - max(v, axis<-1>, keepdims) + b) * v);
  });
  CHECK(error_of(same_for_threads(beside, zeros<float>({3}), tall)) < 2 * forward);
  auto const turned = grad([](auto const& b, auto const& v) { return sum((transpose(v) + b) * transpose(v)); });
  CHECK(error_of(same_for_threads(turned, zeros<float>({3}), wide)) < 2 * forward);
}
