// Values, maps, reductions, products (core.hpp) and gradients, printing and random numbers. Models, optimizers and files have
// headers of their own beside this one: weft/nn.hpp, weft/optim.hpp, weft/io.hpp; weft/all.hpp is everything.
#pragma once
#include <weft/core.hpp>
#include <weft/ops/print.hpp>
#include <weft/grad.hpp>
#include <weft/ops/random.hpp>
