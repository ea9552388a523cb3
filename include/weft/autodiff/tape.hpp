// The tape: what happened to tracked values, one record a statement, run backwards in a loop.
//
//   weft::tape_stats().records     records made so far on this thread
//
// A tracked value names its place by a `slot`: the number of a tape and of the record that made it. Numbers of tapes
// are never used twice and are looked up among the tapes that live on this thread, so a value that outlives its
// transform is a constant, never a dangling pointer. The gradient of a slot is stored in the record that made it.
//
// The types here are shared by units built for different instruction sets; what computes is behind `backward`.
//
// Public: tape, tape_stats, tape_statistics.
#pragma once
#include <weft/config.hpp>
#include <weft/core/dtype.hpp>
#include <weft/models/mark.hpp>

#include <cstdint>
#include <vector>

namespace weft {

struct tape;

namespace autograd {

using models::slot;

struct record {
  record() = default;
  record(record const&) = delete;
  record& operator=(record const&) = delete;
  virtual ~record() = default;
  // Adds to the gradients of earlier slots. Called once, after all later records.
  virtual void backward(tape&) {}
  bool stays = false;  // its gradient is read after the run
};

struct thread_state {
  tape* innermost = nullptr;
  std::int64_t records = 0;
  std::int64_t live = 0;
};
inline constinit thread_local thread_state here{};

// One of each in a process: a value may wander from thread to thread.
inline constinit std::uint64_t last_tape = 0;

// Tapes that live on some thread: the number is at its remainder, unless another one is there. Cheap, never wrong
// about a tape that it has, and good enough to tell a mistake.
inline constexpr std::uint64_t living_room = 64;
inline constinit std::uint64_t living[living_room] = {};

WEFT_ALWAYS_INLINE bool lives(std::uint64_t tape) {
  return tape != 0 && __atomic_load_n(&living[tape % living_room], __ATOMIC_RELAXED) == tape;
}
WEFT_ALWAYS_INLINE void exchange_living(std::uint64_t at, std::uint64_t from, std::uint64_t to) {
  std::uint64_t& place = living[at % living_room];
  if (__atomic_load_n(&place, __ATOMIC_RELAXED) == from) __atomic_store_n(&place, to, __ATOMIC_RELAXED);
}

}  // namespace autograd

// Lives on the stack of the transform that makes it. `order`: which leaves it records.
struct tape {
  std::uint64_t number;
  int order;
  tape* outer;
  std::vector<autograd::record*> records;  // its own; null: gone

  WEFT_ALWAYS_INLINE explicit tape(int n)
      : number(__atomic_add_fetch(&autograd::last_tape, 1, __ATOMIC_RELAXED)),
        order(n),
        outer(autograd::here.innermost) {
    autograd::here.innermost = this;
    autograd::exchange_living(number, 0, number);
  }
  tape(tape const&) = delete;
  tape& operator=(tape const&) = delete;
  WEFT_ALWAYS_INLINE ~tape() {
    autograd::exchange_living(number, number, 0);
    autograd::here.innermost = outer;
    autograd::here.live -= static_cast<std::int64_t>(records.size());
    for (std::size_t i = records.size(); i-- > 0;) delete records[i];  // newest first
  }

  // `r` is new, and the tape's from now on.
  WEFT_ALWAYS_INLINE autograd::slot add(autograd::record* r) {
    records.push_back(r);
    ++autograd::here.live;
    return {number, static_cast<std::uint32_t>(records.size() - 1)};
  }
  // Newest first. Each record goes after its turn, and the buffers that only it held with it.
  WEFT_ALWAYS_INLINE void run() {
    for (std::size_t i = records.size(); i-- > 0;) {
      if (!records[i]) continue;
      records[i]->backward(*this);
      if (records[i]->stays) continue;
      delete records[i];
      records[i] = nullptr;
    }
  }
};

namespace autograd {

// The living tape that a slot belongs to, or none.
WEFT_ALWAYS_INLINE tape* find(slot s) {
  if (s.tape != 0)
    for (tape* t = here.innermost; t; t = t->outer)
      if (t->number == s.tape) return t;
  return nullptr;
}

}  // namespace autograd

struct tape_statistics {
  std::int64_t records = 0;  // made so far: statements, not arguments
  std::int64_t live = 0;     // on the tapes that record now, arguments included
};

WEFT_ALWAYS_INLINE tape_statistics tape_stats() { return {autograd::here.records, autograd::here.live}; }

}  // namespace weft
