// Element types and promotion: every pair against the golden table, every spelling of every integer.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <weft/core/dtype.hpp>

#include <cstdint>
#include <cstdio>
#include <string>
#include <type_traits>

#include "../golden/golden.hpp"

using namespace weft;

namespace {

template <class A, class B>
constexpr bool same = std::is_same_v<A, B>;

struct incomplete;
enum letters { a, b };

static_assert(same<promote_t<int64, uint64>, float32> && same<promote_t<uint64, int8>, float32>);
static_assert(same<promote_t<int8, uint8>, int16> && same<promote_t<uint32, int32>, int64>);
static_assert(same<promote_t<bool, bool>, bool> && same<promote_t<bool, int8>, int8>);
static_assert(same<promote_t<int64, float>, float> && same<promote_t<int8, double>, double>);
static_assert(same<promote_t<float, double>, double>);
static_assert(same<promote_t<long long, long long>, long long> && same<promote_t<long, long>, long>);
static_assert(same<promote_t<long long, bool>, long long> && same<promote_t<signed char, int8>, int8>);

static_assert(same<weak_t<int, float>, float> && same<weak_t<double, float>, float> &&
              same<weak_t<float, double>, double>);
static_assert(same<weak_t<bool, bool>, bool> && same<weak_t<int, bool>, int32> && same<weak_t<double, bool>, float>);
static_assert(same<weak_t<long long, uint8>, uint8> && same<weak_t<bool, uint8>, uint8> &&
              same<weak_t<float, uint8>, float>);
static_assert(same<weak_t<char, int16>, int16> && same<weak_t<long double, double>, double>);
static_assert(same<weak_t<int, long long>, long long>);

static_assert(same<sum_t<bool>, int32> && same<sum_t<int8>, int32> && same<sum_t<int32>, int32> &&
              same<sum_t<int64>, int64>);
static_assert(same<sum_t<uint8>, uint32> && same<sum_t<uint16>, uint32> && same<sum_t<uint64>, uint64>);
static_assert(same<sum_t<float>, float> && same<sum_t<double>, double> && same<sum_t<long long>, long long>);
static_assert(same<mean_t<bool>, float> && same<mean_t<uint64>, float> && same<mean_t<double>, double>);
static_assert(same<weft::float_t<int64>, float> && same<weft::float_t<float>, float>);

static_assert(element<bool> && element<float> && element<double>);
static_assert(element<signed char> && element<unsigned char> && element<short> && element<unsigned short>);
static_assert(element<int> && element<unsigned> && element<long> && element<unsigned long>);
static_assert(element<long long> && element<unsigned long long>);
static_assert(!element<char> && !element<wchar_t> && !element<char8_t> && !element<char16_t> && !element<char32_t>);
static_assert(!element<void> && !element<long double> && !element<int*> && !element<int&> && !element<int const>);
static_assert(!element<int[]> && !element<incomplete> && !element<letters> && !element<int()>);

static_assert(dtype_of<long long> == dtype::int64 && dtype_of<unsigned long long> == dtype::uint64);
static_assert(dtype_of<unsigned char> == dtype::uint8 && dtype_of<signed char> == dtype::int8);
static_assert(kind::boolean < kind::integer && kind::integer < kind::floating && kind::floating < kind::complex);
static_assert(same<index_t, std::int64_t>);

dtype parse(std::string const& word) {
  for (int i = 0; i < dtype_count; ++i) {
    if (word == name(static_cast<dtype>(i))) return static_cast<dtype>(i);
  }
  FAIL("unknown dtype " << word);
  return dtype::bool_;
}

golden::test_case const* find(golden::group const& g, std::string const& wanted) {
  for (auto const& c : g.cases) {
    if (c.name == wanted) return &c;
  }
  return nullptr;
}

}  // namespace

TEST_CASE("sizes, names and the types themselves") {
  for (int i = 0; i < dtype_count; ++i) {
    dtype const d = static_cast<dtype>(i);
    CHECK(parse(name(d)) == d);
    CHECK(size_of(d) > 0);
    CHECK(is_unsigned(d) == (std::string(name(d)).rfind("uint", 0) == 0));
    CHECK(is_signed_integer(d) == (std::string(name(d)).rfind("int", 0) == 0));
  }
  CHECK(size_of(dtype_of<double>) == sizeof(double));
  CHECK(size_of(dtype_of<unsigned short>) == 2);
  CHECK(std::is_same_v<type_of<dtype::uint16>, std::uint16_t>);
  CHECK(std::is_same_v<type_of<dtype::bool_>, bool>);
}

TEST_CASE("promotion is symmetric and keeps a type with itself") {
  for (int i = 0; i < dtype_count; ++i) {
    for (int j = 0; j < dtype_count; ++j) {
      CHECK(promote(static_cast<dtype>(i), static_cast<dtype>(j)) ==
            promote(static_cast<dtype>(j), static_cast<dtype>(i)));
    }
    CHECK(promote(static_cast<dtype>(i), static_cast<dtype>(i)) == static_cast<dtype>(i));
  }
}

TEST_CASE("the golden tables of pairs, literals, sums and means") {
  if (golden::folder().empty()) {
    std::puts("SKIPPED: no golden files (set WEFT_GOLDEN): promotion is NOT compared with them");
    return;
  }
  auto const g = golden::read_group("dtypes");
  auto const* pairs = find(g, "result_type_table");
  REQUIRE(pairs);
  auto const& table = pairs->attrs()["table"];
  CHECK(table.size() == 14 * 14);
  for (std::size_t i = 0; i < table.size(); ++i) {
    std::string const& key = table.keys()[i];
    std::size_t const comma = key.find(',');
    CAPTURE(key);
    CHECK(std::string(name(promote(parse(key.substr(0, comma)), parse(key.substr(comma + 1))))) ==
          table.items()[i].string());
  }
  auto const* scalars = find(g, "scalar_promotion_table");
  REQUIRE(scalars);
  auto const& literals = scalars->attrs()["table"];
  CHECK(literals.size() == 14 * 3);
  for (std::size_t i = 0; i < literals.size(); ++i) {
    std::string const& key = literals.keys()[i];
    std::size_t const comma = key.find(',');
    std::string const literal = key.substr(comma + 1);
    kind const k = literal == "bool" ? kind::boolean : literal == "int" ? kind::integer : kind::floating;
    CAPTURE(key);
    CHECK(std::string(name(promote_weak(k, parse(key.substr(0, comma))))) == literals.items()[i].string());
  }
  for (auto const& [wanted, rule] :
       {std::pair{"dtype_of_sum", &promote_sum}, std::pair{"dtype_of_mean", &promote_float},
        std::pair{"dtype_of_exp", &promote_float}}) {
    auto const* c = find(g, wanted);
    REQUIRE(c);
    auto const& list = c->attrs()["table"];
    CHECK(list.size() == 14);
    for (std::size_t i = 0; i < list.size(); ++i) {
      CAPTURE(list.keys()[i]);
      CHECK(std::string(name(rule(parse(list.keys()[i])))) == list.items()[i].string());
    }
  }
}
