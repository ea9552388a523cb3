// weft in the product family, over the harness's own memory.
#include <weft/core.hpp>

#include "cases.hpp"

namespace {
using namespace gemm;
using weft::index_t;

template <class T>
void all() {
  for (char const* name : {"gemm", "gemm_nt", "gemm_tn", "gemm_bias_relu"}) {
    std::string const cs = name;
    if (sizeof(T) == 8 && cs != "gemm") continue;
    reg<T>(cs, "weft", [cs](Gemm<T>& g) {
      auto const m = static_cast<index_t>(g.M), n = static_cast<index_t>(g.N), k = static_cast<index_t>(g.K);
      auto a = weft::borrow(g.A, {m, k}), b = weft::borrow(g.B, {k, n});
      auto at = weft::borrow(g.A, {k, m}), bt = weft::borrow(g.B, {n, k});
      auto bias = weft::borrow(g.bias, {n});
      auto c = weft::borrow(g.C, {m, n});
      return std::function<void()>([=]() mutable {
        if (cs == "gemm_nt")
          c = matmul(a, transpose(bt));
        else if (cs == "gemm_tn")
          c = matmul(transpose(at), b);
        else if (cs == "gemm_bias_relu")
          c = relu(matmul(a, b) + bias);
        else
          c = matmul(a, b);
      });
    });
  }
}
PEERS_REGISTER {
  weft::set_num_threads(threads());
  all<float>();
  all<double>();
}
}  // namespace
