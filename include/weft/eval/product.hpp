// Matrix products inside a statement: what surrounds the product is handed to the driver (eval/gemm.hpp) through an
// erased boundary, a call a block.
//
//   relu(matmul(f(x), w) + b)
//     prologue: an operand in memory is packed by its strides; a lazy one is computed block by block while packing
//     epilogue: the rest of the tree is bound once, with the product as a tile; the driver calls it on each
//     finished block while that is in cache
#pragma once
#include <weft/eval/execute.hpp>
#include <weft/eval/gemm.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace engine {

// The one product of a tree of maps, if it has one.
template <class E>
struct product_in {
  static constexpr int products = 0;
  static constexpr bool whole = false;
};
template <class A, class B>
struct product_in<contract<A, B>> {
  static constexpr int products = 1;
  static constexpr bool whole = true;
  WEFT_INLINE static contract<A, B> const& find(contract<A, B> const& e) { return e; }
};
// `whole`: exactly one product, with the shape of the statement, and no reduction beside it.
template <class Op, class A>
struct product_in<map<Op, A>> {
  static constexpr int products = product_in<A>::products;
  static constexpr bool whole = product_in<A>::whole && map<Op, A>::dims.rank == 2;
  WEFT_INLINE static auto const& find(map<Op, A> const& e) { return product_in<A>::find(e.a); }
};
template <class Op, class A, class B>
struct product_in<map<Op, A, B>> {
  static constexpr int products = product_in<A>::products + product_in<B>::products;
  static constexpr bool whole = products == 1 && (product_in<A>::whole || product_in<B>::whole) &&
                                map<Op, A, B>::dims.rank == 2 && expr::fused_axes<map<Op, A, B>> == 0;
  WEFT_INLINE static auto const& find(map<Op, A, B> const& e) {
    if constexpr (product_in<A>::products)
      return product_in<A>::find(e.a);
    else
      return product_in<B>::find(e.b);
  }
};
template <class Op, class A, class B, class C>
struct product_in<map<Op, A, B, C>> {
  static constexpr int products = product_in<A>::products + product_in<B>::products + product_in<C>::products;
  static constexpr bool whole = products == 1 && (product_in<A>::whole || product_in<B>::whole || product_in<C>::whole) &&
                                map<Op, A, B, C>::dims.rank == 2 && expr::fused_axes<map<Op, A, B, C>> == 0;
  WEFT_INLINE static auto const& find(map<Op, A, B, C> const& e) {
    if constexpr (product_in<A>::products)
      return product_in<A>::find(e.a);
    else if constexpr (product_in<B>::products)
      return product_in<B>::find(e.b);
    else
      return product_in<C>::find(e.c);
  }
};
// A product with a vector: the same numbers, an axis less.
template <unsigned Mask, class A, class B>
struct product_in<squeeze_node<Mask, contract<A, B>>> {
  static constexpr int products = 1;
  static constexpr bool whole = true;
  WEFT_INLINE static contract<A, B> const& find(squeeze_node<Mask, contract<A, B>> const& e) { return e.a; }
};

// Only counted: the tile can't stand below a name.
template <class Id, class D, class B>
struct product_in<let_node<Id, D, B>> {
  static constexpr int products = product_in<D>::products + product_in<B>::products;
  static constexpr bool whole = false;
};

// The tile's address, wherever it stands in the bound tree.
template <class Cursor>
WEFT_INLINE void set_tile(Cursor&, void*, index_t, index_t, index_t) {}
template <class T>
WEFT_INLINE void set_tile(tile_memory<T>& c, void* tile, index_t row, index_t column, index_t ld) {
  c.base = static_cast<T*>(tile) - row * ld - column;
  c.stride[0] = ld;
}
template <class Op, class A>
WEFT_INLINE void set_tile(mapped<Op, A>& c, void* t, index_t row, index_t column, index_t ld) {
  set_tile(c.a, t, row, column, ld);
}
template <class Op, class A, class B>
WEFT_INLINE void set_tile(mapped<Op, A, B>& c, void* t, index_t row, index_t column, index_t ld) {
  set_tile(c.a, t, row, column, ld);
  set_tile(c.b, t, row, column, ld);
}
template <class Op, class A, class B, class C>
WEFT_INLINE void set_tile(mapped<Op, A, B, C>& c, void* t, index_t row, index_t column, index_t ld) {
  set_tile(c.a, t, row, column, ld);
  set_tile(c.b, t, row, column, ld);
  set_tile(c.c, t, row, column, ld);
}

// An operand as the driver sees it. Memory is described by its strides; everything else is bound here and computed
// block by block. Lives as long as the product runs.
template <class T, class E>
struct operand_source {
  frame f;
  decltype(bind<context<2, 0, true>>(std::declval<E const&>(), f, axis_map{}, no_names{})) cursor;

  WEFT_INLINE explicit operand_source(E const& e) : f(frame_of(e)), cursor(bind<context<2, 0, true>>(e, f, axis_map::identity<2>(), no_names{})) {}
  operand_source(operand_source const&) = delete;

  WEFT_INLINE matrix_source<T> source() const {
    matrix_source<T> s;
    if constexpr (std::is_base_of_v<memory<T>, decltype(cursor)>) {
      s.data = cursor.base;
      s.row_stride = cursor.stride[0];
      s.column_stride = cursor.stride[1];
    } else {
      s.self = this;
      s.read = &read;
    }
    return s;
  }

 private:
  WEFT_INLINE static frame frame_of(E const& e) {
    frame f;
    set_extents<2>(f, e.sizes());
    f.set_row(1);
    return f;
  }
  // out (rows, columns), ld: the block of the operand that begins at (row, column)
  static void read(void const* self, index_t row, index_t column, index_t rows, index_t columns, T* out, index_t ld) {
    auto const& me = *static_cast<operand_source const*>(self);
    auto own = me.cursor;
    target<T> piece;
    piece.base = out - row * ld - column;
    piece.stride[0] = ld;
    piece.stride[1] = 1;
    run_part<false>(own, piece, me.f, {row, row + rows, column, column + columns, false, false});
  }
};

template <class T>
WEFT_INLINE target<T> dense_target(T* out, index_t columns) {
  target<T> t;
  t.base = out;
  t.stride[0] = columns;
  t.stride[1] = 1;
  return t;
}

template <class T, class Cursor>
struct epilogue {
  Cursor cursor;
  frame const& f;
  target<T> out;
  template <class P>
  static void finish(void const* self, index_t row, index_t column, index_t rows, index_t columns, P* tile, index_t ld) {
    auto const& me = *static_cast<epilogue const*>(self);
    Cursor own = me.cursor;
    set_tile(own, tile, row, column, ld);
    target<T> to = me.out;
    run_part<false>(own, to, me.f, {row, row + rows, column, column + columns, false, false});
  }
};

template <class T, class E>
void execute_product(E const& e, room<T>& where) {
  auto const& product = product_in<E>::find(e);
  using product_type = std::remove_cvref_t<decltype(product)>;
  using P = element_t<product_type>;
  constexpr int R = E::dims.rank;
  auto const inner = product.sizes();
  if constexpr (R == 2) {
    if (inner != e.sizes()) {  // the product is stretched: it is made first
      execute_rows<0>(e, where);
      return;
    }
  }
  operand_source<P, std::remove_cvref_t<decltype(product.a)>> a(product.a);
  operand_source<P, std::remove_cvref_t<decltype(product.b)>> b(product.b);
  index_t const m = inner[0], n = inner[1], k = product.a.sizes()[1];
  frame f;
  set_extents<2>(f, inner);
  f.set_row(1);
  counters().kernels += 1;

  auto const free_of = [&](auto& c) {
    if (!where.in_place) return false;
    index_t strides[2] = {n, 1};
    leaf_handles<std::remove_cvref_t<decltype(c.cursor)>> const leaves(c.cursor);
    return !overlap_of(leaves.at, leaves.count, c.f, where.in_place, sizeof(T), strides).touches;
  };
  if constexpr (std::is_same_v<E, product_type> || R != 2) {
    static_assert(std::is_same_v<T, P> || R == 2);
    bool const stay = !where.strides && free_of(a) && free_of(b) && std::is_same_v<T, P>;
    T* const out = stay ? where.in_place : where.allocate(m * n);
    if constexpr (std::is_same_v<T, P>) {
      matrix_sink<P> c;
      c.data = out;
      c.ld = n;
      gemm<P>(m, n, k, a.source(), b.source(), c);
    } else {
      auto tile = tile_memory<P>{};
      tile.stride[1] = 1;
      epilogue<T, tile_memory<P>> end{tile, f, dense_target(out, n)};
      matrix_sink<P> c;
      c.self = &end;
      c.finish = &epilogue<T, tile_memory<P>>::template finish<P>;
      gemm<P>(m, n, k, a.source(), b.source(), c);
    }
  } else {
    auto cursor = bind<context<2, 0, true, false, true>>(e, f, axis_map::identity<2>(), no_names{});
    target<T> out;
    bool const operands_apart = free_of(a) && free_of(b);
    if (!operands_apart) where.in_place = nullptr;
    bool const apart = place_result<2>(out, where, inner, leaf_handles<decltype(cursor)>(cursor), f, true);
    matrix_sink<P> c;
    if constexpr (std::is_same_v<T, P>) {
      if (apart && out.stride[1] == 1 && n > 0) {  // the destination holds the tile until the epilogue
        c.data = out.base;
        c.ld = out.stride[0];
      }
    }
    epilogue<T, decltype(cursor)> end{cursor, f, out};
    c.self = &end;
    c.finish = &epilogue<T, decltype(cursor)>::template finish<P>;
    gemm<P>(m, n, k, a.source(), b.source(), c);
  }
}

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft
