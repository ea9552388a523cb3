// Kernels are counted, and told to whoever listens on this thread: `explain` of a gradient (autodiff/explain.hpp) prints what ran.
//
//   count_kernel([&] { return kernel_note{.what = "columns, added up in strips", .type = dtype_of<T>, .ext = e, .rank = 2}; });
#pragma once
#include <weft/core/memory.hpp>
#include <weft/core/dtype.hpp>

namespace weft {

// Of one run of a kernel, by whom runs it.
struct kernel_note {
  char const* what;
  dtype type{};
  index_t const* ext = nullptr;  // of the result, or of the domain of several
  int rank = 0;
  int passes = 1;                // over each row
  char const* steps = nullptr;   // of its program, pass by pass
  int tensors = -1;              // a backward sweep: into how many it adds
  index_t scratch_bytes = 0;     // a thread
};
enum class phase { forward, last, backward };

struct listener {
  int depth = 0;  // of transforms in transforms
  virtual void kernel(kernel_note const& n) = 0;
  // The outermost transform begins with this; `records` statements are on its tape.
  virtual void begins(phase p, int records) = 0;

 protected:
  ~listener() = default;
};

namespace process {
WEFT_THREAD_LOCAL inline constinit thread_local listener* listening = nullptr;
}  // namespace process

inline namespace WEFT_ISA {

template <class Note>
WEFT_INLINE void count_kernel(Note const& note) {
  counters().kernels += 1;
  if (process::listening) [[unlikely]]
    process::listening->kernel(note());
}

}  // namespace WEFT_ISA
}  // namespace weft
