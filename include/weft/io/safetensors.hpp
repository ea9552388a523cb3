// Safetensors: 8 bytes of header length, a JSON header, the elements. What weft saves and loads models in.
//
//   io::tensor_file file = io::load_safetensors("model.safetensors");
//   float const* w = file["encoder.weight"].as<float>();            // shape: file["encoder.weight"].shape
//   io::save_safetensors("model.safetensors", {{"w", w}, {"b", b}}, {{"format", "pt"}});
//   for (auto const& t : io::list_safetensors("model.safetensors").tensors) ...     // the header alone
//
// The reader believes nothing: sizes are compared with the file's before anything is allocated for them, and the
// ranges of the tensors must tile the data exactly. A mistake throws format_error with file, byte, tensor and field.
// An element type that weft doesn't know is listed and loaded as bytes; only as<T>() of that tensor fails.
// The writer sorts names, puts larger elements first, and replaces the file atomically.
#pragma once
#include <weft/core/dtype.hpp>
#include <weft/core/errors.hpp>
#include <weft/io/any_tensor.hpp>
#include <weft/io/file.hpp>
#include <weft/io/json.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weft::io {
inline namespace WEFT_ISA {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "weft: safetensors files are little-endian");

inline constexpr index_t max_safetensors_header = 100'000'000;
inline constexpr std::size_t max_file_rank = 32;

struct safetensors_entry {
  std::string name;
  std::string type;  // as the file spells it: F32, BF16, ...
  std::vector<index_t> shape;
  index_t begin;  // of its bytes, from `data_at`
  index_t end;
  std::size_t at;  // of its key in the header
};

struct safetensors_header {
  std::vector<safetensors_entry> tensors;  // sorted by name
  std::vector<metadata_entry> metadata;    // sorted by key
  index_t data_at;                         // where the data begins in the file
};

namespace detail {

struct safetensors_type {
  char const* word;
  int bits;  // of one element
  bool known;
  weft::dtype dtype;
};
// Types without a dtype of ours have their sizes checked all the same.
inline constexpr safetensors_type safetensors_types[] = {
    {"BOOL", 8, true, dtype::bool_},     {"U8", 8, true, dtype::uint8},       {"U16", 16, true, dtype::uint16},
    {"U32", 32, true, dtype::uint32},    {"U64", 64, true, dtype::uint64},    {"I8", 8, true, dtype::int8},
    {"I16", 16, true, dtype::int16},     {"I32", 32, true, dtype::int32},     {"I64", 64, true, dtype::int64},
    {"F16", 16, true, dtype::float16},   {"BF16", 16, true, dtype::bfloat16}, {"F32", 32, true, dtype::float32},
    {"F64", 64, true, dtype::float64},   {"C64", 64, true, dtype::complex64}, {"F8_E4M3", 8, false, dtype::uint8},
    {"F8_E5M2", 8, false, dtype::uint8}, {"F8_E8M0", 8, false, dtype::uint8}, {"F6_E2M3", 6, false, dtype::uint8},
    {"F6_E3M2", 6, false, dtype::uint8}, {"F4", 4, false, dtype::uint8},
};
inline safetensors_type const* find_safetensors_type(std::string_view word) {
  for (auto const& type : safetensors_types) {
    if (type.word == word) return &type;
  }
  return nullptr;
}
inline char const* safetensors_word(dtype d) {
  for (auto const& type : safetensors_types) {
    if (type.known && type.dtype == d) return type.word;
  }
  return "";
}

inline void read_safetensors_metadata(json_reader& in, std::vector<metadata_entry>& metadata) {
  if (in.peek() != '{') in.expected("__metadata__ as an object of strings");
  std::vector<std::size_t> places;
  for (bool more = in.open('{'); more; more = in.more('}')) {
    in.blanks();
    places.push_back(in.at);
    std::string key = in.key();
    if (in.peek() != '"') in.expected("a string in __metadata__ at " + in_quotes(key));
    metadata.push_back({std::move(key), in.string()});
  }
  auto const order = sorted_positions(metadata, [](auto const& a, auto const& b) { return a.key < b.key; });
  std::vector<metadata_entry> sorted;
  sorted.reserve(order.size());
  for (auto const i : order) {
    if (!sorted.empty() && sorted.back().key == metadata[i].key) {
      in.fail(places[i], "__metadata__: the key " + in_quotes(metadata[i].key) + " appears twice");
    }
    sorted.push_back(std::move(metadata[i]));
  }
  metadata.swap(sorted);
}

// One tensor's description. Precondition: `in` stands after its key.
inline void read_safetensors_entry(json_reader& in, safetensors_entry& entry) {
  auto const who = [&] { return "tensor " + in_quotes(entry.name) + ": "; };
  bool type = false, shape = false, offsets = false;
  std::size_t const begin = in.at;
  if (in.peek() != '{') in.expected(who() + "an object");
  for (bool more = in.open('{'); more; more = in.more('}')) {
    in.blanks();
    std::size_t const place = in.at;
    std::string const field = in.key();
    auto const once = [&](bool& seen) {
      if (seen) in.fail(place, who() + field + " appears twice");
      seen = true;
    };
    if (field == "dtype") {
      once(type);
      if (in.peek() != '"') in.expected(who() + "dtype as a string");
      entry.type = in.string();
    } else if (field == "shape") {
      once(shape);
      if (in.peek() != '[') in.expected(who() + "shape as an array");
      for (bool size = in.open('['); size; size = in.more(']')) {
        if (entry.shape.size() == max_file_rank) in.fail(in.at, who() + "shape: more than 32 dimensions");
        entry.shape.push_back(in.natural());
      }
    } else if (field == "data_offsets") {
      once(offsets);
      if (in.peek() != '[') in.expected(who() + "data_offsets as an array");
      in.expect('[');
      entry.begin = in.natural();
      in.expect(',');
      entry.end = in.natural();
      in.expect(']');
      if (entry.begin > entry.end) in.fail(place, who() + "data_offsets: the end lies before the beginning");
    } else {
      in.fail(place, who() + "unknown field " + in_quotes(field));
    }
  }
  if (!type) in.fail(begin, who() + "dtype is missing");
  if (!shape) in.fail(begin, who() + "shape is missing");
  if (!offsets) in.fail(begin, who() + "data_offsets is missing");
}

inline void check_safetensors_size(json_reader const& in, safetensors_entry const& entry) {
  auto const who = [&] { return "tensor " + in_quotes(entry.name) + ": "; };
  index_t const count = element_count(entry.shape);
  if (count < 0) in.fail(entry.at, who() + "shape: " + to_text(entry.shape) + " has too many elements");
  safetensors_type const* type = find_safetensors_type(entry.type);
  if (!type) return;
  index_t bits = 0;
  if (__builtin_mul_overflow(count, index_t{type->bits}, &bits)) {
    in.fail(entry.at, who() + "shape: " + to_text(entry.shape) + " has too many elements");
  }
  if (bits % 8 != 0) in.fail(entry.at, who() + "shape: its elements don't fill whole bytes");
  if (bits / 8 != entry.end - entry.begin) {
    in.fail(entry.at, who() + "data_offsets: " + std::to_string(entry.end - entry.begin) + " bytes for " + entry.type +
                          " of shape " + to_text(entry.shape) + ", which takes " + std::to_string(bits / 8));
  }
}

// The ranges must follow each other from 0 to `data_bytes`.
inline void check_safetensors_ranges(json_reader const& in, std::vector<safetensors_entry> const& tensors,
                                     index_t data_bytes) {
  auto const order = sorted_positions(
      tensors, [](auto const& a, auto const& b) { return a.begin != b.begin ? a.begin < b.begin : a.end < b.end; });
  index_t reached = 0;
  for (auto const i : order) {
    safetensors_entry const& entry = tensors[i];
    auto const where = [&] {
      return "tensor " + in_quotes(entry.name) + ": data_offsets [" + std::to_string(entry.begin) + ", " +
             std::to_string(entry.end) + "]: ";
    };
    if (entry.end > data_bytes) {
      in.fail(entry.at, where() + "past the end of the data at " + std::to_string(data_bytes));
    }
    if (entry.begin < reached)
      in.fail(entry.at, where() + "overlaps another tensor, which ends at " + std::to_string(reached));
    if (entry.begin > reached)
      in.fail(entry.at, where() + "nothing describes the bytes from " + std::to_string(reached));
    reached = entry.end;
  }
  if (reached != data_bytes) {
    in.fail(in.text.size() + static_cast<std::size_t>(reached),
            std::to_string(data_bytes - reached) + " bytes after the last tensor");
  }
}

// `text` is the header alone, which begins at byte 8 of a file with `data_bytes` behind the header.
inline safetensors_header parse_safetensors_header(std::string_view text, std::string_view name, index_t data_bytes) {
  json_reader in{text, name, 8};
  safetensors_header header{{}, {}, 8 + static_cast<index_t>(text.size())};
  std::vector<safetensors_entry> found;
  bool described = false;
  if (in.peek() != '{') in.expected("'{' at the beginning of the header");
  for (bool more = in.open('{'); more; more = in.more('}')) {
    in.blanks();
    std::size_t const place = in.at;
    std::string key = in.key();
    if (key == "__metadata__") {
      if (described) in.fail(place, "__metadata__ appears twice");
      described = true;
      read_safetensors_metadata(in, header.metadata);
      continue;
    }
    if (key.find('\0') != std::string::npos) in.fail(place, "a tensor's name with a NUL in it");
    found.push_back({std::move(key), {}, {}, 0, 0, place});
    read_safetensors_entry(in, found.back());
    check_safetensors_size(in, found.back());
  }
  in.finish();
  auto const order = sorted_positions(found, [](auto const& a, auto const& b) { return a.name < b.name; });
  header.tensors.reserve(order.size());
  for (auto const i : order) {
    if (!header.tensors.empty() && header.tensors.back().name == found[i].name) {
      in.fail(found[i].at, "tensor " + in_quotes(found[i].name) + " appears twice");
    }
    header.tensors.push_back(std::move(found[i]));
  }
  check_safetensors_ranges(in, header.tensors, data_bytes);
  return header;
}

inline safetensors_header read_safetensors_header(input_file const& in) {
  auto const refuse = [&](std::string const& what) {
    fail<format_error>(in.path() + ": byte 0: header length: " + what);
  };
  if (in.size() < 8) refuse("the file has only " + std::to_string(in.size()) + " bytes");
  unsigned char head[8];
  in.read(0, head, 8);
  std::uint64_t length = 0;
  for (int i = 7; i >= 0; --i) length = length << 8 | head[i];
  if (length > static_cast<std::uint64_t>(max_safetensors_header)) {
    refuse(std::to_string(length) + " is more than " + std::to_string(max_safetensors_header));
  }
  index_t const bytes = static_cast<index_t>(length);
  if (bytes > in.size() - 8) {
    refuse(std::to_string(length) + ", but only " + std::to_string(in.size() - 8) + " bytes follow");
  }
  if (bytes < 2) refuse(std::to_string(length) + " is too short for a header");
  std::string text(static_cast<std::size_t>(bytes), '\0');
  in.read(8, text.data(), bytes);
  return parse_safetensors_header(text, in.path(), in.size() - 8 - bytes);
}

}  // namespace detail

// Names, types and shapes, without the data.
inline safetensors_header list_safetensors(std::string const& path) {
  return detail::read_safetensors_header(input_file(path));
}

inline tensor_file load_safetensors(std::string const& path) {
  input_file const in(path);
  safetensors_header header = detail::read_safetensors_header(in);
  tensor_file file;
  file.path = path;
  file.metadata = std::move(header.metadata);
  file.tensors.reserve(header.tensors.size());
  for (auto& entry : header.tensors) {
    detail::safetensors_type const* type = detail::find_safetensors_type(entry.type);
    any_tensor tensor;
    tensor.shape = std::move(entry.shape);
    tensor.raw_bytes = entry.end - entry.begin;
    if (type && type->known) {
      tensor.dtype = type->dtype;
    } else {
      tensor.unknown = std::move(entry.type);
    }
    tensor.buffer = storage::allocate(static_cast<std::size_t>(tensor.raw_bytes));
    in.read(header.data_at + entry.begin, tensor.data(), tensor.raw_bytes);
    if (tensor.known() && tensor.dtype == dtype::bool_) {  // another byte in a bool is undefined behaviour
      auto const* bytes = static_cast<unsigned char const*>(tensor.data());
      for (index_t i = 0; i < tensor.raw_bytes; ++i) {
        if (bytes[i] > 1) {
          fail<format_error>(path + ": byte " + std::to_string(header.data_at + entry.begin + i) + ": tensor " +
                             in_quotes(entry.name) + ": a BOOL that is neither 0 nor 1");
        }
      }
    }
    file.tensors.push_back({std::move(entry.name), std::move(tensor)});
  }
  return file;
}

// Replaces `path` atomically. format_error for names that the format can't hold.
inline void save_safetensors(std::string const& path, std::vector<named_tensor> const& tensors,
                             std::vector<metadata_entry> const& metadata = {}) {
  auto const refuse = [&](std::string const& what) { fail<format_error>(path + ": " + what); };
  auto const text = [&](std::string_view s) {
    if (!is_utf8(s)) refuse(in_quotes(s) + " is not UTF-8");
  };
  auto const word = [](any_tensor const& t) {
    return t.known() ? std::string(detail::safetensors_word(t.dtype)) : t.unknown;
  };
  for (auto const& t : tensors) {
    text(t.name);
    if (t.name == "__metadata__") refuse("a tensor can't be named __metadata__");
    if (t.name.find('\0') != std::string::npos) refuse("a tensor's name with a NUL in it");
    if (t.tensor.shape.size() > max_file_rank) refuse("tensor " + in_quotes(t.name) + ": more than 32 dimensions");
  }
  // Larger elements first, so that each tensor is aligned for its type.
  auto const width = [](any_tensor const& t) { return t.known() ? size_of(t.dtype) : 1; };
  auto const by_place = detail::sorted_positions(tensors, [&](auto const& a, auto const& b) {
    index_t const wa = width(a.tensor), wb = width(b.tensor);
    return wa != wb ? wa > wb : a.name < b.name;
  });
  std::vector<index_t> begins(tensors.size());
  index_t end = 0;
  for (auto const i : by_place) {
    begins[i] = end;
    end += tensors[i].tensor.nbytes();
  }

  std::string header = "{";
  if (!metadata.empty()) {
    header += "\"__metadata__\":{";
    auto const order = detail::sorted_positions(metadata, [](auto const& a, auto const& b) { return a.key < b.key; });
    for (std::size_t i = 0; i < order.size(); ++i) {
      metadata_entry const& m = metadata[order[i]];
      text(m.key);
      text(m.value);
      if (i && metadata[order[i - 1]].key == m.key) refuse("__metadata__: " + in_quotes(m.key) + " appears twice");
      if (i) header += ',';
      append_json_string(header, m.key);
      header += ':';
      append_json_string(header, m.value);
    }
    header += '}';
  }
  auto const by_name = detail::sorted_positions(tensors, [](auto const& a, auto const& b) { return a.name < b.name; });
  for (std::size_t i = 0; i < by_name.size(); ++i) {
    named_tensor const& t = tensors[by_name[i]];
    if (i && tensors[by_name[i - 1]].name == t.name) refuse("tensor " + in_quotes(t.name) + " appears twice");
    if (header.size() > 1) header += ',';
    append_json_string(header, t.name);
    header += ":{\"dtype\":";
    append_json_string(header, word(t.tensor));
    header += ",\"shape\":[";
    for (std::size_t d = 0; d < t.tensor.shape.size(); ++d) {
      header += (d ? "," : "") + std::to_string(t.tensor.shape[d]);
    }
    index_t const begin = begins[by_name[i]];
    header += "],\"data_offsets\":[" + std::to_string(begin) + ',' + std::to_string(begin + t.tensor.nbytes()) + "]}";
  }
  header += '}';
  header.append((8 - header.size() % 8) % 8, ' ');
  if (static_cast<index_t>(header.size()) > max_safetensors_header) refuse("the header would exceed 100,000,000 bytes");

  unsigned char head[8];
  for (int i = 0; i < 8; ++i) head[i] = static_cast<unsigned char>(header.size() >> (8 * i));
  output_file out(path);
  out.write(head, 8);
  out.write(header);
  for (auto const i : by_place) out.write(tensors[i].tensor.data(), tensors[i].tensor.nbytes());
  out.commit();
}

}  // namespace WEFT_ISA
}  // namespace weft::io
