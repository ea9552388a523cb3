// Elements in order along an axis.
//
//   sort(x, axis<-1>)   argsort(x, axis<-1>)   sort(x, 0)        sort(x): along the last axis
//
// Upwards, with NaN at the end. argsort gives the places (index_t) that the elements come from; equal ones keep their order.
// Along another axis than the last, the axes are exchanged before and after. The gradient of sort goes back to where each
// element came from.
#pragma once
#include <weft/expr/fold.hpp>
#include <weft/ops/moved.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace ops {

// Does a stand before b, whatever their places are?
template <class T>
WEFT_INLINE constexpr bool stands_before(T a, T b) {
  if constexpr (std::is_floating_point_v<T>)
    return a < b || (b != b && a == a);
  else
    return a < b;
}
// p (n)
template <class T>
void sort_row(T* p, index_t n);
// out (n): the places of x (n) in its order
template <class T>
void order_row(T const* x, index_t n, index_t* out);

// weft::compiled has these for each element type.
#define WEFT_SORTING_OF(keyword, T)                 \
  keyword template void sort_row<T>(T*, index_t);   \
  keyword template void order_row<T>(T const*, index_t, index_t*);
#ifdef WEFT_COMPILED
#define WEFT_EXTERN(T) WEFT_SORTING_OF(extern, T)
WEFT_EACH_ELEMENT(WEFT_EXTERN)
#undef WEFT_EXTERN
#endif

// `Places`: where the elements come from, and not they themselves.
template <bool Places, class A>
struct sorted;

template <bool Places, class A>
struct sort_run {
  using Node = sorted<Places, A>;
  using E = element_t<A>;
  using T = element_t<Node>;
  static constexpr int R = A::dims.rank;
  static constexpr index_t rows_at_a_time = 1;
  engine::bound_operand<E, R, A> a;
  extents<R> ext;
  explicit sort_run(Node const& n) : a(n.a, n.a.sizes()), ext(n.a.sizes()) {}
  template <class Survey>
  static void explain(Node const& n, Survey& s, std::string& what) {
    engine::bound_operand<E, R, A>::explain(n.a, n.a.sizes(), s);
    what = "rows in order";
  }
  bool reads(engine::byte_range w) const { return a.reads(w); }
  // out (count, ext[R - 1]), ld
  void rows(index_t const* position, index_t row, index_t count, T* out, index_t ld) const {
    index_t const n = ext[R - 1];
    if constexpr (Places) {
      arena_scope scope;
      E* const line = scope.take<E>(n);
      for (index_t r = 0; r < count; ++r) {
        a.copy(position, row + r, 0, 1, n, line, n);
        order_row(line, n, out + r * ld);
      }
    } else {
      a.copy(position, row, 0, count, n, out, ld);
      for (index_t r = 0; r < count; ++r) sort_row(out + r * ld, n);
    }
  }
  void run(gemm::batched_sink<T> const& c) const {
    engine::deliver_rows<T, R>(c, ext, [this](auto... part) { rows(part...); });
  }
};

// Along the last axis.
template <bool Places, class A>
struct sorted : described<sorted<Places, A>, std::conditional_t<Places, index_t, element_t<A>>, A::dims> {
  static constexpr weft::role role = weft::role::producer;
  static constexpr int arity = 1;
  static constexpr char const* name = Places ? "argsort" : "sort";
  using tiles = void;
  using rows = void;
  using production = sort_run<Places, A>;
  A a;
  WEFT_INLINE constexpr explicit sorted(A x) : a(static_cast<A&&>(x)) {}
  WEFT_INLINE constexpr auto sizes() const { return a.sizes(); }
  template <class X>
  static WEFT_INLINE constexpr auto remade(X&& x) {
    return sorted<Places, std::remove_cvref_t<X>>(static_cast<X&&>(x));
  }
  // An element gets what its place in the order got.
  template <int K, class G>
    requires(!Places)
  auto pull(G const& g) const {
    return moved_along<true>(g, eval(sorted<true, A>(a)));
  }
  // The element that as many stand before.
  template <class F>
  constexpr element_t<sorted> element_here(index_t const* at, F const& child_element) const {
    constexpr int last = A::dims.rank - 1;
    index_t i[max_rank + 1] = {}, j[max_rank + 1] = {};
    for (int d = 0; d < last; ++d) i[d] = j[d] = at[d];
    index_t const n = a.sizes()[static_cast<std::size_t>(last)];
    for (i[last] = 0; i[last] < n; ++i[last]) {
      auto const x = child_element(a, i);
      index_t before = 0;
      for (j[last] = 0; j[last] < n; ++j[last]) {
        auto const y = child_element(a, j);
        before += stands_before(y, x) || (!stands_before(x, y) && j[last] < i[last]);
      }
      if (before != at[last]) continue;
      if constexpr (Places)
        return i[last];
      else
        return x;
    }
    return {};
  }
};

template <bool Places, class A>
WEFT_INLINE constexpr auto sort_last(A const& a) {
  return sorted<Places, A>(a);
}
template <bool Places, index_t Axis, class X>
WEFT_INLINE constexpr auto sort_along(X const& x) {
  if constexpr (poisoned<X>) {
    return poison{};
  } else {
    constexpr int R = rank_of<X>;
    static_assert(Axis >= -R && Axis < R, "weft: sort, argsort: an axis is outside the tensor's rank");
    if constexpr (!(Axis >= -R && Axis < R)) {
      return poison{};
    } else if constexpr (Axis == -1 || Axis == R - 1) {
      return sort_last<Places>(stored(x));
    } else {
      auto const s = sort_last<Places>(expr::permuted_by<expr::moved_order<R>(Axis, -1)>(x));
      return expr::permuted_by<expr::moved_order<R>(-1, Axis)>(s);
    }
  }
}
template <bool Places, class X>
WEFT_INLINE auto sort_along(X const& x, index_t axis) {
  if constexpr (poisoned<X>) {
    return poison{};
  } else {
    static_assert(rank_of<X> > 0, "weft: sort, argsort: a tensor of no axis");
    int const k = checked_axis(Places ? "argsort" : "sort", axis, rank_of<X>);
    return expr::move_last_axis_to(sort_last<Places>(expr::move_axis_last(x, k)), k);
  }
}

}  // namespace ops

template <expression A, index_t Axis>
WEFT_INLINE constexpr auto sort(A const& x, axis_list<Axis>) {
  return ops::sort_along<false, Axis>(x);
}
template <expression A>
WEFT_INLINE auto sort(A const& x, index_t axis) {
  return ops::sort_along<false>(x, axis);
}
template <expression A>
WEFT_INLINE constexpr auto sort(A const& x) {
  return ops::sort_along<false, -1>(x);
}
template <expression A, index_t Axis>
WEFT_INLINE constexpr auto argsort(A const& x, axis_list<Axis>) {
  return ops::sort_along<true, Axis>(x);
}
template <expression A>
WEFT_INLINE auto argsort(A const& x, index_t axis) {
  return ops::sort_along<true>(x, axis);
}
template <expression A>
WEFT_INLINE constexpr auto argsort(A const& x) {
  return ops::sort_along<true, -1>(x);
}

}  // namespace WEFT_ISA
}  // namespace weft

#ifndef WEFT_COMPILED
#include <weft/ops/sort_once.hpp>
#endif
