// Values, maps, reductions and products; no gradients, no layers, no files.
#pragma once
#include <weft/eval/explain.hpp>
#include <weft/eval/several.hpp>
#include <weft/expr/borrow.hpp>
#include <weft/expr/compose.hpp>
#include <weft/expr/create.hpp>
