// Which expressions have one value a row: those made of reductions over the last axes, and of nothing else that
// varies along them. A row program computes such a value once a row.
//
//   narrow<E>.q        the axes that make up the row, 0 if E is not of that kind
//   narrow<E>.domain   the rank of what is reduced
//   fused_axes<E>      for an expression as wide as its rows: over how many trailing axes its reductions fuse, or 0
#pragma once
#include <weft/expr/map.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace expr {

template <class Op, unsigned Mask, class A>
struct reduce;
template <unsigned Mask, class A>
struct squeeze_node;
template <class A, weft::shape D>
struct view;
template <class A, class B>
struct contract;
template <class Id, class T, weft::shape D, int Row>
struct cell;
template <class Id, class D, class B>
struct let_node;

// How many axes the mask takes from the end, if it takes no others; else 0.
constexpr int trailing(unsigned mask, int rank) {
  int q = 0;
  while (q < rank && ((mask >> (rank - 1 - q)) & 1)) ++q;
  return mask == ((1u << rank) - (1u << (rank - q))) ? q : 0;
}

struct narrowness {
  int domain = 0, q = 0;
  bool neutral = false;  // a number: fits anywhere
  int leaf_rank = 0;     // rank of the largest plain leaf beside the reductions
};
constexpr narrowness join(narrowness a, narrowness b) {
  int const leaf = a.leaf_rank > b.leaf_rank ? a.leaf_rank : b.leaf_rank;
  if (a.neutral && b.neutral) return {0, 0, true, leaf};
  if (a.neutral) a = b;
  if (b.neutral) b = a;
  if (a.q == 0 || a.q != b.q || a.domain != b.domain) return {};
  return {a.domain, a.q, false, leaf};
}

template <class E>
struct narrow_of {
  static constexpr narrowness value{};
};
template <class E>
inline constexpr narrowness narrow_any = narrow_of<E>::value;
// Leaves beside the reductions must have the shape of the result, whose row axes are gone.
template <class E>
constexpr narrowness narrow_fit() {
  narrowness n = narrow_any<E>;
  if (n.neutral || (n.leaf_rank > 0 && E::dims.rank != n.domain - n.q)) return {};
  return n;
}
template <class E>
inline constexpr narrowness narrow = narrow_fit<E>();

template <class T>
struct narrow_of<constant<T>> {
  static constexpr narrowness value{0, 0, true, 0};
};
template <class T, auto S>
struct narrow_of<tensor<T, S>> {
  static constexpr narrowness value{0, 0, true, to_shape(S).rank};
};
template <class Op, class A>
struct narrow_of<map<Op, A>> {
  static constexpr narrowness value = narrow_any<A>;
};
template <class Op, class A, class B>
struct narrow_of<map<Op, A, B>> {
  static constexpr narrowness value = join(narrow_any<A>, narrow_any<B>);
};
template <class Op, class A, class B, class C>
struct narrow_of<map<Op, A, B, C>> {
  static constexpr narrowness value = join(join(narrow_any<A>, narrow_any<B>), narrow_any<C>);
};
template <class Op, unsigned Mask, class A>
struct narrow_of<reduce<Op, Mask, A>> {
  static constexpr narrowness value{A::dims.rank, trailing(Mask, A::dims.rank), false, 0};
};
template <unsigned Mask, class A>
struct narrow_of<squeeze_node<Mask, A>> {
  static constexpr narrowness inner = narrow_any<A>;
  static constexpr narrowness value =
      inner.q > 0 && A::dims.rank == inner.domain && trailing(Mask, A::dims.rank) == inner.q && inner.leaf_rank == 0
          ? inner
          : narrowness{};
};
template <class Id, class T, weft::shape D, int Row>
struct narrow_of<cell<Id, T, D, Row>> {
  static constexpr narrowness value{Row > 0 ? D.rank : 0, Row, false, 0};
};
template <class Id, class D, class B>
struct narrow_of<let_node<Id, D, B>> {
  static constexpr narrowness value = D::dims.rank == narrow_any<B>.domain ? narrow_any<B> : narrowness{};
};

// -- reductions inside an expression that is itself as wide as the row -------------------------------------------

template <class E, int Rank>
struct fused_in {
  static constexpr int q = 0;
};
template <class E>
inline constexpr int fused_axes = fused_in<E, E::dims.rank>::q;

constexpr int first_of(int a, int b) { return a ? a : b; }

template <class Op, class A, int R>
struct fused_in<map<Op, A>, R> {
  static constexpr int q = fused_in<A, R>::q;
};
template <class Op, class A, class B, int R>
struct fused_in<map<Op, A, B>, R> {
  static constexpr int q = first_of(fused_in<A, R>::q, fused_in<B, R>::q);
};
template <class Op, class A, class B, class C, int R>
struct fused_in<map<Op, A, B, C>, R> {
  static constexpr int q = first_of(fused_in<A, R>::q, first_of(fused_in<B, R>::q, fused_in<C, R>::q));
};
template <class Op, unsigned Mask, class A, int R>
struct fused_in<reduce<Op, Mask, A>, R> {
  static constexpr int q = A::dims.rank == R ? trailing(Mask, R) : 0;
};
template <class Id, class D, class B, int R>
struct fused_in<let_node<Id, D, B>, R> {
  static constexpr int q = first_of(fused_in<D, R>::q, fused_in<B, R>::q);
};

}  // namespace expr
}  // namespace WEFT_ISA
}  // namespace weft
