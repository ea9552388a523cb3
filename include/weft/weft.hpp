// All of weft: values, maps, reductions and products (core.hpp), printing, random numbers, gradients, models,
// optimizers and files.
#pragma once
#include <weft/core.hpp>
#include <weft/expr/print.hpp>
#include <weft/ops/random.hpp>
#include <weft/grad.hpp>
#include <weft/io.hpp>
#include <weft/nn.hpp>
#include <weft/optim.hpp>
