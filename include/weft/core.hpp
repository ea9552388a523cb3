// Values, maps, reductions and products; no gradients, no layers, no files.
#pragma once
#include <weft/engine/explain.hpp>
#include <weft/engine/several.hpp>
#include <weft/expr/borrow.hpp>
#include <weft/expr/compose.hpp>
#include <weft/expr/create.hpp>
#include <weft/ops/product.hpp>
