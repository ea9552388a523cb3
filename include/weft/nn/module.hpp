// A model is a plain struct of parameters, layers and containers of them; nothing to inherit from, nothing to
// register. What can be done with all its parameters at once:
//
//   nn::for_each_parameter(model, [](std::string_view path, auto& p) { ... });   // "blocks.1.down.bias"
//   nn::parameter_count(model)                   elements; nn::trainable_count(model) without the frozen ones
//   nn::freeze(model.blocks[0])                  constants for every transform and optimizer; unfreeze
//   auto zero = nn::tree_map([](auto const& p) { return 0 * p; }, model);
//   auto mix = nn::tree_map([](auto const& a, auto const& b) { return 0.9 * a + 0.1 * b; }, average, model);
//
// Public, in weft::nn: for_each_parameter, for_each_buffer, parameter_count, trainable_count, freeze, unfreeze,
// tree_map.
#pragma once
#include <weft/nn/model.hpp>

namespace weft::nn {
inline namespace WEFT_ISA {

// f(path, parameter), in the order of the fields; of a const model const parameters.
template <class Model, class F>
void for_each_parameter(Model& model, F&& f) {
  models::each_cell(model, [&f](std::string_view path, auto& cell) {
    if constexpr (is_parameter<std::remove_cvref_t<decltype(cell)>>) f(path, cell);
  });
}
template <class Model, class F>
void for_each_buffer(Model& model, F&& f) {
  models::each_cell(model, [&f](std::string_view path, auto& cell) {
    if constexpr (is_buffer<std::remove_cvref_t<decltype(cell)>>) f(path, cell);
  });
}

template <class Model>
index_t parameter_count(Model const& model) {
  index_t n = 0;
  models::each_cell_of(
      [&n](auto const& cell) {
        if constexpr (is_parameter<std::remove_cvref_t<decltype(cell)>>) n += cell.value.size();
      },
      model);
  return n;
}
template <class Model>
index_t trainable_count(Model const& model) {
  index_t n = 0;
  models::each_cell_of(
      [&n](auto const& cell) {
        if constexpr (is_parameter<std::remove_cvref_t<decltype(cell)>>)
          if (!cell.frozen) n += cell.value.size();
      },
      model);
  return n;
}

namespace parts {
template <class Model>
void set_frozen(Model& model, bool frozen) {
  models::each_cell_of(
      [frozen](auto& cell) {
        if constexpr (is_parameter<std::remove_cvref_t<decltype(cell)>>) cell.frozen = frozen;
      },
      model);
}
}  // namespace parts

template <class Model>
void freeze(Model& model) {
  parts::set_frozen(model, true);
}
template <class Model>
void unfreeze(Model& model) {
  parts::set_frozen(model, false);
}

// The model whose parameters are f of the parameters' tensors of one or two models; the rest is the first one's.
template <class F, class Model, class... Same>
  requires(sizeof...(Same) <= 1 && (std::is_same_v<Model, Same> && ...))
[[nodiscard]] Model tree_map(F const& f, Model const& model, Same const&... other) {
  Model result = model;
  if constexpr (sizeof...(Same) == 0) {
    models::each_cell_of(
        [&f](auto& to) {
          if constexpr (is_parameter<std::remove_cvref_t<decltype(to)>>) to.value = f(std::as_const(to.value));
        },
        result);
  } else {
    models::each_cell_of(
        [&f](auto& to, auto const& from) {
          if constexpr (is_parameter<std::remove_cvref_t<decltype(to)>>)
            to.value = f(std::as_const(to.value), from.value);
        },
        result, other...);
  }
  return result;
}

}  // namespace WEFT_ISA
}  // namespace weft::nn
