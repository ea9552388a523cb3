// The strict JSON reader and the writer: what is read exactly, and what is refused at which byte.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <weft/io/json.hpp>

#include <clocale>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "support.hpp"

using support::contains;
using support::message;
using weft::format_error;
using weft::io::json;
using weft::io::parse_json;
using weft::io::to_text;

namespace {

std::string refusal(std::string_view text) {
  return message<format_error>([&] { parse_json(text, "f.json"); });
}
bool refused_at(std::string_view text, std::size_t byte) {
  return contains(refusal(text), "f.json: byte " + std::to_string(byte) + ": ");
}

}  // namespace

TEST_CASE("values of every kind") {
  json const j = parse_json(" {\"a\" : [1, -2.5, true, false, null, \"x\"], \"b\":{}, \"c\":[], \"\":0} \n\t\r ");
  CHECK(j.size() == 4);
  CHECK(j["a"].size() == 6);
  CHECK(j["a"][0].integer() == 1);
  CHECK(j["a"][1].number() == -2.5);
  CHECK(j["a"][2].boolean());
  CHECK_FALSE(j["a"][3].boolean());
  CHECK(j["a"][4].is_null());
  CHECK(j["a"][5].string() == "x");
  CHECK(j["b"].is_object());
  CHECK(j["b"].size() == 0);
  CHECK(j["c"].is_array());
  CHECK(j[""].integer() == 0);
  CHECK(j.find("missing") == nullptr);
  CHECK(j.keys() == std::vector<std::string>{"a", "b", "c", ""});
  CHECK(j["a"][5].at() == 37);
  for (char const* lone : {"0", "-1", "\"s\"", "true", "null", "[]", "{}"}) CHECK(to_text(parse_json(lone)) == lone);
}

TEST_CASE("numbers are exact") {
  CHECK(parse_json("9223372036854775807").integer() == std::numeric_limits<std::int64_t>::max());
  CHECK(parse_json("-9223372036854775808").integer() == std::numeric_limits<std::int64_t>::min());
  CHECK(parse_json("9223372036854775808").natural() == 9223372036854775808u);
  CHECK(parse_json("18446744073709551615").natural() == std::numeric_limits<std::uint64_t>::max());
  CHECK(parse_json("7").natural() == 7);
  CHECK(parse_json("18446744073709551616").number() == 18446744073709551616.0);
  CHECK(parse_json("1000000000000000019884624838656").number() == 1e30);
  CHECK(parse_json("-9223372036854775809").number() == -9223372036854775809.0);
  CHECK(parse_json("0.1").number() == 0.1);
  CHECK(parse_json("123456789.123456789e-3").number() == 123456.789123456789);
  CHECK(parse_json("1.7976931348623157e308").number() == std::numeric_limits<double>::max());
  CHECK(parse_json("4.9406564584124654e-324").number() == std::numeric_limits<double>::denorm_min());
  CHECK(parse_json("1e2").number() == 100);
  CHECK(std::signbit(parse_json("-0.0").number()));
  CHECK(parse_json("-0").integer() == 0);
  CHECK(parse_json("2").is_integer());
  CHECK_FALSE(parse_json("2.0").is_integer());
  CHECK_FALSE(parse_json("2e0").is_integer());
  CHECK_THROWS_AS(parse_json("9223372036854775808").integer(), format_error);
  CHECK_THROWS_AS(parse_json("-1").natural(), format_error);
  CHECK_THROWS_AS(parse_json("1.0").integer(), format_error);
}

TEST_CASE("numbers that are none") {
  for (char const* text :
       {"01",  "-01", "00",       "+1",        ".5",  "1.",  "1.e2",  "1e",     "1e+",    "-",   "--1", "0x10",
        "1_0", "NaN", "Infinity", "-Infinity", "nan", "1,5", "1e999", "-1e999", "1e-999", "1 2", "1a"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_json(text), format_error);
  }
}

TEST_CASE("strings: escapes, UTF-8 and nothing else") {
  CHECK(parse_json("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"").string() == "\"\\/\b\f\n\r\t");
  CHECK(parse_json("\"\\u0041\\u00e9\\u20AC\\uD83D\\uDE00\"").string() == "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
  CHECK(parse_json("\"\\u0000\"").string() == std::string(1, '\0'));
  CHECK(parse_json("\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\x7F\"").string() ==
        "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\x7F");
  CHECK(parse_json("\"\xF4\x8F\xBF\xBF\xED\x9F\xBF\xEE\x80\x80\"").string().size() == 10);
  for (char const* text : {"\"\\uD800\"",
                           "\"\\uDC00\"",
                           "\"\\uD800\\uD800\"",
                           "\"\\uD800x\"",
                           "\"\\uD800\\n\"",
                           "\"\\u12\"",
                           "\"\\u12G4\"",
                           "\"\\x41\"",
                           "\"\\",
                           "\"\\u",
                           "\"abc",
                           "\"",
                           "\"\n\"",
                           "\"\t\"",
                           "\"\x1F\"",
                           "\"\x80\"",
                           "\"\xC0\x80\"",
                           "\"\xC1\xBF\"",
                           "\"\xE0\x80\x80\"",
                           "\"\xED\xA0\x80\"",
                           "\"\xF0\x80\x80\x80\"",
                           "\"\xF4\x90\x80\x80\"",
                           "\"\xF5\x80\x80\x80\"",
                           "\"\xFF\"",
                           "\"\xC3\"",
                           "\"\xE2\x82\"",
                           "\"\xE2\x28\xA1\"",
                           "'a'"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_json(text), format_error);
  }
  std::string const nul{"\"a\0b\"", 5};
  CHECK_THROWS_AS(parse_json(nul), format_error);
}

TEST_CASE("structure") {
  for (char const* text : {"",
                           " ",
                           "{",
                           "}",
                           "[",
                           "]",
                           "[1",
                           "[1,",
                           "[1,]",
                           "[,1]",
                           "[1 2]",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1",
                           "{\"a\":1,",
                           "{\"a\":1,}",
                           "{a:1}",
                           "{1:1}",
                           "{\"a\" 1}",
                           "{\"a\":1 \"b\":2}",
                           "[1}",
                           "{\"a\":1]",
                           "tru",
                           "truex",
                           "nul",
                           "True",
                           "1 1",
                           "{}{}",
                           "{}x",
                           "[]//c",
                           "/**/1",
                           "\xEF\xBB\xBF{}",
                           "{\"a\":undefined}"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_json(text), format_error);
  }
  CHECK_THROWS_AS(parse_json(std::string_view("{}\0", 3)), format_error);
}

TEST_CASE("keys that appear twice, however they are spelled") {
  CHECK(refused_at("{\"a\":1,\"a\":2}", 7));
  CHECK(refused_at("{\"a\":1,\"b\":2,\"\\u0061\":3}", 13));
  CHECK(refused_at("{\"x\":{\"k\":1,\"k\":1}}", 12));
  CHECK(refused_at("{\"\\uD83D\\uDE00\":1,\"\xF0\x9F\x98\x80\":2}", 18));
  CHECK(refused_at("{\"\":1,\"\":2}", 6));
  CHECK_NOTHROW(parse_json("{\"a\":{\"a\":1},\"A\":{\"a\":1}}"));
}

TEST_CASE("errors name file, byte and what was expected") {
  CHECK(refusal("[1,2") == "f.json: byte 4: expected ',' or ']', found the end");
  CHECK(refusal("{\"a\":tru}") == "f.json: byte 5: expected a value, found \"t\"");
  CHECK(refusal("[\"\xFF\"]") == "f.json: byte 2: not UTF-8");
  CHECK(refusal("\x01") == "f.json: byte 0: expected a value, found \"\\u0001\"");
  CHECK(refused_at("[0,\n 01]", 5));
  json const j = parse_json("{\"a\": [10, {\"b\": \"s\"}]}");
  CHECK(message<format_error>([&] { j["a"][1]["b"].integer(); }) ==
        "json: byte 17: expected an integer, found a string");
  CHECK(contains(message<format_error>([&] { j["a"][2]; }), "no element 2 in an array of 2"));
  CHECK_THROWS_AS(j["a"][-1], format_error);
  CHECK_THROWS_AS(j["z"], format_error);
  CHECK_THROWS_AS(j["a"]["z"], format_error);
  CHECK_THROWS_AS(j[0], format_error);
  CHECK_THROWS_AS(j.string(), format_error);
  CHECK_THROWS_AS(j["a"].keys(), format_error);
}

TEST_CASE("depth is limited and costs no stack") {
  auto nested = [](std::size_t n) { return std::string(n, '[') + std::string(n, ']'); };
  CHECK_NOTHROW(parse_json(nested(256)));
  CHECK(refused_at(nested(257), 256));
  CHECK_THROWS_AS(parse_json(std::string(100000, '[')), format_error);
  std::string objects;
  for (int i = 0; i < 100000; ++i) objects += "{\"a\":";
  CHECK_THROWS_AS(parse_json(objects), format_error);
  CHECK_NOTHROW(parse_json("[" + nested(200) + "," + nested(200) + "]"));  // the depth comes down again
  std::string wide = "[[]";
  for (int i = 0; i < 1000; ++i) wide += ",[],{}";
  CHECK(parse_json(wide + "]").size() == 2001);
}

TEST_CASE("the locale changes nothing") {
  for (char const* name : {"de_DE.UTF-8", "de_DE", "fr_FR.UTF-8"}) std::setlocale(LC_ALL, name);
  CHECK(parse_json("[1.5]")[0].number() == 1.5);
  CHECK(to_text(json(1.5)) == "1.5");
  std::setlocale(LC_ALL, "C");
}

TEST_CASE("writing, and reading it again") {
  json j = json::object();
  j.set("text", std::string("a\"b\\c\n\x01 \xC3\xA9"));
  j.set("list", json::array());
  json list = json::array();
  for (double x : {0.1, 1e300, -0.0, 3.0, 5e-324}) list.push(x);
  list.push(true);
  list.push(nullptr);
  list.push(std::numeric_limits<std::int64_t>::min());
  list.push(std::numeric_limits<std::uint64_t>::max());
  j.set("list", list);
  std::string const text = to_text(j);
  CHECK(text ==
        "{\"text\":\"a\\\"b\\\\c\\u000a\\u0001 \xC3\xA9\",\"list\":[0.1,1e+300,-0.0,3.0,5e-324,true,null,"
        "-9223372036854775808,18446744073709551615]}");
  json const again = parse_json(text);
  CHECK(to_text(again) == text);
  CHECK(again["text"].string() == "a\"b\\c\n\x01 \xC3\xA9");
  CHECK_THROWS_AS(to_text(json(std::numeric_limits<double>::infinity())), format_error);
  CHECK_THROWS_AS(to_text(json(std::nan(""))), format_error);
}

TEST_CASE("large objects are found in logarithmic time, in any order of keys") {
  std::string text = "{";
  for (int i = 0; i < 50000; ++i)
    text += (i ? ",\"k" : "\"k") + std::to_string((i * 7919) % 50000) + "\":" + std::to_string(i);
  json const j = parse_json(text + "}");
  for (int i = 0; i < 50000; i += 97) CHECK(j["k" + std::to_string((i * 7919) % 50000)].integer() == i);
  CHECK_THROWS_AS(parse_json(text + ",\"k123\":0}"), format_error);
}

TEST_CASE("every cut of a good document is refused, every flip read or refused") {
  std::string const good =
      "{\"w\":{\"dtype\":\"F32\",\"shape\":[2,3],\"x\":[-1.5e3,\"\\u00e9\\n\",true,null]},\"b\":0}";
  CHECK_NOTHROW(parse_json(good));
  for (std::size_t n = 0; n < good.size(); ++n) CHECK_THROWS_AS(parse_json(good.substr(0, n)), format_error);
  int refused = 0;
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ (1 << bit));
      refused += !refusal(bad).empty();
    }
  }
  CHECK(refused > static_cast<int>(good.size()) * 3);
}
