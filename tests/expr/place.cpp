// Views that are written to.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "../engine/oracle.hpp"

using namespace oracle;
using weft::all, weft::begin, weft::ellipsis, weft::end, weft::newaxis, weft::range, weft::shape, weft::tensor;

TEST_CASE("numbers, views, expressions and rank 0 go into a view") {
  tensor<int, 2> a = weft::zeros<int>({3, 4});
  a(1, all) = 5;
  a(all, -1) = tensor<int, 1>{7, 8, 9};
  a(range(0, 3, 2), range(0, 2)) = tensor<int, 2>{{1, 2}, {3, 4}} * 10;
  CHECK(holds(a, {10, 20, 0, 7, 5, 5, 5, 8, 30, 40, 0, 9}));
  a(2, all) = a(1, all);
  a(0, range(end, begin, -1)) = a(1, all) + 1;
  CHECK(holds(a, {9, 6, 6, 6, 5, 5, 5, 8, 5, 5, 5, 8}));
  a(ellipsis, 0) = sum(a);
  CHECK(holds(a(all, 0), {73, 73, 73}));
  a(all, range(1, 1)) = 99;
  a(newaxis, 0, all, newaxis) = weft::ones<int>({1, 4, 1});
  CHECK(holds(a(0), {1, 1, 1, 1}));
  a(1) = a(0, 0) + 1;
  CHECK(holds(a(1), {2, 2, 2, 2}));
  a(ellipsis) = 0;
  CHECK(int(sum(a)) == 0);
}

TEST_CASE("a view keeps its shape") {
  tensor<float, 2> a = weft::zeros<float>({3, 4});
  CHECK_THROWS_AS((a(0, all) = weft::ones<float>({3})), weft::shape_error);
  CHECK_THROWS_AS((a(all, all) = weft::ones<float>({1, 4})), weft::shape_error);
  CHECK_THROWS_WITH_AS((a(0, all) = weft::ones<float>({3})), doctest::Contains("(4,) and (3,)"), weft::shape_error);
  CHECK_THROWS_AS((a(0, all) += weft::ones<float>({3})), weft::shape_error);
  CHECK_THROWS_AS((a(range(0, 1), all) += weft::ones<float>({3, 4})), weft::shape_error);
  a(all, all) += weft::ones<float>({1, 4});
  a(all, all) *= tensor<float, 1>{1, 2, 3, 4};
  CHECK(holds(a, {1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4}));
  CHECK(holds(a, {1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4}));
}

TEST_CASE("a place in a place") {
  tensor<int, 3> a = weft::zeros<int>({2, 3, 4});
  a(1)(2)(3) = 7;
  CHECK(a(1, 2, 3) == 7);
  a(0)(range(0, 3, 2))(all, range(end, begin, -2)) = tensor<int, 2>{{1, 2}, {3, 4}};
  CHECK(holds(a(0), {0, 2, 0, 1, 0, 0, 0, 0, 0, 4, 0, 3}));
  a(all, 1)(newaxis, all, all) += 10;
  CHECK(holds(a(all, 1), {10, 10, 10, 10, 10, 10, 10, 10}));
  auto named = a(1);
  auto inner = named(2);
  a(1, 2, 3) = 0;
  CHECK(holds(inner, {0, 0, 0, 7}));
}

TEST_CASE("other holders keep what they have") {
  tensor<float, 1> a = {1, 2, 3, 4}, b = a;
  auto e = a * 2;
  auto v = a(range(0, 2));
  auto const copies = weft::memory_stats().copies_on_write;
  a(range(0, 2)) = 0;
  CHECK(weft::memory_stats().copies_on_write == copies + 1);
  a(range(1, 3)) = a(range(0, 2)) + 5;
  a(range(0, 4, 2)) -= 1;
  CHECK(weft::memory_stats().copies_on_write == copies + 1);
  CHECK(holds(a, {-1, 5, 4, 4}));
  CHECK(holds(b, {1, 2, 3, 4}));
  CHECK(holds(e, {2, 4, 6, 8}));
  CHECK(holds(v, {1, 2}));
}

TEST_CASE("disjoint parts, and the same part, take no memory") {
  tensor<float, 2> a = some<float>({40, 50});
  a(0, all) = a(1, all);
  auto const before = weft::memory_stats();
  a(range(0, 10), all) = a(range(20, 30), all);
  a(range(0, 10), all) = a(range(0, 10), all) * 2 + 1;
  a(range(end, begin, -1), all) += a(range(end, begin, -1), all);
  a(3, all) -= a(4, all);
  a(3, all) = softmax(a(3, all));
  CHECK(weft::memory_stats().requests == before.requests);
  CHECK(weft::memory_stats().copies_on_write == before.copies_on_write);
}

TEST_CASE("op= with every operator, and a wider operand") {
  tensor<double, 1> a = {1, 2, 3, 4};
  a(range(0, 2)) += 1;
  a(range(1, 3)) *= tensor<float, 1>{2, 4};
  a(range(2, 4)) -= tensor<int, 1>{2, 2};
  a(range(0, 4, 3)) /= 2;
  CHECK(holds(a, {1, 6, 10, 1}));
  tensor<weft::uint8, 1> small = {250, 1};
  small(all) += small;
  CHECK(holds(small, {244, 2}));
}

TEST_CASE("reductions, products and row programs into a view") {
  auto x = some<float>({4, 6}, 1);
  tensor<float, 2> a = weft::zeros<float>({6, 6});
  a(0, all) = sum(x, weft::axis<0>);
  a(all, 1)(range(0, 4)) = sum(x, weft::axis<1>);
  a(range(5, 1, -1), range(0, 6, 1)) = softmax(x);
  a(range(0, 4), range(4, begin, -1))(all, range(0, 4)) += matmul(x, transpose(x));
  auto b = weft::zeros<float>({6, 6});
  auto const columns = by_definition(sum(x, weft::axis<0>)), rows = by_definition(sum(x, weft::axis<1>)),
             soft = by_definition(softmax(x)), product = by_definition(matmul(x, transpose(x)));
  for (index_t j = 0; j < 6; ++j) b(0, j) = columns(j);
  for (index_t i = 0; i < 4; ++i) b(i, 1) = rows(i);
  for (index_t i = 0; i < 4; ++i)
    for (index_t j = 0; j < 6; ++j) b(5 - i, j) = soft(i * 6 + j);
  for (index_t i = 0; i < 4; ++i)
    for (index_t j = 0; j < 4; ++j) b(i, 4 - j) += product(i * 4 + j);
  CHECK(difference(std::as_const(a).data(), std::as_const(b).data(), 36, 1e-5) == "");
}

TEST_CASE("inline tensors have places too") {
  tensor<int, shape{2, 3}> a = {{1, 2, 3}, {4, 5, 6}};
  a(0, all) = a(1, all);
  a(all, range(0, 2)) = a(all, range(1, 3));
  CHECK(holds(a, {5, 6, 6, 5, 6, 6}));
  a(all, 0) += 1;
  CHECK(holds(a(all, 0), {6, 6}));
}
