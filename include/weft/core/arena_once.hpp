// What of weft/core/arena.hpp is compiled once: how an arena grows.
#pragma once
#include <weft/core/arena.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace blocks {

WEFT_ONCE void free_arena(process::arena_state& a) {
  while (a.first) {
    block* const next = next_piece(a.first);
    give_back_block(a.first);
    a.first = next;
  }
  a.current = nullptr;
  a.used = 0;
}

struct arena_exit {
  arena_exit() = default;
  arena_exit(arena_exit const&) = delete;
  arena_exit& operator=(arena_exit const&) = delete;
  ~arena_exit() { free_arena(process::arena); }
};

[[gnu::cold, gnu::noinline]] WEFT_ONCE void grow_arena(process::arena_state& a, std::size_t bytes) {
  if (!a.registered) {
    a.registered = true;
    static thread_local arena_exit at_exit;
    static_cast<void>(&at_exit);
  }
  block* next = a.current ? next_piece(a.current) : nullptr;
  if (!next || next->bytes < bytes) {
    std::size_t size = a.current ? a.current->bytes : arena_start;  // merged into one when the outermost scope ends
    if (!a.current && size < a.wanted) size = a.wanted;
    if (size < bytes) size = bytes;
    block* const b = take_block(size);
    poison(b->data, size);
    b->alive.context = next;
    if (a.current) {
      a.current->alive.context = b;
    } else {
      a.first = b;
    }
    next = b;
  }
  a.current = next;
  a.used = 0;
}

[[gnu::cold, gnu::noinline]] WEFT_ONCE void merge_arena(process::arena_state& a) {
  std::size_t total = 0;
  for (block* b = a.first; b; b = next_piece(b)) total += b->bytes;
  free_arena(a);
  a.wanted = total <= arena_kept ? total : 0;
}

}  // namespace blocks
}  // namespace WEFT_ISA
}  // namespace weft
