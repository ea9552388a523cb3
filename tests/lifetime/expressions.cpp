// Expressions own what they need: returned, stored, moved, copied, with temporaries at every depth. Worth most under
// the address sanitizer: blocks at rest are poisoned for it.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "../engine/oracle.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <vector>

using namespace oracle;
using weft::all, weft::axis, weft::keepdims, weft::let, weft::range, weft::tensor;

namespace {
tensor<float, 2> made(float value = 2) { return weft::full<float>({3, 4}, value); }
// The blocks of whatever has died are used for something else.
void reuse() {
  std::vector<tensor<float, 2>> others;
  for (int i = 0; i < 20; ++i) others.push_back(weft::full<float>({3, 4}, -1000));
}

auto map_of_locals() {
  auto a = made(), b = made(3);
  return a * 2 + b;
}
auto map_of_temporaries() { return exp(made() - made()) * (made(1) + 1) / -(-made(2)); }
auto reduction() { return sum(made() * made(3), axis<1>) - max(made(), axis<1>); }
auto row_program() { return softmax(made() * made(3)) + made(1); }
auto named() {
  float const factor = 3;
  auto const local = made(5);
  return let(made() + 1, [&](auto c) { return let(c * factor, [&](auto d) { return d - c + local; }); });
}
auto product() { return relu(matmul(made() * 2, transpose(made(1) + 0)) + made(7)(all, 0)); }
auto view_of_temporary() { return made(4)(all, range(0, 4, 2))(range(2, weft::begin, -1), all); }
auto view_of_expression() { return transpose((made() + made(1))(range(0, 2), all)); }
auto broadcast() { return weft::broadcast_to(made(6)(0, all), {3, 4}) + weft::expand_dims(made(1)(0), 0); }
auto through_arguments(auto x, auto const& y, auto&& z) { return x + y * z; }
auto at_run_time(index_t at) { return softmax(made() * 2, at) + sum(made(), at, keepdims); }
template <class E>
bool all_are(E const& e, double value) {
  reuse();
  tensor<float, E::dims.rank> const t = e;
  for (index_t i = 0; i < t.size(); ++i)
    if (std::abs(double(t.data()[i]) - value) > 1e-5) return false;
  return t.size() > 0;
}
}  // namespace

TEST_CASE("returned") {
  CHECK(all_are(map_of_locals(), 7));
  CHECK(all_are(map_of_temporaries(), 1));
  CHECK(all_are(reduction(), 22));
  CHECK(all_are(row_program(), 1.25));
  CHECK(all_are(named(), 11));
  CHECK(all_are(product(), 23));
  CHECK(all_are(view_of_temporary(), 4));
  CHECK(all_are(view_of_expression(), 3));
  CHECK(all_are(broadcast(), 7));
  CHECK(all_are(at_run_time(1), 8.25));
  CHECK(all_are(through_arguments(made(), made(3), made(4) - 1), 11));
}

TEST_CASE("kept by name, then evaluated") {
  auto a = map_of_temporaries();
  auto b = row_program();
  auto c = named();
  auto d = product();
  auto e = view_of_expression();
  auto f = reduction();
  reuse();
  CHECK(all_are(a, 1));
  CHECK(all_are(b, 1.25));
  CHECK(all_are(c, 11));
  CHECK(all_are(d, 23));
  CHECK(all_are(e, 3));
  CHECK(all_are(f, 22));
  auto g = a + b * sum(c) - transpose(d)(0, 0);
  CHECK(all_are(g, 1 + 1.25 * 132 - 23));
}

TEST_CASE("stored, copied, moved, forgotten") {
  using type = decltype(map_of_locals());
  std::vector<type> many(3, map_of_locals());
  many.push_back(many[0]);
  many.erase(many.begin(), many.begin() + 2);
  CHECK(all_are(many[1], 7));
  std::optional<type> maybe = many[0];
  type moved = std::move(*maybe);
  maybe.reset();
  many.clear();
  CHECK(all_are(moved, 7));
  auto kept = std::make_unique<type>(std::move(moved));
  type copy = *kept;
  kept.reset();
  CHECK(all_are(copy, 7));
  std::function<tensor<float, 2>()> later = [e = row_program()] { return eval(e); };
  reuse();
  CHECK(all_are(later(), 1.25));
}

TEST_CASE("operands are written to, moved from, destroyed") {
  auto a = made(), b = made(3);
  auto e = a + b;
  auto v = a(0, all);
  auto w = std::as_const(b)(all, range(1, 3));
  a = b;
  b(all, all) = 0;
  { auto gone = std::move(a); }
  reuse();
  CHECK(all_are(e, 5));
  CHECK(all_are(v, 2));
  CHECK(all_are(w, 3));
}

TEST_CASE("elements of temporaries, numbers of temporaries") {
  auto element = made(9)(1, 2);
  reuse();
  CHECK(element == 9);
  float const total = sum(made() * made(3));
  CHECK(total == 72);
  auto lazy = sum(made() + 1);
  reuse();
  CHECK(float(lazy) == 36);
  CHECK(float(lazy) == 36);
}

TEST_CASE("a statement that replaces its own operands") {
  auto a = made();
  for (int i = 0; i < 3; ++i) {
    a = transpose(matmul(a, transpose(a)))(all, weft::newaxis, 0) * weft::ones<float>({3, 4}) / 16;
    reuse();
  }
  CHECK(a.size() == 12);
  a = a(range(0, 2), all);
  CHECK(a.shape(0) == 2);
  a = a(range(1, 2), range(0, 0));
  CHECK(a.size() == 0);
}

TEST_CASE("what a tree of many operands holds, it lets go of once: copied, moved, nested, thrown out of") {
  auto a = made(1), b = made(2), c = made(3), d = made(4);
  auto const holders = [](auto const& t) { return t.items().buffer.holders(); };
  auto const in_use = weft::memory_stats().bytes_in_use;
  {
    auto e = exp(a * b - c) * (a - b) + sqrt(abs(c * a)) - where(a < b, c / d, d * 2);
    CHECK(holders(a) == 5);
    CHECK(holders(d) == 3);
    auto f = e;
    CHECK(holders(a) == 9);
    auto g = std::move(f);
    CHECK(holders(a) == 9);
    auto h = std::move(g) + made(1);
    CHECK(holders(a) == 9);
    tensor<float, 2> const x = e, y = h;
    CHECK(all_are(y - x, 1));
  }
  CHECK(holders(a) == 1);
  CHECK(holders(d) == 1);
  CHECK(weft::memory_stats().bytes_in_use == in_use);
  for (int at = 0; at < 3; ++at) {
    tensor<float, 2> const wrong = weft::full<float>({at == 0 ? 2 : 3, 4}, 1.f), odd = weft::full<float>({at == 1 ? 2 : 3, 4}, 1.f),
                           bad = weft::full<float>({at == 2 ? 2 : 3, 4}, 1.f);
    CHECK_THROWS_AS((void)((a * b + wrong) * (c - d) + exp(a + odd) * (b / c) - (d + bad)), weft::shape_error);
  }
  CHECK(holders(a) == 1);
  CHECK(holders(d) == 1);
  CHECK(weft::memory_stats().bytes_in_use == in_use);
}

TEST_CASE("trees of many operands are values: assigned, swapped, kept in containers") {
  auto a = made(1), b = made(2);
  auto e = a * b + a, f = a * b + a;
  f = made(3) * made(3) + made(3);
  CHECK(all_are(f, 12));
  e = f;
  CHECK(all_are(e, 12));
  e = *&e;
  e = made(2) * made(2) + made(2);
  std::swap(e, f);
  CHECK(all_are(e, 12));
  CHECK(all_are(f, 6));
  e = std::move(f);
  CHECK(all_are(e, 6));
  std::vector<decltype(e)> many(5, e);
  many.insert(many.begin(), made(4) * made(4) + made(4));
  many.erase(many.begin() + 1, many.begin() + 4);
  CHECK(many.size() == 3);
  CHECK(all_are(many[0], 20));
  CHECK(all_are(many[2], 6));
  std::optional<decltype(e)> maybe = e;
  maybe = many[0];
  CHECK(all_are(*maybe, 20));
  auto s = sum(e, axis<1>);
  s = sum(many[0], axis<1>);
  CHECK(all_are(s, 80));
  many.clear();
  maybe.reset();
  CHECK(a.items().buffer.holders() == 1);
}

#if WEFT_CHECKS
TEST_CASE("what was moved from says so wherever it is used, and nothing is lost") {
  auto a = made(1), b = made(2), c = made(3);
  auto const message = "an expression is used after it was moved from";
  auto const in_use = weft::memory_stats().bytes_in_use;
  {
    auto e = a * b + c;
    auto const kept = std::move(e);
    tensor<float, 2> x, y;
    tensor<float, 1> z;
    CHECK_THROWS_WITH(x = e, message);
    CHECK_THROWS_WITH((void)(e + 1), message);
    CHECK_THROWS_WITH((void)(std::move(e) + 1), message);
    CHECK_THROWS_WITH((void)((a * b * c) + e), message);
    CHECK_THROWS_WITH((void)((a * b * c) + std::move(e)), message);
    CHECK_THROWS_WITH(weft::assign(x, e, y, e), message);
    auto copy = e;
    CHECK_THROWS_WITH(x = copy, message);
  }
  {  // what was moved from inside an operand, and beside others that were taken already
    auto row = sum(a * b + c, axis<1>, keepdims);
    auto turned = transpose(a * b + c);
    auto const k0 = std::move(row);
    auto const k1 = std::move(turned);
    tensor<float, 2> x;
    auto beside = (a * b * c) + row;
    auto chosen = where(a > b, a * b * c, row);
    auto both = matmul(a * b * c, turned) - turned(0, 0);
    CHECK_THROWS_WITH(x = beside, message);
    CHECK_THROWS_WITH(x = chosen, message);
    CHECK_THROWS_WITH(x = both, message);
  }
  {  // assignment: the sizes and the operands go together
    auto e = a * b + c;
    auto const large = weft::full<float>({50, 40}, 1);
    auto f = large * large + large;
    auto const g = std::move(f);
    e = f;
    tensor<float, 2> x;
    CHECK_THROWS_WITH(x = e, message);
    e = g;
    x = e;
    CHECK(all_are(x, 2));
  }
  {
    auto rows = sum(a * b + c, axis<1>);
    auto soft = softmax(a * b + c);
    auto turned = transpose(a * b + c);
    auto times = matmul(a * b + c, transpose(a));
    auto pair = a + b;
    auto product = matmul(made(), transpose(made()));
    auto const k0 = std::move(rows);
    auto const k1 = std::move(soft);
    auto const k2 = std::move(turned);
    auto const k3 = std::move(times);
    auto const k4 = std::move(pair);
    auto const k5 = std::move(product);
    reuse();
    tensor<float, 2> x;
    tensor<float, 1> z;
    CHECK_THROWS_WITH(z = rows, message);
    CHECK_THROWS_WITH(x = soft, message);
    CHECK_THROWS_WITH(x = turned, message);
    CHECK_THROWS_WITH(x = times, message);
    CHECK_THROWS_WITH(x = pair, message);
    CHECK_THROWS_WITH(x = product, message);
  }
  CHECK(a.items().buffer.holders() == 1);
  CHECK(weft::memory_stats().bytes_in_use == in_use);
}
#endif
