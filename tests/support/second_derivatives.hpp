// Second derivatives against differences.
#pragma once
#include <weft/autodiff/check_gradients.hpp>

#include <cmath>
#include <tuple>

// The gradient d of f(x...) with respect to the first argument, as it comes out where it is differentiated again, against
// differences of f; and the gradient of sum(sin(d)) against differences of that. f itself runs on plain tensors, all else
// in one transform of a transform: gradients of order 1 are other tests.
template <class F, class... X>
double worst_of_second(F const& f, X const&... x) {
  std::tuple args(eval(x)...);
  auto first = std::get<0>(args);
  auto const number_of_gradient = [&](auto const&... a) {
    auto const d = weft::grad(f)(a...);
    first = detach(d);
    return weft::sum(weft::sin(d));
  };
  return [&]<int... I>(weft::wrt_list<I...> which) {
    auto const both = weft::value_and_grad(number_of_gradient, which);
    auto const run = [&] { return std::apply([&](auto const&... a) { return both(a...); }, args); };
    auto const plain = [&] { return std::apply([&](auto const&... a) { return double(number_of(f(a...))); }, args); };
    auto const value = [&] { return double(run().value); };
    auto const second = run().gradient;
    auto const kept = first;
    double worst = weft::autodiff::difference_in(std::get<0>(args).data(), kept.data(), kept.size(), plain);
    auto const one = [&](auto& a, auto const& g) {
      worst = std::fmax(worst, weft::autodiff::difference_in(a.data(), g.data(), a.size(), value));
    };
    if constexpr (sizeof...(I) == 1)
      (one(std::get<I>(args), second), ...);
    else
      std::apply([&](auto const&... g) { (one(std::get<I>(args), g), ...); }, second);
    return worst;
  }
  (weft::autodiff::checked_arguments<X...>());
}
