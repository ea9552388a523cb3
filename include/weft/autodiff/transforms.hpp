// Functions of functions: from a function to its gradient.
//
//   auto df = grad(f);                                   df(x, y): the gradient with respect to x
//   auto [value, gradient] = value_and_grad(f)(x, y);
//   auto [v, gradients] = value_and_grad(f, wrt<0, 2>)(a, b, c);     auto& [da, dc] = gradients;
//   auto [out, pulled] = vjp(f, cotangent)(x);           for a function whose result is a tensor
//
// Every floating-point tensor argument reaches the function as a tracked one. A model (a plain struct with
// parameters) arrives as itself; its gradient is a model. Inside another transform everything is one order higher,
// so gradients of gradients need nothing special.
//
// Public: wrt, value_and_grad, grad, vjp, valued_gradient.
#pragma once
#include <weft/autodiff/ending.hpp>
#include <weft/models/walk.hpp>

#include <tuple>

namespace weft {

template <int... I>
struct wrt_list {};
// Which arguments to differentiate with respect to, from 0.
template <int... I>
inline constexpr wrt_list<I...> wrt{};

// What value_and_grad gives. `gradient` is a std::tuple if several arguments were asked for.
template <class V, class G>
struct valued_gradient {
  V value;
  G gradient;
};

inline namespace WEFT_ISA {
namespace autodiff {

// -- arguments -------------------------------------------------------------------------------------------------------

template <class X>
constexpr int argument_order() {
  if constexpr (expression<X> && !models::is_parameter<X>)
    return order_of<X>;
  else
    return 0;
}

template <class X>
inline constexpr bool is_model = std::is_class_v<X> && (!expression<X> || models::is_parameter<X>);

template <class X, bool Wrt>
constexpr bool is_lifted() {
  if constexpr (expression<X> && !models::is_parameter<X>)
    return kind_of_type<element_t<X>> == kind::floating;
  else
    return Wrt && std::is_floating_point_v<X>;
}

template <class X>
struct argument_element {
  using type = X;
};
template <expression X>
struct argument_element<X> {
  using type = element_t<X>;
};

template <int N, class T, int R>
slot new_input(tape& t) {
  auto* const r = new gradient_record<T, R, N>();
  r->stays = true;
  return t.add(r);
}

// What the function gets. A model is marked in place and handed over as it is.
template <int N, bool Wrt, class X>
auto entered(tape& t, X const& x) {
  static_assert(!Wrt || is_lifted<X, Wrt>() || is_model<X>,
                "weft: grad: an argument to differentiate with respect to must be a floating-point tensor, a "
                "floating-point number, or a model");
  if constexpr (is_lifted<X, Wrt>()) {
    using T = typename argument_element<X>::type;
    constexpr auto S = [] {
      if constexpr (expression<X>)
        return engine::spelling<dims_of<X>>();
      else
        return 0;
    }();
    tracked<T, S, N> v;
    if constexpr (expression<X>)
      v.value = raised<N - 1>(eval(x));
    else
      v.value = raised<N - 1>(tensor<T, 0>(x));
    if constexpr (Wrt) v.from = new_input<N, T, to_shape(S).rank>(t);
    return v;
  } else {
    return std::cref(x);
  }
}

template <int N, class X>
void mark(tape& t, X const& model) {
  models::each_parameter(
      model, [&t]<class T, auto S>(models::parameter<T, S> const& p) {
        if (p.frozen) return;
        if (find(p.from)) [[unlikely]]
          fail<autograd_error>("a model is already being differentiated by an outer transform");
        (void)recording(p.from);
        p.from.set(new_input<N, T, to_shape(S).rank>(t), N);
      });
}
// Marks mean nothing once their tape is gone, but a model must not look marked to the next transform. Those of another
// transform, which made this one refuse the model, stay.
template <class X>
struct marks {
  X const* model = nullptr;
  std::uint64_t tape = 0;
  ~marks() {
    if (model)
      models::each_parameter(*model, [this](auto const& p) {
        if (slot(p.from).tape == tape) p.from.set({}, 0);
      });
  }
};

// -- results ---------------------------------------------------------------------------------------------------------

template <int N, class T, auto S>
auto gradient_at(tape& t, slot s, extents<to_shape(S).rank> const& ext) {
  constexpr int R = to_shape(S).rank;
  if (s.tape == t.number) {
    auto& m = static_cast<gradient_record<T, R, N>&>(*t.records[s.index]);
    if (m.has) return respelled<S>(std::move(m.gradient));
  }
  tensor<T, R> zeros;
  zeros.prepare(ext);
  std::memset(zeros.data(), 0, static_cast<std::size_t>(zeros.size()) * sizeof(T));
  return respelled<S>(raised<N - 1>(zeros));
}

// The gradient with respect to an argument.
template <int N, class X, class L>
auto gradient_of(tape& t, X const& x, L const& in) {
  if constexpr (is_tracked<L>) {
    return gradient_at<N, element_t<L>, engine::spelling<dims_of<L>>()>(t, in.from, in.sizes());
  } else {
    static_assert(N == 1,
                  "weft: grad: the gradient of a model inside another transform has no place to be tracked; "
                  "differentiate with respect to tensors there");
    X g = x;
    models::each_parameter(
        g, [&t]<class T, auto S>(models::parameter<T, S> & p) {
          if (!p.frozen && slot(p.from).tape != t.number) [[unlikely]]
            fail<autograd_error>("a parameter lost its mark while its model was being differentiated: the function "
                                 "replaced it, or another thread differentiated the model, of which each needs a copy");
          p.value = gradient_at<1, T, S>(t, p.from, p.sizes());
          p.from.set({}, 0);
        });
    return g;
  }
}

// -- the end of the function -----------------------------------------------------------------------------------------

// Tells the listener, if there is one, how far the outermost transform is.
struct transform_scope {
  WEFT_INLINE transform_scope() {
    if (process::listening) [[unlikely]]
      process::listening->depth += 1;
  }
  transform_scope(transform_scope const&) = delete;
  WEFT_INLINE ~transform_scope() {
    if (process::listening) [[unlikely]]
      process::listening->depth -= 1;
  }
};
[[gnu::cold, gnu::noinline]] inline void tell_phase(phase p, tape const& t) {
  int statements = 0;
  for (record const* r : t.records) statements += r && !r->stays;
  process::listening->begins(p, statements);
}
WEFT_INLINE void begin_phase(phase p, tape const& t) {
  if (process::listening && process::listening->depth == 1) [[unlikely]]
    tell_phase(p, t);
}

// The function's result and its backward pass; `seed` is its cotangent.
template <int N, class Y, class Seed>
auto run_function(tape& t, Y const& y, Seed const& seed) {
  constexpr int order = order_of<Y>;
  static_assert(order <= N);
  constexpr bool known = check_rules<Y>();
  if constexpr (order < N) {
    return raised<N - 1>(eval(y));
  } else if constexpr (!known) {
    return poison{};
  } else {
    auto&& l = lifted<N>(y);
    auto&& u = end_without_lets<N>(l);
    auto&& e = cut(u);
    using E = std::remove_cvref_t<decltype(e)>;
    using T = element_t<E>;
    tape* const own = home<N>(e);
    if (own && own != &t) [[unlikely]]
      fail<autograd_error>("the result of a differentiated function belongs to another transform");
    if constexpr (!is_tracked<E>) here.records += 1;
    if constexpr (N == 1 && E::dims.rank == 0 && std::is_same_v<Seed, expr::constant<T>>) {
      begin_phase(phase::last, t);
      tensor<T, 0> const value(run_end(t, e, seed.value));
      begin_phase(phase::backward, t);
      t.run();
      return value;
    } else {
      auto const value = eval(stripped<N>(e));
      if constexpr (expression<Seed> && !std::is_same_v<Seed, expr::constant<T>>) {
        if (seed.sizes() != e.sizes()) {
          auto const a = e.sizes();
          auto const b = seed.sizes();
          fail_shapes("vjp", a.data(), E::dims.rank, b.data(), Seed::dims.rank,
                      "differ: a cotangent has its result's shape");
        }
      }
      begin_phase(phase::backward, t);
      push<N>(t, e, in_full<N, E, T>(e, seed));
      t.run();
      return raised<N - 1>(value);
    }
  }
}

template <class Y>
constexpr bool is_scalar_result() {
  if constexpr (expression<Y>)
    return rank_of<Y> == 0;
  else
    return false;
}

template <int I, int... W>
inline constexpr bool among = ((I == W) || ...);

template <class F, class Seed, int... W>
struct transform {
  F f;
  Seed seed;  // void*: the result has rank 0

  template <class... X>
  auto operator()(X const&... x) const {
    constexpr bool there = ((W >= 0 && W < static_cast<int>(sizeof...(X))) && ...);
    static_assert(there, "weft: grad: wrt names an argument that the function doesn't have");
    if constexpr (there)
      return run(std::make_index_sequence<sizeof...(X)>(), x...);
    else
      return valued_gradient<poison, poison>{};
  }

 private:
  template <std::size_t... I, class... X>
  auto run(std::index_sequence<I...>, X const&... x) const {
    constexpr int orders[] = {0, argument_order<X>()...};
    constexpr int N = [&orders] {
      int n = 0;
      for (int o : orders) n = o > n ? o : n;
      return n + 1;
    }();
    std::tuple<X const&...> const given(x...);
    transform_scope const outermost;
    tape t(N);
    std::tuple<marks<std::conditional_t<is_model<X> && among<static_cast<int>(I), W...>, X, int>>...> marked;
    auto const in = std::tuple(entered<N, among<static_cast<int>(I), W...>>(t, x)...);
    (enter_model<N, among<static_cast<int>(I), W...>>(t, x, std::get<I>(marked)), ...);
    auto y = f(unwrapped(std::get<I>(in))...);
    using Y = decltype(y);
    auto const collect = [&](auto value) {
      auto const one = [&]<int K>(wrt_list<K>) { return gradient_of<N>(t, std::get<K>(given), std::get<K>(in)); };
      if constexpr (sizeof...(W) == 1)
        return valued_gradient<decltype(value), decltype(one(wrt_list<W...>()))>{std::move(value),
                                                                                 one(wrt_list<W...>())};
      else
        return valued_gradient<decltype(value), decltype(std::tuple(one(wrt_list<W>())...))>{
            std::move(value), std::tuple(one(wrt_list<W>())...)};
    };
    if constexpr (std::is_same_v<Seed, void*>) {
      static_assert(is_scalar_result<Y>(), "weft: grad: the function must return a rank-0 value");
      static_assert(kind_of_type<element_t<Y>> == kind::floating,
                    "weft: grad: the function must return a floating-point value");
      return collect(run_function<N>(t, y, expr::constant<element_t<Y>>(element_t<Y>(1))));
    } else {
      static_assert(expression<Y>, "weft: vjp: the function must return a tensor");
      return collect(run_function<N>(t, y, seed));
    }
  }
  template <int N, bool Wrt, class X, class M>
  static void enter_model(tape& t, X const& x, M& m) {
    if constexpr (Wrt && is_model<X>) {
      static_assert(models::finds_parameter<X>(),
                    "weft: grad: no parameter can be found in this argument: what is learnt is an nn::parameter, not a "
                    "tensor, and a struct with constructors or private members lists its fields with `static constexpr "
                    "void fields(auto list) { list(\"weight\", &Name::weight); }`");
      m.model = &x;
      m.tape = t.number;
      mark<N>(t, x);
    }
  }
  template <class X>
  static X const& unwrapped(X const& x) {
    return x;
  }
  template <class X>
  static X const& unwrapped(std::reference_wrapper<X const> const& x) {
    return x;
  }
};

template <class F, int... W>
struct gradient_alone {
  transform<F, void*, W...> both;
  template <class... X>
  auto operator()(X const&... x) const {
    return both(x...).gradient;
  }
};

}  // namespace autodiff

// The function (args) -> {value, gradient}.
template <class F, int... W>
auto value_and_grad(F const& f, wrt_list<W...>) {
  return autodiff::transform<F, void*, W...>{f, nullptr};
}
template <class F>
auto value_and_grad(F const& f) {
  return value_and_grad(f, wrt<0>);
}
template <class F, int... W>
auto grad(F const& f, wrt_list<W...>) {
  return autodiff::gradient_alone<F, W...>{value_and_grad(f, wrt<W...>)};
}
template <class F>
auto grad(F const& f) {
  return grad(f, wrt<0>);
}
// The function (args) -> {value, cotangents of the arguments}, for a result whose cotangent is given.
template <class F, expression G, int... W>
auto vjp(F const& f, G const& cotangent, wrt_list<W...>) {
  auto g = eval(cotangent);
  return autodiff::transform<F, decltype(g), W...>{f, g};
}
template <class F, expression G>
auto vjp(F const& f, G const& cotangent) {
  return vjp(f, cotangent, wrt<0>);
}

}  // namespace WEFT_ISA
}  // namespace weft
