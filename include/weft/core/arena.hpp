// Scratch for tiles: memory that a scope takes and gives back as a whole, from a piece that the thread keeps.
//
//   weft::arena_scope scope;
//   float* tile = scope.take<float>(rows * columns);  // tile (rows, columns), aligned to 64 bytes, not initialised
//
// Scopes nest and end in reverse order. After the first rounds there is one piece, large enough, and taking is an
// addition. For the address sanitizer, what is not taken is poisoned and 64 poisoned bytes follow all that is.
#pragma once
#include <weft/config.hpp>
#include <weft/core/dtype.hpp>
#include <weft/core/memory.hpp>

#include <cstddef>
#include <type_traits>

namespace weft {
namespace process {

// Pieces in the order of use, each a block of the cache whose `context` is the next one.
struct arena_state {
  block* first;
  block* current;
  std::size_t used;  // of the current one
  std::size_t wanted;
  std::size_t scopes;  // that live: pieces are merged when the last one ends, never under one that remembers its own
  bool registered;
};
WEFT_THREAD_LOCAL inline constinit thread_local arena_state arena{};

}  // namespace process

inline namespace WEFT_ISA {
namespace blocks {

inline constexpr std::size_t arena_start = std::size_t{1} << 18;
inline constexpr std::size_t arena_kept = std::size_t{1} << 26;  // what is larger goes back to the cache

WEFT_INLINE block* next_piece(block const* b) { return static_cast<block*>(b->alive.context); }

// Moves to the next piece that has room for `bytes`.
[[gnu::cold]] void grow_arena(process::arena_state& a, std::size_t bytes);

// Gives all pieces back.
void free_arena(process::arena_state& a);

// The outermost scope needed several pieces: the next one starts with a single piece of their size.
[[gnu::cold]] void merge_arena(process::arena_state& a);

}  // namespace blocks

struct arena_scope {
  WEFT_INLINE arena_scope() : piece_(process::arena.current), used_(process::arena.used) {
    process::arena.scopes += 1;
  }
  arena_scope(arena_scope const&) = delete;
  arena_scope& operator=(arena_scope const&) = delete;

  WEFT_INLINE ~arena_scope() {
    process::arena_state& a = process::arena;
#if WEFT_ADDRESS_SANITIZER
    for (process::block* b = piece_ ? piece_ : a.first; b; b = blocks::next_piece(b)) {
      std::size_t const from = b == piece_ ? used_ : 0;
      blocks::poison(static_cast<char*>(b->data) + from, b->bytes - from);
    }
#endif
    a.current = piece_ ? piece_ : a.first;
    a.used = used_;
    a.scopes -= 1;
    if (a.scopes == 0 && a.first && (a.first->alive.context || a.first->bytes > blocks::arena_kept)) {
      blocks::merge_arena(a);
    }
  }

  // Room for `count` elements, until the scope ends. Precondition: count >= 0, and no scope opened later still lives.
  template <class T>
    requires std::is_trivially_destructible_v<T>
  [[nodiscard]] WEFT_INLINE T* take(index_t count) {
    static_assert(alignof(T) <= 64);
    process::arena_state& a = process::arena;
    std::size_t const bytes = static_cast<std::size_t>(count) * sizeof(T);
    std::size_t const step = ((bytes + 63) & ~std::size_t{63}) + (WEFT_ADDRESS_SANITIZER ? 64 : 0);
    if (!a.current || a.current->bytes - a.used < step) blocks::grow_arena(a, step);
    char* const p = static_cast<char*>(a.current->data) + a.used;
    a.used += step;
    blocks::unpoison(p, bytes);
    return reinterpret_cast<T*>(p);
  }

 private:
  process::block* piece_;
  std::size_t used_;
};

}  // namespace WEFT_ISA
}  // namespace weft

#ifndef WEFT_COMPILED
#include <weft/core/arena_once.hpp>
#endif
