// The sizes of blocks and tiles. They decide no value's type and, but for `block` and the column blocks, no bit of a result.
//
// With WEFT_SMALL_BLOCKS they are so small that a test of a few hundred elements meets every boundary.
#pragma once
#include <weft/core/shape.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace engine {

#if defined(WEFT_SMALL_BLOCKS) && WEFT_SMALL_BLOCKS
inline constexpr index_t block = 64;              // elements of a row added up before their sum is put aside
inline constexpr index_t column_block = 8;        // rows of a column added up before their sums are put aside
inline constexpr index_t strip_columns = 64;      // columns that are added up together
inline constexpr index_t square_side = 16;        // tiles of transposed operands
inline constexpr index_t staged_columns = 64;     // ... of operands that are filled in along the row
inline constexpr index_t staged_elements = 256;   // of a tile whose rows go through scratch
inline constexpr index_t staged_rows = 16;
inline constexpr index_t task_elements = 128;     // what a task is worth at least
inline constexpr index_t threads_from = 256;      // elements times cost from which threads pay
#else
inline constexpr index_t block = 8192;
inline constexpr index_t column_block = 256;
inline constexpr index_t strip_columns = 2048;
inline constexpr index_t square_side = 64;
inline constexpr index_t staged_columns = 1024;
inline constexpr index_t staged_elements = 4096;
inline constexpr index_t staged_rows = 64;
inline constexpr index_t task_elements = index_t(1) << 15;
inline constexpr index_t threads_from = index_t(1) << 17;
#endif
inline constexpr index_t column_scratch = index_t(1) << 16;  // bytes of sums that threads make before they are joined

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft
