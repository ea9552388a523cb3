// A model in several safetensors files: the index that says which file holds which tensor.
//
//   io::tensor_file model = io::load_sharded_safetensors("model.safetensors.index.json");
//
// The index is a stranger's text, so a shard is a plain file name: no folder, drive or "..", and no symbolic link to
// somewhere else (links into the folder where the index itself really lies are fine: download caches are made of
// them). It is read in place: its text and the list of its tensors, 24 bytes each, take at most max_shard_index, else
// it is refused before they are allocated. Tensors that a shard holds beyond the index are not loaded.
// Public, in weft::io: load_sharded_safetensors, max_shard_index.
#pragma once
#include <weft/io/safetensors.hpp>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weft::io {
inline namespace WEFT_ISA {

inline constexpr index_t max_shard_index = index_t{64} << 20;

namespace detail {

inline bool plain_file_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find_first_of("/\\:") == std::string_view::npos &&
         name.find('\0') == std::string_view::npos;
}

// The index: which tensor lies in which shard. The strings are read where they stand in the text, so that an entry is
// only their places.
struct shard_index {
  struct string {
    std::uint32_t begin, size;  // begin - 1 is the quote in the file
  };
  struct entry {
    string tensor, shard;
  };
  std::string path;
  std::string text;
  std::vector<entry> entries;

  std::string_view at(string s) const { return std::string_view(text).substr(s.begin, s.size); }
  [[noreturn, gnu::cold, gnu::noinline]] void refuse(std::size_t where, std::string const& what) const {
    fail<format_error>(path + ": byte " + std::to_string(where) + ": " + what);
  }

  explicit shard_index(std::string const& from) : path(from) {
    input_file const in(from);
    if (in.size() > max_shard_index) too_large();
    text.resize(static_cast<std::size_t>(in.size()));
    in.read(0, text.data(), in.size());
    json_reader const map = look();
    read(map);
    check_tensors();
  }

  // Positions in `entries` by shard, and in a shard by tensor.
  std::vector<std::uint32_t> by_shard() const {
    return sorted_positions(entries, [this](entry const& a, entry const& b) {
      int const order = at(a.shard).compare(at(b.shard));
      return order != 0 ? order < 0 : at(a.tensor) < at(b.tensor);
    });
  }

 private:
  static constexpr std::size_t entry_bytes = sizeof(entry) + 2 * sizeof(std::uint32_t);  // with two orders

  [[noreturn, gnu::cold, gnu::noinline]] void too_large() const {
    refuse(0, "an index whose text and list of tensors take more than " + std::to_string(max_shard_index) + " bytes");
  }
  // The whole text is JSON and has one weight_map of strings: counts its entries and makes room for them. What the
  // text holds besides is read as values, within the same limit, and forgotten. Gives a reader before the map.
  json_reader look() {
    constexpr std::size_t limit = static_cast<std::size_t>(max_shard_index);
    json_reader in{text, path};
    json_reader map = in;
    bool found = false;
    std::size_t count = 0;
    json_budget budget{limit, limit - text.size()};
    std::vector<std::string> keys;
    in.blanks();
    std::size_t const begin = in.at;
    if (in.peek() != '{') {
      in.skip();
      in.finish();
      refuse(begin, "weight_map: expected an object");
    }
    json_reader const whole = in;
    for (bool more = in.open('{'); more; more = in.more('}')) {
      budget.grow(in, in.at, keys);
      in.blanks();
      budget.take(in, in.at, in.text.substr(in.at, 1) == "\"" ? json_budget::block(in.string_bound()) : 0);
      keys.push_back(in.key());
      if (keys.back() != "weight_map" || found) {
        json_budget spare = budget;
        json::read(in, spare);
        continue;
      }
      found = true;
      if (in.peek() != '{') refuse(in.at, "weight_map: expected an object");
      map = in;
      for (bool another = in.open('{'); another; another = in.more('}')) {
        in.blanks();
        json_reader key = in;
        in.skip_key();
        if (in.peek() != '"') refuse(in.at, "weight_map: " + in_quotes(key.key()) + ": expected a file's name");
        in.skip();
        ++count;
      }
    }
    in.finish();
    budget.take(in, begin, 2 * json_budget::block(sizeof(std::uint32_t) * keys.size()));
    auto const order = sorted_positions(keys, [](std::string const& a, std::string const& b) { return a < b; });
    for (std::size_t i = 1; i < order.size(); ++i) {
      if (keys[order[i - 1]] == keys[order[i]])
        in.fail(whole.place_of_key(order[i]), "the key " + in_quotes(keys[order[i]]) + " appears twice");
    }
    if (!found) refuse(begin, "weight_map: expected an object");
    if (count > (limit - text.size()) / entry_bytes) too_large();
    entries.reserve(count);
    return map;
  }
  // Puts a string of the text where it stands. The reader is always at or past the bytes that are written.
  struct in_place {
    char* to;
    std::size_t size = 0;
    void append(char const* from, std::size_t n) {
      if (to + size != from) std::memmove(to + size, from, n);
      size += n;
    }
    void push_back(char c) { to[size++] = c; }
  };
  string next(json_reader& in) {
    in.blanks();
    std::size_t const begin = in.at + 1;
    in_place out{text.data() + begin};
    in.string_into(out);
    return {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(out.size)};
  }
  // Precondition: look() has found the text to be right.
  void read(json_reader in) {
    for (bool more = in.open('{'); more; more = in.more('}')) {
      string const tensor = next(in);
      in.expect(':');
      entries.push_back({tensor, next(in)});
      std::string_view const shard = at(entries.back().shard);
      if (!plain_file_name(shard)) {
        refuse(entries.back().shard.begin - 1u,
               "weight_map: " + in_quotes(at(tensor)) + ": " + in_quotes(shard) + " is not a plain file name");
      }
    }
  }
  void check_tensors() const {
    auto const order =
        sorted_positions(entries, [this](entry const& a, entry const& b) { return at(a.tensor) < at(b.tensor); });
    for (std::size_t i = 1; i < order.size(); ++i) {
      string const tensor = entries[order[i]].tensor;
      if (at(entries[order[i - 1]].tensor) == at(tensor))
        refuse(tensor.begin - 1u, "weight_map: the key " + in_quotes(at(tensor)) + " appears twice");
    }
  }
};

}  // namespace detail

inline tensor_file load_sharded_safetensors(std::string const& index_path) {
  detail::shard_index const index(index_path);
  auto const by_shard = index.by_shard();
  std::string const folder = detail::folder_of(index_path);
  std::string const real_folder = detail::folder_of(detail::real_path(index_path));
  tensor_file shard;
  std::vector<named_tensor> found;
  for (std::size_t i = 0; i < by_shard.size(); ++i) {
    detail::shard_index::entry const& e = index.entries[by_shard[i]];
    std::string_view const file = index.at(e.shard), name = index.at(e.tensor);
    std::size_t const place = e.shard.begin - 1u;
    if (i == 0 || index.at(index.entries[by_shard[i - 1]].shard) != file) {
      std::string const path = detail::real_path(folder + std::string(file));
      if (path.empty()) index.refuse(place, "weight_map: the file " + in_quotes(file) + " is missing");
      std::string const where = detail::folder_of(path);
      if (where != real_folder && where != detail::real_path(folder) + '/') {
        index.refuse(place, "weight_map: the file " + in_quotes(file) + " is a link out of the folder");
      }
      shard = load_safetensors(path);
    }
    any_tensor const* tensor = shard.find(name);
    if (!tensor) index.refuse(place, "weight_map: no tensor " + in_quotes(name) + " in " + in_quotes(file));
    found.push_back({std::string(name), *tensor});
  }
  tensor_file model;
  model.path = index_path;
  auto const by_name = detail::sorted_positions(found, [](auto const& a, auto const& b) { return a.name < b.name; });
  for (auto const i : by_name) model.tensors.push_back(std::move(found[i]));
  return model;
}

}  // namespace WEFT_ISA
}  // namespace weft::io
