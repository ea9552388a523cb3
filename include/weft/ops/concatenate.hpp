// Tensors joined along an axis.
//
//   concatenate(axis<0>, x, y * 2)      x (n, ...), y (m, ...): (n + m, ...)
//   concatenate(1, x, y, x)             an axis known at run time
//
// Any number of operands, of any kind: each is read, or computed, where the result is used. Their types are promoted. All other
// sizes are the same: nothing broadcasts.
#pragma once
#include <weft/engine/producer.hpp>
#include <weft/expr/fold.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace ops {

// Members with a number: what a node of any number of operands is made of.
template <int I, class K>
struct member {
  K kid;
};
template <class Indices, class... K>
struct members;
template <int... I, class... K>
struct members<std::integer_sequence<int, I...>, K...> : member<I, K>... {};
template <class... K>
using members_of = members<std::make_integer_sequence<int, int(sizeof...(K))>, K...>;
template <int I, class K>
WEFT_INLINE constexpr K const& member_at(member<I, K> const& m) {
  return m.kid;
}

template <weft::shape D, class... K>
struct concatenation;

// One operand of them, without its type: elements [from, to) of the axis.
template <class T>
struct joined_piece {
  index_t from, to;
  gemm::batched_source<T> source;

  // out (rows, columns), ld. `rank`: of the matrices' batch.
  void copy(int rank, index_t const* position, index_t row, index_t rows, index_t column, index_t columns, T* out, index_t ld) const {
    if (rows == 0 || columns == 0) return;
    if (source.read) return source.read(source.self, position, row, column, rows, columns, out, ld);
    T const* p = source.data + row * source.row_stride + column * source.column_stride;
    for (int d = 0; d < rank; ++d) p += position[d] * source.steps[d];
    engine::gather_rows(p, source.row_stride, source.column_stride, rows, columns, out, ld);
  }
};
// Those pieces that meet [from, to): f(piece, first, last), places of the axis.
template <class T, class F>
WEFT_INLINE void each_piece(joined_piece<T> const* p, int count, index_t from, index_t to, F const& f) {
  for (int i = 0; i < count; ++i) {
    index_t const first = from > p[i].from ? from : p[i].from, last = to < p[i].to ? to : p[i].to;
    if (first < last) f(p[i], first, last);
  }
}
template <class T>
[[gnu::noinline]] void copy_joined(joined_piece<T> const* p, int count, int rank, int axis, index_t const* position, index_t row,
                                   index_t rows, index_t column, index_t columns, T* out, index_t ld) {
  if (axis == rank - 1) {
    each_piece(p, count, column, column + columns, [&](auto const& piece, index_t first, index_t last) {
      piece.copy(rank - 2, position, row, rows, first - piece.from, last - first, out + (first - column), ld);
    });
  } else if (axis == rank - 2) {
    each_piece(p, count, row, row + rows, [&](auto const& piece, index_t first, index_t last) {
      piece.copy(rank - 2, position, first - piece.from, last - first, column, columns, out + (first - row) * ld, ld);
    });
  } else {
    index_t own[max_rank];
    for (int d = 0; d + 2 < rank; ++d) own[d] = position[d];
    each_piece(p, count, position[axis], position[axis] + 1, [&](auto const& piece, index_t first, index_t) {
      own[axis] = first - piece.from;
      piece.copy(rank - 2, own, row, rows, column, columns, out, ld);
    });
  }
}

template <int I, class Operand>
struct bound_member {
  Operand operand;
  template <class Node>
  explicit bound_member(Node const& n) : operand(expr::kid<I>(n), expr::kid<I>(n).sizes()) {}
};
template <class T, int R, class Indices, class... K>
struct bound_members;
template <class T, int R, int... I, class... K>
struct bound_members<T, R, std::integer_sequence<int, I...>, K...> : bound_member<I, engine::bound_operand<T, R, K>>... {
  joined_piece<T> pieces[sizeof...(K)];
  template <class Node>
  explicit bound_members(Node const& n) : bound_member<I, engine::bound_operand<T, R, K>>(n)... {
    index_t next = 0;
    auto const axis = static_cast<std::size_t>(n.axis);
    auto const add = [&](joined_piece<T>& p, auto const& k, gemm::batched_source<T> const& s) {
      p.from = next;
      p.to = next += k.sizes()[axis];
      p.source = s;
    };
    (add(pieces[I], expr::kid<I>(n), bound_member<I, engine::bound_operand<T, R, K>>::operand.source()), ...);
  }
  bool reads(engine::byte_range w) const { return (bound_member<I, engine::bound_operand<T, R, K>>::operand.reads(w) || ...); }
  bool whole_rows() const { return (bound_member<I, engine::bound_operand<T, R, K>>::operand.whole || ...); }
};

template <class Node>
struct concatenate_run;
template <weft::shape D, class... K>
struct concatenate_run<concatenation<D, K...>>
    : bound_members<element_t<concatenation<D, K...>>, D.rank, expr::kid_indices<concatenation<D, K...>>, K...> {
  using Node = concatenation<D, K...>;
  using T = element_t<Node>;
  static constexpr int R = D.rank;
  int axis;
  explicit concatenate_run(Node const& n) : bound_members<element_t<Node>, R, expr::kid_indices<Node>, K...>(n), axis(n.axis) {}
  template <class Survey>
  static void explain(Node const& n, Survey& s, std::string& what) {
    what = "joined";
    [&]<int... I>(std::integer_sequence<int, I...>) {
      (engine::bound_operand<T, R, K>::explain(expr::kid<I>(n), expr::kid<I>(n).sizes(), s), ...);
    }(expr::kid_indices<Node>{});
  }
  void copy(index_t const* position, index_t row, index_t rows, index_t column, index_t columns, T* out, index_t ld) const {
    copy_joined(this->pieces, Node::arity, R, axis, position, row, rows, column, columns, out, ld);
  }
};

template <weft::shape D, class... K>
struct concatenation : described<concatenation<D, K...>, expr::promoting::compute<element_t<K>...>, D>, members_of<K...> {
  using T = expr::promoting::compute<element_t<K>...>;
  static constexpr weft::role role = weft::role::source;
  static constexpr int arity = int(sizeof...(K));
  static constexpr char const* name = "concatenate";
  static constexpr int handles = (expr::handles_of<K>() + ...);
  using production = concatenate_run<concatenation>;
  extents<D.rank> ext;
  int axis;
  template <class... X>
  WEFT_INLINE constexpr concatenation(extents<D.rank> const& e, int along, X&&... x)
      : members_of<K...>{{static_cast<X&&>(x)}...}, ext(e), axis(along) {}
  WEFT_INLINE constexpr extents<D.rank> sizes() const { return ext; }
  template <int I>
  WEFT_INLINE constexpr auto const& child() const {
    return member_at<I>(*this);
  }
  template <class... X>
  WEFT_INLINE constexpr auto remade(X&&... x) const {
    return concatenation<D, std::remove_cvref_t<X>...>(ext, axis, static_cast<X&&>(x)...);
  }
  WEFT_INLINE bool looks_like(concatenation const& o) const { return axis == o.axis; }

  // An operand gets its part of the cotangent g.
  template <int I, class G>
  auto pull(G const& g) const {
    expr::axis_sources<D.rank> from{};
    for (int d = 0; d < D.rank; ++d) from[static_cast<std::size_t>(d)] = {d, 0, 1};
    from[static_cast<std::size_t>(axis)].start = start_of(I);
    return expr::view<G, unknown(D.rank)>(g, child<I>().sizes(), from);
  }
  template <class F>
  constexpr T element_here(index_t const* at, F const& child_element) const {
    T result{};
    index_t own[max_rank + 1] = {}, start = 0;
    for (int d = 0; d < D.rank; ++d) own[d] = at[d];
    auto const look = [&](auto const& k) {
      index_t const n = k.sizes()[static_cast<std::size_t>(axis)];
      own[axis] = at[axis] - start;
      if (own[axis] >= 0 && own[axis] < n) result = static_cast<T>(child_element(k, own));
      start += n;
    };
    each_kid(look);
    return result;
  }

 private:
  template <class F>
  constexpr void each_kid(F const& f) const {
    [&]<int... I>(std::integer_sequence<int, I...>) { (f(child<I>()), ...); }(expr::kid_indices<concatenation>{});
  }
  constexpr index_t start_of(int i) const {
    index_t start = 0;
    int n = 0;
    each_kid([&](auto const& k) {
      if (n++ < i) start += k.sizes()[static_cast<std::size_t>(axis)];
    });
    return start;
  }
};

// -- shapes --------------------------------------------------------------------------------------------------------------

// Do a and b, of equal rank, agree but for the axis?
constexpr fit joins(weft::shape const& a, weft::shape const& b, int axis) {
  for (int i = 0; i < a.rank; ++i) {
    if (a[i].named() && b[i].named() && !a[i].same_name(b[i])) return fit::names;
    if (i != axis && a[i].known() && b[i].known() && a[i].extent != b[i].extent) return fit::sizes;
  }
  return fit::ok;
}
constexpr weft::shape joined_shape(weft::shape const& a, weft::shape const& b, int axis) {
  weft::shape r = unknown(a.rank);
  for (int i = 0; i < a.rank; ++i) {
    dim const& named = a[i].named() ? a[i] : b[i];
    if (i == axis)
      r[i] = named.resized(a[i].known() && b[i].known() ? a[i].extent + b[i].extent : dyn);
    else
      r[i] = named.resized(a[i].known() ? a[i].extent : b[i].extent);
  }
  return r;
}
template <int Axis, class First, class... More>
constexpr weft::shape shape_of_all() {
  weft::shape s = First::dims;
  ((s = joined_shape(s, More::dims, Axis)), ...);
  return s;
}
template <int Axis, class First, class... More>
constexpr fit fit_of_all() {
  [[maybe_unused]] weft::shape s = First::dims;
  fit f = fit::ok;
  ((f = f == fit::ok ? joins(s, More::dims, Axis) : f, s = f == fit::ok ? joined_shape(s, More::dims, Axis) : s), ...);
  return f;
}
template <fit, class...>
struct shapes_joined {
  static constexpr bool agree = false;
};

template <std::size_t R>
constexpr void join_sizes_along(std::array<index_t, R>& e, std::array<index_t, R> const& first, std::array<index_t, R> const& b,
                                int axis) {
  auto const along = static_cast<std::size_t>(axis);
  for (std::size_t k = 0; k < R; ++k)
    if (k != along && first[k] != b[k])
      fail_shapes("concatenate", first.data(), int(R), b.data(), int(R),
                  ("differ outside axis " + std::to_string(axis)).c_str());
  if (__builtin_add_overflow(e[along], b[along], &e[along])) fail<shape_error>("concatenate: too many elements");
}
template <weft::shape D, class First, class... More>
WEFT_INLINE constexpr auto concatenated(int axis, First const& first, More const&... more) {
  auto e = first.sizes();
  (join_sizes_along(e, first.sizes(), more.sizes(), axis), ...);
  if (!__builtin_is_constant_evaluated())
    (void)bytes_of("concatenate", e.data(), D.rank, sizeof(expr::promoting::compute<element_t<First>, element_t<More>...>));
  return concatenation<D, First, More...>(e, axis, first, more...);
}

}  // namespace ops

template <index_t Axis, expression First, expression... More>
WEFT_INLINE constexpr auto concatenate(axis_list<Axis>, First const& first, More const&... more) {
  if constexpr (poisoned<First, More...>) {
    return poison{};
  } else {
    constexpr int R = rank_of<First>;
    constexpr bool ranks = ((rank_of<More> == R) && ...), inside = Axis >= -R && Axis < R;
    static_assert(ranks, "weft: concatenate: the operands differ in rank");
    static_assert(inside, "weft: concatenate: an axis is outside the tensors' rank");
    if constexpr (ranks && inside) {
      constexpr int k = static_cast<int>(Axis < 0 ? Axis + R : Axis);
      constexpr fit f = ops::fit_of_all<k, stored_t<First>, stored_t<More>...>();
      static_assert(f != fit::names || ops::shapes_joined<f, First, More...>::agree,
                    "weft: concatenate: the operands have axes of different names in the same place");
      static_assert(f != fit::sizes || ops::shapes_joined<f, expr::sizes_of<First>, expr::sizes_of<More>...>::agree,
                    "weft: concatenate: the operands' sizes differ outside the axis (-1: known only at run time)");
      if constexpr (f == fit::ok)
        return ops::concatenated<ops::shape_of_all<k, stored_t<First>, stored_t<More>...>()>(k, stored(first), stored(more)...);
      else
        return poison{};
    } else {
      return poison{};
    }
  }
}
template <expression First, expression... More>
WEFT_INLINE auto concatenate(index_t axis, First const& first, More const&... more) {
  if constexpr (poisoned<First, More...>) {
    return poison{};
  } else {
    constexpr int R = rank_of<First>;
    constexpr bool ranks = ((rank_of<More> == R) && ...);
    static_assert(ranks, "weft: concatenate: the operands differ in rank");
    if constexpr (ranks)
      return ops::concatenated<unknown(R)>(checked_axis("concatenate", axis, R), stored(first), stored(more)...);
    else
      return poison{};
  }
}

}  // namespace WEFT_ISA
}  // namespace weft
