// The backward pass of a statement: from the cotangent of its result to the slots of its leaves.
//
// At order 1, maps and views are one sweep (grad/sweep.hpp); reductions and products pass on what the sweep gathered
// for them. At order n >= 2 every value that a rule reads and every cotangent is a statement of order n-1, made from
// the same rules, so what is instantiated is a rule and never the rule of a rule of a tree.
#pragma once
#include <weft/grad/cut.hpp>
#include <weft/grad/products.hpp>

#include <bit>

namespace weft {
inline namespace WEFT_ISA {
namespace reverse {

namespace fold = expr::fold;

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
  return view<G, unknown(R)>(g, own, from);
}

// The sum over the axes along which an operand of these sizes was stretched.
template <int N, class T, int C, class X>
auto summed_to(extents<C> const& ext, X const& x) {
  constexpr int R = X::dims.rank;
  if constexpr (R > C) {
    constexpr unsigned lead = (1u << (R - C)) - 1;
    using total = reduce<fold::sum, lead, X>;
    return summed_to<N, T, C>(ext, squeeze_node<lead, total>(total(x)));
  } else {
    auto g = cotangent<N, C, T>(x);
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (
          [&] {
            if (ext[I] != g.sizes()[I]) g = cotangent<N, C, T>(reduce<fold::sum, 1u << I, decltype(g)>(g));
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
struct scatter_record final : made<T, C, N> {
  slot from;
  geometry<R, C> v;
  scatter_record(slot s, geometry<R, C> const& g) : from(s), v(g) {}
  void backward(tape& t) override {
    if (!this->has) return;
    using G = std::remove_cvref_t<decltype(this->gradient)>;
    add_gradient<N, T, R>(t, from, cotangent<N, R, T>(view<G, unknown(R)>(this->gradient, v.own, v.from)));
  }
};
template <class T, int R, int C, int N>
auto scattered(tracked<T, R, N> const& g, geometry<R, C> const& v) {
  tracked<T, C, N> out(scattered(g.value, v));
  if (tape* const t = recording(g.from)) {
    out.from = t->add(std::make_unique<scatter_record<T, R, C, N>>(g.from, v));
    ++here.records;
  }
  return out;
}

// -- reductions ------------------------------------------------------------------------------------------------------

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
  auto const of = [&a](geometry<R, R> const& v) { return view<value, unknown(R)>(a, v.own, v.from); };
  value const pairs = cotangent<N, R, T>(of(low) * of(high));
  bool const odd = n % 2 == 1;
  value const d = of_product<N, Axis, T, R>(pairs, odd ? cotangent<N, R, T>(c * of(last)) : c);
  value const both = cotangent<N, R, T>(scattered(cotangent<N, R, T>(d * of(high)), low) +
                                        scattered(cotangent<N, R, T>(d * of(low)), high));
  if (!odd) return both;
  value const rest = cotangent<N, R, T>(c * reduce<fold::prod, 1u << Axis, value>(pairs));
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
    auto const p = cotangent<N, R, T>(reduce<fold::prod, 1u << axis, at_order<T, R, N - 1>>(a));
    return of_product<N, axis, T, R>(a, of_products<N, rest, T, R>(p, c));
  }
}

template <int N, class Op, unsigned Mask, class A, class G>
void push_reduction(tape& t, reduce<Op, Mask, A> const& e, G const& g) {
  using T = element_t<A>;
  constexpr int R = A::dims.rank;
  auto const pass = [&](auto const& c) {
    if constexpr (N == 1)
      push<1>(t, e.a, c);
    else
      push<N>(t, e.a, in_full<N, A, T>(e.a, c));
  };
  if constexpr (std::is_same_v<Op, fold::sum>) {
    pass(g);
  } else if constexpr (std::is_same_v<Op, fold::mean>) {
    index_t const n = count(e.sizes()) > 0 ? count(e.a.sizes()) / count(e.sizes()) : 1;
    if constexpr (expr::is_leaf<G>)
      pass(cotangent<N, R, T>(g * (T(1) / static_cast<T>(n))));
    else
      pass(G(static_cast<T>(g.value / static_cast<T>(n))));
  } else if constexpr (std::is_same_v<Op, fold::max> || std::is_same_v<Op, fold::min>) {
    // Equal elements share.
    auto const a = value_of<N>(e.a);
    auto const hit = a == value_of<N>(e);
    using ones = decltype(cast<T>(hit));
    auto const n = eval(reduce<fold::sum, Mask, ones>(cast<T>(hit)));
    push<N>(t, e.a, cotangent<N, R, T>(where(hit, g / n, 0)));
  } else if constexpr (std::is_same_v<Op, fold::prod> && N > 1) {
    auto const a = cotangent<N, R, T>(value_of<N>(e.a));
    push<N>(t, e.a, of_products<N, Mask, T, R>(a, in_full<N, reduce<Op, Mask, A>, T>(e, g)));
  } else if constexpr (std::is_same_v<Op, fold::prod>) {
    // The product of the others: with one zero, that of the rest belongs to it alone; with more, nothing is left.
    auto const a = value_of<N>(e.a);
    auto const zero = a == 0;
    using ones = decltype(cast<T>(zero));
    auto const rest = where(zero, 1, a);
    auto const zeros = eval(reduce<fold::sum, Mask, ones>(cast<T>(zero)));
    auto const p = eval(reduce<fold::prod, Mask, std::remove_const_t<decltype(rest)>>(rest));
    push<N>(t, e.a, cotangent<N, R, T>(g * where(zero, where(zeros == 1, p, 0), where(zeros == 0, p / rest, 0))));
  } else {
    static_assert(no_rule<Op>::known, "weft: grad: this reduction has no derivative");
  }
}

// -- node by node, above order 1 -----------------------------------------------------------------------------------

template <role R, bool Read, int N, class E>
auto argument(E const& e) {
  if constexpr (Read)
    return value_of<N>(e);
  else
    return asked<R, element_t<E>>();
}
template <int N, class A, class X>
void pass(tape& t, A const& a, X const& x) {
  push<N>(t, a, summed_to<N, element_t<A>, A::dims.rank>(a.sizes(), x));
}

template <int N, class Op, class A, class G>
void push_map(tape& t, map<Op, A> const& e, G const& g) {
  constexpr reading r = reads<map<Op, A>>::value;
  auto const y = argument<role::y, r.y, N>(e);
  auto const a = argument<role::a, r.a, N>(e.a);
  pass<N>(t, e.a, pulled<Op, 0>(g, y, a));
}
template <int N, class Op, class A, class B, class G>
void push_map(tape& t, map<Op, A, B> const& e, G const& g) {
  constexpr reading r = reads<map<Op, A, B>>::value;
  auto const y = argument<role::y, r.y, N>(e);
  auto const a = argument<role::a, r.a, N>(e.a);
  auto const b = argument<role::b, r.b, N>(e.b);
  if constexpr (reaches_through<Op, 0, A>()) pass<N>(t, e.a, pulled<Op, 0>(g, y, a, b));
  if constexpr (reaches_through<Op, 1, B>()) pass<N>(t, e.b, pulled<Op, 1>(g, y, a, b));
}
template <int N, class Op, class A, class B, class C, class G>
void push_map(tape& t, map<Op, A, B, C> const& e, G const& g) {
  constexpr reading r = reads<map<Op, A, B, C>>::value;
  auto const y = argument<role::y, r.y, N>(e);
  auto const a = argument<role::a, r.a, N>(e.a);
  auto const b = argument<role::b, r.b, N>(e.b);
  auto const c = argument<role::c, r.c, N>(e.c);
  if constexpr (reaches_through<Op, 0, A>()) pass<N>(t, e.a, pulled<Op, 0>(g, y, a, b, c));
  if constexpr (reaches_through<Op, 1, B>()) pass<N>(t, e.b, pulled<Op, 1>(g, y, a, b, c));
  if constexpr (reaches_through<Op, 2, C>()) pass<N>(t, e.c, pulled<Op, 2>(g, y, a, b, c));
}

// -- the choice ------------------------------------------------------------------------------------------------------

template <class E>
struct kind_of_node {
  static constexpr int value = 0;
};
template <class T, auto S, int N>
struct kind_of_node<tracked<T, S, N>> {
  static constexpr int value = 1;
};
template <unsigned Mask, class A>
struct kind_of_node<squeeze_node<Mask, A>> {
  static constexpr int value = 2;
  static constexpr unsigned mask = Mask;
};
template <class Op, unsigned Mask, class A>
struct kind_of_node<reduce<Op, Mask, A>> {
  static constexpr int value = 3;
};
template <class A, class B>
struct kind_of_node<contract<A, B>> {
  static constexpr int value = 4;
};
template <class A, weft::shape D>
struct kind_of_node<view<A, D>> {
  static constexpr int value = 5;
};

template <int N, class E, class G>
void push(tape& t, E const& e, G g) {
  using kind = kind_of_node<E>;
  using T = element_t<E>;
  constexpr int R = E::dims.rank;
  if constexpr (!reaches<E>) {
    return;
  } else if constexpr (kind::value == 1) {
    if (e.from.tape != t.number) return;
    if constexpr (expr::is_leaf<G>) {
      if (g.sizes() == e.sizes()) {
        add_gradient<N, T, R>(t, e.from, g);
        return;
      }
    }
    add_gradient<N, T, R>(t, e.from, in_full<N, E, T>(e, g));
  } else if constexpr (kind::value == 2) {
    if constexpr (expr::is_leaf<G>) {
      constexpr int C = std::remove_cvref_t<decltype(e.a)>::dims.rank;
      push<N>(t, e.a, cotangent<N, C, T>(unsqueezed<kind::mask, C>(e.a.sizes(), g)));
    } else {
      push<N>(t, e.a, g);
    }
  } else if constexpr (kind::value == 3) {
    push_reduction<N>(t, e, g);
  } else if constexpr (kind::value == 4) {
    if constexpr (expr::is_leaf<G>) {
      if (g.sizes() == e.sizes()) {
        push_contract<N>(t, e, g);
        return;
      }
    }
    push_contract<N>(t, e, in_full<N, E, T>(e, g));
  } else if constexpr (N == 1) {
    run_back(t, e, g, not_kept{});
  } else if constexpr (kind::value == 5) {
    using A = std::remove_cvref_t<decltype(e.a)>;
    geometry<R, A::dims.rank> const v{e.ext, e.from, e.a.sizes()};
    push<N>(t, e.a, scattered(g, v));
  } else {
    push_map<N>(t, e, g);
  }
}

// -- what the nodes of a mirror do before and after the sweep --------------------------------------------------------

template <class T, int R, class V>
void leaf<T, R, V>::connect(wiring& w) {
  if (from.tape != w.t.number) return;
  auto& m = static_cast<made<T, R, 1>&>(*w.t.records[from.index]);
  bool const fresh = !m.has;
  if (fresh) m.gradient.prepare(ext);
  m.has = true;
  out.connect(w, m.gradient.data(), count(ext), fresh);
}
template <class T, class V>
void number_leaf<T, V>::settle(tape& t) {
  add_gradient<1, T, 0>(t, from, tensor<T, 0>(static_cast<T>(total)));
}
template <class E, class V>
void edge<E, V>::connect(wiring& w) {
  if constexpr (R > 0) {
    index_t dense[max_rank];
    engine::dense_strides(ext.data(), R, dense);
    bool fits = w.spare.buffer && w.spare.type == dtype_of<T> && w.f.rank == R && out.offset == 0;
    for (int d = 0; d < R && fits; ++d)
      fits = w.f.ext[d] == ext[static_cast<std::size_t>(d)] && (w.f.ext[d] == 1 || out.stride[d] == dense[d]);
    if (fits) {
      cotangent.items() = typename tensor<T, R>::items_t(*w.spare.buffer, ext);
      w.spare.buffer = nullptr;
      auto& buffer = cotangent.items().buffer;
      buffer.drop_derived();
      out.connect(w, static_cast<T*>(buffer.data()), count(ext), true);
      return;
    }
  }
  cotangent.prepare(ext);
  out.connect(w, cotangent.data(), count(ext), true);
}
template <class E, class V>
void edge<E, V>::settle(tape& t) {
  push<1>(t, node, static_cast<tensor<T, R>&&>(cotangent));
}

}  // namespace reverse
}  // namespace WEFT_ISA
}  // namespace weft
