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

// -- operands --------------------------------------------------------------------------------------------------------

// What a derivative reads of values, or something that is only asked about.
template <letter P, bool Read, int N, class E>
auto argument_of(E const& e) {
  if constexpr (Read)
    return value_of<N>(e);
  else
    return asked<P, element_t<E>>();
}
// Operand I of a node, or the node where it has none: what is not read is not made.
template <int I, class E>
WEFT_INLINE auto const& operand_or_node(E const& e) {
  if constexpr (I < E::arity)
    return kid<I>(e);
  else
    return e;
}
// What the pull of a node asks for (expr/pull.hpp), one order below. Each value that is read is evaluated once.
template <int N, class E>
class values_below {
  static constexpr reading r = expr::reads_of_node<E>;
  E const& e;
  decltype(argument_of<letter::y, r.y, N>(std::declval<E const&>())) y;
  decltype(argument_of<letter::a, r.a, N>(operand_or_node<0>(std::declval<E const&>()))) a;
  decltype(argument_of<letter::b, r.b && (E::arity > 1), N>(operand_or_node<1>(std::declval<E const&>()))) b;
  decltype(argument_of<letter::c, r.c && (E::arity > 2), N>(operand_or_node<2>(std::declval<E const&>()))) c;

 public:
  static constexpr int order = N;
  explicit values_below(E const& x)
      : e(x), y(argument_of<letter::y, r.y, N>(x)), a(argument_of<letter::a, r.a, N>(operand_or_node<0>(x))),
        b(argument_of<letter::b, r.b && (E::arity > 1), N>(operand_or_node<1>(x))),
        c(argument_of<letter::c, r.c && (E::arity > 2), N>(operand_or_node<2>(x))) {}
  auto const& value() const { return y; }
  template <int K>
  auto const& operand() const {
    if constexpr (K == 0)
      return a;
    else if constexpr (K == 1)
      return b;
    else
      return c;
  }
  auto counted() const {
    using T = element_t<kid_t<0, E>>;
    if constexpr (r.s) {
      auto const seen = cast<T>(E::operation::counted(y, a));
      return eval(expr::reduce<ops::sum, E::mask, std::remove_const_t<decltype(seen)>>(seen));
    } else {
      return asked<letter::s, T>();
    }
  }
  auto elements() const {
    using T = element_t<kid_t<0, E>>;
    index_t const made = count(e.sizes());
    return expr::constant<T>(static_cast<T>(made > 0 ? count(kid<0>(e).sizes()) / made : 1));
  }
  auto node() const { return stripped<N>(e); }
  template <class G, class V>
  auto placed(G const& g, V const& view) const {
    return scattered(g, geometry_of(view));
  }
  template <class X>
  auto made(X const& x) const {
    return cotangent<N, X::dims.rank, element_t<X>>(x);
  }
};

// The gradient of a slot as memory: dense, of sizes `ext`. Whether there is something in it.
template <class T, int R>
T* gradient_memory(tape& t, slot from, extents<R> const& ext, bool& adds) {
  auto& m = static_cast<gradient_record<T, R, 1>&>(*t.records[from.index]);
  adds = m.has;
  if (!m.has) m.gradient.prepare(ext);
  m.has = true;
  return m.gradient.data();
}
// A node that writes what operand I gets to dense memory: into the gradient itself, where the operand is a leaf, or one with
// its last axes turned.
template <int I, class E, class V, class G>
void pull_into_operand(tape& t, E const& e, V const& v, G const& g) {
  auto const& k = kid<I>(e);
  using K = kid_t<I, E>;
  using T = element_t<K>;
  constexpr int R = K::dims.rank;
  bool adds = false;
  if constexpr (is_tracked<K>) {
    T* const to = gradient_memory<T, R>(t, k.from, k.sizes(), adds);
    v.template pull_into<I>(g, to, adds, false);
    return;
  } else if constexpr (requires { k.turns_last_axes(); }) {
    if constexpr (is_tracked<kid_t<0, K>> && kid_t<0, K>::dims.rank == R) {
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
}

template <int N, int I, class E, class G, class Of>
void push_operand(tape& t, E const& e, G const& g, Of const& of) {
  if constexpr (expr::leads_back<E, I>) {
    auto const& k = kid<I>(e);
    using K = kid_t<I, E>;
    using T = element_t<K>;
    constexpr int R = K::dims.rank;
    if constexpr (N == 1 && requires { e.template pull_into<I>(g, static_cast<T*>(nullptr), false, false); }) {
      if (touches<N>(t, k)) pull_into_operand<I>(t, e, of.node(), g);
    } else {
      if constexpr (E::arity > 1)
        if (!touches<N>(t, k)) return;
      auto const x = expr::pull_of_operand<I>(e, g, of);
      using X = std::remove_const_t<decltype(x)>;
      if constexpr (facts_of<X>.numbers)
        push<N>(t, k, expr::constant<T>(static_cast<T>(known_number(x))));
      else if constexpr (E::arity > 1)
        push<N>(t, k, summed_to<N, T, R>(k.sizes(), x));
      else if constexpr (N > 1 && expr::only_seen<E> && E::dims.rank == R)  // a sum, whose operand is longer
        push<N>(t, k, in_full<N, K, T>(k, x));
      else
        push<N>(t, k, cotangent<N, R, T>(x));
    }
  }
}
template <int N, class E, class G>
void push_operands(tape& t, E const& e, G const& g) {
  values_below<N, E> const of(e);
  [&]<int... I>(std::integer_sequence<int, I...>) { (push_operand<N, I>(t, e, g, of), ...); }(expr::kid_indices<E>{});
}

// -- a node ----------------------------------------------------------------------------------------------------------

template <int N, class E, class G>
void push(tape& t, E const& e, G g) {
  if constexpr (!facts_of<E>.reached) {
    return;
  } else if constexpr (N == 1 && runs_whole<E>) {
    run_back(t, e, g, not_kept{});
  } else {
    using T = element_t<E>;
    auto const pass = [&](auto const& x) {
      if constexpr (E::arity == 0)
        add_gradient<N, T, E::dims.rank>(t, e.from, x);
      else
        push_operands<N>(t, e, x);
    };
    if constexpr (E::arity == 0)
      if (e.from.tape != t.number) return;
    // What only passes the cotangent on takes it as it is: a number, or the same along axes.
    if constexpr (N > 1 || expr::only_seen<E>) {
      pass(g);
    } else {
      if constexpr (!facts_of<G>.numbers)  // a tensor, and not the same number everywhere
        if (g.sizes() == e.sizes()) return pass(g);
      pass(in_full<N, E, T>(e, g));
    }
  }
}

}  // namespace autodiff
}  // namespace WEFT_ISA
}  // namespace weft
