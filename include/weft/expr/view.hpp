// Views: another way to index what is there, without a copy.
//
//   a(1, all)   a(range(0, 3, 2), range(1, 3))   a(newaxis, all, -1)   transpose(a)   a(all, 0) = x
//
// A `view` maps its own indices to those of its child, axis by axis: child index = start + step * own index. It may
// look at any expression; the loop walks the leaves below with changed strides. `place` is the view of a tensor that
// can be written to, as long as it has no name: a named view is a snapshot like any other expression.
//
// Public: all, range, newaxis, ellipsis, end, begin; transpose, swapaxes, moveaxis, expand_dims, broadcast_to.
#pragma once
#include <weft/expr/map.hpp>
#include <weft/expr/tensor.hpp>

#include <limits>

namespace weft {

inline constexpr index_t end = std::numeric_limits<index_t>::max();
inline constexpr index_t begin = std::numeric_limits<index_t>::min();

// Half open, as in NumPy: range(1, 5), range(0, end, 2), range(end, begin, -1).
struct range {
  index_t start, stop, step;
  constexpr range(index_t first, index_t last, index_t by = 1) : start(first), stop(last), step(by) {}

  struct resolved {
    index_t start, count;
    index_t step;  // 1 where fewer than two elements are taken, so that no product of it overflows
  };
  constexpr resolved over(index_t n) const {
    if (step == 0) fail<index_error>("range: the step is 0");
    auto place = [n](index_t i, index_t low, index_t high) {
      if (i == weft::end) return high;
      if (i == weft::begin) return low;
      index_t const k = i < 0 ? i + n : i;
      return k < low ? low : k > high ? high : k;
    };
    if (step > 0) {
      index_t const a = place(start, 0, n), b = place(stop, 0, n);
      return taking(a, b > a ? (b - a - 1) / step + 1 : 0);
    }
    index_t const a = place(start, -1, n - 1), b = place(stop, -1, n - 1);
    // The step's size as a number without a sign, which that of the smallest index_t needs.
    auto const by = 0 - static_cast<std::uint64_t>(step);
    return taking(a, a > b ? static_cast<index_t>(static_cast<std::uint64_t>(a - b - 1) / by) + 1 : 0);
  }

 private:
  constexpr resolved taking(index_t first, index_t count) const { return {first, count, count > 1 ? step : 1}; }
};
// The whole axis; as a function, whether every element is true: all(x > 0), all(x > 0, axis<1>).
struct all_t {
  using weft_all = void;
  template <expression A, class... Rest>
  constexpr auto operator()(A const& a, Rest const&... rest) const {
    return all_of(a, rest...);
  }
};
inline constexpr all_t all{};
struct newaxis_t {};
inline constexpr newaxis_t newaxis{};
struct ellipsis_t {};
inline constexpr ellipsis_t ellipsis{};

inline namespace WEFT_ISA {
namespace expr {

template <class A, weft::shape D>
struct view : described<view<A, D>, element_t<A>, D> {
  static constexpr weft::role role = weft::role::view;
  static constexpr int arity = 1;
  static constexpr unsigned drops = 0;
  A a;
  extents<D.rank> ext;
  axis_sources<A::dims.rank> from;
  WEFT_INLINE constexpr view(A const& x, extents<D.rank> const& e, axis_sources<A::dims.rank> const& f)
      : a(x), ext(e), from(f) {}
  WEFT_INLINE constexpr view(view const&) = default;
  WEFT_INLINE constexpr view(view&&) = default;
  void operator=(view const&) = delete;  // transpose(a) = transpose(b) would write to nothing
  WEFT_INLINE constexpr extents<D.rank> sizes() const { return ext; }
  template <class K>
  WEFT_INLINE constexpr auto remade(K&& k) const {
    return view<std::remove_cvref_t<K>, D>(static_cast<K&&>(k), ext, from);
  }
  // How the child lies, where this lies as `m` says.
  WEFT_INLINE void look(axis_map& to, axis_map const& m) const {
    look_through(to, m, ext.data(), D.rank, from.data(), A::dims.rank);
  }
  // Is it the child with its last two axes exchanged, and nothing else?
  WEFT_INLINE bool turns_last_axes() const {
    if constexpr (D.rank == A::dims.rank && D.rank >= 2) {
      constexpr int R = D.rank;
      auto const s = a.sizes();
      for (int c = 0; c < R; ++c) {
        int const own = c == R - 1 ? R - 2 : c == R - 2 ? R - 1 : c;
        axis_source const& f = from[static_cast<std::size_t>(c)];
        if (f.axis != own || f.step != 1 || f.start != 0 || ext[static_cast<std::size_t>(own)] != s[static_cast<std::size_t>(c)])
          return false;
      }
      return true;
    } else {
      return false;
    }
  }
  WEFT_INLINE bool looks_like(view const& o) const {
    if (ext != o.ext) return false;
    for (std::size_t c = 0; c < from.size(); ++c)
      if (from[c].axis != o.from[c].axis || from[c].start != o.from[c].start || from[c].step != o.from[c].step) return false;
    return true;
  }
};

// Axes of size 1 that are dropped; precondition: they have size 1.
template <unsigned Mask, weft::shape S>
constexpr weft::shape without() {
  weft::shape r;
  for (int i = 0; i < S.rank; ++i)
    if (!((Mask >> i) & 1)) r[r.rank++] = S[i];
  return r;
}
template <unsigned Mask, class A>
struct squeeze_node : described<squeeze_node<Mask, A>, element_t<A>, without<Mask, A::dims>()> {
  static constexpr weft::role role = weft::role::view;
  static constexpr int arity = 1;
  static constexpr unsigned drops = Mask;
  template <class K>
  static WEFT_INLINE constexpr auto remade(K&& k) {
    return squeeze_node<Mask, std::remove_cvref_t<K>>(static_cast<K&&>(k));
  }
  WEFT_INLINE static void look(axis_map& to, axis_map const& m) {
    look_through(to, m, without<Mask, A::dims>().rank, Mask, A::dims.rank);
  }
  WEFT_INLINE static bool looks_like(squeeze_node const&) { return true; }
  A a;
  WEFT_INLINE constexpr explicit squeeze_node(A x) : a(static_cast<A&&>(x)) {}
  WEFT_INLINE constexpr extents<without<Mask, A::dims>().rank> sizes() const {
    extents<without<Mask, A::dims>().rank> e{};
    [[maybe_unused]] auto const s = a.sizes();
    std::size_t n = 0;
    for (int i = 0; i < A::dims.rank; ++i)
      if (!((Mask >> i) & 1)) e[n++] = s[static_cast<std::size_t>(i)];
    return e;
  }
};

// The other way: axes that were dropped come back as sizes of 1. `ext`: those of what they were dropped from.
template <unsigned Mask, std::size_t R, class G>
WEFT_INLINE auto unsqueezed(std::array<index_t, R> const& ext, G const& g) {
  axis_sources<G::dims.rank> from{};
  auto own = ext;
  auto const s = g.sizes();
  std::size_t n = 0;
  for (std::size_t i = 0; i < R; ++i)
    if (!((Mask >> i) & 1)) {
      own[i] = s[n];
      from[n++] = {static_cast<int>(i), 0, 1};
    }
  return view<G, unknown(static_cast<int>(R))>(g, own, from);
}

// -- from an index list to a view ------------------------------------------------------------------------------

template <class I>
inline constexpr bool is_all = requires { typename I::weft_all; };
template <class I>
inline constexpr bool makes_axis = std::is_same_v<I, range> || std::is_same_v<I, newaxis_t> || is_all<I>;
template <class I>
concept index_argument = index_number<I> || makes_axis<I> || std::is_same_v<I, ellipsis_t>;

// -1: integer, 0: all, 1: range, 2: newaxis, 3: ellipsis
template <class I>
inline constexpr int index_kind = index_number<I>               ? -1
                                  : std::is_same_v<I, range>      ? 1
                                  : std::is_same_v<I, newaxis_t>  ? 2
                                  : std::is_same_v<I, ellipsis_t> ? 3
                                                                  : 0;

// How many axes the ellipsis (or the end of the list) stands for; negative: too many indices.
template <int R, class... I>
inline constexpr int rest_of = R - ((index_kind<I> <= 1 ? 1 : 0) + ... + 0);

template <weft::shape S, class... I>
constexpr weft::shape indexed_shape() {
  weft::shape r;
  int at = 0;
  constexpr int rest = rest_of<S.rank, I...>;
  bool dots = false;
  auto keep = [&](int n) {
    for (int i = 0; i < n; ++i) r[r.rank++] = S[at++];
  };
  auto one = [&](int k) {
    if (k == -1) ++at;
    if (k == 0) keep(1);
    if (k == 1) {
      r[r.rank++] = dim();
      ++at;
    }
    if (k == 2) r[r.rank++] = dim(1);
    if (k == 3) dots = true, keep(rest);
  };
  (one(index_kind<I>), ...);
  if (!dots) keep(rest);
  return r;
}

template <weft::shape S, class... I>
constexpr bool check_index() {
  static_assert((index_argument<I> && ...), "weft: an index is an integer, all, range(a, b), newaxis or ellipsis");
  static_assert(rest_of<S.rank, I...> >= 0, "weft: more indices than the tensor has axes");
  static_assert(((index_kind<I> == 3 ? 1 : 0) + ... + 0) <= 1, "weft: only one ellipsis can be given");
  return (index_argument<I> && ...) && rest_of<S.rank, I...> >= 0;
}

template <int R, int V, class... I>
constexpr void locate(extents<R> const& s, axis_sources<R>& from, extents<V>& ext, I const&... index) {
  std::size_t at = 0, own = 0;
  constexpr int rest = rest_of<R, I...>;
  bool dots = false;
  auto keep = [&](int n) {
    for (int i = 0; i < n; ++i, ++at, ++own) {
      from[at] = {static_cast<int>(own), 0, 1};
      ext[own] = s[at];
    }
  };
  auto one = [&](auto const& i) {
    using X = std::remove_cvref_t<decltype(i)>;
    constexpr int k = index_kind<X>;
    if constexpr (k == -1) {
      index_t const n = s[at], asked = static_cast<index_t>(i), j = asked < 0 ? asked + n : asked;
      if (j < 0 || j >= n)
        fail<index_error>("index " + std::to_string(asked) + " is outside axis " + std::to_string(at) + " of a tensor of shape " + to_text(s));
      from[at++] = {-1, j, 0};
    } else if constexpr (k == 0) {
      keep(1);
    } else if constexpr (k == 1) {
      auto const r = i.over(s[at]);
      from[at++] = {static_cast<int>(own), r.start, r.step};
      ext[own++] = r.count;
    } else if constexpr (k == 2) {
      ext[own++] = 1;
    } else {
      dots = true;
      keep(rest);
    }
  };
  (one(index), ...);
  if (!dots) keep(rest);
}

template <class A, class... I>
WEFT_INLINE constexpr auto make_view(A const& a, I const&... index) {
  if constexpr (check_index<A::dims, I...>()) {
    constexpr weft::shape D = indexed_shape<A::dims, I...>();
    extents<D.rank> ext{};
    axis_sources<A::dims.rank> from{};
    locate<A::dims.rank, D.rank>(a.sizes(), from, ext, index...);
    return view<A, D>(a, ext, from);
  } else {
    return poison{};
  }
}

template <class Tensor, weft::shape D>
struct place;

template <class Tensor, weft::shape D, class... I>
WEFT_INLINE constexpr auto narrowed(place<Tensor, D>& p, I const&... index) {
  if constexpr (check_index<D, I...>()) {
    constexpr weft::shape S = indexed_shape<D, I...>();
    extents<S.rank> ext{};
    axis_sources<D.rank> inner{};
    locate<D.rank, S.rank>(p.ext, inner, ext, index...);
    auto from = p.from;
    for (auto& s : from) {
      if (s.axis < 0) continue;
      axis_source const i = inner[static_cast<std::size_t>(s.axis)];
      s = {i.axis, s.start + s.step * i.start, i.axis < 0 ? 0 : s.step * i.step};
    }
    place<Tensor, S> inner_place(view<Tensor, S>(p.a, ext, from), p.target);
    if constexpr (requires { p.a.items().buffer; }) p.a.items().buffer = storage();  // one handle is enough
    return inner_place;
  } else {
    return poison{};
  }
}

// The writable view of a tensor. It keeps a handle (so that a named one is a snapshot) and the tensor's address,
// which is used only while the view is unnamed.
template <class Tensor, weft::shape D>
struct place : view<Tensor, D> {
  Tensor* target;
  WEFT_INLINE constexpr place(view<Tensor, D> const& v, Tensor* t) : view<Tensor, D>(v), target(t) {}
  WEFT_INLINE constexpr place(place const&) = default;
  WEFT_INLINE constexpr view<Tensor, D> const& as_view() const { return *this; }

  // a(1)(range(0, 2)) = x: a place in a place, as long as it has no name.
  template <class... I>
    requires(D.rank > 0 && sizeof...(I) > 0)
  WEFT_INLINE constexpr auto operator()(I const&... index) && {
    return narrowed(*this, index...);
  }
  template <class... I>
    requires(D.rank > 0 && sizeof...(I) > 0)
  WEFT_INLINE constexpr auto operator()(I const&... index) const& {
    return view_of(as_view(), index...);
  }

  template <expression X>
  WEFT_INLINE constexpr void operator=(X&& x) && {
    assign_place(*this, x, owner_of<X>);
  }
  template <scalar X>
  WEFT_INLINE constexpr void operator=(X const& x) && {
    assign_place(*this, x, owner::statement);
  }
  WEFT_INLINE constexpr void operator=(place const& x) && { assign_place(*this, x.as_view(), owner::variable); }
  template <operand X>
  WEFT_INLINE constexpr void operator+=(X&& x) && {
    assign_place(*this, as_view() + static_cast<X&&>(x), owner::statement);
  }
  template <operand X>
  WEFT_INLINE constexpr void operator-=(X&& x) && {
    assign_place(*this, as_view() - static_cast<X&&>(x), owner::statement);
  }
  template <operand X>
  WEFT_INLINE constexpr void operator*=(X&& x) && {
    assign_place(*this, as_view() * static_cast<X&&>(x), owner::statement);
  }
  template <operand X>
  WEFT_INLINE constexpr void operator/=(X&& x) && {
    assign_place(*this, as_view() / static_cast<X&&>(x), owner::statement);
  }
  // A named view is a snapshot that cannot be assigned to: write a(1, all) = x.
  template <operand X>
  void operator=(X const&) & = delete;
  void operator=(place const&) & = delete;
};

}  // namespace expr

template <expression A, class... I>
WEFT_INLINE constexpr auto view_of(A const& a, I const&... index) {
  return expr::make_view(stored(a), index...);
}
template <class T, auto S, class... I>
WEFT_INLINE constexpr auto place_in(tensor<T, S>& a, I const&... index) {
  if constexpr (!tensor<T, S>::stored_inline) a.items().check_there();
  auto v = expr::make_view(std::as_const(a), index...);
  if constexpr (poisoned<decltype(v)>)
    return v;
  else
    return expr::place<tensor<T, S>, decltype(v)::dims>(v, &a);
}

// -- axes in another order -------------------------------------------------------------------------------------

namespace expr {
// Own axis i is the child's axis order[i].
template <class A, std::size_t R>
WEFT_INLINE constexpr auto permuted(A const& a, std::array<int, R> const& order) {
  constexpr weft::shape D = unknown(static_cast<int>(R));
  auto const s = a.sizes();
  extents<static_cast<int>(R)> ext{};
  axis_sources<static_cast<int>(R)> from{};
  for (std::size_t i = 0; i < R; ++i) {
    auto const c = static_cast<std::size_t>(order[i]);
    ext[i] = s[c];
    from[c] = {static_cast<int>(i), 0, 1};
  }
  return view<A, D>(a, ext, from);
}
template <class A>
WEFT_INLINE auto move_axis_last(A const& x, int axis) {
  decltype(auto) a = stored(x);
  std::array<int, static_cast<std::size_t>(rank_of<A>)> order{};
  std::size_t n = 0;
  for (int i = 0; i < rank_of<A>; ++i)
    if (i != axis) order[n++] = i;
  order[n] = axis;
  return permuted(a, order);
}
template <class A>
WEFT_INLINE auto move_last_axis_to(A const& a, int axis) {
  std::array<int, static_cast<std::size_t>(rank_of<A>)> order{};
  int n = 0;
  for (int i = 0; i < rank_of<A>; ++i) order[static_cast<std::size_t>(i)] = i == axis ? rank_of<A> - 1 : n++;
  return permuted(a, order);
}

template <weft::shape S, std::size_t R>
constexpr weft::shape permuted_shape(std::array<int, R> const& order) {
  weft::shape r = S;
  for (std::size_t i = 0; i < R; ++i) r[static_cast<int>(i)] = S[order[i]];
  return r;
}
// The same with the order known to the compiler: names and static sizes stay.
template <auto Order, class A>
WEFT_INLINE constexpr auto permuted_by(A const& x) {
  decltype(auto) a = stored(x);
  using E = std::remove_cvref_t<decltype(a)>;
  auto const v = permuted(a, Order);
  return view<E, permuted_shape<E::dims>(Order)>(v.a, v.ext, v.from);
}
template <int R>
constexpr auto reversed_order() {
  std::array<int, static_cast<std::size_t>(R)> o{};
  for (int i = 0; i < R; ++i) o[static_cast<std::size_t>(i)] = R - 1 - i;
  return o;
}
template <int R>
constexpr auto swapped_order(index_t a, index_t b) {
  std::array<int, static_cast<std::size_t>(R)> o{};
  for (int i = 0; i < R; ++i) o[static_cast<std::size_t>(i)] = i;
  auto const p = static_cast<std::size_t>((a + R) % R), q = static_cast<std::size_t>((b + R) % R);
  o[p] = static_cast<int>(q);
  o[q] = static_cast<int>(p);
  return o;
}
template <int R>
constexpr auto moved_order(index_t from, index_t to) {
  std::array<int, static_cast<std::size_t>(R)> o{};
  int const f = static_cast<int>((from + R) % R), t = static_cast<int>((to + R) % R);
  for (int i = 0, next = 0; i < R; ++i) {
    if (i == t) {
      o[static_cast<std::size_t>(i)] = f;
    } else {
      if (next == f) ++next;
      o[static_cast<std::size_t>(i)] = next++;
    }
  }
  return o;
}
}  // namespace expr

// All axes in reverse order.
template <expression A>
WEFT_INLINE constexpr auto transpose(A const& a) {
  if constexpr (poisoned<A>)
    return poison{};
  else if constexpr (rank_of<A> < 2)
    return stored(a);
  else
    return expr::permuted_by<expr::reversed_order<rank_of<A>>()>(a);
}
template <index_t P, index_t Q, expression A>
WEFT_INLINE constexpr auto swapaxes(A const& a) {
  static_assert(P >= -rank_of<A> && P < rank_of<A> && Q >= -rank_of<A> && Q < rank_of<A>,
                "weft: swapaxes: an axis is outside the tensor's rank");
  return expr::permuted_by<expr::swapped_order<rank_of<A>>(P, Q)>(a);
}
template <expression A>
WEFT_INLINE auto swapaxes(A const& a, index_t p, index_t q) {
  constexpr int R = rank_of<A>;
  return expr::permuted(stored(a),
                        expr::swapped_order<R>(checked_axis("swapaxes", p, R), checked_axis("swapaxes", q, R)));
}
// One axis to another place; the others keep their order.
template <index_t From, index_t To, expression A>
WEFT_INLINE constexpr auto moveaxis(A const& a) {
  static_assert(From >= -rank_of<A> && From < rank_of<A> && To >= -rank_of<A> && To < rank_of<A>,
                "weft: moveaxis: an axis is outside the tensor's rank");
  return expr::permuted_by<expr::moved_order<rank_of<A>>(From, To)>(a);
}
template <expression A>
WEFT_INLINE auto moveaxis(A const& a, index_t from, index_t to) {
  constexpr int R = rank_of<A>;
  return expr::permuted(stored(a),
                        expr::moved_order<R>(checked_axis("moveaxis", from, R), checked_axis("moveaxis", to, R)));
}
// A new axis of size 1, at `at` of the result.
template <expression A>
WEFT_INLINE auto expand_dims(A const& x, index_t at) {
  decltype(auto) a = stored(x);
  using E = std::remove_cvref_t<decltype(a)>;
  constexpr int R = rank_of<A> + 1;
  int const axis = checked_axis("expand_dims", at, R);
  extents<R> ext{};
  expr::axis_sources<R - 1> from{};
  auto const s = a.sizes();
  for (int i = 0, c = 0; i < R; ++i) {
    if (i == axis) {
      ext[static_cast<std::size_t>(i)] = 1;
    } else {
      ext[static_cast<std::size_t>(i)] = s[static_cast<std::size_t>(c)];
      from[static_cast<std::size_t>(c++)] = {i, 0, 1};
    }
  }
  return expr::view<E, unknown(R)>(a, ext, from);
}
template <std::size_t R, expression A>
WEFT_INLINE auto broadcast_to(A const& x, index_t const (&sizes)[R]) {
  decltype(auto) a = stored(x);
  using E = std::remove_cvref_t<decltype(a)>;
  constexpr int r = static_cast<int>(R);
  static_assert(rank_of<A> <= r, "weft: broadcast_to: fewer axes than the tensor has");
  extents<r> const ext = checked_sizes<r>("broadcast_to", sizes);
  expr::axis_sources<rank_of<A>> from{};
  auto const s = a.sizes();
  for (int i = 0; i < r; ++i) {
    auto const k = static_cast<std::size_t>(i);
    if (int const c = i - (r - rank_of<A>); c >= 0) {
      index_t const n = s[static_cast<std::size_t>(c)];
      if (n != sizes[k] && n != 1)
        fail_shapes("broadcast_to", s.data(), rank_of<A>, sizes, r, "do not broadcast");
      from[static_cast<std::size_t>(c)] = {n == 1 ? -1 : i, 0, n == 1 ? 0 : 1};
    }
  }
  return expr::view<E, unknown(r)>(a, ext, from);
}

}  // namespace WEFT_ISA
}  // namespace weft
