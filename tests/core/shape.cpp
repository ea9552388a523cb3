// Shapes: what the compiler knows of sizes and names, and how two of them become one.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
#include <weft/core/shape.hpp>

#include <type_traits>

using weft::dim, weft::dyn, weft::fit, weft::index_t, weft::shape;

// A type that a shape chooses: two shapes that say the same must be the same argument.
template <shape S>
struct chosen {};
template <shape A, shape B>
inline constexpr bool same = std::is_same_v<chosen<A>, chosen<B>>;

constexpr shape copied(shape s) { return s; }
constexpr shape grown(shape const& s) {
  shape r;
  for (int i = 0; i < s.rank; ++i) r[r.rank++] = s[i];
  return r;
}

TEST_CASE("equal shapes are one template argument, however they were made") {
  static_assert(same<shape{3, 4}, shape{index_t(3), index_t(4)}>);
  static_assert(same<shape{dyn, dyn, dyn}, weft::unknown(3)>);
  static_assert(same<weft::to_shape(2), weft::unknown(2)>);
  static_assert(same<shape{"batch", 3}, copied(shape{"batch", 3})>);
  static_assert(same<shape{"batch", 3}, grown(shape{"batch", 3})>);
  static_assert(same<shape{dim("batch"), dim(3)}, shape{dim("batch", dyn), 3}>);
  static_assert(same<broadcast(shape{"batch", 3}, shape{3}), shape{"batch", 3}>);
  static_assert(same<broadcast(shape{3}, shape{"batch", dyn}), shape{"batch", 3}>);
  static_assert(same<broadcast(weft::unknown(3), shape{dyn, 1, 1}), weft::unknown(3)>);
  static_assert(same<broadcast(shape{dyn, 1, dyn}, shape{1, dyn, 1}), weft::unknown(3)>);
  static_assert(!same<shape{"batch", 3}, shape{"batch", dyn}>);
  static_assert(!same<shape{"batch"}, shape{"batches"}>);
  static_assert(same<shape{}, weft::unknown(0)>);
}

TEST_CASE("one axis with another: what the compiler says holds for every size at run time") {
  for (index_t a : {dyn, index_t(0), index_t(1), index_t(2), index_t(5)})
    for (index_t b : {dyn, index_t(0), index_t(1), index_t(2), index_t(5)})
      for (bool named_a : {false, true})
        for (bool named_b : {false, true}) {
          dim const x = named_a ? dim("n", a) : dim(a), y = named_b ? dim("n", b) : dim(b);
          CAPTURE(a);
          CAPTURE(b);
          CAPTURE(named_a);
          CAPTURE(named_b);
          bool possible = false;
          dim const d = broadcast(x, y);
          for (index_t p = 0; p < 7; ++p)
            for (index_t q = 0; q < 7; ++q) {
              if ((a != dyn && a != p) || (b != dyn && b != q)) continue;
              bool const fits = p == q || (!(named_a && named_b) && (p == 1 || q == 1));
              if (!fits) continue;
              possible = true;
              if (fits && d.known() && weft::fits(x, y) == fit::ok) CHECK(d.extent == (p == 1 ? q : p));
            }
          CHECK(possible == (weft::fits(x, y) == fit::ok));
          if (possible) {
            CHECK(d.named() == (named_a || named_b));
            if (a != dyn && b != dyn) CHECK(d.known());
            if (a > 1 || b > 1) CHECK(d.known());
          }
        }
}

TEST_CASE("names") {
  static_assert(dim("a").same_name(dim("a", 4)));
  static_assert(!dim("a").same_name(dim("ab")));
  static_assert(weft::fits(dim("a"), dim("b")) == fit::names);
  static_assert(weft::fits(dim("a"), dim(3)) == fit::ok);
  static_assert(weft::fits(dim("a", 3), dim("a", 1)) == fit::sizes);  // equal names never broadcast
  static_assert(broadcast(dim("a"), dim(3)) == dim("a", 3));
  static_assert(broadcast(dim(1), dim("a")) == dim("a"));
  static_assert(dim("fifteen_letters").named());
  static_assert(shape{"batch", 3}.rank == 2);
  static_assert(!shape{"batch"}.plain());
  static_assert(!shape{3}.plain());
  static_assert(shape{dyn, dyn}.plain());
  static_assert(shape{3, 4}.known());
  static_assert(shape{3, 4}.size() == 12);
  static_assert(!shape{3, dyn}.known());
  static_assert(shape{}.known());
  CHECK(shape{2, 0, 5}.size() == 0);
}

TEST_CASE("shapes of different ranks") {
  static_assert(broadcast(shape{2, 3}, shape{}) == shape{2, 3});
  static_assert(broadcast(shape{3}, shape{2, 1}) == shape{2, 3});
  static_assert(weft::fits(shape{2, 3}, shape{4, 1, 3}) == fit::ok);
  static_assert(weft::fits(shape{2, 3}, shape{4, 3, 3}) == fit::sizes);
  static_assert(weft::fits(shape{"a", 3}, shape{"b", 3}) == fit::names);
  static_assert(weft::assignable(shape{dyn, 3}, shape{2, dyn}));
  static_assert(!weft::assignable(shape{dyn, 3}, shape{2, 4}));
  static_assert(!weft::assignable(shape{3}, shape{1, 3}));
  static_assert(!weft::assignable(shape{"a"}, shape{"b"}));
  static_assert(weft::assignable(shape{"a"}, shape{3}));
  CHECK(broadcast(shape{4, 1, 3}, shape{2, 3}) == shape{4, 2, 3});
}

TEST_CASE("sizes as text, axes from the end") {
  CHECK(weft::to_text(std::array<index_t, 0>{}) == "()");
  CHECK(weft::to_text(std::array<index_t, 1>{7}) == "(7,)");
  CHECK(weft::to_text(std::array<index_t, 3>{1, 0, 12}) == "(1, 0, 12)");
  CHECK(weft::count(std::array<index_t, 3>{2, 3, 4}) == 24);
  CHECK(weft::count(std::array<index_t, 0>{}) == 1);
  CHECK(weft::checked_axis("op", -1, 3) == 2);
  CHECK(weft::checked_axis("op", 0, 1) == 0);
  CHECK_THROWS_WITH_AS(weft::checked_axis("sum", 3, 3), "sum: axis 3 of a tensor of rank 3", weft::index_error);
  CHECK_THROWS_AS(weft::checked_axis("op", -4, 3), weft::index_error);
  CHECK_THROWS_AS(weft::checked_axis("op", 0, 0), weft::index_error);
}
