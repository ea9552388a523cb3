// The backward pass of one statement: its program (autodiff/adjoint.hpp) is bound, led to the gradients of its leaves, and run.
//
//   run_back(t, e, g, y)           the cotangents of e's leaves, of the cotangent `g` of e
//   run_both(t, e, scale)          the sum of e's elements as well: what a mean or a sum at the end of a function is
//
// `e` is a tree of maps, reductions over its rows, lets and views over tracked leaves. Reductions over other axes and producers
// are edges: their value, if it is needed, is evaluated before, their cotangent is gathered in a tensor and pushed on after.
#pragma once
#include <weft/engine/assign.hpp>
#include <weft/engine/sink.hpp>
#include <weft/autodiff/adjoint.hpp>
#include <weft/autodiff/rewrite.hpp>
#include <weft/autodiff/rules.hpp>
#include <weft/autodiff/uneven.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace autodiff {

using engine::frame;
using expr::axis_map;
using expr::facts_of;
using expr::kid;
using expr::kid_t;

// The value of an expression over numbers alone, without a loop.
template <class E>
element_t<E> known_number(E const& e) {
  index_t const at[1] = {0};
  return expr::element_at(e, at, expr::nothing_named{});
}

// The gradient of a slot, stored in the record that made it.
template <class T, int R, int N>
struct gradient_record : record {
  at_order<T, R, N - 1> gradient{};
  bool has = false;
};

// `g` has e's rank; at order 1 its sizes are e's or 1, above they are e's.
template <int N, class E, class G>
void push(tape& t, E const& e, G g);
template <int N, class T, int R, class X>
void add_gradient(tape& t, slot s, X const& x);

// -- targets -------------------------------------------------------------------------------------------------------------

// A dense buffer over the domain that is not needed once each of its elements was read.
struct spare_buffer {
  storage const* buffer = nullptr;
  dtype type{};
};
// Where one cotangent goes, without its type.
struct target {
  engine::result out{};
  index_t ext[max_rank] = {};
  int rank = 0;
  void const* node = nullptr;  // an edge
  slot from{};                 // a leaf
  storage own{};               // the cotangent of an edge
  double total = 0;            // of a number
  // Finds the memory; whether it holds nothing yet.
  bool (*connect)(target& me, tape& t, frame const& f, spare_buffer& spare) = nullptr;
  void (*settle)(target& me, tape& t) = nullptr;
};
WEFT_INLINE index_t elements_of(target const& me) {
  index_t n = 1;
  for (int i = 0; i < me.rank; ++i) n *= me.ext[i];
  return n;
}
// What a binder finds of a leaf, or of an edge: where its cotangent lies in the frame. `m` null: its axes are the first `axes`
// of the domain.
void lay_out_target(target& g, engine::result_type const& type, frame const& f, axis_map const* m, int axes, index_t const* ext,
                    int rank, bool single);
void lay_out_number(target& g);
// A leaf that is not read.
void leave_out(engine::leaf& l, engine::leaf_type const& type);

// The program of a statement's backward pass, bound.
struct bound_sweep {
  engine::program const* program;  // null: there is nothing that it stores
  frame& f;
  engine::leaf* leaves;
  int leaf_count;
  engine::number_bits* numbers;
  target* targets;
  int wanted;
  short const* order;  // in which they are stored
  int order_count;
  engine::result* out;
  int results;
  spare_buffer spare;
  double* total;  // null: not asked for
  bool by_elements;  // no reductions: rows may be joined and cut
  uneven_program const* uneven;  // how it is run where rows differ in length; null: they don't
};
void run_sweep(bound_sweep const& s, tape& t);
// Numbers of derivatives: how many elements a row has, or 1.
struct row_count {
  short number;
  bool one;
  dtype type;
};
void set_counts(engine::number_bits* numbers, row_count const* which, int count, index_t n);

template <class T, int R>
bool connect_leaf(target& me, tape& t, frame const&, spare_buffer&) {
  if (me.from.tape != t.number) return false;
  auto& m = static_cast<gradient_record<T, R, 1>&>(*t.records[me.from.index]);
  bool const fresh = !m.has;
  if (fresh) {
    extents<R> e{};
    for (int i = 0; i < R; ++i) e[static_cast<std::size_t>(i)] = me.ext[i];
    m.gradient.prepare(e);
  }
  m.has = true;
  me.out.base = m.gradient.data() + me.out.offset;
  return fresh;
}
inline bool connect_number(target& me, tape&, frame const&, spare_buffer&) {
  me.out.base = &me.total;
  return false;
}
template <class T>
bool connect_edge(target& me, tape&, frame const& f, spare_buffer& spare) {
  index_t dense[max_rank];
  engine::dense_strides(me.ext, me.rank, dense);
  bool fits = spare.buffer && spare.type == dtype_of<T> && f.rank == me.rank && me.out.offset == 0 && !me.out.narrow;
  for (int d = 0; d < me.rank && fits; ++d)
    fits = f.ext[d] == me.ext[d] && (f.ext[d] == 1 || me.out.stride[d] == dense[d]);
  if (fits) {
    me.own = *spare.buffer;
    spare.buffer = nullptr;
    me.own.drop_derived();
  } else {
    me.own = storage::allocate(static_cast<std::size_t>(elements_of(me)) * sizeof(T));
  }
  me.out.base = static_cast<T*>(me.own.data()) + me.out.offset;
  return true;
}
template <class Node>
void settle_edge(target& me, tape& t) {
  using T = element_t<Node>;
  constexpr int R = Node::dims.rank;
  auto const& n = *static_cast<Node const*>(me.node);
  push<1>(t, n, tensor<T, R>(static_cast<storage&&>(me.own), n.sizes()));
}
template <class Node>
void settle_number(target& me, tape& t) {
  push<1>(t, *static_cast<Node const*>(me.node), expr::constant<element_t<Node>>(static_cast<element_t<Node>>(me.total)));
}
template <class T>
void settle_number_leaf(target& me, tape& t) {
  add_gradient<1, T, 0>(t, me.from, tensor<T, 0>(static_cast<T>(me.total)));
}
inline void settle_nothing(target&, tape&) {}

// -- binding ---------------------------------------------------------------------------------------------------------------

// Finds leaves as the engine's binder does, and the targets of those that want a cotangent, in the same order. Values that
// the backward pass doesn't read are passed over, or, when a record is made, given up. `First`: the statement has not been
// evaluated yet, so that values of producers are made here.
template <bool First>
struct backward_binder : engine::binder {
  using leaf = engine::leaf;
  target* targets;
  bool const* reads_leaf;    // by number; null: none
  bool const* reads_number;
  using engine::binder::next, engine::binder::numbers, engine::binder::kept, engine::binder::f;
  using engine::binder::constant, engine::binder::leaf_of;
  bool forgets = false;      // the record of a statement keeps only what is read
  stretch_extents* stretches = nullptr;  // where rows differ in length: theirs, in order (autodiff/uneven.hpp)
  leaf* first_leaf = this->next;
  engine::number_bits* first_number = this->numbers;

  bool leaf_is_read() const { return reads_leaf && reads_leaf[next - first_leaf]; }
  bool number_is_read() const { return reads_number && reads_number[numbers - first_number]; }
  template <class T>
  void no_leaf() {
    leave_out(*next++, engine::leaf_type_of<T>);
  }
  template <class T>
  target& number_target() {
    target& g = *targets++;
    lay_out_number(g);
    return g;
  }
  template <class T>
  target& memory_target(axis_map const& m, index_t const* ext, int rank, bool single) {
    target& g = *targets++;
    lay_out_target(g, engine::sum_type_of<T>, f, &m, 0, ext, rank, single);
    return g;
  }
  template <class T, int R>
  target& memory_target(expr::whole_domain<R>, index_t const* ext, int rank, bool single) {
    target& g = *targets++;
    lay_out_target(g, engine::sum_type_of<T>, f, nullptr, R, ext, rank, single);
    return g;
  }

  template <class T, auto S, class Map>
  void tracked(weft::tracked<T, S, 1> const& n, Map const& m, bool single) {
    constexpr int R = to_shape(S).rank;
    if constexpr (R == 0) {
      target& g = number_target<T>();
      g.from = n.from;
      g.settle = &settle_number_leaf<T>;
      constant(static_cast<T>(*n.value.data()));
    } else {
      target& g = memory_target<T>(m, n.value.extents_at(), R, single);
      g.from = n.from;
      g.connect = &connect_leaf<T, R>;
      g.settle = &settle_nothing;
      if (leaf_is_read()) {
        leaf_of(n.value.data(), expr::as_axis_map(m), n.value.extents_at(), R, single);
      } else {
        no_leaf<T>();
        if constexpr (!tensor<T, S>::stored_inline)
          if (forgets) const_cast<tensor<T, S>&>(n.value).items().buffer = storage();
      }
    }
  }
  template <class Node, class Names>
  void number(Node const& n, Names const& names) {
    using T = element_t<Node>;
    if constexpr (facts_of<Node>.reached) {
      target& g = number_target<T>();
      g.node = &n;
      g.settle = &settle_number<Node>;
    }
    if (!forgets && number_is_read())
      engine::binder::number(stripped<1>(expr::close_over(n, names)), expr::no_names{});
    else
      constant(T(0));
  }
  template <class Node, class Map, class Names>
  void part(Node const& n, Map const& m, Names const& names, bool single) {
    using T = element_t<Node>;
    if constexpr (facts_of<Node>.reached) {
      auto const ext = n.sizes();
      target& g = memory_target<T>(m, ext.data(), Node::dims.rank, single);
      g.node = &n;
      g.connect = &connect_edge<T>;
      g.settle = &settle_edge<Node>;
    }
    if (forgets || !leaf_is_read()) return no_leaf<T>();
    if constexpr (!First && facts_of<Node>.reached && facts_of<Node>.producers > 0) {
      fail<autograd_error>("grad: the value of a product is asked for that was not kept");  // autodiff/cut.hpp sees to it
    } else {
      auto value = engine::evaluated<T, Node::dims.rank>(stripped<1>(expr::close_over(n, names)));
      auto const ext = n.sizes();
      storage buffer = static_cast<storage&&>(value.items().buffer);
      leaf_of(static_cast<T const*>(std::as_const(buffer).data()), expr::as_axis_map(m), ext.data(), Node::dims.rank, single);
      *kept++ = static_cast<storage&&>(buffer);
    }
  }
  template <class Node>
  void row_of(Node const& n) {
    if (!stretches) return;
    auto const e = n.sizes();
    for (int d = f.row; d < f.rank; ++d) {
      int const i = d - f.rank + Node::dims.rank;
      stretches->at[d] = i < 0 ? 1 : e[static_cast<std::size_t>(i)];
    }
    ++stretches;
  }
  // How much longer the rows of the domain are than those of a reduction, whose operand they stretch.
  template <class R, class Node>
  void stretch(Node const& n) {
    auto const e = n.sizes();
    index_t own = 1, all = 1;
    for (int d = f.row; d < f.rank; ++d) {
      own *= e[static_cast<std::size_t>(d)];
      all *= f.ext[d];
    }
    constant(own == all || all == 0 || stretches ? R(1) : static_cast<R>(static_cast<double>(own) / static_cast<double>(all)));
  }
};

// -- contexts --------------------------------------------------------------------------------------------------------------

template <class E>
inline constexpr bool by_values = expr::row_of<E>.q > 0 && expr::folds_on_top<E>() <= 1;
template <class E>
auto find_context() {
  if constexpr (by_values<E>)
    return typename engine::values_fused<E>::context{};
  else if constexpr (expr::row_of<E>.q > 0)
    return typename engine::rows_alone<E>::context{};
  else
    return typename engine::rows_fused<E>::context{};
}
template <class E>
using context_of = decltype(find_context<E>());

// Is the backward pass of E one program, with E as its root? What only looks at the cotangent otherwise has none of its own: it
// begins at the operand, unless that has one value a row and stands in E's place.
template <class E>
constexpr bool find_whole() {
  using with = context_of<E>;
  if constexpr (E::arity == 0)
    return false;
  else if constexpr (!expr::in_loop<with, E>)
    return false;
  else if constexpr (expr::only_seen<E>)
    return by_values<E> && std::is_same_v<expr::kid_context<with, E, 0>, with> && find_whole<kid_t<0, E>>();
  else
    return true;
}
template <class E>
inline constexpr bool runs_whole = find_whole<E>();

template <class E>
constexpr bool keeps_lets();

// Do all lets stay in the program of E: nothing that is evaluated apart mentions their names, and what is has programs of
// that kind?
template <class Context, class E>
constexpr bool lets_stay() {
  if constexpr (std::is_same_v<Context, expr::apart>)
    return keeps_lets<E>();
  else if constexpr (!expr::in_loop<Context, E>)
    return keeps_lets<E>();
  else
    return expr::name_in_loop<Context, E> && []<int... I>(std::integer_sequence<int, I...>) {
      return (lets_stay<expr::kid_context<Context, E, I>, kid_t<I, E>>() && ...);
    }(expr::kid_indices<E>{});
}

// A let stays if the backward pass of its statement is one program; above order 1, and where it holds a producer or its name
// is read apart, its definition is a statement of its own.
template <class E>
constexpr bool keeps_lets() {
  if constexpr (!facts_of<E>.lets || facts_of<E>.below.order == 0)
    return true;
  else if constexpr (facts_of<E>.producers > 0)
    return false;
  else if constexpr (runs_whole<E>)
    return lets_stay<context_of<E>, E>();
  else
    return []<int... I>(std::integer_sequence<int, I...>) { return (keeps_lets<kid_t<I, E>>() && ...); }(expr::kid_indices<E>{});
}
// -- the program of a statement -------------------------------------------------------------------------------------------

template <class Context, bool First, class E>
[[gnu::noinline]] auto bind_back(E const& e, backward_binder<First>& b) {
  return expr::bind<Context>(e, b, expr::whole_domain<E::dims.rank>{}, expr::no_names{});
}
template <class Context, class E>
using tokens_back = decltype(expr::bind<Context>(std::declval<E const&>(), std::declval<backward_binder<false>&>(),
                                                   expr::whole_domain<E::dims.rank>{}, expr::no_names{}));

// How each cotangent leaves the program.
template <class X>
struct sinks_of_token {
  using type = engine::results<>;
};
template <class T>
struct sinks_of_token<number<T, true>> {
  using type = engine::results<engine::result_as<double, false, true>>;
};
template <class T, bool Once, bool Kept>
struct sinks_of_token<memory<T, Once, Kept, true>> {
  using type = engine::results<engine::result_as<T, !Once, true>>;
};
template <class... R>
struct joined_results;
template <class... A>
struct joined_results<engine::results<A...>> {
  using type = engine::results<A...>;
};
template <class... A, class... B, class... More>
struct joined_results<engine::results<A...>, engine::results<B...>, More...>
    : joined_results<engine::results<A..., B...>, More...> {};
template <class L, bool Total>
struct sinks_of;
template <class... X, bool Total>
struct sinks_of<tokens<X...>, Total> {
  using type = typename joined_results<
      engine::results<>, typename sinks_of_token<X>::type...,
      std::conditional_t<Total, engine::results<engine::result_as<double, false, true>>, engine::results<>>>::type;
};

template <class Adjoint>
struct read_flags {
  bool leaf[static_cast<std::size_t>(Adjoint::leaves + 1)] = {};
  bool number[static_cast<std::size_t>(Adjoint::numbers + 1)] = {};
  constexpr read_flags() {
    for (int i = 0; i < Adjoint::leaves; ++i) leaf[i] = Adjoint::reads_leaf(i);
    for (int i = 0; i < Adjoint::numbers; ++i) number[i] = Adjoint::reads_number(i);
  }
};
template <class Adjoint>
inline constexpr read_flags<Adjoint> reads_of{};

// The numbers of derivatives, which stand behind what was bound. `From`: their first token.
template <class C, int From>
struct row_counts {
  row_count at[static_cast<std::size_t>(C::size + 1)] = {};
  int count = 0;
  constexpr row_counts() {
    for (engine::step const& s : C::code.at)
      if (s.live && s.what == act::number && s.from >= From) {
        if (kind_of(s.type) != kind::floating) __builtin_unreachable();  // no constant: set_counts knows no other
        at[count++] = {s.leaf, s.from == C::list::count - 1, s.type};
      }
  }
};
template <class C, int From>
inline constexpr row_counts<C, From> row_counts_of{};

// The cotangents in the order in which a row's passes store them.
template <class C>
constexpr auto storing_order() {
  struct {
    short at[static_cast<std::size_t>(C::wanted + 1)] = {};
    int count = 0;  // those that nothing reaches are not among them
  } o;
  for (int p = 0; p <= C::last; ++p)
    for (int i = 0; i < C::wanted; ++i)
      if (C::code.result[i] >= 0 && C::schedule.result_in[i] == p) o.at[o.count++] = static_cast<short>(i);
  return o;
}

struct not_kept {};

template <class Context, class E>
void set_domain(frame& f, E const& e) {
  f.rank = Context::domain;
  auto const s = e.sizes();
  for (int d = 0; d < Context::domain; ++d) f.ext[d] = d < E::dims.rank ? s[static_cast<std::size_t>(d)] : 1;
  if constexpr (Context::outer) {
    for (int d = Context::domain - Context::q; d < Context::domain; ++d) f.ext[d] = 0;
    expr::longest_rows<Context>(e, f.ext);
  }
  f.set_row(Context::domain - Context::q);
}

// `total`: where the sum of e's values is added to, with Total. `even`: all reductions can be stretched to the domain's rows, and
// these aren't empty where each has a value.
template <bool Total, class Context, class E, class G, class Y>
[[gnu::noinline]] void sweep(tape& t, E const& e, G const& g, Y const& y, spare_buffer spare, double* total,
                              [[maybe_unused]] bool even) {
  using T = element_t<E>;
  constexpr int R = E::dims.rank;
  constexpr bool kept = !std::is_same_v<Y, not_kept>;
  constexpr bool number_seed = G::dims.rank == 0;
  using L = tokens_back<Context, E>;
  using seed = std::conditional_t<number_seed, number<T>, memory<T, Context::outer>>;
  using C = adjoint<L, seed, kept, Total, T, Context::outer>;
  using sinks = typename sinks_of<L, Total>::type;
  frame f;
  set_domain<Context>(f, e);
  engine::table<C> table;
  target targets[static_cast<std::size_t>(C::wanted + 1)];
  backward_binder<Total> b{table.into(f), targets, reads_of<C>.leaf, reads_of<C>.number};
  [[maybe_unused]] stretch_extents rows[static_cast<std::size_t>(Context::q > 0 ? stretch_count<L> : 1)];
  if constexpr (Context::q > 0)
    if (!even) {
      for (int d = f.row; d < f.rank; ++d) rows[0].at[d] = Context::outer ? 1 : f.ext[d];
      b.stretches = rows + 1;
    }
  bind_back<Context>(e, b);
  if constexpr (number_seed)
    b.constant(static_cast<T>([&] {
      if constexpr (requires { g.value; })
        return g.value;
      else
        return *g.data();
    }()));
  else
    b.leaf_of(g.data(), axis_map::identity<R>(), g.sizes().data(), R, Context::outer);
  if constexpr (kept) b.leaf_of(y.data(), axis_map::identity<R>(), y.sizes().data(), R, Context::outer);
  static constexpr auto const& counts = row_counts_of<C, L::count + 1>;
  if constexpr (counts.count > 0) set_counts(table.number, counts.at, counts.count, f.n);
  engine::result out[static_cast<std::size_t>(C::results + 1)];
  if constexpr (C::last > 0) spare.buffer = nullptr;  // later passes read it
  static constexpr auto order = storing_order<C>();
  engine::program const* program = nullptr;
  if constexpr (C::results > 0) program = &engine::program_of<false, C, sinks>;
  bound_sweep s{program, f, table.at, C::leaves, table.number, targets, C::wanted, order.at, order.count, out, C::results, spare,
                Total ? total : nullptr, Context::q == 0, nullptr};
  if constexpr (Context::q > 0 && C::results > 0)
    if (!even) {
      using whole = whole_adjoint<L, seed, kept, Total, T, Context::outer>;
      static constexpr auto const& by_steps = uneven_steps_of<whole, L, engine::lanes_of<C, sinks>, Context::outer>;
      uneven_program const u{by_steps.at, whole::size, whole::code.result, by_steps.sink, rows, stretch_count<L>};
      s.spare.buffer = nullptr;
      s.uneven = &u;
      return run_sweep(s, t);
    }
  run_sweep(s, t);
}

template <bool Total, class E, class G, class Y>
void sweep_statement(tape& t, E const& e, G const& g, Y const& y, double* total) {
  spare_buffer spare;
  if constexpr (requires { g.items().buffer; })
    if (g.items().buffer.holders() == 1 && g.sizes() == e.sizes()) spare = {&g.items().buffer, dtype_of<element_t<G>>};
  using with = context_of<E>;
  bool even = true;
  if constexpr (with::q > 0) {
    frame f;
    set_domain<with>(f, e);
    // (A kernel has nothing to do where rows are empty. Where each has a value all the same, the steps are run one by one.)
    even = expr::rows_fit<with>(e, f.ext) && !(with::outer && f.n == 0);
  }
  sweep<Total, with>(t, e, g, y, spare, total, even);
}

// `y`: e's value, where the tape kept it.
template <class E, class G, class Y>
void run_back(tape& t, E const& e, G const& g, Y const& y) {
  sweep_statement<false>(t, e, g, y, nullptr);
}
// The sum of e's elements; the cotangent of each of them is `scale`.
template <class E>
double run_both(tape& t, E const& e, element_t<E> scale) {
  double total = 0;
  sweep_statement<true>(t, e, expr::constant<element_t<E>>(scale), not_kept{}, &total);
  return total;
}

template <class T, auto S>
void forget_leaf(weft::tracked<T, S, 1>& e) {
  if constexpr (!tensor<T, S>::stored_inline && to_shape(S).rank > 0) e.value.items().buffer = storage();
}
template <class E>
void forget_leaf(E&) {}

// A record keeps what the backward pass of e reads, and no other value. `Given`: e's own result is kept.
template <bool Given, class E>
void forget(E& e) {
  if constexpr (!facts_of<E>.reached) {
    return;
  } else if constexpr (runs_whole<E>) {
    using with = context_of<E>;
    using L = tokens_back<with, E>;
    using C = adjoint<L, number<element_t<E>>, Given, false, element_t<E>, with::outer>;
    frame f;
    set_domain<with>(f, e);
    engine::table<C> table;
    target targets[static_cast<std::size_t>(C::wanted + 1)];
    backward_binder<false> b{table.into(f), targets, reads_of<C>.leaf, reads_of<C>.number, true};
    bind_back<with>(e, b);
  } else if constexpr (expr::only_seen<E>) {
    if constexpr (kid_t<0, E>::arity > 0)
      forget<false>(e.a);
    else
      forget_leaf(e.a);
  }
}
}  // namespace autodiff
}  // namespace WEFT_ISA
}  // namespace weft

#ifndef WEFT_COMPILED
#include <weft/autodiff/sweep_once.hpp>
#endif
