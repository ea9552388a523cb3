// Sinks: results in which several elements of the domain may meet, as the cotangents of broadcast operands do.
//
// A sink is a `result` that gathers: dense memory of `elements`, which the domain reaches with strides of its own. Where the
// strides are 0, or two sinks share memory, several elements of the domain add up in one. Work is cut into tasks by the shape
// alone; a sink in which tasks would meet is private to each, and the private ones are joined pairwise, so that the bits are
// the same for every number of threads.
#pragma once
#include <weft/engine/job.hpp>

#include <cstring>

namespace weft::process {
inline constinit std::int64_t sink_tasks = 0;
}  // namespace weft::process

namespace weft {
inline namespace WEFT_ISA {
namespace engine {

inline constexpr index_t private_bytes = index_t(32) << 20;  // of all tasks' private sinks together

WEFT_INLINE char* memory_of(result const& r) { return static_cast<char*>(r.base) - r.offset * r.type->size; }

// Memory that holds nothing yet: it is stored into where each element is met once, and else begins with zeros. A sink that
// shares memory with an earlier one adds to it. Where the two lie differently in that memory (a tensor and its transpose), an
// element may be met by either first, so that the earlier one adds as well.
// `order`: the sinks in the order in which a pack is stored into them; the `at`-th of them is prepared now.
void prepare_sink(result* all, short const* order, int at, frame const& f, bool fresh);

// The axes of one row: as many of the last ones as lie densely everywhere.
void join_axes_of_sinks(frame& f, leaf const* leaves, int count, result const* r, int results);

// How a sweep with sinks was cut, for tests: tasks of all sweeps so far.
inline std::int64_t sink_tasks() { return __atomic_load_n(&process::sink_tasks, __ATOMIC_RELAXED); }

// How many tensors `all` are of, numbers aside.
int tensors_of(result const* all, int count);

// Precondition: sinks were prepared, in order; j.f.row is set.
void run_with_sinks(job const& j);

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft

#ifndef WEFT_COMPILED
#include <weft/engine/sink_once.hpp>
#endif
