// A program's first product of floats: the statement, and the product's own code unless that is compiled elsewhere.
#include <weft/core.hpp>

using matrix = weft::tensor<float, 2>;

matrix product(matrix const& a, matrix const& b) { return matmul(a, b); }
