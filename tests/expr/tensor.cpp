// Tensors as values: braces, elements, sharing until a write, moves. (Views: view.cpp and place.cpp.)
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "../engine/oracle.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

using oracle::holds, oracle::index_t;
using weft::all, weft::shape, weft::tensor;

namespace {
struct counts {
  std::int64_t requests = weft::memory_stats().requests, copies = weft::memory_stats().copies_on_write;
  bool unchanged() const {
    return requests == weft::memory_stats().requests && copies == weft::memory_stats().copies_on_write;
  }
};
template <class T, auto S>
T const* where(tensor<T, S> const& t) {
  return t.data();
}
}  // namespace

TEST_CASE("braces of every rank, empty ones, ragged ones") {
  tensor<int, 0> number = 7;
  CHECK(int(number) == 7);
  CHECK(number.size() == 1);
  tensor<int, 1> row = {1, 2, 3};
  CHECK(holds(row, {1, 2, 3}));
  tensor<int, 3> cube = {{{1, 2}, {3, 4}}, {{5, 6}, {7, 8}}};
  CHECK(cube.shape() == std::array<index_t, 3>{2, 2, 2});
  CHECK(cube(1, 0, 1) == 6);
  tensor<int, 4> four = {{{{9}}}};
  CHECK(four(0, 0, 0, 0) == 9);
  tensor<int, 2> nothing = {};
  CHECK(nothing.size() == 0);
  tensor<int, 2> hollow = {{}, {}};
  CHECK(hollow.shape() == std::array<index_t, 2>{2, 0});
  CHECK_THROWS_WITH_AS((tensor<int, 2>{{1, 2}, {3}}), "tensor: the braces hold rows of different lengths, 2 and 1",
                       weft::shape_error);
  CHECK_THROWS_AS((tensor<int, 3>{{{1}, {2}}, {{3}}}), weft::shape_error);
  CHECK_THROWS_AS((tensor<int, shape{2, 2}>{{1, 2}}), weft::shape_error);
  tensor<int, 1> from_braces{row};
  CHECK(from_braces.size() == 3);
}

TEST_CASE("shape, size, bytes") {
  tensor<double, 3> x = weft::zeros<double>({2, 3, 4});
  CHECK(x.rank() == 3);
  CHECK(x.size() == 24);
  CHECK(x.nbytes() == 192);
  CHECK(x.shape(0) == 2);
  CHECK(x.shape(-1) == 4);
  CHECK(x.shape(-3) == 2);
  CHECK_THROWS_AS((void)x.shape(3), weft::index_error);
  CHECK_THROWS_AS((void)x.shape(-4), weft::index_error);
  CHECK(tensor<float, 2>().size() == 0);
}

TEST_CASE("reading an element never copies a buffer") {
  tensor<float, 1> a = {1, 2, 3};
  tensor<float, 1> b = a;
  auto e = a * 2;
  counts const before;
  float total = 0;
  for (index_t i = 0; i < 3; ++i) total += a(i);
  auto v = a(1);
  float const top = std::max<float>(2.5f, a(2));
  bool const more = a(2) > a(1) && a(0) == 1 && 2 < a(2);
  float const mixed = a(0) + 2 * a(1) - a(2) / 3;
  CHECK(before.unchanged());
  CHECK(where(a) == where(b));
  CHECK(total == 6);
  CHECK(v == 2);
  CHECK(top == 3);
  CHECK(more);
  CHECK(mixed == 4);
  CHECK(weft::eval(e)(2) == 6);
}

TEST_CASE("a named element is the value at that moment") {
  tensor<float, 1> a = {1, 2, 3};
  auto v = a(0);
  a(0) = 10;
  CHECK(v == 1);
  CHECK(a(0) == 10);
  static_assert(!std::is_assignable_v<decltype((v)), float>);
  auto w = v;
  CHECK(w == 1);
  tensor<float, 1> sum = v + a;  // an element is a number in an expression
  CHECK(holds(sum, {11, 3, 4}));
}

TEST_CASE("writing an element, in every way") {
  tensor<int, 1> a = {1, 2, 3};
  a(0) = 5;
  a(1) += 5;
  a(2) -= 5;
  CHECK(holds(a, {5, 7, -2}));
  a(0) *= 3;
  a(1) /= 2;
  a(2) = a(0);
  CHECK(holds(a, {15, 3, 15}));
  tensor<int, 1> b = {7};
  a(1) = b(0);
  CHECK(a(1) == 7);
  tensor<bool, 1> m = {true, false};
  m(1) = m(0);
  CHECK(m(1));
}

TEST_CASE("an element is changed in C++'s arithmetic") {
  tensor<int, 1> a = {10, 10, 10};
  a(0) /= 3;
  a(1) += 2147483648LL - 2147483640LL;
  a(2) = a(0) + a(1);
  CHECK(holds(a, {3, 18, 21}));
  tensor<std::int8_t, 1> b = {100, 100};
  b(0) /= 256;  // as an int: a divisor that is cut to 8 bits would be 0
  b(1) -= 300 - 250;
  CHECK(holds(b, {0, 50}));
  tensor<float, 1> c = {1, 2};
  c(0) *= 0.5;
  c(1) += a(0);
  CHECK(holds(c, {0.5f, 5}));
  c(0) = sum(c);
  c(1) -= max(a);
  CHECK(holds(c, {5.5f, -16}));

  // What becomes a number without being one.
  enum animal { cat, dog };
  std::vector<bool> const mask = {true, false};
  std::vector<bool> flags = {false, true};
  a(0) = dog;
  a(0) += dog;
  a(1) = mask[0];
  a(1) += flags[1];
  a(2) -= flags[0];
  CHECK(holds(a, {2, 2, 21}));
  a(0) = {};
  a(1) = {5};
  CHECK(holds(a, {0, 5, 21}));
  enum code { missing = 404 };
  tensor<std::uint8_t, 1> bytes = {200};
  CHECK_THROWS_AS(bytes(0) = missing, weft::dtype_error);
  bytes(0) /= missing;
  CHECK(holds(bytes, {0}));
}

TEST_CASE("elements and results without axes are indices") {
  tensor<float, 2> x = {{1, 2}, {3, 4}, {5, 6}};
  tensor<int, 1> rows = {2, 0};
  CHECK(holds(x(rows(0), weft::all), {5, 6}));
  CHECK(x(rows(1), rows(1)) == 1);
  CHECK(holds(x(argmax(rows), weft::all), {1, 2}));
  CHECK(std::as_const(x)(rows(0), argmin(rows)) == 6);
  CHECK(x.at(rows(0), -1) == 6);
  x(rows(0), 0) = 7;
  x(argmin(rows), weft::all) = 0;
  CHECK(holds(x, {1, 2, 0, 0, 7, 6}));
}

TEST_CASE("whole numbers that the elements cannot be are refused") {
  tensor<std::uint8_t, 1> image = {0, 44, 255};
  CHECK_THROWS_WITH_AS((void)(image == 256), "the number 256 does not fit a tensor of uint8: cast the tensor",
                       weft::dtype_error);
  CHECK_THROWS_WITH_AS((void)(image > -1), "the number -1 does not fit a tensor of uint8: cast the tensor",
                       weft::dtype_error);
  CHECK_THROWS_AS(image += 300, weft::dtype_error);
  CHECK_THROWS_AS(image = 300, weft::dtype_error);
  CHECK_THROWS_AS(image(weft::range(0, 2)) = 300, weft::dtype_error);
  CHECK_THROWS_AS(image(0) = 300, weft::dtype_error);
  CHECK_THROWS_AS((void)(tensor<int, 1>{1} + 5000000000LL), weft::dtype_error);
  CHECK_THROWS_AS((void)(tensor<std::int64_t, 1>{1} + 0xffffffffffffffffull), weft::dtype_error);
  CHECK(holds(image, {0, 44, 255}));
  CHECK(holds(eval(image == 255), {false, false, true}));
  CHECK(holds(eval(weft::cast<int>(image) > -1), {true, true, true}));
  CHECK(holds(eval(image + true), {1, 45, 0}));

  // A char is a byte.
  image(1) = char(-61);
  CHECK(holds(eval(image == char(-61)), {false, true, false}));
  image = char(-1);
  CHECK(holds(image, {255, 255, 255}));
}

TEST_CASE("a number that is refused leaves nothing behind") {
  tensor<std::uint8_t, 1> a = {1, 2}, b = {3, 4}, c = {5, 6};
  auto const named = a + b + c;
  CHECK_THROWS_AS((void)((a + b + c) == 256), weft::dtype_error);
  CHECK_THROWS_AS((void)(named == 256), weft::dtype_error);
  CHECK_THROWS_AS((void)(256 == (a + b + c)), weft::dtype_error);
  CHECK_THROWS_AS((void)where(a > 1, a + b + c, 256), weft::dtype_error);
  {
    auto given = a + b;
    CHECK_THROWS_AS((void)(std::move(given) + 300), weft::dtype_error);
    CHECK_THROWS_AS((void)(std::move(given) > 300), weft::dtype_error);
    CHECK(holds(given, {4, 6}));
  }
  CHECK(a.items().buffer.holders() == 2);  // a's own, and that of `named`
  CHECK(b.items().buffer.holders() == 2);
  CHECK(c.items().buffer.holders() == 2);
}

TEST_CASE("a write goes to this holder only") {
  tensor<float, 1> a = {1, 2, 3};
  tensor<float, 1> b = a, c = b;
  auto const copies = weft::memory_stats().copies_on_write;
  b(0) = 9;
  CHECK(weft::memory_stats().copies_on_write == copies + 1);
  b(1) = 9;
  CHECK(weft::memory_stats().copies_on_write == copies + 1);
  CHECK(holds(a, {1, 2, 3}));
  CHECK(holds(b, {9, 9, 3}));
  CHECK(holds(c, {1, 2, 3}));
  a = weft::zeros<float>({3});
  c(2) = 0;  // nobody else holds it any more
  CHECK(weft::memory_stats().copies_on_write == copies + 1);
  float* p = c.data();
  p[0] = 8;
  CHECK(c(0) == 8);
}

TEST_CASE("an expression keeps what it saw, whatever happens to the tensor") {
  tensor<float, 1> a = {1, 2, 3}, b = {1, 1, 1};
  auto e = a + b;
  a(0) = 100;
  CHECK(holds(e, {2, 3, 4}));
  a += 1;
  a = a * 2;
  a(weft::range(0, 2)) = 0;
  b = weft::zeros<float>({3});
  tensor<float, 1> moved = std::move(a);
  a = weft::full<float>({3}, 77);
  moved(1) = 5;
  CHECK(holds(e, {2, 3, 4}));
  b.data()[0] = 50;
  CHECK(holds(e, {2, 3, 4}));
  CHECK(holds(e, {2, 3, 4}));
}

TEST_CASE("moves take the buffer along") {
  tensor<float, 2> a = weft::ones<float>({30, 30});
  auto const* const p = where(a);
  tensor<float, 2> b = std::move(a);
  CHECK(where(b) == p);
  CHECK(a.size() == 0);
  a = std::move(b);
  CHECK(where(a) == p);
  auto& self = a;
  a = std::move(self);
  CHECK(where(a) == p);
  CHECK(a.size() == 900);
  a = self;
  CHECK(where(a) == p);
  std::vector<tensor<float, 2>> many(3, a);
  many.insert(many.begin(), weft::zeros<float>({1, 1}));
  std::swap(many[0], many[3]);
  CHECK(where(many[0]) == p);
  std::optional<tensor<float, 2>> maybe = std::move(a);
  CHECK(where(*maybe) == p);
}

TEST_CASE("moved from, with sizes in the type: assigned to and filled as a whole, and nothing else") {
  using fixed = tensor<float, weft::shape{10, 10}>;  // in a buffer
  static_assert(!fixed::stored_inline);
  auto const after = [](auto const& use) {
    fixed k = weft::ones<float>({10, 10});
    fixed const taken = std::move(k);
    use(k);
  };
  auto const refused = [&](auto const& use) {
    CHECK_THROWS_WITH_AS(after(use), "tensor: used after it was moved from (its sizes are part of its type)",
                         weft::shape_error);
  };
  refused([](fixed& k) { (void)float(k(0, 0)); });
  refused([](fixed& k) { (void)std::as_const(k)(0, 0); });
  refused([](fixed& k) { (void)k.at(0, 0); });
  refused([](fixed& k) { k(0, 0) = 3; });
  refused([](fixed& k) { k(0, 0) += 3; });
  refused([](fixed& k) { k(all, 0) = 3; });
  refused([](fixed& k) { k(all, 0) = weft::ones<float>({10}); });
  refused([](fixed& k) { k(all, all) = 3; });
  refused([](fixed& k) { k(all, 0) += 3; });
  refused([](fixed& k) { k(1)(weft::range(0, 2)) = 3; });
  refused([](fixed& k) { tensor<float, 1> const r = k(all, 0); });
  refused([](fixed& k) { k += 1; });
  refused([](fixed& k) { (void)float(sum(k)); });
  refused([](fixed& k) { tensor<float, 2> const r = transpose(k) + 1; });
  refused([](fixed& k) { (void)reshape(k, {100}); });
  refused([](fixed& k) {
    fixed const copy = k;
    (void)copy(0, 0);
  });
  after([](fixed& k) {
    k = 3;
    CHECK(float(sum(k)) == 300);
    k(0, 0) = 4;
    k(all, 1) = 5;
    CHECK(float(sum(k)) == 321);
  });
  after([](fixed& k) {
    k = weft::full<float>({10, 10}, 2);
    CHECK(float(sum(k)) == 200);
  });
  after([](fixed& k) {
    k.data()[7] = 1;  // zeros besides
    CHECK(float(sum(k)) == 1);
  });

  // What lives inside the object is copied when it is moved, and stays what it was.
  tensor<float, weft::shape{2, 2}> small = {{1, 2}, {3, 4}};
  tensor<float, weft::shape{2, 2}> const taken = std::move(small);
  small(all, 0) = 7;
  small(0, 1) = 8;
  CHECK(holds(small, {7, 8, 7, 4}));
  CHECK(holds(taken, {1, 2, 3, 4}));
}

TEST_CASE("operands may be moved in") {
  tensor<float, 1> a = {1, 2, 3}, b = weft::ones<float>({3});
  auto const before = weft::memory_stats().copies_on_write;
  a = std::move(a) + b;
  CHECK(holds(a, {2, 3, 4}));
  a = std::move(a) * std::move(b) + 1;
  CHECK(holds(a, {3, 4, 5}));
  CHECK(weft::memory_stats().copies_on_write == before);
}

TEST_CASE("numbers fill, and op= keeps the shape") {
  tensor<float, 2> a = weft::zeros<float>({2, 3});
  tensor<float, 2> kept = a;
  a = 4;
  CHECK(holds(a, {4, 4, 4, 4, 4, 4}));
  CHECK(holds(kept, {0, 0, 0, 0, 0, 0}));
  a += tensor<float, 1>{1, 2, 3};
  a -= 1;
  a *= tensor<float, 2>{{1}, {2}};
  CHECK(holds(a, {4, 5, 6, 8, 10, 12}));
  a /= 2;
  CHECK(holds(a, {2, 2.5, 3, 4, 5, 6}));
  CHECK_THROWS_AS((a += tensor<float, 1>{1, 2}), weft::shape_error);
  tensor<float, 2> column = {{1}, {2}};
  CHECK_THROWS_AS((column += a), weft::shape_error);  // would grow
  CHECK(holds(column, {1, 2}));
  tensor<bool, 1> mask = {true, true};
  mask = false;
  CHECK(holds(mask, {false, false}));
  static_assert(!std::is_assignable_v<tensor<float, 1>&, bool>);
}

TEST_CASE("at: checked, from the end too") {
  tensor<int, 2> a = {{1, 2, 3}, {4, 5, 6}};
  CHECK(a.at(-1, -3) == 4);
  CHECK(a.at(1, 2) == 6);
  CHECK_THROWS_AS((void)a.at(-3, 0), weft::index_error);
  CHECK_THROWS_AS((void)a.at(0, 3), weft::index_error);
  CHECK_THROWS_WITH_AS((void)a.at(0, 3), doctest::Contains("(2, 3)"), weft::index_error);
#if WEFT_CHECKS
  CHECK_THROWS_AS((void)a(2, 0), weft::index_error);
  CHECK_THROWS_AS((void)std::as_const(a)(0, -1), weft::index_error);
#endif
}

TEST_CASE("sizes known to the compiler: inside, or on the heap when large") {
  tensor<float, shape{2, 3}> k = {{1, 2, 3}, {4, 5, 6}};
  static_assert(sizeof(k) == 24);
  auto kept = k;
  k(0, 0) = 9;
  auto& element = k(0, 1);
  element = 8;
  CHECK(holds(kept, {1, 2, 3, 4, 5, 6}));
  CHECK(holds(k, {9, 8, 3, 4, 5, 6}));
  k = transpose(tensor<float, shape{3, 2}>{{1, 4}, {2, 5}, {3, 6}});
  CHECK(holds(k, {1, 2, 3, 4, 5, 6}));
  k += k * k;
  CHECK(holds(k, {2, 6, 12, 20, 30, 42}));
  tensor<double, shape{20, 20}> large;
  CHECK(large.size() == 400);
  CHECK(double(sum(large)) == 0);
  auto copy = large;
  large(3, 4) = 1;
  CHECK(double(sum(copy)) == 0);
  CHECK(double(sum(large)) == 1);
  CHECK_THROWS_AS((k = weft::zeros<float>({3, 2})), weft::shape_error);
  CHECK_THROWS_AS((large = weft::zeros<double>({20, 21})), weft::shape_error);
  tensor<float, shape{0, 3}> none;
  CHECK(none.size() == 0);
  CHECK(weft::eval(none + 1).size() == 0);
}
