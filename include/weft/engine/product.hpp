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
// A product with a vector stands alone: beside a matrix it is stretched, and no tile of the driver.
template <class E>
inline constexpr bool below = product_in<E>::whole && E::dims.rank == 2;
// `whole`: exactly one product, with the shape of the statement, and no reduction beside it.
template <class Op, class A>
struct product_in<map<Op, A>> {
  static constexpr int products = product_in<A>::products;
  static constexpr bool whole = below<A> && map<Op, A>::dims.rank == 2;
  WEFT_INLINE static auto const& find(map<Op, A> const& e) { return product_in<A>::find(e.a); }
};
template <class Op, class A, class B>
struct product_in<map<Op, A, B>> {
  static constexpr int products = product_in<A>::products + product_in<B>::products;
  static constexpr bool whole = products == 1 && (below<A> || below<B>) &&
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
  static constexpr bool whole = products == 1 && (below<A> || below<B> || below<C>) &&
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

// An operand as the driver sees it. Memory is described by its strides; everything else is bound here and computed
// block by block. Lives as long as the product runs.
template <class T, class E>
struct operand_source {
  using with = context<2, 0, true>;
  using cursor = bound<with, E>;
  frame f;
  table<cursor> leaves;
  cursor c;

  WEFT_INLINE explicit operand_source(E const& e) : f(frame_of(e)), c(bound_to(e)) {
    place_leaves(leaves.at, cursor::leaves, f);
  }
  operand_source(operand_source const&) = delete;

  WEFT_INLINE matrix_source<T> source() const {
    matrix_source<T> s;
    if constexpr (std::is_base_of_v<memory<T>, cursor>) {
      s.data = static_cast<T const*>(leaves.at[0].base);
      s.row_stride = leaves.at[0].stride[0];
      s.column_stride = leaves.at[0].stride[1];
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
  WEFT_INLINE cursor bound_to(E const& e) {
    binder b = leaves.into(f);
    return bind<with>(e, b, whole_domain<2>{}, no_names{});
  }
  // out (rows, columns), ld: the block of the operand that begins at (row, column)
  static void read(void const* self, index_t row, index_t column, index_t rows, index_t columns, T* out, index_t ld) {
    auto const& me = *static_cast<operand_source const*>(self);
    result piece;
    piece.base = out - row * ld - column;
    piece.type = &result_type_of<T>;
    piece.stride[0] = ld;
    piece.stride[1] = 1;
    run_part({program_of<false, false, cursor, one_result<T>>, me.f, me.leaves.at, cursor::leaves, &piece, 1, &me.c},
             {row, row + rows, column, column + columns, false});
  }
};

// The rest of the statement, on the blocks that the driver finishes.
template <class T, class Cursor>
struct epilogue {
  Cursor const& c;
  table<Cursor> const& leaves;
  index_t tile;  // which of the leaves is the driver's
  frame const& f;
  result const& out;
  template <class P>
  static void finish(void const* self, index_t row, index_t column, index_t rows, index_t columns, P* tile, index_t ld) {
    auto const& me = *static_cast<epilogue const*>(self);
    leaf own[Cursor::leaves];
    for (int i = 0; i < Cursor::leaves; ++i) own[i] = me.leaves.at[i];
    own[me.tile].base = tile - row * ld - column;
    own[me.tile].stride[0] = ld;
    run_part({program_of<false, false, Cursor, one_result<T>>, me.f, own, Cursor::leaves, &me.out, 1, &me.c},
             {row, row + rows, column, column + columns, false});
  }
};

template <class T, class E>
void execute_product(E const& e, room& where) {
  auto const& product = product_in<E>::find(e);
  using product_type = std::remove_cvref_t<decltype(product)>;
  using P = element_t<product_type>;
  constexpr int R = E::dims.rank;
  auto const inner = product.sizes();
  if constexpr (R == 2) {
    if (inner != e.sizes()) {  // the product is stretched: it is made first
      execute_rows<0, T>(e, where);
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

  result dense;  // the destination, were it dense
  dense.base = where.in_place;
  dense.type = &result_type_of<T>;
  dense.stride[0] = n;
  dense.stride[1] = 1;
  auto const free_of = [&](auto const& operand) {
    return where.in_place && !reads_from(operand.leaves.at, operand.leaves.count, operand.f,
                                         range_of(where.in_place, sizeof(T), where.strides ? where.strides : dense.stride, f));
  };
  if constexpr (std::is_same_v<E, product_type> || R != 2) {
    static_assert(std::is_same_v<T, P> || R == 2);
    bool const stay = !where.strides && free_of(a) && free_of(b) && std::is_same_v<T, P>;
    T* const out = static_cast<T*>(stay ? where.in_place : where.allocate(bytes_of("matmul", inner.data(), 2, sizeof(T))));
    matrix_sink<P> c;
    if constexpr (std::is_same_v<T, P>) {
      c.data = out;
      c.ld = n;
      gemm<P>(m, n, k, a.source(), b.source(), c);
    } else {
      memory<P> const tile{};
      table<memory<P>> leaves;
      set_tile_leaf<P>(leaves.at[0]);
      dense.base = out;
      epilogue<T, memory<P>> const end{tile, leaves, 0, f, dense};
      c.self = &end;
      c.finish = &epilogue<T, memory<P>>::template finish<P>;
      gemm<P>(m, n, k, a.source(), b.source(), c);
    }
  } else {
    using with = context<2, 0, true, false, true>;
    using cursor = bound<with, E>;
    table<cursor> leaves;
    binder into = leaves.into(f);
    cursor const bound_rest = bind<with>(e, into, whole_domain<2>{}, no_names{});
    place_leaves(leaves.at, cursor::leaves, f);
    result out;
    bool const operands_apart = free_of(a) && free_of(b);
    if (!operands_apart) where.in_place = nullptr;
    out.type = &result_type_of<T>;
    bool const apart = place_result(out, where, inner.data(), 2, leaves.at, cursor::leaves, f, true);
    matrix_sink<P> c;
    if constexpr (std::is_same_v<T, P>) {
      if (apart && out.stride[1] == 1 && n > 0) {  // the destination holds the tile until the epilogue
        c.data = static_cast<P*>(out.base);
        c.ld = out.stride[0];
      }
    }
    epilogue<T, cursor> const end{bound_rest, leaves, into.tile - leaves.at, f, out};
    c.self = &end;
    c.finish = &epilogue<T, cursor>::template finish<P>;
    gemm<P>(m, n, k, a.source(), b.source(), c);
  }
}

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft
