// Files: safetensors, alone and in shards, and JSON.
#pragma once
#include <weft/io/any_tensor.hpp>
#include <weft/io/file.hpp>
#include <weft/io/json.hpp>
#include <weft/io/safetensors.hpp>
#include <weft/io/shards.hpp>
