// Assignment never sees its own writes: 10,000 random assignments between views of one tensor, against an oracle that
// reads everything before it writes anything.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "oracle.hpp"

#include <vector>

using namespace oracle;
using weft::all, weft::axis, weft::keepdims, weft::range, weft::shape, weft::tensor;

// A random part of every axis of a tensor of these sizes: count elements from start on, by step.
template <int R>
struct window {
  weft::extents<R> start, step, count;
  range operator[](std::size_t i) const {
    index_t const stop = start[i] + step[i] * count[i];
    return range(start[i], stop < 0 ? weft::begin : stop, step[i]);
  }
};

template <int R>
window<R> part(numbers& n, weft::extents<R> const& sizes, weft::extents<R> const& count) {
  window<R> w;
  for (std::size_t i = 0; i < R; ++i) {
    index_t const room = count[i] > 1 ? (sizes[i] - 1) / (count[i] - 1) : 3;
    index_t step = room > 0 ? 1 + n.below(room < 3 ? room : 3) : 1;
    index_t const reach = count[i] > 0 ? step * (count[i] - 1) : 0;
    index_t start = reach < sizes[i] ? n.below(sizes[i] - reach) : 0;
    if (count[i] == 0) start = 0;
    if (n.below(3) == 0 && count[i] > 0) {
      start += reach;
      step = -step;
    }
    w.start[i] = start;
    w.step[i] = step;
    w.count[i] = count[i];
  }
  return w;
}

// Positions of the window's elements in the flat buffer, in order.
template <int R>
std::vector<std::size_t> places(window<R> const& w, weft::extents<R> const& sizes) {
  std::vector<std::size_t> p;
  index_t total = 1;
  for (std::size_t i = 0; i < R; ++i) total *= w.count[i];
  for (index_t k = 0; k < total; ++k) {
    index_t left = k, at = 0, stride = 1;
    for (std::size_t i = R; i-- > 0;) {
      at += (w.start[i] + w.step[i] * (left % w.count[i])) * stride;
      left /= w.count[i];
      stride *= sizes[i];
    }
    p.push_back(static_cast<std::size_t>(at));
  }
  return p;
}

template <class T>
std::vector<T> copy(T const* p, index_t n) {
  return {p, p + n};
}

template <int R>
weft::extents<R> counts(numbers& n, weft::extents<R> const& sizes) {
  weft::extents<R> c;
  for (std::size_t i = 0; i < R; ++i) c[i] = n.below(8) == 0 ? n.below(2) : 1 + n.below(sizes[i]);
  return c;
}

TEST_CASE("4000 pairs of views of rank 1") {
  numbers n(1);
  int wrong = 0;
  for (int round = 0; round < 4000; ++round) {
    weft::extents<1> const sizes{1 + n.below(40)};
    auto a = some<float>({sizes[0]}, static_cast<std::uint64_t>(round) + 1);
    auto const c = counts<1>(n, sizes);
    auto const to = part<1>(n, sizes, c), from = part<1>(n, sizes, c);
    auto want = copy(std::as_const(a).data(), a.size()), old = want;
    auto const p = places<1>(to, sizes), q = places<1>(from, sizes);
    int const what = static_cast<int>(n.below(5));
    for (std::size_t i = 0; i < p.size(); ++i) {
      float const x = old[p[i]], y = old[q[i]];
      want[p[i]] = what == 0 ? y : what == 1 ? x + y : what == 2 ? x * 2 - y : what == 3 ? y : x - y;
    }
    if (what == 0) a(to[0]) = a(from[0]);
    if (what == 1) a(to[0]) += a(from[0]);
    if (what == 2) a(to[0]) = a(to[0]) * 2 - a(from[0]);
    if (what == 3) a(to[0]) = std::as_const(a)(from[0]);
    if (what == 4) a(to[0]) -= a(from[0]);
    wrong += !difference(std::as_const(a).data(), want.data(), a.size(), 1e-6).empty();
  }
  CHECK(wrong == 0);
}

TEST_CASE("4000 pairs of views of rank 2, as they are and transposed") {
  numbers n(2);
  int wrong = 0;
  for (int round = 0; round < 4000; ++round) {
    index_t const side = 1 + n.below(9);
    weft::extents<2> const sizes{side, n.below(2) ? side : 1 + n.below(9)};
    auto a = some<float>({sizes[0], sizes[1]}, static_cast<std::uint64_t>(round) + 1);
    auto c = counts<2>(n, sizes);
    int const what = static_cast<int>(n.below(4));
    bool const turned = what == 1 || what == 3;
    if (turned)
      for (std::size_t i = 0; i < 2; ++i) c[i] = c[i] < sizes[1 - i] ? c[i] : sizes[1 - i];
    auto const to = part<2>(n, sizes, c), from = part<2>(n, sizes, turned ? weft::extents<2>{c[1], c[0]} : c);
    auto want = copy(std::as_const(a).data(), a.size()), old = want;
    auto const p = places<2>(to, sizes), q = places<2>(from, sizes);
    for (std::size_t i = 0; i < p.size(); ++i) {
      auto const columns = static_cast<std::size_t>(c[1]), rows = static_cast<std::size_t>(c[0]);
      float const x = old[p[i]], y = old[q[turned ? i % columns * rows + i / columns : i]];
      want[p[i]] = what < 2 ? y : x + 2 * y;
    }
    if (what == 0) a(to[0], to[1]) = a(from[0], from[1]);
    if (what == 1) a(to[0], to[1]) = transpose(a(from[0], from[1]));
    if (what == 2) a(to[0], to[1]) += 2 * a(from[0], from[1]);
    if (what == 3) a(to[0], to[1]) += 2 * transpose(a(from[0], from[1]));
    wrong += !difference(std::as_const(a).data(), want.data(), a.size(), 1e-6).empty();
  }
  CHECK(wrong == 0);
}

TEST_CASE("1500 pairs of views of rank 3") {
  numbers n(3);
  int wrong = 0;
  for (int round = 0; round < 1500; ++round) {
    weft::extents<3> const sizes{1 + n.below(5), 1 + n.below(5), 1 + n.below(6)};
    auto a = some<float>({sizes[0], sizes[1], sizes[2]}, static_cast<std::uint64_t>(round) + 1);
    auto const c = counts<3>(n, sizes);
    auto const to = part<3>(n, sizes, c), from = part<3>(n, sizes, c);
    auto want = copy(std::as_const(a).data(), a.size()), old = want;
    auto const p = places<3>(to, sizes), q = places<3>(from, sizes);
    bool const plain = n.below(2);
    for (std::size_t i = 0; i < p.size(); ++i) want[p[i]] = plain ? old[q[i]] : old[p[i]] * old[q[i]];
    if (plain)
      a(to[0], to[1], to[2]) = a(from[0], from[1], from[2]);
    else
      a(to[0], to[1], to[2]) *= a(from[0], from[1], from[2]);
    wrong += !difference(std::as_const(a).data(), want.data(), a.size(), 1e-6).empty();
  }
  CHECK(wrong == 0);
}

TEST_CASE("1000 row programs that read views of what they write") {
  numbers n(4);
  int wrong = 0;
  for (int round = 0; round < 1000; ++round) {
    weft::extents<2> const sizes{1 + n.below(6), 1 + n.below(20)};
    auto a = some<float>({sizes[0], sizes[1]}, static_cast<std::uint64_t>(round) + 1);
    auto const c = counts<2>(n, sizes);
    auto const to = part<2>(n, sizes, c), from = part<2>(n, sizes, n.below(3) ? c : counts<2>(n, sizes));
    if (from.count[0] != c[0]) continue;
    auto const read = [&] { return std::as_const(a)(from[0], from[1]); };
    auto const own = [&] { return std::as_const(a)(to[0], to[1]); };
    auto want = copy(std::as_const(a).data(), a.size());
    auto const value = by_definition(own() - mean(read(), axis<1>, keepdims));
    auto const p = places<2>(to, sizes);
    for (std::size_t i = 0; i < p.size(); ++i) want[p[i]] = value(static_cast<index_t>(i));
    a(to[0], to[1]) -= mean(a(from[0], from[1]), axis<1>, keepdims);
    wrong += !difference(std::as_const(a).data(), want.data(), a.size(), 1e-5).empty();
  }
  CHECK(wrong == 0);
}

TEST_CASE("what has a name stays a snapshot when it is assigned to its own operands") {
  tensor<float, 1> a = {1, 2, 3}, b = {10, 10, 10};
  auto e = a + b;
  a = e;
  CHECK(allclose(a, tensor<float, 1>{11, 12, 13}));
  CHECK(allclose(e, tensor<float, 1>{11, 12, 13}));
  a = e;
  CHECK(allclose(a, tensor<float, 1>{11, 12, 13}));

  tensor<int, 1> r = {1, 2, 3, 4};
  auto v = r(range(0, 3));
  r(range(1, 4)) = v;
  CHECK(all(r == tensor<int, 1>{1, 1, 2, 3}));
  CHECK(all(v == tensor<int, 1>{1, 2, 3}));
  auto const doubled = r * 2;
  r(range(0, 4)) = doubled;
  CHECK(all(doubled == tensor<int, 1>{2, 2, 4, 6}));
  auto total = sum(r);
  r(all) = total;
  CHECK(total == 14);
  CHECK(all(r == 14));

  tensor<float, 1> c = {1, 2, 3};
  auto const next = c + 1;
  c = std::move(next);  // const: not given up
  CHECK(allclose(c, tensor<float, 1>{2, 3, 4}));
  CHECK(allclose(next, tensor<float, 1>{2, 3, 4}));

  auto twice = b * 2;
  weft::assign(b, twice, a, twice + 1);
  CHECK(all(b == 20));
  CHECK(all(a == 21));
  CHECK(all(twice == 20));
}

TEST_CASE("what has no name, or was given up, leaves its place to the result") {
  tensor<float, 1> a = {1, 2, 3}, b = {10, 10, 10};
  auto const* const place = std::as_const(a).data();
  auto const before = weft::memory_stats();
  a = a + b;
  {
    auto e = a * 2;
    a = std::move(e);
  }
  a += b;
  a(all) = a * b;
  a(range(0, 2)) = sum(b);
  a(range(1, 3))(0) = 5;
  CHECK(std::as_const(a).data() == place);
  CHECK(weft::memory_stats().copies_on_write == before.copies_on_write);
  CHECK(allclose(a, tensor<float, 1>{30, 5, 360}));
}
