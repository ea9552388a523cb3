// Golden test vectors: <group>.safetensors files of arrays named <case>/<kind>/<name>, each case described by a JSON
// text in the metadata.
//
//   golden::group reduce = golden::read_group("reduce");
//   for (golden::test_case const& c : reduce.cases)
//     c.op, c.kind, c.attrs()["axis"], c.in("a"), c.out("out"), c.grad("a"), c.rtol ...
//
// The folder is $WEFT_GOLDEN, else ../shared/golden beside the working directory or the sources.
#pragma once
#include <weft/io/any_tensor.hpp>
#include <weft/io/file.hpp>
#include <weft/io/json.hpp>
#include <weft/io/safetensors.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace golden {

using weft::dtype;
using weft::index_t;
using weft::io::any_tensor;
using weft::io::json;

struct array {
  std::string kind;  // in, param, out, cot, grad
  std::string name;
  any_tensor tensor;
};

struct test_case {
  std::string name;
  std::string op;
  std::string kind;
  json about;                     // the whole description
  std::vector<std::string> args;  // names of the `in` arrays in the order of the arguments
  std::vector<std::string> params;
  std::vector<std::string> outs;
  std::vector<std::string> grads;
  double rtol = 0, atol = 0, grad_rtol = 0, grad_atol = 0;
  std::string compare;  // a rule other than element by element
  bool raises = false;
  std::vector<array> arrays;

  json const& attrs() const { return about["attrs"]; }
  // nullptr where the attribute is absent or null: then it has its default.
  json const* attr(std::string_view key) const {
    json const* found = attrs().find(key);
    return found && !found->is_null() ? found : nullptr;
  }
  any_tensor const* find(std::string_view array_kind, std::string_view array_name) const {
    for (array const& a : arrays) {
      if (a.kind == array_kind && a.name == array_name) return &a.tensor;
    }
    return nullptr;
  }
  any_tensor const& get(std::string_view array_kind, std::string_view array_name) const {
    any_tensor const* found = find(array_kind, array_name);
    if (!found) {
      weft::fail<weft::format_error>("golden: " + name + ": no array " + std::string(array_kind) + '/' +
                                     std::string(array_name));
    }
    return *found;
  }
  any_tensor const& in(std::string_view n) const { return get("in", n); }
  any_tensor const& param(std::string_view n) const { return get("param", n); }
  any_tensor const& out(std::string_view n) const { return get("out", n); }
  any_tensor const& cot(std::string_view n) const { return get("cot", n); }
  any_tensor const& grad(std::string_view n) const { return get("grad", n); }
  any_tensor const& arg(std::size_t i) const { return in(args.at(i)); }
};

struct group {
  std::string name;
  std::vector<test_case> cases;  // sorted by name
  index_t promised = 0;          // the number of cases the file says it has
};

inline bool file_exists(std::string const& path) {
  struct ::stat about;
  return ::stat(path.c_str(), &about) == 0;
}

// With its slash; empty where there is none.
inline std::string folder() {
  std::vector<std::string> candidates;
  if (char const* set = std::getenv("WEFT_GOLDEN")) candidates.emplace_back(set);
  if (char const* set = std::getenv("WEFT_SHARED")) candidates.emplace_back(std::string(set) + "/golden");
  candidates.emplace_back("../shared/golden");
  std::string const source = __FILE__;  // <sources>/tests/golden/golden.hpp
  std::size_t const tests = source.rfind("tests/golden/");
  if (tests != std::string::npos) candidates.emplace_back(source.substr(0, tests) + "../shared/golden");
  for (std::string const& candidate : candidates) {
    if (file_exists(candidate + "/README.md")) return candidate + "/";
  }
  return "";
}

// The groups of the folder's README, in its order.
inline std::vector<std::string> group_names() {
  return {"unary",    "binary",     "dtypes",    "reduce", "scan_sort",    "shape",     "index",        "creation",
          "matmul",   "conv",       "linalg",    "fft",    "nn_functions", "nn_layers", "nn_attention", "fast",
          "losses",   "optimizers", "quantized", "llama",  "transforms",   "random",    "init",         "module",
          "training", "large",      "io"};
}

namespace detail {

inline std::vector<std::string> strings(json const& about, std::string_view key) {
  std::vector<std::string> list;
  if (json const* found = about.find(key)) {
    for (json const& item : found->items()) list.push_back(item.string());
  }
  return list;
}
inline double tolerance(json const& about, std::string_view key) {
  json const* found = about.find(key);
  return found ? found->number() : 0;
}

}  // namespace detail

// Any file of the format.
inline group read_group_file(std::string const& path, std::string const& name) {
  auto file = weft::io::load_safetensors(path);
  group g;
  g.name = name;
  for (auto const& [key, text] : file.metadata) {
    json about = weft::io::parse_json(text, path + ": " + key);
    if (key == "__group__") {
      g.promised = about["cases"].integer();
      continue;
    }
    test_case c;
    c.name = key;
    c.op = about["op"].string();
    c.kind = about["kind"].string();
    c.args = detail::strings(about, "args");
    c.params = detail::strings(about, "params");
    c.outs = detail::strings(about, "outs");
    c.grads = detail::strings(about, "grads");
    c.rtol = detail::tolerance(about, "rtol");
    c.atol = detail::tolerance(about, "atol");
    c.grad_rtol = detail::tolerance(about, "grad_rtol");
    c.grad_atol = detail::tolerance(about, "grad_atol");
    if (json const* rule = about.find("compare")) c.compare = rule->string();
    if (json const* raises = about.find("raises")) c.raises = raises->boolean();
    c.about = std::move(about);
    g.cases.push_back(std::move(c));
  }
  for (auto& [full, tensor] : file.tensors) {
    std::size_t const first = full.find('/');
    std::size_t const second = first == std::string::npos ? first : full.find('/', first + 1);
    std::string const owner = full.substr(0, first);
    auto const c = std::lower_bound(g.cases.begin(), g.cases.end(), owner,
                                    [](test_case const& a, std::string const& b) { return a.name < b; });
    if (second == std::string::npos || full.find('/', second + 1) != std::string::npos || c == g.cases.end() ||
        c->name != owner) {
      weft::fail<weft::format_error>(path + ": an array named " + weft::io::in_quotes(full) + " belongs to no case");
    }
    c->arrays.push_back({full.substr(first + 1, second - first - 1), full.substr(second + 1), std::move(tensor)});
  }
  return g;
}

inline group read_group(std::string const& name) { return read_group_file(folder() + name + ".safetensors", name); }

// A folder may hold some of the groups.
inline bool has_group(std::string const& name) {
  return !folder().empty() && file_exists(folder() + name + ".safetensors");
}

// Whether the folder holds the vectors that the tests were written beside. How many of its cases must pass is known of
// those only; of others every case must run or say why not.
inline bool known_vectors() {
  return weft::io::read_file(folder() + "README.md").find("4144 cases, 16152 tensors") != std::string::npos;
}
inline int at_least(int passed) { return known_vectors() ? passed : 0; }

// The values of float16 and bfloat16, from their bits.
inline double half_value(std::uint16_t bits) {
  int const exponent = bits >> 10 & 31, fraction = bits & 1023;
  double const infinity = std::numeric_limits<double>::infinity();
  double const size = exponent == 31 ? (fraction ? std::numeric_limits<double>::quiet_NaN() : infinity)
                      : exponent     ? std::ldexp(1024 + fraction, exponent - 25)
                                     : std::ldexp(fraction, -24);
  return bits >> 15 ? -size : size;
}
inline double bfloat_value(std::uint16_t bits) {
  std::uint32_t const wide = std::uint32_t{bits} << 16;
  float value;
  std::memcpy(&value, &wide, 4);
  return static_cast<double>(value);
}

namespace detail {

template <class T>
T element_at(any_tensor const& t, index_t i) {
  T value;
  std::memcpy(&value, static_cast<char const*>(t.data()) + i * static_cast<index_t>(sizeof(T)), sizeof(T));
  return value;
}

}  // namespace detail

// Element `i` of the row-major data; 64-bit integers are rounded to double.
inline std::complex<double> value(any_tensor const& t, index_t i) {
  using detail::element_at;
  switch (t.dtype) {
    case dtype::bool_:
    case dtype::uint8:
      return element_at<std::uint8_t>(t, i);
    case dtype::uint16:
      return element_at<std::uint16_t>(t, i);
    case dtype::uint32:
      return element_at<std::uint32_t>(t, i);
    case dtype::uint64:
      return static_cast<double>(element_at<std::uint64_t>(t, i));
    case dtype::int8:
      return element_at<std::int8_t>(t, i);
    case dtype::int16:
      return element_at<std::int16_t>(t, i);
    case dtype::int32:
      return element_at<std::int32_t>(t, i);
    case dtype::int64:
      return static_cast<double>(element_at<std::int64_t>(t, i));
    case dtype::float16:
      return half_value(element_at<std::uint16_t>(t, i));
    case dtype::bfloat16:
      return bfloat_value(element_at<std::uint16_t>(t, i));
    case dtype::float32:
      return static_cast<double>(element_at<float>(t, i));
    case dtype::float64:
      return element_at<double>(t, i);
    case dtype::complex64:
      return {static_cast<double>(element_at<float>(t, 2 * i)), static_cast<double>(element_at<float>(t, 2 * i + 1))};
  }
  return 0;
}
inline double real_value(any_tensor const& t, index_t i) { return value(t, i).real(); }

}  // namespace golden
