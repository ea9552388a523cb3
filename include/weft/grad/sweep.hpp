// One sweep over a statement: its values forward and the cotangents of all its leaves back, pack by pack.
//
//   run_back(t, e, v, g)           cotangents alone, of the cotangent `g` of e
//   run_both(t, e, v, scale)       the sum of e's elements as well: what a mean or a sum at the end of a function is
//
// `e` is a tree of maps and views over tracked leaves, reductions and products; `v` is the same tree one order below,
// whose leaves hold the values. The first sweep over the last statement of a function needs no cotangent from memory.
#pragma once
#include <weft/engine/assign.hpp>
#include <weft/engine/kernel.hpp>
#include <weft/grad/mirror.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace reverse {

// The gradient of a slot, stored in the record that made it.
template <class T, int R, int N>
struct made : record {
  at_order<T, R, N - 1> gradient{};
  bool has = false;
};

// -- weaving -----------------------------------------------------------------------------------------------------

template <int R, bool Need, class E, class V>
auto weave(E const& e, V const& v, binder& into, axis_map const& m);

template <int R, bool Need, class V>
auto weave_still(V const& v, binder& into, axis_map const& m) {
  if constexpr (Need) {
    using with = engine::context<R, 0, false>;
    return still<decltype(engine::bind<with>(v, into, m, no_names{}))>{engine::bind<with>(v, into, m, no_names{})};
  } else {
    return nothing{};
  }
}

template <class E>
struct weaving {  // a leaf that is not tracked
  template <int R, bool Need, class V>
  static auto make(E const&, V const& v, binder& into, axis_map const& m) {
    return weave_still<R, Need>(v, into, m);
  }
};
template <class T, auto S>
struct weaving<tracked<T, S, 1>> {
  template <int R, bool Need, class V>
  static auto make(tracked<T, S, 1> const& e, V const& v, binder& into, axis_map const& m) {
    constexpr int Q = to_shape(S).rank;
    if constexpr (Q == 0) {
      if constexpr (Need) {
        using C = still<engine::constant<T>>;
        return number_leaf<T, C>{C{engine::constant<T>{v.items().items[0]}}, e.from};
      } else {
        return number_leaf<T, nothing>{nothing{}, e.from};
      }
    } else {
      auto c = weave_still<R, Need>(v, into, m);
      auto const ext = e.sizes();
      return leaf<T, Q, decltype(c)>{c, sink_of<T>(ext.data(), Q, into.f, m), e.from, ext};
    }
  }
};

template <int R, class E, class V>
auto weave_edge(E const& e, V const& v, binder& into, axis_map const& m) {
  auto const ext = e.sizes();
  return edge<E, V>{v, e, sink_of<element_t<E>>(ext.data(), E::dims.rank, into.f, m), {}, ext};
}
template <class Op, unsigned Mask, class A>
struct weaving<reduce<Op, Mask, A>> {
  template <int R, bool Need, class V>
  static auto make(reduce<Op, Mask, A> const& e, V const& v, binder& into, axis_map const& m) {
    return weave_edge<R>(e, weave_still<R, Need>(v, into, m), into, m);
  }
};
template <class A, class B>
struct weaving<contract<A, B>> {
  template <int R, bool Need, class V>
  static auto make(contract<A, B> const& e, V const& v, binder& into, axis_map const& m) {
    return weave_edge<R>(e, weave_still<R, Need>(v, into, m), into, m);
  }
};
template <class A, weft::shape D>
struct weaving<view<A, D>> {
  template <int R, bool Need, class V>
  static auto make(view<A, D> const& e, V const& v, binder& into, axis_map const& m) {
    axis_map r;
    engine::look_through(r, m, e.ext.data(), D.rank, e.from.data(), A::dims.rank);
    return weave<R, Need>(e.a, v.a, into, r);
  }
};
template <unsigned Mask, class A>
struct weaving<squeeze_node<Mask, A>> {
  template <int R, bool Need, class V>
  static auto make(squeeze_node<Mask, A> const& e, V const& v, binder& into, axis_map const& m) {
    axis_map r;
    engine::look_through(r, m, squeeze_node<Mask, A>::dims.rank, Mask, A::dims.rank);
    return weave<R, Need>(e.a, v.a, into, r);
  }
};

// `Y`: computed, nothing, or the node that loads what the tape kept.
template <int R, class Op, class A, class Y, class V>
auto weave_operands(map<Op, A> const& e, V const& v, Y const& y, binder& into, axis_map const& m) {
  constexpr bool all = std::is_same_v<Y, computed>;
  constexpr reading r = reads<map<Op, A>>::value;
  auto a = weave < R, all || r.a > (e.a, v.a, into, m);
  using kinds = types<element_t<map<Op, A>>, element_t<A>>;
  return back<Op, kinds, Y, decltype(a), nothing, nothing>{y, a, {}, {}};
}
template <int R, class Op, class A, class B, class Y, class V>
auto weave_operands(map<Op, A, B> const& e, V const& v, Y const& y, binder& into, axis_map const& m) {
  constexpr bool all = std::is_same_v<Y, computed>;
  constexpr reading r = reads<map<Op, A, B>>::value;
  auto a = weave < R, all || r.a > (e.a, v.a, into, m);
  auto b = weave < R, all || r.b > (e.b, v.b, into, m);
  using kinds = types<element_t<map<Op, A, B>>, element_t<A>, element_t<B>>;
  return back<Op, kinds, Y, decltype(a), decltype(b), nothing>{y, a, b, {}};
}
template <int R, class Op, class A, class B, class C, class Y, class V>
auto weave_operands(map<Op, A, B, C> const& e, V const& v, Y const& y, binder& into, axis_map const& m) {
  constexpr bool all = std::is_same_v<Y, computed>;
  constexpr reading r = reads<map<Op, A, B, C>>::value;
  auto a = weave < R, all || r.a > (e.a, v.a, into, m);
  auto b = weave < R, all || r.b > (e.b, v.b, into, m);
  auto c = weave < R, all || r.c > (e.c, v.c, into, m);
  using kinds = types<element_t<map<Op, A, B, C>>, element_t<A>, element_t<B>, element_t<C>>;
  return back<Op, kinds, Y, decltype(a), decltype(b), decltype(c)>{y, a, b, c};
}

template <class E>
inline constexpr bool is_map = false;
template <class Op, class A, class B, class C>
inline constexpr bool is_map<map<Op, A, B, C>> = true;

template <int R, bool Need, class E, class V>
auto weave(E const& e, V const& v, binder& into, axis_map const& m) {
  if constexpr (!reaches<E>) {
    return weave_still<R, Need>(v, into, m);
  } else if constexpr (is_map<E>) {
    if constexpr (Need || reads<E>::value.y)
      return weave_operands<R>(e, v, computed{}, into, m);
    else
      return weave_operands<R>(e, v, nothing{}, into, m);
  } else {
    return weaving<E>::template make<R, Need>(e, v, into, m);
  }
}

// -- the loop ----------------------------------------------------------------------------------------------------

// What part of a frame to sweep.
struct part_of {
  index_t r0, r1, c0, c1;
};

// Rows and columns of a tile.
[[gnu::noinline]] inline void tile_shape(bool staged, frame const& f, index_t& rows, index_t& columns) {
  if (columns > engine::block) columns = engine::block;
  if (staged) {
    if (columns > 64 && f.rank - f.row == 1) columns = 64;
    rows = columns > 0 ? 4096 / columns : 1;
    rows = rows < 1 ? 1 : rows > 64 ? 64 : rows;
  } else if (rows > 512) {
    rows = 512;  // cotangents that meet in one row are added up tile by tile
  }
}

// The cotangent and the mirror, as far as the table of leaves is concerned: in this order.
template <class M, class G>
struct swept {
  static constexpr int leaves = G::leaves + M::leaves, kept = G::kept + M::kept;
};
template <class M>
struct sinks_of {
  static constexpr int count = M::sinks;
  sink* at[static_cast<std::size_t>(count) + 1];
  explicit sinks_of(M& m) {
    sink** s = at;
    m.collect(s);
    *s = nullptr;
  }
};

template <bool Total, class M, class G>
[[gnu::noinline]] void sweep_part(M& m, G& g, engine::leaf const* leaves, frame const& f, part_of const& p, bool staged,
                                  double& total) {
  constexpr int N = engine::lanes_of_width<engine::larger(M::width, G::width)>;
  using T = typename G::type;
  arena_scope scope;
  sinks_of<M> const out(m);
  index_t columns_at_most = p.c1 - p.c0, rows_at_most = p.r1 - p.r0;
  tile_shape(staged, f, rows_at_most, columns_at_most);
  engine::walk in(leaves, swept<M, G>::leaves, f, scope, rows_at_most, columns_at_most);
  prepare_sinks(out.at, out.count, f, scope, rows_at_most, columns_at_most);

  index_t const inner = f.row > 0 ? f.ext[f.row - 1] : 1;
  index_t outer[max_rank] = {};
  index_t left = p.r0 / inner;
  for (int d = f.row - 2; d >= 0; --d) {
    outer[d] = left % f.ext[d];
    left /= f.ext[d];
  }
  for (index_t row = p.r0; row < p.r1;) {
    index_t const at = row % inner;
    index_t rows = inner - at < p.r1 - row ? inner - at : p.r1 - row;
    if (rows > rows_at_most) rows = rows_at_most;
    for (index_t from = p.c0; from < p.c1; from += columns_at_most) {
      index_t const n = columns_at_most < p.c1 - from ? columns_at_most : p.c1 - from;
      region const t{outer, at, rows, from, n};
      spot const* spots = in.enter(t);
      g.enter(spots);
      m.enter(spots);
      enter_sinks(out.at, out.count, f, t);
      for (index_t r = 0; r < rows; ++r) {
        auto line = m.template line<N>(r);
        auto const gl = g.template line<0, N>(r, no_names{});
        using state = typename decltype(line)::state;
        pack<T, N> sum(T(0));
        index_t i = 0;
        for (; i + N <= n; i += N) {
          state s;
          line.forward(s, i, full{});
          if constexpr (Total) sum = sum + as<T>(s.y);
          line.reverse(s, held<T, pack<T, N>>(gl.load(i, full{}, no_cells{})), i, full{});
        }
        if (i < n) {
          first const part{static_cast<int>(n - i)};
          state s;
          line.forward(s, i, part);
          if constexpr (Total) sum = expr::fold::first_lanes(sum + as<T>(s.y), sum, part.n);
          line.reverse(s, held<T, pack<T, N>>(gl.load(i, part, no_cells{})), i, part);
        }
        if constexpr (Total) total += static_cast<double>(simd::reduce_add(sum));
        line.finish(m);
      }
      leave_sinks(out.at, out.count, f, t);
    }
    row += rows;
    if (at + rows == inner) {
      for (int d = f.row - 2; d >= 0; --d) {
        if (++outer[d] < f.ext[d]) break;
        outer[d] = 0;
      }
    }
  }
}

// One type of task for every sweep.
struct task_call {
  void (*call)(void const* self, index_t i);
  void const* self;
  void operator()(index_t i) const { call(self, i); }
};
[[gnu::noinline]] inline void run_tasks(index_t tasks, bool threads, task_call const& task) {
  if (threads && num_threads() > 1)
    parallel_for(tasks, task);
  else
    for (index_t i = 0; i < tasks; ++i) task(i);
}

// What a task of a sweep added up.
template <class M>
struct sums {
  double total = 0;
  double numbers[M::numbers + 1] = {};
};

// Sets the row of the frame; whether some rows are staged.
[[gnu::noinline]] inline bool set_rows(sink* const* out, int sinks, engine::leaf const* leaf, int leaves, frame& f) {
  int const a = row_axes(out, sinks, f), b = engine::row_axes(leaf, leaves, f), k = a < b ? a : b;
  f.set_row(f.rank - (k > 0 ? k : f.rank > 0 ? 1 : 0));
  counters().kernels += 1;
  return staged(out, sinks, leaf, leaves, f);
}

// Cut into tasks by the shape alone, and never where cotangents meet in memory.
template <bool Total, class M, class G>
double sweep(M& m, G& g, engine::leaf const* leaves, frame& f, tape& t, wiring::spare_buffer spare) {
  wiring w{t, f, spare};
  m.connect(w);
  sinks_of<M> const out(m);
  bool const through_scratch = set_rows(out.at, out.count, leaves, swept<M, G>::leaves, f);
  double total = 0;
  index_t const elements = f.rows * f.n;
  if (elements == 0) return total;
  if (through_scratch || elements <= engine::task_elements || !exclusive(out.at, out.count, f)) {
    sweep_part<Total>(m, g, leaves, f, {0, f.rows, 0, f.n}, through_scratch, total);
    return total;
  }
  bool const one = f.rows == 1;
  index_t const length = one ? f.n : f.rows;
  index_t const per = one ? engine::task_elements : (engine::task_elements + f.n - 1) / f.n;
  index_t const tasks = (length + per - 1) / per;
  arena_scope scope;
  auto* const results = scope.take<sums<M>>(tasks);
  for (index_t i = 0; i < tasks; ++i) results[i] = {};
  auto const run = [&](index_t i) {
    M own = m;
    G cotangent = g;
    index_t const from = i * per, to = from + per < length ? from + per : length;
    auto& result = results[i];
    sweep_part<Total>(own, cotangent, leaves, f, {one ? 0 : from, one ? 1 : to, one ? from : 0, one ? to : f.n},
                      false, result.total);
    double* numbers = result.numbers;
    own.give(numbers);
  };
  run_tasks(tasks, elements >= engine::threads_from,
            {[](void const* self, index_t i) { (*static_cast<decltype(run)*>(self))(i); }, &run});
  for (index_t i = 0; i < tasks; ++i) {
    auto const& result = results[i];
    double const* numbers = result.numbers;
    total += result.total;
    m.take(numbers);
  }
  return total;
}

// -- a statement -------------------------------------------------------------------------------------------------

// `g` has the rank of the statement, and along each axis its size or 1.
template <int R, class G>
auto bind_cotangent(G const& g, binder& into, axis_map const& m) {
  return engine::bind<engine::context<R, 0, false>>(g, into, m, no_names{});
}

struct not_kept {};

// The sweep over what `weave_all` makes, given a binder.
template <bool Total, int R, class E, class G, class Weave>
double sweep_statement(tape& t, E const& e, G const& g, wiring::spare_buffer spare, Weave const& weave_all) {
  frame f;
  engine::set_extents<R>(f, e.sizes());
  auto const m = axis_map::identity<R>();
  using cotangent = decltype(bind_cotangent<R>(g, std::declval<binder&>(), m));
  using mirror = decltype(weave_all(std::declval<binder&>(), m));
  engine::table<swept<mirror, cotangent>> leaves;
  binder into = leaves.into(f);
  cotangent c = bind_cotangent<R>(g, into, m);
  mirror woven = weave_all(into, m);
  double const total = sweep<Total>(woven, c, leaves.at, f, t, spare);
  woven.settle(t);
  return total;
}

// `y`: e's value, where the tape kept it.
template <class E, class G, class Y>
[[gnu::noinline]] void run_back(tape& t, E const& e, G const& g, Y const& y) {
  constexpr int R = E::dims.rank;
  auto const v = stripped<1>(e);
  wiring::spare_buffer spare;
  if constexpr (requires { g.items().buffer; })
    if (g.items().buffer.holders() == 1 && g.sizes() == e.sizes()) spare = {&g.items().buffer, dtype_of<element_t<G>>};
  if constexpr (std::is_same_v<Y, not_kept> || !is_map<E>) {
    sweep_statement<false, R>(t, e, g, spare,
                              [&](binder& into, axis_map const& m) { return weave<R, false>(e, v, into, m); });
  } else {
    sweep_statement<false, R>(t, e, g, spare, [&](binder& into, axis_map const& m) {
      auto const kept = engine::bind<engine::context<R, 0, false>>(y, into, m, no_names{});
      return weave_operands<R>(e, v, still<std::remove_const_t<decltype(kept)>>{kept}, into, m);
    });
  }
}

// The sum of e's elements; the cotangent of each of them is `scale`.
template <class E>
[[gnu::noinline]] double run_both(tape& t, E const& e, element_t<E> scale) {
  constexpr int R = E::dims.rank;
  auto const v = stripped<1>(e);
  return sweep_statement<true, R>(t, e, expr::constant<element_t<E>>(scale), {}, [&](binder& into, axis_map const& m) {
    return weave<R, true>(e, v, into, m);
  });
}

}  // namespace reverse
}  // namespace WEFT_ISA
}  // namespace weft
