// expect: weft: grad: this operation does not say what its derivative is
#include <weft/grad.hpp>

struct twice : weft::expr::promoting {
  static constexpr char const* name = "twice";
  template <class V>
  static WEFT_INLINE constexpr V apply(V a) {
    return a + a;
  }
};
void user(weft::tensor<double, 1> const& x) {
#ifdef WEFT_MISTAKE
  (void)weft::grad([](auto const& v) { return sum(weft::expr::make<twice>(v)); })(x);
#else
  double const s = sum(weft::expr::make<twice>(x));
  (void)weft::grad([s](auto const& v) { return sum(v * s); })(x);
#endif
}
