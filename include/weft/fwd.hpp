// Names only.
#pragma once
#include <weft/config.hpp>
#include <weft/core/dtype.hpp>
#include <weft/core/shape.hpp>

namespace weft {

template <class T, auto S>
class tensor;

template <class T, int R>
class borrowed;

}  // namespace weft
