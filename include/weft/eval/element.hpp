// One element of an expression, straight from its definition: slow, obviously right, and constexpr. It is what the
// compiler runs on tensors it knows, and what tests compare the loops with.
#pragma once
#include <weft/expr/contract.hpp>
#include <weft/expr/let.hpp>
#include <weft/expr/reduce.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace engine {

template <class Node>
struct element_of;

struct nothing_named {};
template <class Id, class D, class Outer>
struct definition_of {
  D const& definition;
  Outer const& outer;
};

template <class E, class Names>
constexpr element_t<E> element_at(E const& e, index_t const* at, Names const& names) {
  return element_of<E>::at(e, at, names);
}

template <class T, auto S>
struct element_of<tensor<T, S>> {
  template <class Names>
  static constexpr T at(tensor<T, S> const& t, index_t const* at, Names const&) {
    auto const e = t.sizes();
    index_t offset = 0;
    for (int i = 0; i < to_shape(S).rank; ++i) offset = offset * e[static_cast<std::size_t>(i)] + at[i];
    return t.data()[offset];
  }
};
template <class T>
struct element_of<expr::constant<T>> {
  template <class Names>
  static constexpr T at(expr::constant<T> const& c, index_t const*, Names const&) {
    return c.value;
  }
};

// The child's element for a place of the node: stretched axes stay at 0.
template <class Child, int R, class Names>
constexpr element_t<Child> child_at(Child const& c, index_t const* at, Names const& names) {
  index_t own[max_rank] = {};
  auto const e = c.sizes();
  for (int i = 0; i < Child::dims.rank; ++i)
    own[i] = e[static_cast<std::size_t>(i)] == 1 ? 0 : at[i + R - Child::dims.rank];
  return element_at(c, own, names);
}
template <class Op, class A>
struct element_of<expr::map<Op, A>> {
  using node = expr::map<Op, A>;
  template <class Names>
  static constexpr typename node::element at(node const& n, index_t const* at, Names const& names) {
    using P = typename Op::template compute<element_t<A>>;
    return static_cast<typename node::element>(Op::apply(static_cast<P>(element_at(n.a, at, names))));
  }
};
template <class Op, class A, class B>
struct element_of<expr::map<Op, A, B>> {
  using node = expr::map<Op, A, B>;
  template <class Names>
  static constexpr typename node::element at(node const& n, index_t const* at, Names const& names) {
    constexpr int R = node::dims.rank;
    using P = typename Op::template compute<element_t<A>, element_t<B>>;
    return static_cast<typename node::element>(
        Op::apply(static_cast<P>(child_at<A, R>(n.a, at, names)), static_cast<P>(child_at<B, R>(n.b, at, names))));
  }
};
template <class Op, class A, class B, class C>
struct element_of<expr::map<Op, A, B, C>> {
  using node = expr::map<Op, A, B, C>;
  template <class Names>
  static constexpr typename node::element at(node const& n, index_t const* at, Names const& names) {
    constexpr int R = node::dims.rank;
    using P = typename Op::template compute<element_t<A>, element_t<B>, element_t<C>>;
    return static_cast<typename node::element>(Op::apply(static_cast<bool>(child_at<A, R>(n.a, at, names)),
                                                         static_cast<P>(child_at<B, R>(n.b, at, names)),
                                                         static_cast<P>(child_at<C, R>(n.c, at, names))));
  }
};
template <class A, weft::shape D>
struct element_of<expr::view<A, D>> {
  template <class Names>
  static constexpr element_t<A> at(expr::view<A, D> const& v, index_t const* at, Names const& names) {
    index_t own[max_rank] = {};
    for (int i = 0; i < A::dims.rank; ++i) {
      auto const& s = v.from[static_cast<std::size_t>(i)];
      own[i] = s.start + (s.axis >= 0 ? s.step * at[s.axis] : 0);
    }
    return element_at(v.a, own, names);
  }
};
template <unsigned Mask, class A>
struct element_of<expr::squeeze_node<Mask, A>> {
  template <class Names>
  static constexpr element_t<A> at(expr::squeeze_node<Mask, A> const& v, index_t const* at, Names const& names) {
    index_t own[max_rank] = {};
    for (int i = 0, j = 0; i < A::dims.rank; ++i) own[i] = (Mask >> i) & 1 ? 0 : at[j++];
    return element_at(v.a, own, names);
  }
};

// Walks the reduced axes; `f(value, position)`.
template <unsigned Mask, class A, class Names, class F>
constexpr void walk_reduced(A const& a, index_t const* at, Names const& names, F&& f) {
  auto const e = a.sizes();
  index_t own[max_rank] = {};
  index_t n = 1;
  for (int i = 0; i < A::dims.rank; ++i) {
    own[i] = (Mask >> i) & 1 ? 0 : at[i];
    if ((Mask >> i) & 1) n *= e[static_cast<std::size_t>(i)];
  }
  for (index_t k = 0; k < n; ++k) {
    f(element_at(a, own, names), k);
    for (int i = A::dims.rank - 1; i >= 0; --i) {
      if (!((Mask >> i) & 1)) continue;
      if (++own[i] < e[static_cast<std::size_t>(i)]) break;
      own[i] = 0;
    }
  }
}
template <class Op, unsigned Mask, class A>
struct element_of<expr::reduce<Op, Mask, A>> {
  using node = expr::reduce<Op, Mask, A>;
  using result = typename node::element;
  template <class Names>
  static constexpr result at(node const& n, index_t const* at, Names const& names) {
    namespace fold = expr::fold;
    using P = typename Op::template compute<element_t<A>>;
    constexpr bool low = std::is_same_v<Op, fold::min> || std::is_same_v<Op, fold::argmin> || std::is_same_v<Op, fold::all>;
    P sum = std::is_same_v<Op, fold::prod> || std::is_same_v<Op, fold::all> ? P(1) : P(0);
    index_t count = 0, place = 0;
    walk_reduced<Mask>(n.a, at, names, [&](auto v, index_t k) {
      P const x = static_cast<P>(v);
      ++count;
      if constexpr (std::is_same_v<Op, fold::sum> || std::is_same_v<Op, fold::mean>) {
        sum = expr::op::add::apply(sum, x);
      } else if constexpr (std::is_same_v<Op, fold::prod>) {
        sum = expr::op::multiply::apply(sum, x);
      } else if constexpr (std::is_same_v<Op, fold::all> || std::is_same_v<Op, fold::any>) {
        sum = low ? sum && x : sum || x;
      } else {
        // An extreme lets NaN win, the place of one never does.
        constexpr bool places = std::is_same_v<Op, fold::argmax> || std::is_same_v<Op, fold::argmin>;
        bool const better = low ? x < sum : x > sum;
        if (k == 0 || better || (places ? sum != sum && x == x : x != x && sum == sum)) {
          sum = x;
          place = k;
        }
      }
    });
    if constexpr (std::is_same_v<Op, fold::argmax> || std::is_same_v<Op, fold::argmin>)
      return place;
    else if constexpr (std::is_same_v<Op, fold::mean>)
      return static_cast<result>(sum / static_cast<P>(count));
    else
      return static_cast<result>(sum);
  }
};
template <class A, class B>
struct element_of<expr::contract<A, B>> {
  using T = element_t<expr::contract<A, B>>;
  template <class Names>
  static constexpr T at(expr::contract<A, B> const& n, index_t const* at, Names const& names) {
    T sum = 0;
    index_t const k = n.a.sizes()[1];
    for (index_t i = 0; i < k; ++i) {
      index_t const left[2] = {at[0], i}, right[2] = {i, at[1]};
      sum += static_cast<T>(element_at(n.a, left, names)) * static_cast<T>(element_at(n.b, right, names));
    }
    return sum;
  }
};
template <class Id, class D, class B>
struct element_of<expr::let_node<Id, D, B>> {
  template <class Names>
  static constexpr element_t<B> at(expr::let_node<Id, D, B> const& n, index_t const* at, Names const& names) {
    return element_at(n.body, at, definition_of<Id, D, Names>{n.definition, names});
  }
};
template <class Id, class T, weft::shape S, int Row>
struct element_of<expr::cell<Id, T, S, Row>> {
  template <class Names>
  static constexpr T at(expr::cell<Id, T, S, Row> const&, index_t const* at, Names const& names) {
    return find(at, names);
  }

 private:
  template <class D, class Outer>
  static constexpr T find(index_t const* at, definition_of<Id, D, Outer> const& n) {
    return element_at(n.definition, at, n.outer);
  }
  template <class Other, class D, class Outer>
  static constexpr T find(index_t const* at, definition_of<Other, D, Outer> const& n) {
    return find(at, n.outer);
  }
};

// out (all elements of e, in order)
template <class T, class E>
constexpr void fill_elements(E const& e, T* out) {
  auto const ext = e.sizes();
  index_t const n = count(ext);
  index_t at[max_rank + 1] = {};
  for (index_t k = 0; k < n; ++k) {
    out[k] = static_cast<T>(element_at(e, at, nothing_named{}));
    for (int i = E::dims.rank - 1; i >= 0; --i) {
      if (++at[i] < ext[static_cast<std::size_t>(i)]) break;
      at[i] = 0;
    }
  }
}

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft
