// The loop behind the batched gemm::multiply (gemm/batch.hpp): what becomes of each axis, and where threads go.
#pragma once
#include <weft/core/threads.hpp>
#include <weft/gemm/batch.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace gemm {

// An axis of a batch and the steps of the operands along it.
struct batch_axis {
  int axis;
  index_t extent, a, b, c;
};
struct batch_axes {
  batch_axis at[most_batch_axes];
  int count = 0;

  index_t positions() const {
    index_t n = 1;
    for (int i = 0; i < count; ++i) n *= at[i].extent;
    return n;
  }
};

// A batch as products one after another, each the sum of some.
template <class T>
struct batch_products {
  batch_axes apart, summed, rows;  // `rows` are part of m: row r belongs to their position r / m_each, the last fastest
  index_t m, n, k, m_each;         // of one product; m_each: m without what became part of it
  batched_source<T> const& a;
  batched_source<T> const& b;
  batched_sink<T> const& c;
};

// Where a product is, and the callbacks that add this to what the driver says.
template <class T>
struct batch_position {
  batch_products<T> const& s;
  index_t a = 0, b = 0, c = 0;  // elements from where the operands begin
  index_t at[most_batch_axes] = {};

  void move(batch_axis const& x, index_t by) {
    at[x.axis] += by;
    a += by * x.a;
    b += by * x.b;
    c += by * x.c;
  }
  void go_to(batch_axes const& axes, index_t position) {
    for (int i = axes.count - 1; i >= 0; --i) {
      move(axes.at[i], position % axes.at[i].extent);
      position /= axes.at[i].extent;
    }
  }
  // To the next position, from the last one to the first.
  void advance(batch_axes const& axes) {
    for (int i = axes.count - 1; i >= 0; --i) {
      batch_axis const& x = axes.at[i];
      if (at[x.axis] + 1 < x.extent) return move(x, 1);
      move(x, 1 - x.extent);
    }
  }

  // f(position, first, row, some): rows row .. row + some of that position are rows first .. first + some of the product.
  template <class F>
  void each_position(index_t first, index_t count, F const& f) const {
    if (s.rows.count == 0) return f(at, first, first, count);
    index_t here[most_batch_axes];
    for (int i = 0; i < most_batch_axes; ++i) here[i] = at[i];
    for (index_t const end = first + count; first < end;) {
      index_t const row = first % s.m_each, left = end - first, some = s.m_each - row < left ? s.m_each - row : left;
      index_t position = first / s.m_each;
      for (int i = s.rows.count - 1; i >= 0; --i) {
        here[s.rows.at[i].axis] = position % s.rows.at[i].extent;
        position /= s.rows.at[i].extent;
      }
      f(here, first, row, some);
      first += some;
    }
  }
  static void read_a(void const* self, index_t row, index_t column, index_t rows, index_t columns, T* out, index_t ld) {
    auto const& me = *static_cast<batch_position const*>(self);
    auto const& a = me.s.a;
    me.each_position(row, rows, [&](index_t const* position, index_t first, index_t from, index_t some) {
      a.read(a.self, position, from, column, some, columns, out + (first - row) * ld, ld);
    });
  }
  static void read_b(void const* self, index_t row, index_t column, index_t rows, index_t columns, T* out, index_t ld) {
    auto const& me = *static_cast<batch_position const*>(self);
    me.s.b.read(me.s.b.self, me.at, row, column, rows, columns, out, ld);
  }
  static void finish(void const* self, index_t row, index_t column, index_t rows, index_t columns, T* tile,
                     index_t ld) {
    auto const& me = *static_cast<batch_position const*>(self);
    auto const& c = me.s.c;
    // The last product of a sum finishes it, and the sum lies at the first position.
    batch_position sum = me;
    for (int i = 0; i < me.s.summed.count; ++i) sum.at[me.s.summed.at[i].axis] = 0;
    sum.each_position(row, rows, [&](index_t const* position, index_t first, index_t from, index_t some) {
      c.finish(c.self, position, from, column, some, columns, tile + (first - row) * ld, ld);
    });
  }
};

// The products first .. last of those that stand apart, one after another.
template <class T>
[[gnu::noinline]] void multiply_positions(batch_products<T> const& s, index_t first, index_t last) {
  using position = batch_position<T>;
  position here{s};
  here.go_to(s.apart, first);
  source<T> a{nullptr, s.a.row_stride, s.a.column_stride, &here, &position::read_a, s.a.whole_rows};
  source<T> b{nullptr, s.b.row_stride, s.b.column_stride, &here, &position::read_b, s.b.whole_rows};
  sink<T> c{nullptr, s.c.ld, false, &here, nullptr};
  index_t const terms = s.summed.positions();
  for (index_t i = first; i < last; ++i, here.advance(s.apart))
    for (index_t term = 0; term < terms; ++term, here.advance(s.summed)) {
      if (s.a.data) a.data = s.a.data + here.a;
      if (s.b.data) b.data = s.b.data + here.b;
      if (s.c.data) c.data = s.c.data + here.c;
      c.add = s.c.add || term > 0;
      if (s.c.finish) c.finish = term + 1 == terms ? &position::finish : nullptr;
      multiply<T>(s.m, s.n, s.k, a, b, c);
    }
}

// Decides for each axis, from the last to the first. Nothing here depends on threads.
template <class T>
void sort_axes(batch const& over, batch_products<T>& s) {
  bool const in_memory = s.a.data && s.b.data;
  bool trailing = true;  // every axis after this one is of size 1 or became part of m or k
  for (int i = over.rank - 1; i >= 0; --i) {
    auto const step = [&](index_t const* steps) { return steps ? steps[i] : 0; };
    batch_axis const x{i, over.extents[i], step(s.a.steps), step(s.b.steps), s.c.data ? step(s.c.steps) : 0};
    if (x.extent == 1) continue;
    if (s.c.data && x.c == 0) {
      if (x.extent == 0) {
        s.k = 0;
      } else if (in_memory && x.a == s.k * s.a.column_stride && x.b == s.k * s.b.row_stride) {
        s.k *= x.extent;
      } else {
        s.summed.at[s.summed.count++] = x;
        trailing = false;
      }
      continue;
    }
    bool const a_goes_on = s.a.data ? x.a == s.m * s.a.row_stride : x.a != 0;
    trailing = trailing && x.b == 0 && a_goes_on && (!s.c.data || x.c == s.m * s.c.ld);
    if (trailing) s.m *= x.extent;
    batch_axes& to = trailing ? s.rows : s.apart;
    to.at[to.count++] = x;
  }
  for (batch_axes* axes : {&s.apart, &s.summed, &s.rows})
    for (int i = 0, j = axes->count - 1; i < j; ++i, --j) {
      batch_axis const x = axes->at[i];
      axes->at[i] = axes->at[j];
      axes->at[j] = x;
    }
}

template <class T>
[[gnu::noinline]] void multiply(batch const& over, index_t m, index_t n, index_t k, batched_source<T> const& a,
                                batched_source<T> const& b, batched_sink<T> const& c) {
  if (m <= 0 || n <= 0) return;
  batch_products<T> s{{}, {}, {}, m, n, k, m, a, b, c};
  sort_axes(over, s);
  index_t const count = s.apart.positions();
  if (count <= 0 || s.m <= 0) return;
  // Products too small to be shared among threads, or enough of them to keep all threads busy, go to threads whole.
  constexpr index_t worth_threads = index_t(1) << 22, per_call = 2048;  // m n k, and what a call costs beside it
  index_t const one = s.m * s.n * s.k + per_call, work = one * s.summed.positions(), threads = num_threads();
  bool const alone = count == 1 || threads == 1 || (one >= worth_threads && count < 4 * threads);
  index_t const each = work >= worth_threads / 8 ? 1 : worth_threads / 8 / work;  // products of a task
  if (alone || count <= each) return multiply_positions(s, 0, count);
  parallel_for((count + each - 1) / each, [&](index_t task) {
    index_t const first = task * each, last = first + each;
    multiply_positions(s, first, last < count ? last : count);
  });
}

}  // namespace gemm
}  // namespace WEFT_ISA
}  // namespace weft
