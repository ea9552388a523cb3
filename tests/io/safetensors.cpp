// The safetensors reader against headers that lie, and the writer. S1 .. S19 and C1 .. C15 are the entries of the list
// of hostile files; files that are cut, flipped, raced for and written by others are in safetensors_sweeps.cpp.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <weft/io/safetensors.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>
#include <string>
#include <vector>

#include "safetensors_support.hpp"

namespace {

// What one allocation asked for at most. malloc itself is left to the sanitizers.
std::atomic<std::size_t> largest{0};

}  // namespace

// Not inlined: GCC would see malloc meet delete.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  if (bytes > largest) largest = bytes;
  if (void* p = std::malloc(bytes ? bytes : 1)) return p;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }

using namespace support;
using weft::dtype_error;
using weft::io_error;
using weft::io::list_safetensors;
using weft::io::save_safetensors;

namespace {

constexpr dtype all_types[] = {dtype::bool_,    dtype::uint8,   dtype::uint16,  dtype::uint32,   dtype::uint64,
                               dtype::int8,     dtype::int16,   dtype::int32,   dtype::int64,    dtype::float16,
                               dtype::bfloat16, dtype::float32, dtype::float64, dtype::complex64};

}  // namespace

TEST_CASE("what is saved is loaded") {
  loader const l;
  std::vector<weft::io::named_tensor> tensors;
  for (dtype d : all_types) tensors.push_back({std::string("t/") + name(d), counting(d, {3, 1, 5})});
  tensors.push_back({"scalar", counting(dtype::float32, {})});
  tensors.push_back({"none", counting(dtype::float64, {4, 0, 2})});
  tensors.push_back({"", counting(dtype::int8, {1})});
  tensors.push_back({"odd \" \\ \n ../\xC3\xA9\xF0\x9F\x98\x80", counting(dtype::int16, {2})});
  std::string const path = l.dir.path + "all.safetensors";
  save_safetensors(path, tensors, {{"z", "last"}, {"format", "\"quotes\"\n"}, {"", ""}});

  auto const file = load_safetensors(path);
  REQUIRE(file.tensors.size() == tensors.size());
  for (auto const& t : tensors) {
    CAPTURE(t.name);
    REQUIRE(file.find(t.name) != nullptr);
    CHECK(same(file[t.name], t.tensor));
  }
  CHECK(file.metadata.size() == 3);
  CHECK(*file.find_metadata("format") == "\"quotes\"\n");
  CHECK(*file.find_metadata("") == "");
  CHECK(file.find_metadata("none") == nullptr);
  CHECK(file.find("t/floa") == nullptr);
  CHECK(contains(message<format_error>([&] { file["t/floa"]; }), "all.safetensors: no tensor \"t/floa\""));
}

TEST_CASE("S19 the writer: layout, alignment, order, atomicity") {
  loader const l;
  std::string const path = l.dir.path + "w.safetensors";
  any_tensor b = counting(dtype::float32, {2}), a = counting(dtype::uint8, {3});
  save_safetensors(path, {{"b", b}, {"a", a}}, {{"y", "1"}, {"x", "2"}});
  std::string const bytes = weft::io::read_file(path);
  std::string const header =
      "{\"__metadata__\":{\"x\":\"2\",\"y\":\"1\"},\"a\":{\"dtype\":\"U8\",\"shape\":[3],"
      "\"data_offsets\":[8,11]},\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";
  std::size_t const padded = (header.size() + 7) / 8 * 8;
  CHECK(bytes.substr(0, 8) == little_endian(padded));
  CHECK(bytes.substr(8, padded) == header + std::string(padded - header.size(), ' '));
  CHECK(bytes.size() == 8 + padded + 11);
  CHECK(std::memcmp(bytes.data() + 8 + padded, b.data(), 8) == 0);
  CHECK(std::memcmp(bytes.data() + 16 + padded, a.data(), 3) == 0);

  // Every mistake leaves the old file, and no other.
  std::string const bad_utf8 = "x\xFF";
  CHECK_THROWS_AS(save_safetensors(path, {{"a", a}, {"a", b}}), format_error);
  CHECK_THROWS_AS(save_safetensors(path, {{"__metadata__", a}}), format_error);
  CHECK_THROWS_AS(save_safetensors(path, {{bad_utf8, a}}), format_error);
  CHECK_THROWS_AS(save_safetensors(path, {{std::string("x\0y", 3), a}}), format_error);
  CHECK_THROWS_AS(save_safetensors(path, {{"a", a}}, {{"k", "1"}, {"k", "2"}}), format_error);
  CHECK_THROWS_AS(save_safetensors(path, {{"a", a}}, {{"k", bad_utf8}}), format_error);
  CHECK_THROWS_AS(save_safetensors(l.dir.path + "none/x", {{"a", a}}), io_error);
  CHECK(weft::io::read_file(path) == bytes);
  save_safetensors(path, {});
  CHECK(weft::io::read_file(path) == little_endian(8) + "{}      ");
  CHECK(load_safetensors(path).tensors.empty());
}

TEST_CASE("S1 S2 S3 S4 S5, C7: the header's length") {
  loader const l;
  std::string const good = file_of("{}", 0);
  for (std::size_t n = 0; n < 8; ++n) CHECK(l.refuses(good.substr(0, n), "header length: the file has only"));
  for (std::size_t n = 8; n < 10; ++n) CHECK(l.refuses(good.substr(0, n), "bytes follow"));
  CHECK(l.refuses(std::string(16, '\0'), "header length: 0 is too short"));
  CHECK(l.refuses(file_of("{", 0), "header length: 1 is too short"));
  std::uint64_t const max = std::numeric_limits<std::uint64_t>::max();
  for (std::uint64_t n : {max, max - 1, max - 2, max - 3, max - 4, max - 5, max - 6, max - 7, max - 8, max / 2,
                          max / 2 + 1, std::uint64_t{0xFFFFFFFF}, std::uint64_t{0x100000002}, std::uint64_t{0x80000000},
                          std::uint64_t{0x7FFFFFFF}, std::uint64_t{100'000'001}}) {
    largest = 0;
    CHECK(l.refuses(little_endian(n) + "{}", "is more than 100000000"));
    CHECK(largest < 10000);
  }
  for (std::uint64_t n : {std::uint64_t{100'000'000}, std::uint64_t{3}, std::uint64_t{1000}}) {
    largest = 0;
    CHECK(l.refuses(little_endian(n) + "{}", "but only 2 bytes follow"));
    CHECK(largest < 10000);
  }
}

TEST_CASE("S6 S7 S8 S9: what the header is made of") {
  loader const l;
  CHECK(l.header_refused("{\"w\xFF\":1}", "byte 11: not UTF-8"));
  CHECK(l.header_refused("\xEF\xBB\xBF{}", "byte 8: expected '{'"));
  CHECK(l.header_refused("[]", "byte 8: expected '{'"));
  CHECK(l.header_refused("\"\"", "byte 8: expected '{'"));
  CHECK(l.header_refused(std::string("\0{}", 3), "byte 8: expected '{'"));
  CHECK(l.accepts(" \n\t\r{}", 0));  // as the reference reader
  CHECK(l.accepts("{}   \n", 0));
  CHECK(l.header_refused("{}x", "byte 10: expected the end", 0));
  CHECK(l.header_refused("{}{}", "byte 10: expected the end", 0));
  CHECK(l.header_refused(std::string("{}\0", 3), "byte 10: expected the end", 0));
  for (char const* broken : {"{", "{{}", "{\"w\"}", "{\"w\":}", "{\"w\":{}", "{,}", "{\"w\":{},}", "{w:{}}", "{'w':{}}",
                             "{\"w\":{\"dtype\"}}", "{\"w\":{\"dtype\":\"F32\"", "{\"w\":1}", "{\"w\":[]}",
                             "{\"w\":null}", "{\"w\":\"x\"}", "{}}"}) {
    CAPTURE(broken);
    CHECK_FALSE(l.refusal(file_of(broken, 24)).empty());
  }
  for (char const* opening : {"[", "{\"a\":", "{\"w\":{\"shape\":[", "{\"__metadata__\":{\"a\":"}) {
    std::string deep;
    for (int i = 0; i < 100000; ++i) deep += opening;
    CHECK_FALSE(l.refusal(file_of(deep, 0)).empty());
  }
}

TEST_CASE("S10: numbers") {
  loader const l;
  for (char const* n :
       {"-1", "-0.0", "1.0", "1e0", "1e3", "9223372036854775808", "18446744073709551616", "4294967296.0",
        "99999999999999999999999", "01", "\"1\"", "null", "true", "[1]", "NaN", "0x1", "+1", ""}) {
    CAPTURE(n);
    CHECK_FALSE(l.refusal(file_of(one(tensor("U8", std::string("[") + n + ",2]", "[0,24]")), 24)).empty());
    CHECK_FALSE(l.refusal(file_of(one(tensor("U8", "[24]", std::string("[0,") + n + "]")), 24)).empty());
    CHECK_FALSE(l.refusal(file_of(one(tensor("U8", "[24]", std::string("[") + n + ",24]")), 24)).empty());
  }
  CHECK(l.header_refused(one(tensor("U8", "[-1]", "[0,24]")), "byte 36: expected a whole number from 0 to 2^63 - 1"));
}

TEST_CASE("S11, C11, C12: names") {
  loader const l;
  std::string const w = tensor("U8", "[0]", "[0,0]");
  CHECK(l.header_refused("{\"w\":{" + w + "},\"w\":{" + w + "}}", "tensor \"w\" appears twice", 0));
  CHECK(l.header_refused("{\"w\":{" + w + "},\"\\u0077\":{" + w + "}}", "tensor \"w\" appears twice", 0));
  CHECK(l.header_refused("{\"\\ud800\":{" + w + "}}", "lone surrogate", 0));
  CHECK(l.header_refused("{\"a\\u0000b\":{" + w + "}}", "a NUL in it", 0));
  CHECK(l.header_refused("{\"__metadata__\":{},\"__metadata__\":{}}", "__metadata__ appears twice", 0));
  CHECK(l.header_refused("{\"__metadata__\":{},\"\\u005f_metadata__\":{}}", "__metadata__ appears twice", 0));
  CHECK(l.header_refused(one("\"dtype\":\"U8\"," + w), "dtype appears twice", 0));
  CHECK(l.header_refused(one(w + ",\"shap\\u0065\":[0]"), "shape appears twice", 0));
  CHECK(l.header_refused(one(w + ",\"data_offsets\":[0,0]"), "data_offsets appears twice", 0));
  CHECK(l.header_refused(one(w + ",\"strides\":[1]"), "unknown field \"strides\"", 0));
  for (std::string const& name : {std::string(), std::string(".."), std::string("/"), std::string(1 << 20, 'n')}) {
    CHECK(l.accepts("{\"" + name + "\":{" + w + "}}", 0));
  }
  std::string const said = l.refusal(file_of("{\"" + std::string(1 << 20, 'n') + "\":{}}", 0));
  CHECK(said.size() < 300);
}

TEST_CASE("S12, C4, C9: data_offsets") {
  loader const l;
  auto const w = [&](std::string const& offsets) { return one(tensor("U8", "[24]", offsets)); };
  CHECK(l.accepts(w("[0,24]"), 24));
  CHECK(l.header_refused(one("\"dtype\":\"U8\",\"shape\":[24]"), "tensor \"w\": data_offsets is missing"));
  CHECK(l.header_refused(w("[]"), "expected a whole number"));
  CHECK(l.header_refused(w("[24]"), "expected ','"));
  CHECK(l.header_refused(w("[0,12,24]"), "expected ']'"));
  CHECK(l.header_refused(w("[\"0\",\"24\"]"), "expected a whole number"));
  CHECK(l.header_refused(w("\"0,24\""), "data_offsets as an array"));
  CHECK(l.header_refused(w("[24,0]"), "data_offsets: the end lies before the beginning"));
  CHECK(l.header_refused(w("[0,23]"), "23 bytes for U8 of shape (24,), which takes 24", 23));
  CHECK(l.header_refused(w("[0,25]"), "25 bytes for U8 of shape (24,), which takes 24", 25));
  CHECK(l.header_refused(w("[0,24]"), "past the end of the data at 23", 23));
  CHECK(l.header_refused(w("[0,24]"), "1 bytes after the last tensor", 25));
  CHECK(l.header_refused(w("[1,25]"), "nothing describes the bytes from 0", 25));
  CHECK(l.header_refused("{}", "4 bytes after the last tensor", 4));
  std::string const far = "[9223372036854775783,9223372036854775807]";
  CHECK(l.header_refused(w(far), "past the end"));
  CHECK(l.header_refused(w("[18446744073709551592,18446744073709551615]"), "whole number from 0 to 2^63 - 1"));
  auto const two = [&](std::string const& first, std::string const& second) {
    return "{\"a\":{" + tensor("U8", "[8]", first) + "},\"b\":{" + tensor("U8", "[16]", second) + "}}";
  };
  CHECK(l.accepts(two("[0,8]", "[8,24]"), 24));
  CHECK(l.accepts(two("[16,24]", "[0,16]"), 24));
  CHECK(l.header_refused(two("[0,8]", "[0,16]"), "overlaps", 16));
  CHECK(l.header_refused(two("[0,8]", "[7,23]"), "overlaps", 23));
  CHECK(l.header_refused(two("[0,8]", "[9,25]"), "nothing describes the bytes from 8", 25));
  CHECK(l.header_refused(two("[4,12]", "[0,16]"), "overlaps", 16));
  CHECK(l.accepts("{\"a\":{" + tensor("U8", "[0]", "[8,8]") + "},\"b\":{" + tensor("U8", "[8]", "[0,8]") + "},\"c\":{" +
                      tensor("F64", "[0,3]", "[0,0]") + "}}",
                  8));
  CHECK(l.header_refused("{\"a\":{" + tensor("U8", "[0]", "[4,4]") + "},\"b\":{" + tensor("U8", "[8]", "[0,8]") + "}}",
                         "overlaps", 8));
}

TEST_CASE("S13, C8, C10: shapes") {
  loader const l;
  auto const w = [&](std::string const& shape, std::string const& type = "F32") {
    return one(tensor(type, shape, "[0,0]"));
  };
  for (char const* shape :
       {"[4294967296,4294967296]", "[4294967296,2147483648]", "[9223372036854775807]",
        "[9223372036854775807,9223372036854775807]", "[0,9223372036854775807,9223372036854775807]",
        "[4611686018427387904]", "[65536,65536,65536,65536]", "[1152921504606846976,2,0]", "[2305843009213693952]"}) {
    CAPTURE(shape);
    CHECK(l.header_refused(w(shape), "too many elements", 0));
    CHECK(l.header_refused(w(shape, "F64"), "too many elements", 0));
    CHECK(l.header_refused(w(shape, "NEW"), "too many elements", 0));
  }
  CHECK(l.header_refused(w("[65536,65536]"), "which takes 17179869184", 0));  // 0 in 32 bits
  CHECK(l.header_refused(w("[-1]"), "whole number from 0", 0));
  CHECK(l.header_refused(w("[-4294967296,-4294967296]"), "whole number from 0", 0));
  CHECK(l.header_refused(w("1"), "shape as an array", 0));
  CHECK(l.header_refused(w("[[1]]"), "expected a whole number", 0));
  std::string ranks = "[1";
  for (int i = 1; i < 1000; ++i) ranks += ",1";
  CHECK(l.header_refused(w(ranks + "]"), "shape: more than 32 dimensions", 0));
  CHECK(l.accepts(w("[0]"), 0));
  CHECK(l.accepts(w("[5,0,7]"), 0));
  CHECK(l.accepts(one(tensor("F32", "[]", "[0,4]")), 4));
  CHECK(l.header_refused(w("[]"), "0 bytes for F32 of shape (), which takes 4", 0));
  CHECK(l.header_refused(one("\"dtype\":\"U8\",\"data_offsets\":[0,24]"), "shape is missing"));
}

TEST_CASE("S14: element types that weft does not have") {
  loader const l;
  std::string const header = "{\"good\":{" + tensor("F32", "[2]", "[0,8]") + "},\"new\":{" +
                             tensor("Q7_K", "[5]", "[8,11]") + "},\"f8\":{" + tensor("F8_E4M3", "[4]", "[11,15]") +
                             "},\"lower\":{" + tensor("f32", "[1]", "[15,19]") + "},\"f4\":{" +
                             tensor("F4", "[3,2]", "[19,22]") + "}}";
  REQUIRE(l.accepts(header, 22));
  std::string const path = l.dir.path + "f.safetensors";
  auto const file = load_safetensors(path);
  CHECK(file["good"].as<float>()[1] == 0);
  CHECK(file["new"].type_name() == "Q7_K");
  CHECK(file["new"].nbytes() == 3);
  for (char const* name : {"new", "f8", "lower", "f4"}) CHECK_THROWS_AS(file[name].as<float>(), dtype_error);
  CHECK(message<dtype_error>([&] { file["f8"].as<float>(); }) == "any_tensor: asked for float32, it holds F8_E4M3");
  CHECK_THROWS_AS(file["good"].as<double>(), dtype_error);
  auto const listed = list_safetensors(path);
  CHECK(listed.tensors.size() == 5);
  CHECK(listed.tensors[4].type == "Q7_K");
  CHECK(listed.data_at == 8 + static_cast<index_t>(header.size()));

  std::string const again = l.dir.path + "again.safetensors";  // and can be written back
  save_safetensors(again, file.tensors);
  auto const second = load_safetensors(again);
  for (auto const& t : file.tensors) CHECK(same(second[t.name], t.tensor));

  auto const w = [&](std::string const& type, std::string const& shape, std::string const& offsets) {
    return one(tensor(type, shape, offsets));
  };
  CHECK(l.header_refused(w("Q7_K", "[5]", "[0,25]"), "past the end"));
  CHECK(l.header_refused(w("Q7_K", "[5]", "[8,4]"), "end lies before"));
  CHECK(l.header_refused(w("F4", "[3]", "[0,24]"), "don't fill whole bytes"));
  CHECK(l.header_refused(w("F4", "[3,2]", "[0,24]"), "which takes 3"));
  CHECK(l.header_refused(w("F6_E2M3", "[5]", "[0,24]"), "don't fill whole bytes"));
  CHECK(l.accepts(w("F6_E2M3", "[4]", "[0,3]"), 3));
  CHECK(l.header_refused(w("F8_E5M2", "[4]", "[0,24]"), "which takes 4"));
  CHECK(l.header_refused(one("\"shape\":[24],\"data_offsets\":[0,24]"), "dtype is missing"));
  CHECK(l.header_refused(one("\"dtype\":5,\"shape\":[24],\"data_offsets\":[0,24]"), "dtype as a string"));
  CHECK(l.header_refused(one("\"dtype\":null,\"shape\":[24],\"data_offsets\":[0,24]"), "dtype as a string"));
  std::string bools = file_of(w("BOOL", "[4]", "[0,4]"), 4);
  CHECK(l.refusal(bools).empty());
  bools[bools.size() - 2] = 7;
  CHECK(
      l.refuses(bools, "byte " + std::to_string(bools.size() - 2) + ": tensor \"w\": a BOOL that is neither 0 nor 1"));
}

TEST_CASE("S15: metadata") {
  loader const l;
  for (char const* value : {"1", "null", "true", "[]", "{}", "1.5"}) {
    CHECK(l.header_refused(std::string("{\"__metadata__\":{\"a\":") + value + "}}", "a string in __metadata__ at \"a\"",
                           0));
  }
  CHECK(l.header_refused("{\"__metadata__\":{" + tensor("U8", "[0]", "[0,0]") + "}}", "a string in __metadata__", 0));
  for (char const* value : {"1", "null", "[]", "\"x\""}) {
    CHECK(l.header_refused(std::string("{\"__metadata__\":") + value + "}", "__metadata__ as an object", 0));
  }
  CHECK(l.header_refused("{\"__metadata__\":{\"a\":\"1\",\"\\u0061\":\"2\"}}", "\"a\" appears twice", 0));
  std::string const large = "{\"__metadata__\":{\"a\":\"" + std::string(50'000'000, 'm') + "\"}}";
  REQUIRE(l.accepts(large, 0));
  CHECK(load_safetensors(l.dir.path + "f.safetensors").find_metadata("a")->size() == 50'000'000);
}

TEST_CASE("S16 S17: many tensors, and none") {
  loader const l;
  CHECK(l.accepts("{}", 0));
  CHECK(l.accepts("{\"__metadata__\":{}}", 0));
  int const n = 100000;
  std::string header = "{";
  for (int i = 0; i < n; ++i) {
    long const place = (static_cast<long>(i) * 7919) % n;  // neither names nor offsets in order
    header += (i ? ",\"t" : "\"t") + std::to_string((static_cast<long>(i) * 104729) % n) + "\":{" +
              tensor("U8", "[1]", "[" + std::to_string(place) + "," + std::to_string(place + 1) + "]") + "}";
  }
  std::string const path = l.dir.file("many", file_of(header + "}", static_cast<std::size_t>(n)));
  auto const start = std::chrono::steady_clock::now();
  auto const file = load_safetensors(path);
  double const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  MESSAGE("100,000 tensors in " << seconds * 1e3 << " ms");
  CHECK(file.tensors.size() == static_cast<std::size_t>(n));
  CHECK(seconds < 10);  // with sanitizers; quadratic would be minutes
}
