// The matrix product as a node. Its operands may be any expression and are read while the product packs them; the
// rest of the statement runs on the finished tiles (eval/product.hpp).
//
//   relu(matmul(x, w) + b)
#pragma once
#include <weft/expr/view.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace expr {

// a (m, k), b (k, n)
template <class A, class B>
struct contract : described<contract<A, B>, promote_t<element_t<A>, element_t<B>>, weft::shape(A::dims[0], B::dims[1])> {
  static constexpr weft::role role = weft::role::producer;
  static constexpr int arity = 2;
  template <class X, class Y>
  static WEFT_INLINE constexpr auto remade(X&& x, Y&& y) {
    return contract<std::remove_cvref_t<X>, std::remove_cvref_t<Y>>(x, y);
  }
  using tiles = void;  // what is around it can run on its tiles
  using rows = void;   // it can be computed some rows at a time
  A a;
  B b;
  WEFT_INLINE constexpr contract(A const& x, B const& y) : a(x), b(y) {}
  WEFT_INLINE constexpr extents<2> sizes() const { return {a.sizes()[0], b.sizes()[1]}; }
  // One element, by its definition. `element`: of a child.
  template <class F>
  constexpr promote_t<element_t<A>, element_t<B>> element_here(index_t const* at, F const& element) const {
    using T = promote_t<element_t<A>, element_t<B>>;
    T sum = 0;
    index_t const k = a.sizes()[1];
    for (index_t i = 0; i < k; ++i) {
      index_t const left[2] = {at[0], i}, right[2] = {i, at[1]};
      sum += static_cast<T>(element(a, left)) * static_cast<T>(element(b, right));
    }
    return sum;
  }
};

template <class First, class Second>
struct inner_sizes {
  static constexpr bool agree = false;
};

template <class A, class B>
WEFT_INLINE constexpr auto contracted(A const& a, B const& b, auto const& sa, auto const& sb) {
  using T = promote_t<element_t<A>, element_t<B>>;
  constexpr dim p = A::dims[1], q = B::dims[0];
  constexpr bool right_type = std::is_same_v<T, float> || std::is_same_v<T, double>;
  constexpr bool sizes_agree = !(p.known() && q.known() && p.extent != q.extent);
  constexpr bool names_agree = !(p.named() && q.named() && !p.same_name(q));
  static_assert(right_type, "weft: matmul takes float32 and float64; cast the operands");
  static_assert(sizes_agree || inner_sizes<sizes_of<A>, sizes_of<B>>::agree,
                "weft: matmul: the inner sizes differ (-1: known only at run time)");
  static_assert(names_agree, "weft: matmul: the inner axes have different names");
  if constexpr (right_type && sizes_agree && names_agree) {
    if (a.sizes()[1] != b.sizes()[0]) [[unlikely]]
      fail_shapes("matmul", sa.data(), static_cast<int>(sa.size()), sb.data(), static_cast<int>(sb.size()),
                  "differ in the inner size");
    return contract<A, B>(a, b);
  } else {
    return poison{};
  }
}

}  // namespace expr

// (m, k) with (k, n); vectors count as one row on the left, one column on the right.
template <expression A, expression B>
WEFT_INLINE constexpr auto matmul(A const& x, B const& y) {
  if constexpr (poisoned<A, B>) {
    return poison{};
  } else {
    constexpr int P = rank_of<A>, Q = rank_of<B>;
    static_assert(P >= 1 && P <= 2 && Q >= 1 && Q <= 2, "weft: matmul takes operands of one or two axes");
    if constexpr (P == 1 && Q == 1) {
      auto c = expr::contracted(view_of(stored(x), newaxis, all), view_of(stored(y), all, newaxis), x.sizes(), y.sizes());
      if constexpr (poisoned<decltype(c)>) return c;
      else return expr::squeeze_node<3u, decltype(c)>(c);
    } else if constexpr (P == 1) {
      auto c = expr::contracted(view_of(stored(x), newaxis, all), stored(y), x.sizes(), y.sizes());
      if constexpr (poisoned<decltype(c)>) return c;
      else return expr::squeeze_node<1u, decltype(c)>(c);
    } else if constexpr (Q == 1) {
      auto c = expr::contracted(stored(x), view_of(stored(y), all, newaxis), x.sizes(), y.sizes());
      if constexpr (poisoned<decltype(c)>) return c;
      else return expr::squeeze_node<2u, decltype(c)>(c);
    } else {
      return expr::contracted(stored(x), stored(y), x.sizes(), y.sizes());
    }
  }
}

}  // namespace WEFT_ISA
}  // namespace weft
