// Products stand alone in a recorded statement: what they take, and what reads them, are statements of their own.
//
//   cut(relu(matmul(x * 2, w) + b))     x * 2 becomes a tracked leaf; the rest stays
//   cut(tanh(matmul(x, w)) * y)         the rule of * reads tanh(...): it becomes a leaf
//
// So a product's operands are leaves or views of leaves, and its value is never needed when its statement is run back.
#pragma once
#include <weft/grad/rewrite.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace reverse {

template <class E>
inline constexpr bool has_product = false;
template <class Op, class A>
inline constexpr bool has_product<map<Op, A>> = has_product<A>;
template <class Op, class A, class B>
inline constexpr bool has_product<map<Op, A, B>> = has_product<A> || has_product<B>;
template <class Op, class A, class B, class C>
inline constexpr bool has_product<map<Op, A, B, C>> = has_product<A> || has_product<B> || has_product<C>;
template <class Op, unsigned Mask, class A>
inline constexpr bool has_product<reduce<Op, Mask, A>> = has_product<A>;
template <class A, weft::shape D>
inline constexpr bool has_product<view<A, D>> = has_product<A>;
template <unsigned Mask, class A>
inline constexpr bool has_product<squeeze_node<Mask, A>> = has_product<A>;
template <class A, class B>
inline constexpr bool has_product<contract<A, B>> = true;
template <class Id, class D, class B>
inline constexpr bool has_product<let_node<Id, D, B>> = has_product<D> || has_product<B>;

// What a product takes as it is.
template <class E>
inline constexpr bool is_operand = expr::is_leaf<E>;
template <class A, weft::shape D>
inline constexpr bool is_operand<view<A, D>> = is_operand<A>;

// `Read`: a rule above reads this value in the backward pass, so it must not be computed again with a product in it.
template <bool Read>
struct cut_at {
  template <class E>
  auto operator()(E const& e) const {
    if constexpr (!has_product<E>)
      return e;
    else if constexpr (Read || leaves_of<E>.order == 0)
      return eval(e);
    else
      return rebuilt(e, cut_at<false>{});
  }
  template <class Op, unsigned Mask, class A>
  auto operator()(reduce<Op, Mask, A> const& e) const {
    constexpr bool linear = std::is_same_v<Op, expr::fold::sum> || std::is_same_v<Op, expr::fold::mean>;
    if constexpr (!has_product<A>)
      return e;
    else if constexpr (Read || leaves_of<A>.order == 0)
      return eval(e);
    else
      return rebuilt(e, cut_at<!linear>{});
  }
  template <class A, class B>
  auto operator()(contract<A, B> const& e) const {
    if constexpr (Read || leaves_of<contract<A, B>>.order == 0)
      return eval(e);
    else
      return of_operands(operand_of(e.a), operand_of(e.b));
  }
  template <class Op, class A>
  auto operator()(map<Op, A> const& e) const {
    if constexpr (stays<map<Op, A>>()) {
      if constexpr (has_product<A>)
        return of_map<Op>(cut_at<reads<map<Op, A>>::value.a>{}(e.a));
      else
        return e;
    } else {
      return eval(e);
    }
  }
  template <class Op, class A, class B>
  auto operator()(map<Op, A, B> const& e) const {
    constexpr reading r = reads<map<Op, A, B>>::value;
    if constexpr (!stays<map<Op, A, B>>())
      return eval(e);
    else if constexpr (has_product<map<Op, A, B>>)
      return of_map<Op>(cut_at<r.a>{}(e.a), cut_at<r.b>{}(e.b));
    else
      return e;
  }
  template <class Op, class A, class B, class C>
  auto operator()(map<Op, A, B, C> const& e) const {
    constexpr reading r = reads<map<Op, A, B, C>>::value;
    if constexpr (!stays<map<Op, A, B, C>>())
      return eval(e);
    else if constexpr (has_product<map<Op, A, B, C>>)
      return of_map<Op>(cut_at<r.a>{}(e.a), cut_at<r.b>{}(e.b), cut_at<r.c>{}(e.c));
    else
      return e;
  }

  // The value of the node itself is not needed when the backward pass comes to it.
  template <class E>
  static constexpr bool stays() {
    return !has_product<E> || (leaves_of<E>.order > 0 && !Read && !reads<E>::value.y);
  }
  template <class Op, class... A>
  static auto of_map(A const&... a) {
    return map<Op, A...>(a...);
  }
  template <class A, class B>
  static auto of_operands(A const& a, B const& b) {
    return contract<A, B>(a, b);
  }
  template <class E>
  static auto operand_of(E const& e) {
    if constexpr (is_operand<E> || (leaves_of<E>.order == 0 && !has_product<E>))
      return e;
    else
      return eval(e);
  }
};

// The statement's own result is kept on the tape where a rule reads it. A reference where nothing changes.
template <class E>
struct cut_root {
  static auto make(E const& e) { return cut_at<false>{}(e); }
};
template <class Op, class A>
struct cut_root<map<Op, A>> {
  static auto make(map<Op, A> const& e) {
    return cut_at<false>::template of_map<Op>(cut_at<reads<map<Op, A>>::value.a>{}(e.a));
  }
};
template <class Op, class A, class B>
struct cut_root<map<Op, A, B>> {
  static auto make(map<Op, A, B> const& e) {
    constexpr reading r = reads<map<Op, A, B>>::value;
    return cut_at<false>::template of_map<Op>(cut_at<r.a>{}(e.a), cut_at<r.b>{}(e.b));
  }
};
// Nothing in the tree is cut: a product's operands are such already, and no rule reads what has a product in it.
template <bool Read, class E>
struct uncut {
  static constexpr bool value = !has_product<E>;
};
template <bool Read, class A, class B>
struct uncut<Read, contract<A, B>> {
  static constexpr bool value = !Read && leaves_of<contract<A, B>>.order > 0 && is_operand<A>&& is_operand<B>;
};
template <bool Read, class Op, class A>
struct uncut<Read, map<Op, A>> {
  static constexpr reading r = reads<map<Op, A>>::value;
  static constexpr bool value = !has_product<A> || (!Read && uncut<r.a, A>::value);
};
template <bool Read, class Op, class A, class B>
struct uncut<Read, map<Op, A, B>> {
  static constexpr reading r = reads<map<Op, A, B>>::value;
  static constexpr bool value =
      !has_product<map<Op, A, B>> || (!Read && !r.y && uncut<r.a, A>::value && uncut<r.b, B>::value);
};
template <class E>
inline constexpr bool stays_whole = uncut<false, E>::value;
// At the root the result may be read: it is kept.
template <class Op, class A>
inline constexpr bool stays_whole<map<Op, A>> = uncut<reads<map<Op, A>>::value.a, A>::value;

template <class E>
decltype(auto) cut(E const& e) {
  if constexpr (stays_whole<E>)
    return (e);
  else
    return cut_root<E>::make(e);
}

}  // namespace reverse
}  // namespace WEFT_ISA
}  // namespace weft
