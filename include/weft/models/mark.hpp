// Places on tapes (autodiff/tape.hpp), as tracked values and parameters remember them. Shared by units built for different
// instruction sets.
#pragma once
#include <weft/config.hpp>

#include <cstdint>

namespace weft::models {

// The number of a tape and of the record on it that made a value.
struct slot {
  std::uint64_t tape = 0;  // 0: a constant
  std::uint32_t index = 0;
};

// The place on a tape that a transform gave to a parameter, and the transform's order. Other threads may ask at the same
// time whose it is (plain data through a model that is being differentiated), so it is read and written without a race.
class mark {
  std::uint64_t tape = 0;
  std::uint32_t index = 0;
  int level = 0;

 public:
  WEFT_ALWAYS_INLINE mark() = default;
  WEFT_ALWAYS_INLINE mark(mark const& o) noexcept { set(o, o.order()); }
  WEFT_ALWAYS_INLINE mark& operator=(mark const& o) noexcept {
    set(o, o.order());
    return *this;
  }
  WEFT_ALWAYS_INLINE void set(slot place, int order) noexcept {
    __atomic_store_n(&tape, place.tape, __ATOMIC_RELAXED);
    __atomic_store_n(&index, place.index, __ATOMIC_RELAXED);
    __atomic_store_n(&level, order, __ATOMIC_RELAXED);
  }
  WEFT_ALWAYS_INLINE operator slot() const noexcept {
    return {__atomic_load_n(&tape, __ATOMIC_RELAXED), __atomic_load_n(&index, __ATOMIC_RELAXED)};
  }
  WEFT_ALWAYS_INLINE int order() const noexcept { return __atomic_load_n(&level, __ATOMIC_RELAXED); }
};

}  // namespace weft::models
