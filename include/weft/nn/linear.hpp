// A dense layer: y = x transpose(weight) + bias.
//
//   nn::Linear hidden{784, 128};
//   auto y = eval(relu(hidden(x)));          // one product, bias and relu applied to its tiles
//   nn::linear<double> exact{3, 4};
//   nn::linear<float, false> projection{64, 64};      // no bias
//
// A call gives an expression, so what is done with it is part of the same statement. x is (rows, in) or (in). Where it
// contains a product, as the layer before has one, it's evaluated first: a product would do so anyway, and here it cuts
// the type, so that layers of one kind share their code.
//
// Public, in weft::nn: Linear, linear.
#pragma once
#include <weft/expr/facts.hpp>
#include <weft/nn/init.hpp>
#include <weft/nn/model.hpp>

namespace weft::nn {
inline namespace WEFT_ISA {

namespace parts {
template <class X>
WEFT_INLINE decltype(auto) layer_input(X const& x) {
  if constexpr (expr::facts_of<stored_t<X>>.producers > 0)
    return eval(x);
  else
    return (x);
}
}  // namespace parts

template <class T, bool Bias = true>
struct linear {
  parameter<T, 2> weight;  // (out, in)
  parameter<T, 1> bias;    // (out)

  linear() = default;
  // Uniform between -1/sqrt(in) and 1/sqrt(in).
  linear(index_t in, index_t out)
      : weight(init::uniform<T>({out, in}, -limit(in), limit(in))),
        bias(init::uniform<T>({out}, -limit(in), limit(in))) {}

  template <expression X>
  WEFT_INLINE auto operator()(X const& x) const {
    return matmul(parts::layer_input(x), transpose(weight)) + bias;
  }

  static constexpr void fields(auto list) {
    list("weight", &linear::weight);
    list("bias", &linear::bias);
  }
  std::string description() const {
    return "Linear(input_dims=" + std::to_string(weight.value.shape(1)) +
           ", output_dims=" + std::to_string(weight.value.shape(0)) + ", bias=true)";
  }

  static double limit(index_t in) {
    if (in <= 0) fail<shape_error>(complaint{"Linear: ", in, " inputs"});
    return 1 / std::sqrt(static_cast<double>(in));
  }
};

template <class T>
struct linear<T, false> {
  parameter<T, 2> weight;  // (out, in)

  linear() = default;
  linear(index_t in, index_t out)
      : weight(init::uniform<T>({out, in}, -linear<T>::limit(in), linear<T>::limit(in))) {}

  template <expression X>
  WEFT_INLINE auto operator()(X const& x) const {
    return matmul(parts::layer_input(x), transpose(weight));
  }

  static constexpr void fields(auto list) { list("weight", &linear::weight); }
  std::string description() const {
    return "Linear(input_dims=" + std::to_string(weight.value.shape(1)) +
           ", output_dims=" + std::to_string(weight.value.shape(0)) + ", bias=false)";
  }
};

using Linear = linear<float>;

}  // namespace WEFT_ISA
}  // namespace weft::nn
