// weft::compiled: backward passes, random numbers and the updates of optimizers.
#include <weft/autodiff/sweep_once.hpp>
#include <weft/autodiff/uneven_once.hpp>
#include <weft/ops/random.hpp>
#include <weft/optim.hpp>

namespace weft {
namespace random {
inline namespace WEFT_ISA {
namespace detail {
WEFT_RANDOM_OF(, float)
WEFT_RANDOM_OF(, double)
}  // namespace detail
}  // namespace WEFT_ISA
}  // namespace random
namespace optim {
inline namespace WEFT_ISA {
WEFT_ADAMW_OF(, float)
WEFT_ADAMW_OF(, double)
WEFT_SGD_OF(, float)
WEFT_SGD_OF(, double)
}  // namespace WEFT_ISA
}  // namespace optim
}  // namespace weft
