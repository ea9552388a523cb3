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
  static constexpr int leaves = A::leaves + B::leaves, kept = A::kept + B::kept;
  static constexpr int avail = larger(A::avail, B::avail);
  static constexpr int cost = A::cost + B::cost;
  static constexpr int width = larger(A::width, B::width);
  A a;
  B b;
  WEFT_INLINE void enter(spot const*& s) {
    a.enter(s);
    b.enter(s);
  }
  template <int Last>
  WEFT_INLINE void take_rows(scratch_rows& s) {
    a.template take_rows<Last>(s);
    b.template take_rows<Last>(s);
  }
  template <int P, int N, class E>
  WEFT_INLINE auto line(index_t r, E const& e) const {
    auto x = a.template line<P, N>(r, e);
    auto y = b.template line<P, N>(r, e);
    return both_line<decltype(x), decltype(y)>{x, y};
  }
};
template <class A, class B, int Last>
struct rows_kept<both_cursors<A, B>, Last> {
  static constexpr int rows = rows_kept<A, Last>::rows + rows_kept<B, Last>::rows;
  static constexpr index_t bytes = rows_kept<A, Last>::bytes + rows_kept<B, Last>::bytes;
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
  template <class V, class W, class P>
  WEFT_INLINE void put(index_t i, both_values<V, W> v, P part) const {
    a.put(i, v.a, part);
    b.put(i, v.b, part);
  }
};
template <class A, class B>
struct both_results {
  static constexpr int width = larger(A::width, B::width);
  A a;
  B b;
  WEFT_INLINE explicit both_results(outlet const*& o) : a(o), b(o) {}
  template <bool Map>
  WEFT_INLINE auto row(index_t r) const {
    auto x = a.template row<Map>(r);
    auto y = b.template row<Map>(r);
    return both_places<decltype(x), decltype(y)>{x, y};
  }
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
  owner whose;
  pairs<Rest...> rest;
  using T = element_t<Tensor>;
  static constexpr int R = E::dims.rank;
  room where{};
  static auto results_of() {
    if constexpr (sizeof...(Rest) > 0)
      return std::type_identity<both_results<one_result<T>, typename pairs<Rest...>::results>>();
    else
      return std::type_identity<one_result<T>>();
  }
  using results = typename decltype(results_of())::type;

  static_assert(holds<T, element_t<E>>, "weft: this would narrow the tensor's elements or change their kind: use cast<T>");
  static_assert(assignable(Tensor::dims, E::dims), "weft: assign: the tensor and its value differ in rank or size");

  long holders(storage const& buffer) const {
    long n = holders_in(value, whose, buffer);
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
      if (items.buffer && items.ext == value.sizes() && !items.buffer.borrowed() &&
          items.buffer.holders() == 1 + all.holders(items.buffer)) {
        items.buffer.drop_derived();
        where.in_place = items.buffer.data();
      }
    }
    if constexpr (sizeof...(Rest) > 0) rest.open(all);
  }
  template <class Context>
  auto bind_all(binder& b) const {
    using C = engine::bound<Context, E>;
    if constexpr (sizeof...(Rest) > 0) {
      using more = decltype(rest.template bind_all<Context>(b));
      return both_cursors<C, more>{bind<Context>(value, b, whole_domain<R>{}, no_names{}),
                                   rest.template bind_all<Context>(b)};
    } else {
      return bind<Context>(value, b, whole_domain<R>{}, no_names{});
    }
  }
  static constexpr int count = 1 + int(sizeof...(Rest)) / 2;
  // out (count)
  void place(result* out, leaf const* leaves, int leaf_count, frame const& f, bool same_place) {
    auto const e = value.sizes();
    out->type = &result_type_of<T>;
    place_result(*out, where, e.data(), R, leaves, leaf_count, f, same_place);
    if constexpr (sizeof...(Rest) > 0) rest.place(out + 1, leaves, leaf_count, f, same_place);
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

// One sweep for all. `Narrow`: one value a row.
template <bool Narrow, class Context, class Pairs>
WEFT_INLINE void sweep_pairs(Pairs& p, frame& f) {
  using cursor = decltype(p.template bind_all<Context>(std::declval<binder&>()));
  table<cursor> leaves;
  binder b = leaves.into(f);
  cursor const c = p.template bind_all<Context>(b);
  place_leaves(leaves.at, cursor::leaves, f);
  result out[Pairs::count];
  p.place(out, leaves.at, cursor::leaves, f, !Narrow);
  if constexpr (!Narrow && Context::q == 0) join_axes(f, leaves.at, cursor::leaves, out, Pairs::count);
  run({program_of<Narrow, false, cursor, typename Pairs::results>, f, leaves.at, cursor::leaves, out, Pairs::count, &c});
}

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
          sweep_pairs<true, with>(p, f);
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
          sweep_pairs<false, context<R, q, true>>(p, f);
          p.close();
          return;
        }
      }
    }
  }
  p.one_by_one();
}

template <class T, class E, class... Rest>
WEFT_INLINE auto make_pairs(T& t, E&& e, Rest&&... rest);
inline pairs<> make_pairs() { return {}; }
template <class T, class E, class... Rest>
WEFT_INLINE auto make_pairs(T& t, E&& e, Rest&&... rest) {
  auto more = make_pairs(static_cast<Rest&&>(rest)...);
  return [&]<class... X>(pairs<X...> const& m) {
    return pairs<T, stored_t<E>, X...>{t, stored(e), owner_of<E>, m};
  }(more);
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
void assign(tensor<T, S>& t, E&& e, Rest&&... rest) {
  static_assert(sizeof...(Rest) % 2 == 0, "weft: assign takes pairs of a tensor and an expression");
  auto p = engine::make_pairs(t, static_cast<E&&>(e), static_cast<Rest&&>(rest)...);
  engine::assign_pairs_of(p);
}

}  // namespace WEFT_ISA
}  // namespace weft
