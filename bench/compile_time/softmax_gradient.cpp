// Value and gradient of a softmax that a user wrote: a row program, and the one that is derived from it.
#include <weft/core.hpp>
#include <weft/grad.hpp>

using matrix = weft::tensor<float, 2>;
using weft::axis, weft::keepdims;

static auto softmax_of(auto const& x) {
  return weft::let(exp(x - max(x, axis<-1>, keepdims)), [](auto e) { return e / sum(e, axis<-1>, keepdims); });
}

float softmax_gradient(matrix const& x, matrix const& g, matrix& dx) {
  auto const loss = [](auto const& x, auto const& g) { return sum(softmax_of(x) * g); };
  auto [value, gradient] = weft::value_and_grad(loss, weft::wrt<0>)(x, g);
  dx = gradient;
  return float(value);
}
