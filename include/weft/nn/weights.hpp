// The parameters and buffers of a model in a safetensors file, by their paths.
//
//   nn::save_weights(model, "model.safetensors");          replaces the file atomically
//   nn::load_weights(model, "model.safetensors");
//   auto report = nn::load_weights(model, path, {.strict = false});    report.missing, report.unexpected
//
// A file that doesn't fit is refused as a whole, with all that is missing, unexpected, or of another shape or type in
// the message; the model then is what it was.
//
// Public, in weft::nn: save_weights, load_weights, weights_options, weights_report.
#pragma once
#include <weft/io/safetensors.hpp>
#include <weft/nn/module.hpp>

#include <vector>

namespace weft::nn {

struct weights_options {
  bool strict = true;  // every parameter must be in the file, and nothing else
};
struct weights_report {
  std::vector<std::string> missing;     // in the model, not in the file
  std::vector<std::string> unexpected;  // in the file, not in the model
};

inline namespace WEFT_ISA {
namespace parts {

template <int R>
std::vector<index_t> shape_list(extents<R> const& e) {
  return std::vector<index_t>(e.begin(), e.end());
}

// The same buffer where it can be shared, else a copy.
template <class T, auto S>
io::any_tensor erased(tensor<T, S> const& t) {
  io::any_tensor a;
  a.dtype = dtype_of<T>;
  a.shape = shape_list<to_shape(S).rank>(t.sizes());
  if constexpr (tensor<T, S>::stored_inline) {
    a.buffer = storage::allocate(sizeof(T) * static_cast<std::size_t>(t.size()));
    if (t.size() > 0) std::memcpy(a.buffer.data(), t.data(), a.buffer.bytes());
  } else {
    t.items().check_there();
    a.buffer = t.items().buffer;
  }
  return a;
}
// Precondition: type and shape are the tensor's. Shares the buffer where it can.
template <class T, auto S>
void restore(tensor<T, S>& t, io::any_tensor const& from) {
  if constexpr (!tensor<T, S>::stored_inline) {
    if (from.offset == 0) {
      extents<to_shape(S).rank> e{};
      for (std::size_t i = 0; i < e.size(); ++i) e[i] = from.shape[i];
      t = tensor<T, S>(from.buffer, e);
      return;
    }
  }
  if (t.size() > 0) std::memcpy(t.data(), from.data(), sizeof(T) * static_cast<std::size_t>(t.size()));
}

inline void append_list(std::string& out, char const* what, std::vector<std::string> const& list) {
  if (list.empty()) return;
  out += std::string("; ") + what + ": ";
  std::size_t const most = 10;
  for (std::size_t i = 0; i < list.size() && i < most; ++i) out += (i ? ", " : "") + list[i];
  if (list.size() > most) out += " and " + std::to_string(list.size() - most) + " more";
}

struct fitting {
  io::tensor_file const& file;
  std::vector<std::string> names;  // of the cells
  std::vector<io::any_tensor const*> found;
  std::vector<std::string> wrong;
  weights_report report;

  template <class Cell>
  void look_up(std::string_view path, Cell const& cell) {
    using T = element_t<Cell>;
    names.emplace_back(path);
    io::any_tensor const* t = file.find(path);
    found.push_back(t);
    if (!t) {
      report.missing.emplace_back(path);
      return;
    }
    auto const want = shape_list<rank_of<Cell>>(cell.value.sizes());
    if (!t->known() || t->dtype != dtype_of<T>)
      wrong.push_back(std::string(path) + " is " + t->type_name() + ", not " + name(dtype_of<T>));
    else if (t->shape != want)
      wrong.push_back(std::string(path) + " has shape " + io::to_text(t->shape) + ", not " + io::to_text(want));
  }
  void check(std::string const& path, bool strict) {
    auto const order = io::detail::sorted_positions(names, [](auto const& a, auto const& b) { return a < b; });
    std::size_t at = 0;
    for (auto const& t : file.tensors) {
      while (at < order.size() && names[order[at]] < t.name) ++at;
      if (at == order.size() || names[order[at]] != t.name) report.unexpected.push_back(t.name);
    }
    if (wrong.empty() && (!strict || (report.missing.empty() && report.unexpected.empty()))) return;
    std::string message = path + ": these are not the model's weights";
    if (strict) {
      append_list(message, "missing", report.missing);
      append_list(message, "unexpected", report.unexpected);
    }
    append_list(message, "different", wrong);
    fail<format_error>(message);
  }
};

}  // namespace parts

template <class Model>
void save_weights(Model const& model, std::string const& path) {
  std::vector<io::named_tensor> list;
  models::each_cell(model, [&list](std::string_view name, auto const& cell) {
    list.push_back({std::string(name), parts::erased(cell.value)});
  });
  io::save_safetensors(path, list, {{"format", "weft"}});
}

template <class Model>
weights_report load_weights(Model& model, std::string const& path, weights_options options = {}) {
  io::tensor_file const file = io::load_safetensors(path);
  parts::fitting fit{file, {}, {}, {}, {}};
  models::each_cell(std::as_const(model), [&fit](std::string_view name, auto const& cell) { fit.look_up(name, cell); });
  fit.check(path, options.strict);
  std::size_t i = 0;
  models::each_cell_of(
      [&](auto& cell) {
        if (io::any_tensor const* t = fit.found[i++]) parts::restore(cell.value, *t);
      },
      model);
  return static_cast<weights_report&&>(fit.report);
}

}  // namespace WEFT_ISA
}  // namespace weft::nn
