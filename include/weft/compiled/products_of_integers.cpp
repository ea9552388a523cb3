// weft::compiled: products of integers.
#include <weft/gemm/batch.hpp>
#include <weft/gemm/driver.hpp>
#include <weft/gemm/positions.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace gemm {

WEFT_PRODUCT_OF(, int32)
WEFT_BATCH_OF(, int32)
WEFT_PRODUCT_OF(, int64)
WEFT_BATCH_OF(, int64)
WEFT_PRODUCT_OF(, uint32)
WEFT_BATCH_OF(, uint32)
WEFT_PRODUCT_OF(, uint64)
WEFT_BATCH_OF(, uint64)

}  // namespace gemm
}  // namespace WEFT_ISA
}  // namespace weft
