// Random tensors: moments, bounds, keys, and the same numbers for every shape and thread count.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <weft/ops/statistics.hpp>
#include <weft/core.hpp>
#include <weft/ops/random.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace rnd = weft::random;
using doctest::Approx;
using weft::index_t;
using weft::tensor;

TEST_CASE("keys") {
  CHECK(rnd::key(7) == rnd::key(7));
  CHECK_FALSE(rnd::key(7) == rnd::key(8));
  CHECK(rnd::key(4294967301u) == rnd::key((std::uint64_t{1} << 32) + 5));
  CHECK(rnd::key(4294967301u).a == 1);
  CHECK(rnd::key(4294967301u).b == 5);
  auto const [a, b] = rnd::split(rnd::key(7));
  CHECK_FALSE(a == b);
  CHECK_FALSE(a == rnd::key(7));
  auto const five = rnd::split<5>(rnd::key(7));
  CHECK(five[0] == a);
  CHECK(five[1] == b);
  auto const [c, d] = rnd::split(rnd::key(8));
  CHECK_FALSE(c == a);
}

TEST_CASE("a seed repeats what follows it, and no call repeats another") {
  rnd::seed(3);
  auto const a = rnd::normal<float>({10});
  auto const b = rnd::normal<float>({10});
  rnd::seed(3);
  CHECK(array_equal(rnd::normal<float>({10}), a));
  CHECK(array_equal(rnd::normal<float>({10}), b));
  CHECK_FALSE(array_equal(a, b));
  rnd::seed(4);
  CHECK_FALSE(array_equal(rnd::normal<float>({10}), a));
  rnd::seed(3);
  auto const k = rnd::next_key();
  CHECK(array_equal(rnd::normal<float>(k, {10}), a));
}

TEST_CASE("element i depends on the key and i alone") {
  rnd::key const k(5);
  auto const all = rnd::normal<float>(k, {100000});
  for (int threads : {1, 2, 3, 8}) {
    weft::set_num_threads(threads);
    CHECK(array_equal(rnd::normal<float>(k, {100000}), all));
    CHECK(array_equal(rnd::uniform<double>(k, {250, 400}), reshape(rnd::uniform<double>(k, {100000}), {250, 400})));
  }
  weft::set_num_threads(0);
  for (index_t n : {0, 1, 2, 15, 16, 17, 8191, 8192, 8193}) {
    auto const some = rnd::normal<float>(k, {n});
    CHECK(some.size() == n);
    CHECK(array_equal(some, all(weft::range(0, n))));
  }
}

TEST_CASE("moments") {
  rnd::key const k(11);
  auto const z = rnd::normal<double>(k, {200000});
  CHECK(std::fabs(double(mean(z))) < 0.01);
  CHECK(double(var(z)) == Approx(1).epsilon(0.01));
  CHECK(double(mean(z * z * z)) == Approx(0).epsilon(0.05));
  CHECK(double(mean(square(square(z)))) == Approx(3).epsilon(0.03));
  auto const moved = rnd::normal<float>(k, {200000}, 10, 2);
  CHECK(double(float(mean(moved))) == Approx(10).epsilon(0.01));
  CHECK(double(float(var(moved))) == Approx(4).epsilon(0.02));
  auto const u = rnd::uniform<float>(k, {200000}, -2, 3);
  CHECK(float(min(u)) >= -2);
  CHECK(float(max(u)) < 3);
  CHECK(float(max(u)) > 2.999f);
  CHECK(double(float(mean(u))) == Approx(0.5).epsilon(0.02));
  CHECK(double(float(var(u))) == Approx(25.0 / 12).epsilon(0.02));
  for (double p : {0.0, 0.3, 1.0}) {
    auto const b = rnd::bernoulli(k, {100000}, p);
    CHECK(double(float(mean(weft::cast<float>(b)))) == Approx(p).epsilon(0.01));
  }
}

TEST_CASE("integers") {
  auto const i = rnd::randint<int>(rnd::key(2), {50000}, -5, 20);
  CHECK(int(min(i)) == -5);
  CHECK(int(max(i)) == 19);
  CHECK(double(float(mean(weft::cast<float>(i)))) == Approx(7).epsilon(0.02));
  std::vector<int> counts(25);
  for (index_t n = 0; n < i.size(); ++n) ++counts[static_cast<std::size_t>(i(n) + 5)];
  for (int c : counts) CHECK(std::abs(c - 2000) < 250);
  auto const low = std::numeric_limits<std::int64_t>::min(), high = std::numeric_limits<std::int64_t>::max();
  auto const wide = rnd::randint<std::int64_t>({1000}, low, high);
  CHECK(std::int64_t(min(wide)) < low / 2);
  CHECK(std::int64_t(max(wide)) > high / 2);
  auto const small = rnd::randint<std::int8_t>({1000}, -128, 127);
  CHECK(int(std::int8_t(min(small))) == -128);
  CHECK(int(std::int8_t(max(small))) == 126);
  CHECK(all_of(rnd::randint<int>({10}, 3, 4) == 3));
}

TEST_CASE("permutations") {
  for (int n : {0, 1, 2, 17, 1000}) {
    auto const p = rnd::permutation(rnd::key(9), n);
    std::vector<int> seen(static_cast<std::size_t>(n));
    for (int i = 0; i < n; ++i) ++seen[static_cast<std::size_t>(p(i))];
    for (int s : seen) CHECK(s == 1);
  }
  CHECK_FALSE(array_equal(rnd::permutation(100), rnd::permutation(100)));
  int first[3] = {0, 0, 0};
  for (unsigned s = 0; s < 3000; ++s) ++first[rnd::permutation(rnd::key(s), 3)(0)];
  for (int f : first) CHECK(std::abs(f - 1000) < 120);
}

TEST_CASE("what is refused") {
  float const inf = std::numeric_limits<float>::infinity(), most = std::numeric_limits<float>::max();
  CHECK_THROWS_AS((void)rnd::uniform<float>({3}, 1, 1), weft::error);
  CHECK_THROWS_AS((void)rnd::uniform<float>({3}, 2, 1), weft::error);
  CHECK_THROWS_AS((void)rnd::uniform<float>({3}, 0, inf), weft::error);
  CHECK_THROWS_AS((void)rnd::uniform<float>({3}, -most, most), weft::error);
  CHECK_THROWS_AS((void)rnd::uniform<float>({3}, std::nanf(""), 1), weft::error);
  CHECK_THROWS_AS((void)rnd::randint<int>({3}, 4, 4), weft::error);
  CHECK_THROWS_AS((void)rnd::bernoulli({3}, 1.5), weft::error);
  CHECK_THROWS_AS((void)rnd::bernoulli({3}, std::nan("")), weft::error);
  CHECK_THROWS_AS((void)rnd::normal<float>({-3}), weft::shape_error);
}
