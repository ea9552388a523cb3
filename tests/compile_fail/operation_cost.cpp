// expect: weft: this operation does not state what it costs
#include <weft/core.hpp>

struct thrice : weft::expr::promoting, weft::expr::smooth {
  static constexpr char const* name = "thrice";
  template <class V>
  static WEFT_INLINE constexpr V apply(V a) {
    return a + a + a;
  }
};
struct thrice_without_cost {
  template <class A>
  using compute = A;
  template <class A>
  using result = A;
  static constexpr bool multiplies = false, adds = false, passing = false;
  static constexpr char const* name = "thrice";
  template <class V>
  static WEFT_INLINE constexpr V apply(V a) {
    return a + a + a;
  }
};
auto user(weft::tensor<double, 1> const& x) {
#ifdef WEFT_MISTAKE
  return eval(weft::expr::make<thrice_without_cost>(x));
#else
  return eval(weft::expr::make<thrice>(x));
#endif
}
