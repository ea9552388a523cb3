// A model as text: its layers by their names, nested as its structs are.
//
//   std::cout << nn::summary(model);
//
//   network(
//     (in): Linear(input_dims=2, output_dims=8, bias=true)
//     (blocks.0): block(
//       (up): Linear(input_dims=8, output_dims=16, bias=true)
//     )
//   )
//   152 parameters
//
// A struct with `std::string description() const` says itself what stands for it.
//
// Public, in weft::nn: summary, model_text.
#pragma once
#include <weft/nn/module.hpp>

#include <iosfwd>

namespace weft::nn {

struct model_text {
  std::string text;
  template <class C, class Traits>
  friend std::basic_ostream<C, Traits>& operator<<(std::basic_ostream<C, Traits>& out, model_text const& t) {
    return out << t.text.c_str();
  }
};

inline namespace WEFT_ISA {
namespace parts {

// A type's own name, without namespaces and template arguments.
template <class T>
constexpr auto type_label() {
  return std::string_view(__PRETTY_FUNCTION__, sizeof(__PRETTY_FUNCTION__) - 1);
}
template <class T>
std::string_view type_name() {
  std::string_view text = type_label<T>();
  std::size_t begin = text.find("T = ") + 4, end = begin;
  for (int depth = 0; end < text.size() && (depth > 0 || (text[end] != ']' && text[end] != ';')); ++end) {
    char const c = text[end];
    if (depth == 0 && c == '<') break;
    if (c == '(' || c == '{') ++depth;
    if (c == ')' || c == '}') --depth;
    if (depth == 0 && c == ':') begin = end + 1;
  }
  return text.substr(begin, end - begin);
}

template <class X>
concept described_by_itself = requires(X const& x) {
  { x.description() } -> std::convertible_to<std::string>;
};

template <class X>
void describe(std::string& out, std::string const& name, std::size_t indent, X const& x) {
  auto const begin = [&](std::string const& n) {
    out.append(indent, ' ');
    if (!n.empty()) out += "(" + n + "): ";
  };
  if constexpr (models::is_cell<X>) {
    begin(name);
    out += std::string(is_parameter<X> ? "parameter " : "buffer ") + weft::name(dtype_of<element_t<X>>) + ' ' +
           to_text(x.value.sizes());
    if constexpr (is_parameter<X>)
      if (x.frozen) out += " frozen";
    out += '\n';
  } else if constexpr (models::is_opaque<X>()) {
    return;
  } else if constexpr (described_by_itself<X>) {
    begin(name);
    out += x.description() + '\n';
  } else if constexpr (models::is_optional<X>) {
    if (x) describe(out, name, indent, *x);
  } else if constexpr (models::sequence<X>) {
    std::size_t i = 0;
    for (auto const& item : x) describe(out, (name.empty() ? name : name + '.') + std::to_string(i++), indent, item);
  } else {
    begin(name);
    out += std::string(type_name<X>()) + '(';
    std::size_t const empty = out.size();
    out += '\n';
    for_each_field(x, [&](std::string_view field, auto const& value) {
      describe(out, std::string(field), indent + 2, value);
    });
    if (out.size() == empty + 1)
      out.resize(empty);
    else
      out.append(indent, ' ');
    out += ")\n";
  }
}

}  // namespace parts

template <class Model>
[[nodiscard]] model_text summary(Model const& model) {
  model_text t;
  parts::describe(t.text, "", 0, model);
  index_t const all = parameter_count(model), trainable = trainable_count(model);
  t.text += std::to_string(all) + (all == 1 ? " parameter" : " parameters");
  if (trainable != all) t.text += ", " + std::to_string(all - trainable) + " of them frozen";
  t.text += '\n';
  return t;
}

}  // namespace WEFT_ISA
}  // namespace weft::nn
