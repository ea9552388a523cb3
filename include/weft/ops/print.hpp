// Printing: the text NumPy has for the same array.
//
//   std::cout << a + b;                           [[1. 2. 3.]
//                                                  [4. 5. 6.]]
//   std::string s = to_string(sum(a));            21.0
//   auto old = set_printoptions({.precision = 3, .suppress = true});   what isn't named stays as it is
//   print_options().linewidth;   set_printoptions(old);
//
//   precision   digits after the point, 8; negative: as many as tell a number from all others of its type
//   threshold   an array of more elements is summarised, 1000;   edgeitems: what it shows at both ends, 3
//   linewidth   a row is broken before it has more columns, 75
//   suppress    no exponents for small numbers
//
// An expression is evaluated first. Exponents appear from 1e8 on, below 1e-4 and for ratios above 1000 (up to NumPy 2.2
// for every type). A rank-0 expression is printed as a number: no options, all digits, exponents from 1e16 on.
// The options are the process's: they must not be set while another thread prints.
//
// Public: operator<<, to_string, set_printoptions, print_options, printoptions.
#pragma once
#include <weft/engine/assign.hpp>
#include <weft/ops/decimal.hpp>

#include <iosfwd>
#include <string>
#include <type_traits>

namespace weft::process {

struct print_state {
  int precision = 8;
  index_t threshold = 1000;
  index_t edgeitems = 3;
  index_t linewidth = 75;
  bool suppress = false;
};
inline constinit print_state printing{};

}  // namespace weft::process

namespace weft {
inline namespace WEFT_ISA {
namespace printing {

// A value, or none: leave it as it is.
template <class T>
struct setting {
  T value{};
  bool given = false;
  constexpr setting() = default;
  constexpr setting(T v) : value(v), given(true) {}
  constexpr operator T() const { return value; }
};

}  // namespace printing

struct printoptions {
  printing::setting<int> precision{};
  printing::setting<index_t> threshold{};
  printing::setting<index_t> edgeitems{};
  printing::setting<index_t> linewidth{};
  printing::setting<bool> suppress{};
};

inline printoptions print_options() {
  process::print_state const& s = process::printing;
  return {s.precision, s.threshold, s.edgeitems, s.linewidth, s.suppress};
}
// Returns the options of before.
inline printoptions set_printoptions(printoptions const& o) {
  printoptions const before = print_options();
  process::print_state& s = process::printing;
  if (o.precision.given) s.precision = o.precision;
  if (o.threshold.given) s.threshold = o.threshold;
  if (o.edgeitems.given) s.edgeitems = o.edgeitems.value < 0 ? 0 : o.edgeitems.value;
  if (o.linewidth.given) s.linewidth = o.linewidth;
  if (o.suppress.given) s.suppress = o.suppress;
  return before;
}

// What follows knows an array by its address, element type and sizes, so it is compiled once for all expressions.
namespace printing {

struct array {
  dtype type;
  void const* data;
  index_t const* sizes;
  int rank;

  template <class T>
  T get(index_t i) const {
    return static_cast<T const*>(data)[i];
  }
  real number(index_t i) const {
    return type == dtype::float32 ? real{get<float>(i), true} : real{get<double>(i), false};
  }
  std::string integer(index_t i) const {
    switch (type) {
      case dtype::uint8: return std::to_string(get<uint8>(i));
      case dtype::uint16: return std::to_string(get<uint16>(i));
      case dtype::uint32: return std::to_string(get<uint32>(i));
      case dtype::uint64: return std::to_string(get<uint64>(i));
      case dtype::int8: return std::to_string(get<int8>(i));
      case dtype::int16: return std::to_string(get<int16>(i));
      case dtype::int32: return std::to_string(get<int32>(i));
      case dtype::int64: return std::to_string(get<int64>(i));
      default: return "?";
    }
  }
  bool boolean() const { return kind_of(type) == kind::boolean; }
  bool floating() const { return kind_of(type) == kind::floating; }
};

// How the elements that are shown come to have one width.
struct column {
  index_t width = 0;        // of integers and truth values
  bool scientific = false;  // the rest is about numbers with a point
  index_t before = 0;       // the point: the sign and the digits
  index_t after = 0;
  int precision = 0;
  int exponent = 2;         // digits
};

struct writer {
  array a;
  process::print_state o;
  bool summarised;
  column c{};
  std::string out{};
  std::size_t line = 0;  // where it begins in `out`

  bool cut(int axis) const { return summarised && a.sizes[axis] > 2 * o.edgeitems; }

  template <class F>
  void each_shown(F const& f, int axis = 0, index_t at = 0) const {
    if (axis == a.rank) return f(at);
    index_t const n = a.sizes[axis];
    for (index_t i = 0; i < n; ++i) {
      if (cut(axis) && i == o.edgeitems && i > 0) i = n - o.edgeitems;
      each_shown(f, axis + 1, at * n + i);
    }
  }

  [[gnu::noinline]] void measure_numbers() {
    double low = 0, high = 0;
    bool any = false, strange = false, minus_infinity = false, single = a.type == dtype::float32;
    each_shown([&](index_t i) {
      real const x = a.number(i);
      if (!x.finite()) {
        strange = true;
        minus_infinity |= !x.nan() && x.negative();
        return;
      }
      any = true;
      double const m = x.magnitude();
      if (m == 0) return;
      if (low == 0 || m < low) low = m;
      if (m > high) high = m;
    });
    if (low > 0) {  // in the elements' own precision, as the limits are not exact
      bool const small = single ? static_cast<float>(low) < 1e-4f : low < 1e-4;
      bool const far = single ? static_cast<float>(high) / static_cast<float>(low) > 1000 : high / low > 1000;
      c.scientific = high >= 1e8 || (!o.suppress && (small || far));
    }
    if (any) {
      auto const widen = [](auto& to, auto n) {
        if (n > to) to = n;
      };
      each_shown([&](index_t i) {
        real const x = a.number(i);
        if (!x.finite()) return;
        if (c.scientific) {
          digits d = shortest(x);
          if (!within(d.count - 1, o.precision)) d = rounded(x, o.precision);
          d.drop_zeros();
          widen(c.precision, d.count - 1);
          widen(c.exponent, decimals(d.exponent));
          widen(c.before, index_t{x.negative() ? 2 : 1});
        } else {
          decimal const d = positional(x, o.precision, true);
          widen(c.before, index_t{x.negative()} + static_cast<index_t>(d.whole.size()));
          widen(c.after, static_cast<index_t>(d.fraction.size()));
        }
      });
      if (c.scientific) c.after = c.precision + 2 + c.exponent;
    }
    index_t const need = (minus_infinity ? 4 : 3) - (c.after + 1);
    if (strange && need > c.before) c.before = need;
  }

  void measure() {
    if (a.floating())
      measure_numbers();
    else if (a.boolean())
      c.width = 5;
    else
      each_shown([&](index_t i) {
        index_t const n = static_cast<index_t>(a.integer(i).size());
        if (n > c.width) c.width = n;
      });
  }

  std::string item(index_t i) const {
    std::string text, padded;
    if (!a.floating()) {
      text = a.boolean() ? a.get<bool>(i) ? "True" : "False" : a.integer(i);
      pad(padded, c.width - static_cast<index_t>(text.size()));
      return padded += text;
    }
    real const x = a.number(i);
    if (!x.finite()) {
      text = x.name();
      pad(padded, c.before + 1 + c.after - static_cast<index_t>(text.size()));
      return padded += text;
    }
    if (x.negative()) text = "-";
    if (c.scientific) {
      digits d = shortest(x);
      if (d.count != c.precision + 1) d = rounded(x, c.precision);
      text += d.text[0];
      pad(padded, c.before - static_cast<index_t>(text.size()));
      (padded += text) += '.';
      padded.append(d.text + 1, d.text + d.count);
      put_exponent(padded, d.exponent, c.exponent);
      return padded;
    }
    decimal const d = positional(x, o.precision, true);
    text += d.whole;
    pad(padded, c.before - static_cast<index_t>(text.size()));
    ((padded += text) += '.') += d.fraction;
    pad(padded, c.after - static_cast<index_t>(d.fraction.size()));
    return padded;
  }

  // A word of a row; a break before it takes the blanks before it along.
  void word(std::string const& text) {
    index_t const at = static_cast<index_t>(out.size() - line);
    if (at > a.rank && at + static_cast<index_t>(text.size()) > o.linewidth - a.rank) {
      while (out.back() == ' ') out.pop_back();
      out += '\n';
      line = out.size();
      pad(out, a.rank);
    }
    out += text;
  }
  void write(int axis, index_t at) {
    if (axis == a.rank) return word(item(at));
    auto const next = [&] {
      if (axis + 1 == a.rank) {
        out += ' ';
      } else {
        out.append(static_cast<std::size_t>(a.rank - axis - 1), '\n');
        line = out.size();
        pad(out, axis + 1);
      }
    };
    index_t const n = a.sizes[axis];
    index_t i = 0;
    out += '[';
    if (cut(axis)) {
      for (; i < o.edgeitems; ++i, next()) write(axis + 1, at * n + i);
      word("...");
      next();
      i = o.edgeitems > 0 ? n - o.edgeitems : n - 1;
    }
    for (; i < n; ++i) {
      write(axis + 1, at * n + i);
      if (i + 1 < n) next();
    }
    out += ']';
  }
};

// `data` holds the elements row by row; sizes has `rank` entries.
[[gnu::noinline, gnu::cold]] inline std::string text_of(array const& a) {
  if (a.rank == 0) {
    if (a.floating()) return lone(a.number(0));
    return a.boolean() ? a.get<bool>(0) ? "True" : "False" : a.integer(0);
  }
  index_t n = 1;
  for (int i = 0; i < a.rank; ++i) n *= a.sizes[i];
  if (n == 0) return "[]";
  writer w{a, process::printing, n > process::printing.threshold};
  w.measure();
  w.write(0, 0);
  return static_cast<std::string&&>(w.out);
}

}  // namespace printing

template <expression E>
[[nodiscard]] std::string to_string(E const& e) {
  if constexpr (poisoned<E>) {
    return "";
  } else if constexpr (requires { requires expression<decltype(e.value)>; }) {  // tracked values, parameters
    return to_string(e.value);
  } else if constexpr (requires { static_cast<element_t<E> const*>(e.data()); }) {
    using T = element_t<E>;
    static_assert(std::is_integral_v<T> || std::is_same_v<T, float> || std::is_same_v<T, double>,
                  "weft: to_string: elements of this type have no text: print cast<float>(x)");
    auto const sizes = e.sizes();
    return printing::text_of({dtype_of<T>, e.data(), sizes.data(), rank_of<E>});
  } else {
    return to_string(eval(e));
  }
}

// Unformatted output: the stream's flags, width and fill take no part.
template <class Traits, expression E>
std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& out, E const& e) {
  std::string const text = to_string(e);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  return out;
}

}  // namespace WEFT_ISA
}  // namespace weft
