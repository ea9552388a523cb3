// weft::compiled: rows of each element type in order.
#include <weft/ops/sort_once.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace ops {

#define WEFT_SORTING(T) WEFT_SORTING_OF(, T)
WEFT_EACH_ELEMENT(WEFT_SORTING)

}  // namespace ops
}  // namespace WEFT_ISA
}  // namespace weft
