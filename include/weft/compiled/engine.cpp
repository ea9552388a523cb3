// weft::compiled: memory, threads, and how kernels are led over tiles. (Built with WEFT_COMPILED, as its users are.)
#include <weft/core/arena_once.hpp>
#include <weft/core/errors_once.hpp>
#include <weft/core/memory_once.hpp>
#include <weft/core/shape_once.hpp>
#include <weft/core/storage_once.hpp>
#include <weft/core/threads_once.hpp>
#include <weft/engine/job_once.hpp>
#include <weft/engine/leaf_once.hpp>
#include <weft/engine/sink_once.hpp>
#include <weft/expr/axes_once.hpp>
#include <weft/simd/registers_once.hpp>

namespace weft {
inline namespace WEFT_ISA {

WEFT_FAIL_OF(, error)
WEFT_FAIL_OF(, shape_error)
WEFT_FAIL_OF(, index_error)
WEFT_FAIL_OF(, dtype_error)
WEFT_FAIL_OF(, format_error)
WEFT_FAIL_OF(, io_error)
WEFT_FAIL_OF(, autograd_error)

}  // namespace WEFT_ISA
}  // namespace weft
