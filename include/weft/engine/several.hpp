// One statement, several results: weft::assign(m, e1, p, e2) evaluates both expressions in one sweep.
//
// All operands are read before any target is written. The expressions must have one shape to share a sweep (plain
// maps and row programs, or values per row such as a mean and a variance); otherwise each is evaluated by itself,
// into memory of its own, and the targets are written last.
#pragma once
#include <weft/engine/assign.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace engine {

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
    using own = engine::bound<Context, E>;
    engine::bind<Context>(value, b, whole_domain<R>{}, no_names{});
    if constexpr (sizeof...(Rest) > 0) {
      using more = decltype(rest.template bind_all<Context>(b));
      rest.template bind_all<Context>(b);
      return expr::joined_t<own, more>{};
    } else {
      return own{};
    }
  }
  template <bool Wide, class... R>
  static auto results_and(results<R...>) {
    using own = results<R..., result_as<T, Wide>>;
    if constexpr (sizeof...(Rest) > 0)
      return pairs<Rest...>::template results_and<Wide>(own{});
    else
      return own{};
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

// May two expressions share a sweep?
template <class A, class B>
constexpr bool same_kind() {
  constexpr auto x = expr::row_of<A>, y = expr::row_of<B>;
  constexpr strategy s = strategy_of<A>;
  if (A::dims.rank != B::dims.rank || s != strategy_of<B> || s == strategy::producer || s == strategy::columns) return false;
  if (s == strategy::narrow) return x.q == y.q && x.domain == y.domain;
  int const p = expr::fused_axes<A>, q = expr::fused_axes<B>;
  return p == q || p == 0 || q == 0;
}
template <class... X>
struct kinds;
template <class First, class Tensor, class E, class... Rest>
struct kinds<First, Tensor, E, Rest...> {
  static constexpr bool same = same_kind<First, E>() && kinds<First, Rest...>::same;
  static constexpr int fused = expr::fused_axes<E> ? expr::fused_axes<E> : kinds<First, Rest...>::fused;
};
template <class First>
struct kinds<First> {
  static constexpr bool same = true;
  static constexpr int fused = 0;
};

// One sweep for all. `Narrow`: one value a row.
template <bool Narrow, class Context, class Pairs>
WEFT_INLINE void sweep_pairs(Pairs& p, frame& f) {
  using code = code_of<decltype(p.template bind_all<Context>(std::declval<binder&>())), Pairs::count>;
  using outs = decltype(Pairs::template results_and<!Narrow>(results<>{}));
  table<code> t;
  binder b = t.into(f);
  p.template bind_all<Context>(b);
  place_leaves(t.at, code::leaves, f);
  result out[Pairs::count];
  p.place(out, t.at, code::leaves, f, !Narrow);
  if constexpr (!Narrow && Context::q == 0) join_axes(f, t.at, code::leaves, out, Pairs::count);
  run({program_of<false, code, outs>, f, t.at, code::leaves, out, Pairs::count, t.number});
}

// `Alike`: all results are known to be of one size, so that there is no other way to run them.
template <bool Alike, class First, class Pairs, class... X>
void assign_pairs(Pairs& p) {
  p.check();
  auto const& e = p.value;
  if constexpr (kinds<First, X...>::same) {
    constexpr bool narrow = strategy_of<First> == strategy::narrow;
    constexpr int R = First::dims.rank;
    frame f;
    if (p.same_sizes(e.sizes())) {
      if constexpr (narrow) {
        using with = typename values_fused<First>::context;
        auto const ext = reduced_sizes(e);
        if (values_agree<with>(e, ext.data()) && p.template agree<with>(ext.data())) {
          set_extents<with::domain>(f, ext);
          f.set_row(with::domain - with::q);
          p.open(p);
          sweep_pairs<true, with>(p, f);
          return p.close();
        }
      } else {
        constexpr int q = kinds<First, X...>::fused;
        auto const ext = e.sizes();
        if (p.template agree<context<R, q, true>>(ext.data())) {
          set_extents<R>(f, ext);
          f.set_row(R - q);
          p.open(p);
          sweep_pairs<false, context<R, q, true>>(p, f);
          return p.close();
        }
      }
    }
  }
  if constexpr (Alike)
    fail_moved_from();
  else
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

template <bool Alike, class... X>
WEFT_INLINE void assign_pairs_of(pairs<X...>& p) {
  assign_pairs<Alike, typename first_value<X...>::type, pairs<X...>, X...>(p);
}
// As assign, of maps whose results are of one size: an update's.
template <class T, auto S, expression E, class... Rest>
void assign_alike(tensor<T, S>& t, E&& e, Rest&&... rest) {
  auto p = make_pairs(t, static_cast<E&&>(e), static_cast<Rest&&>(rest)...);
  assign_pairs_of<true>(p);
}

}  // namespace engine

// assign(t1, e1, t2, e2, ...): pairs of a tensor and an expression.
template <class T, auto S, expression E, class... Rest>
void assign(tensor<T, S>& t, E&& e, Rest&&... rest) {
  static_assert(sizeof...(Rest) % 2 == 0, "weft: assign takes pairs of a tensor and an expression");
  auto p = engine::make_pairs(t, static_cast<E&&>(e), static_cast<Rest&&>(rest)...);
  engine::assign_pairs_of<false>(p);
}

}  // namespace WEFT_ISA
}  // namespace weft
