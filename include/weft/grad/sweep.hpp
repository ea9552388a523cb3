// One sweep over a statement: its values forward and the cotangents of all its leaves back, pack by pack.
//
//   run_back(t, e, v, g)           cotangents alone, of the cotangent `g` of e
//   run_both(t, e, v, scale)       the sum of e's elements as well: what a mean or a sum at the end of a function is
//
// `e` is a tree of maps and views over tracked leaves, reductions and products; `v` is the same tree one order below,
// whose leaves hold the values. The first sweep over the last statement of a function needs no cotangent from memory.
#pragma once
#include <weft/eval/assign.hpp>
#include <weft/eval/program.hpp>
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
auto weave(E const& e, V const& v, frame const& f, axis_map const& m);

template <int R, bool Need, class V>
auto weave_still(V const& v, frame const& f, axis_map const& m) {
  if constexpr (Need) {
    auto c = engine::bind<engine::context<R, 0, false>>(v, f, m, no_names{});
    return still<decltype(c)>{c};
  } else {
    return nothing{};
  }
}

// A child of an elementwise node: axes that are stretched stay at 0.
template <int R, bool Need, class E, class V, class A, class VA>
auto weave_child(E const& e, V const&, A const& a, VA const& va, frame const& f, axis_map const& m) {
  constexpr int P = E::dims.rank, C = A::dims.rank;
  if constexpr (C == 0)
    return weave<R, Need>(a, va, f, m);
  else
    return weave<R, Need>(a, va, f, engine::child_map<P, C>(m, e.sizes(), a.sizes()));
}

template <class E>
struct weaving {  // a leaf that is not tracked
  template <int R, bool Need, class V>
  static auto make(E const&, V const& v, frame const& f, axis_map const& m) {
    return weave_still<R, Need>(v, f, m);
  }
};
template <class T, auto S>
struct weaving<tracked<T, S, 1>> {
  template <int R, bool Need, class V>
  static auto make(tracked<T, S, 1> const& e, V const& v, frame const& f, axis_map const& m) {
    constexpr int Q = to_shape(S).rank;
    if constexpr (Q == 0) {
      if constexpr (Need) {
        using C = still<engine::constant<T>>;
        return number_leaf<T, C>{C{engine::constant<T>{v.items().items[0]}}, e.from};
      } else {
        return number_leaf<T, nothing>{nothing{}, e.from};
      }
    } else {
      auto c = weave_still<R, Need>(v, f, m);
      auto const ext = e.sizes();
      return leaf<T, Q, decltype(c)>{c, sink_of<T>(ext.data(), Q, f, m), e.from, ext};
    }
  }
};

template <int R, class E, class V>
auto weave_edge(E const& e, V const& v, frame const& f, axis_map const& m) {
  auto const ext = e.sizes();
  return edge<E, V>{v, e, sink_of<element_t<E>>(ext.data(), E::dims.rank, f, m), {}, ext};
}
template <class Op, unsigned Mask, class A>
struct weaving<reduce<Op, Mask, A>> {
  template <int R, bool Need, class V>
  static auto make(reduce<Op, Mask, A> const& e, V const& v, frame const& f, axis_map const& m) {
    return weave_edge<R>(e, weave_still<R, Need>(v, f, m), f, m);
  }
};
template <class A, class B>
struct weaving<contract<A, B>> {
  template <int R, bool Need, class V>
  static auto make(contract<A, B> const& e, V const& v, frame const& f, axis_map const& m) {
    return weave_edge<R>(e, weave_still<R, Need>(v, f, m), f, m);
  }
};
template <class A, weft::shape D>
struct weaving<view<A, D>> {
  template <int R, bool Need, class V>
  static auto make(view<A, D> const& e, V const& v, frame const& f, axis_map const& m) {
    axis_map r;
    for (int c = 0; c < A::dims.rank; ++c) {
      auto const& s = e.from[static_cast<std::size_t>(c)];
      bool const moves = s.axis >= 0;
      r.axis[c] = moves ? m.axis[s.axis] : -1;
      r.start[c] = s.start + (moves ? s.step * m.start[s.axis] : 0);
      r.step[c] = moves ? s.step * m.step[s.axis] : 0;
    }
    return weave<R, Need>(e.a, v.a, f, r);
  }
};
template <unsigned Mask, class A>
struct weaving<squeeze_node<Mask, A>> {
  template <int R, bool Need, class V>
  static auto make(squeeze_node<Mask, A> const& e, V const& v, frame const& f, axis_map const& m) {
    axis_map r;
    for (int c = 0, i = 0; c < A::dims.rank; ++c) {
      bool const dropped = (Mask >> c) & 1;
      r.axis[c] = dropped ? -1 : m.axis[i];
      r.start[c] = dropped ? 0 : m.start[i];
      r.step[c] = dropped ? 0 : m.step[i];
      if (!dropped) ++i;
    }
    return weave<R, Need>(e.a, v.a, f, r);
  }
};

// `Y`: computed, nothing, or the node that loads what the tape kept.
template <int R, class Op, class A, class Y, class V>
auto weave_operands(map<Op, A> const& e, V const& v, Y const& y, frame const& f, axis_map const& m) {
  constexpr bool all = std::is_same_v<Y, computed>;
  constexpr reading r = reads<map<Op, A>>::value;
  auto a = weave_child < R, all || r.a > (e, v, e.a, v.a, f, m);
  using kinds = types<element_t<map<Op, A>>, element_t<A>>;
  return back<Op, kinds, Y, decltype(a), nothing, nothing>{y, a, {}, {}};
}
template <int R, class Op, class A, class B, class Y, class V>
auto weave_operands(map<Op, A, B> const& e, V const& v, Y const& y, frame const& f, axis_map const& m) {
  constexpr bool all = std::is_same_v<Y, computed>;
  constexpr reading r = reads<map<Op, A, B>>::value;
  auto a = weave_child < R, all || r.a > (e, v, e.a, v.a, f, m);
  auto b = weave_child < R, all || r.b > (e, v, e.b, v.b, f, m);
  using kinds = types<element_t<map<Op, A, B>>, element_t<A>, element_t<B>>;
  return back<Op, kinds, Y, decltype(a), decltype(b), nothing>{y, a, b, {}};
}
template <int R, class Op, class A, class B, class C, class Y, class V>
auto weave_operands(map<Op, A, B, C> const& e, V const& v, Y const& y, frame const& f, axis_map const& m) {
  constexpr bool all = std::is_same_v<Y, computed>;
  constexpr reading r = reads<map<Op, A, B, C>>::value;
  auto a = weave_child < R, all || r.a > (e, v, e.a, v.a, f, m);
  auto b = weave_child < R, all || r.b > (e, v, e.b, v.b, f, m);
  auto c = weave_child < R, all || r.c > (e, v, e.c, v.c, f, m);
  using kinds = types<element_t<map<Op, A, B, C>>, element_t<A>, element_t<B>, element_t<C>>;
  return back<Op, kinds, Y, decltype(a), decltype(b), decltype(c)>{y, a, b, c};
}

template <class E>
inline constexpr bool is_map = false;
template <class Op, class A, class B, class C>
inline constexpr bool is_map<map<Op, A, B, C>> = true;

template <int R, bool Need, class E, class V>
auto weave(E const& e, V const& v, frame const& f, axis_map const& m) {
  if constexpr (!reaches<E>) {
    return weave_still<R, Need>(v, f, m);
  } else if constexpr (is_map<E>) {
    if constexpr (Need || reads<E>::value.y)
      return weave_operands<R>(e, v, computed{}, f, m);
    else
      return weave_operands<R>(e, v, nothing{}, f, m);
  } else {
    return weaving<E>::template make<R, Need>(e, v, f, m);
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

template <class M, class G>
struct handles {
  engine::leaf_handle leaf[M::leaves + G::leaves + 1];
  sink* out[M::sinks + 1];
  handles(M& m, G& g) {
    engine::leaf_handle* v = leaf;
    sink** s = out;
    m.collect(v, s);
    g.collect(v);
  }
  static constexpr int leaves = M::leaves + G::leaves, sinks = M::sinks;
};

template <bool Total, class M, class G>
[[gnu::noinline]] void sweep_part(M& m, G& g, frame const& f, part_of const& p, bool staged, double& total) {
  constexpr int N = engine::lanes_of_width<engine::larger(M::width, G::width)>;
  using T = typename G::type;
  using H = handles<M, G>;
  arena_scope scope;
  H const h(m, g);
  index_t columns_at_most = p.c1 - p.c0, rows_at_most = p.r1 - p.r0;
  tile_shape(staged, f, rows_at_most, columns_at_most);
  engine::prepare_leaves(h.leaf, H::leaves, f, scope, rows_at_most, columns_at_most);
  prepare_sinks(h.out, H::sinks, f, scope, rows_at_most, columns_at_most);

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
      engine::enter_leaves(h.leaf, H::leaves, f, t);
      enter_sinks(h.out, H::sinks, f, t);
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
      leave_sinks(h.out, H::sinks, f, t);
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

// Sets the row of the frame. Elements from which work is cut into tasks: never where cotangents meet in memory.
[[gnu::noinline]] inline tiling set_rows(sink* const* out, int sinks, engine::leaf_handle const* leaf, int leaves,
                                         frame& f) {
  int const a = row_axes(out, sinks, f), b = engine::row_axes(leaf, leaves, f), k = a < b ? a : b;
  f.set_row(f.rank - (k > 0 ? k : f.rank > 0 ? 1 : 0));
  counters().kernels += 1;
  return tiling_of(out, sinks, leaf, leaves, f);
}

// Cut into tasks by the shape alone.
template <bool Total, class M, class G>
double sweep(M& m, G& g, frame& f, tape& t, wiring::spare_buffer spare) {
  using H = handles<M, G>;
  wiring w{t, f, spare};
  m.connect(w);
  H const h(m, g);
  tiling const x = set_rows(h.out, H::sinks, h.leaf, H::leaves, f);
  double total = 0;
  index_t const elements = f.rows * f.n;
  if (elements == 0) return total;
  if (x.staged || !x.exclusive || elements <= engine::task_elements) {
    sweep_part<Total>(m, g, f, {0, f.rows, 0, f.n}, x.staged, total);
    return total;
  }
  bool const one = f.rows == 1;
  index_t const length = one ? f.n : f.rows;
  index_t const per = one ? engine::task_elements : (engine::task_elements + f.n - 1) / f.n;
  index_t const tasks = (length + per - 1) / per;
  auto const results = std::make_unique<sums<M>[]>(static_cast<std::size_t>(tasks));
  auto const run = [&](index_t i) {
    M own = m;
    G cotangent = g;
    index_t const from = i * per, to = from + per < length ? from + per : length;
    auto& result = results[static_cast<std::size_t>(i)];
    sweep_part<Total>(own, cotangent, f, {one ? 0 : from, one ? 1 : to, one ? from : 0, one ? to : f.n}, false,
                      result.total);
    double* numbers = result.numbers;
    own.give(numbers);
  };
  run_tasks(tasks, elements >= engine::threads_from,
            {[](void const* self, index_t i) { (*static_cast<decltype(run)*>(self))(i); }, &run});
  for (index_t i = 0; i < tasks; ++i) {
    auto const& result = results[static_cast<std::size_t>(i)];
    double const* numbers = result.numbers;
    total += result.total;
    m.take(numbers);
  }
  return total;
}

// -- a statement -------------------------------------------------------------------------------------------------

template <int R, class T>
auto bind_cotangent(expr::constant<T> const& g, extents<R> const&, frame const&) {
  return engine::constant<T>{g.value};
}
template <int R, class T, auto S>
auto bind_cotangent(tensor<T, S> const& g, extents<R> const& ext, frame const& f) {
  if constexpr (to_shape(S).rank == 0)
    return engine::constant<T>{g.items().items[0]};
  else
    return engine::bind<engine::context<R, 0, false>>(
        g, f, engine::child_map<R, R>(axis_map::identity<R>(), ext, g.sizes()), no_names{});
}

struct not_kept {};

// `g` has e's rank, and along each axis e's size or 1. `y`: e's value, where the tape kept it.
template <class E, class G, class Y>
[[gnu::noinline]] void run_back(tape& t, E const& e, G const& g, Y const& y) {
  constexpr int R = E::dims.rank;
  auto const v = stripped<1>(e);
  auto const ext = e.sizes();
  frame f;
  engine::set_extents<R>(f, ext);
  auto const m = axis_map::identity<R>();
  wiring::spare_buffer spare;
  if constexpr (requires { g.items().buffer; })
    if (g.items().buffer.holders() == 1 && g.sizes() == ext) spare = {&g.items().buffer, dtype_of<element_t<G>>};
  auto c = bind_cotangent<R>(g, ext, f);
  auto const go = [&](auto woven) {
    sweep<false>(woven, c, f, t, spare);
    woven.settle(t);
  };
  if constexpr (std::is_same_v<Y, not_kept> || !is_map<E>) {
    go(weave<R, false>(e, v, f, m));
  } else {
    auto kept = engine::bind<engine::context<R, 0, false>>(y, f, m, no_names{});
    go(weave_operands<R>(e, v, still<decltype(kept)>{kept}, f, m));
  }
}

// The sum of e's elements; the cotangent of each of them is `scale`.
template <class E>
[[gnu::noinline]] double run_both(tape& t, E const& e, element_t<E> scale) {
  constexpr int R = E::dims.rank;
  using T = element_t<E>;
  auto const v = stripped<1>(e);
  frame f;
  engine::set_extents<R>(f, e.sizes());
  engine::constant<T> c{scale};
  auto woven = weave<R, true>(e, v, f, axis_map::identity<R>());
  double const total = sweep<true>(woven, c, f, t, {});
  woven.settle(t);
  return total;
}

}  // namespace reverse
}  // namespace WEFT_ISA
}  // namespace weft
