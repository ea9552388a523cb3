// The matrix product, with any number of batch axes, which broadcast.
//
//   relu(matmul(x, w) + b)           the rest of the statement runs on the finished tiles
//   matmul(softmax(a), v)            operands may be any expression: they are read while the product packs them
//
// Elements are added up in their own type if that is a floating one; small integers and truth values in 32 bits, as sum does,
// which is the type of the result. The loops are in gemm/; what an operand or a result is, in engine/producer.hpp.
#pragma once
#include <weft/engine/producer.hpp>
#include <weft/expr/view.hpp>
#include <weft/ops/arithmetic.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace ops {

// The shape of a (..., m, k) b (..., k, n). Precondition: both have two axes at least.
constexpr weft::shape product_shape(weft::shape const& a, weft::shape const& b) {
  weft::shape x = a, y = b;
  x.rank -= 2;
  y.rank -= 2;
  weft::shape r = broadcast(x, y);
  r[r.rank++] = a[a.rank - 2];
  r[r.rank++] = b[b.rank - 1];
  return r;
}
// The sizes of an operand of `rank` axes in the batch `ext` (R).
template <int R, std::size_t Q>
WEFT_INLINE constexpr extents<R> stretched_operand(extents<R> ext, std::array<index_t, Q> const& own) {
  ext[R - 2] = own[Q - 2];
  ext[R - 1] = own[Q - 1];
  return ext;
}

// One product with its operands bound.
template <class Node>
struct product_run {
  using T = element_t<Node>;
  static constexpr int R = Node::dims.rank;
  static constexpr index_t rows_at_a_time = 28;  // scratch that grows with the columns: few, but two tiles of the driver
  engine::bound_operand<T, R, expr::kid_t<0, Node>> a;
  engine::bound_operand<T, R, expr::kid_t<1, Node>> b;
  extents<R> ext;
  index_t depth;

  explicit product_run(Node const& n)
      : a(n.a, stretched_operand<R>(n.sizes(), n.a.sizes())),
        b(n.b, stretched_operand<R>(n.sizes(), n.b.sizes())),
        ext(n.sizes()),
        depth(n.a.sizes()[rank_of<expr::kid_t<0, Node>> - 1]) {}
  template <class Survey>
  static void explain(Node const& n, Survey& s, std::string& what) {
    using left = engine::bound_operand<T, R, expr::kid_t<0, Node>>;
    using right = engine::bound_operand<T, R, expr::kid_t<1, Node>>;
    bool const a = left::explain(n.a, stretched_operand<R>(n.sizes(), n.a.sizes()), s);
    bool const b = right::explain(n.b, stretched_operand<R>(n.sizes(), n.b.sizes()), s);
    what = "product";
    if (!a || !b) what += ", operands computed while packing";
  }
  bool reads(engine::byte_range w) const { return a.reads(w) || b.reads(w); }
  // Before rows are asked for, some at a time: the right operand is laid out so that it is read where it lies each time.
  void prepare_rows() {
    auto const s = b.source();
    if (s.data && s.column_stride == 1) return;
    index_t batches = 1;
    for (int d = R - 3; d >= 0; --d) {
      bool const moves = s.steps[d] != 0 && ext[static_cast<std::size_t>(d)] != 1;
      laid_steps[d] = moves ? batches * depth * ext[R - 1] : 0;
      if (moves) batches *= ext[static_cast<std::size_t>(d)];
    }
    laid = storage::allocate(static_cast<std::size_t>(batches * depth * ext[R - 1]) * sizeof(T));
    index_t at[max_rank] = {};
    for (index_t i = 0; i < batches; ++i) {
      index_t from = 0;
      for (int d = 0; d + 2 < R; ++d) from += at[d] * laid_steps[d];
      b.copy(at, 0, 0, depth, ext[R - 1], static_cast<T*>(laid.data()) + from, ext[R - 1]);
      for (int d = R - 3; d >= 0; --d) {
        if (laid_steps[d] == 0) continue;
        if (++at[d] < ext[static_cast<std::size_t>(d)]) break;
        at[d] = 0;
      }
    }
  }
  void run(gemm::batched_sink<T> const& c) const {
    gemm::multiply<T>({R - 2, ext.data()}, ext[R - 2], ext[R - 1], depth, a.source(), b.source(), c);
  }
  // out (count, ext[R - 1]), ld
  void rows(index_t const* position, index_t row, index_t count, T* out, index_t ld) const {
    part const left{a, position, row};
    part const right{b, position, 0};
    gemm::source<T> from_b;
    if (laid) {
      from_b = {static_cast<T const*>(laid.data()), ext[R - 1], 1};
      for (int d = 0; d + 2 < R; ++d) from_b.data += position[d] * laid_steps[d];
    } else {
      from_b = right.source(b.source());
    }
    gemm::multiply<T>(count, ext[R - 1], depth, left.source(a.source()), from_b, {.data = out, .ld = ld});
  }

 private:
  storage laid{};  // (depth, ext[R - 1]) at each place of the batch that b depends on
  index_t laid_steps[max_rank] = {};

  // An operand at one position, from some row on.
  template <class E>
  struct part {
    engine::bound_operand<T, R, E> const& of;
    index_t const* position;
    index_t first;
    gemm::source<T> source(gemm::batched_source<T> const& s) const {
      gemm::source<T> r{s.data, s.row_stride, s.column_stride, this, nullptr, s.whole_rows};
      if constexpr (!engine::bound_operand<T, R, E>::always_in_memory) r.read = &read;
      if (s.data) {
        for (int d = 0; d + 2 < R; ++d) r.data += position[d] * s.steps[d];
        r.data += first * s.row_stride;
      }
      return r;
    }
    static void read(void const* self, index_t row, index_t column, index_t rows, index_t columns, T* out, index_t ld) {
      auto const& me = *static_cast<part const*>(self);
      me.of.copy(me.position, me.first + row, column, rows, columns, out, ld);
    }
  };
  template <class E>
  part(engine::bound_operand<T, R, E> const&, index_t const*, index_t) -> part<E>;
};

template <class X>
WEFT_INLINE constexpr auto with_last_axes_turned(X const& x) {
  return expr::permuted_by<expr::swapped_order<rank_of<X>>(-1, -2)>(x);
}
template <int I, class Node, class T>
void pull_product(Node const& n, T const* g, T* out, bool adds, bool turned);
template <class A, class B>
WEFT_INLINE constexpr auto multiplied(A const& a, B const& b, auto const& sa, auto const& sb);

template <class A, class B>
struct product : described<product<A, B>, sum_t<promote_t<element_t<A>, element_t<B>>>, product_shape(A::dims, B::dims)> {
  static constexpr weft::role role = weft::role::producer;
  static constexpr int arity = 2;
  static constexpr char const* name = "matmul";
  static constexpr int R = product_shape(A::dims, B::dims).rank;
  using tiles = void;  // what is around it can run on its tiles
  using rows = void;   // it can be computed some rows at a time
  using production = product_run<product>;
  A a;
  B b;
  extents<R> ext;
  template <class X, class Y>
  WEFT_INLINE constexpr product(X&& x, Y&& y, extents<R> const& e)
      : a(static_cast<X&&>(x)), b(static_cast<Y&&>(y)), ext(e) {}
  WEFT_INLINE constexpr extents<R> sizes() const { return ext; }
  template <class X, class Y>
  WEFT_INLINE constexpr auto remade(X&& x, Y&& y) const {
    return product<std::remove_cvref_t<X>, std::remove_cvref_t<Y>>(static_cast<X&&>(x), static_cast<Y&&>(y), ext);
  }
  // What an operand gets of the cotangent g; batch axes along which it was stretched are added up by the caller.
  template <int I, class G>
  auto pull(G const& g) const {
    if constexpr (I == 0)
      return multiplied(g, with_last_axes_turned(b), g.sizes(), b.sizes());
    else
      return multiplied(with_last_axes_turned(a), g, a.sizes(), g.sizes());
  }
  // The same written, or added, to dense memory of the operand's own sizes; `turned`: with the last two axes exchanged.
  // g is dense.
  template <int I, class G>
    requires(std::is_floating_point_v<element_t<G>> && requires(G const& x) { x.data(); })
  void pull_into(G const& g, element_t<G>* out, bool adds, bool turned) const {
    pull_product<I>(*this, g.data(), out, adds, turned);
  }
  // One element, by its definition. `child_element`: of a child.
  template <class F>
  constexpr element_t<product> element_here(index_t const* at, F const& child_element) const {
    using T = element_t<product>;
    index_t left[max_rank + 1] = {}, right[max_rank + 1] = {};
    auto const sa = a.sizes();
    auto const sb = b.sizes();
    constexpr int P = A::dims.rank, Q = B::dims.rank;
    for (int i = 0; i + 2 < P; ++i) left[i] = sa[static_cast<std::size_t>(i)] == 1 ? 0 : at[i + R - P];
    for (int i = 0; i + 2 < Q; ++i) right[i] = sb[static_cast<std::size_t>(i)] == 1 ? 0 : at[i + R - Q];
    left[P - 2] = at[R - 2];
    right[Q - 1] = at[R - 1];
    T sum = 0;
    for (index_t i = 0; i < sa[P - 1]; ++i) {
      left[P - 1] = right[Q - 2] = i;
      sum = ops::add::apply(sum, ops::multiply::apply(static_cast<T>(child_element(a, left)), static_cast<T>(child_element(b, right))));
    }
    return sum;
  }
};

template <class First, class Second>
struct inner_sizes {
  static constexpr bool agree = false;
};

// a (..., m, k) b (..., k, n); `sa`, `sb`: the shapes that the user gave, for messages.
template <class A, class B>
WEFT_INLINE constexpr auto multiplied(A const& a, B const& b, auto const& sa, auto const& sb) {
  constexpr int P = A::dims.rank, Q = B::dims.rank;
  constexpr dim p = A::dims[P - 1], q = B::dims[Q - 2];
  constexpr bool sizes_agree = !(p.known() && q.known() && p.extent != q.extent);
  constexpr bool names_agree = !(p.named() && q.named() && !p.same_name(q));
  constexpr auto batch_of = [](weft::shape s) {
    s.rank -= 2;
    return s;
  };
  constexpr weft::shape ba = batch_of(A::dims), bb = batch_of(B::dims);
  constexpr bool batches_agree = fits(ba, bb) == fit::ok;
  static_assert(sizes_agree || inner_sizes<expr::sizes_of<A>, expr::sizes_of<B>>::agree,
                "weft: matmul: the inner sizes differ (-1: known only at run time)");
  static_assert(names_agree, "weft: matmul: the inner axes have different names");
  static_assert(batches_agree || inner_sizes<expr::sizes_of<A>, expr::sizes_of<B>>::agree,
                "weft: matmul: the batch axes do not broadcast (-1: known only at run time)");
  if constexpr (sizes_agree && names_agree && batches_agree) {
    auto const ea = a.sizes();
    auto const eb = b.sizes();
    if (ea[P - 1] != eb[Q - 2]) [[unlikely]]
      fail_shapes("matmul", sa.data(), static_cast<int>(sa.size()), sb.data(), static_cast<int>(sb.size()),
                  "differ in the inner size");
    constexpr int R = product<A, B>::R;
    extents<R> ext{};
    for (int i = 1; i <= R - 2; ++i) {
      index_t const x = i <= P - 2 ? ea[static_cast<std::size_t>(P - 2 - i)] : 1;
      index_t const y = i <= Q - 2 ? eb[static_cast<std::size_t>(Q - 2 - i)] : 1;
      if (x != y && x != 1 && y != 1) [[unlikely]]
        fail_shapes("matmul", sa.data(), static_cast<int>(sa.size()), sb.data(), static_cast<int>(sb.size()),
                    "have batch axes that do not broadcast");
      ext[static_cast<std::size_t>(R - 2 - i)] = x == 1 ? y : x;
    }
    ext[R - 2] = ea[P - 2];
    ext[R - 1] = eb[Q - 1];
    return product<A, B>(a, b, ext);
  } else {
    return poison{};
  }
}
// out (operand I's sizes) = or += what it gets of g (the product's sizes), dense: g b^T or a^T g, added up over the batch axes
// along which the operand was stretched. `turned`: out has its last two axes exchanged.
template <int I, class Node, class T>
void pull_product(Node const& n, T const* g, T* out, bool adds, bool turned) {
  constexpr int R = Node::R;
  using own_t = expr::kid_t<I, Node>;
  using other_t = expr::kid_t<1 - I, Node>;
  constexpr int P = rank_of<other_t>, Q = rank_of<own_t>;
  auto const ext = n.sizes();
  auto const own = expr::kid<I>(n).sizes();
  auto const& value = expr::kid<1 - I>(n);
  // Where an operand of sizes e lies in the batch: its steps, 0 along axes that it is stretched over.
  auto const steps_in_batch = [](index_t* to, auto const& e, index_t const* dense) {
    int const rank = static_cast<int>(e.size());
    for (int d = 0; d + 2 < R; ++d) to[d] = 0;
    for (int d = 0; d + 2 < rank; ++d) to[d + R - rank] = e[static_cast<std::size_t>(d)] == 1 ? 0 : dense[d];
  };
  index_t g_steps[max_rank], out_steps[max_rank], other_steps[max_rank], dense[max_rank];
  engine::dense_strides(ext.data(), R, g_steps);
  engine::dense_strides(own.data(), Q, dense);
  steps_in_batch(out_steps, own, dense);
  gemm::batched_source<T> const mine{.data = g, .row_stride = ext[R - 1], .column_stride = 1, .steps = g_steps};
  engine::bound_operand<T, R, other_t> const bound(value, stretched_operand<R>(ext, value.sizes()));
  gemm::batched_source<T> other = bound.source();
  tensor<T, P> made;
  if constexpr (!decltype(bound)::always_in_memory) if (!bound.in_memory()) {  // to be read transposed, it is evaluated
    made = engine::evaluated<T, P>(value);
    auto const e = made.sizes();
    engine::dense_strides(e.data(), P, dense);
    steps_in_batch(other_steps, e, dense);
    other = {.data = std::as_const(made).data(), .row_stride = dense[P - 2], .column_stride = 1, .steps = other_steps};
  }
  auto const transposed = [](gemm::batched_source<T> s) {
    std::swap(s.row_stride, s.column_stride);
    return s;
  };
  // left (p, depth) right (depth, q)
  gemm::batched_source<T> left = I == 0 ? mine : transposed(other), right = I == 0 ? transposed(other) : mine;
  index_t p = own[Q - 2], q = own[Q - 1];
  if (turned) {
    std::swap(left, right);
    left = transposed(left);
    right = transposed(right);
    std::swap(p, q);
  }
  index_t const sizes[] = {p, q};
  count_kernel([&] { return kernel_note{.what = "product", .type = dtype_of<T>, .ext = sizes, .rank = 2}; });
  gemm::multiply<T>({R - 2, ext.data()}, p, q, I == 0 ? ext[R - 1] : ext[R - 2], left, right,
                    {.data = out, .ld = q, .add = adds, .steps = out_steps});
}
template <unsigned Mask, class P>
WEFT_INLINE constexpr auto without_axes(P const& p) {
  if constexpr (poisoned<P>)
    return p;
  else
    return expr::squeeze_node<Mask, P>(p);
}

}  // namespace ops

// (..., m, k) with (..., k, n), the axes before broadcast; a vector counts as one row on the left, one column on the right.
template <expression A, expression B>
WEFT_INLINE constexpr auto matmul(A const& x, B const& y) {
  if constexpr (poisoned<A, B>) {
    return poison{};
  } else {
    constexpr int P = rank_of<A>, Q = rank_of<B>;
    static_assert(P >= 1 && Q >= 1, "weft: matmul takes operands of one axis or more");
    if constexpr (P == 0 || Q == 0) {
      return poison{};
    } else if constexpr (P == 1 && Q == 1) {
      return ops::without_axes<3u>(ops::multiplied(view_of(stored(x), newaxis, all), view_of(stored(y), all, newaxis), x.sizes(), y.sizes()));
    } else if constexpr (P == 1) {
      return ops::without_axes<1u << (Q - 2)>(ops::multiplied(view_of(stored(x), newaxis, all), stored(y), x.sizes(), y.sizes()));
    } else if constexpr (Q == 1) {
      return ops::without_axes<1u << (P - 1)>(ops::multiplied(stored(x), view_of(stored(y), all, newaxis), x.sizes(), y.sizes()));
    } else {
      return ops::multiplied(stored(x), stored(y), x.sizes(), y.sizes());
    }
  }
}

}  // namespace WEFT_ISA
}  // namespace weft
