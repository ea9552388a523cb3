// What of weft/engine/sink.hpp is compiled once.
#pragma once
#include <weft/engine/sink.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace engine {

// Every element belongs to one of the domain, and to no other.
[[gnu::noinline]] WEFT_ONCE bool covers(result const& r, frame const& f) {
  index_t n = 1;
  for (int d = 0; d < f.rank; ++d) {
    if (f.ext[d] == 1) continue;
    if (r.stride[d] == 0) return false;
    n *= f.ext[d];
  }
  return n == r.elements && !r.narrow;
}

[[gnu::noinline]] WEFT_ONCE bool same_place(result const& r, result const& o, frame const& f) {
  bool same = r.base == o.base && r.narrow == o.narrow;
  for (int d = 0; d < f.rank; ++d) same = same && (f.ext[d] == 1 || r.stride[d] == o.stride[d]);
  return same;
}

[[gnu::noinline]] WEFT_ONCE void prepare_sink(result* all, short const* order, int at, frame const& f, bool fresh) {
  result& r = all[order[at]];
  r.adds = true;
  if (!fresh) {
    for (int k = 0; k < at; ++k) {
      result& s = all[order[k]];
      if (!s.base || memory_of(s) != memory_of(r) || s.adds || same_place(s, r, f)) continue;
      std::memset(memory_of(r), 0, static_cast<std::size_t>(r.elements * r.type->size));
      s.adds = true;
    }
    return;
  }
  if (covers(r, f))
    r.adds = false;
  else
    std::memset(memory_of(r), 0, static_cast<std::size_t>(r.elements * r.type->size));
}

// Would two tasks, each with some of the rows (or of the columns of a single row), meet in this sink?
[[gnu::noinline]] WEFT_ONCE bool collides(result const* all, int count, int i, frame const& f, bool by_column) {
  result const& r = all[i];
  if (!r.base) return false;
  if (by_column) {
    if (r.narrow) return true;
    for (int d = f.row; d < f.rank; ++d)
      if (r.stride[d] == 0 && f.ext[d] != 1) return true;
  } else {
    for (int d = 0; d < f.row; ++d)
      if (r.stride[d] == 0 && f.ext[d] != 1) return true;
  }
  for (int k = 0; k < count; ++k)
    if (k != i && all[k].base && memory_of(all[k]) == memory_of(r) && !same_place(all[k], r, f)) return true;
  return false;
}

[[gnu::noinline]] WEFT_ONCE void join_axes_of_sinks(frame& f, leaf const* leaves, int count, result const* r, int results) {
  int axes = row_axes(leaves, count, f).axes;
  for (int i = 0; i < results; ++i) {
    if (!r[i].base) continue;
    int const k = r[i].dense_axes(f, r[i].narrow ? 0 : 1);
    if (k < axes) axes = k;
  }
  f.set_row(f.rank - (axes > 0 ? axes : f.rank > 0 ? 1 : 0));
}

// How many tensors are there, numbers aside?
[[gnu::cold, gnu::noinline]] WEFT_ONCE int tensors_of(result const* all, int count) {
  int n = 0;
  for (int i = 0; i < count; ++i) {
    bool counts = all[i].base && !(all[i].narrow && all[i].elements == 1);
    for (int k = 0; k < i && counts; ++k) counts = !all[k].base || memory_of(all[k]) != memory_of(all[i]);
    n += counts;
  }
  return n;
}

[[gnu::noinline]] WEFT_ONCE void run_with_sinks(job const& j) {
  frame const& f = j.f;
  count_kernel([&] { return note_of(j, tensors_of(j.results, j.result_count)); });
  index_t const elements = f.rows * f.n;
  if (elements == 0) return;
  bool const by_column = f.rows == 1;
  part_of const all{0, f.rows, 0, f.n, false};
  if (elements <= task_elements || (by_column && !j.may_cut)) return run_part(j, all);
  staging const staged = staging_of(j.leaves, j.leaf_count, f);
  if (by_column && staged.whole_rows) return run_part(j, all);
  arena_scope scope;
  bool* const own = scope.take<bool>(j.result_count);
  index_t bytes = 0;
  for (int i = 0; i < j.result_count; ++i) {
    own[i] = collides(j.results, j.result_count, i, f, by_column);
    if (own[i]) bytes += (j.results[i].elements * j.results[i].type->size + 63) / 64 * 64;
  }
  index_t const length = by_column ? f.n : f.rows;
  index_t per = by_column ? task_elements : (task_elements + f.n - 1) / f.n;
  if (!by_column && (per > 64 || staged.strided)) per = (per + 63) / 64 * 64;
  if (!by_column && per < staged.rows) per = staged.rows;
  if (bytes > 0) {
    index_t const most = private_bytes / bytes > 1 ? private_bytes / bytes : 1, least = (length + most - 1) / most;
    if (per < least) per = least;
  }
  index_t const tasks = (length + per - 1) / per;
  if (tasks == 1) return run_part(j, all);
  __atomic_fetch_add(&process::sink_tasks, tasks, __ATOMIC_RELAXED);
  storage const mine = bytes > 0 ? storage::allocate(static_cast<std::size_t>(bytes * tasks)) : storage();
  char* const privates = const_cast<char*>(static_cast<char const*>(mine.data()));
  auto const run_task = [&](index_t t) {
    arena_scope inner;
    result* const r = inner.take<result>(j.result_count);
    char* next = privates + t * bytes;
    for (int i = 0; i < j.result_count; ++i) {
      r[i] = j.results[i];
      if (!own[i]) continue;
      index_t const size = r[i].elements * r[i].type->size;
      std::memset(next, 0, static_cast<std::size_t>(size));
      r[i].base = next + r[i].offset * r[i].type->size;
      r[i].adds = true;
      next += (size + 63) / 64 * 64;
    }
    job part = j;
    part.results = r;
    part_of p = all;
    (by_column ? p.c0 : p.r0) = t * per;
    (by_column ? p.c1 : p.r1) = (t + 1) * per < length ? (t + 1) * per : length;
    run_part(part, p);
  };
  if (elements >= j.p.here && num_threads() > 1)
    parallel_for(tasks, run_task);
  else
    for (index_t t = 0; t < tasks; ++t) run_task(t);
  // Pairwise: t takes in t + step.
  for (index_t step = 1; bytes > 0 && step < tasks; step *= 2)
    for (index_t t = 0; t + step < tasks; t += 2 * step) {
      char *a = privates + t * bytes, *b = privates + (t + step) * bytes;
      for (int i = 0; i < j.result_count; ++i) {
        if (!own[i]) continue;
        result const& r = j.results[i];
        r.type->add(a, b, r.elements);
        index_t const size = (r.elements * r.type->size + 63) / 64 * 64;
        a += size;
        b += size;
      }
    }
  char* sum = privates;
  for (int i = 0; i < j.result_count; ++i) {
    if (!own[i]) continue;
    result const& r = j.results[i];
    index_t const size = r.elements * r.type->size;
    if (r.adds)
      r.type->add(memory_of(r), sum, r.elements);
    else
      std::memcpy(memory_of(r), sum, static_cast<std::size_t>(size));
    sum += (size + 63) / 64 * 64;
  }
}

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft
