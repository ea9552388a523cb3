#include "driver.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

namespace fuzz {
namespace {

using real = long double;

struct bytes {
  sizes dims;
  std::vector<unsigned char> data;
  bool operator==(bytes const&) const = default;
};

std::string exactly(real v, type t) {
  char out[80];
  if (is_float(t)) std::snprintf(out, sizeof out, "%.*Lg", t == type::f32 ? 9 : 17, v);
  else std::snprintf(out, sizeof out, "%.0Lf", v);
  return out;
}

real element(type t, unsigned char const* p, int64_t i) {
  auto const get = [&]<class T>(T v) {
    std::memcpy(&v, p + static_cast<std::size_t>(i) * sizeof(T), sizeof(T));
    return static_cast<real>(v);
  };
  switch (t) {
    case type::b: return static_cast<real>(p[i]);  // a byte that is neither 0 nor 1 is an error
    case type::u8: return get(std::uint8_t{});
    case type::u16: return get(std::uint16_t{});
    case type::u32: return get(std::uint32_t{});
    case type::u64: return get(std::uint64_t{});
    case type::i8: return get(std::int8_t{});
    case type::i16: return get(std::int16_t{});
    case type::i32: return get(std::int32_t{});
    case type::i64: return get(std::int64_t{});
    case type::f32: return get(float{});
    default: return get(double{});
  }
}
void put(type t, unsigned char* p, std::uint64_t bits) { std::memcpy(p, &bits, size_of(t)); }
void put_float(type t, unsigned char* p, double v) {
  float const f = static_cast<float>(v);
  if (t == type::f32) std::memcpy(p, &f, 4);
  else std::memcpy(p, &v, 8);
}

enum class values { small, plain, special, few, positive, wild };
bytes filled(dice& roll, type t, sizes const& dims, values how) {
  bytes b{dims, std::vector<unsigned char>(static_cast<std::size_t>(count(dims)) * size_of(t))};
  int64_t const n = count(dims);
  int const share = how == values::wild ? 3 : 12;
  for (int64_t i = 0; i < n; ++i) {
    auto* p = b.data.data() + static_cast<std::size_t>(i) * size_of(t);
    if (t == type::b) {
      *p = roll.chance(how == values::few ? 90 : 50);
    } else if (!is_float(t)) {
      std::uint64_t v = 0;
      switch (how) {
        case values::few: v = static_cast<std::uint64_t>(roll.below(2)); break;
        case values::plain: v = roll.next(); break;
        case values::special:
        case values::wild: {
          std::uint64_t const top = ~std::uint64_t{0} >> (64 - 8 * size_of(t));
          std::uint64_t const edge[] = {0, 1, top, top / 2, top / 2 + 1, top - 1};
          v = roll.below(share) == 0 ? roll.pick(edge) : roll.next();
          break;
        }
        case values::positive: v = static_cast<std::uint64_t>(1 + roll.below(9)); break;
        default: v = static_cast<std::uint64_t>(is_unsigned(t) ? roll.below(20) : roll.below(20) - 8); break;
      }
      put(t, p, v);
    } else {
      double v = 0;
      switch (how) {
        case values::small: v = static_cast<double>(roll.below(65) - 32) / 4; break;
        case values::plain: v = roll.real() * 4 - 2; break;
        case values::few: v = static_cast<double>(roll.below(3) - 1); break;
        case values::positive: v = roll.real() * 1.5 + 0.5; break;
        default:
          v = roll.real() * 4 - 2;
          if (roll.below(share) == 0) {
            bool const single = t == type::f32;
            double const inf = std::numeric_limits<double>::infinity();
            double const odd[] = {inf, -inf, std::numeric_limits<double>::quiet_NaN(), -0.0, 0.0, 1,
                                  single ? 1e-40 : 1e-310, single ? -3e38 : -1.5e308, single ? 2e38 : 1e308,
                                  single ? 1.2e-38 : 2.3e-308, 88.7, -104, 1e6, 0.5, 2.5, -1};
            v = roll.pick(odd);
          }
      }
      put_float(t, p, v);
    }
  }
  return b;
}

array as_array(type t, bytes const& b) {
  array a{t, b.dims, {}};
  int64_t const n = count(b.dims);
  a.x.reserve(static_cast<std::size_t>(n));
  for (int64_t i = 0; i < n; ++i) a.x.push_back({element(t, b.data.data(), i), 0});
  return a;
}
bytes taken(held const& h) {
  bytes b{h.dims(), {}};
  auto const* p = static_cast<unsigned char const*>(h.data());
  std::size_t const n = static_cast<std::size_t>(count(b.dims)) * size_of(h.element());
  if (n) b.data.assign(p, p + n);
  return b;
}

// "" or where they differ first
std::string difference(type t, bytes const& got, array const& want, double& exact, double& bound, double& vague) {
  if (got.dims != want.dims) return "the shape is " + text(got.dims) + " instead of " + text(want.dims);
  int64_t const n = count(want.dims);
  for (int64_t i = 0; i < n; ++i) {
    bounded const w = want.x[static_cast<std::size_t>(i)];
    real const g = element(t, got.data.data(), i);
    bool good = true;
    if (t == type::b && g > 1) {
      good = false;
    } else if (unknown(w)) {
      ++vague;
    } else if (std::isnan(w.v)) {
      ++exact;
      good = std::isnan(g);
    } else if (w.e == 0 || std::isinf(w.v)) {
      ++exact;
      good = g == w.v;
    } else {
      w.e <= 1e-3L * std::fabs(w.v) || w.e < 1e-4L ? ++bound : ++vague;
      good = std::fabs(g - w.v) <= w.e;
    }
    if (!good) {
      sizes at(want.dims.size());
      int64_t left = i;
      for (std::size_t k = at.size(); k-- > 0;) at[k] = left % want.dims[k], left /= want.dims[k];
      return "at " + text(at) + " of " + text(want.dims) + ": got " + exactly(g, t) + ", want " + exactly(w.v, t) +
             (w.e > 0 ? " within " + exactly(w.e, type::f32) : "");
    }
  }
  return "";
}

std::uint64_t hash(char const* s) {
  std::uint64_t h = 1469598103934665603u;
  for (; *s; ++s) h = (h ^ static_cast<unsigned char>(*s)) * 1099511628211u;
  return h;
}

struct tensor_spec {
  type t;
  std::vector<std::string> axes;  // x:m may become 1, o:m not, w:m is wider than m, 1, ? a result
  bool result = false;
};
// One statement, taken apart.
struct plan {
  statement const* s;
  node tree;
  std::vector<tensor_spec> tensors;
  std::vector<std::string> symbols;
  std::vector<node> results;  // (set i tree) (place i where tree) (grad i j)
  int spans = 0, indices = 0;
};
plan plan_of(statement const& s) {
  plan p{&s, parse(s.tree), {}, {}, {}, 0, 0};
  for (auto& part : p.tree.kids) {
    if (part.op == "tensors") {
      for (auto const& k : part.kids) {
        tensor_spec t{k.t, k.words, false};
        t.result = k.op == "out";
        p.tensors.push_back(t);
      }
    } else if (part.op == "results") {
      p.results = part.kids;
    } else if (part.op == "sizes") {
      p.symbols = part.words;
    } else if (part.op == "slots") {
      p.spans = std::atoi(part.words[0].c_str()), p.indices = std::atoi(part.words[1].c_str());
    }
  }
  return p;
}

int64_t const tiny[] = {0, 1, 1, 1, 2, 2, 3, 4, 5};
int64_t const narrow[] = {1, 2, 3, 4, 5, 7, 8, 9, 11, 13, 15, 16, 17, 19, 23, 31, 32, 33, 37, 47, 63, 64, 65};
int64_t const middle[] = {48, 63, 64, 65, 66, 79, 95, 96, 97, 127, 128, 129, 130};
int64_t const tall[] = {255, 256, 257, 512, 513, 600, 769, 1100};
int64_t const wide[] = {1025, 2047, 2049, 4097, 8191, 8192, 8193, 16384, 16385, 20011, 24577, 40961};
int64_t const huge[] = {70001, 131073, 140000};
int64_t const some[] = {1, 1, 2, 3, 4, 5};

std::map<std::string, int64_t> draw_sizes(dice& roll, plan const& p, bool small_blocks, int how, int attempt) {
  std::map<std::string, int64_t> m;
  std::size_t const n = p.symbols.size();
  auto const special = static_cast<std::size_t>(roll.below(static_cast<int64_t>(n)));
  auto const second = static_cast<std::size_t>(roll.below(static_cast<int64_t>(n)));
  for (std::size_t i = 0; i < n; ++i) {
    int64_t d;
    if (attempt > 12) d = roll.pick(some);
    else if (how < 16) d = roll.pick(tiny);
    else if (how < 46 || (small_blocks && how < 76)) d = roll.pick(narrow);
    else if (how < 54) d = i == special || i == second ? roll.pick(middle) : roll.pick(some);
    else if (how < 78) d = i == special ? roll.pick(tall) : i == second ? roll.pick(narrow) : roll.pick(some);
    else if (how < 97) d = i == special ? roll.pick(wide) : roll.pick(some);
    else d = i == special ? (n > 1 && roll.chance(60) ? 300 + roll.below(400) : roll.pick(huge)) : i == second ? 400 : roll.pick(some);
    m[p.symbols[i]] = d;
  }
  return m;
}

struct counts {
  int64_t cases = 0, refusals = 0, gradients = 0, kinks = 0;
  double exact = 0, bound = 0, vague = 0;
};

struct tester {
  program const& p;
  std::uint64_t seed;
  counts n;
  int failures = 0;
  bool verbose = false;

  // One case of one statement; false: it failed.
  bool once(plan& s, int64_t number) {
    dice roll(seed * 1000003 + hash(s.s->name) + static_cast<std::uint64_t>(number) * 7919);
    context c;
    std::vector<bytes> start;
    bool const gradient = std::any_of(s.results.begin(), s.results.end(), [](node const& r) { return r.op == "grad"; });
    int const how = static_cast<int>(roll.below(gradient ? 62 : 100));
    int const temper = static_cast<int>(roll.below(100));
    bool const flips = roll.chance(25);
    double const limit = gradient ? 6e3 : how >= 97 ? 4e6 : 4e5;
    for (int attempt = 0;; ++attempt) {
      c = context();
      c.roll = &roll;
      c.spans.resize(static_cast<std::size_t>(s.spans));
      c.indices.resize(static_cast<std::size_t>(s.indices));
      c.index_drawn.resize(static_cast<std::size_t>(s.indices));
      c.symbols = draw_sizes(roll, s, p.small_blocks, how, attempt);
      double elements = 0;
      for (auto const& t : s.tensors) {
        array a{t.t, {}, {}};
        for (auto const& w : t.axes) {
          int64_t d = 1;
          if (w == "?") d = roll.below(4);
          else if (w != "1") d = c.symbols[w.substr(2)];
          if (w[0] == 'w') d = d * (1 + roll.below(3)) + roll.below(4);
          if (w[0] == 'x' && flips && roll.chance(30)) d = 1;
          a.dims.push_back(d);
        }
        elements += static_cast<double>(count(a.dims));
        c.tensors.push_back(a);
      }
      c.work = elements;
      for (auto& r : s.results)
        for (auto& k : r.kids) shapes(c, k);
      if (c.work <= limit || attempt > 40) break;
    }
    // A region takes a value of its own shape, `+=` keeps the shape of its left side.
    for (auto& r : s.results) {
      if (c.wrong) break;
      if (r.op == "place" && r.kids[0].dims != r.kids[1].dims && !(r.words.size() > 1 && r.kids[1].dims.empty())) c.wrong = true;
      if (r.op == "update" && r.kids[0].dims != c.tensors[static_cast<std::size_t>(std::atoi(r.words[0].c_str()))].dims) c.wrong = true;
    }
    if (c.wrong && !p.can_refuse) return true;

    for (std::size_t i = 0; i < s.tensors.size(); ++i) {
      int const w = (temper + static_cast<int>(roll.below(30))) % 100;
      values const v = gradient ? (roll.chance(30) ? values::positive : values::plain)
                       : w < 25 ? values::small
                       : w < 50 ? values::plain
                       : w < 62 ? values::few
                       : w < 75 ? values::positive
                       : w < 93 ? values::special
                                : values::wild;
      start.push_back(filled(roll, s.tensors[i].t, c.tensors[i].dims, v));
      c.tensors[i] = as_array(s.tensors[i].t, start.back());
    }

    // weft, on one thread and on three
    std::vector<bytes> end[2];
    outcome how_it_went[2];
    for (int round = 0; round < 2; ++round) {
      run r;
      r.spans = c.spans;
      r.indices = c.indices;
      for (std::size_t i = 0; i < s.tensors.size(); ++i) {
        r.tensors.push_back(s.s->make[i]());
        r.tensors.back()->fill(start[i].dims, start[i].data.data());
      }
      p.set_threads(round == 0 ? 1 : 3);
      how_it_went[round] = s.s->execute(r);
      for (auto const& t : r.tensors) end[round].push_back(taken(*t));
    }
    ++n.cases;
    auto const fail = [&](std::string const& what) {
      report(s, c, start, number, what);
      return false;
    };
    if (how_it_went[0] != how_it_went[1]) return fail("1 and 3 threads differ in whether it is refused");
    bool const refused = how_it_went[0] == outcome::refused;
    if (refused != c.wrong) return fail(refused ? "refused, but the sizes are right" : "accepted, but the sizes are wrong");
    if (end[0] != end[1]) {
      for (std::size_t i = 0; i < end[0].size(); ++i)
        if (end[0][i] != end[1][i]) return fail("1 and 3 threads give different bits of tensor " + std::to_string(i));
    }
    if (refused) {
      ++n.refusals;
      for (std::size_t i = 0; i < start.size(); ++i)
        if (end[0][i] != start[i]) return fail("refused, but tensor " + std::to_string(i) + " was changed");
      return true;
    }

    std::vector<char> written(s.tensors.size());
    for (auto const& r : s.results) {
      auto const to = static_cast<std::size_t>(std::atoi(r.words[0].c_str()));
      written[to] = true;
      type const t = s.tensors[to].t;
      if (r.op == "grad") {
        std::string const what = gradient_error(s, c, r, end[0][to]);
        if (!what.empty()) return fail(what);
        continue;
      }
      array want;
      if (r.op == "place") {
        array const v = value(c, r.kids[1]);
        want = c.tensors[to];
        auto const at = places(c, r.kids[0]);
        for (std::size_t i = 0; i < at.size(); ++i) want.x[static_cast<std::size_t>(at[i])] = converted_to(t, v, v.dims.empty() ? 0 : i);
      } else {
        array const v = value(c, r.kids[0]);
        want = array{t, v.dims, {}};
        for (std::size_t i = 0; i < v.x.size(); ++i) want.x.push_back(converted_to(t, v, i));
      }
      std::string const what = difference(t, end[0][to], want, n.exact, n.bound, n.vague);
      if (!what.empty()) return fail("tensor " + std::to_string(to) + " " + what);
    }
    for (std::size_t i = 0; i < start.size(); ++i)
      if (!written[i] && end[0][i] != start[i]) return fail("tensor " + std::to_string(i) + ", which is only read, was changed");
    return true;
  }

  static bounded converted_to(type t, array const& v, std::size_t i) {
    (void)t;  // a wider type of the same kind
    return v.x[i];
  }

  // The gradient `got` of result 0 with respect to a tensor, against central differences of the reference.
  std::string gradient_error(plan const& s, context& c, node const& r, bytes const& got) {
    auto const leaf = static_cast<std::size_t>(std::atoi(r.words[1].c_str()));
    array const x = c.tensors[leaf];
    if (got.dims != x.dims) return "the gradient's shape is " + text(got.dims) + " instead of " + text(x.dims);
    auto const size = static_cast<std::size_t>(count(x.dims));
    if (size == 0) return "";
    node const& f = s.results[0].kids[0];
    std::vector<real> g(size);
    real largest = 0;
    for (std::size_t i = 0; i < size; ++i) {
      g[i] = element(type::f64, got.data.data(), static_cast<int64_t>(i));
      if (std::isfinite(static_cast<double>(g[i]))) largest = std::max(largest, std::fabs(g[i]));
    }
    c.plain = true;
    std::vector<real> d(size);
    auto const at = [&](real h) {
      for (std::size_t i = 0; i < size; ++i) c.tensors[leaf].x[i].v = x.x[i].v + h * d[i];
      real const v = value(c, f).x[0].v;
      return v;
    };
    std::string what;
    std::size_t const each = size <= 24 ? size : 8;
    for (std::size_t round = 0; round <= each && what.empty(); ++round) {
      for (auto& v : d) v = 0;
      std::size_t const one = size <= 24 ? round : static_cast<std::size_t>(c.roll->below(static_cast<int64_t>(size)));
      if (round == each)
        for (auto& v : d) v = static_cast<real>(c.roll->below(5) - 2) / 2;
      else
        d[one] = 1;
      real const h = 0x1p-20L;
      real const v0 = at(0), p1 = at(h), m1 = at(-h), p2 = at(2 * h), m2 = at(-2 * h);
      real const slope = (8 * (p1 - m1) - (p2 - m2)) / (12 * h);
      real own = 0, sum = 0;
      for (std::size_t i = 0; i < size; ++i) own += g[i] * d[i], sum += std::fabs(g[i] * d[i]);
      real const scale = std::max({std::fabs(slope), sum, 1e-2L * largest, 1e-3L * std::max(real(1), std::fabs(v0))});
      real const kink = std::fabs((p1 - v0) - (v0 - m1)) / h;
      if (!std::isfinite(static_cast<double>(slope)) || kink > 1e-2L * scale ||
          std::fabs((p2 - m2) / (4 * h) - (p1 - m1) / (2 * h)) > 1e-6L * scale) {
        ++n.kinks;
        continue;
      }
      ++n.gradients;
      if (!(std::fabs(own - slope) <= 1e-6L * scale))
        what = (round == each ? "gradient of tensor " + std::to_string(leaf) + " along a random direction"
                              : "gradient of tensor " + std::to_string(leaf) + " " + text(x.dims) + " at element " + std::to_string(one)) +
               ": got " + exactly(own, type::f64) + ", want " + exactly(slope, type::f64);
    }
    c.plain = false;
    c.tensors[leaf] = x;
    return what;
  }

  void report(plan const& s, context const& c, std::vector<bytes> const& start, int64_t number, std::string const& what) {
    ++failures;
    std::printf("\nFAILED %s: %s\n", s.s->name, what.c_str());
    std::printf("  again: %s --seed %llu --statement %s --case %lld\n", p.name, static_cast<unsigned long long>(seed), s.s->name,
                static_cast<long long>(number));
    std::printf("  %s\n", s.s->code);
    for (std::size_t i = 0; i < start.size(); ++i) {
      type const t = s.tensors[i].t;
      std::printf("  tensor %zu: %s %s%s", i, name_of(t), text(start[i].dims).c_str(), s.tensors[i].result ? " (result)" : "");
      if (count(start[i].dims) <= 24 && !s.tensors[i].result) {
        std::printf(" =");
        for (int64_t k = 0; k < count(start[i].dims); ++k) std::printf(" %s", exactly(element(t, start[i].data.data(), k), t).c_str());
      }
      std::printf("\n");
    }
    auto const place = [](int64_t i) { return i == last_of_all ? std::string("end") : i == first_of_all ? std::string("begin") : std::to_string(i); };
    for (std::size_t i = 0; i < c.spans.size(); ++i)
      std::printf("  V[%zu] = range(%s, %s, %lld)\n", i, place(c.spans[i].start).c_str(), place(c.spans[i].stop).c_str(), static_cast<long long>(c.spans[i].step));
    for (std::size_t i = 0; i < c.indices.size(); ++i) std::printf("  I[%zu] = %lld\n", i, static_cast<long long>(c.indices[i]));
    std::fflush(stdout);
  }
};

}  // namespace

int run_program(program const& p, int argc, char** argv) {
  std::uint64_t seed = p.seed;
  double seconds = 0, at_most = 30;
  int64_t cases = 160, only_case = -1;
  std::string only;
  bool verbose = false;
  if (char const* e = std::getenv("WEFT_FUZZ_SEED")) seed = std::strtoull(e, nullptr, 10);
  if (char const* e = std::getenv("WEFT_FUZZ_SECONDS")) seconds = std::atof(e);
  for (int i = 1; i < argc; ++i) {
    std::string const a = argv[i];
    bool const more = i + 1 < argc;
    if (a == "--seed" && more) seed = std::strtoull(argv[++i], nullptr, 10);
    else if (a == "--seconds" && more) seconds = std::atof(argv[++i]);
    else if (a == "--cases" && more) cases = std::atoll(argv[++i]);
    else if (a == "--statement" && more) only = argv[++i];
    else if (a == "--case" && more) only_case = std::atoll(argv[++i]);
    else if (a == "--verbose") verbose = true;
    else {
      std::printf("%s [--seed n] [--cases n] [--seconds s] [--statement name] [--case n] [--verbose]\n"
                  "Environment: WEFT_FUZZ_SEED, WEFT_FUZZ_SECONDS\n", argv[0]);
      return 2;
    }
  }
  tester t{p, seed, {}, 0, verbose};
  std::vector<plan> plans;
  for (int i = 0; i < p.count; ++i)
    if (only.empty() || only == p.statements[i].name) plans.push_back(plan_of(p.statements[i]));
  std::vector<int> failed(plans.size());
  auto const begun = std::chrono::steady_clock::now();
  auto const elapsed = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count(); };
  int64_t k = only_case >= 0 ? only_case : 0;
  bool in_time = true;
  for (; in_time; ++k) {
    if (only_case >= 0 ? k > only_case : seconds <= 0 && k >= cases) break;
    for (std::size_t i = 0; i < plans.size(); ++i) {
      if (failed[i] >= 2) continue;
      auto const from = elapsed();
      if (!t.once(plans[i], k)) ++failed[i];
      if (verbose && elapsed() - from > 0.2) std::printf("%s case %lld: %.2f s\n", plans[i].s->name, static_cast<long long>(k), elapsed() - from);
      if (only_case < 0 && elapsed() > (seconds > 0 ? seconds : at_most)) {
        in_time = false;
        break;
      }
    }
  }
  auto const failing = std::count_if(failed.begin(), failed.end(), [](int f) { return f > 0; });
  double const all = std::max(1.0, t.n.exact + t.n.bound + t.n.vague);
  std::printf("%s: seed %llu, %zu statements, %lld cases (%lld refused as they must be) in %.1f s: %.3g elements, %.0f %% exact, "
              "%.0f %% within a bound, %.0f %% undecided; %lld derivatives, %lld kinks; %d statements failed\n",
              p.name, static_cast<unsigned long long>(seed), plans.size(), static_cast<long long>(t.n.cases),
              static_cast<long long>(t.n.refusals), elapsed(), all, 100 * t.n.exact / all, 100 * t.n.bound / all,
              100 * t.n.vague / all, static_cast<long long>(t.n.gradients), static_cast<long long>(t.n.kinks), static_cast<int>(failing));
  if (!in_time && seconds <= 0) std::printf("stopped after %lld rounds: %.0f s are over\n", static_cast<long long>(k), at_most);
  return failing ? 1 : 0;
}

}  // namespace fuzz
