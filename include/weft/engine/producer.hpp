// Operations with a loop of their own inside a statement: what they read and where their results go.
//
//   relu(matmul(f(x), w) + b)
//     bound_operand  what lies in memory is described by its strides; a lazy operand is bound here and computed block by block
//                 when the producer asks for it, a row program by whole rows
//     epilogue    the rest of the tree is bound once, with the producer's result as a tile; it runs on each finished block
//                 while that is in cache
//     rows        or the producer is itself a source: the loop around it asks for some rows at a time
//
// A producer's node has `production`, made from the node, which holds its operands bound:
//   reads(range)                         does it read from this memory?
//   run(sink)                            all of it, into a gemm::batched_sink
//   rows(position, row, rows, out, ld)   some rows of the matrix at one position of the axes before (if Node has `rows`)
#pragma once
#include <weft/engine/execute.hpp>
#include <weft/gemm/batch.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace engine {

// The linear row of a frame whose last axis is the row. (What has one axis has one row.)
WEFT_INLINE index_t row_at(frame const& f, index_t const* position, index_t row) {
  if (f.rank < 2) return 0;
  index_t r = 0;
  for (int d = 0; d + 2 < f.rank; ++d) r = r * f.ext[d] + position[d];
  return r * f.ext[f.rank - 2] + row;
}

// An operand of a producer that works in T on matrices of R axes in all; `E` is aligned with them at the end. Lives as long
// as the producer runs.
template <class T, int R, class E>
struct bound_operand {
  static constexpr int q = E::dims.rank == R && expr::fused_axes<E> == 1 ? 1 : 0;
  using alone = context<R, 0, E::dims.rank == R>;
  using fused = context<R, q, E::dims.rank == R>;
  template <class With>
  using code_in = code_of<decltype(bind<With>(std::declval<E const&>(), std::declval<binder&>(),
                                              std::declval<axis_map const&>(), no_names{}))>;
  using code = code_in<alone>;

  // Bound in one of two ways: as a row program, if its reductions have its rows.
  template <class With>
  struct bound_in {
    using code = code_in<With>;
    table<code> t;
    void take(E const& e, frame const& domain) {
      binder b = t.into(domain);
      bind<With>(e, b, axis_map::identity<R>(), no_names{});
      place_leaves(t.at, code::leaves, domain);
    }
  };
  struct none {
    void take(E const&, frame const&) {}
  };

  frame f;
  bool by_rows = false;
  bool whole = false;  // something in it is computed a whole row at a time: to ask for a part of a row costs as much
  std::conditional_t<q == 1, bound_in<fused>, none> rows;
  bound_in<alone> blocks;
  index_t steps[max_rank] = {};

  // `ext`: the operand's own sizes, stretched over the axes before the last two.
  bound_operand(E const& e, extents<R> const& ext) {
    set_extents<R>(f, ext);
    f.set_row(R - 1);
    if constexpr (q == 1) {
      by_rows = same_extents(e.sizes(), ext) && rows_agree<fused>(e, ext.data());
      if (by_rows) {
        rows.take(e, f);
        whole = true;
        for (int d = 0; d + 2 < R; ++d) steps[d] = 1;
        return;
      }
    }
    blocks.take(e, f);
    if constexpr (code::kept > 0) whole = staging_of(blocks.t.at, code::leaves, f).whole_rows;
    for (int d = 0; d + 2 < R; ++d) steps[d] = in_memory() ? blocks.t.at[0].stride[d] : 1;
  }
  bound_operand(bound_operand const&) = delete;

  // What explain says of it; whether it lies in memory.
  template <class Survey>
  static bool explain(E const& e, extents<R> const& ext, Survey& s) {
    bool by_rows = false;
    frame f;
    set_extents<R>(f, ext);
    Survey own{s.x, f};
    if constexpr (q == 1) {
      by_rows = same_extents(e.sizes(), ext) && rows_agree<fused>(e, ext.data());
      if (by_rows) bind<fused>(e, own, axis_map::identity<R>(), no_names{});
    }
    if (!by_rows) bind<alone>(e, own, axis_map::identity<R>(), no_names{});
    return one_leaf && !by_rows;
  }

  // Memory whatever happens: a tensor, or a view of one.
  static constexpr bool always_in_memory = facts_of<E>.in_place && std::is_same_v<element_t<E>, T>;
  static constexpr bool one_leaf = code::size == 1 && code::leaves == 1 && std::is_same_v<element_t<E>, T>;
  bool in_memory() const {
    if constexpr (always_in_memory)
      return true;
    else if constexpr (one_leaf)
      return !by_rows && !blocks.t.at[0].computed();
    else
      return false;
  }
  bool reads(byte_range w) const {
    if constexpr (q == 1)
      if (by_rows) return reads_from(rows.t.at, decltype(rows)::code::leaves, f, w);
    return reads_from(blocks.t.at, code::leaves, f, w);
  }
  gemm::batched_source<T> source() const {
    gemm::batched_source<T> s;
    s.steps = steps;
    if (in_memory()) {
      s.data = static_cast<T const*>(blocks.t.at[0].base);
      if constexpr (R > 1) s.row_stride = blocks.t.at[0].stride[R - 2];
      s.column_stride = blocks.t.at[0].stride[R - 1];
    } else if constexpr (!always_in_memory) {
      s.self = this;
      s.read = &read;
      s.whole_rows = whole;
    }
    return s;
  }
  // out (count, columns), ld: rows [row, row + count) of the matrix at `position`, columns from `column` on
  void copy(index_t const* position, index_t row, index_t column, index_t count, index_t columns, T* out,
            index_t ld) const {
    if (whole && columns != f.n) {
      arena_scope scope;
      T* const lines = scope.take<T>(count * f.n);
      copy(position, row, 0, count, f.n, lines, f.n);
      return gather_rows(lines + column, f.n, 1, count, columns, out, ld);
    }
    if constexpr (one_leaf) {
      if (!by_rows) {
        leaf const& l = blocks.t.at[0];
        region const here{position, row, count, column, columns};
        if (!l.computed())
          return gather_rows(static_cast<T const*>(l.base) + row_offset(l, f, here) + column * l.stride[R - 1],
                             f.row > 0 ? l.stride[f.row - 1] : 0, l.stride[R - 1], count, columns, out, ld);
        if (ld == columns || count == 1) return l.type->stage(l, f, here, out);
      }
    }
    index_t const r = row_at(f, position, row);
    result piece;
    piece.type = &result_type_of<T>;
    for (int d = 0; d < R; ++d) piece.stride[d] = 0;
    piece.base = out - row * ld - column;
    if constexpr (R > 1) piece.stride[R - 2] = ld;
    piece.stride[R - 1] = 1;
    part_of const part{r, r + count, column, column + columns, false};
    if constexpr (q == 1)
      if (by_rows)
        return run_part({program_of<false, typename decltype(rows)::code, results<result_as<T>>>, f, rows.t.at, decltype(rows)::code::leaves, &piece, 1, rows.t.number, true}, part);
    run_part({program_of<false, code, results<result_as<T>>>, f, blocks.t.at, code::leaves, &piece, 1, blocks.t.number}, part);
  }

 private:
  static void read(void const* self, index_t const* position, index_t row, index_t column, index_t count,
                   index_t columns, T* out, index_t ld) {
    static_cast<bound_operand const*>(self)->copy(position, row, column, count, columns, out, ld);
  }
};

// An operand whose elements are wanted in dense memory: a tensor as it is, or else evaluated now.
template <class E>
struct dense_operand {
  using T = element_t<E>;
  static constexpr bool in_memory = requires(E const& e) { e.data(); };
  tensor<T, E::dims.rank> made;
  T const* at;
  index_t size;
  explicit dense_operand(E const& e) : size(e.size()) {
    if constexpr (in_memory)
      at = e.data();
    else
      at = std::as_const(made = evaluated<T, E::dims.rank>(e)).data();
  }
  bool reads(byte_range w) const {
    auto const low = reinterpret_cast<std::uintptr_t>(at);
    return w.meets({low, low + static_cast<std::uintptr_t>(size) * sizeof(T)});
  }
  template <class Survey>
  static void explain(E const& e, Survey& s) {
    if constexpr (!in_memory) s.part(e, axis_map::identity<E::dims.rank>(), no_names{}, false);
  }
};

// The rest of a statement, on the blocks that a producer finishes.
struct epilogue {
  program const& p;
  frame const& f;
  leaf const* leaves;
  int count;
  number_bits const* numbers;
  int tile;  // which of the leaves is the producer's
  result const& out;

  template <class P>
  static void finish(void const* self, index_t const* position, index_t row, index_t column, index_t rows,
                     index_t columns, P* tile, index_t ld) {
    auto const& me = *static_cast<epilogue const*>(self);
    arena_scope scope;
    leaf* const own = scope.take<leaf>(me.count);
    for (int i = 0; i < me.count; ++i) own[i] = me.leaves[i];
    own[me.tile].base = tile - row * ld - column;
    if (me.f.rank > 1) own[me.tile].stride[me.f.rank - 2] = ld;
    own[me.tile].stride[me.f.rank - 1] = 1;
    index_t const r = row_at(me.f, position, row);
    run_part({me.p, me.f, own, me.count, &me.out, 1, me.numbers}, {r, r + rows, column, column + columns, false});
  }
};

template <class T, class E>
void execute_producer(E const& e, room& where) {
  auto const& node = tile_in(e);
  using producer = std::remove_cvref_t<decltype(node)>;
  using P = element_t<producer>;
  constexpr int R = producer::dims.rank;
  typename producer::production const work(node);
  auto const ext = node.sizes();
  constexpr bool has_epilogue = E::dims.rank == R && !std::is_same_v<E, producer>;
  frame f;
  if constexpr (has_epilogue)
    set_extents<R>(f, e.sizes());
  else
    set_extents<R>(f, ext);
  f.set_row(R - 1);
  count_kernel([&] { return kernel_note{.what = producer::name, .type = dtype_of<T>, .ext = f.ext, .rank = f.rank}; });
  auto const apart_from = [&](void* base, index_t const* strides) {
    return base && !work.reads(range_of(base, sizeof(T), strides, f));
  };
  index_t dense[max_rank];
  dense_strides(ext.data(), R, dense);
  index_t steps[max_rank] = {};
  gemm::batched_sink<P> c;
  c.steps = steps;
  if constexpr (!has_epilogue) {  // nothing is around it, or an axis is dropped
    bool const stay = !where.strides && std::is_same_v<T, P> && apart_from(where.in_place, dense);
    void* const out = stay ? where.in_place : where.allocate(bytes_of(producer::name, ext.data(), R, sizeof(T)));
    for (int d = 0; d + 2 < R; ++d) steps[d] = dense[d];
    if constexpr (std::is_same_v<T, P>) {
      c.data = static_cast<T*>(out);
      c.ld = ext[R - 1];
      work.run(c);
    } else {  // converted on the way
      using code = code_of<tokens<memory<P>>>;
      leaf tile;
      set_tile_leaf<P>(tile);
      result to;
      to.base = out;
      to.type = &result_type_of<T>;
      for (int d = 0; d < R; ++d) to.stride[d] = dense[d];
      epilogue const end{program_of<false, code, results<result_as<T>>>, f, &tile, 1, nullptr, 0, to};
      c.self = &end;
      c.finish = &epilogue::template finish<P>;
      work.run(c);
    }
  } else {
    using with = context<R, 0, true, false, true>;
    using code = code_of<bound<with, E>>;
    table<code> t;
    binder b = t.into(f);
    bind<with>(e, b, whole_domain<R>{}, no_names{});
    program const& p = program_of<false, code, results<result_as<T>>>;
    if (!same_extents(ext, e.sizes())) [[unlikely]] {  // it is stretched by what is around it, and made first
      storage const made = storage::allocate(static_cast<std::size_t>(bytes_of(producer::name, ext.data(), R, sizeof(P))));
      c.data = static_cast<P*>(made.data());
      c.ld = ext[R - 1];
      for (int d = 0; d + 2 < R; ++d) steps[d] = dense[d];
      work.run(c);
      b.tile->base = c.data;
      b.tile->ext = ext.data();
      b.tile->rank = R;
      b.tile->last = R - 1;
      return run_rows_of(p, t.at, code::leaves, t.number, f, 0, result_type_of<T>, where);
    }
    place_leaves(t.at, code::leaves, f);
    result out;
    if (!apart_from(where.in_place, where.strides ? where.strides : dense)) where.in_place = nullptr;
    out.type = &result_type_of<T>;
    bool const apart = place_result(out, where, ext.data(), R, t.at, code::leaves, f, true);
    if constexpr (std::is_same_v<T, P>) {
      if (apart && out.stride[R - 1] == 1 && ext[R - 1] > 0) {  // the destination holds the tile until the epilogue
        c.data = static_cast<P*>(out.base);
        if constexpr (R > 1)
          c.ld = out.stride[R - 2];
        else
          c.ld = ext[0];
        for (int d = 0; d + 2 < R; ++d) steps[d] = out.stride[d];
      }
    }
    epilogue const end{p, f, t.at, code::leaves, t.number, int(b.tile - t.at), out};
    c.self = &end;
    c.finish = &epilogue::template finish<P>;
    work.run(c);
  }
}

// -- where a producer's rows go --------------------------------------------------------------------------------------

// Do several threads pay for a result of these sizes?
template <std::size_t R, class F>
void each_task(std::array<index_t, R> const& ext, index_t tasks, F const& f) {
  if (count(ext) >= threads_from && num_threads() > 1)
    parallel_for(tasks, f);
  else
    for (index_t i = 0; i < tasks; ++i) f(i);
}
// The indices of matrix number i along the axes before its own two, of which `without` is not counted.
template <std::size_t R>
void place_matrix(std::array<index_t, R> const& ext, index_t i, index_t* position, int without = -1) {
  for (int d = static_cast<int>(R) - 3; d >= 0; --d) {
    if (d == without) continue;
    position[d] = i % ext[static_cast<std::size_t>(d)];
    i /= ext[static_cast<std::size_t>(d)];
  }
}
template <int R, class T>
T* element_of(gemm::batched_sink<T> const& c, index_t const* position, index_t row, index_t column) {
  T* p = c.data + column;
  if constexpr (R > 1) p += row * c.ld;
  for (int d = 0; d + 2 < R; ++d) p += position[d] * c.steps[d];
  return p;
}
// f(position, row, count): all rows of all matrices, some at a time.
template <std::size_t R, class F>
void each_rows(std::array<index_t, R> const& ext, F const& f) {
  if (count(ext) == 0) return;
  index_t rows = 1;
  index_t const n = ext[R - 1];
  if constexpr (R > 1) rows = ext[R - 2];
  index_t const per = n < task_elements ? task_elements / n : 1, blocks = (rows + per - 1) / per;
  each_task(ext, count(ext) / (rows * n) * blocks, [&](index_t i) {
    index_t position[max_rank] = {};
    place_matrix(ext, i / blocks, position);
    index_t const row = i % blocks * per;
    f(position, row, row + per < rows ? per : rows - row);
  });
}

// Where a producer that has to have all of its result at once makes it, dense: in place if that is where it belongs, else in a
// buffer from which `finish` hands it on.
template <class T, int R>
struct whole_result {
  gemm::batched_sink<T> const& c;
  extents<R> const& ext;
  T* data;
  bool in_place;

  whole_result(gemm::batched_sink<T> const& sink, extents<R> const& e) : c(sink), ext(e) {
    dense_strides(ext.data(), R, dense);
    in_place = c.data != nullptr;
    if constexpr (R > 1) in_place = in_place && (c.ld == ext[R - 1] || ext[R - 2] == 1);
    for (int d = 0; d + 2 < R; ++d) in_place = in_place && (c.steps[d] == dense[d] || ext[static_cast<std::size_t>(d)] == 1);
    if (!in_place) room = storage::allocate(static_cast<std::size_t>(count(ext)) * sizeof(T));
    data = in_place ? c.data : static_cast<T*>(room.data());
  }
  void finish() const {
    if (in_place && !c.finish) return;
    index_t const columns = ext[R - 1];
    gemm::batched_sink<T> made;
    made.data = data;
    made.ld = columns;
    made.steps = dense;
    each_rows(ext, [&](index_t const* position, index_t row, index_t n) {
      T* const from = element_of<R>(made, position, row, 0);
      if (c.finish) return c.finish(c.self, position, row, 0, n, columns, from, columns);
      T* const to = element_of<R>(c, position, row, 0);
      for (index_t r = 0; r < n; ++r)
        std::memcpy(to + r * c.ld, from + r * columns, static_cast<std::size_t>(columns) * sizeof(T));
    });
  }

 private:
  index_t dense[max_rank];
  storage room;
};

// What a producer makes row by row, each whole: f(position, row, count, tile, ld) fills `count` rows of a matrix.
template <class T, int R, class F>
void deliver_rows(gemm::batched_sink<T> const& c, extents<R> const& ext, F const& f) {
  index_t const n = ext[R - 1], ld = R > 1 && c.data ? c.ld : n;
  each_rows(ext, [&](index_t const* position, index_t row, index_t some) {
    arena_scope scope;
    T* const tile = c.data ? element_of<R>(c, position, row, 0) : scope.take<T>(some * n);
    f(position, row, some, tile, ld);
    if (c.finish) c.finish(c.self, position, row, 0, some, n, tile, ld);
  });
}

// -- as a source -----------------------------------------------------------------------------------------------------

// Rows of a producer's result, computed where a tile of the loop around it wants them.
template <class Node>
struct computed_rows final : companion {
  using T = element_t<Node>;
  typename Node::production work;
  explicit computed_rows(Node const& n) : work(n) {
    if constexpr (requires { work.prepare_rows(); }) work.prepare_rows();
  }
  // out (t.rows, t.columns): whole rows
  static void stage(leaf const& l, frame const&, region const& t, void* out) {
    static_cast<computed_rows const*>(l.base)->work.rows(t.outer, t.first, t.rows, static_cast<T*>(out), t.columns);
  }
  static bool reads(leaf const& l, byte_range w) { return static_cast<computed_rows const*>(l.base)->work.reads(w); }
  static constexpr leaf_type type{sizeof(T), &stage, &reads, Node::production::rows_at_a_time};
};
// Tiles of a source, which has `production` too:
//   reads(range)                                         does it read from this memory?
//   copy(position, row, rows, column, columns, out, ld)   elements of the matrix at one position of the axes before the last
//                                                         two (what has one axis is one row)
//   whole_rows()                                         should it be asked for whole rows? (It may leave that out.)
template <class Node>
struct computed_tiles final : companion {
  using T = element_t<Node>;
  typename Node::production work;
  explicit computed_tiles(Node const& n) : work(n) {}
  // out (t.rows, t.columns)
  static void stage(leaf const& l, frame const& f, region const& t, void* out) {
    static_cast<computed_tiles const*>(l.base)->work.copy(t.outer, f.row > 0 ? t.first : 0, t.rows, t.from, t.columns,
                                                          static_cast<T*>(out), t.columns);
  }
  static bool reads(leaf const& l, byte_range w) { return static_cast<computed_tiles const*>(l.base)->work.reads(w); }
  static constexpr leaf_type type{sizeof(T), &stage, &reads};
  static constexpr leaf_type type_of_rows{sizeof(T), &stage, &reads, 1};
};

template <class Companion>
void add_companion(binder& b, Companion* c) {
  b.companions->add(c);
  leaf& l = *b.next++;
  l.base = c;
  l.type = &Companion::type;
  l.ext = nullptr;
  l.single = false;
  for (int d = 0; d < max_rank; ++d) l.stride[d] = 0;
  ++b.kept;
}
// Of equal sources one computes its tiles.
template <class Node>
bool binder::add_twin(Node const& n) {
  for (int i = 0; i < parts_count; ++i)
    if (parts[i].type == &type_mark<Node> && parts[i].source >= 0 &&
        same_expression(n, *static_cast<Node const*>(parts[i].node))) {
      *next = first[parts[i].source];
      next->twin = parts[i].source;
      ++next;
      ++kept;
      return true;
    }
  parts[parts_count++] = {&type_mark<Node>, &n, nullptr, static_cast<int>(next - first)};
  return false;
}
template <class Node>
void binder::rows(Node const& n) {
  if (add_twin(n)) return;
  auto const e = n.sizes();
  count_kernel([&] { return kernel_note{.what = Node::name, .type = dtype_of<element_t<Node>>, .ext = e.data(), .rank = Node::dims.rank}; });
  add_companion(*this, new computed_rows<Node>(n));
}
template <class Node>
void binder::tiles(Node const& n) {
  if (add_twin(n)) return;
  auto* const source = new computed_tiles<Node>(n);
  add_companion(*this, source);
  if constexpr (requires { source->work.whole_rows(); })
    if (source->work.whole_rows()) next[-1].type = &computed_tiles<Node>::type_of_rows;
}

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft
