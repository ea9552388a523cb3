// expect: weft: a C array can't be a field of a model; use std::array
#include <weft/nn/model.hpp>

struct part {
  int size;
};
#ifdef WEFT_MISTAKE
struct model {
  float scale;
  float weights[3];
};
#else
struct model {
  float scale;
  std::array<float, 3> weights;
};
#endif
void user(model& m) {
  weft::nn::for_each_field(m, [](std::string_view, auto&) {});
}
