// Tensors of a type known at run time: sizes that can't be, types that don't match, buffers that are shared.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <weft/io/any_tensor.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "support.hpp"

using support::message;
using weft::dtype;
using weft::dtype_error;
using weft::index_t;
using weft::shape_error;
using weft::io::any_tensor;
using weft::io::element_count;

TEST_CASE("element counts") {
  index_t const max = std::numeric_limits<index_t>::max();
  CHECK(element_count({}) == 1);
  CHECK(element_count({0}) == 0);
  CHECK(element_count({3, 0, 5}) == 0);
  CHECK(element_count({2, 3, 4}) == 24);
  CHECK(element_count({index_t{1} << 59}) == index_t{1} << 59);
  for (std::vector<index_t> const& shape : {std::vector<index_t>{-1},
                                            {0, -1},
                                            {-1, 0},
                                            {-2, -3},
                                            {max},
                                            {max, 0},
                                            {0, max, max},
                                            {max, max},
                                            {index_t{1} << 32, index_t{1} << 32},
                                            {index_t{1} << 32, index_t{1} << 31},
                                            {index_t{1} << 60}}) {
    CHECK(element_count(shape) == -1);
  }
}

TEST_CASE("type and shape") {
  any_tensor t(dtype::float64, {2, 3});
  CHECK(t.size() == 6);
  CHECK(t.nbytes() == 48);
  CHECK(t.rank() == 2);
  CHECK(reinterpret_cast<std::uintptr_t>(t.data()) % 64 == 0);
  for (int i = 0; i < 6; ++i) t.as<double>()[i] = i;
  any_tensor const copy = t;
  CHECK(copy.as<double>()[5] == 5);
  CHECK(message<dtype_error>([&] { t.as<float>(); }) == "any_tensor: asked for float32, it holds float64");
  CHECK_THROWS_AS(copy.as<std::int64_t>(), dtype_error);

  any_tensor longs(dtype::int64, {1});  // however 64 bits are spelled
  *longs.as<long>() = 7;
  CHECK(*longs.as<long long>() == 7);
  CHECK_THROWS_AS(longs.as<unsigned long>(), dtype_error);

  CHECK(any_tensor().size() == 0);
  CHECK(any_tensor(dtype::int8, {}).nbytes() == 1);
  CHECK(any_tensor(dtype::complex64, {0, 4}).nbytes() == 0);
  CHECK(message<shape_error>([] { any_tensor(dtype::int8, {2, -3}); }) == "any_tensor: impossible shape (2, -3)");
  CHECK_THROWS_AS(any_tensor(dtype::int8, {index_t{1} << 60}), shape_error);
  CHECK(weft::io::to_text({}) == "()");
  CHECK(weft::io::to_text({3}) == "(3,)");
}
