// The last statement of a differentiated function: value and cotangents in one sweep, since its own cotangent is known.
//
//   mean(square(x - y)) + 0.1 * sum(w * w)      two sweeps, each forward and back
//
// Full sums and means, and whatever is linear in them, are run so; anything else is evaluated, then run back.
#pragma once
#include <weft/grad/statement.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace reverse {

// The value of a rank-0 statement of order 1, and the cotangents of its leaves where its own is `scale`: full sums and
// means, whatever is linear in them, forward and back in one sweep each.
template <class E>
element_t<E> run_end(tape& t, E const& e, element_t<E> scale);

template <class E>
struct ending {
  static constexpr bool linear = false;
};
template <class T>
struct ending<tracked<T, 0, 1>> {
  static constexpr bool linear = true;
  static T run(tape& t, tracked<T, 0, 1> const& e, T scale) {
    add_gradient<1, T, 0>(t, e.from, tensor<T, 0>(scale));
    return e.value.items().items[0];
  }
};
template <unsigned Mask, class A>
struct ending<squeeze_node<Mask, A>> {
  using T = element_t<A>;
  static constexpr bool linear = ending<A>::linear;
  static T run(tape& t, squeeze_node<Mask, A> const& e, T scale) { return run_end(t, e.a, scale); }
};
template <class E>
constexpr bool all_axes(unsigned mask) {
  return mask == (1u << E::dims.rank) - 1;
}
// A tree that one sweep can take: everything but a reduction or a product on its own.
template <class E>
inline constexpr bool sweeps =
    kind_of_node<E>::value == 0 || kind_of_node<E>::value == 1 || kind_of_node<E>::value == 5;
template <unsigned Mask, class A>
struct ending<reduce<fold::sum, Mask, A>> {
  using T = element_t<A>;
  static constexpr bool linear = all_axes<A>(Mask) && sweeps<A>;
  static T run(tape& t, reduce<fold::sum, Mask, A> const& e, T scale) {
    return static_cast<T>(run_both(t, e.a, scale));
  }
};
template <unsigned Mask, class A>
struct ending<reduce<fold::mean, Mask, A>> {
  using T = element_t<A>;
  static constexpr bool linear = all_axes<A>(Mask) && sweeps<A>;
  static T run(tape& t, reduce<fold::mean, Mask, A> const& e, T scale) {
    index_t const n = count(e.a.sizes());
    return static_cast<T>(run_both(t, e.a, scale / static_cast<T>(n)) / static_cast<double>(n));
  }
};
template <class A>
struct ending<map<op::negative, A>> {
  using T = element_t<A>;
  static constexpr bool linear = ending<A>::linear;
  static T run(tape& t, map<op::negative, A> const& e, T scale) { return -run_end(t, e.a, -scale); }
};
template <class A, class B, bool Minus>
struct ending_of_two {
  using T = promote_t<element_t<A>, element_t<B>>;
  static constexpr bool linear = std::is_same_v<element_t<A>, element_t<B>> &&
                                 (ending<A>::linear || !reaches<A>)&&(ending<B>::linear || !reaches<B>);
  template <class E>
  static T run(tape& t, E const& e, T scale) {
    T const a = run_end(t, e.a, scale);
    T const b = run_end(t, e.b, Minus ? -scale : scale);
    return Minus ? a - b : a + b;
  }
};
template <class A, class B>
struct ending<map<op::add, A, B>> : ending_of_two<A, B, false> {};
template <class A, class B>
struct ending<map<op::subtract, A, B>> : ending_of_two<A, B, true> {};
template <class A, class T>
struct ending<map<op::multiply, A, expr::constant<T>>> {
  static constexpr bool linear = ending<A>::linear && std::is_same_v<element_t<A>, T>;
  static T run(tape& t, map<op::multiply, A, expr::constant<T>> const& e, T scale) {
    return run_end(t, e.a, scale * e.b.value) * e.b.value;
  }
};
template <class A, class T>
struct ending<map<op::multiply, expr::constant<T>, A>> {
  static constexpr bool linear = ending<A>::linear && std::is_same_v<element_t<A>, T>;
  static T run(tape& t, map<op::multiply, expr::constant<T>, A> const& e, T scale) {
    return run_end(t, e.b, scale * e.a.value) * e.a.value;
  }
};
template <class A, class T>
struct ending<map<op::divide, A, expr::constant<T>>> {
  static constexpr bool linear = ending<A>::linear && std::is_same_v<element_t<A>, T>;
  static T run(tape& t, map<op::divide, A, expr::constant<T>> const& e, T scale) {
    return run_end(t, e.a, scale / e.b.value) / e.b.value;
  }
};

template <class E>
element_t<E> run_end(tape& t, E const& e, element_t<E> scale) {
  using T = element_t<E>;
  if constexpr (!reaches<E>) {
    return number_of(stripped<1>(e));
  } else if constexpr (ending<E>::linear) {
    return ending<E>::run(t, e, scale);
  } else {
    T const value = number_of(stripped<1>(e));
    if constexpr (E::dims.rank == 0) {
      push<1>(t, e, tensor<T, 0>(scale));
    } else {
      push<1>(t, e, expr::constant<T>(scale));
    }
    return value;
  }
}

}  // namespace reverse
}  // namespace WEFT_ISA
}  // namespace weft
