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
// A key that appears twice is refused, however it is spelled. A value takes 16 bytes, and what it holds a block beside
// it: a text of nothing but brackets takes the most, 40 times its size. What parse_json allocates is counted before it
// is allocated, and a text which with its values would take more than max_json_memory (or the limit that is given) is
// refused. Public, in weft::io: json, parse_json, to_text, max_json_memory.
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

// For a text and its values together, in bytes.
inline constexpr std::size_t max_json_memory = std::size_t{64} << 20;

// What may still be allocated while a text becomes values.
struct json_budget {
  std::size_t limit = max_json_memory;
  std::size_t left = limit;

  // Before `bytes` are allocated for what stands at `where`.
  void take(json_reader const& in, std::size_t where, std::size_t bytes) {
    if (bytes > left) in.fail(where, "the text and its values take more than " + std::to_string(limit) + " bytes");
    left -= bytes;
  }
  void give_back(std::size_t bytes) { left += bytes; }
  // Room for one more element: counted, and then made.
  template <class T>
  void grow(json_reader const& in, std::size_t where, std::vector<T>& list) {
    std::size_t const old = list.capacity();
    if (list.size() < old) return;
    std::size_t const next = old ? 2 * old : 1;
    take(in, where, block(next * sizeof(T)));
    list.reserve(next);
    if (old) give_back(block(old * sizeof(T)));
  }
  // With what an allocator keeps beside each block.
  static constexpr std::size_t block(std::size_t bytes) { return bytes + 16; }
};

class json {
 public:
  enum class kind : std::uint8_t { null, boolean, integer, natural, real, string, array, object };

  json() = default;
  json(std::nullptr_t) {}
  template <class T>
    requires std::is_arithmetic_v<T> json(T value) {
      if constexpr (std::is_same_v<T, bool>) {
        become(kind::boolean);
        holds_.bits = value;
      } else if constexpr (std::is_floating_point_v<T>) {
        become(kind::real);
        holds_.real = static_cast<double>(value);
      } else {
        bool const large = std::is_unsigned_v<T> && static_cast<std::uint64_t>(value) > max_integer;
        become(large ? kind::natural : kind::integer);
        holds_.bits = static_cast<std::uint64_t>(value);
      }
    }
  json(std::string text) {
    if (!text.empty()) holds_.text = new std::string(std::move(text));
    become(kind::string);
  }
  json(std::string_view text) : json(std::string(text)) {}
  json(char const* text) : json(std::string(text)) {}
  json(json const& other) {
    if (other.what() == kind::string && other.holds_.text) holds_.text = new std::string(*other.holds_.text);
    if (other.what() == kind::array && other.holds_.list) holds_.list = new std::vector<json>(*other.holds_.list);
    if (other.what() == kind::object && other.holds_.map) holds_.map = new members(*other.holds_.map);
    if (other.is_number() || other.is_boolean()) holds_ = other.holds_;
    about_ = other.about_;
  }
  json(json&& other) noexcept : holds_(other.holds_), about_(other.about_) { other.forget(); }
  json& operator=(json other) noexcept {
    std::swap(holds_, other.holds_);
    std::swap(about_, other.about_);
    return *this;
  }
  ~json() {
    if (what() == kind::string) delete holds_.text;
    if (what() == kind::array) delete holds_.list;
    if (what() == kind::object) delete holds_.map;
  }
  static json array() { return json(kind::array); }
  static json object() { return json(kind::object); }

  kind what() const { return static_cast<kind>(about_ & 255); }
  bool is_null() const { return is(kind::null); }
  bool is_boolean() const { return is(kind::boolean); }
  bool is_integer() const { return is(kind::integer); }
  bool is_number() const { return is(kind::integer) || is(kind::natural) || is(kind::real); }
  bool is_string() const { return is(kind::string); }
  bool is_array() const { return is(kind::array); }
  bool is_object() const { return is(kind::object); }

  // The value, or format_error where it is of another kind.
  bool boolean() const {
    need(is(kind::boolean), "true or false");
    return holds_.bits != 0;
  }
  index_t integer() const {
    need(is(kind::integer), "an integer");
    return static_cast<index_t>(holds_.bits);
  }
  std::uint64_t natural() const {
    need(is(kind::natural) || (is(kind::integer) && holds_.bits <= max_integer), "an integer from 0");
    return holds_.bits;
  }
  double number() const {
    need(is_number(), "a number");
    return is(kind::real) ? holds_.real : is(kind::natural) ? static_cast<double>(holds_.bits) : double(index_t(holds_.bits));
  }
  std::string const& string() const {
    need(is_string(), "a string");
    static std::string const none;
    return holds_.text ? *holds_.text : none;
  }
  std::vector<json> const& items() const {  // of an array, or the values of an object in the order of the text
    need(is_array() || is_object(), "an array or object");
    static std::vector<json> const none;
    if (is_array()) return holds_.list ? *holds_.list : none;
    return holds_.map ? holds_.map->items : none;
  }
  std::vector<std::string> const& keys() const {  // beside items()
    need(is_object(), "an object");
    static std::vector<std::string> const none;
    return holds_.map ? holds_.map->keys : none;
  }
  std::size_t size() const { return items().size(); }

  json const& operator[](index_t i) const {
    need(is_array(), "an array");
    std::vector<json> const& list = items();
    if (i < 0 || i >= static_cast<index_t>(list.size())) {
      complain("no element " + std::to_string(i) + " in an array of " + std::to_string(list.size()));
    }
    return list[static_cast<std::size_t>(i)];
  }
  json const& operator[](std::string_view key) const {
    json const* found = find(key);
    if (!found) complain("no key " + in_quotes(key));
    return *found;
  }
  // nullptr where there is no such key. Logarithmic.
  json const* find(std::string_view key) const {
    need(is_object(), "an object");
    if (!holds_.map) return nullptr;
    members const& m = *holds_.map;
    std::size_t const place = m.lower_bound(key);
    return place < m.order.size() && m.keys[m.order[place]] == key ? &m.items[m.order[place]] : nullptr;
  }
  std::size_t at() const { return static_cast<std::size_t>(about_ >> 8); }  // where the value stood in the text

  void push(json value) {
    need(is_array(), "an array");
    if (!holds_.list) holds_.list = new std::vector<json>();
    holds_.list->push_back(std::move(value));
  }
  void set(std::string key, json value) {
    need(is_object(), "an object");
    if (!holds_.map) holds_.map = new members();
    members& m = *holds_.map;
    std::size_t const place = m.lower_bound(key);
    if (place < m.order.size() && m.keys[m.order[place]] == key) {
      m.items[m.order[place]] = std::move(value);
      return;
    }
    m.order.insert(m.order.begin() + static_cast<std::ptrdiff_t>(place), static_cast<std::uint32_t>(m.keys.size()));
    m.keys.push_back(std::move(key));
    m.items.push_back(std::move(value));
  }

  // Precondition of `budget`: whoever has the text has counted it.
  static json read(json_reader& in, json_budget& budget) {
    json value;
    char const c = in.peek();
    std::size_t const begin = in.at;
    if (c == '{') {
      value.read_object(in, budget);
    } else if (c == '[') {
      value.read_array(in, budget);
    } else if (c == '"') {
      value = json(read_text(in, budget, json_budget::block(sizeof(std::string))));
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
    value.about_ |= (begin + static_cast<std::uint64_t>(in.base)) << 8;
    return value;
  }
  static json read(json_reader& in) {
    json_budget budget;
    return read(in, budget);
  }

 private:
  static constexpr std::uint64_t max_integer = 0x7FFFFFFFFFFFFFFF;

  struct members {
    std::vector<json> items;
    std::vector<std::string> keys;
    std::vector<std::uint32_t> order;  // positions in keys, by key

    std::size_t lower_bound(std::string_view key) const {
      std::size_t low = 0, high = order.size();
      while (low < high) {
        std::size_t const middle = low + (high - low) / 2;
        if (keys[order[middle]] < key) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      return low;
    }
  };
  // What is empty has no block.
  union {
    std::uint64_t bits = 0;  // of a boolean, integer (two's complement) or natural
    double real;
    std::string* text;
    std::vector<json>* list;
    members* map;
  } holds_;
  std::uint64_t about_ = 0;  // the kind in the lowest byte, where the value stood above it

  explicit json(kind k) { become(k); }
  bool is(kind k) const { return what() == k; }
  void become(kind k) { about_ = (about_ & ~std::uint64_t{255}) | static_cast<std::uint64_t>(k); }
  void forget() {
    holds_.bits = 0;
    about_ = 0;
  }

  [[noreturn, gnu::cold, gnu::noinline]] void complain(std::string const& what) const {
    weft::fail<format_error>("json: byte " + std::to_string(at()) + ": " + what);
  }
  void need(bool fine, char const* wanted) const {
    constexpr char const* names[] = {"null",     "true or false", "an integer", "an integer above 2^63",
                                     "a number", "a string",      "an array",   "an object"};
    if (!fine) complain(std::string("expected ") + wanted + ", found " + names[static_cast<int>(what())]);
  }
  // A string or key, whose `beside` bytes are allocated too; short ones lie in their std::string.
  static std::string read_text(json_reader& in, json_budget& budget, std::size_t beside) {
    std::size_t const begin = in.at, most = in.string_bound();
    if (most > 0) budget.take(in, begin, beside + (most > 15 ? json_budget::block(most + 1) : 0));
    return in.string();
  }
  void read_array(json_reader& in, json_budget& budget) {
    become(kind::array);
    std::size_t const begin = in.at;
    bool more = in.open('[');
    if (!more) return;
    budget.take(in, begin, json_budget::block(sizeof(std::vector<json>)));
    holds_.list = new std::vector<json>();
    for (; more; more = in.more(']')) {
      budget.grow(in, in.at, *holds_.list);
      holds_.list->push_back(read(in, budget));
    }
  }
  void read_object(json_reader& in, json_budget& budget) {
    become(kind::object);
    std::size_t const begin = in.at;
    json_reader const start = in;
    bool more = in.open('{');
    if (!more) return;
    budget.take(in, begin, json_budget::block(sizeof(members)));
    holds_.map = new members();
    members& m = *holds_.map;
    for (; more; more = in.more('}')) {
      if (in.peek() != '"') in.expected("a key in quotes");
      budget.grow(in, in.at, m.keys);
      m.keys.push_back(read_text(in, budget, 0));
      in.expect(':');
      budget.grow(in, in.at, m.items);
      m.items.push_back(read(in, budget));
    }
    // The order, and beside it what it is merged in.
    std::size_t const list = json_budget::block(sizeof(std::uint32_t) * m.keys.size());
    budget.take(in, begin, 2 * list);
    m.order = detail::sorted_positions(m.keys, [](std::string const& a, std::string const& b) { return a < b; });
    budget.give_back(list);
    for (std::size_t i = 1; i < m.order.size(); ++i) {
      std::string const& key = m.keys[m.order[i]];
      if (m.keys[m.order[i - 1]] == key) in.fail(start.place_of_key(m.order[i]), "the key " + in_quotes(key) + " appears twice");
    }
  }
};
static_assert(sizeof(json) == 16);

// `name` says in messages which text this was; `limit` is for the text and its values together, in bytes.
inline json parse_json(std::string_view text, std::string_view name = "json", std::size_t limit = max_json_memory) {
  json_reader in{text, name};
  json_budget budget{limit};
  budget.take(in, 0, text.size());
  json value = json::read(in, budget);
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
