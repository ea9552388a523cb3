// Safetensors files that are cut, flipped, read by several threads, read without memory, or written by others.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <weft/io/safetensors.hpp>

#include <atomic>
#include <clocale>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "safetensors_support.hpp"

namespace {

// Refuses one allocation on demand. malloc itself is left to the sanitizers.
std::atomic<long> allocations{0}, refuse_at{-1};

}  // namespace

// Not inlined: GCC would see malloc meet delete.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  if (allocations++ == refuse_at) throw std::bad_alloc();
  if (void* p = std::malloc(bytes ? bytes : 1)) return p;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }

using namespace support;
using weft::io_error;
using weft::io::save_safetensors;

TEST_CASE("C2 C3: every cut and every flipped bit") {
  loader const l;
  std::string const path = l.dir.path + "good.safetensors";
  save_safetensors(path, {{"layer.weight", counting(dtype::float32, {2, 3})}, {"b", counting(dtype::bool_, {5})}},
                   {{"format", "pt"}});
  std::string const good = weft::io::read_file(path);
  CHECK(l.refusal(good).empty());
  for (std::size_t n = 0; n < good.size(); ++n) CHECK_FALSE(l.refusal(good.substr(0, n)).empty());
  int refused = 0;
  int const header = static_cast<int>(good.size()) - 29;
  for (std::size_t i = 0; i < static_cast<std::size_t>(header); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ (1 << bit));
      refused += !l.refusal(bad).empty();
    }
  }
  MESSAGE(refused << " of " << 8 * header << " flips refused");
  CHECK(refused > 6 * header);  // the rest rename tensors, swap types of a size, or turn blanks into blanks
  for (std::string const& tail : {std::string(1, '\0'), std::string(" "), std::string(100, 'x')}) {
    CHECK(l.refuses(good + tail, "after the last tensor"));
  }
}

TEST_CASE("C5: what is no file, C1: an empty one") {
  loader const l;
  CHECK_THROWS_AS(load_safetensors(l.dir.path), io_error);
  CHECK_THROWS_AS(load_safetensors("/dev/zero"), io_error);
  CHECK_THROWS_AS(load_safetensors(l.dir.path + "none"), io_error);
  CHECK(l.refuses("", "has only 0 bytes"));
}

TEST_CASE("C13: under a locale with a decimal comma") {
  loader const l;
  std::setlocale(LC_ALL, "de_DE.UTF-8");
  CHECK(l.accepts(one(tensor("U8", "[24]", "[0,24]")), 24));
  std::setlocale(LC_ALL, "C");
}

TEST_CASE("C14: any allocation may fail") {
  loader const l;
  std::string const path = l.dir.path + "x.safetensors";
  save_safetensors(path,
                   {{"weight.with.a.long.name", counting(dtype::float32, {20})}, {"b", counting(dtype::int8, {5})}},
                   {{"a key longer than the small buffer", "and a value longer than that too"}});
  long failures = 0;
  for (long n = 0;; ++n) {
    bool threw = false;
    allocations = 0;
    refuse_at = n;
    try {
      load_safetensors(path);
    } catch (std::bad_alloc const&) {
      threw = true;
    }
    refuse_at = -1;
    if (!threw) break;
    ++failures;
  }
  CHECK(failures > 5);
  std::string const before = weft::io::read_file(path);
  auto const file = load_safetensors(path);
  for (long n = 0;; ++n) {
    bool threw = false;
    allocations = 0;
    refuse_at = n;
    try {
      save_safetensors(path, file.tensors, file.metadata);
    } catch (std::bad_alloc const&) {
      threw = true;
    }
    refuse_at = -1;
    if (!threw) break;
    CHECK(weft::io::read_file(path) == before);
  }
  CHECK(load_safetensors(path).tensors.size() == 2);
}

TEST_CASE("C15: threads that load the same file") {
  loader const l;
  std::string const path = l.dir.path + "x.safetensors";
  any_tensor const w = counting(dtype::float32, {100, 100});
  save_safetensors(path, {{"w", w}});
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) good += same(load_safetensors(path)["w"], w);
    });
  }
  for (auto& t : threads) t.join();
  CHECK(good == 80);
}

TEST_CASE("files that others wrote: good ones") {
  std::string const root = support::shared("models/safetensors/expected.json");
  if (root.empty()) return;
  auto const expected = weft::io::parse_json(weft::io::read_file(root + "models/safetensors/expected.json"));
  auto const& files = expected["files"];
  int tensors = 0;
  for (std::size_t f = 0; f < files.size(); ++f) {
    CAPTURE(files.keys()[f]);
    auto const file = load_safetensors(root + "models/safetensors/" + files.keys()[f]);
    auto const& list = files.items()[f];
    CHECK(file.tensors.size() == list.size());
    for (std::size_t i = 0; i < list.size(); ++i) {
      CAPTURE(list.keys()[i]);
      auto const& about = list.items()[i];
      any_tensor const& t = file[list.keys()[i]];
      CHECK(weft::io::detail::safetensors_word(t.dtype) == about["dtype"].string());
      REQUIRE(t.shape.size() == about["shape"].size());
      for (std::size_t d = 0; d < t.shape.size(); ++d) CHECK(t.shape[d] == about["shape"].items()[d].integer());
      double sum = 0;
      auto const value = [&](index_t at) {
        return t.dtype == dtype::float32   ? static_cast<double>(t.as<float>()[at])
               : t.dtype == dtype::float64 ? t.as<double>()[at]
               : t.dtype == dtype::int32   ? static_cast<double>(t.as<std::int32_t>()[at])
                                           : static_cast<double>(t.as<std::int64_t>()[at]);
      };
      for (index_t e = 0; e < t.size(); ++e) sum += value(e);
      CHECK(sum == doctest::Approx(about["sum"].number()));
      auto const& first = about["first"];
      for (std::size_t e = 0; e < first.size(); ++e) {
        CHECK(value(static_cast<index_t>(e)) == first.items()[e].number());
      }
      ++tensors;
    }
  }
  MESSAGE(tensors << " tensors of " << files.size() << " files compared");
  CHECK(tensors > 5);
}

TEST_CASE("files that others wrote: malformed ones") {
  std::string const root = support::shared("models/malformed/manifest.json");
  if (root.empty()) return;
  auto const manifest = weft::io::parse_json(weft::io::read_file(root + "models/malformed/manifest.json"));
  int accepted = 0, rejected = 0;
  for (std::size_t i = 0; i < manifest.size(); ++i) {
    std::string const& name = manifest.keys()[i];
    if (name.rfind("safetensors/", 0) != 0) continue;
    CAPTURE(name);
    std::string const said = message<format_error>([&] { load_safetensors(root + "models/malformed/" + name); });
    bool const reject = manifest.items()[i]["verdict"].string() == "reject";
    CAPTURE(said);
    CHECK(reject == !said.empty());
    (reject ? rejected : accepted)++;
  }
  MESSAGE(accepted << " to accept, " << rejected << " to refuse");
  CHECK(accepted > 0);
  CHECK(rejected > 0);
}
