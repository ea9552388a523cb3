// The rules for results that are right without being equal: eigenvectors up to sign, partitions in any order.
//
//   std::string why = golden::difference(a_case, results);      // all outputs, by the rule of the case; "" is right
#pragma once
#include "compare.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <string>
#include <vector>

namespace golden {

namespace detail {

struct matrix {
  index_t rows, columns;
  std::vector<number> values;  // (rows, columns)
  matrix(index_t r, index_t c) : rows(r), columns(c), values(static_cast<std::size_t>(r * c)) {}
  number& at(index_t i, index_t j) { return values[static_cast<std::size_t>(i * columns + j)]; }
  number at(index_t i, index_t j) const { return values[static_cast<std::size_t>(i * columns + j)]; }
};

inline matrix product(matrix const& a, matrix const& b) {
  matrix c(a.rows, b.columns);
  for (index_t i = 0; i < a.rows; ++i) {
    for (index_t k = 0; k < a.columns; ++k) {
      for (index_t j = 0; j < b.columns; ++j) c.at(i, j) += a.at(i, k) * b.at(k, j);
    }
  }
  return c;
}
inline matrix adjoint(matrix const& a) {
  matrix c(a.columns, a.rows);
  for (index_t i = 0; i < a.rows; ++i) {
    for (index_t j = 0; j < a.columns; ++j) c.at(j, i) = std::conj(a.at(i, j));
  }
  return c;
}
// The first `rows` rows and `columns` columns.
inline matrix corner(matrix const& a, index_t rows, index_t columns) {
  matrix c(rows, columns);
  for (index_t i = 0; i < rows; ++i) {
    for (index_t j = 0; j < columns; ++j) c.at(i, j) = a.at(i, j);
  }
  return c;
}
inline matrix identity(index_t n) {
  matrix c(n, n);
  for (index_t i = 0; i < n; ++i) c.at(i, i) = 1;
  return c;
}
// Matrix number `which` of the last two axes, or with `columns` 1 the vector of the last one.
inline matrix part(any_tensor const& t, index_t which, bool vector = false) {
  std::size_t const rank = t.shape.size();
  matrix m(t.shape[rank - (vector ? 1 : 2)], vector ? 1 : t.shape[rank - 1]);
  index_t const n = m.rows * m.columns;
  for (index_t i = 0; i < n; ++i) m.values[static_cast<std::size_t>(i)] = value(t, which * n + i);
  return m;
}
inline matrix scale_columns(matrix m, matrix const& by) {
  for (index_t i = 0; i < m.rows; ++i) {
    for (index_t j = 0; j < m.columns; ++j) m.at(i, j) *= by.at(j, 0);
  }
  return m;
}
// The tolerance grows with the largest element: each is a sum over a row.
inline bool close(matrix const& got, matrix const& want, double rtol, double atol) {
  if (got.rows != want.rows || got.columns != want.columns) return false;
  double largest = 0;
  for (number v : want.values) largest = std::max(largest, std::abs(v));
  for (std::size_t i = 0; i < want.values.size(); ++i) {
    if (!(std::abs(got.values[i] - want.values[i]) <= atol + rtol * largest)) return false;
  }
  return true;
}
// Each value finds a partner of its own.
inline bool same_set(matrix const& got, matrix want, double rtol, double atol) {
  for (number g : got.values) {
    auto best = want.values.end();
    for (auto w = want.values.begin(); w != want.values.end(); ++w) {
      if (best == want.values.end() || std::abs(g - *w) < std::abs(g - *best)) best = w;
    }
    if (best == want.values.end() || !agree(g, *best, rtol, atol)) return false;
    want.values.erase(best);
  }
  return want.values.empty();
}

inline index_t product_of(std::vector<index_t> const& shape, std::size_t begin, std::size_t end) {
  index_t n = 1;
  for (std::size_t i = begin; i < end; ++i) n *= shape[i];
  return n;
}

// The lines of `t` along `axis`, one after another.
inline std::vector<std::vector<double>> lines(any_tensor const& t, index_t axis) {
  std::size_t const a = static_cast<std::size_t>(axis < 0 ? axis + t.rank() : axis);
  index_t const outer = product_of(t.shape, 0, a), n = t.shape[a], inner = product_of(t.shape, a + 1, t.shape.size());
  std::vector<std::vector<double>> all;
  for (index_t o = 0; o < outer; ++o) {
    for (index_t i = 0; i < inner; ++i) {
      std::vector<double> line;
      for (index_t k = 0; k < n; ++k) line.push_back(real_value(t, (o * n + k) * inner + i));
      all.push_back(std::move(line));
    }
  }
  return all;
}
inline std::vector<double> sorted(std::vector<double> line) {
  std::sort(line.begin(), line.end());
  return line;
}
inline bool is_partition(std::vector<double> const& got, std::vector<double> const& source, index_t kth) {
  std::size_t const k = static_cast<std::size_t>(kth < 0 ? kth + static_cast<index_t>(source.size()) : kth);
  if (sorted(got) != sorted(source) || got[k] != sorted(source)[k]) return false;
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (i < k ? got[i] > got[k] : got[i] < got[k]) return false;
  }
  return true;
}

}  // namespace detail

// Precondition: the results have the types and shapes of the stored outputs.
inline std::string rule_difference(test_case const& c, std::vector<any_tensor> const& results) {
  using namespace detail;
  double const rtol = c.rtol, atol = c.atol;
  any_tensor const& a = c.arg(0);
  any_tensor const& got = results[0];
  auto const axis = [&](any_tensor const& t) {
    json const* given = c.attr("axis");
    return given ? given->integer() : static_cast<index_t>(t.rank() - 1);
  };

  if (c.compare == "sorted_along_axis") {
    auto const g = lines(got, axis(got)), w = lines(c.out(c.outs[0]), axis(got));
    for (std::size_t i = 0; i < g.size(); ++i) {
      if (sorted(g[i]) != sorted(w[i])) return "line " + std::to_string(i) + " holds other values";
    }
    return "";
  }
  if (c.compare == "partition" || c.compare == "argpartition") {
    auto g = lines(got, axis(got));
    auto const source = lines(a, axis(got));
    for (std::size_t i = 0; i < g.size(); ++i) {
      if (c.compare == "argpartition") {
        for (double& place : g[i]) {
          if (!(place >= 0 && place < static_cast<double>(source[i].size()))) return "an index out of range";
          place = source[i][static_cast<std::size_t>(place)];
        }
      }
      if (!is_partition(g[i], source[i], c.attrs()["kth"].integer())) {
        return "line " + std::to_string(i) + " is no partition";
      }
    }
    return "";
  }
  if (c.compare == "same_norm") {
    auto const g = lines(got, -1), source = lines(a, -1);
    for (std::size_t i = 0; i < g.size(); ++i) {
      double before = 0, after = 0;
      for (double v : source[i]) before += v * v;
      for (double v : g[i]) after += v * v;
      double const scale = c.attr("scale") ? c.attr("scale")->number() * std::sqrt(double(g[i].size())) : 1;
      before = std::sqrt(before) * scale;
      after = std::sqrt(after);
      if (!(std::abs(before - after) <= 10 * (atol + rtol * before)))
        return "the norm changed in line " + std::to_string(i);
    }
    return "";
  }

  bool const values_only = c.compare == "complex_set";
  index_t const batch = product_of(a.shape, 0, a.shape.size() - 2);
  for (index_t b = 0; b < batch; ++b) {
    matrix const m = part(a, b);
    index_t const k = std::min(m.rows, m.columns);
    auto const result = [&](std::size_t i, bool vector = false) { return part(results[i], b, vector); };
    auto const stored = [&](std::size_t i) { return part(c.out(c.outs[i]), b, true); };
    if (values_only || c.compare == "eig") {
      if (!same_set(result(0, true), stored(0), rtol, atol)) return "other eigenvalues";
      if (values_only) continue;
      matrix const w = result(0, true), v = result(1);
      if (!close(product(m, v), scale_columns(v, w), rtol, atol)) return "a v is not v diag(w)";
      for (index_t j = 0; j < v.columns; ++j) {
        double norm = 0;
        for (index_t i = 0; i < v.rows; ++i) norm += std::norm(v.at(i, j));
        if (!(norm > 1e-6)) return "an eigenvector is zero";
      }
    } else if (c.compare == "qr") {
      matrix const q = result(0), r = result(1);
      if (!close(product(q, r), m, rtol, atol)) return "q r is not a";
      if (!close(product(adjoint(q), q), identity(q.columns), rtol, atol)) return "q^T q is not 1";
      for (index_t i = 0; i < r.rows; ++i) {
        for (index_t j = 0; j < std::min(i, r.columns); ++j) {
          if (std::abs(r.at(i, j)) > atol) return "r is not upper triangular";
        }
      }
    } else if (c.compare == "svd") {
      matrix const u = result(0), s = result(1, true), vt = result(2);
      if (!close(s, stored(1), rtol, atol)) return "other singular values";
      matrix const us = scale_columns(corner(u, u.rows, k), s);
      if (!close(product(us, corner(vt, k, vt.columns)), m, rtol, atol)) return "u diag(s) vt is not a";
      if (!close(product(adjoint(u), u), identity(u.columns), rtol, atol)) return "u is not orthogonal";
      if (!close(product(vt, adjoint(vt)), identity(vt.rows), rtol, atol)) return "vt is not orthogonal";
    } else if (c.compare == "eigh") {
      matrix const w = result(0, true), v = result(1);
      if (!close(w, stored(0), rtol, atol)) return "other eigenvalues";
      if (!close(product(scale_columns(v, w), adjoint(v)), m, rtol, atol)) return "v diag(w) v^T is not a";
      if (!close(product(adjoint(v), v), identity(v.columns), rtol, atol)) return "v is not orthogonal";
    } else {
      return "an unknown rule: " + c.compare;
    }
  }
  return "";
}

// `results` in the order of c.outs.
inline std::string difference(test_case const& c, std::vector<any_tensor> const& results) {
  if (results.size() != c.outs.size()) {
    return std::to_string(results.size()) + " results, not " + std::to_string(c.outs.size());
  }
  for (std::size_t i = 0; i < results.size(); ++i) {
    any_tensor const& want = c.out(c.outs[i]);
    std::string const why =
        c.compare.empty() ? difference(results[i], want, c.rtol, c.atol) : type_difference(results[i], want);
    if (!why.empty()) return c.outs[i] + ' ' + why;
  }
  return c.compare.empty() ? "" : rule_difference(c, results);
}

}  // namespace golden
