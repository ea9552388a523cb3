// Optimizers: what turns the gradient of a model into a better model.
#pragma once
#include <weft/core.hpp>
#include <weft/optim/adamw.hpp>
#include <weft/optim/clip.hpp>
#include <weft/optim/sgd.hpp>
