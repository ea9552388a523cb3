// What a transform runs: the kernels of the function, of its backward pass, and what is kept in between.
//
//   std::cout << explain(value_and_grad(f), x, y);
//
//   forward
//     kernel 1: matmul -> float32(8, 3)
//   kept: 1 statement, 96 bytes
//   last statement, forward and back
//     kernel 2: backward sweep over float32(8, 3) into 1 tensor: subtract square d square
//   backward
//     kernel 3: product -> float32(4, 3)
//
// The transform is run once, and each kernel that runs is told (core/listener.hpp): there is no second opinion that could
// differ. Where a kernel goes over its rows in several passes, `|` stands between their steps.
#pragma once
#include <weft/core/listener.hpp>
#include <weft/engine/explain.hpp>
#include <weft/autodiff/transforms.hpp>

#include <string>

namespace weft {

// `kernels` of all phases, and the scratch that one takes at most, a thread.
struct gradient_explanation : explained {
  int forward = 0;           // of the statements before the last one
  int last = 0;              // of the last statement, which goes forward and back in one sweep where it can
  int backward = 0;          // of what is left to be run back
  int statements = 0;        // on the tape when the backward pass begins
  index_t kept_bytes = 0;    // that the tape and the function's values hold then, arguments aside
};

inline namespace WEFT_ISA {
namespace autodiff {

// Writes down what it is told, while it lives.
struct journal final : listener {
  gradient_explanation x;
  phase now = phase::forward;
  bool named = false;  // `now`, in the text
  std::int64_t before = memory_stats().bytes_in_use;
  listener* const outer = process::listening;

  journal() { process::listening = this; }
  journal(journal const&) = delete;
  ~journal() { process::listening = outer; }

  void kernel(kernel_note const& n) override {
    static constexpr char const* phases[] = {"forward\n", "last statement, forward and back\n", "backward\n"};
    if (!named) x.text += phases[static_cast<int>(now)];
    named = true;
    (now == phase::forward ? x.forward : now == phase::last ? x.last : x.backward) += 1;
    std::string sizes = to_text(n.ext, n.rank);
    if (n.tensors >= 0) sizes += " into " + std::to_string(n.tensors) + (n.tensors == 1 ? " tensor" : " tensors");
    std::string line = "  kernel " + std::to_string(++x.kernels) + ": " +
                       explained::of_kernel(n.what, n.tensors >= 0 ? " over " : " -> ", n.type, sizes, n.passes);
    if (n.steps && *n.steps) line += std::string(": ") + n.steps;
    x.text += line + "\n";
    if (n.scratch_bytes > x.scratch_bytes) x.scratch_bytes = n.scratch_bytes;
  }
  void begins(phase p, int records) override {
    if (now == phase::forward) {
      x.statements = records;
      x.kept_bytes = static_cast<index_t>(memory_stats().bytes_in_use - before);
      x.text += "kept: " + std::to_string(records) + (records == 1 ? " statement, " : " statements, ") +
                std::to_string(x.kept_bytes) + " bytes\n";
    }
    now = p;
    named = false;
  }
};

}  // namespace autodiff

// Of value_and_grad(f), grad(f) or vjp(f, cotangent), with its arguments. Kernels that f runs are among them.
template <class F, class Seed, int... W, class... X>
[[nodiscard]] gradient_explanation explain(autodiff::transform<F, Seed, W...> const& f, X const&... x) {
  autodiff::journal told;
  (void)f(x...);
  return std::move(told.x);
}
template <class F, int... W, class... X>
[[nodiscard]] gradient_explanation explain(autodiff::gradient_alone<F, W...> const& f, X const&... x) {
  return explain(f.both, x...);
}

}  // namespace WEFT_ISA
}  // namespace weft
