// The loop behind the batched gemm::multiply (gemm/batch.hpp): which axes become rows, and where threads go.
#pragma once
#include <weft/core/threads.hpp>
#include <weft/gemm/batch.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace gemm {

// The batch as products one after another. The last `folded` axes are rows of each product: row r is row r % rows of the
// position that r / rows counts, the last axis fastest.
template <class T>
struct positions {
  batch const& over;
  index_t m, n, k;  // of one product, m with what is folded
  index_t rows;     // m without
  batched_source<T> const& a;
  batched_source<T> const& b;
  batched_sink<T> const& c;
  int outer;  // axes that are not folded
  index_t count, total;  // products, and positions
};

// One product: callbacks get its position.
template <class T>
struct product_at {
  positions<T> const& s;
  index_t const* position;  // (rank), 0 along folded axes

  // f(position, first, row, rows): rows `row`.. of that position, which are rows `first`.. of the product.
  template <class F>
  void pieces(index_t row, index_t rows, F const& f) const {
    if (s.outer == s.over.rank) return f(position, row, row, rows);
    index_t at[most_batch_axes];
    for (int i = 0; i < s.outer; ++i) at[i] = position[i];
    for (index_t end = row + rows, first = row; first < end;) {
      index_t rest = first / s.rows;
      index_t const inner = first % s.rows, left = end - first, some = s.rows - inner < left ? s.rows - inner : left;
      for (int i = s.over.rank - 1; i >= s.outer; --i) {
        at[i] = rest % s.over.extents[i];
        rest /= s.over.extents[i];
      }
      f(at, first, inner, some);
      first += some;
    }
  }
  static void read_a(void const* self, index_t row, index_t column, index_t rows, index_t columns, T* out, index_t ld) {
    auto const& me = *static_cast<product_at const*>(self);
    auto const& a = me.s.a;
    me.pieces(row, rows, [&](index_t const* at, index_t first, index_t from, index_t some) {
      a.read(a.self, at, from, column, some, columns, out + (first - row) * ld, ld);
    });
  }
  static void read_b(void const* self, index_t row, index_t column, index_t rows, index_t columns, T* out, index_t ld) {
    auto const& me = *static_cast<product_at const*>(self);
    me.s.b.read(me.s.b.self, me.position, row, column, rows, columns, out, ld);
  }
  static void finish(void const* self, index_t row, index_t column, index_t rows, index_t columns, T* tile,
                     index_t ld) {
    auto const& me = *static_cast<product_at const*>(self);
    auto const& c = me.s.c;
    me.pieces(row, rows, [&](index_t const* at, index_t first, index_t from, index_t some) {
      c.finish(c.self, at, from, column, some, columns, tile + (first - row) * ld, ld);
    });
  }
};

// The products [first, last), one after another.
template <class T>
[[gnu::noinline]] void run_positions(positions<T> const& s, index_t first, index_t last) {
  index_t at[most_batch_axes] = {};
  index_t rest = first, a_from = 0, b_from = 0, c_from = 0;
  index_t const *const ext = s.over.extents, *const a_steps = s.a.steps, *const b_steps = s.b.steps,
                *const c_steps = s.c.data ? s.c.steps : nullptr;
  for (int i = s.outer - 1; i >= 0; --i) {
    at[i] = rest % ext[i];
    rest /= ext[i];
    if (a_steps) a_from += at[i] * a_steps[i];
    if (b_steps) b_from += at[i] * b_steps[i];
    if (c_steps) c_from += at[i] * c_steps[i];
  }
  product_at<T> const here{s, at};
  source<T> a{nullptr, s.a.row_stride, s.a.column_stride, &here, &product_at<T>::read_a, s.a.whole_rows};
  source<T> b{nullptr, s.b.row_stride, s.b.column_stride, &here, &product_at<T>::read_b, s.b.whole_rows};
  sink<T> c{nullptr, s.c.ld, s.c.add, &here, s.c.finish ? &product_at<T>::finish : nullptr};
  for (index_t i = first; i < last; ++i) {
    if (s.a.data) a.data = s.a.data + a_from;
    if (s.b.data) b.data = s.b.data + b_from;
    if (s.c.data) c.data = s.c.data + c_from;
    multiply<T>(s.m, s.n, s.k, a, b, c);
    for (int axis = s.outer - 1; axis >= 0; --axis) {
      at[axis] += 1;
      index_t by = 1;
      bool const more = at[axis] < ext[axis];
      if (!more) {
        by = 1 - ext[axis];
        at[axis] = 0;
      }
      if (a_steps) a_from += by * a_steps[axis];
      if (b_steps) b_from += by * b_steps[axis];
      if (c_steps) c_from += by * c_steps[axis];
      if (more) break;
    }
  }
}

template <class T>
[[gnu::noinline]] void multiply(batch const& over, index_t m, index_t n, index_t k, batched_source<T> const& a,
                                batched_source<T> const& b, batched_sink<T> const& c) {
  if (m <= 0 || n <= 0) return;
  positions<T> s{over, m, n, k, m, a, b, c, over.rank, 1, 1};
  for (int i = 0; i < over.rank; ++i) s.total *= over.extents[i];
  if (s.total <= 0) return;
  auto const step = [](index_t const* steps, int axis) { return steps ? steps[axis] : 0; };
  for (; s.outer > 0; --s.outer) {
    int const axis = s.outer - 1;
    if (over.extents[axis] != 1) {
      bool const a_goes_on = a.data ? step(a.steps, axis) == s.m * a.row_stride : step(a.steps, axis) != 0;
      bool const c_goes_on = !c.data || step(c.steps, axis) == s.m * c.ld;
      if (step(b.steps, axis) != 0 || !a_goes_on || !c_goes_on) break;
    }
    s.m *= over.extents[axis];
  }
  for (int i = 0; i < s.outer; ++i) s.count *= over.extents[i];
  // Products too small to be shared among threads, or enough of them to keep all threads busy, go to threads whole.
  constexpr index_t worth_threads = index_t(1) << 22, per_call = 2048;  // m n k, and what a call costs beside it
  index_t const work = s.m * s.n * s.k + per_call, threads = num_threads();
  bool const alone = s.count == 1 || threads == 1 || (work >= worth_threads && s.count < 4 * threads);
  index_t const each = work >= worth_threads / 8 ? 1 : worth_threads / 8 / work;  // products of a task
  if (alone || s.count <= each) return run_positions(s, 0, s.count);
  parallel_for((s.count + each - 1) / each, [&](index_t task) {
    index_t const first = task * each, last = first + each;
    run_positions(s, first, last < s.count ? last : s.count);
  });
}

}  // namespace gemm
}  // namespace WEFT_ISA
}  // namespace weft
