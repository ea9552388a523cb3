// Builders of safetensors files, honest and otherwise, and the question whether they are refused.
#pragma once
#include <doctest/doctest.h>

#include <weft/io/safetensors.hpp>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "support.hpp"

namespace support {

using weft::dtype;
using weft::format_error;
using weft::index_t;
using weft::io::any_tensor;
using weft::io::load_safetensors;

inline std::string little_endian(std::uint64_t n) {
  std::string out;
  for (int i = 0; i < 8; ++i) out += static_cast<char>(static_cast<unsigned char>(n >> (8 * i)));
  return out;
}
inline std::string file_of(std::string const& header, std::size_t data_bytes) {
  return little_endian(header.size()) + header + std::string(data_bytes, '\0');
}
inline std::string one(std::string const& fields) { return "{\"w\":{" + fields + "}}"; }
inline std::string tensor(std::string const& type, std::string const& shape, std::string const& offsets) {
  return "\"dtype\":\"" + type + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets;
}

struct loader {
  scratch dir;
  // The refusal, or "" if the bytes are accepted. Any other exception ends the test.
  std::string refusal(std::string const& bytes) const {
    std::string const path = dir.file("f.safetensors", bytes);
    std::string const said = message<format_error>([&] { load_safetensors(path); });
    if (!said.empty()) {
      CHECK(contains(said, "f.safetensors: byte "));
    }
    return said;
  }
  bool refuses(std::string const& bytes, std::string const& part) const {
    std::string const said = refusal(bytes);
    if (said.empty() || !contains(said, part)) std::printf("said: %s\nwanted: %s\n", said.c_str(), part.c_str());
    return !said.empty() && contains(said, part);
  }
  bool header_refused(std::string const& header, std::string const& part, std::size_t data = 24) const {
    return refuses(file_of(header, data), part);
  }
  bool accepts(std::string const& header, std::size_t data) const {
    std::string const said = refusal(file_of(header, data));
    if (!said.empty()) std::printf("said: %s\n", said.c_str());
    return said.empty();
  }
};

inline any_tensor counting(dtype d, std::vector<index_t> shape) {
  any_tensor t(d, std::move(shape));
  auto* bytes = static_cast<unsigned char*>(t.data());
  for (index_t i = 0; i < t.nbytes(); ++i)
    bytes[i] = static_cast<unsigned char>(d == dtype::bool_ ? i % 2 : i * 37 % 251);
  return t;
}
inline bool same(any_tensor const& a, any_tensor const& b) {
  return a.unknown == b.unknown && (!a.known() || a.dtype == b.dtype) && a.shape == b.shape &&
         a.nbytes() == b.nbytes() &&
         (a.nbytes() == 0 || std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.nbytes())) == 0);
}

}  // namespace support
