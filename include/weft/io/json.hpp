// A JSON document as a tree of values: small, strict (see json_reader.hpp), for configurations and descriptions.
//
//   io::json config = io::parse_json(text, "config.json");
//   index_t layers = config["num_hidden_layers"].integer();     // format_error if absent or of another kind
//   if (auto* theta = config.find("rope_theta")) base = theta->number();
//   for (io::json const& value : config["eos_token_id"].items()) ...
//
//   io::json report = io::json::object();
//   report.set("loss", 0.25);
//   std::string text = io::to_text(report);                     // {"loss":0.25}
//
// Numbers keep what was written: whole ones are integers (natural() reaches 2^64 - 1), others doubles, exactly.
// A key that appears twice is refused, however it is spelled. Public, in weft::io: json, parse_json, to_text.
#pragma once
#include <weft/io/json_reader.hpp>

#include <type_traits>
#include <utility>
#include <vector>

namespace weft::io {
inline namespace WEFT_ISA {

namespace detail {

// Positions 0 .. keys.size() - 1 in the order of their keys (merged, so equal keys keep their order).
template <class Keys, class Less>
std::vector<std::uint32_t> sorted_positions(Keys const& keys, Less less) {
  std::size_t const n = keys.size();
  std::vector<std::uint32_t> order(n);
  for (std::size_t i = 0; i < n; ++i) order[i] = static_cast<std::uint32_t>(i);
  std::vector<std::uint32_t> other(n);
  for (std::size_t width = 1; width < n; width *= 2) {
    for (std::size_t begin = 0; begin < n; begin += 2 * width) {
      std::size_t const middle = begin + width < n ? begin + width : n;
      std::size_t const end = begin + 2 * width < n ? begin + 2 * width : n;
      std::size_t left = begin, right = middle;
      for (std::size_t i = begin; i < end; ++i) {
        bool const from_right = left == middle || (right < end && less(keys[order[right]], keys[order[left]]));
        other[i] = order[from_right ? right++ : left++];
      }
    }
    order.swap(other);
  }
  return order;
}

}  // namespace detail

class json {
 public:
  enum class kind : std::uint8_t { null, boolean, integer, natural, real, string, array, object };

  json() = default;
  json(std::nullptr_t) {}
  template <class T>
    requires std::is_arithmetic_v<T> json(T value) {
      if constexpr (std::is_same_v<T, bool>) {
        kind_ = kind::boolean;
        bits_ = value;
      } else if constexpr (std::is_floating_point_v<T>) {
        kind_ = kind::real;
        real_ = static_cast<double>(value);
      } else {
        bool const large = std::is_unsigned_v<T> && static_cast<std::uint64_t>(value) > max_integer;
        kind_ = large ? kind::natural : kind::integer;
        bits_ = static_cast<std::uint64_t>(value);
      }
    }
  json(std::string text) : kind_(kind::string), text_(std::move(text)) {}
  json(std::string_view text) : kind_(kind::string), text_(text) {}
  json(char const* text) : kind_(kind::string), text_(text) {}
  static json array() { return json(kind::array); }
  static json object() { return json(kind::object); }

  kind what() const { return kind_; }
  bool is_null() const { return kind_ == kind::null; }
  bool is_boolean() const { return kind_ == kind::boolean; }
  bool is_integer() const { return kind_ == kind::integer; }
  bool is_number() const { return kind_ == kind::integer || kind_ == kind::natural || kind_ == kind::real; }
  bool is_string() const { return kind_ == kind::string; }
  bool is_array() const { return kind_ == kind::array; }
  bool is_object() const { return kind_ == kind::object; }

  // The value, or format_error where it is of another kind.
  bool boolean() const {
    need(kind_ == kind::boolean, "true or false");
    return bits_ != 0;
  }
  index_t integer() const {
    need(kind_ == kind::integer, "an integer");
    return static_cast<index_t>(bits_);
  }
  std::uint64_t natural() const {
    need(kind_ == kind::natural || (kind_ == kind::integer && bits_ <= max_integer), "an integer from 0");
    return bits_;
  }
  double number() const {
    need(is_number(), "a number");
    return kind_ == kind::real ? real_ : kind_ == kind::natural ? static_cast<double>(bits_) : double(index_t(bits_));
  }
  std::string const& string() const {
    need(is_string(), "a string");
    return text_;
  }
  std::vector<json> const& items() const {  // of an array, or the values of an object in the order of the text
    need(is_array() || is_object(), "an array or object");
    return items_;
  }
  std::vector<std::string> const& keys() const {  // beside items()
    need(is_object(), "an object");
    return keys_;
  }
  std::size_t size() const { return items().size(); }

  json const& operator[](index_t i) const {
    need(is_array(), "an array");
    if (i < 0 || i >= static_cast<index_t>(items_.size())) {
      complain("no element " + std::to_string(i) + " in an array of " + std::to_string(items_.size()));
    }
    return items_[static_cast<std::size_t>(i)];
  }
  json const& operator[](std::string_view key) const {
    json const* found = find(key);
    if (!found) complain("no key " + in_quotes(key));
    return *found;
  }
  // nullptr where there is no such key. Logarithmic.
  json const* find(std::string_view key) const {
    need(is_object(), "an object");
    std::size_t const place = lower_bound(key);
    return place < order_.size() && keys_[order_[place]] == key ? &items_[order_[place]] : nullptr;
  }
  std::size_t at() const { return at_; }  // where the value stood in the text

  void push(json value) {
    need(is_array(), "an array");
    items_.push_back(std::move(value));
  }
  void set(std::string key, json value) {
    need(is_object(), "an object");
    std::size_t const place = lower_bound(key);
    if (place < order_.size() && keys_[order_[place]] == key) {
      items_[order_[place]] = std::move(value);
      return;
    }
    order_.insert(order_.begin() + static_cast<std::ptrdiff_t>(place), static_cast<std::uint32_t>(keys_.size()));
    keys_.push_back(std::move(key));
    items_.push_back(std::move(value));
  }

  static json read(json_reader& in) {
    json value;
    char const c = in.peek();
    std::size_t const begin = in.at;
    if (c == '{') {
      value.read_object(in);
    } else if (c == '[') {
      value.kind_ = kind::array;
      for (bool more = in.open('['); more; more = in.more(']')) value.items_.push_back(read(in));
    } else if (c == '"') {
      value.kind_ = kind::string;
      value.text_ = in.string();
    } else if (c == 't' || c == 'f') {
      value = json(c == 't');
      in.literal(c == 't' ? "true" : "false");
    } else if (c == 'n') {
      in.literal("null");
    } else if (c == '-' || (c >= '0' && c <= '9')) {
      json_number const n = in.number();
      value = n.is == json_number::kind::integer   ? json(n.integer)
              : n.is == json_number::kind::natural ? json(n.natural)
                                                   : json(n.real);
    } else {
      in.expected("a value");
    }
    value.at_ = begin + static_cast<std::size_t>(in.base);
    return value;
  }

 private:
  static constexpr std::uint64_t max_integer = 0x7FFFFFFFFFFFFFFF;

  kind kind_ = kind::null;
  std::uint64_t bits_ = 0;  // of a boolean, integer (two's complement) or natural
  double real_ = 0;
  std::size_t at_ = 0;
  std::string text_;
  std::vector<json> items_;
  std::vector<std::string> keys_;
  std::vector<std::uint32_t> order_;  // positions in keys_, by key

  explicit json(kind k) : kind_(k) {}

  [[noreturn, gnu::cold, gnu::noinline]] void complain(std::string const& what) const {
    weft::fail<format_error>("json: byte " + std::to_string(at_) + ": " + what);
  }
  void need(bool fine, char const* wanted) const {
    constexpr char const* names[] = {"null",     "true or false", "an integer", "an integer above 2^63",
                                     "a number", "a string",      "an array",   "an object"};
    if (!fine) complain(std::string("expected ") + wanted + ", found " + names[static_cast<int>(kind_)]);
  }
  std::size_t lower_bound(std::string_view key) const {
    std::size_t low = 0, high = order_.size();
    while (low < high) {
      std::size_t const middle = low + (high - low) / 2;
      if (keys_[order_[middle]] < key) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
  void read_object(json_reader& in) {
    kind_ = kind::object;
    std::vector<std::size_t> places;
    for (bool more = in.open('{'); more; more = in.more('}')) {
      in.blanks();
      places.push_back(in.at);
      keys_.push_back(in.key());
      items_.push_back(read(in));
    }
    order_ = detail::sorted_positions(keys_, [](std::string const& a, std::string const& b) { return a < b; });
    for (std::size_t i = 1; i < order_.size(); ++i) {
      if (keys_[order_[i - 1]] == keys_[order_[i]]) {
        in.fail(places[order_[i]], "the key " + in_quotes(keys_[order_[i]]) + " appears twice");
      }
    }
  }
};

// `name` says in messages which text this was.
inline json parse_json(std::string_view text, std::string_view name = "json") {
  json_reader in{text, name};
  json value = json::read(in);
  in.finish();
  return value;
}

inline void append_json(std::string& out, json const& value) {
  char digits[32];
  switch (value.what()) {
    case json::kind::null:
      out += "null";
      break;
    case json::kind::boolean:
      out += value.boolean() ? "true" : "false";
      break;
    case json::kind::integer:
      out += std::to_string(value.integer());
      break;
    case json::kind::natural:
      out += std::to_string(value.natural());
      break;
    case json::kind::real: {
      double const number = value.number();
      if (!(number - number == 0)) weft::fail<format_error>("json: infinities and NaN can't be written");
      std::string_view const shortest(digits, std::size_t(std::to_chars(digits, digits + 32, number).ptr - digits));
      out += shortest;
      if (shortest.find_first_of(".e") == std::string_view::npos) out += ".0";  // still a fraction when read again
      break;
    }
    case json::kind::string:
      append_json_string(out, value.string());
      break;
    case json::kind::array:
    case json::kind::object: {
      bool const object = value.is_object();
      out += object ? '{' : '[';
      for (std::size_t i = 0; i < value.size(); ++i) {
        if (i) out += ',';
        if (object) {
          append_json_string(out, value.keys()[i]);
          out += ':';
        }
        append_json(out, value.items()[i]);
      }
      out += object ? '}' : ']';
    }
  }
}

inline std::string to_text(json const& value) {
  std::string out;
  append_json(out, value);
  return out;
}

}  // namespace WEFT_ISA
}  // namespace weft::io
