// Values, maps, reductions and products; no gradients, no layers, no files.
#pragma once
#include <weft/engine/explain.hpp>
#include <weft/engine/several.hpp>
#include <weft/expr/borrow.hpp>
#include <weft/ops/closeness.hpp>
#include <weft/ops/create.hpp>
#include <weft/ops/product.hpp>
#include <weft/ops/statistics.hpp>
#include <weft/ops/trigonometric.hpp>
