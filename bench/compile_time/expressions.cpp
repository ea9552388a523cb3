// EXPRESSIONS different expressions of ten operations each. The first pays for what all share; a further one is the
// marginal cost of a statement in a user's file.
#include <weft/core.hpp>

using matrix = weft::tensor<float, 2>;

#ifndef EXPRESSIONS
#define EXPRESSIONS 1
#endif
#if EXPRESSIONS >= 1
matrix first(matrix const& a, matrix const& b, matrix const& c) {
  return exp(a * b + c) * (a - b) + sqrt(abs(c * a)) - b / c;
}
#endif
#if EXPRESSIONS >= 2
matrix second(matrix const& a, matrix const& b, matrix const& c) {
  return tanh(a + b * c) - (b + a) * abs(exp(c) - b * a) / c;
}
#endif
#if EXPRESSIONS >= 3
matrix third(matrix const& a, matrix const& b, matrix const& c) {
  return sqrt(abs(a - c)) / (exp(b) + a * a) + tanh(c * b) * a;
}
#endif
#if EXPRESSIONS >= 4
matrix fourth(matrix const& a, matrix const& b, matrix const& c) {
  return abs(a / b - c) * exp(tanh(a) * b) + (c - a) * (b + c);
}
#endif
#if EXPRESSIONS >= 5
matrix fifth(matrix const& a, matrix const& b, matrix const& c) {
  return (a + b) / (abs(c) + exp(a - b)) - tanh(sqrt(b) * c) * a;
}
#endif
#if EXPRESSIONS >= 6
matrix sixth(matrix const& a, matrix const& b, matrix const& c) {
  return exp(abs(tanh(a * c) - b) * c) + (a / b - c) * (b - a);
}
#endif
