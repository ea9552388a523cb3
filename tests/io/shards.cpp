// Models in several files: the index must not lead out of its folder.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <weft/io/shards.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "support.hpp"

using support::contains;
using support::message;
using weft::format_error;
using weft::io::any_tensor;
using weft::io::load_sharded_safetensors;
using weft::io::save_safetensors;

namespace {

any_tensor number(float value) {
  any_tensor t(weft::dtype::float32, {1});
  *t.as<float>() = value;
  return t;
}

struct model {
  support::scratch dir;
  std::string index = dir.path + "model.safetensors.index.json";
  model() {
    save_safetensors(dir.path + "one", {{"a", number(1)}, {"b", number(2)}});
    save_safetensors(dir.path + "two", {{"c", number(3)}, {"a", number(9)}});
    REQUIRE(::mkdir((dir.path + "sub").c_str(), 0700) == 0);
    save_safetensors(dir.path + "sub/inner", {{"a", number(7)}});
    REQUIRE(::symlink("sub/inner", (dir.path + "out").c_str()) == 0);
    REQUIRE(::symlink("one", (dir.path + "in").c_str()) == 0);
    REQUIRE(::symlink("none", (dir.path + "dangling").c_str()) == 0);
  }
  std::string refusal(std::string const& map) const {
    dir.file("model.safetensors.index.json", "{\"metadata\":{\"total_size\":8},\"weight_map\":" + map + "}");
    return message<format_error>([&] { load_sharded_safetensors(index); });
  }
};

}  // namespace

TEST_CASE("tensors come from the shard that the index names") {
  model const m;
  CHECK(m.refusal("{\"c\":\"two\",\"b\":\"one\",\"a\":\"one\"}").empty());
  auto const file = load_sharded_safetensors(m.index);
  CHECK(file.tensors.size() == 3);
  CHECK(*file["a"].as<float>() == 1);
  CHECK(*file["b"].as<float>() == 2);
  CHECK(*file["c"].as<float>() == 3);
  CHECK(m.refusal("{\"a\":\"two\"}").empty());
  CHECK(*load_sharded_safetensors(m.index)["a"].as<float>() == 9);
  CHECK(m.refusal("{\"a\":\"in\"}").empty());
  CHECK(m.refusal("{}").empty());
  CHECK(load_sharded_safetensors(m.index).tensors.empty());
}

TEST_CASE("names with escapes are read where they stand") {
  support::scratch const dir;
  save_safetensors(dir.path + "shard \xC3\xA9", {{"\xC3\xA9\n\"1", number(1)}, {"b", number(2)}, {"", number(3)}});
  dir.file("index", " {\"x\": [true, null, -1.5e3, {\"y\": \"\"}], \"weight_map\" : { \"\\u00e9\\n\\\"1\" :\n\"shard \\u00E9\" ,"
                    "\"b\":\"shard \xC3\xA9\", \"\" : \"\\u0073hard \xC3\xA9\"} } \n");
  auto const file = load_sharded_safetensors(dir.path + "index");
  CHECK(file.tensors.size() == 3);
  CHECK(*file["\xC3\xA9\n\"1"].as<float>() == 1);
  CHECK(*file["b"].as<float>() == 2);
  CHECK(*file[""].as<float>() == 3);
}

TEST_CASE("S18: names that lead elsewhere, and other lies") {
  model const m;
  for (char const* name : {"../one", "./one", "sub/inner", "/etc/passwd", "C:\\\\one", "C:one", "\\\\\\\\host\\\\one",
                           "..", ".", "", "sub/", "one\\u0000", "one\\u0000.safetensors"}) {
    CAPTURE(name);
    CHECK(contains(m.refusal(std::string("{\"a\":\"") + name + "\"}"), "is not a plain file name"));
  }
  CHECK(contains(m.refusal("{\"a\":\"out\"}"), "is a link out of the folder"));
  CHECK(contains(m.refusal("{\"a\":\"none\"}"), "byte 47: weight_map: the file \"none\" is missing"));
  CHECK(contains(m.refusal("{\"a\":\"dangling\"}"), "is missing"));
  CHECK(contains(m.refusal("{\"c\":\"one\"}"), "no tensor \"c\" in \"one\""));
  CHECK(contains(m.refusal("{\"a\":1}"), "expected a file's name"));
  CHECK(contains(m.refusal("{\"a\":[\"one\"]}"), "expected a file's name"));
  CHECK(contains(m.refusal("{\"a\":\"one\",\"\\u0061\":\"two\"}"), "appears twice"));
  CHECK(contains(m.refusal("{\"a\":\"one\",\"b\":\"one\",\"a\":\"two\"}"), "byte 63: weight_map: the key \"a\" appears twice"));
  CHECK(contains(m.refusal("[]"), "byte 42: weight_map: expected an object"));
  CHECK(contains(m.refusal("{\"a\":\"one\"},\"weight_map\":{}"), "byte 54: the key \"weight_map\" appears twice"));
  CHECK(contains(m.refusal("{\"a\":\"one\"},\"x\":1,\"\\u0078\":2"), "byte 60: the key \"x\" appears twice"));
  CHECK(contains(m.refusal("{},\"x\":{\"k\":1,\"k\":2}"), "the key \"k\" appears twice"));
  CHECK(contains(m.refusal("{\"a\":\"one\"},\"x\":[1,]"), "expected a value"));
  CHECK(contains(m.refusal("{\"a\":\"one\",}"), "expected a key in quotes"));
  CHECK(contains(m.refusal("{\"a\":\"on\\x\"}"), "an unknown escape"));
  m.dir.file("model.safetensors.index.json", "{}");
  CHECK_THROWS_AS(load_sharded_safetensors(m.index), format_error);
  m.dir.file("model.safetensors.index.json", "[]");
  CHECK_THROWS_AS(load_sharded_safetensors(m.index), format_error);
  m.dir.file("broken", "12345678");
  CHECK(contains(m.refusal("{\"a\":\"broken\"}"), "broken: byte 0: header length"));
  CHECK_THROWS_AS(m.refusal("{\"a\":\"sub\"}"), weft::io_error);  // a folder
}

TEST_CASE("a download cache, where everything is a link into one folder") {
  support::scratch const dir;
  for (char const* folder : {"blobs", "snapshot"}) REQUIRE(::mkdir((dir.path + folder).c_str(), 0700) == 0);
  save_safetensors(dir.path + "blobs/hash1", {{"a", number(1)}});
  dir.file("blobs/hash2", "{\"weight_map\":{\"a\":\"one\"}}");
  REQUIRE(::symlink("../blobs/hash1", (dir.path + "snapshot/one").c_str()) == 0);
  REQUIRE(::symlink("../blobs/hash2", (dir.path + "snapshot/index").c_str()) == 0);
  CHECK(*load_sharded_safetensors(dir.path + "snapshot/index")["a"].as<float>() == 1);
}

TEST_CASE("a sharded model that another program wrote") {
  std::string const folder = "models/stories260K/hf-sharded-bf16/";
  std::string const root = support::shared(folder + "model.safetensors.index.json");
  if (root.empty()) return;
  auto const file = load_sharded_safetensors(root + folder + "model.safetensors.index.json");
  CHECK(file.tensors.size() > 40);
  for (auto const& t : file.tensors) CHECK(t.tensor.dtype == weft::dtype::bfloat16);
  CHECK(file["model.embed_tokens.weight"].shape == std::vector<weft::index_t>{512, 64});
}
