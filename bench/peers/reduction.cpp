// weft in the reduction family.
#include <weft/core.hpp>

#include "cases.hpp"

namespace {
using namespace red;
using weft::axis, weft::index_t;

template <class F>
auto over(F f) {
  return [f](Red& e) {
    auto const rows = static_cast<index_t>(e.R), columns = static_cast<index_t>(e.C);
    auto a = weft::borrow(e.a, {rows, columns}), b = weft::borrow(e.b, {rows, columns});
    return f(e, a, b);
  };
}

PEERS_REGISTER {
  char const* me = "weft";
  weft::set_num_threads(threads());
  reg("sum_all", me, over([](Red& e, auto a, auto) { return [=, &e] { e.out[0] = sum(a); }; }));
  reg("sumsq_diff", me, over([](Red& e, auto a, auto b) { return [=, &e] { e.out[0] = sum(square(a - b)); }; }));
  auto const rows = [](auto f) {
    return over([f](Red& e, auto a, auto) {
      auto out = weft::borrow(e.out, {static_cast<index_t>(e.R)});
      return [=]() mutable { out = f(a); };
    });
  };
  reg("sum_last", me, rows([](auto const& a) { return sum(a, axis<-1>); }));
  reg("max_last", me, rows([](auto const& a) { return max(a, axis<-1>); }));
  reg("logsumexp_last", me, rows([](auto const& a) { return logsumexp(a, axis<-1>); }));
  reg("argmax_last", me, over([](Red& e, auto a, auto) {
        auto out = weft::borrow(e.idx, {static_cast<index_t>(e.R)});
        return [=]() mutable { out = argmax(a, axis<-1>); };
      }));
  reg("meanvar_last", me, over([](Red& e, auto a, auto) {
        auto const n = static_cast<index_t>(e.R);
        weft::tensor<float, 1> m = weft::zeros<float>({n}), v = weft::zeros<float>({n});
        e.result = [](size_t) { return 0.0; };
        struct state {
          weft::tensor<float, 1> m, v;
        };
        auto s = std::make_shared<state>(state{m, v});
        e.result = [s, n](size_t i) {
          auto const k = static_cast<index_t>(i);
          return double(k < n ? std::as_const(s->m)(k) : std::as_const(s->v)(k - n));
        };
        return [=] { weft::assign(s->m, mean(a, axis<-1>), s->v, var(a, axis<-1>)); };
      }));
  reg("sum_first", me, over([](Red& e, auto a, auto) {
        auto out = weft::borrow(e.out, {static_cast<index_t>(e.C)});
        return [=]() mutable { out = sum(a, axis<0>); };
      }));
}
}  // namespace
