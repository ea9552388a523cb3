// A model in several safetensors files: the index that says which file holds which tensor.
//
//   io::tensor_file model = io::load_sharded_safetensors("model.safetensors.index.json");
//
// The index is a stranger's text, so a shard is a plain file name: no folder, drive or "..", and no symbolic link to
// somewhere else (links into the folder where the index itself really lies are fine: download caches are made of
// them). Tensors that a shard holds beyond the index are not loaded. Public, in weft::io: load_sharded_safetensors.
#pragma once
#include <weft/io/safetensors.hpp>

#include <string>
#include <utility>
#include <vector>

namespace weft::io {
inline namespace WEFT_ISA {

namespace detail {

inline bool plain_file_name(std::string const& name) {
  return !name.empty() && name != "." && name != ".." && name.find_first_of("/\\:") == std::string::npos &&
         name.find('\0') == std::string::npos;
}

}  // namespace detail

inline tensor_file load_sharded_safetensors(std::string const& index_path) {
  json const index = parse_json(read_file(index_path), index_path);
  auto const refuse = [&](std::size_t at, std::string const& what) {
    fail<format_error>(index_path + ": byte " + std::to_string(at) + ": " + what);
  };
  json const* map = index.is_object() ? index.find("weight_map") : nullptr;
  if (!map || !map->is_object()) refuse(map ? map->at() : index.at(), "weight_map: expected an object");

  struct place {
    std::string const* shard;
    std::string const* tensor;
    std::size_t at;
  };
  std::vector<place> places;
  for (std::size_t i = 0; i < map->size(); ++i) {
    json const& shard = map->items()[i];
    std::string const& tensor = map->keys()[i];
    if (!shard.is_string()) refuse(shard.at(), "weight_map: " + in_quotes(tensor) + ": expected a file's name");
    if (!detail::plain_file_name(shard.string())) {
      refuse(shard.at(),
             "weight_map: " + in_quotes(tensor) + ": " + in_quotes(shard.string()) + " is not a plain file name");
    }
    places.push_back({&shard.string(), &tensor, shard.at()});
  }
  auto const by_shard = detail::sorted_positions(places, [](auto const& a, auto const& b) {
    return *a.shard != *b.shard ? *a.shard < *b.shard : (*a.tensor) < *b.tensor;
  });

  std::string const folder = detail::folder_of(index_path);
  std::string const real_folder = detail::folder_of(detail::real_path(index_path));
  tensor_file shard;
  std::vector<named_tensor> found;
  for (std::size_t i = 0; i < by_shard.size(); ++i) {
    place const& p = places[by_shard[i]];
    if (i == 0 || *places[by_shard[i - 1]].shard != *p.shard) {
      std::string const path = detail::real_path(folder + *p.shard);
      if (path.empty()) refuse(p.at, "weight_map: the file " + in_quotes(*p.shard) + " is missing");
      std::string const where = detail::folder_of(path);
      if (where != real_folder && where != detail::real_path(folder) + '/') {
        refuse(p.at, "weight_map: the file " + in_quotes(*p.shard) + " is a link out of the folder");
      }
      shard = load_safetensors(path);
    }
    any_tensor const* tensor = shard.find(*p.tensor);
    if (!tensor) refuse(p.at, "weight_map: no tensor " + in_quotes(*p.tensor) + " in " + in_quotes(*p.shard));
    found.push_back({*p.tensor, *tensor});
  }
  tensor_file model;
  model.path = index_path;
  auto const by_name = detail::sorted_positions(found, [](auto const& a, auto const& b) { return a.name < b.name; });
  for (auto const i : by_name) model.tensors.push_back(std::move(found[i]));
  return model;
}

}  // namespace WEFT_ISA
}  // namespace weft::io
