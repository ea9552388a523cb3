// Values, maps, reductions, products and what finds, joins, pads, adds up and sorts elements; no gradients, no layers, no files.
#pragma once
#include <weft/engine/explain.hpp>
#include <weft/engine/several.hpp>
#include <weft/ops/borrow.hpp>
#include <weft/ops/closeness.hpp>
#include <weft/ops/concatenate.hpp>
#include <weft/ops/create.hpp>
#include <weft/ops/pad.hpp>
#include <weft/ops/product.hpp>
#include <weft/ops/scan.hpp>
#include <weft/ops/sort.hpp>
#include <weft/ops/statistics.hpp>
#include <weft/ops/take.hpp>
#include <weft/ops/trigonometric.hpp>
