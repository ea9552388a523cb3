// expect: weft: nn: parameters behind a pointer
#include <weft/nn/module.hpp>

#include <memory>
#include <optional>

struct layer {
  weft::nn::parameter<float, 1> scale;
};
struct net {
  layer first;
#ifdef WEFT_MISTAKE
  std::unique_ptr<layer> second;
#else
  std::optional<layer> second;
#endif
};
weft::index_t user(net const& m) { return weft::nn::parameter_count(m); }
