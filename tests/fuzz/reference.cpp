#include "reference.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace fuzz {
namespace {

using real = long double;
constexpr real inf = std::numeric_limits<real>::infinity();
constexpr real nan = std::numeric_limits<real>::quiet_NaN();
constexpr bounded anything{0, inf};

char const* const names[] = {"b", "u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "f32", "f64"};

int kind(type t) { return t == type::b ? 0 : is_float(t) ? 2 : 1; }
real largest(type t) { return t == type::f32 ? real(std::numeric_limits<float>::max()) : real(std::numeric_limits<double>::max()); }
real smallest(type t) {
  return t == type::f32 ? real(std::numeric_limits<float>::denorm_min()) : real(std::numeric_limits<double>::denorm_min());
}
real to_nearest(type t, real v) { return t == type::f32 ? real(static_cast<float>(v)) : real(static_cast<double>(v)); }
int digits(type t) { return t == type::f32 ? 24 : 53; }

bool is_nan(bounded x) { return std::isnan(x.v); }
bool exact(bounded x) { return x.e == 0; }

thread_local bool no_rounding = false;

// An operation's result, `ulps` of which rounding may have changed.
bounded rounded(type t, real v, real e, real ulps = 0.5L) {
  if (std::isnan(v)) return {nan, 0};
  if (!(e < inf)) return anything;
  if (std::isinf(v) || no_rounding) return {v, 0};
  if (std::fabs(v) + e > largest(t) * (1 - 8 * unit(t))) return anything;  // whether it overflows depends on the order
  return {v, e + 2 * ulps * unit(t) * (std::fabs(v) + e) + 2 * ulps * smallest(t)};
}
bounded exactly_or_rounded(type t, real v, bool is_exact, real e, real ulps = 0.5L) {
  if (is_exact && to_nearest(t, v) == v) return {v, 0};
  return rounded(t, v, e, ulps);
}

real wrapped(real v, type t) {  // a whole number of at most 64 bits
  if (t == type::b) return v != 0;
  std::uint64_t const bits = v < 0 ? static_cast<std::uint64_t>(static_cast<int64_t>(v)) : static_cast<std::uint64_t>(v);
  switch (t) {
    case type::u8: return static_cast<std::uint8_t>(bits);
    case type::u16: return static_cast<std::uint16_t>(bits);
    case type::u32: return static_cast<std::uint32_t>(bits);
    case type::u64: return static_cast<real>(bits);
    case type::i8: return static_cast<std::int8_t>(bits);
    case type::i16: return static_cast<std::int16_t>(bits);
    case type::i32: return static_cast<std::int32_t>(bits);
    default: return static_cast<real>(static_cast<int64_t>(bits));
  }
}
std::uint64_t bits_of(real v) {
  return v < 0 ? static_cast<std::uint64_t>(static_cast<int64_t>(v)) : static_cast<std::uint64_t>(v);
}
real from_bits(std::uint64_t bits, type t) {
  return is_unsigned(t) || t == type::b ? wrapped(static_cast<real>(bits), t) : wrapped(static_cast<real>(static_cast<int64_t>(bits)), t);
}
real low_of(type t) {
  if (is_unsigned(t) || t == type::b) return 0;
  return -std::ldexp(real(1), static_cast<int>(8 * size_of(t)) - 1);
}
real high_of(type t) {
  if (t == type::b) return 1;
  return std::ldexp(real(1), static_cast<int>(8 * size_of(t)) - (is_unsigned(t) ? 0 : 1)) - 1;
}

bounded converted(bounded x, type from, type to) {
  if (from == to || unknown(x)) return x;
  if (to == type::b) {
    if (is_nan(x)) return {1, 0};
    if (!exact(x) && std::fabs(x.v) <= x.e) return anything;
    return {x.v != 0 ? real(1) : real(0), 0};
  }
  if (!is_float(to)) {
    if (!is_float(from)) return {wrapped(x.v, to), 0};
    if (is_nan(x) || std::isinf(x.v)) return anything;
    real const a = std::trunc(x.v - x.e), b = std::trunc(x.v + x.e);
    if (a != b || a < low_of(to) || a > high_of(to)) return anything;
    return {a, 0};
  }
  if (is_nan(x) || std::isinf(x.v)) return {x.v, 0};
  if (no_rounding) return x;
  if (exact(x)) return {to_nearest(to, x.v), 0};
  if (is_float(from) && to == type::f64) return x;
  return rounded(to, x.v, x.e);
}

// -- operations on numbers of one type ------------------------------------------------------------------------------

bounded plus(type t, bounded a, bounded b, bool minus) {
  if (!is_float(t)) {
    if (unknown(a) || unknown(b)) return anything;
    auto const x = bits_of(a.v), y = bits_of(b.v);
    return {from_bits(minus ? x - y : x + y, t), 0};
  }
  if (is_nan(a) || is_nan(b)) return {nan, 0};
  if (unknown(a) || unknown(b)) return anything;
  if (minus) b.v = -b.v;
  real const s = a.v + b.v;
  bool const whole = exact(a) && exact(b) && !std::isinf(s) && s - a.v == b.v && s - b.v == a.v;
  return exactly_or_rounded(t, s, whole, a.e + b.e);
}
bounded times(type t, bounded a, bounded b) {
  if (!is_float(t)) {
    if (unknown(a) || unknown(b)) return anything;
    return {from_bits(bits_of(a.v) * bits_of(b.v), t), 0};
  }
  if (is_nan(a) || is_nan(b)) return {nan, 0};
  if (unknown(a) || unknown(b)) return anything;
  for (int i = 0; i < 2; ++i, std::swap(a, b))
    if (std::isinf(a.v)) {
      if (b.v == 0 && exact(b)) return {nan, 0};
      if (std::fabs(b.v) <= b.e) return anything;
      return {b.v < 0 ? -a.v : a.v, 0};
    }
  real const p = a.v * b.v;
  bool const whole = exact(a) && exact(b) && std::fma(a.v, b.v, -p) == 0;
  return exactly_or_rounded(t, p, whole, std::fabs(a.v) * b.e + std::fabs(b.v) * a.e + a.e * b.e);
}
bounded over(type t, bounded a, bounded b) {
  if (is_nan(a) || is_nan(b)) return {nan, 0};
  if (unknown(a) || unknown(b)) return anything;
  if (std::isinf(b.v)) return std::isinf(a.v) ? bounded{nan, 0} : bounded{0, 0};
  if (a.v == 0 && exact(a) && b.v == 0 && exact(b)) return {nan, 0};
  if (std::fabs(b.v) <= b.e) return anything;  // also 0: its sign may be either
  if (std::isinf(a.v)) return {b.v < 0 ? -a.v : a.v, 0};
  real const q = a.v / b.v;
  int power;
  bool const whole = exact(a) && exact(b) && std::fabs(std::frexp(b.v, &power)) == 0.5L && q * b.v == a.v;
  return exactly_or_rounded(t, q, whole, (a.e + std::fabs(q) * b.e) / (std::fabs(b.v) - b.e), 2);
}
// Any number from low to high.
bounded between(real low, real high) {
  return {low / 2 + high / 2, (high - low) / 2 + 0x1p-61L * std::max(std::fabs(low), std::fabs(high))};
}
bounded hull(bounded a, bounded b, bool whole) {
  if (is_nan(a) && is_nan(b)) return a;
  if (unknown(a) || unknown(b) || is_nan(a) || is_nan(b)) return anything;
  if (a.v == b.v && exact(a) && exact(b)) return a;
  if (whole || std::isinf(a.v) || std::isinf(b.v)) return anything;
  real const low = std::min(a.v - a.e, b.v - b.e), high = std::max(a.v + a.e, b.v + b.e);
  return between(low, high);
}
// The greater (or the lesser) of two; NaN wins.
bounded extreme(bounded a, bounded b, bool greater) {
  if (is_nan(a) || is_nan(b)) return {nan, 0};
  if (unknown(a) || unknown(b)) return anything;
  if (!greater) a.v = -a.v, b.v = -b.v;
  bounded r;
  if (a.v - a.e >= b.v + b.e) {
    r = a;
  } else if (b.v - b.e >= a.v + a.e) {
    r = b;
  } else {
    real const low = std::max(a.v - a.e, b.v - b.e), high = std::max(a.v + a.e, b.v + b.e);
    r = between(low, high);
  }
  if (!greater) r.v = -r.v;
  return r;
}

constexpr bounded yes{1, 0}, no{0, 0};
bounded compared(std::string const& op, bounded a, bounded b) {
  if (is_nan(a) || is_nan(b)) return op == "ne" ? yes : no;
  if (unknown(a) || unknown(b)) return anything;
  if (!exact(a) || !exact(b)) {
    if (a.v - a.e <= b.v + b.e && b.v - b.e <= a.v + a.e) return anything;
  }
  bool r = false;
  if (op == "lt") r = a.v < b.v;
  else if (op == "le") r = a.v <= b.v;
  else if (op == "gt") r = a.v > b.v;
  else if (op == "ge") r = a.v >= b.v;
  else if (op == "eq") r = a.v == b.v;
  else r = a.v != b.v;
  return r ? yes : no;
}

template <class F>
bounded rising_or_falling(type t, bounded x, F const& f, real ulps) {
  if (is_nan(x)) return x;
  if (unknown(x)) return anything;
  real const v = f(x.v);
  if (std::isnan(v)) {
    if (exact(x) || std::isnan(f(x.v + x.e))) return {nan, 0};
    return anything;
  }
  real e = 0;
  if (!exact(x)) {
    real const low = f(x.v - x.e), high = f(x.v + x.e);
    if (std::isinf(low) && low == high) return {low, 0};
    e = std::max(std::fabs(low - v), std::fabs(high - v)) * (1 + 1e-15L);
    if (!(e < inf)) return anything;
  }
  return rounded(t, v, e, ulps);
}

// Roundings that leave a whole number: one, or all between two.
template <class F>
bounded stepped(bounded x, F const& f) {
  if (is_nan(x) || unknown(x) || std::isinf(x.v)) return x;
  if (no_rounding) return {f(x.v), 0};
  real const low = f(x.v - x.e), high = f(x.v + x.e);
  if (low == high) return {low, 0};
  return between(low, high);
}

bounded function(std::string const& op, type t, bounded x) {
  if (op == "neg") {
    if (!is_float(t)) return unknown(x) ? anything : bounded{from_bits(0 - bits_of(x.v), t), 0};
    return {-x.v, x.e};
  }
  if (op == "square") return times(t, x, x);
  if (op == "abs" || op == "relu") {
    if (is_nan(x) || unknown(x)) return x;
    if (!is_float(t)) return {x.v < 0 ? op == "abs" ? from_bits(0 - bits_of(x.v), t) : 0 : x.v, 0};
    if (x.v - x.e >= 0) return x;
    if (x.v + x.e <= 0) return op == "abs" ? bounded{-x.v, x.e} : no;
    real const top = op == "abs" ? std::max(x.v + x.e, x.e - x.v) : x.v + x.e;
    return between(0, top);
  }
  if (op == "floor" || op == "ceil" || op == "trunc" || op == "round") {
    if (!is_float(t)) return x;
    if (op == "floor") return stepped(x, [](real v) { return std::floor(v); });
    if (op == "ceil") return stepped(x, [](real v) { return std::ceil(v); });
    if (op == "trunc") return stepped(x, [](real v) { return std::trunc(v); });
    return stepped(x, [](real v) { return std::nearbyint(v); });
  }
  real constexpr ulps = 2.5L;
  if (op == "exp") {
    if (!is_nan(x) && !unknown(x) && !no_rounding && std::exp(x.v - x.e) > largest(t) * 1.001L) return {inf, 0};
    return rising_or_falling(t, x, [](real v) { return std::exp(v); }, ulps);
  }
  if (op == "expm1") {
    if (!is_nan(x) && !unknown(x) && !no_rounding && std::exp(x.v - x.e) > largest(t) * 1.001L) return {inf, 0};
    return rising_or_falling(t, x, [](real v) { return std::expm1(v); }, ulps);
  }
  if (op == "log" || op == "log1p" || op == "sqrt" || op == "rsqrt") {
    real const edge = op == "log1p" ? -1 : 0;
    if (!is_nan(x) && !unknown(x) && !exact(x) && x.v - x.e <= edge)
      return x.v + x.e < edge ? bounded{nan, 0} : anything;
    if (op == "log") return rising_or_falling(t, x, [](real v) { return std::log(v); }, ulps);
    if (op == "log1p") return rising_or_falling(t, x, [](real v) { return std::log1p(v); }, ulps);
    if (op == "sqrt") {
      bounded const r = rising_or_falling(t, x, [](real v) { return std::sqrt(v); }, 0.5L);
      if (exact(x) && !unknown(r) && !is_nan(r)) return exactly_or_rounded(t, r.v, r.v * r.v == x.v, r.e, 0);
      return r;
    }
    if (x.v == 0 && !is_nan(x)) return anything;  // the sign of 0
    return rising_or_falling(t, x, [](real v) { return 1 / std::sqrt(v); }, 3);
  }
  if (op == "tanh") return rising_or_falling(t, x, [](real v) { return std::tanh(v); }, ulps);
  if (op == "erf") return rising_or_falling(t, x, [](real v) { return std::erf(v); }, ulps);
  if (op == "sigmoid") return rising_or_falling(t, x, [](real v) { return 1 / (1 + std::exp(-v)); }, 3);
  if (is_nan(x)) return x;
  if (unknown(x)) return anything;
  if (op == "sin" || op == "cos") {
    if (std::isinf(x.v)) return {nan, 0};
    real const v = op == "sin" ? std::sin(x.v) : std::cos(x.v);
    return rounded(t, v, std::min(x.e, real(2)), ulps);
  }
  if (op == "gelu") {
    if (std::isinf(x.v)) return x.v > 0 ? x : anything;  // -inf times 0
    real const v = x.v * 0.5L * std::erfc(-x.v * 0.70710678118654752440L);
    return rounded(t, v, 1.13L * x.e + 8 * unit(t) * std::fabs(x.v), 4);  // 0.5 + 0.5 erf cancels
  }
  std::abort();
}

// -- many numbers ---------------------------------------------------------------------------------------------------

// The least power of two that v is a whole multiple of.
int quantum(real v) {
  int e;
  real const m = std::frexp(std::fabs(v), &e);
  auto const bits = static_cast<std::uint64_t>(std::ldexp(m, 64));
  return e - 64 + __builtin_ctzll(bits);
}

struct adder {
  type t;
  std::uint64_t whole = 0;
  real s = 0, c = 0, e = 0, magnitude = 0;
  int64_t n = 0;
  int least = 100000;
  bool nans = false, any = false, up = false, down = false, all_exact = true;
  void add(bounded x, real own_error = 0) {
    ++n;
    if (is_nan(x)) nans = true;
    else if (unknown(x)) any = true;
    else if (!is_float(t)) whole += bits_of(x.v);
    else if (std::isinf(x.v)) (x.v > 0 ? up : down) = true;
    else {
      real const y = x.v - c, sum = s + y;  // Kahan's: long double alone is not much wider than double
      c = (sum - s) - y;
      s = sum;
      e += x.e + own_error;
      magnitude += std::fabs(x.v);
      if (x.e != 0 || own_error != 0) all_exact = false;
      if (all_exact && x.v != 0) least = std::min(least, quantum(x.v));
    }
  }
  bounded total(real terms_error) const {
    if (nans) return {nan, 0};
    if (any) return anything;
    if (!is_float(t)) return {from_bits(whole, t), 0};
    if (up && down) return {nan, 0};
    if (magnitude + e > largest(t) / 4 && !no_rounding) return anything;
    if (up || down) return {up ? inf : -inf, 0};
    if (no_rounding || n == 0) return {s, 0};
    if (n == 1 && all_exact && to_nearest(t, s) == s) return {s, 0};
    if (all_exact && magnitude <= std::ldexp(real(1), std::min(least, 10000) + digits(t))) return {s, 0};
    return {s, e + terms_error * unit(t) * (magnitude + e) + smallest(t)};
  }
};

// Units that adding up n numbers may be off by, of the sum of their magnitudes: one after the other within a block, where
// equal terms are all rounded the same way, then pairwise. (A lost element shows: 8192 of them give 182 units, and one is
// a 8192nd of 16 million; beyond that whole numbers are added up exactly.)
real sum_error(int64_t n) { return 20 + std::log2(static_cast<real>(n + 1)) + static_cast<real>(std::min<int64_t>(n, 300)) / 2; }

}  // namespace

type type_named(std::string const& name) {
  for (int i = 0; i < 11; ++i)
    if (name == names[i]) return static_cast<type>(i);
  std::abort();
}
char const* name_of(type t) { return names[static_cast<int>(t)]; }
std::size_t size_of(type t) {
  static std::size_t const bytes[] = {1, 1, 2, 4, 8, 1, 2, 4, 8, 4, 8};
  return bytes[static_cast<int>(t)];
}
bool is_float(type t) { return t >= type::f32; }
bool is_unsigned(type t) { return t >= type::u8 && t <= type::u64; }
type promote(type a, type b) {
  if (a == b) return a;
  if (kind(a) != kind(b)) return kind(a) < kind(b) ? b : a;
  if (is_float(a)) return type::f64;
  if (is_unsigned(a) == is_unsigned(b)) return size_of(a) < size_of(b) ? b : a;
  type const s = is_unsigned(a) ? b : a, u = is_unsigned(a) ? a : b;
  if (size_of(u) < size_of(s)) return s;
  return u == type::u8 ? type::i16 : u == type::u16 ? type::i32 : u == type::u32 ? type::i64 : type::f32;
}
real unit(type t) { return t == type::f32 ? 0x1p-24L : 0x1p-53L; }
bool unknown(bounded x) { return x.e == inf; }

int64_t count(sizes const& s) {
  int64_t n = 1;
  for (auto d : s) n *= d;
  return n;
}
std::string text(sizes const& s) {
  std::string r = "(";
  for (std::size_t i = 0; i < s.size(); ++i) r += (i ? ", " : "") + std::to_string(s[i]);
  return r + ")";
}

namespace {
node parse_at(std::string const& s, std::size_t& i) {
  auto const word = [&] {
    std::size_t const from = i;
    while (i < s.size() && s[i] != ' ' && s[i] != '(' && s[i] != ')') ++i;
    return s.substr(from, i - from);
  };
  node n;
  ++i;  // (
  std::string const head = word();
  auto const colon = head.find(':');
  n.op = head.substr(0, colon);
  if (colon != head.npos) n.t = type_named(head.substr(colon + 1));
  while (i < s.size() && s[i] != ')') {
    if (s[i] == ' ') ++i;
    else if (s[i] == '(') n.kids.push_back(parse_at(s, i));
    else n.words.push_back(word());
  }
  ++i;
  return n;
}
std::vector<std::string> parts(std::string const& s) {
  std::vector<std::string> r(1);
  for (char ch : s)
    if (ch == ',') r.emplace_back();
    else r.back() += ch;
  return r;
}
std::size_t number(std::string const& s) { return static_cast<std::size_t>(std::atoll(s.c_str())); }

bool reduces(std::string const& op) {
  for (char const* r : {"sum", "mean", "prod", "max", "min", "any", "all", "argmax", "argmin"})
    if (op == r) return true;
  return false;
}
struct folded {
  std::vector<bool> mask;
  bool keep = false;
};
folded folded_axes(node const& e, std::size_t word, std::size_t rank) {
  folded f{std::vector<bool>(rank), false};
  if (e.words.size() > word) {
    for (char ch : e.words[word])
      if (ch == 'k') f.keep = true;
      else if (ch != '-') f.mask[static_cast<std::size_t>(ch - '0')] = true;
  }
  return f;
}

void draw(context& c, span& s, int64_t n, int64_t asked) {  // asked < 0: any number of elements
  if (s.drawn) return;
  s.drawn = true;
  dice& roll = *c.roll;
  if (asked < 0) {
    int64_t a = roll.below(n + 1), b = roll.below(n + 1), step = 1 + roll.below(3);
    if (roll.chance(40)) a = 0, b = n, step = roll.chance(50) ? 1 : 2;
    if (roll.chance(60)) {
      if (a > b) std::swap(a, b);
      s.first = a, s.step = step, s.n = b > a ? (b - a + step - 1) / step : 0;
      s.start = a < n && roll.chance(30) ? a - n : a;
      s.stop = b == n && roll.chance(50) ? last_of_all : b;
    } else {  // from a - 1 down to b
      if (a < b) std::swap(a, b);
      s.first = a - 1, s.step = -step, s.n = a > b ? (a - b + step - 1) / step : 0;
      s.start = a == 0 ? first_of_all : a - 1;
      s.stop = b == 0 ? first_of_all : b - 1;
    }
    return;
  }
  int64_t const k = std::min(asked, n);
  int64_t const most = k > 1 ? (n - 1) / (k - 1) : 3;
  int64_t const step = roll.chance(30) ? 1 : 1 + roll.below(std::min<int64_t>(most, 3));
  int64_t const reach = k > 0 ? step * (k - 1) : 0;
  int64_t const from = k > 0 ? roll.below(n - reach) : 0;
  s.n = k;
  if (k > 0 && roll.chance(35)) {
    s.first = from + reach, s.step = -step, s.start = s.first;
    s.stop = from - step < 0 ? first_of_all : from - step;
  } else {
    s.first = from, s.step = step, s.start = from, s.stop = k > 0 ? from + step * (k - 1) + 1 : from;
    if (s.stop == n && roll.chance(50)) s.stop = last_of_all;
    if (k > 0 && roll.chance(25)) s.start -= n;
  }
}
}  // namespace

node parse(std::string const& tree) {
  std::size_t i = 0;
  return parse_at(tree, i);
}

void shapes(context& c, node& e) {
  if (c.wrong) return;
  if (e.op == "let") {
    shapes(c, e.kids[0]);
    if (c.wrong) return;
    c.cell_dims[e.words[0]] = e.kids[0].dims;
    shapes(c, e.kids[1]);
    e.dims = e.kids[1].dims;
    return;
  }
  for (auto& k : e.kids) shapes(c, k);
  if (c.wrong) return;
  if (e.op == "S") {
    e.dims = c.tensors[number(e.words[0])].dims;
  } else if (e.op == "lit") {
    e.dims = {};
  } else if (e.op == "cell") {
    e.dims = c.cell_dims[e.words[0]];
  } else if (e.op == "ix") {
    auto const& from = e.kids[0].dims;
    e.dims.clear();
    std::size_t at = 0;
    for (auto const& w : parts(e.words[0])) {
      if (w == "N") {
        e.dims.push_back(1);
      } else if (w == "D") {
        ++at;
      } else if (w == "a" || w == "R") {
        e.dims.push_back(from[at++]);
      } else if (w[0] == 'i') {
        auto const slot = number(w.substr(1));
        int64_t const n = from[at++];
        if (n == 0) {
          c.wrong = true;
          return;
        }
        if (!c.index_drawn[slot]) c.indices[slot] = c.roll->below(2 * n) - n, c.index_drawn[slot] = true;
      } else {
        auto const colon = w.find(':');
        auto& s = c.spans[number(w.substr(1, colon - 1))];
        std::string const symbol = colon == w.npos ? "" : w.substr(colon + 1);
        draw(c, s, from[at++], w[0] == 'f' ? -1 : symbol == "1" ? 1 : c.symbols[symbol]);
        e.dims.push_back(s.n);
      }
    }
  } else if (e.op == "perm") {
    e.dims.clear();
    for (auto const& w : parts(e.words[0])) e.dims.push_back(e.kids[0].dims[number(w)]);
  } else if (reduces(e.op)) {
    auto const& from = e.kids[0].dims;
    auto const f = folded_axes(e, 0, from.size());
    bool const needs = e.op == "max" || e.op == "min" || e.op == "argmax" || e.op == "argmin";
    e.dims.clear();
    for (std::size_t i = 0; i < from.size(); ++i) {
      if (f.mask[i] && needs && from[i] == 0) c.wrong = true;
      if (!f.mask[i]) e.dims.push_back(from[i]);
      else if (f.keep) e.dims.push_back(1);
    }
    c.work += static_cast<double>(count(from));
  } else if (e.op == "size") {
    e.dims = {};
  } else if (e.op == "matmul") {
    auto a = e.kids[0].dims, b = e.kids[1].dims;
    int64_t const inner = a.back();
    if (inner != (b.size() == 1 ? b[0] : b[0])) {
      c.wrong = true;
      return;
    }
    e.dims.clear();
    if (a.size() == 2) e.dims.push_back(a[0]);
    if (b.size() == 2) e.dims.push_back(b[1]);
    c.work += static_cast<double>(count(e.dims)) * static_cast<double>(inner);
  } else {  // maps broadcast
    std::size_t rank = 0;
    for (auto const& k : e.kids) rank = std::max(rank, k.dims.size());
    e.dims.assign(rank, 1);
    for (auto const& k : e.kids)
      for (std::size_t i = 0; i < k.dims.size(); ++i) {
        int64_t const d = k.dims[k.dims.size() - 1 - i];
        int64_t& r = e.dims[rank - 1 - i];
        if (d != 1 && r != 1 && d != r) c.wrong = true;
        if (d != 1) r = d;
      }
  }
  c.work += static_cast<double>(count(e.dims));
}

namespace {

// Offsets of a tensor of `from` sizes read with these strides, for all places of `dims` in order.
template <class F>
void walk(sizes const& dims, std::vector<std::vector<int64_t>> const& strides, std::vector<int64_t> base, F const& f) {
  int64_t const n = count(dims);
  sizes at(dims.size());
  std::vector<int64_t> off = base;
  for (int64_t k = 0; k < n; ++k) {
    f(k, off);
    for (std::size_t i = dims.size(); i-- > 0;) {
      ++at[i];
      for (std::size_t j = 0; j < off.size(); ++j) off[j] += strides[j][i];
      if (at[i] < dims[i]) break;
      for (std::size_t j = 0; j < off.size(); ++j) off[j] -= strides[j][i] * dims[i];
      at[i] = 0;
    }
  }
}
std::vector<int64_t> dense(sizes const& dims) {
  std::vector<int64_t> s(dims.size());
  int64_t n = 1;
  for (std::size_t i = dims.size(); i-- > 0;) s[i] = n, n *= dims[i];
  return s;
}
std::vector<int64_t> stretched(sizes const& own, sizes const& to) {
  auto const d = dense(own);
  std::vector<int64_t> s(to.size());
  for (std::size_t i = 0; i < own.size(); ++i)
    if (own[own.size() - 1 - i] != 1) s[to.size() - 1 - i] = d[own.size() - 1 - i];
  return s;
}

struct looking {
  int64_t base = 0;
  std::vector<int64_t> strides;
};
looking indexed(context& c, node const& e) {
  auto const& from = e.kids[0].dims;
  auto const d = dense(from);
  looking l;
  std::size_t at = 0;
  if (e.op == "perm") {
    for (auto const& w : parts(e.words[0])) l.strides.push_back(d[number(w)]);
    return l;
  }
  for (auto const& w : parts(e.words[0])) {
    if (w == "N") {
      l.strides.push_back(0);
      continue;
    }
    if (w == "D") {
    } else if (w == "a") {
      l.strides.push_back(d[at]);
    } else if (w == "R") {
      if (from[at] > 0) l.base += d[at] * (from[at] - 1);
      l.strides.push_back(-d[at]);
    } else if (w[0] == 'i') {
      int64_t const i = c.indices[number(w.substr(1))];
      l.base += d[at] * (i < 0 ? i + from[at] : i);
    } else {
      auto const& s = c.spans[number(w.substr(1, w.find(':') - 1))];
      l.base += d[at] * s.first;
      l.strides.push_back(d[at] * s.step);
    }
    ++at;
  }
  return l;
}

array reduced(context&, node const& e, array const& a) {
  auto const f = folded_axes(e, 0, a.dims.size());
  array r{e.t, e.dims, {}};
  sizes inner, outer;
  std::vector<int64_t> inner_strides, outer_strides;
  auto const d = dense(a.dims);
  for (std::size_t i = 0; i < a.dims.size(); ++i) {
    (f.mask[i] ? inner : outer).push_back(a.dims[i]);
    (f.mask[i] ? inner_strides : outer_strides).push_back(d[i]);
  }
  int64_t const n = count(inner);
  type const in = e.op == "mean" ? e.t : e.op == "sum" || e.op == "prod" ? e.t : a.t;
  walk(outer, {outer_strides}, {0}, [&](int64_t, std::vector<int64_t> const& start) {
    bounded out;
    auto const each = [&](auto const& g) {
      walk(inner, {inner_strides}, start, [&](int64_t k, std::vector<int64_t> const& at) {
        g(k, converted(a.x[static_cast<std::size_t>(at[0])], a.t, in));
      });
    };
    if (e.op == "sum" || e.op == "mean") {
      adder s{e.t};
      each([&](int64_t, bounded x) { s.add(x); });
      out = s.total(sum_error(n));
      if (e.op == "mean") out = n == 0 ? bounded{nan, 0} : over(e.t, out, {static_cast<real>(n), 0});
    } else if (e.op == "prod") {
      out = {1, 0};
      if (!is_float(e.t)) {
        each([&](int64_t, bounded x) { out = times(e.t, out, x); });
      } else {
        // Any order of multiplication: partial products must stay within range.
        real high = 0, low = 0, relative = 0;
        int bits = 0;
        bool nans = false, any = false, zero = false, infinite = false, vague = false;
        each([&](int64_t, bounded x) {
          if (is_nan(x)) nans = true;
          else if (unknown(x)) any = true;
          else if (std::isinf(x.v)) infinite = true, out.v *= x.v > 0 ? 1 : -1;
          else if (x.v == 0 && exact(x)) zero = true;
          else if (std::fabs(x.v) <= x.e) vague = true;
          else {
            real const l = std::log2(std::fabs(x.v));
            (l > 0 ? high : low) += l;
            relative += std::log1p(x.e / std::fabs(x.v));
            if (exact(x)) bits += std::ilogb(x.v) - quantum(x.v) + 1 - (std::ilogb(x.v) == quantum(x.v));
            else bits = 10000;
            out.v *= x.v;
          }
        });
        real const room = e.t == type::f32 ? 120 : 1000;
        if (nans || (zero && infinite)) out = {nan, 0};
        else if (any || vague) out = anything;
        else if (!no_rounding && (high > room || -low > room)) out = anything;
        else if (infinite) out = {out.v > 0 ? inf : -inf, 0};
        else if (zero) out = {0, 0};
        else if (no_rounding || bits <= digits(e.t)) out.e = 0;
        else if (relative > 5) out = anything;
        else out.e = std::fabs(out.v) * (std::expm1(relative + static_cast<real>(n + 2) * unit(e.t)) * 1.01L) + smallest(e.t);
      }
    } else if (e.op == "max" || e.op == "min") {
      bool first = true;
      each([&](int64_t, bounded x) {
        out = first ? x : extreme(out, x, e.op == "max");
        first = false;
      });
    } else if (e.op == "any" || e.op == "all") {
      bool const is_any = e.op == "any";
      bool vague = false, decided = false;
      each([&](int64_t, bounded x) {
        x = converted(x, in, type::b);
        if (unknown(x)) vague = true;
        else if ((x.v != 0) == is_any) decided = true;
      });
      out = decided ? (is_any ? yes : no) : vague ? anything : is_any ? no : yes;
    } else {  // argmax, argmin: of equal values the first; a NaN never
      bool const greater = e.op == "argmax";
      int64_t best = -1;
      real top = 0, top_e = 0;
      bool vague = false;
      each([&](int64_t k, bounded x) {
        if (unknown(x)) vague = true;
        if (unknown(x) || is_nan(x)) return;
        real const v = greater ? x.v : -x.v;
        if (best < 0 || v > top) best = k, top = v, top_e = x.e;
      });
      each([&](int64_t k, bounded x) {
        if (k == best || unknown(x) || is_nan(x) || best < 0) return;
        real const v = greater ? x.v : -x.v;
        if (v + x.e >= top - top_e && !(x.e == 0 && top_e == 0)) vague = true;
      });
      // What loses to every number gives 0, NaN or not.
      if (best >= 0 && is_float(a.t) && top == -inf) best = 0;
      if (best < 0) best = 0;
      out = vague ? anything : bounded{static_cast<real>(best), 0};
    }
    r.x.push_back(out);
  });
  return r;
}

array product(node const& e, array const& a, array const& b) {
  array r{e.t, e.dims, {}};
  int64_t const m = a.dims.size() == 2 ? a.dims[0] : 1, k = a.dims.back(), n = b.dims.size() == 2 ? b.dims[1] : 1;
  r.x.reserve(static_cast<std::size_t>(m * n));
  std::vector<bounded> left(a.x), right(b.x);
  for (auto& x : left) x = converted(x, a.t, e.t);
  for (auto& x : right) x = converted(x, b.t, e.t);
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j) {
      adder s{e.t};
      for (int64_t l = 0; l < k; ++l) {
        bounded const x = left[static_cast<std::size_t>(i * k + l)], y = right[static_cast<std::size_t>(l * n + j)];
        if (is_nan(x) || is_nan(y)) {
          s.add({nan, 0});
        } else if (unknown(x) || unknown(y) || std::isinf(x.v) || std::isinf(y.v)) {
          s.add(times(e.t, x, y));
        } else {  // the product itself isn't rounded
          real const p = x.v * y.v;
          real const own = std::fma(x.v, y.v, -p) == 0 ? 0 : std::fabs(p) * 0x1p-63L;
          s.add({p, 0}, no_rounding ? 0 : std::fabs(x.v) * y.e + std::fabs(y.v) * x.e + x.e * y.e + own + (p != 0 && std::fabs(p) < smallest(e.t) / unit(e.t) ? smallest(e.t) : 0));
        }
      }
      r.x.push_back(s.total(sum_error(k)));
    }
  return r;
}

array mapped(node const& e, std::vector<array> const& k) {
  array r{e.t, e.dims, {}};
  r.x.resize(static_cast<std::size_t>(count(e.dims)));
  std::vector<std::vector<int64_t>> strides;
  for (auto const& a : k) strides.push_back(stretched(a.dims, e.dims));
  auto const at = [&](std::size_t i, std::vector<int64_t> const& off, type as) {
    return converted(k[i].x[static_cast<std::size_t>(off[i])], k[i].t, as);
  };
  std::string const& op = e.op;
  std::vector<int64_t> const base(k.size());
  auto const each = [&](auto const& f) {
    walk(e.dims, strides, base, [&](int64_t i, std::vector<int64_t> const& off) { r.x[static_cast<std::size_t>(i)] = f(off); });
  };
  type const t = e.t;
  if (op == "add" || op == "sub") each([&](auto const& o) { return plus(t, at(0, o, t), at(1, o, t), op == "sub"); });
  else if (op == "mul") each([&](auto const& o) { return times(t, at(0, o, t), at(1, o, t)); });
  else if (op == "div") each([&](auto const& o) { return over(t, at(0, o, t), at(1, o, t)); });
  else if (op == "maximum" || op == "minimum")
    each([&](auto const& o) { return extreme(at(0, o, t), at(1, o, t), op == "maximum"); });
  else if (op == "and" || op == "or")
    each([&](auto const& o) {
      bounded const a = at(0, o, type::b), b = at(1, o, type::b);
      real const decides = op == "or" ? 1 : 0;
      if ((!unknown(a) && a.v == decides) || (!unknown(b) && b.v == decides)) return bounded{decides, 0};
      return unknown(a) || unknown(b) ? anything : bounded{1 - decides, 0};
    });
  else if (op == "not")
    each([&](auto const& o) {
      bounded const a = at(0, o, type::b);
      return unknown(a) ? anything : bounded{1 - a.v, 0};
    });
  else if (op == "isnan")
    each([&](auto const& o) {
      bounded const a = at(0, o, k[0].t);
      return is_nan(a) ? yes : unknown(a) ? anything : no;
    });
  else if (op == "lt" || op == "le" || op == "gt" || op == "ge" || op == "eq" || op == "ne") {
    type const in = promote(k[0].t, k[1].t);
    each([&](auto const& o) { return compared(op, at(0, o, in), at(1, o, in)); });
  } else if (op == "where")
    each([&](auto const& o) {
      bounded const c = at(0, o, type::b), a = at(1, o, t), b = at(2, o, t);
      return unknown(c) ? hull(a, b, !is_float(t)) : c.v != 0 ? a : b;
    });
  else if (op == "cast") each([&](auto const& o) { return at(0, o, t); });
  else each([&](auto const& o) { return function(op, t, at(0, o, t)); });
  return r;
}

}  // namespace

array value(context& c, node const& e) {
  no_rounding = c.plain;
  if (e.op == "let") {
    c.cells[e.words[0]] = value(c, e.kids[0]);
    array r = value(c, e.kids[1]);
    c.cells.erase(e.words[0]);
    return r;
  }
  if (e.op == "S") return c.tensors[number(e.words[0])];
  if (e.op == "cell") return c.cells[e.words[0]];
  if (e.op == "lit") {
    real const v = std::strtold(e.words[0].c_str(), nullptr);
    return {e.t, {}, {{is_float(e.t) ? to_nearest(e.t, v) : v, 0}}};
  }
  std::vector<array> k;
  for (auto const& kid : e.kids) k.push_back(value(c, kid));
  if (e.op == "size") {
    auto const f = folded_axes(e, 1, e.kids[0].dims.size());
    int64_t n = 1;
    for (std::size_t i = 0; i < f.mask.size(); ++i)
      if (f.mask[i]) n *= e.kids[0].dims[i];
    n -= static_cast<int64_t>(number(e.words[0]));
    return {e.t, {}, {{to_nearest(e.t, static_cast<real>(n < 0 ? 0 : n)), 0}}};
  }
  if (e.op == "ix" || e.op == "perm") {
    auto const l = indexed(c, e);
    array r{k[0].t, e.dims, {}};
    r.x.reserve(static_cast<std::size_t>(count(e.dims)));
    walk(e.dims, {l.strides}, {l.base}, [&](int64_t, std::vector<int64_t> const& at) { r.x.push_back(k[0].x[static_cast<std::size_t>(at[0])]); });
    return r;
  }
  if (reduces(e.op)) return reduced(c, e, k[0]);
  if (e.op == "matmul") return product(e, k[0], k[1]);
  return mapped(e, k);
}

std::vector<int64_t> places(context& c, node const& e) {
  std::vector<int64_t> r;
  if (e.op == "S") {
    for (int64_t i = 0; i < count(e.dims); ++i) r.push_back(i);
    return r;
  }
  auto const inner = places(c, e.kids[0]);
  auto const l = indexed(c, e);
  walk(e.dims, {l.strides}, {l.base}, [&](int64_t, std::vector<int64_t> const& at) { r.push_back(inner[static_cast<std::size_t>(at[0])]); });
  return r;
}

}  // namespace fuzz
