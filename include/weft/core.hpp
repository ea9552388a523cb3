// Values, maps, reductions and products; no gradients, no layers, no files.
#pragma once
#include <weft/expr/create.hpp>
