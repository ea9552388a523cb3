// All of weft.
#pragma once
#include <weft/io.hpp>
#include <weft/nn.hpp>
#include <weft/optim.hpp>
#include <weft/weft.hpp>
