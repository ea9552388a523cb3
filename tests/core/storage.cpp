#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <weft/core/storage.hpp>

#include <cstdint>
#include <cstring>
#include <new>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

using weft::storage;

static_assert(sizeof(storage) == sizeof(void*));
static_assert(std::is_nothrow_move_constructible_v<storage> && std::is_nothrow_copy_constructible_v<storage>);
static_assert(!std::is_convertible_v<storage, bool>);

TEST_CASE("an empty handle answers every question") {
  storage const s;
  CHECK_FALSE(s);
  CHECK(s.data() == nullptr);
  CHECK(s.bytes() == 0);
  CHECK(s.holders() == 0);
  CHECK_FALSE(s.unique());
  CHECK_FALSE(s.borrowed());
  CHECK_FALSE(s.mapped());
  CHECK(s.find_derived(&s) == nullptr);
  s.drop_derived();
  storage const copy = s;
  CHECK(copy == s);
}

TEST_CASE("data is aligned and as large as asked for, whatever the size") {
  std::vector<storage> all;
  for (std::size_t bytes : {0ul, 1ul, 63ul, 64ul, 65ul, 256ul, 257ul, 4096ul, 65536ul, 65537ul, 1ul << 20,
                            (2ul << 20) - 1, 2ul << 20, (2ul << 20) + 1, 5ul << 20}) {
    storage const s = storage::allocate(bytes);
    CAPTURE(bytes);
    CHECK(s.bytes() == bytes);
    CHECK(reinterpret_cast<std::uintptr_t>(s.data()) % 64 == 0);
    if (bytes != 0) std::memset(s.data(), static_cast<int>(all.size()), bytes);
    all.push_back(s);
  }
  for (std::size_t i = 0; i != all.size(); ++i) {  // no two overlap
    auto const* p = static_cast<unsigned char const*>(all[i].data());
    std::size_t wrong = 0;
    for (std::size_t k = 0; k != all[i].bytes(); ++k) wrong += p[k] != i;
    CHECK(wrong == 0);
  }
}

TEST_CASE("copies count, moves do not") {
  storage a = storage::allocate(16);
  CHECK(a.unique());
  storage b = a;
  CHECK(a.holders() == 2);
  CHECK(a == b);
  CHECK_FALSE(a.unique());
  storage c = std::move(b);
  CHECK_FALSE(b);
  CHECK(a.holders() == 2);
  c = storage();
  CHECK(a.unique());
}

TEST_CASE("assignment") {
  storage a = storage::allocate(16);
  storage b = storage::allocate(32);
  storage const a_too = a;

  SUBCASE("copy") {
    a = b;
    CHECK(a == b);
    CHECK(b.holders() == 2);
    CHECK(a_too.unique());
  }
  SUBCASE("move") {
    a = std::move(b);
    CHECK(a.bytes() == 32);
    CHECK_FALSE(b);
    CHECK(a.unique());
    CHECK(a_too.unique());
  }
  SUBCASE("to itself") {
    storage& same = a;
    a = same;
    CHECK(a == a_too);
    CHECK(a.holders() == 2);
    a = std::move(same);
    CHECK(a == a_too);
    CHECK(a.holders() == 2);
  }
  SUBCASE("to another handle of the same buffer") {
    storage c = a;
    a = c;
    CHECK(a.holders() == 3);
    a = std::move(c);
    CHECK(a.holders() == 2);
  }
  SUBCASE("swap") {
    a.swap(b);
    CHECK(b == a_too);
    CHECK(a.bytes() == 32);
    a.swap(a);
    CHECK(a.bytes() == 32);
  }
}

TEST_CASE("a handle may be assigned from one that lives in the buffer it lets go") {
  storage outer = storage::allocate(sizeof(storage));
  storage* const inner = new (outer.data()) storage(storage::allocate(8));
  std::memset(inner->data(), 7, 8);
  outer = std::move(*inner);
  CHECK(outer.unique());
  CHECK(static_cast<char*>(outer.data())[7] == 7);
}

TEST_CASE("borrowed memory is left alone") {
  float mine[4] = {1, 2, 3, 4};
  {
    storage const s = storage::borrow(mine, sizeof mine);
    storage const t = s;
    CHECK(s.data() == mine);
    CHECK(t.bytes() == sizeof mine);
    CHECK(s.borrowed());
    CHECK_FALSE(s.mapped());
  }
  CHECK(mine[3] == 4);
  storage const next = storage::allocate(64);  // the block that served as header is whole again
  CHECK(next.data() != static_cast<void*>(mine));
  CHECK_FALSE(next.borrowed());
  std::memset(next.data(), 0, 64);
  CHECK(mine[0] == 1);
}

TEST_CASE("mapped memory is released once, by the last holder") {
  int released = 0;
  char bytes[10] = {};
  storage s = storage::map(bytes, 10, [](void* n) { ++*static_cast<int*>(n); }, &released);
  CHECK(s.mapped());
  CHECK(s.data() == bytes);
  storage t = s;
  s = storage();
  CHECK(released == 0);
  t = storage();
  CHECK(released == 1);
}

namespace {

struct counted_form : weft::process::derived_form {
  int* dropped;
};
counted_form* make_form(void const* key, int* dropped) {
  auto* const form = new counted_form;
  form->key = key;
  form->drop = [](weft::process::derived_form* f) {
    auto* const counted = static_cast<counted_form*>(f);
    ++*counted->dropped;
    delete counted;
  };
  form->dropped = dropped;
  return form;
}

}  // namespace

TEST_CASE("derived forms are found by key and dropped with the buffer or before a write") {
  int const packed = 0, transposed = 0;
  int dropped = 0;
  storage s = storage::allocate(16);
  CHECK(s.find_derived(&packed) == nullptr);
  auto* const form = make_form(&packed, &dropped);
  s.add_derived(form);
  s.add_derived(make_form(&transposed, &dropped));
  CHECK(s.find_derived(&packed) == form);
  CHECK(s.find_derived(&transposed) != form);
  CHECK(s.find_derived(&s) == nullptr);
  s.drop_derived();
  CHECK(dropped == 2);
  CHECK(s.find_derived(&packed) == nullptr);
  s.drop_derived();
  CHECK(dropped == 2);
  s.add_derived(make_form(&packed, &dropped));
  s = storage();
  CHECK(dropped == 3);
  s = storage::allocate(16);  // the same block, without the old form
  CHECK(s.find_derived(&packed) == nullptr);
}

// From here on the process has threads: counts are atomic.

TEST_CASE("handles of one buffer may come and go in several threads") {
  storage const shared = storage::allocate(64);
  std::memset(shared.data(), 3, 64);
  std::vector<std::thread> threads;
  for (int t = 0; t != 4; ++t) {
    threads.emplace_back([&shared] {
      for (int i = 0; i != 20000; ++i) {
        storage a = shared;
        storage const b = a;
        storage c = std::move(a);
        c = b;
      }
    });
  }
  for (auto& t : threads) t.join();
  CHECK(shared.unique());
  CHECK(static_cast<char*>(shared.data())[63] == 3);
}

TEST_CASE("the last holder may be any thread, and sees what the others wrote") {
  for (int round = 0; round != 200; ++round) {
    storage s = storage::allocate(sizeof(int) * 4);
    auto* const ints = static_cast<int*>(s.data());
    auto work = [](storage mine, int i) {
      static_cast<int*>(mine.data())[i] = i + 1;
      if (mine.unique()) static_cast<int*>(mine.data())[3] = 100;
    };
    ints[3] = 0;
    std::thread one(work, s, 0);
    std::thread two(work, s, 1);
    storage last = std::move(s);
    ints[2] = 3;
    while (!last.unique()) std::this_thread::yield();
    int const sum = ints[0] + ints[1] + ints[2] + ints[3];  // ordered by unique() alone
    one.join();
    two.join();
    CHECK(sum == 6);
  }
}

TEST_CASE("a buffer may be freed by another thread than the one that asked for it") {
  for (int round = 0; round != 50; ++round) {
    std::vector<storage> all;
    for (std::size_t i = 0; i != 300; ++i) {
      all.push_back(storage::allocate(i * 7));
      if (i != 0) std::memset(all.back().data(), 1, i * 7);
    }
    std::thread([taken = std::move(all)]() mutable { taken.clear(); }).join();
  }
  CHECK(weft::memory_stats().bytes_in_use == 0);
}

TEST_CASE("several readers may add the same derived form") {
  static int const key = 0;
  int dropped[4] = {};
  {
    storage const s = storage::allocate(64);
    std::vector<std::thread> threads;
    for (int& mine : dropped) {
      threads.emplace_back([&s, &mine] {
        if (!s.find_derived(&key)) s.add_derived(make_form(&key, &mine));
        CHECK(s.find_derived(&key) != nullptr);
      });
    }
    for (auto& t : threads) t.join();
  }
  int const total = dropped[0] + dropped[1] + dropped[2] + dropped[3];
  CHECK(total >= 1);
  CHECK(total <= 4);
}
