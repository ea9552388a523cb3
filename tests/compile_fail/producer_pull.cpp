// expect: weft: grad: this operation does not say what its derivative is
#include <weft/grad.hpp>

using weft::index_t;

// The elements of each row in the other order, by a loop of its own.
template <class A>
struct turned;
template <class A>
struct turned_run {
  weft::engine::bound_operand<weft::element_t<A>, 2, A> a;
  weft::extents<2> ext;
  explicit turned_run(turned<A> const& n) : a(n.a, n.a.sizes()), ext(n.a.sizes()) {}
  bool reads(weft::engine::byte_range w) const { return a.reads(w); }
  void run(weft::gemm::batched_sink<weft::element_t<A>> const& c) const {
    weft::engine::deliver_rows<weft::element_t<A>, 2>(
        c, ext, [this](index_t const* position, index_t row, index_t count, weft::element_t<A>* out, index_t ld) {
          a.copy(position, row, 0, count, ext[1], out, ld);
          for (index_t r = 0; r < count; ++r)
            for (index_t i = 0; 2 * i < ext[1]; ++i) std::swap(out[r * ld + i], out[r * ld + ext[1] - 1 - i]);
        });
  }
};
template <class A>
struct turned : weft::described<turned<A>, weft::element_t<A>, A::dims> {
  static constexpr weft::role role = weft::role::producer;
  static constexpr int arity = 1;
  static constexpr char const* name = "turned";
  using tiles = void;
  using production = turned_run<A>;
  A a;
  explicit turned(A const& x) : a(x) {}
  auto sizes() const { return a.sizes(); }
  template <class X>
  static auto remade(X const& x) {
    return turned<X>(x);
  }
#ifndef WEFT_MISTAKE
  template <int I, class G>
  auto pull(G const& g) const {
    return turned<G>(g);
  }
#endif
};
auto user(weft::tensor<double, 2> const& x) {
  return weft::grad([]<class V>(V const& v) { return sum(turned<V>(v) * 2); })(x);
}
