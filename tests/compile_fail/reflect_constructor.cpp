// expect: weft: not a plain struct
#include <weft/nn/model.hpp>

struct part {
  int size;
};
#ifdef WEFT_MISTAKE
struct model {
  explicit model(float s) : scale(s) {}
  float scale;
};
#else
struct model {
  explicit model(float s) : scale(s) {}
  static constexpr void fields(auto list) { list("scale", &model::scale); }
  float scale;
};
#endif
void user(model& m) {
  weft::nn::for_each_field(m, [](std::string_view, auto&) {});
}
