// expect: weft: a struct with a base class has no visible fields
#include <weft/nn/model.hpp>

struct part {
  int size;
};
#ifdef WEFT_MISTAKE
struct model : part {
  float scale;
};
#else
struct model {
  part base;
  float scale;
};
#endif
void user(model& m) {
  weft::nn::for_each_field(m, [](std::string_view, auto&) {});
}
