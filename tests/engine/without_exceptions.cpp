// Everything but the checks works without exceptions and run-time type information, and mistakes reach the hook.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "oracle.hpp"

#include <csetjmp>
#include <cstring>

using weft::axis, weft::range, weft::shape, weft::tensor;

#ifdef WEFT_NO_EXCEPTIONS
static std::jmp_buf back;
static char last[200];
#define MISTAKE(expression, text)                                        \
  do {                                                                   \
    weft::on_error() = [](char const* message) {                         \
      std::strncpy(last, message, sizeof last - 1);                      \
      std::longjmp(back, 1);                                             \
    };                                                                   \
    if (setjmp(back) == 0) {                                             \
      (void)(expression);                                                \
      CHECK_MESSAGE(false, "no error: " text);                           \
    } else {                                                             \
      CHECK(std::strstr(last, text) != nullptr);                         \
    }                                                                    \
  } while (false)

TEST_CASE("mistakes reach the hook") {
  static auto a = weft::zeros<float>({2, 3}), b = weft::zeros<float>({4, 5});
  MISTAKE(a + b, "add: (2, 3) and (4, 5)");
  MISTAKE(matmul(a, b), "matmul");
  MISTAKE(a.at(2, 0), "(2, 3)");
}
#endif

TEST_CASE("a bit of everything") {
  auto x = oracle::some<float>({5, 7}, 1);
  CHECK(oracle::check(softmax(x * 2) - mean(x, axis<0>), 1e-5) == "");
  CHECK(oracle::check(matmul(x, transpose(x)), 1e-5) == "");
  tensor<float, shape{2, 2}> k = {{1, 2}, {3, 4}};
  k = transpose(k) + 1;
  x(0, range(0, 2)) = k(0);
  CHECK(float(sum(k)) == 14);
  CHECK(x(0, 1) == 4);
}
