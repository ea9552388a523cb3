// Random programs: statements that reuse each other's values in any order, changed in place on the way.
#include <doctest/doctest.h>
#include <weft/grad.hpp>

#include "support.hpp"

#include <vector>

using namespace weft;

namespace {

struct dice {
  unsigned state;
  int operator()(int sides) {
    state = state * 1664525u + 1013904223u;
    return static_cast<int>((state >> 10) % static_cast<unsigned>(sides));
  }
};

// `steps` statements over square matrices, a row and a number; values stay of moderate size.
template <class M, class R>
auto program(unsigned seed, int steps, M const& x, M const& y, R const& row) {
  dice roll{seed};
  std::vector<M> v = {x, y};
  for (int i = 0; i < steps; ++i) {
    M const a = v[static_cast<std::size_t>(roll(static_cast<int>(v.size())))];
    M const b = v[static_cast<std::size_t>(roll(static_cast<int>(v.size())))];
    switch (roll(8)) {
      case 0:
        v.push_back(eval(tanh(a + b * 0.5)));
        break;
      case 1:
        v.push_back(eval(tanh(matmul(a, b) * 0.3 + row)));
        break;
      case 2:
        v.push_back(eval(a / (2.5 + sin(b)) - mean(b, axis<1>, keepdims)));
        break;
      case 3:
        v.push_back(eval(softmax(a) + transpose(b) * 0.7));
        break;
      case 4:
        v.push_back(eval(where(a > b, a, b(range(end, begin, -1), all)) * max(b, axis<0>)));
        break;
      case 5:
        v.push_back(eval(relu(a + 0.3) + matmul(a, transpose(b)) * 0.2));
        break;
      case 6:
        v.back() += a * sum(row * row) * 0.1;
        break;
      case 7:
        v[0] = eval(v[0] * cos(a));
        break;
    }
  }
  return sum(tanh(v.back()) * v[v.size() / 2]) + mean(v[0]);
}

}  // namespace

TEST_CASE("random programs against central differences") {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    auto const x = varied<2>({3, 3}, -1, 1, seed), y = varied<2>({3, 3}, -1, 1, seed + 1000);
    auto const row = varied<1>({3}, -1, 1, seed + 2000);
    auto f = [seed](auto const& a, auto const& b, auto const& r) { return program(seed, 2 + int(seed % 9), a, b, r); };
    CAPTURE(seed);
    CHECK(check_gradients(f, x, y, row) < 1e-5);
  }
  CHECK(tape_stats().live == 0);
}
