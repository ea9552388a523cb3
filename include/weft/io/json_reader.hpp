// The grammar of JSON, strictly, over a text in memory: no tree is built and nothing but the strings is copied.
//
//   io::json_reader in{text, "config.json"};
//   for (bool more = in.open('{'); more; more = in.more('}')) {
//     std::string key = in.key();
//     ...                                  // in.string(), in.number(), in.natural(), in.skip(), or another open ... more
//   }
//   in.finish();
//
// Refused with format_error that names the text and the byte: what is not UTF-8, lone surrogates, control characters,
// leading zeros, numbers beyond double, nesting deeper than `max_depth`, anything after the value but blanks.
// Nothing depends on the locale. Public, in weft::io: json_reader, json_number, utf8_length, is_utf8, in_quotes,
// append_json_string.
#pragma once
#include <weft/core/dtype.hpp>
#include <weft/core/errors.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>

namespace weft::io {
inline namespace WEFT_ISA {

// Bytes of the valid UTF-8 sequence that `text` starts with, or 0: overlong forms and surrogates are not valid.
constexpr std::size_t utf8_length(std::string_view text) {
  auto const byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  auto const follows = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xC0) == 0x80; };
  if (text.empty()) return 0;
  unsigned const first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4 || !follows(1)) return 0;
  if (first < 0xE0) return 2;
  unsigned const second = byte(1);
  if (!follows(2)) return 0;
  if (first < 0xF0) return (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ? 0 : 3;
  if (!follows(3)) return 0;
  return (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F) ? 0 : 4;
}

constexpr bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    std::size_t const length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

// Appends `text` in quotes. Precondition: `text` is UTF-8.
inline void append_json_string(std::string& out, std::string_view text) {
  constexpr char hex[] = "0123456789abcdef";
  out += '"';
  for (char const c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u00";
      out += hex[(c >> 4) & 1];
      out += hex[c & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

// For messages: in quotes, what can't be printed escaped, and at most about 60 bytes of it.
inline std::string in_quotes(std::string_view text) {
  std::string shown;
  bool const cut = text.size() > 60;
  std::size_t const limit = cut ? 57 : text.size();
  for (std::size_t at = 0; at < limit;) {
    std::size_t const length = utf8_length(text.substr(at));
    if (length == 0) {
      shown += '?';
    } else {
      shown.append(text, at, length);
    }
    at += length == 0 ? 1 : length;
  }
  std::string out;
  append_json_string(out, shown);
  return cut ? out + "..." : out;
}

struct json_number {
  enum class kind : std::uint8_t { integer, natural, real };
  kind is;                // integer: whole and within int64; natural: whole, above that, within uint64; else real
  std::int64_t integer;   // the value of an integer
  std::uint64_t natural;  // the value of a natural
  double real;            // the value of any of them, rounded
};

struct json_reader {
  static constexpr int max_depth = 256;

  std::string_view text;
  std::string_view name;  // of the file, for messages
  index_t base = 0;       // where `text` begins in the file
  std::size_t at = 0;
  int depth = 0;

  [[noreturn, gnu::cold, gnu::noinline]] void fail(std::size_t where, std::string const& what) const {
    weft::fail<format_error>(std::string(name) + ": byte " + std::to_string(base + static_cast<index_t>(where)) + ": " +
                             what);
  }
  [[noreturn, gnu::cold, gnu::noinline]] void expected(std::string const& what) const {
    if (at >= text.size()) fail(at, "expected " + what + ", found the end");
    fail(at, "expected " + what + ", found " + in_quotes(text.substr(at, 1)));
  }

  void blanks() {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\n' || text[at] == '\t' || text[at] == '\r')) ++at;
  }
  // The next byte that is no blank, 0 at the end.
  char peek() {
    blanks();
    return at < text.size() ? text[at] : '\0';
  }
  void expect(char c) {
    if (peek() != c) expected(std::string("'") + c + "'");
    ++at;
  }

  // Enters an array or object; false if it is empty, and then it is left already.
  bool open(char bracket) {
    expect(bracket);
    if (++depth > max_depth) fail(at - 1, "nested deeper than " + std::to_string(max_depth));
    if (peek() != (bracket == '{' ? '}' : ']')) return true;
    ++at;
    --depth;
    return false;
  }
  // After an element: true if another follows, false if the bracket closed.
  bool more(char closing) {
    char const c = peek();
    if (c != ',' && c != closing) expected(std::string("',' or '") + closing + "'");
    ++at;
    if (c == ',') return true;
    --depth;
    return false;
  }
  std::string key() {
    if (peek() != '"') expected("a key in quotes");
    std::string result = string();
    expect(':');
    return result;
  }
  void finish() {
    blanks();
    if (at != text.size()) fail(at, "expected the end, found " + in_quotes(text.substr(at, 1)));
  }
  // Over a value of any kind, which is read as strictly as one that is kept; only its keys aren't compared.
  void skip() {
    char const c = peek();
    if (c == '{' || c == '[') {
      char const closing = c == '{' ? '}' : ']';
      for (bool inside = open(c); inside; inside = more(closing)) {
        if (c == '{') skip_key();
        skip();
      }
    } else if (c == '"') {
      nowhere none;
      string_into(none);
    } else if (c == 't' || c == 'f' || c == 'n') {
      literal(c == 't' ? "true" : c == 'f' ? "false" : "null");
    } else if (c == '-' || (c >= '0' && c <= '9')) {
      number();
    } else {
      expected("a value");
    }
  }
  void skip_key() {
    if (peek() != '"') expected("a key in quotes");
    nowhere none;
    string_into(none);
    expect(':');
  }
  // Where key number `n` of the object that begins here stands. Precondition: the object was read before, and has it.
  std::size_t place_of_key(std::size_t n) const {
    json_reader again = *this;
    again.open('{');
    for (; n > 0; --n) {
      again.skip_key();
      again.skip();
      again.more('}');
    }
    again.blanks();
    return again.at;
  }
  void literal(std::string_view word) {
    if (text.substr(at, word.size()) != word) expected("a value");
    at += word.size();
  }

  // Bytes between the quote that stands here and the one that closes it: as many as the string can have at most.
  std::size_t string_bound() const {
    std::size_t i = at + 1;
    while (i < text.size() && text[i] != '"') i += text[i] == '\\' ? 2u : 1u;
    return (i < text.size() ? i : text.size()) - (at < text.size() ? at + 1 : at);
  }
  std::string string() {
    if (peek() != '"') expected("a string");
    std::string out;
    out.reserve(string_bound());
    string_into(out);
    return out;
  }
  // Appends the string that begins here to `out`, which has append and push_back. `out` may write over the text from
  // the string's first byte on: no part of a string becomes longer when it is read.
  template <class Out>
  void string_into(Out& out) {
    if (peek() != '"') expected("a string");
    ++at;
    for (;;) {
      std::size_t const begin = at;
      while (at < text.size() && static_cast<unsigned char>(text[at]) >= 0x20 &&
             static_cast<unsigned char>(text[at]) < 0x80 && text[at] != '"' && text[at] != '\\') {
        ++at;
      }
      out.append(text.data() + begin, at - begin);
      if (at == text.size()) fail(at, "a string without an end");
      unsigned char const c = static_cast<unsigned char>(text[at]);
      if (c == '"') break;
      if (c == '\\') {
        escape(out);
      } else if (c < 0x20) {
        fail(at, "a control character in a string");
      } else {
        std::size_t const length = utf8_length(text.substr(at));
        if (length == 0) fail(at, "not UTF-8");
        out.append(text.data() + at, length);
        at += length;
      }
    }
    ++at;
  }

  json_number number() {
    blanks();
    std::size_t const begin = at;
    bool whole = true;
    auto const digit = [&] { return at < text.size() && text[at] >= '0' && text[at] <= '9'; };
    auto const digits = [&] {
      if (!digit()) expected("a digit");
      while (digit()) ++at;
    };
    if (at < text.size() && text[at] == '-') ++at;
    if (at < text.size() && text[at] == '0') {
      ++at;
      if (digit()) fail(begin, "a number with a leading zero");
    } else {
      digits();
    }
    if (at < text.size() && text[at] == '.') {
      whole = false;
      ++at;
      digits();
    }
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
      whole = false;
      ++at;
      if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
      digits();
    }
    char const* const first = text.data() + begin;
    char const* const last = text.data() + at;
    json_number result{json_number::kind::real, 0, 0, 0};
    if (whole) {
      if (std::from_chars(first, last, result.integer).ec == std::errc{}) {
        result.is = json_number::kind::integer;
        result.real = static_cast<double>(result.integer);
        return result;
      }
      if (std::from_chars(first, last, result.natural).ec == std::errc{}) {
        result.is = json_number::kind::natural;
        result.real = static_cast<double>(result.natural);
        return result;
      }
    }
    if (std::from_chars(first, last, result.real).ec != std::errc{}) fail(begin, "a number beyond double's range");
    return result;
  }

  // A whole number from 0 to 2^63 - 1: what sizes and offsets are.
  index_t natural() {
    char const c = peek();
    std::size_t const begin = at;
    if (c != '-' && (c < '0' || c > '9')) expected("a whole number");
    json_number const n = number();
    if (n.is != json_number::kind::integer || n.integer < 0) fail(begin, "expected a whole number from 0 to 2^63 - 1");
    return n.integer;
  }

 private:
  struct nowhere {
    void append(char const*, std::size_t) {}
    void push_back(char) {}
  };

  unsigned four_digits() {
    unsigned value = 0;
    for (int i = 0; i < 4; ++i, ++at) {
      char const c = at < text.size() ? text[at] : '\0';
      unsigned const digit = c >= '0' && c <= '9'   ? static_cast<unsigned>(c - '0')
                             : c >= 'a' && c <= 'f' ? static_cast<unsigned>(c - 'a' + 10)
                             : c >= 'A' && c <= 'F' ? static_cast<unsigned>(c - 'A' + 10)
                                                    : 16;
      if (digit == 16) expected("four hexadecimal digits");
      value = value * 16 + digit;
    }
    return value;
  }

  template <class Out>
  void escape(Out& out) {
    std::size_t const begin = at++;
    char const c = at < text.size() ? text[at] : '\0';
    constexpr std::string_view letters = "\"\\/bfnrt";
    constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
    std::size_t const known = letters.find(c);
    if (known != std::string_view::npos) {
      out.push_back(meanings[known]);
      ++at;
      return;
    }
    if (c != 'u') fail(begin, "an unknown escape in a string");
    ++at;
    unsigned code = four_digits();
    if (code >= 0xD800 && code <= 0xDFFF) {
      if (code > 0xDBFF || text.substr(at, 2) != "\\u") fail(begin, "a lone surrogate");
      at += 2;
      unsigned const low = four_digits();
      if (low < 0xDC00 || low > 0xDFFF) fail(begin, "a lone surrogate");
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    auto const put = [&](unsigned byte) { out.push_back(static_cast<char>(static_cast<unsigned char>(byte))); };
    if (code < 0x80) {
      put(code);
    } else if (code < 0x800) {
      put(0xC0 | code >> 6);
      put(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
      put(0xE0 | code >> 12);
      put(0x80 | (code >> 6 & 0x3F));
      put(0x80 | (code & 0x3F));
    } else {
      put(0xF0 | code >> 18);
      put(0x80 | (code >> 12 & 0x3F));
      put(0x80 | (code >> 6 & 0x3F));
      put(0x80 | (code & 0x3F));
    }
  }
};

}  // namespace WEFT_ISA
}  // namespace weft::io
