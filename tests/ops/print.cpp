#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
#include <weft/core.hpp>
#include <weft/ops/print.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <iomanip>
#include <limits>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <vector>

using weft::all, weft::index_t, weft::range, weft::shape, weft::tensor, weft::to_string;

static constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
static constexpr double inf = std::numeric_limits<double>::infinity();
static constexpr long long smallest = std::numeric_limits<long long>::min();

// The literals below are NumPy's text for the same arrays.

struct with_options {
  weft::printoptions before;
  explicit with_options(weft::printoptions const& o) : before(weft::set_printoptions(o)) {}
  ~with_options() { weft::set_printoptions(before); }
};

// The elements as numbers that hold every value of T.
template <class T>
using numbers = std::vector<std::conditional_t<std::is_floating_point_v<T>, double,
                                               std::conditional_t<std::is_same_v<T, std::uint64_t>, T, long long>>>;

template <int R, class T>
static std::string shown_at_rank(T const* data, std::vector<index_t> const& sizes) {
  weft::extents<R> e{};
  for (std::size_t i = 0; i < e.size(); ++i) e[i] = sizes[i];
  std::ostringstream out;
  out << weft::borrowed<T const, R>(data, e);
  return out.str();
}
template <class T>
static std::string shown(numbers<T> const& values, std::vector<index_t> const& sizes,
                         weft::printoptions const& o = {}) {
  with_options const given(o);
  auto const elements = std::make_unique<T[]>(values.size() + 1);
  for (std::size_t i = 0; i < values.size(); ++i) elements[i] = static_cast<T>(values[i]);
  switch (sizes.size()) {
    case 0: return shown_at_rank<0>(elements.get(), sizes);
    case 1: return shown_at_rank<1>(elements.get(), sizes);
    case 2: return shown_at_rank<2>(elements.get(), sizes);
    case 3: return shown_at_rank<3>(elements.get(), sizes);
    case 4: return shown_at_rank<4>(elements.get(), sizes);
    default: return shown_at_rank<5>(elements.get(), sizes);
  }
}

struct ramp {
  int count;
  double start, step;
  ramp(int n, double first, double by) : count(n), start(first), step(by) {}
  template <class X>
  operator std::vector<X>() const {
    std::vector<X> v;
    for (int i = 0; i < count; ++i) v.push_back(static_cast<X>(start + i * step));
    return v;
  }
};
static numbers<bool> thirds(int count) {
  numbers<bool> v;
  for (int i = 0; i < count; ++i) v.push_back(i % 3 == 0);
  return v;
}

TEST_CASE("rows of numbers with a point") {
  CHECK(shown<float>({1, 2, 3, 4, 5, 6}, {2, 3}) ==
        "[[1. 2. 3.]\n"
        " [4. 5. 6.]]");
  CHECK(shown<float>({1, -2, 10}, {3}) == "[ 1. -2. 10.]");
  CHECK(shown<double>({100, 2, -1}, {3}) == "[100.   2.  -1.]");
  CHECK(shown<double>({-100, 2, 1}, {3}) == "[-100.    2.    1.]");
  CHECK(shown<float>({1.5, 0, 2.25}, {3}) == "[1.5  0.   2.25]");
  CHECK(shown<float>({0.1, 0.2, 0.3}, {3}) == "[0.1 0.2 0.3]");
  CHECK(shown<double>({0.1, 0.2, 0.30000000000000004}, {3}) == "[0.1 0.2 0.3]");
  CHECK(shown<float>({0.3333333333333333, 0.6666666666666666, 1}, {3}) == "[0.33333334 0.6666667  1.        ]");
  CHECK(shown<double>({0.3333333333333333, -0.6666666666666666, 1}, {3}) == "[ 0.33333333 -0.66666667  1.        ]");
  CHECK(shown<double>({1.5, 0, 1.23456789}, {3}) == "[1.5        0.         1.23456789]");
  CHECK(shown<float>({0, -0.0}, {2}) == "[ 0. -0.]");
  CHECK(shown<float>({0}, {1}) == "[0.]");
  CHECK(shown<float>({-0.5}, {1}) == "[-0.5]");
  CHECK(shown<double>({9.99999999999}, {1}) == "[10.]");
  CHECK(shown<double>({0.999999996, 0.999999994}, {2}) == "[1.         0.99999999]");
  CHECK(shown<double>({0.123456785, 0.25}, {2}) == "[0.12345678 0.25      ]");
  CHECK(shown<float>({3.14159265, 2.71828183}, {2}) == "[3.1415927 2.7182817]");
  CHECK(shown<float>({16777216, 1}, {2}) == "[1.6777216e+07 1.0000000e+00]");
  CHECK(shown<float>({67108872, 1}, {2}) == "[6.710887e+07 1.000000e+00]");
  CHECK(shown<float>({99999992}, {1}) == "[99999992.]");
  CHECK(shown<double>({99999999.9}, {1}) == "[99999999.9]");
  CHECK(shown<float>({0.0001, 0.05}, {2}) == "[0.0001 0.05  ]");
  CHECK(shown<double>({0.0001, 0.1}, {2}) == "[0.0001 0.1   ]");
  CHECK(shown<double>({1, 1000}, {2}) == "[   1. 1000.]");
  CHECK(shown<float>({0.001, 1}, {2}) == "[0.001 1.   ]");
  CHECK(shown<double>({123456.789, 1234.5}, {2}) == "[123456.789   1234.5  ]");
}

TEST_CASE("exponents") {
  CHECK(shown<float>({100000000, 1}, {2}) == "[1.e+08 1.e+00]");
  CHECK(shown<double>({100000000}, {1}) == "[1.e+08]");
  CHECK(shown<double>({99999999.5, 100000}, {2}) == "[99999999.5   100000. ]");
  CHECK(shown<float>({9e-05, 0.05}, {2}) == "[9.e-05 5.e-02]");
  CHECK(shown<double>({1e-05}, {1}) == "[1.e-05]");
  CHECK(shown<double>({1, 1000.5}, {2}) == "[1.0000e+00 1.0005e+03]");
  CHECK(shown<float>({0.001, 1.001}, {2}) == "[1.000e-03 1.001e+00]");
  CHECK(shown<double>({1e-05, 12345.6}, {2}) == "[1.00000e-05 1.23456e+04]");
  CHECK(shown<float>({0.3, 12345.678}, {2}) == "[3.0000001e-01 1.2345678e+04]");
  CHECK(shown<float>({1e-10, -1}, {2}) == "[ 1.e-10 -1.e+00]");
  CHECK(shown<double>({1e-300, 1e+300}, {2}) == "[1.e-300 1.e+300]");
  CHECK(shown<double>({1e+100, 1}, {2}) == "[1.e+100 1.e+000]");
  CHECK(shown<double>({5e-324}, {1}) == "[5.e-324]");
  CHECK(shown<float>({1e-45, 3.4028235e+38}, {2}) == "[1.4012985e-45 3.4028235e+38]");
  CHECK(shown<double>({1.7976931348623157e+308, -1}, {2}) == "[ 1.79769313e+308 -1.00000000e+000]");
  CHECK(shown<double>({0.3333333333333333, 1000000000}, {2}) == "[3.33333333e-01 1.00000000e+09]");
  CHECK(shown<double>({9999999999.99, 1}, {2}) == "[1.e+10 1.e+00]");
  CHECK(shown<float>({0, 10000000000}, {2}) == "[0.e+00 1.e+10]");
  CHECK(shown<float>({0.1, 1e+20}, {2}) == "[1.e-01 1.e+20]");
  CHECK(shown<double>({1e+23, 1.1805916207174113e+21}, {2}) == "[1.00000000e+23 1.18059162e+21]");
  CHECK(shown<float>({1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000,
              100000000000}, {12}) ==
        "[1.e+00 1.e+01 1.e+02 1.e+03 1.e+04 1.e+05 1.e+06 1.e+07 1.e+08 1.e+09\n"
        " 1.e+10 1.e+11]");
}

TEST_CASE("nan and infinities") {
  CHECK(shown<float>({not_a_number, inf}, {2}) == "[nan inf]");
  CHECK(shown<float>({not_a_number, -inf}, {2}) == "[ nan -inf]");
  CHECK(shown<double>({not_a_number, 1}, {2}) == "[nan  1.]");
  CHECK(shown<float>({1, inf, -2.5}, {3}) == "[ 1.   inf -2.5]");
  CHECK(shown<double>({-inf, 100.25}, {2}) == "[  -inf 100.25]");
  CHECK(shown<float>({not_a_number}, {1}) == "[nan]");
  CHECK(shown<float>({-inf}, {1}) == "[-inf]");
  CHECK(shown<double>({inf, 100000, 1.1234}, {3}, {.precision = 2}) == "[     inf 1.00e+05 1.12e+00]");
  CHECK(shown<double>({inf, 1.1234, -1e+120}, {3}, {.precision = 2}) == "[       inf  1.12e+000 -1.00e+120]");
  CHECK(shown<float>({not_a_number, 10000000000}, {2}) == "[   nan 1.e+10]");
  CHECK(shown<double>({not_a_number, -1e-10, -inf}, {3}) == "[    nan -1.e-10    -inf]");
  CHECK(shown<float>({not_a_number, -not_a_number, 0.5, -inf}, {2, 2}) ==
        "[[ nan  nan]\n"
        " [ 0.5 -inf]]");
}

TEST_CASE("integers and truth values") {
  CHECK(shown<int>({0, 1, 2}, {3}) == "[0 1 2]");
  CHECK(shown<int>({1, -10, 100}, {3}) == "[  1 -10 100]");
  CHECK(shown<int>({-1, 5}, {2}) == "[-1  5]");
  CHECK(shown<std::int8_t>({-128, 127, 0, 7}, {2, 2}) ==
        "[[-128  127]\n"
        " [   0    7]]");
  CHECK(shown<std::uint8_t>({65, 66, 255}, {3}) == "[ 65  66 255]");
  CHECK(shown<std::int16_t>({-32768, 0}, {2}) == "[-32768      0]");
  CHECK(shown<std::uint16_t>({65535, 1}, {2}) == "[65535     1]");
  CHECK(shown<unsigned>({4294967295, 7}, {2}) == "[4294967295          7]");
  CHECK(shown<std::int64_t>({smallest, 9223372036854775807}, {2}) == "[-9223372036854775808  9223372036854775807]");
  CHECK(shown<std::uint64_t>({18446744073709551615ull, 0ull}, {2}) == "[18446744073709551615                    0]");
  CHECK(shown<long long>({1, -123456789012}, {2}) == "[            1 -123456789012]");
  CHECK(shown<bool>({1, 0}, {2}) == "[ True False]");
  CHECK(shown<bool>({1, 0, 0, 1}, {2, 2}) ==
        "[[ True False]\n"
        " [False  True]]");
  CHECK(shown<bool>({1}, {1}) == "[ True]");
}

TEST_CASE("wrapped rows") {
  CHECK(shown<int>(ramp(30, 0, 1), {30}) ==
        "[ 0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15 16 17 18 19 20 21 22 23\n"
        " 24 25 26 27 28 29]");
  CHECK(shown<int>(ramp(40, 100, 100), {2, 20}) ==
        "[[ 100  200  300  400  500  600  700  800  900 1000 1100 1200 1300 1400\n"
        "  1500 1600 1700 1800 1900 2000]\n"
        " [2100 2200 2300 2400 2500 2600 2700 2800 2900 3000 3100 3200 3300 3400\n"
        "  3500 3600 3700 3800 3900 4000]]");
  CHECK(shown<float>(ramp(25, 0, 1), {25}) ==
        "[ 0.  1.  2.  3.  4.  5.  6.  7.  8.  9. 10. 11. 12. 13. 14. 15. 16. 17.\n"
        " 18. 19. 20. 21. 22. 23. 24.]");
  CHECK(shown<double>(ramp(14, 0, 0.125), {14}) ==
        "[0.    0.125 0.25  0.375 0.5   0.625 0.75  0.875 1.    1.125 1.25  1.375\n"
        " 1.5   1.625]");
  CHECK(shown<float>(ramp(24, -1, 1000), {2, 1, 12}) ==
        "[[[-1.0000e+00  9.9900e+02  1.9990e+03  2.9990e+03  3.9990e+03\n"
        "    4.9990e+03  5.9990e+03  6.9990e+03  7.9990e+03  8.9990e+03\n"
        "    9.9990e+03  1.0999e+04]]\n"
        "\n"
        " [[ 1.1999e+04  1.2999e+04  1.3999e+04  1.4999e+04  1.5999e+04\n"
        "    1.6999e+04  1.7999e+04  1.8999e+04  1.9999e+04  2.0999e+04\n"
        "    2.1999e+04  2.2999e+04]]]");
  CHECK(shown<bool>(thirds(26), {26}) ==
        "[ True False False  True False False  True False False  True False False\n"
        "  True False False  True False False  True False False  True False False\n"
        "  True False]");
  CHECK(shown<double>({1.5, 2.25, 3, 4.125}, {4}, {.linewidth = 12}) ==
        "[1.5\n"
        " 2.25\n"
        " 3.\n"
        " 4.125]");
  CHECK(shown<int>(ramp(6, 0, 1), {6}, {.linewidth = 8}) ==
        "[0 1 2\n"
        " 3 4 5]");
  CHECK(shown<int>(ramp(3, 0, 1), {3}, {.linewidth = 4}) ==
        "[0\n"
        " 1\n"
        " 2]");
  CHECK(shown<int>(ramp(3, 0, 1), {3}, {.linewidth = 0}) ==
        "[0\n"
        " 1\n"
        " 2]");
  CHECK(shown<int>(ramp(6, 0, 1), {1, 1, 6}, {.linewidth = 9}) ==
        "[[[0 1\n"
        "   2 3\n"
        "   4 5]]]");
  CHECK(shown<int>(ramp(18, 0, 1), {18}, {.linewidth = 37}) ==
        "[ 0  1  2  3  4  5  6  7  8  9 10 11\n"
        " 12 13 14 15 16 17]");
  CHECK(shown<int>(ramp(18, 0, 1), {18}, {.linewidth = 38}) ==
        "[ 0  1  2  3  4  5  6  7  8  9 10 11\n"
        " 12 13 14 15 16 17]");
}

TEST_CASE("blocks of a higher rank") {
  CHECK(shown<int>(ramp(6, 0, 1), {1, 6}) == "[[0 1 2 3 4 5]]");
  CHECK(shown<int>(ramp(6, 0, 1), {6, 1}) ==
        "[[0]\n"
        " [1]\n"
        " [2]\n"
        " [3]\n"
        " [4]\n"
        " [5]]");
  CHECK(shown<float>(ramp(12, 0, 1), {2, 2, 3}) ==
        "[[[ 0.  1.  2.]\n"
        "  [ 3.  4.  5.]]\n"
        "\n"
        " [[ 6.  7.  8.]\n"
        "  [ 9. 10. 11.]]]");
  CHECK(shown<int>(ramp(16, 0, 1), {2, 2, 2, 2}) ==
        "[[[[ 0  1]\n"
        "   [ 2  3]]\n"
        "\n"
        "  [[ 4  5]\n"
        "   [ 6  7]]]\n"
        "\n"
        "\n"
        " [[[ 8  9]\n"
        "   [10 11]]\n"
        "\n"
        "  [[12 13]\n"
        "   [14 15]]]]");
  CHECK(shown<double>(ramp(3, 0, 1), {1, 1, 1, 3}) == "[[[[0. 1. 2.]]]]");
  CHECK(shown<int>(ramp(8, 0, 1), {2, 1, 2, 1, 2}) ==
        "[[[[[0 1]]\n"
        "\n"
        "   [[2 3]]]]\n"
        "\n"
        "\n"
        "\n"
        " [[[[4 5]]\n"
        "\n"
        "   [[6 7]]]]]");
  CHECK(shown<bool>(thirds(8), {2, 2, 2}) ==
        "[[[ True False]\n"
        "  [False  True]]\n"
        "\n"
        " [[False False]\n"
        "  [ True False]]]");
}

TEST_CASE("nothing to show") {
  CHECK(shown<float>({}, {0}) == "[]");
  CHECK(shown<int>({}, {0, 3}) == "[]");
  CHECK(shown<double>({}, {3, 0}) == "[]");
  CHECK(shown<bool>({}, {2, 0, 4}) == "[]");
}

TEST_CASE("summaries") {
  CHECK(shown<int>(ramp(1000, 0, 1), {1000}, {.threshold = 999, .linewidth = 20}) ==
        "[  0   1   2 ...\n"
        " 997 998 999]");
  CHECK(shown<int>(ramp(1001, 0, 1), {1001}) == "[   0    1    2 ...  998  999 1000]");
  CHECK(shown<int>(ramp(1002, 0, 1), {2, 501}) ==
        "[[   0    1    2 ...  498  499  500]\n"
        " [ 501  502  503 ...  999 1000 1001]]");
  CHECK(shown<float>(ramp(10000, 0, 1), {100, 100}) ==
        "[[0.000e+00 1.000e+00 2.000e+00 ... 9.700e+01 9.800e+01 9.900e+01]\n"
        " [1.000e+02 1.010e+02 1.020e+02 ... 1.970e+02 1.980e+02 1.990e+02]\n"
        " [2.000e+02 2.010e+02 2.020e+02 ... 2.970e+02 2.980e+02 2.990e+02]\n"
        " ...\n"
        " [9.700e+03 9.701e+03 9.702e+03 ... 9.797e+03 9.798e+03 9.799e+03]\n"
        " [9.800e+03 9.801e+03 9.802e+03 ... 9.897e+03 9.898e+03 9.899e+03]\n"
        " [9.900e+03 9.901e+03 9.902e+03 ... 9.997e+03 9.998e+03 9.999e+03]]");
  CHECK(shown<double>(ramp(2000, 0, 0.25), {2000}) ==
        "[0.0000e+00 2.5000e-01 5.0000e-01 ... 4.9925e+02 4.9950e+02 4.9975e+02]");
  CHECK(shown<float>(ramp(5000, -2500, 1.5), {5000}) == "[-2500.  -2498.5 -2497.  ...  4995.5  4997.   4998.5]");
  CHECK(shown<int>(ramp(2000, 0, 1), {5, 4, 100}) ==
        "[[[   0    1    2 ...   97   98   99]\n"
        "  [ 100  101  102 ...  197  198  199]\n"
        "  [ 200  201  202 ...  297  298  299]\n"
        "  [ 300  301  302 ...  397  398  399]]\n"
        "\n"
        " [[ 400  401  402 ...  497  498  499]\n"
        "  [ 500  501  502 ...  597  598  599]\n"
        "  [ 600  601  602 ...  697  698  699]\n"
        "  [ 700  701  702 ...  797  798  799]]\n"
        "\n"
        " [[ 800  801  802 ...  897  898  899]\n"
        "  [ 900  901  902 ...  997  998  999]\n"
        "  [1000 1001 1002 ... 1097 1098 1099]\n"
        "  [1100 1101 1102 ... 1197 1198 1199]]\n"
        "\n"
        " [[1200 1201 1202 ... 1297 1298 1299]\n"
        "  [1300 1301 1302 ... 1397 1398 1399]\n"
        "  [1400 1401 1402 ... 1497 1498 1499]\n"
        "  [1500 1501 1502 ... 1597 1598 1599]]\n"
        "\n"
        " [[1600 1601 1602 ... 1697 1698 1699]\n"
        "  [1700 1701 1702 ... 1797 1798 1799]\n"
        "  [1800 1801 1802 ... 1897 1898 1899]\n"
        "  [1900 1901 1902 ... 1997 1998 1999]]]");
  CHECK(shown<int>(ramp(27, 0, 1), {3, 3, 3}, {.threshold = 1, .edgeitems = 1}) ==
        "[[[ 0 ...  2]\n"
        "  ...\n"
        "  [ 6 ...  8]]\n"
        "\n"
        " ...\n"
        "\n"
        " [[18 ... 20]\n"
        "  ...\n"
        "  [24 ... 26]]]");
  CHECK(shown<double>(ramp(9, 0, 0), {3, 3, 1, 1}, {.threshold = 1, .edgeitems = 1}) ==
        "[[[[0.]]\n"
        "\n"
        "  ...\n"
        "\n"
        "  [[0.]]]\n"
        "\n"
        "\n"
        " ...\n"
        "\n"
        "\n"
        " [[[0.]]\n"
        "\n"
        "  ...\n"
        "\n"
        "  [[0.]]]]");
  CHECK(shown<int>(ramp(7, 0, 1), {7}, {.threshold = 6}) == "[0 1 2 ... 4 5 6]");
  CHECK(shown<int>(ramp(6, 0, 1), {6}, {.threshold = 5}) == "[0 1 2 3 4 5]");
  CHECK(shown<int>(ramp(9, 0, 1), {9}, {.threshold = 5, .edgeitems = 1}) == "[0 ... 8]");
  CHECK(shown<int>(ramp(9, 0, 1), {3, 3}, {.threshold = 5, .edgeitems = 0}) ==
        "[...\n"
        " [... 8]]");
  CHECK(shown<int>(ramp(12, 0, 1), {12}, {.threshold = 5, .linewidth = 9}) ==
        "[ 0  1\n"
        "  2 ...\n"
        "  9 10\n"
        " 11]");
  CHECK(shown<double>({1, 2, 3, 1e-09, 1e-09, 1e-09, 1e-09, 1e-09, 4, 5, 6}, {11}, {.threshold = 5}) ==
        "[1. 2. 3. ... 4. 5. 6.]");
}

TEST_CASE("options") {
  CHECK(shown<double>({1.123456789}, {1}, {.precision = 4}) == "[1.1235]");
  CHECK(shown<double>({0.2, -1, 122.51}, {3}, {.precision = 0}) == "[  0.  -1. 123.]");
  CHECK(shown<double>({0.5, 1.5, 2.5}, {3}, {.precision = 0}) == "[0. 2. 2.]");
  CHECK(shown<double>({10000000000, 25500000000}, {2}, {.precision = 0}) == "[1.e+10 3.e+10]");
  CHECK(shown<double>({0.1, 0.3333333333333333, 0.001}, {3}, {.precision = 17}) ==
        "[0.1                0.3333333333333333 0.001             ]");
  CHECK(shown<double>({0.3333333333333333, 2}, {2}, {.precision = -1}) == "[0.3333333333333333 2.                ]");
  CHECK(shown<float>({0.3333333333333333, 2}, {2}, {.precision = -1}) == "[0.33333334 2.        ]");
  CHECK(shown<double>({1e-10, 0.5}, {2}, {.suppress = true}) == "[0.  0.5]");
  CHECK(shown<double>({1e-06, 4e-07, 2, 3}, {4}, {.precision = 6, .suppress = true}) ==
        "[0.000001 0.       2.       3.      ]");
  CHECK(shown<double>({-4.4e-16, 0}, {2}, {.precision = 4, .suppress = true}) == "[-0.  0.]");
  CHECK(shown<double>({1e-30, 1}, {2}, {.precision = -1, .linewidth = 100, .suppress = true}) ==
        "[0.000000000000000000000000000001 1.                              ]");
  CHECK(shown<double>({100000000, 1}, {2}, {.suppress = true}) == "[1.e+08 1.e+00]");
  CHECK(shown<double>({0.001, 99999}, {2}, {.suppress = true}) == "[    0.001 99999.   ]");
  CHECK(shown<float>({1e-20}, {1}, {.suppress = true}) == "[0.]");
  CHECK(shown<double>({0, 1.1111111111111112, 2.2222222222222223, 3.3333333333333335, 4.444444444444445,
              5.555555555555555, 6.666666666666667, 7.777777777777778, 8.88888888888889, 10}, {10},
              {.precision = 2, .threshold = 5, .suppress = true}) ==
        "[ 0.    1.11  2.22 ...  7.78  8.89 10.  ]");
}

TEST_CASE("a number by itself shows all its digits") {
  CHECK(shown<float>({1.0}, {}) == "1.0");
  CHECK(shown<double>({1.0}, {}) == "1.0");
  CHECK(shown<float>({0.1}, {}) == "0.1");
  CHECK(shown<double>({0.1}, {}) == "0.1");
  CHECK(shown<float>({0.3333333333333333}, {}) == "0.33333334");
  CHECK(shown<double>({0.3333333333333333}, {}) == "0.3333333333333333");
  CHECK(shown<float>({-0.0}, {}) == "-0.0");
  CHECK(shown<float>({1000000000000000.0}, {}) == "1000000000000000.0");
  CHECK(shown<float>({123456789.0}, {}) == "123456790.0");
  CHECK(shown<double>({123456789.123}, {}) == "123456789.123");
  CHECK(shown<double>({1e+16}, {}) == "1e+16");
  CHECK(shown<double>({9999999999999998.0}, {}) == "9999999999999998.0");
  CHECK(shown<float>({1e+20}, {}) == "1e+20");
  CHECK(shown<double>({1.5e+20}, {}) == "1.5e+20");
  CHECK(shown<float>({0.0001}, {}) == "1e-04");
  CHECK(shown<double>({0.0001}, {}) == "0.0001");
  CHECK(shown<double>({0.00012345}, {}) == "0.00012345");
  CHECK(shown<double>({1.2345e-05}, {}) == "1.2345e-05");
  CHECK(shown<float>({1e-45}, {}) == "1e-45");
  CHECK(shown<double>({-1e-300}, {}) == "-1e-300");
  CHECK(shown<float>({not_a_number}, {}) == "nan");
  CHECK(shown<double>({inf}, {}) == "inf");
  CHECK(shown<float>({-inf}, {}) == "-inf");
  CHECK(shown<float>({16777216.0}, {}) == "16777216.0");
  CHECK(shown<double>({1.1805916207174113e+21}, {}) == "1.1805916207174113e+21");
  CHECK(shown<float>({67108872.0}, {}) == "67108870.0");
  CHECK(shown<int>({-7}, {}) == "-7");
  CHECK(shown<std::uint8_t>({65}, {}) == "65");
  CHECK(shown<bool>({1}, {}) == "True");
  CHECK(shown<bool>({0}, {}) == "False");
  CHECK(shown<double>({1.23456789012}, {}, {.precision = 3, .suppress = true}) == "1.23456789012");
}

TEST_CASE("up to the threshold everything is shown") {
  std::string const text = shown<int>(ramp(1000, 0, 1), {10, 100});
  CHECK(text.find("...") == std::string::npos);
  CHECK(std::count(text.begin(), text.end(), ' ') > 1000);
}

TEST_CASE("with all digits, the text reads back as the same number") {
  std::mt19937_64 random(7);
  with_options const given({.precision = -1, .threshold = 100000, .linewidth = 40});
  for (bool const suppress : {false, true}) {
    weft::set_printoptions({.suppress = suppress});
    // Large numbers have exponents in any case, so that small ones must be by themselves to be written without.
    std::uniform_int_distribution<int> wide_exponent(-1080, suppress ? 20 : 1000);
    std::uniform_int_distribution<int> narrow_exponent(-150, suppress ? 20 : 120);
    std::uniform_real_distribution<double> fraction(-1, 1);
    std::vector<double> wide;
    std::vector<float> narrow;
    for (int i = 0; i < 3000; ++i) {
      wide.push_back(std::ldexp(fraction(random), wide_exponent(random)));
      narrow.push_back(static_cast<float>(std::ldexp(fraction(random), narrow_exponent(random))));
    }
    std::string const wide_text = to_string(weft::borrow(wide.data(), {3000}));
    char const* p = wide_text.c_str() + 1;
    int same = 0;
    for (double x : wide) {
      char* after = nullptr;
      same += std::strtod(p, &after) == x;
      p = after;
    }
    CHECK(same == 3000);
    CHECK(std::string(p + std::strspn(p, " ")) == "]");
    std::string const narrow_text = to_string(weft::borrow(narrow.data(), {30, 100}));
    p = narrow_text.c_str();
    same = 0;
    for (float x : narrow) {
      while (*p == '[' || *p == ']' || *p == ' ' || *p == '\n') ++p;
      char* after = nullptr;
      same += std::strtof(p, &after) == x;
      p = after;
    }
    CHECK(same == 3000);
    CHECK(std::string(p + std::strspn(p, " ")) == "]]");
  }
}

TEST_CASE("expressions of every kind") {
  tensor<float, 2> const a = {{1, 2, 3}, {4, 5, 6}};
  std::ostringstream out;
  out << a << "\n" << a + 1 << "\n" << transpose(a) << "\n" << (a > 3.0f) << "\n";
  out << sum(a) << "\n" << sum(a, weft::axis<0>);
  CHECK(out.str() ==
        "[[1. 2. 3.]\n"
        " [4. 5. 6.]]\n"
        "[[2. 3. 4.]\n"
        " [5. 6. 7.]]\n"
        "[[1. 4.]\n"
        " [2. 5.]\n"
        " [3. 6.]]\n"
        "[[False False False]\n"
        " [ True  True  True]]\n"
        "21.0\n"
        "[5. 7. 9.]");
  CHECK(to_string(a(1, all)) == "[4. 5. 6.]");
  CHECK(to_string(a(all, range(2, weft::begin, -2))) == "[[3. 1.]\n [6. 4.]]");
  CHECK(to_string(matmul(a, transpose(a))) == "[[14. 32.]\n [32. 77.]]");
  CHECK(to_string(a(1, 2) + a) == "[[ 7.  8.  9.]\n [10. 11. 12.]]");
  CHECK(to_string(mean(a) * 2) == "7.0");
  CHECK(to_string(a(range(0, 0), all)) == "[]");

  constexpr tensor<int, shape{2, 2}> k = {{1, 2}, {3, -4}};
  CHECK(to_string(k) == "[[ 1  2]\n [ 3 -4]]");
  CHECK(to_string(k * k) == "[[ 1  4]\n [ 9 16]]");
  tensor<double, shape{"batch", 3}> named;
  named = weft::ones<double>({1, 3});
  CHECK(to_string(named) == "[[1. 1. 1.]]");
  CHECK(to_string(tensor<float, shape{100}>()).substr(0, 8) == "[0. 0. 0");
  CHECK(to_string(tensor<float, 2>()) == "[]");
  CHECK(to_string(tensor<bool, 0>(true)) == "True");
  CHECK(to_string(weft::poison()) == "");
}

TEST_CASE("printing changes nothing") {
  tensor<float, 1> a = {1, 2, 3};
  tensor<float, 1> const b = a;
  auto const copies = weft::memory_stats().copies_on_write;
  CHECK(to_string(a) == "[1. 2. 3.]");
  CHECK(to_string(a(range(1, 3))) == "[2. 3.]");
  CHECK(weft::memory_stats().copies_on_write == copies);
  CHECK(std::as_const(a).data() == b.data());

  std::ostringstream out;
  out << std::hex << std::showpos << std::scientific << std::setprecision(2) << std::setfill('*');
  auto const flags = out.flags();
  out << std::setw(30) << a << tensor<int, 1>{10, 255};
  CHECK(out.str() == "[1. 2. 3.][ 10 255]");
  CHECK(out.flags() == flags);
  CHECK(out.precision() == 2);
  CHECK(out.fill() == '*');
  CHECK(out.width() == 30);
}

TEST_CASE("options stay until they are set again") {
  weft::printoptions const before = weft::set_printoptions({.precision = 3});
  CHECK(before.precision == 8);
  CHECK(before.threshold == 1000);
  CHECK(before.edgeitems == 3);
  CHECK(before.linewidth == 75);
  CHECK(before.suppress == false);
  weft::set_printoptions({.suppress = true});
  CHECK(weft::print_options().precision == 3);
  CHECK(weft::print_options().suppress == true);
  CHECK(to_string(tensor<double, 1>{1e-9, 1.0 / 3}) == "[0.    0.333]");
  weft::set_printoptions({.edgeitems = -1});
  CHECK(weft::print_options().edgeitems == 0);
  weft::set_printoptions(before);
  CHECK(weft::print_options().precision == 8);
  CHECK(weft::print_options().edgeitems == 3);
  CHECK(weft::print_options().suppress == false);
}

TEST_CASE("doctest shows expressions") {
  tensor<int, 1> const a = {1, 2};
  CHECK(std::string(doctest::toString(a).c_str()) == "[1 2]");
  CHECK(std::string(doctest::toString(a * 2).c_str()) == "[2 4]");
  CHECK(std::string(doctest::toString(sum(a)).c_str()) == "3");
  CHECK(sum(a) == 3);
}

#if defined(__cpp_exceptions)
TEST_CASE("an expression that can't be evaluated throws, and nothing is printed") {
  tensor<float, 2> const a = {{1, 2, 3}};
  std::ostringstream out;
  CHECK_THROWS_AS(out << a(5, all), weft::index_error);
  CHECK(out.str().empty());
}
#endif
