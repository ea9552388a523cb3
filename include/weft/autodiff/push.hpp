// The backward pass of a statement: from the cotangent of its result to the slots of its leaves.
//
// At order 1, maps, row programs and views are one sweep (autodiff/sweep.hpp); reductions over other axes and producers pass on what
// the sweep gathered for them. At order n >= 2 every value that a derivative reads and every cotangent is a statement of order
// n-1, made from the same derivatives, so what is instantiated is a derivative and never the derivative of a derivative of a
// tree.
#pragma once
#include <weft/autodiff/cut.hpp>
#include <weft/autodiff/scatter.hpp>
#include <weft/autodiff/sweep.hpp>
#include <weft/ops/statistics.hpp>

#include <bit>

namespace weft {
inline namespace WEFT_ISA {
namespace autodiff {

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
  auto& m = static_cast<gradient_record<T, R, N>&>(*t.records[s.index]);
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
  expr::each_leaf(e, [&](auto const& leaf) {
    using L = std::remove_cvref_t<decltype(leaf)>;
    if constexpr (is_tracked<L>)
      if constexpr (L::own.order == N) found = found || leaf.from.tape == t.number;
  });
  return found;
}

// -- shapes ----------------------------------------------------------------------------------------------------------

// A cotangent that is the same along some axes, in full.
template <int N, class E, class T, class G>
auto in_full(E const& e, G const& g) {
  constexpr int R = E::dims.rank;
  return cotangent<N, R, T>(stretched_to<R>("grad", e.sizes(), g));
}

// Axes that a squeeze dropped come back as sizes of 1.
template <unsigned Mask, int R, class G>
auto unsqueezed(extents<R> const& ext, G const& g) {
  constexpr int C = G::dims.rank;
  expr::axis_sources<C> from{};
  extents<R> own = ext;
  auto const s = g.sizes();
  std::size_t n = 0;
  for (int i = 0; i < R; ++i)
    if (!((Mask >> i) & 1)) {
      own[static_cast<std::size_t>(i)] = s[n];
      from[n++] = {i, 0, 1};
    }
  return expr::view<G, unknown(R)>(g, own, from);
}

// The sum over the axes along which an operand of these sizes was stretched.
template <int N, class T, int C, class X>
auto summed_to(extents<C> const& ext, X const& x) {
  constexpr int R = X::dims.rank;
  if constexpr (R > C) {
    constexpr unsigned lead = (1u << (R - C)) - 1;
    using total = expr::reduce<ops::sum, lead, X>;
    return summed_to<N, T, C>(ext, expr::squeeze_node<lead, total>(total(x)));
  } else {
    auto g = cotangent<N, C, T>(x);
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (
          [&] {
            if (ext[I] != g.sizes()[I]) g = cotangent<N, C, T>(expr::reduce<ops::sum, 1u << I, decltype(g)>(g));
          }(),
          ...);
    }
    (std::make_index_sequence<static_cast<std::size_t>(C)>{});
    return g;
  }
}

// -- views above order 1 -----------------------------------------------------------------------------------------

// The same as something that can be differentiated: its own backward pass is the view.
template <class T, int R, int C, int N>
struct scatter_record final : gradient_record<T, C, N> {
  slot from;
  geometry<R, C> v;
  scatter_record(slot s, geometry<R, C> const& g) : from(s), v(g) {}
  void backward(tape& t) override {
    if (!this->has) return;
    using G = std::remove_cvref_t<decltype(this->gradient)>;
    add_gradient<N, T, R>(t, from, cotangent<N, R, T>(expr::view<G, unknown(R)>(this->gradient, v.own, v.from)));
  }
};
template <class T, int R, int C, int N>
auto scattered(tracked<T, R, N> const& g, geometry<R, C> const& v) {
  tracked<T, C, N> out(scattered(g.value, v));
  if (tape* const t = recording(g.from)) {
    out.from = t->add(new scatter_record<T, R, C, N>(g.from, v));
    ++here.records;
  }
  return out;
}

// -- the product of elements along axes ------------------------------------------------------------------------------

// The cotangent of `a`, where that of its product along an axis is `c`; made of products alone, by halves: a quotient
// has no value where an element is 0, and a constant in its place no derivative.
template <int N, int Axis, class T, int R>
auto of_product(at_order<T, R, N - 1> const& a, at_order<T, R, N - 1> const& c) {
  using value = at_order<T, R, N - 1>;
  extents<R> const whole = a.sizes();
  constexpr std::size_t axis = static_cast<std::size_t>(Axis);
  index_t const n = whole[axis], half = n / 2;
  if (n < 2) return n == 1 ? c : a;
  auto const part = [&whole](index_t from, index_t size) {
    geometry<R, R> v{whole, {}, whole};
    v.own[axis] = size;
    for (int i = 0; i < R; ++i) v.from[static_cast<std::size_t>(i)] = {i, i == Axis ? from : 0, 1};
    return v;
  };
  auto const low = part(0, half), high = part(half, half), last = part(2 * half, 1);
  auto const of = [&a](geometry<R, R> const& v) { return expr::view<value, unknown(R)>(a, v.own, v.from); };
  value const pairs = cotangent<N, R, T>(of(low) * of(high));
  bool const odd = n % 2 == 1;
  value const d = of_product<N, Axis, T, R>(pairs, odd ? cotangent<N, R, T>(c * of(last)) : c);
  value const both = cotangent<N, R, T>(scattered(cotangent<N, R, T>(d * of(high)), low) +
                                        scattered(cotangent<N, R, T>(d * of(low)), high));
  if (!odd) return both;
  value const rest = cotangent<N, R, T>(c * expr::reduce<ops::prod, 1u << Axis, value>(pairs));
  return cotangent<N, R, T>(both + scattered(rest, last));
}
// Axis by axis.
template <int N, unsigned Mask, class T, int R>
auto of_products(at_order<T, R, N - 1> const& a, at_order<T, R, N - 1> const& c) {
  constexpr unsigned rest = Mask & (Mask - 1);
  constexpr int axis = std::countr_zero(Mask);
  if constexpr (rest == 0) {
    return of_product<N, axis, T, R>(a, c);
  } else {
    auto const p = cotangent<N, R, T>(expr::reduce<ops::prod, 1u << axis, at_order<T, R, N - 1>>(a));
    return of_product<N, axis, T, R>(a, of_products<N, rest, T, R>(p, c));
  }
}

// -- reductions ------------------------------------------------------------------------------------------------------

// What a derivative reads of values, or something that is only asked about.
template <part P, bool Read, int N, class E>
auto argument_of(E const& e) {
  if constexpr (Read)
    return value_of<N>(e);
  else
    return asked<P, element_t<E>>();
}

template <class Op, unsigned Mask, class X>
auto reduced_over(X const& x) {
  return expr::reduce<Op, Mask, std::remove_cvref_t<X>>(x);
}

template <int N, class E, class G>
void push_fold(tape& t, E const& e, G const& g) {
  using Op = typename E::operation;
  using A = kid_t<0, E>;
  using T = element_t<A>;
  constexpr int R = A::dims.rank;
  constexpr unsigned Mask = E::mask;
  if constexpr (requires { Op::back_by_rows; }) {
    constexpr reading r = reads_of_node<E>;
    index_t const elements = count(e.sizes());
    auto const n = expr::constant<T>(static_cast<T>(elements > 0 ? count(kid<0>(e).sizes()) / elements : 1));
    auto const y = argument_of<part::y, r.y, N>(e);
    auto const a = argument_of<part::a, r.a, N>(kid<0>(e));
    if constexpr (r.s) {
      auto const seen = cast<T>(Op::counted(y, a));
      auto const s = eval(reduced_over<ops::sum, Mask>(seen));
      push<N>(t, kid<0>(e), cotangent<N, R, T>(Op::da(g, y, a, s, n)));
    } else if constexpr (r.y || r.a) {
      push<N>(t, kid<0>(e), cotangent<N, R, T>(Op::da(g, y, a, asked<part::s, T>(), n)));
    } else {
      auto const c = Op::da(g, y, a, asked<part::s, T>(), n);
      if constexpr (G::role == role::number)
        push<N>(t, kid<0>(e), expr::constant<T>(static_cast<T>(known_number(c))));
      else if constexpr (N == 1)
        push<N>(t, kid<0>(e), cotangent<N, R, T>(c));
      else
        push<N>(t, kid<0>(e), in_full<N, A, T>(kid<0>(e), cotangent<N, R, T>(c)));
    }
  } else if constexpr (N > 1) {
    auto const a = cotangent<N, R, T>(value_of<N>(kid<0>(e)));
    push<N>(t, kid<0>(e), of_products<N, Mask, T, R>(a, in_full<N, E, T>(e, g)));
  } else {
    // The product of the others: with one zero, that of the rest belongs to it alone; with more, nothing is left.
    auto const a = value_of<N>(kid<0>(e));
    auto const zero = a == 0;
    auto const rest = where(zero, 1, a);
    auto const zeros = eval(reduced_over<ops::sum, Mask>(cast<T>(zero)));
    auto const p = eval(reduced_over<Op, Mask>(rest));
    push<N>(t, kid<0>(e), cotangent<N, R, T>(g * where(zero, where(zeros == 1, p, 0), where(zeros == 0, p / rest, 0))));
  }
}

// -- producers and sources -------------------------------------------------------------------------------------------

// The gradient of a slot as memory: dense, of sizes `ext`. Whether there is something in it.
template <class T, int R>
T* gradient_memory(tape& t, slot from, extents<R> const& ext, bool& adds) {
  auto& m = static_cast<gradient_record<T, R, 1>&>(*t.records[from.index]);
  adds = m.has;
  if (!m.has) m.gradient.prepare(ext);
  m.has = true;
  return m.gradient.data();
}
// Kid I of a node gets what the node's own `pull<I>` says. `v`: the node over values.
template <int N, int I, class E, class V, class G>
void push_kid(tape& t, E const& e, V const& v, G const& g) {
  if constexpr (leads_back<E, I>()) {
    auto const& k = kid<I>(e);
    using K = kid_t<I, E>;
    using T = element_t<K>;
    constexpr int R = K::dims.rank;
    if (!touches<N>(t, k)) return;
    if constexpr (N == 1 && requires { v.template pull_into<I>(g, static_cast<T*>(nullptr), false, false); }) {
      bool adds = false;
      if constexpr (is_tracked<K>) {
        T* const to = gradient_memory<T, R>(t, k.from, k.sizes(), adds);
        v.template pull_into<I>(g, to, adds, false);
        return;
      } else if constexpr (K::role == role::view) {
        if constexpr (is_tracked<kid_t<0, K>> && kid_t<0, K>::dims.rank == R && K::drops == 0) {
          if (k.turns_last_axes()) {
            T* const to = gradient_memory<T, R>(t, kid<0>(k).from, kid<0>(k).sizes(), adds);
            v.template pull_into<I>(g, to, adds, true);
            return;
          }
        }
      }
      tensor<T, R> d;
      d.prepare(k.sizes());
      v.template pull_into<I>(g, d.data(), false, false);
      push<1>(t, k, static_cast<tensor<T, R>&&>(d));
    } else {
      push<N>(t, k, summed_to<N, T, R>(k.sizes(), v.template pull<I>(g)));
    }
  }
}
template <int N, class E, class G>
void push_node(tape& t, E const& e, G const& g) {
  auto const v = stripped<N>(e);
  [&]<int... I>(std::integer_sequence<int, I...>) { (push_kid<N, I>(t, e, v, g), ...); }(expr::kid_indices<E>{});
}

// -- node by node, above order 1 -----------------------------------------------------------------------------------

template <int N, class E, class G>
void push_map(tape& t, E const& e, G const& g) {
  using Op = typename E::operation;
  constexpr reading r = reads_of_node<E>;
  auto const y = argument_of<part::y, r.y, N>(e);
  auto const to = [&]<int I>(auto const& x) {
    using K = kid_t<I, E>;
    push<N>(t, kid<I>(e), summed_to<N, element_t<K>, K::dims.rank>(kid<I>(e).sizes(), x));
  };
  auto const a = argument_of<part::a, r.a, N>(kid<0>(e));
  if constexpr (E::arity == 1) {
    to.template operator()<0>(expr::pulled<Op, 0>(g, y, a));
  } else {
    auto const b = argument_of<part::b, r.b, N>(kid<1>(e));
    if constexpr (E::arity == 2) {
      if constexpr (leads_back<E, 0>()) to.template operator()<0>(expr::pulled<Op, 0>(g, y, a, b));
      if constexpr (leads_back<E, 1>()) to.template operator()<1>(expr::pulled<Op, 1>(g, y, a, b));
    } else {
      auto const c = argument_of<part::c, r.c, N>(kid<2>(e));
      if constexpr (leads_back<E, 0>()) to.template operator()<0>(expr::pulled<Op, 0>(g, y, a, b, c));
      if constexpr (leads_back<E, 1>()) to.template operator()<1>(expr::pulled<Op, 1>(g, y, a, b, c));
      if constexpr (leads_back<E, 2>()) to.template operator()<2>(expr::pulled<Op, 2>(g, y, a, b, c));
    }
  }
}

// -- the choice ------------------------------------------------------------------------------------------------------

template <int N, class E, class G>
void push(tape& t, E const& e, G g) {
  using T = element_t<E>;
  constexpr int R = E::dims.rank;
  constexpr bool whole = G::role != role::number;  // a tensor, and not the same number everywhere
  if constexpr (!facts_of<E>.reached) {
    return;
  } else if constexpr (E::role == role::leaf) {
    if (e.from.tape != t.number) return;
    if constexpr (whole)
      if (g.sizes() == e.sizes()) return add_gradient<N, T, R>(t, e.from, g);
    add_gradient<N, T, R>(t, e.from, in_full<N, E, T>(e, g));
  } else if constexpr (E::role == role::producer || E::role == role::source) {
    if constexpr (whole)
      if (g.sizes() == e.sizes()) return push_node<N>(t, e, g);
    push_node<N>(t, e, in_full<N, E, T>(e, g));
  } else if constexpr (N == 1 && runs_whole<E>) {
    run_back(t, e, g, not_kept{});
  } else if constexpr (E::role == role::fold) {
    push_fold<N>(t, e, g);
  } else if constexpr (E::role == role::view) {
    using A = kid_t<0, E>;
    if constexpr (E::drops != 0) {
      if constexpr (whole)
        push<N>(t, kid<0>(e), cotangent<N, A::dims.rank, T>(unsqueezed<E::drops, A::dims.rank>(kid<0>(e).sizes(), g)));
      else
        push<N>(t, kid<0>(e), g);
    } else {
      geometry<R, A::dims.rank> const v{e.ext, e.from, kid<0>(e).sizes()};
      push<N>(t, kid<0>(e), scattered(g, v));
    }
  } else {
    push_map<N>(t, e, g);
  }
}

}  // namespace autodiff
}  // namespace WEFT_ISA
}  // namespace weft
