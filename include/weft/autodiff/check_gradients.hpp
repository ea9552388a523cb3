// Gradients against central differences.
//
//   CHECK(check_gradients(loss, w, b, x, y) < 1e-6);
//
// The largest relative difference over all elements of all floating-point arguments, parameters of models included.
// An element is measured against its own size or a thousandth of the largest in its argument, whichever is greater.
// Meant for float64; the function is called twice an element.
#pragma once
#include <weft/autodiff/transforms.hpp>

#include <cmath>
#include <vector>

namespace weft {
inline namespace WEFT_ISA {
namespace autodiff {

template <class X>
constexpr bool is_checked() {
  if constexpr (expression<X> && !models::is_parameter<X>)
    return kind_of_type<element_t<X>> == kind::floating;
  else
    return std::is_floating_point_v<X> || models::finds_parameter<X>();
}

// `value` of `f()` changes with the elements of `x`, whose gradient is `g`.
template <class T, class F>
double difference_in(T* x, T const* g, index_t n, F const& f) {
  double largest = 0, result = 0;
  std::vector<double> numeric(static_cast<std::size_t>(n));
  for (index_t i = 0; i < n; ++i) {
    T const was = x[i];
    T const step = static_cast<T>(std::cbrt(std::numeric_limits<T>::epsilon()) * std::fmax(1, std::fabs(double(was))));
    T const above = was + step, below = was - step;
    x[i] = above;
    double const high = f();
    x[i] = below;
    double const low = f();
    x[i] = was;
    double const d = (high - low) / (double(above) - double(below));
    numeric[static_cast<std::size_t>(i)] = d;
    largest = std::fmax(largest, std::fmax(std::fabs(d), std::fabs(double(g[i]))));
  }
  for (index_t i = 0; i < n; ++i) {
    double const a = double(g[i]), d = numeric[static_cast<std::size_t>(i)];
    double const scale = std::fmax(std::fmax(std::fabs(a), std::fabs(d)), 1e-3 * largest);
    if (a != a || d != d) return std::numeric_limits<double>::infinity();
    if (scale > 0) result = std::fmax(result, std::fabs(a - d) / scale);
  }
  return result;
}

// All elements of a tensor, a number or a model.
template <class X, class G, class F>
double difference_of(X& x, G& g, F const& f) {
  if constexpr (std::is_floating_point_v<X>) {
    auto const plain = g;
    return difference_in(&x, plain.data(), 1, f);
  } else if constexpr (expression<X> && !models::is_parameter<X>) {
    return difference_in(x.data(), std::as_const(g).data(), x.size(), f);
  } else {
    double worst = 0;
    std::vector<void const*> gradients;
    models::each_parameter(g, [&](auto& p) { gradients.push_back(std::as_const(p.value).data()); });
    std::size_t i = 0;
    models::each_parameter(
        x, [&]<class T, auto S>(models::parameter<T, S> & p) {
          auto const* const d = static_cast<T const*>(gradients[i++]);
          if (!p.frozen) worst = std::fmax(worst, difference_in(p.value.data(), d, p.value.size(), f));
        });
    return worst;
  }
}

template <class X>
auto changeable(X const& x) {
  if constexpr (expression<X> && !models::is_parameter<X>)
    return eval(x);
  else
    return x;
}

// Which of the arguments X are checked.
template <class... X>
constexpr auto checked_arguments() {
  constexpr bool checked[] = {is_checked<X>()..., false};
  constexpr std::size_t count = (std::size_t(is_checked<X>()) + ... + 0);
  return [&]<std::size_t... K>(std::index_sequence<K...>) {
    constexpr auto nth = [](std::size_t k) {
      for (int i = 0;; ++i)
        if (checked[i] && k-- == 0) return i;
    };
    return wrt<nth(K)...>;
  }(std::make_index_sequence<count>());
}

}  // namespace autodiff

template <class F, class... X>
double check_gradients(F const& f, X const&... x) {
  std::tuple args(autodiff::changeable(x)...);
  auto const value = [&] {
    return std::apply([&](auto const&... a) { return double(number_of(detach(f(a...)))); }, args);
  };
  double worst = 0;
  auto const check = [&]<int... I>(wrt_list<I...> which) {
    auto g = std::apply([&](auto const&... all) { return grad(f, which)(all...); }, args);
    auto const one = [&](auto& argument, auto& gradient) {
      worst = std::fmax(worst, autodiff::difference_of(argument, gradient, value));
    };
    if constexpr (sizeof...(I) == 1)
      (one(std::get<I>(args), g), ...);
    else
      std::apply([&](auto&... gradients) { (one(std::get<I>(args), gradients), ...); }, g);
  };
  check(autodiff::checked_arguments<std::remove_cvref_t<decltype(autodiff::changeable(x))>...>());
  return worst;
}

}  // namespace WEFT_ISA
}  // namespace weft
