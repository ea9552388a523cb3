// What of weft/core/storage.hpp is compiled once: the ends of a buffer.
#pragma once
#include <weft/core/storage.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace blocks {

[[gnu::cold, gnu::noinline]] WEFT_ONCE void drop_derived_forms(block* b) {
  derived_form* form = b->alive.derived;
  b->alive.derived = nullptr;
  while (form) {
    derived_form* const next = form->next;
    form->drop(form);
    form = next;
  }
}

[[gnu::noinline]] WEFT_ONCE block* foreign_block(owner o, void* data, std::size_t bytes, void (*release)(void*),
                                              void* context) {
  block* const b = take_block(0);
  b->data = data;
  b->bytes = bytes;
  b->owner = o;
  b->alive.release = release;
  b->alive.context = context;
  return b;
}

[[gnu::noinline]] WEFT_ONCE void end_block(block* b) noexcept {
  if (b->alive.derived) drop_derived_forms(b);
  if (b->owner != owner::cache) {
    if (b->alive.release) b->alive.release(b->alive.context);
    b->data = b + 1;
    b->bytes = 0;
  }
  give_back_block(b);
}

[[gnu::noinline]] WEFT_ONCE void add_shared_holder(block* b) noexcept {
  if (b) __atomic_fetch_add(&b->holders, 1, __ATOMIC_RELAXED);
}

[[gnu::noinline]] WEFT_ONCE void release_holder(block* b) noexcept {
  if (__atomic_load_n(&b->holders, __ATOMIC_ACQUIRE) != 1 && __atomic_sub_fetch(&b->holders, 1, __ATOMIC_ACQ_REL) != 0)
    return;
  end_block(b);
}

}  // namespace blocks
}  // namespace WEFT_ISA
}  // namespace weft
