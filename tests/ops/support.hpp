// What the tests of operations share, beside the oracle.
#pragma once
#include "../engine/oracle.hpp"
#include "../support/second_derivatives.hpp"

#include <weft/grad.hpp>

#include <cstring>

// Places on an axis of size n, some of them counted from the end.
inline weft::tensor<weft::index_t, 1> places(weft::index_t count, weft::index_t n, std::uint64_t seed = 7) {
  weft::tensor<weft::index_t, 1> t = weft::zeros<weft::index_t>({count});
  oracle::numbers d(seed);
  for (weft::index_t i = 0; i < count; ++i) t(i) = d.below(2 * n) - n;
  return t;
}

// The same bits with 1 and with 3 threads.
template <class F>
bool same_bits(F const& f) {
  weft::set_num_threads(1);
  auto const one = f();
  weft::set_num_threads(3);
  auto const three = f();
  weft::set_num_threads(0);
  return one.sizes() == three.sizes() &&
         std::memcmp(one.data(), three.data(), static_cast<std::size_t>(one.nbytes())) == 0;
}
