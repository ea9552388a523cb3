// The judge of the fuzz programs: a statement as data, evaluated in long double, every number with a bound of what
// rounding may have made of it. Knows nothing of weft, and is compiled once.
//
//   node e = parse("(add:f32 (S:f32 0) (sum:f32 1k (S:f32 0)))");
//   context c{...};  shapes(c, e);  array want = value(c, e);
//
// A tree is (operation:type word... child...); generate.py writes it beside the C++ text of the statement:
//   S i                 tensor i                     lit x       a number
//   ix a,r0:m,i1,N,R,f2 indices: all of it; range 0 of m elements; index 1; a new axis; backwards; any range
//   perm 1,0            axes in another order
//   add .. where, cast  maps; operands broadcast      sum 01k     reductions: axes, k: they stay as size 1
//   size d,axes         elements along the axes of the child, less d
//   matmul, let n, cell n
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace fuzz {

using std::int64_t;

enum class type : std::uint8_t { b, u8, u16, u32, u64, i8, i16, i32, i64, f32, f64 };
type type_named(std::string const& name);
char const* name_of(type t);
std::size_t size_of(type t);
bool is_float(type t);
bool is_unsigned(type t);
type promote(type a, type b);
long double unit(type t);  // half an ulp of 1

// A number and how far off it may be: e = 0 is exactly v, an infinite e anything at all.
struct bounded {
  long double v = 0, e = 0;
};
bool unknown(bounded x);

using sizes = std::vector<int64_t>;
int64_t count(sizes const& s);
std::string text(sizes const& s);

struct array {
  type t = type::f64;
  sizes dims;
  std::vector<bounded> x;
};

struct dice {
  std::uint64_t state;
  explicit dice(std::uint64_t seed) : state(seed * 0x9e3779b97f4a7c15u + 0x2545f4914f6cdd1du) { next(), next(); }
  std::uint64_t next() {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return state * 0x2545f4914f6cdd1du;
  }
  int64_t below(int64_t n) { return n < 1 ? 0 : static_cast<int64_t>((next() >> 11) % static_cast<std::uint64_t>(n)); }
  bool chance(int percent) { return below(100) < percent; }
  double real() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  template <class T, std::size_t N>
  T pick(T const (&of)[N]) {
    return of[below(static_cast<int64_t>(N))];
  }
};

struct node {
  std::string op;
  type t = type::f64;
  std::vector<std::string> words;
  std::vector<node> kids;
  sizes dims;  // found by shapes()
};
node parse(std::string const& tree);

// What range(start, stop, step) becomes once it is drawn.
struct span {
  int64_t start = 0, stop = 0, step = 1;  // as the user writes them
  int64_t first = 0, n = 0;               // what they mean
  bool drawn = false;
};
constexpr int64_t last_of_all = INT64_MAX, first_of_all = INT64_MIN;

struct context {
  dice* roll = nullptr;
  std::map<std::string, int64_t> symbols;
  std::vector<array> tensors;
  std::vector<span> spans;
  std::vector<int64_t> indices;
  std::vector<char> index_drawn;
  std::map<std::string, array> cells;
  std::map<std::string, sizes> cell_dims;
  bool wrong = false;   // the statement is a mistake for these sizes: weft must say so
  bool plain = false;   // no rounding, no bounds: for differences
  double work = 0;      // elements times operations
};

// Sizes of every node; draws ranges and indices.
void shapes(context& c, node& e);
array value(context& c, node const& e);
// Positions in tensor i that `(ix .. (S i))`, `(perm .. ...)` names, in order.
std::vector<int64_t> places(context& c, node const& e);

}  // namespace fuzz
