// Models: parameters, layers, losses, and their weights in files.
#pragma once
#include <weft/core.hpp>
#include <weft/nn/init.hpp>
#include <weft/nn/linear.hpp>
#include <weft/nn/losses.hpp>
#include <weft/nn/module.hpp>
#include <weft/nn/summary.hpp>
#include <weft/nn/weights.hpp>
