// One element of an expression, straight from its definition: slow, obviously right, and constexpr. It is what the
// compiler runs on tensors it knows, and what tests compare the loops with.
#pragma once
#include <weft/expr/let.hpp>
#include <weft/expr/fold.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace expr {

struct nothing_named {};
template <class Id, class D, class Outer>
struct definition_of {
  D const& definition;
  Outer const& outer;
};

template <class E, class Names>
constexpr element_t<E> element_at(E const& e, index_t const* at, Names const& names);

// The child's element for a place of the node: stretched axes stay at 0.
template <int R, class Child, class Names>
constexpr element_t<Child> child_at(Child const& c, index_t const* at, Names const& names) {
  index_t own[max_rank + 1] = {};
  auto const e = c.sizes();
  for (int i = 0; i < Child::dims.rank; ++i)
    own[i] = e[static_cast<std::size_t>(i)] == 1 ? 0 : at[i + R - Child::dims.rank];
  return element_at(c, own, names);
}
template <class Id, class D, class Outer>
constexpr element_t<D> named_element(index_t const* at, definition_of<Id, D, Outer> const& n, Id*) {
  return element_at(n.definition, at, n.outer);
}
template <class Id, class Other, class D, class Outer>
constexpr auto named_element(index_t const* at, definition_of<Other, D, Outer> const& n, Id* id) {
  return named_element(at, n.outer, id);
}

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
template <class E, class Names>
constexpr element_t<E> folded_element(E const& n, index_t const* at, Names const& names) {
  using Op = typename E::operation;
  using P = typename Op::template compute<element_t<kid_t<0, E>>>;
  typename Op::template one<P> all;
  index_t count = 0;
  walk_reduced<E::mask>(kid<0>(n), at, names, [&](auto v, index_t k) {
    all.add(static_cast<P>(v), k);
    ++count;
  });
  return static_cast<element_t<E>>(all.value(count));
}

template <class E, class Names>
constexpr element_t<E> element_at(E const& e, index_t const* at, Names const& names) {
  using T = element_t<E>;
  constexpr int R = E::dims.rank;
  if constexpr (E::role == role::leaf) {
    auto const s = e.sizes();
    index_t offset = 0;
    for (int i = 0; i < R; ++i) offset = offset * s[static_cast<std::size_t>(i)] + at[i];
    return e.data()[offset];
  } else if constexpr (E::role == role::number) {
    return e.value;
  } else if constexpr (E::role == role::name) {
    return named_element(at, names, static_cast<typename E::id*>(nullptr));
  } else if constexpr (E::role == role::map) {
    using Op = typename E::operation;
    using A = kid_t<0, E>;
    if constexpr (E::arity == 1) {
      using P = typename Op::template compute<element_t<A>>;
      return static_cast<T>(Op::apply(static_cast<P>(element_at(kid<0>(e), at, names))));
    } else if constexpr (E::arity == 2) {
      using P = typename Op::template compute<element_t<A>, element_t<kid_t<1, E>>>;
      return static_cast<T>(Op::apply(static_cast<P>(child_at<R>(kid<0>(e), at, names)),
                                      static_cast<P>(child_at<R>(kid<1>(e), at, names))));
    } else {
      using P = typename Op::template compute<element_t<A>, element_t<kid_t<1, E>>, element_t<kid_t<2, E>>>;
      using First = std::conditional_t<requires { Op::chooses; }, bool, P>;
      return static_cast<T>(Op::apply(static_cast<First>(child_at<R>(kid<0>(e), at, names)),
                                      static_cast<P>(child_at<R>(kid<1>(e), at, names)),
                                      static_cast<P>(child_at<R>(kid<2>(e), at, names))));
    }
  } else if constexpr (E::role == role::view) {
    using A = kid_t<0, E>;
    index_t own[max_rank + 1] = {};
    if constexpr (E::drops != 0) {
      for (int i = 0, j = 0; i < A::dims.rank; ++i) own[i] = (E::drops >> i) & 1 ? 0 : at[j++];
    } else {
      for (int i = 0; i < A::dims.rank; ++i) {
        auto const& s = e.from[static_cast<std::size_t>(i)];
        own[i] = s.start + (s.axis >= 0 ? s.step * at[s.axis] : 0);
      }
    }
    return element_at(kid<0>(e), own, names);
  } else if constexpr (E::role == role::fold) {
    return folded_element(e, at, names);
  } else if constexpr (E::role == role::let) {
    using D = kid_t<0, E>;
    return element_at(kid<1>(e), at, definition_of<typename E::id, D, Names>{kid<0>(e), names});
  } else {
    return e.element_here(at, [&](auto const& k, index_t const* place) { return element_at(k, place, names); });
  }
}

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

}  // namespace expr
}  // namespace WEFT_ISA
}  // namespace weft
