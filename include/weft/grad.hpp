// Gradients: tracked tensors, and the transforms that make them (grad, value_and_grad, vjp, check_gradients), and what they run (explain).
#pragma once
#include <weft/core.hpp>
#include <weft/autodiff/check_gradients.hpp>
#include <weft/autodiff/explain.hpp>
#include <weft/autodiff/transforms.hpp>
