// A file of golden cases made by a test: to see that the runner takes ranks, sizes and attributes from the cases, and not
// from those that it was written beside.
//
//   golden::case_file file("optimizers");
//   file.array("case", "in", "w", {2, 3}, file.numbers({2, 3}, 1));
//   file.about("case", "{\"op\": ...}");
//   golden::group g = file.read();           // written, and read as any golden file is
#pragma once
#include "golden.hpp"

#include <unistd.h>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace golden {

// With a buffer of its own.
inline any_tensor copied(any_tensor const& t) {
  any_tensor result(t.dtype, t.shape);
  if (t.nbytes() > 0) std::memcpy(result.data(), t.data(), static_cast<std::size_t>(t.nbytes()));
  return result;
}

struct case_file {
  std::string group_name;
  std::vector<weft::io::named_tensor> tensors;
  std::vector<weft::io::metadata_entry> metadata;
  std::uint32_t state = 1;

  explicit case_file(std::string name) : group_name(std::move(name)) {}

  // As many as the shape has, between -`size` and `size`, in no order.
  std::vector<float> numbers(std::vector<index_t> const& shape, float size) {
    std::vector<float> list(static_cast<std::size_t>(weft::io::element_count(shape)));
    for (float& x : list) {
      state = state * 1664525u + 1013904223u;
      x = size * (static_cast<float>(state >> 8) / 8388608.f - 1);
    }
    return list;
  }
  template <class T>
  void array(std::string const& of, std::string const& kind, std::string const& name, std::vector<index_t> const& shape,
             std::vector<T> const& values) {
    any_tensor t(weft::dtype_of<T>, shape);
    if (t.nbytes() > 0) std::memcpy(t.data(), values.data(), static_cast<std::size_t>(t.nbytes()));
    tensors.push_back({of + '/' + kind + '/' + name, std::move(t)});
  }
  void array(std::string const& of, std::string const& kind, std::string const& name, std::vector<index_t> const& shape,
             std::vector<float> const& values) {
    array<float>(of, kind, name, shape, values);
  }
  void about(std::string const& of, std::string description) { metadata.push_back({of, std::move(description)}); }

  group read() const {
    auto with_group = metadata;
    with_group.push_back({"__group__", "{\"group\":\"" + group_name + "\",\"cases\":" + std::to_string(metadata.size()) + "}"});
    std::string const path = "extra_" + group_name + '_' + std::to_string(::getpid()) + ".safetensors";
    weft::io::save_safetensors(path, tensors, with_group);
    group g = read_group_file(path, group_name);
    std::remove(path.c_str());
    return g;
  }
};

}  // namespace golden
