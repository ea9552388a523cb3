// The backward pass of a matrix product, and how gradients reach the slots of leaves.
//
//   x (m, k) w (k, n) with the cotangent g (m, n):  dx = g transpose(w),  dw = transpose(x) g
//
// At order 1 the driver is called with the operands' own memory: one instantiation a type, whatever the tree; the
// gradient of a transposed leaf is computed as it lies. Above, products are statements one order below.
#pragma once
#include <weft/grad/dense.hpp>
#include <weft/grad/sweep.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace reverse {

// `g` has e's rank; at order 1 its sizes are e's or 1, above they are e's.
template <int N, class E, class G>
void push(tape& t, E const& e, G g);

// -- values one order below ----------------------------------------------------------------------------------------

template <int N, class E>
auto value_of(E const& e) {
  return eval(stripped<N>(e));
}

// A statement's result in the one spelling that cotangents have.
template <int N, int R, class T, class E>
auto cotangent(E const& e) {
  if constexpr (!std::is_same_v<element_t<E>, T>)
    return cotangent<N, R, T>(cast<T>(e));
  else
    return raised<N - 1>(respelled<R>(eval(e)));
}

// -- leaves ----------------------------------------------------------------------------------------------------------

template <int N, class T, int R, class X>
void add_gradient(tape& t, slot s, X const& x) {
  if (s.tape != t.number) return;
  auto& m = static_cast<made<T, R, N>&>(*t.records[s.index]);
  if constexpr (!std::is_same_v<element_t<X>, T>) {
    add_gradient<N, T, R>(t, s, cast<T>(x));
  } else if constexpr (N == 1) {
    if (m.has)
      m.gradient += x;
    else
      m.gradient = x;
    m.has = true;
  } else {
    m.gradient = m.has ? cotangent<N, R, T>(m.gradient + x) : cotangent<N, R, T>(x);
    m.has = true;
  }
}

// Does the tape have a slot below?
template <int N, class E>
bool touches(tape& t, E const& e) {
  bool found = false;
  engine::each_leaf(e, [&](auto const& leaf) {
    using L = std::remove_cvref_t<decltype(leaf)>;
    if constexpr (is_tracked<L>)
      if constexpr (leaves_of<L>.order == N) found = found || leaf.from.tape == t.number;
  });
  return found;
}

// -- products ----------------------------------------------------------------------------------------------------

// The gradient of operand e (m, n), which is a leaf or a view of one, gets a (m, k) b (k, n).
template <class E, class T>
void push_matrix(tape& t, E const& e, matrix<T> const& a, bool a_turned, matrix<T> const& b, bool b_turned, index_t k) {
  auto const as = a_turned ? a.transposed() : a.source, bs = b_turned ? b.transposed() : b.source;
  auto const ext = e.sizes();
  tensor<T, 2> d;
  d.prepare(ext);
  multiply_into<T>(d.data(), false, ext[0], ext[1], k, as, bs);
  push<1>(t, e, std::move(d));
}
template <class T, auto S>
void into_gradient(tape& t, tracked<T, S, 1> const& e, engine::matrix_source<T> const& a,
                   engine::matrix_source<T> const& b, index_t k) {
  auto& m = static_cast<made<T, 2, 1>&>(*t.records[e.from.index]);
  auto const ext = e.sizes();
  if (!m.has) m.gradient.prepare(ext);
  multiply_into<T>(m.gradient.data(), m.has, ext[0], ext[1], k, a, b);
  m.has = true;
}
template <class T, auto S>
void push_matrix(tape& t, tracked<T, S, 1> const& e, matrix<T> const& a, bool a_turned, matrix<T> const& b,
                 bool b_turned, index_t k) {
  into_gradient(t, e, a_turned ? a.transposed() : a.source, b_turned ? b.transposed() : b.source, k);
}
template <class T, auto S, weft::shape D>
void push_matrix(tape& t, view<tracked<T, S, 1>, D> const& e, matrix<T> const& a, bool a_turned, matrix<T> const& b,
                 bool b_turned, index_t k) {
  if constexpr (to_shape(S).rank == 2) {
    if (is_transpose(e)) {
      into_gradient(t, e.a, b_turned ? b.source : b.transposed(), a_turned ? a.source : a.transposed(), k);
      return;
    }
  }
  auto const ext = e.sizes();
  tensor<T, 2> d;
  d.prepare(ext);
  multiply_into<T>(d.data(), false, ext[0], ext[1], k, a_turned ? a.transposed() : a.source,
                   b_turned ? b.transposed() : b.source);
  auto& m = static_cast<made<T, to_shape(S).rank, 1>&>(*t.records[e.a.from.index]);
  geometry<2, to_shape(S).rank> const v{e.ext, e.from, e.a.sizes()};
  if (!m.has)
    m.gradient = scattered(d, v);
  else
    scatter_into(m.gradient.data(), d, v);
  m.has = true;
}
// g (m, n) for a (m, k) b (k, n)
template <class A, class B, class T, auto S>
void push_matrices(tape& t, contract<A, B> const& e, tensor<T, S> const& g) {
  matrix<T> const cotangents = matrix_of<T>(g);
  auto const ext = g.sizes();
  if constexpr (reaches<A>) {
    if (touches<1>(t, e.a)) {
      auto const v = stripped<1>(e.b);
      push_matrix(t, e.a, cotangents, false, matrix_of<T>(v), true, ext[1]);
    }
  }
  if constexpr (reaches<B>) {
    if (touches<1>(t, e.b)) {
      auto const v = stripped<1>(e.a);
      push_matrix(t, e.b, matrix_of<T>(v), true, cotangents, false, ext[0]);
    }
  }
}
template <class A, class B>
auto product(A const& a, B const& b) {
  return contract<A, B>(a, b);
}

// `x` (m, n) = left (m, k) right (k, n) is what operand e gets.
template <int N, class E, class L, class R>
void push_product(tape& t, E const& e, L const& left, R const& right) {
  push<N>(t, e, cotangent<N, 2, element_t<E>>(product(left, right)));
}

template <int N, class A, class B, class G>
void push_contract(tape& t, contract<A, B> const& e, G const& g) {
  if constexpr (N == 1) {
    push_matrices(t, e, g);
  } else {
    if constexpr (reaches<A>)
      if (touches<N>(t, e.a)) push_product<N>(t, e.a, g, transpose(stripped<N>(e.b)));
    if constexpr (reaches<B>)
      if (touches<N>(t, e.b)) push_product<N>(t, e.b, transpose(stripped<N>(e.a)), g);
  }
}

}  // namespace reverse
}  // namespace WEFT_ISA
}  // namespace weft
