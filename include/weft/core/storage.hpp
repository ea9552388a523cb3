// The handle to a buffer: counted, one pointer wide, copied and destroyed in a nanosecond or two.
//
//   weft::storage a = weft::storage::allocate(4096);   // ours: data aligned to 64 bytes, not initialised
//   weft::storage b = a;                               // the same buffer; a.holders() == 2
//   weft::storage c = weft::storage::borrow(p, n);     // the user's: never freed
//   weft::storage d = weft::storage::map(p, n, f, x);  // f(x) is called when the last holder goes
//
// A buffer may carry derived forms (packed weights); whoever writes to it calls drop_derived() first.
//
// The count is plain while the process has never started a thread and atomic from then on. The type is shared by
// units built for different instruction sets: every member is inlined always, even without optimisation, and uses
// nothing from std, so no unit can end up calling a copy of a member that was compiled with another's flags.
// What is too long to inline lives in the inline namespace of the instruction set (weft/core/memory.hpp).
#pragma once
#include <weft/config.hpp>
#include <weft/core/memory.hpp>

#include <cstddef>
#include <cstdint>

#if defined(__has_include)
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define WEFT_SINGLE_THREADED __libc_single_threaded
#endif
#endif
#ifndef WEFT_SINGLE_THREADED
#define WEFT_SINGLE_THREADED 0
#endif

namespace weft::process {

// Base of what a buffer carries besides its data. `key` says what it is: the address of a variable in the inline
// namespace of the instruction set that made it, since another one packs differently.
struct derived_form {
  derived_form* next;
  void const* key;
  void (*drop)(derived_form*);
};

}  // namespace weft::process

namespace weft {
inline namespace WEFT_ISA {
namespace blocks {

using process::derived_form;
using process::owner;

[[gnu::cold]] void drop_derived_forms(block* b);

// A block of the cache whose data pointer is aimed at memory that is not ours.
block* foreign_block(owner o, void* data, std::size_t bytes, void (*release)(void*),
                                              void* context);

void end_block(block* b) noexcept;

// One holder more, where there may be threads. (Nothing for an empty handle.)
void add_shared_holder(block* b) noexcept;
// One holder goes. The only holder needs no locked instruction: nobody can join it.
void release_holder(block* b) noexcept;

}  // namespace blocks
}  // namespace WEFT_ISA

class storage {
 public:
  WEFT_ALWAYS_INLINE constexpr storage() noexcept : block_(nullptr) {}
  WEFT_ALWAYS_INLINE storage(storage const& other) noexcept : block_(other.block_) { add_holder(); }
  WEFT_ALWAYS_INLINE storage(storage&& other) noexcept : block_(other.block_) { other.block_ = nullptr; }
  WEFT_ALWAYS_INLINE ~storage() { remove_holder(); }

  WEFT_ALWAYS_INLINE storage& operator=(storage const& other) noexcept {
    process::block* const b = other.block_;
    other.add_holder();  // first: `other` may be this handle, or live in the buffer that goes
    remove_holder();
    block_ = b;
    return *this;
  }
  WEFT_ALWAYS_INLINE storage& operator=(storage&& other) noexcept {
    process::block* const b = other.block_;
    other.block_ = nullptr;
    process::block* const mine = block_;
    block_ = b;
    storage const old(mine);
    return *this;
  }
  WEFT_ALWAYS_INLINE void swap(storage& other) noexcept {
    process::block* const b = block_;
    block_ = other.block_;
    other.block_ = b;
  }

  // The data is aligned to 64 bytes (to 2 MiB from that size on) and not initialised.
  [[nodiscard]] WEFT_ALWAYS_INLINE static storage allocate(std::size_t bytes) {
    return storage(blocks::take_block(bytes));
  }
  // Memory that somebody else frees, after the last holder has gone.
  [[nodiscard]] WEFT_ALWAYS_INLINE static storage borrow(void* data, std::size_t bytes) {
    return storage(blocks::foreign_block(process::owner::borrowed, data, bytes, nullptr, nullptr));
  }
  // Memory that release(context) ends: a mapped file, another library's array.
  [[nodiscard]] WEFT_ALWAYS_INLINE static storage map(void* data, std::size_t bytes, void (*release)(void* context),
                                                      void* context) {
    return storage(blocks::foreign_block(process::owner::mapped, data, bytes, release, context));
  }

  WEFT_ALWAYS_INLINE explicit operator bool() const noexcept { return block_ != nullptr; }
  WEFT_ALWAYS_INLINE friend bool operator==(storage const& a, storage const& b) noexcept {
    return a.block_ == b.block_;
  }

  // All below: null, 0 or false for an empty handle.
  WEFT_ALWAYS_INLINE void* data() const noexcept { return block_ ? block_->data : nullptr; }
  WEFT_ALWAYS_INLINE std::size_t bytes() const noexcept { return block_ ? block_->bytes : 0; }
  WEFT_ALWAYS_INLINE long holders() const noexcept {
    return block_ ? static_cast<long>(__atomic_load_n(&block_->holders, __ATOMIC_ACQUIRE)) : 0;
  }
  // True means that no other handle exists, and that what other holders did with the data happened before.
  WEFT_ALWAYS_INLINE bool unique() const noexcept { return holders() == 1; }
  WEFT_ALWAYS_INLINE bool borrowed() const noexcept { return block_ && block_->owner == process::owner::borrowed; }
  WEFT_ALWAYS_INLINE bool mapped() const noexcept { return block_ && block_->owner == process::owner::mapped; }

  // Readers of one buffer may look for and add derived forms concurrently.
  WEFT_ALWAYS_INLINE process::derived_form* find_derived(void const* key) const noexcept {
    if (!block_) return nullptr;
    process::derived_form* form = __atomic_load_n(&block_->alive.derived, __ATOMIC_ACQUIRE);
    while (form && form->key != key) form = form->next;
    return form;
  }
  // The buffer takes `form` over. Two threads may each add one of the same key: the newer is found.
  WEFT_ALWAYS_INLINE void add_derived(process::derived_form* form) const noexcept {
    form->next = __atomic_load_n(&block_->alive.derived, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&block_->alive.derived, &form->next, form, true, __ATOMIC_RELEASE,
                                        __ATOMIC_RELAXED)) {
    }
  }
  // Before writing to the data. Precondition: unique(), or borrowed memory that nobody reads now.
  WEFT_ALWAYS_INLINE void drop_derived() const noexcept {
    if (block_ && block_->alive.derived) blocks::drop_derived_forms(block_);
  }

 private:
  process::block* block_;

  WEFT_ALWAYS_INLINE explicit storage(process::block* b) noexcept : block_(b) {}

  // The rare ends are out of line: an expression of ten leaves has ten of these.
  WEFT_ALWAYS_INLINE void add_holder() const noexcept {
    if (block_ && WEFT_SINGLE_THREADED)
      block_->holders += 1;
    else
      blocks::add_shared_holder(block_);
  }
  WEFT_ALWAYS_INLINE void remove_holder() const noexcept {
    if (!block_) return;
    if (WEFT_SINGLE_THREADED && block_->holders > 1) {
      block_->holders -= 1;
    } else {
      blocks::release_holder(block_);
    }
  }
};

static_assert(sizeof(storage) == sizeof(void*));

}  // namespace weft

#ifndef WEFT_COMPILED
#include <weft/core/storage_once.hpp>
#endif
