// weft::compiled: memory, threads, and how kernels are led over tiles. (Built with WEFT_COMPILED, as its users are.)
#include <weft/core/arena_once.hpp>
#include <weft/core/memory_once.hpp>
#include <weft/core/shape_once.hpp>
#include <weft/core/storage_once.hpp>
#include <weft/core/threads_once.hpp>
#include <weft/engine/job_once.hpp>
#include <weft/engine/leaf_once.hpp>
#include <weft/engine/sink_once.hpp>
#include <weft/expr/axes_once.hpp>
