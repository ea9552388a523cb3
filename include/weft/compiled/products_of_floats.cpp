// weft::compiled: products of floats.
#include <weft/gemm/batch.hpp>
#include <weft/gemm/driver.hpp>
#include <weft/gemm/positions.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace gemm {

WEFT_PRODUCT_OF(, float)
WEFT_BATCH_OF(, float)
WEFT_PRODUCT_OF(, double)
WEFT_BATCH_OF(, double)

}  // namespace gemm
}  // namespace WEFT_ISA
}  // namespace weft
