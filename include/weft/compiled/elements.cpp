// weft::compiled: what is done with tiles of each element type.
#include <weft/engine/leaf.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace engine {

#define WEFT_TILES(T) WEFT_TILES_OF(, T) WEFT_LEAVES_OF(, T)
WEFT_EACH_ELEMENT(WEFT_TILES)

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft
