// What a model is trained to make small, as expressions: they fuse with what they are made of.
//
//   nn::losses::mse_loss(model(x), y)                                       the mean over everything
//   nn::losses::cross_entropy(logits, classes, nn::reduction::mean)         classes: integers (rows), logits (rows, n)
//   nn::losses::cross_entropy(logits, probabilities)                        one loss a row
//   nn::losses::cross_entropy(logits, classes, nn::reduction::mean, {.label_smoothing = 0.1})
//   nn::losses::cross_entropy(logits, classes, weights, nn::reduction::sum) weights (rows)
//
// Reductions are nn::reduction::none, mean and sum; the default is mean for mse_loss, none for cross_entropy.
//
// Public, in weft::nn: losses::mse_loss, losses::cross_entropy, reduction, cross_entropy_options.
#pragma once
#include <weft/ops/statistics.hpp>
#include <weft/ops/create.hpp>
#include <weft/autodiff/statement.hpp>

namespace weft::nn {

namespace reduction {
struct none_t {};
struct mean_t {};
struct sum_t {};
inline constexpr none_t none{};
inline constexpr mean_t mean{};
inline constexpr sum_t sum{};
template <class R>
concept kind = std::is_same_v<R, none_t> || std::is_same_v<R, mean_t> || std::is_same_v<R, sum_t>;
}  // namespace reduction

struct cross_entropy_options {
  double label_smoothing = 0;  // the part of the target that is spread evenly over all classes
};

namespace losses {
inline namespace WEFT_ISA {
namespace parts {

template <class R, class E>
WEFT_INLINE auto reduced(E const& e) {
  if constexpr (std::is_same_v<R, reduction::none_t> || rank_of<E> == 0)
    return e;
  else if constexpr (std::is_same_v<R, reduction::mean_t>)
    return mean(e);
  else
    return sum(e);
}

// Are all of them classes, in [0, n)? (A loop of its own: the statement would be three kernels.)
template <class T>
[[gnu::noinline]] void check_classes(T const* classes, index_t count, index_t n) {
  bool inside = true;
  for (index_t i = 0; i < count; ++i) {
    auto const c = static_cast<index_t>(classes[i]);
    inside = inside & (c >= 0) & (c < n);
  }
  if (!inside) [[unlikely]] fail<index_error>(complaint{"cross_entropy: a class outside the logits' ", n});
}
// 1 at the class of each row, as truth values: (..., 1) against (n). Counted in at least 32 bits: 256 classes are more
// than a uint8 can say. Precondition: a row of logits is shorter than that type's largest number.
template <class Y>
auto is_class(Y const& classes, index_t n) {
  using T = sum_t<element_t<Y>>;
  auto const t = [&] {
    if constexpr (std::is_same_v<T, element_t<Y>>)
      return eval(classes);
    else
      return eval(cast<T>(classes));
  }();
  check_classes(t.data(), t.size(), n);
  if constexpr (rank_of<Y> == 0)
    return arange<T>(static_cast<T>(n)) == t;
  else
    return t(ellipsis, newaxis) == arange<T>(static_cast<T>(n));
}

template <class Z, class Hit>
WEFT_INLINE auto score(Z const& z, Hit const& hit) {
  if constexpr (std::is_same_v<element_t<Hit>, bool>)
    return sum(where(hit, z, element_t<Z>(0)), axis<-1>);
  else
    return sum(z * hit, axis<-1>);
}
// `z`: logits without their row's largest, so that exp is safe.
template <bool Smooth, class Z, class Hit>
WEFT_INLINE auto row_losses(Z const& z, Hit const& hit, double smoothing) {
  using T = element_t<Z>;
  if constexpr (Smooth)
    return log(sum(exp(z), axis<-1>)) - static_cast<T>(1 - smoothing) * score(z, hit) -
           static_cast<T>(smoothing) * mean(z, axis<-1>);
  else
    return log(sum(exp(z), axis<-1>)) - score(z, hit);
}

// What `targets` are as a factor of the logits: truth values for classes, probabilities as they are.
template <class Z, class Y>
auto hits(Z const& logits, Y const& targets) {
  constexpr int R = rank_of<Z>, Q = rank_of<Y>;
  constexpr bool classes = kind_of_type<element_t<Y>> == kind::integer && Q == R - 1;
  constexpr bool probabilities = kind_of_type<element_t<Y>> == kind::floating && Q == R;
  static_assert(classes || probabilities,
                "weft: cross_entropy: targets are integers with one axis less than the logits, or probabilities "
                "with as many");
  auto const s = logits.sizes();
  auto const t = targets.sizes();
  bool same = true;
  for (int i = 0; i < Q; ++i) same = same && s[static_cast<std::size_t>(i)] == t[static_cast<std::size_t>(i)];
  if (!same) fail_shapes("cross_entropy", s.data(), R, t.data(), Q, "differ: logits and targets have the same rows");
  if constexpr (classes)
    return is_class(targets, s[R - 1]);
  else
    return stored_t<Y>(stored(targets));
}

template <bool Smooth, class Z, class Y>
auto cross_entropies(Z const& logits, Y const& targets, double smoothing) {
  static_assert(rank_of<Z> >= 1, "weft: cross_entropy: logits have at least one axis");
  if (!(smoothing >= 0 && smoothing < 1)) [[unlikely]]
    fail<error>(complaint{"cross_entropy: label_smoothing is in [0, 1), not ", smoothing});
  auto const hit = hits(logits, targets);
  if constexpr (order_of<Z> > 0 || order_of<Y> > 0) {
    // The largest is a constant here: whatever is taken from a row, its loss is the same.
    auto const v = eval(logits);
    auto const top = detach(max(v, axis<-1>, keepdims));
    return row_losses<Smooth>(v - top, hit, smoothing);
  } else {
    return expr::shared(stored(logits), [&](auto const& v) {
      return let(v - max(v, axis<-1>, keepdims), [&](auto const& z) { return row_losses<Smooth>(z, hit, smoothing); });
    });
  }
}

template <class R, class E, class W>
auto weighted(E const& rows, W const& weights) {
  auto const s = rows.sizes();
  auto const w = weights.sizes();
  static_assert(rank_of<E> == rank_of<W>, "weft: cross_entropy: there is one weight a row");
  if (s != w)
    fail_shapes("cross_entropy", s.data(), rank_of<E>, w.data(), rank_of<W>, "differ: there is one weight a row");
  return reduced<R>(rows * weights);
}

}  // namespace parts

template <expression P, expression Y, reduction::kind R = reduction::mean_t>
[[nodiscard]] auto mse_loss(P const& predictions, Y const& targets, R = {}) {
  auto const p = predictions.sizes();
  auto const y = targets.sizes();
  static_assert(rank_of<P> == rank_of<Y>, "weft: mse_loss: predictions and targets differ in rank");
  if (p != y)
    fail_shapes("mse_loss", p.data(), rank_of<P>, y.data(), rank_of<Y>,
                "differ: predictions and targets have one shape");
  return parts::reduced<R>(square(predictions - targets));
}

// logsumexp(logits) minus the logit of the class, or the mean logit under the probabilities, along the last axis.
// Probabilities are taken to sum to 1, as MLX takes them: for others the logits are counted from their row's largest,
// which is held constant, so that the gradient is softmax(logits) - probabilities whatever their sum is.
template <expression Z, expression Y, reduction::kind R = reduction::none_t>
[[nodiscard]] auto cross_entropy(Z const& logits, Y const& targets, R = {}) {
  return parts::reduced<R>(parts::cross_entropies<false>(logits, targets, 0));
}
template <expression Z, expression Y, reduction::kind R>
[[nodiscard]] auto cross_entropy(Z const& logits, Y const& targets, R, cross_entropy_options o) {
  return parts::reduced<R>(parts::cross_entropies<true>(logits, targets, o.label_smoothing));
}
template <expression Z, expression Y, expression W, reduction::kind R = reduction::none_t>
[[nodiscard]] auto cross_entropy(Z const& logits, Y const& targets, W const& weights, R = {}) {
  return parts::weighted<R>(parts::cross_entropies<false>(logits, targets, 0), weights);
}
template <expression Z, expression Y, expression W, reduction::kind R>
[[nodiscard]] auto cross_entropy(Z const& logits, Y const& targets, W const& weights, R, cross_entropy_options o) {
  return parts::weighted<R>(parts::cross_entropies<true>(logits, targets, o.label_smoothing), weights);
}

}  // namespace WEFT_ISA
}  // namespace losses
}  // namespace weft::nn
