// One statement, several results: weft::assign(m, e1, p, e2) evaluates both expressions in one sweep.
//
// All operands are read before any target is written. The expressions must have one shape to share a sweep (plain
// maps and row programs, or values per row such as a mean and a variance); otherwise each is evaluated by itself,
// into memory of its own, and the targets are written last.
#pragma once
#include <weft/eval/assign.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace engine {

template <class A, class B>
struct both_values {
  A a;
  B b;
};
template <class A, class B>
struct both_line {
  A a;
  B b;
  template <class P, class C>
  WEFT_INLINE auto load(index_t i, P part, C const& cells) const {
    auto const x = a.load(i, part, cells);
    auto const y = b.load(i, part, cells);
    return both_values<std::remove_const_t<decltype(x)>, std::remove_const_t<decltype(y)>>{x, y};
  }
};
template <class A, class B>
struct both_cursors {
  static constexpr int leaves = A::leaves + B::leaves;
  static constexpr int avail = larger(A::avail, B::avail);
  static constexpr int cost = A::cost + B::cost;
  static constexpr int width = larger(A::width, B::width);
  A a;
  B b;
  WEFT_INLINE int row_axes(frame const& f) const {
    int const x = a.row_axes(f), y = b.row_axes(f);
    return x < y ? x : y;
  }
  template <int Last>
  WEFT_INLINE void prepare(frame const& f, arena_scope& s, index_t r, index_t c) {
    a.template prepare<Last>(f, s, r, c);
    b.template prepare<Last>(f, s, r, c);
  }
  WEFT_INLINE bool any_staged(frame const& f) const { return a.any_staged(f) || b.any_staged(f); }
  WEFT_INLINE bool any_strided(frame const& f) const { return a.any_strided(f) || b.any_strided(f); }
  WEFT_INLINE void enter(frame const& f, region const& t) {
    a.enter(f, t);
    b.enter(f, t);
  }
  template <int Last>
  WEFT_INLINE void take_rows(arena_scope& s, index_t n) {
    a.template take_rows<Last>(s, n);
    b.template take_rows<Last>(s, n);
  }
  WEFT_INLINE void enter_flat(index_t from) {
    a.enter_flat(from);
    b.enter_flat(from);
  }
  WEFT_INLINE void collect(leaf_handle*& p) {
    a.collect(p);
    b.collect(p);
  }
  template <int P, int N, class E>
  WEFT_INLINE auto line(index_t r, E const& e) const {
    auto x = a.template line<P, N>(r, e);
    auto y = b.template line<P, N>(r, e);
    return both_line<decltype(x), decltype(y)>{x, y};
  }
  template <class F>
  WEFT_INLINE void each_leaf(F const& f) const {
    a.each_leaf(f);
    b.each_leaf(f);
  }
};
template <class A, class B>
struct work_in<both_cursors<A, B>> {
  template <int P, int N, int Last, class E>
  WEFT_INLINE static auto make(both_cursors<A, B>& c, index_t r, E const& e) {
    return join_work(work_of<P, N, Last>(c.a, r, e), work_of<P, N, Last>(c.b, r, e));
  }
};

template <class A, class B>
struct both_places {
  A a;
  B b;
  static constexpr std::nullptr_t p = nullptr;  // no row is offered as scratch
  template <bool Stream, class V, class W, class P>
  WEFT_INLINE void put(index_t i, both_values<V, W> v, P part) const {
    a.template put<Stream>(i, v.a, part);
    b.template put<Stream>(i, v.b, part);
  }
};
template <class A, class B>
struct both_targets {
  static constexpr int width = larger(A::width, B::width);
  A a;
  B b;
  WEFT_INLINE int dense_axes(frame const& f) const {
    int const x = a.dense_axes(f), y = b.dense_axes(f);
    return x < y ? x : y;
  }
  WEFT_INLINE bool dense_row(frame const& f) const { return a.dense_row(f) && b.dense_row(f); }
  WEFT_INLINE void prepare(frame const& f, arena_scope& s, index_t columns) {
    a.prepare(f, s, columns);
    b.prepare(f, s, columns);
  }
  WEFT_INLINE void enter(frame const& f, region const& t) {
    a.enter(f, t);
    b.enter(f, t);
  }
  WEFT_INLINE auto place(index_t r) const {
    auto x = a.place(r);
    auto y = b.place(r);
    return both_places<decltype(x), decltype(y)>{x, y};
  }
  WEFT_INLINE auto narrow_place(index_t r) const {
    auto x = a.narrow_place(r);
    auto y = b.narrow_place(r);
    return both_places<decltype(x), decltype(y)>{x, y};
  }
  WEFT_INLINE void done(frame const& f, region const& t, index_t r) const {
    a.done(f, t, r);
    b.done(f, t, r);
  }
  WEFT_INLINE bool streams(frame const& f) const { return a.streams(f) && b.streams(f); }
};

// Pairs of a tensor and what it becomes.
template <class... X>
struct pairs;
template <>
struct pairs<> {
  static constexpr bool last = true;
};
template <class Tensor, class E, class... Rest>
struct pairs<Tensor, E, Rest...> {
  Tensor& tensor;
  E const& value;
  pairs<Rest...> rest;
  using T = element_t<Tensor>;
  static constexpr int R = E::dims.rank;
  room<T> where{};

  static_assert(holds<T, element_t<E>>, "weft: this would narrow the tensor's elements or change their kind: use cast<T>");
  static_assert(assignable(Tensor::dims, E::dims), "weft: assign: the tensor and its value differ in rank or size");

  long holders(storage const& buffer) const {
    long n = holders_in(value, buffer);
    if constexpr (sizeof...(Rest) > 0) n += rest.holders(buffer);
    return n;
  }
  template <class Sizes>
  bool same_sizes(Sizes const& s) const {
    if constexpr (std::is_same_v<Sizes, extents<R>>) {
      if (value.sizes() != s) return false;
      if constexpr (sizeof...(Rest) > 0) return rest.same_sizes(s);
      return true;
    } else {
      return false;
    }
  }
  template <class Context>
  bool agree(index_t const* ext) const {
    if (!rows_agree<Context>(value, ext)) return false;
    if constexpr (sizeof...(Rest) > 0) return rest.template agree<Context>(ext);
    return true;
  }
  // The buffer may be written to: only the tensor itself and the statement hold it.
  template <class All>
  void open(All const& all) {
    if constexpr (Tensor::stored_inline) {
      where.in_place = tensor.items().items;
    } else {
      auto& items = tensor.items();
      if (items.buffer && items.ext == value.sizes() && items.buffer.holders() == 1 + all.holders(items.buffer)) {
        items.buffer.drop_derived();
        where.in_place = static_cast<T*>(items.buffer.data());
      }
    }
    if constexpr (sizeof...(Rest) > 0) rest.open(all);
  }
  template <class Context>
  auto bound(frame const& f) const {
    auto c = bind<Context>(value, f, axis_map::identity<R>(), no_names{});
    if constexpr (sizeof...(Rest) > 0) {
      auto more = rest.template bound<Context>(f);
      return both_cursors<decltype(c), decltype(more)>{c, more};
    } else {
      return c;
    }
  }
  template <class Leaves>
  auto targets(Leaves const& c, frame const& f, bool same_place) {
    target<T> out;
    place_result<R>(out, where, value.sizes(), c, f, same_place);
    if constexpr (sizeof...(Rest) > 0) {
      auto more = rest.targets(c, f, same_place);
      return both_targets<target<T>, decltype(more)>{out, more};
    } else {
      return out;
    }
  }
  void close() {
    if (where.used_fresh) {
      if constexpr (Tensor::stored_inline)
        std::memcpy(tensor.items().items, where.fresh.data(), sizeof(T) * static_cast<std::size_t>(tensor.size()));
      else
        tensor.items() = typename Tensor::items_t(static_cast<storage&&>(where.fresh), value.sizes());
    }
    if constexpr (sizeof...(Rest) > 0) rest.close();
  }
  void check() const {
    tensor.check_fit(value.sizes());
    if constexpr (sizeof...(Rest) > 0) rest.check();
  }
  // Each by itself; nothing is written before all are known.
  void one_by_one() {
    auto result = eval(value);
    if constexpr (sizeof...(Rest) > 0) rest.one_by_one();
    tensor = result;
  }
};

template <class A, class B>
constexpr bool same_kind() {
  constexpr auto x = expr::narrow<A>, y = expr::narrow<B>;
  if (A::dims.rank != B::dims.rank || product_in<A>::whole || product_in<B>::whole || root<A>::columns ||
      root<B>::columns)
    return false;
  if (x.q > 0 || y.q > 0) return x.q == y.q && x.domain == y.domain;
  int const p = expr::fused_axes<A>, q = expr::fused_axes<B>;
  return p == q || p == 0 || q == 0;
}
template <class... X>
struct kinds;
template <class First, class Tensor, class E, class... Rest>
struct kinds<First, Tensor, E, Rest...> {
  static constexpr bool same = same_kind<First, E>() && kinds<First, Rest...>::same;
  static constexpr int fused = expr::first_of(expr::fused_axes<E>, kinds<First, Rest...>::fused);
};
template <class First>
struct kinds<First> {
  static constexpr bool same = true;
  static constexpr int fused = 0;
};

template <class First, class Pairs, class... X>
void assign_pairs(Pairs& p) {
  p.check();
  auto const& e = p.value;
  if constexpr (kinds<First, X...>::same) {
    constexpr auto one = expr::narrow<First>;
    constexpr int R = First::dims.rank;
    frame f;
    if (p.same_sizes(e.sizes())) {
      if constexpr (one.q > 0) {
        using with = context<one.domain, one.q, true, true>;
        auto const ext = reduced<First>::sizes(e);
        if (narrow_agrees<with>(e, ext.data()) && p.template agree<with>(ext.data())) {
          set_extents<one.domain>(f, ext);
          f.set_row(one.domain - one.q);
          p.open(p);
          auto c = p.template bound<with>(f);
          auto out = p.targets(leaf_handles<decltype(c)>(c), f, false);
          run<true, false>(c, out, f, false);
          p.close();
          return;
        }
      } else {
        constexpr int q = kinds<First, X...>::fused;
        auto const ext = e.sizes();
        if (p.template agree<context<R, q, true>>(ext.data())) {
          set_extents<R>(f, ext);
          f.set_row(R - q);
          p.open(p);
          auto c = p.template bound<context<R, q, true>>(f);
          auto out = p.targets(leaf_handles<decltype(c)>(c), f, true);
          if constexpr (q == 0 && R > 0) {
            leaf_handles<decltype(c)> const leaves(c);
            int const a = row_axes(leaves.at, leaves.count, f), b = out.dense_axes(f), k = a < b ? a : b;
            f.set_row(R - (k > 0 ? k : 1));
          }
          run<false, false>(c, out, f, false);
          p.close();
          return;
        }
      }
    }
  }
  p.one_by_one();
}

template <class T, class E, class... Rest>
WEFT_INLINE auto make_pairs(T& t, E const& e, Rest&&... rest);
inline pairs<> make_pairs() { return {}; }
template <class T, class E, class... Rest>
WEFT_INLINE auto make_pairs(T& t, E const& e, Rest&&... rest) {
  auto more = make_pairs(rest...);
  return [&]<class... X>(pairs<X...> const& m) { return pairs<T, stored_t<E>, X...>{t, stored(e), m}; }(more);
}
template <class... X>
struct first_value;
template <class T, class E, class... Rest>
struct first_value<T, E, Rest...> {
  using type = E;
};

template <class... X>
WEFT_INLINE void assign_pairs_of(pairs<X...>& p) {
  assign_pairs<typename first_value<X...>::type, pairs<X...>, X...>(p);
}

}  // namespace engine

// assign(t1, e1, t2, e2, ...): pairs of a tensor and an expression.
template <class T, auto S, expression E, class... Rest>
void assign(tensor<T, S>& t, E const& e, Rest&&... rest) {
  static_assert(sizeof...(Rest) % 2 == 0, "weft: assign takes pairs of a tensor and an expression");
  auto p = engine::make_pairs(t, e, rest...);
  engine::assign_pairs_of(p);
}

}  // namespace WEFT_ISA
}  // namespace weft
