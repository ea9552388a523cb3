// The smallest program that uses the library, and notices when it's a wrong one.
#include <weft/core.hpp>

#include <cstdio>

int main() {
  weft::tensor<float, 2> a = {{1, 2, 3}, {4, 5, 6}};
  weft::tensor<float, 2> b = {{2, 2, 2}, {1, 1, 1}};
  weft::tensor<float, 2> c = a * b + 1;
  float const total = sum(c);
  std::printf("weft %d, total %g\n", WEFT_VERSION, double(total));
  return total == 33.0f ? 0 : 1;
}
