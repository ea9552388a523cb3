// weft in the normalisation family: softmax and layer norm as a user writes them, in one statement each.
#include <weft/core.hpp>

#include "cases.hpp"

namespace {
using namespace norm;
using weft::axis, weft::index_t, weft::keepdims;

template <class F>
auto over(F f) {
  return [f](Norm& e) {
    auto const rows = static_cast<index_t>(e.R), columns = static_cast<index_t>(e.C);
    auto x = weft::borrow(e.x, {rows, columns});
    auto gain = weft::borrow(e.g, {columns}), shift = weft::borrow(e.b, {columns});
    auto out = weft::borrow(e.out, {rows, columns});
    return [=]() mutable { out = f(x, gain, shift); };
  };
}

PEERS_REGISTER {
  char const* me = "weft";
  weft::set_num_threads(threads());
  reg("softmax", me, over([](auto const& x, auto const&, auto const&) {
        return weft::let(exp(x - max(x, axis<-1>, keepdims)), [](auto e) { return e / sum(e, axis<-1>, keepdims); });
      }));
  reg("log_softmax", me, over([](auto const& x, auto const&, auto const&) { return log_softmax(x, axis<-1>); }));
  reg("layernorm", me, over([](auto const& x, auto const& gain, auto const& shift) {
        return weft::let(x - mean(x, axis<-1>, keepdims), [&](auto centred) {
          return centred * rsqrt(mean(square(centred), axis<-1>, keepdims) + kEps) * gain + shift;
        });
      }));
  reg("rmsnorm", me, over([](auto const& x, auto const& gain, auto const&) {
        return x * rsqrt(mean(square(x), axis<-1>, keepdims) + kEps) * gain;
      }));
}
}  // namespace
