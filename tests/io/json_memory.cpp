// What JSON takes in memory, counted byte by byte: a value, a document made to take as much as it can, a shard index.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <weft/io/shards.hpp>

#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>

#include "support.hpp"

using support::contains;
using support::message;
using weft::format_error;
using weft::io::json;
using weft::io::load_sharded_safetensors;
using weft::io::parse_json;

namespace {

// Of everything that `new` gives out in this program.
std::size_t held = 0, most = 0;

constexpr std::size_t mebibyte = std::size_t{1} << 20;

// The most that was allocated at one time while f ran, beyond what there was before.
template <class F>
std::size_t peak_of(F const& f) {
  std::size_t const before = held;
  most = held;
  f();
  return most - before;
}
std::string repeated(std::string_view what, std::size_t bytes, char opening, char closing) {
  std::string text(1, opening);
  while (text.size() + what.size() < bytes) text += what;
  text.back() = closing;  // instead of the last comma
  return text;
}
std::string const& nested() {
  static std::string const one = std::string(250, '[') + std::string(250, ']') + ",";
  return one;
}
std::string const& nested_objects() {
  static std::string const one = [] {
    std::string text;
    for (int i = 0; i < 250; ++i) text += "{\"\":";
    return text + "0" + std::string(250, '}') + ",";
  }();
  return one;
}

}  // namespace

[[gnu::noinline]] void* operator new(std::size_t n) {
  void* const p = std::malloc(n ? n : 1);
  if (!p) throw std::bad_alloc();
  held += ::malloc_usable_size(p);
  most = std::max(most, held);
  return p;
}
[[gnu::noinline]] void operator delete(void* p) noexcept {
  if (p) held -= ::malloc_usable_size(p);
  std::free(p);
}
void operator delete(void* p, std::size_t) noexcept { operator delete(p); }

TEST_CASE("a value takes 16 bytes, and one that is read a few times its text") {
  static_assert(sizeof(json) == 16);
  auto const ratio = [](std::string const& text) {
    return double(peak_of([&] { (void)parse_json(text); })) / double(text.size());
  };
  // While a list grows, its old and its new block are there.
  CHECK(ratio(repeated("0,", mebibyte, '[', ']')) < 30);
  CHECK(ratio(repeated("-12345.5,", mebibyte, '[', ']')) < 8);
  CHECK(ratio(repeated("\"\",", mebibyte, '[', ']')) < 20);
  CHECK(ratio(repeated("\"a\",", mebibyte, '[', ']')) < 30);
  CHECK(ratio(repeated("[],", mebibyte, '[', ']')) < 20);
  CHECK(ratio(repeated("[0],", mebibyte, '[', ']')) < 36);
  CHECK(ratio(repeated("{},", mebibyte, '[', ']')) < 20);
  CHECK(ratio(repeated(nested(), mebibyte, '[', ']')) < 40);
  CHECK(ratio(repeated(nested_objects(), mebibyte, '[', ']')) < 40);
  CHECK(ratio("\"" + std::string(mebibyte, 'x') + "\"") < 1.1);
  std::string escapes;
  while (escapes.size() < mebibyte) escapes += "\\u0061";
  CHECK(ratio("\"" + escapes + "\"") < 1.1);
  std::string text = "{";
  for (int i = 0; text.size() < mebibyte; ++i) text += "\"model.layers." + std::to_string(i) + ".weight\":" + std::to_string(i) + ",";
  text.back() = '}';
  CHECK(ratio(text) < 8);
}

TEST_CASE("a document whose values would take more than the limit is refused before they are made") {
  for (std::string const& text :
       {repeated("0,", 40 * mebibyte, '[', ']'), repeated(nested(), 4 * mebibyte, '[', ']'),
        repeated(nested_objects(), 4 * mebibyte, '[', ']'), repeated("\"abc\",", 12 * mebibyte, '[', ']'),
        "\"" + std::string(33 * mebibyte, 'x') + "\"", std::string(65 * mebibyte, ' ') + "0"}) {
    std::string why;
    std::size_t const peak = peak_of([&] { why = message<format_error>([&] { parse_json(text, "f.json"); }); });
    CHECK(contains(why, "f.json: byte "));
    CHECK(contains(why, "the text and its values take more than 67108864 bytes"));
    CHECK(peak + text.size() < 65 * mebibyte + (text.size() > 64 * mebibyte ? mebibyte : 0));
  }
  // The limit can be given.
  CHECK(parse_json("[1,2,3]", "j", 200).size() == 3);
  CHECK_THROWS_AS(parse_json("[1,2,3]", "j", 50), format_error);
  CHECK_THROWS_AS(parse_json("[1,2,3]", "j", 6), format_error);
  CHECK(parse_json("\"" + std::string(33 * mebibyte, 'x') + "\"", "j", 100 * mebibyte).string().size() == 33 * mebibyte);
}

TEST_CASE("copies are their own, and what was moved from is null") {
  json a = parse_json("{\"list\":[1,\"two\",{\"k\":3.5}],\"text\":\"long enough for a block of its own\"}");
  json b = a;
  b.set("text", "other");
  CHECK(a["text"].string() == "long enough for a block of its own");
  CHECK(b["text"].string() == "other");
  CHECK(b["list"][2]["k"].number() == 3.5);
  json c = std::move(a);
  CHECK(a.is_null());
  CHECK(to_text(c["list"]) == "[1,\"two\",{\"k\":3.5}]");
  c = c["list"];  // a part of itself
  CHECK(c.size() == 3);
  a = json::array();
  a.push(b);
  a.push(c);
  CHECK(a[0]["text"].string() == "other");
  std::size_t const before = held;
  { json const copy = a; }
  CHECK(held == before);
}

TEST_CASE("a shard index and its list together stay below 64 MiB") {
  support::scratch const dir;
  std::string const path = dir.path + "model.safetensors.index.json";
  auto const refusal = [&](std::string const& text, std::size_t limit) {
    dir.file("model.safetensors.index.json", text);
    std::string why;
    std::size_t const peak = peak_of([&] { why = message<format_error>([&] { load_sharded_safetensors(path); }); });
    CHECK(peak < limit);
    return why;
  };
  // As large as any that is published, and larger: read, and then the file is missing.
  std::string good = "{\"metadata\":{\"total_size\":8},\"weight_map\":{";
  for (int i = 0; good.size() < 40 * mebibyte; ++i)
    good += "\"model.layers." + std::to_string(i / 1000) + ".mlp.experts." + std::to_string(i % 1000) +
            ".down_proj.weight\": \"model-00001-of-00163.safetensors\",\n";
  good.resize(good.size() - 2);
  CHECK(contains(refusal(good + "}}", 60 * mebibyte), "weight_map: the file \"model-00001-of-00163.safetensors\" is missing"));
  // Entries as short as they get.
  std::string many = "{\"weight_map\":{";
  for (int i = 0; many.size() < 40 * mebibyte; ++i) many += "\"" + std::to_string(i) + "\":\"s\",";
  many.back() = '}';
  CHECK(contains(refusal(many + "}", 41 * mebibyte), "an index whose text and list of tensors take more than 67108864 bytes"));
  // 40 MiB of values that nobody asked for.
  CHECK(contains(refusal("{\"weight_map\":{},\"x\":" + repeated("0,", 40 * mebibyte, '[', ']') + "}", 65 * mebibyte),
                 "the text and its values take more than 67108864 bytes"));
  CHECK(contains(refusal("{\"weight_map\":" + repeated("0,", 40 * mebibyte, '[', ']') + "}", 41 * mebibyte),
                 "weight_map: expected an object"));
  // Not read at all.
  dir.file("model.safetensors.index.json", "{");
  REQUIRE(::truncate(path.c_str(), ::off_t{1} << 32) == 0);
  std::string why;
  CHECK(peak_of([&] { why = message<format_error>([&] { load_sharded_safetensors(path); }); }) < mebibyte);
  CHECK(contains(why, "byte 0: an index whose text and list of tensors take more than 67108864 bytes"));
}
