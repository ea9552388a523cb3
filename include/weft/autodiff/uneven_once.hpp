// What of weft/autodiff/uneven.hpp is compiled once: the walk over rows and steps, and how a value of one stretch becomes one of
// another.
#pragma once
#include <weft/autodiff/uneven.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace autodiff {

// The row at hand: a frame for each stretch, and where the values of each step stand.
struct uneven_row {
  uneven_program const& p;
  engine::frame const* frames;
  char** values;
  char** spare;  // rows of the longest stretch: one for each operand of a step, and one more for a result

  bool same(int a, int b) const {
    for (int d = frames[a].row; d < frames[a].rank; ++d)
      if (frames[a].ext[d] != frames[b].ext[d]) return false;
    return true;
  }
  // The strides of a row of stretch `of`, seen from the elements of stretch `from`: 0 where it is of size 1.
  engine::leaf_strides strides(int of, int from) const {
    engine::leaf_strides l{};
    engine::frame const& f = frames[of];
    index_t s = 1;
    for (int d = f.rank - 1; d >= f.row; --d) {
      if (f.ext[d] != 1 || frames[from].ext[d] == 1) l.stride[d] = s;
      s *= f.ext[d];
    }
    return l;
  }
  char const* value(int step, int stretch, int k) const { return fitted(step, stretch, spare[k]); }

  // The value of a step as one of this stretch. Where its own is longer, it is a cotangent, and is summed.
  char const* fitted(int step, int stretch, char* to) const {
    uneven_step const& u = p.steps[step];
    engine::frame const &own = frames[u.stretch], &f = frames[stretch];
    if (u.once) {
      if (!u.repeated || own.n == f.n || f.n == 0) return values[step];
      auto const times = static_cast<double>(own.n / f.n);
      if (u.type == dtype::float64)
        *reinterpret_cast<double*>(to) = *reinterpret_cast<double const*>(values[step]) * times;
      else
        *reinterpret_cast<float*>(to) = static_cast<float>(double(*reinterpret_cast<float const*>(values[step])) * times);
      return to;
    }
    if (same(u.stretch, stretch)) return values[step];
    bool shorter = false;
    for (int d = f.row; d < f.rank; ++d) shorter = shorter || (f.ext[d] == 1 && own.ext[d] != 1);
    if (shorter) {
      std::memset(to, 0, static_cast<std::size_t>(f.n * u.tiles->size));
      if (own.n > 0) u.sums->gather_sums(strides(stretch, u.stretch), to, values[step], own, 0, own.n);
    } else {
      engine::leaf l{};
      static_cast<engine::leaf_strides&>(l) = strides(u.stretch, stretch);
      for (int d = 0; d < f.row; ++d) l.stride[d] = 0;
      l.base = values[step];
      l.type = u.tiles;
      index_t const outer[max_rank] = {};
      u.tiles->stage(l, f, {outer, 0, 1, 0, f.n}, to);
    }
    return to;
  }
};

[[gnu::noinline]] WEFT_ONCE void run_uneven(uneven_program const& p, engine::frame const& f, engine::leaf const* leaves,
                                            engine::number_bits* numbers, engine::result const* out, int results) {
  count_kernel([&] {
    return kernel_note{.what = "backward steps over rows of different lengths", .type = out->type->element, .ext = f.ext, .rank = f.row,
                       .tensors = engine::tensors_of(out, results)};
  });
  if (f.rows == 0) return;
  arena_scope scope;
  auto* const frames = scope.take<engine::frame>(p.stretches);
  index_t longest = 1;
  for (int s = 0; s < p.stretches; ++s) {
    frames[s] = f;
    for (int d = f.row; d < f.rank; ++d) frames[s].ext[d] = p.ext[s].at[d];
    frames[s].set_row(f.row);
    frames[s].flat = false;
    if (frames[s].n > longest) longest = frames[s].n;
  }
  uneven_row row{p, frames, scope.take<char*>(p.size), scope.take<char*>(most_reads + 1)};
  for (int k = 0; k <= most_reads; ++k) row.spare[k] = scope.take<char>(longest * 8);
  for (int i = 0; i < p.size; ++i) {
    uneven_step const& u = p.steps[i];
    row.values[i] = nullptr;
    if (u.number >= 0) {
      if (u.counts) {
        if (u.type == dtype::float64)
          engine::set_number(numbers[u.number], static_cast<double>(frames[u.stretch].n));
        else
          engine::set_number(numbers[u.number], static_cast<float>(frames[u.stretch].n));
      }
      row.values[i] = reinterpret_cast<char*>(numbers[u.number].at);
    } else if (u.run || u.leaf >= 0) {
      row.values[i] = scope.take<char>(u.once ? 8 : frames[u.stretch].n * u.tiles->size + 8);
    }
  }
  // What several rows add up in one element is added in blocks of rows, so that it stays accurate over many.
  constexpr index_t rows_together = 256;
  char** const part = scope.take<char*>(results);
  for (int i = 0; i < results; ++i) {
    bool meets = false;
    for (int d = 0; d < f.row; ++d) meets = meets || (f.ext[d] != 1 && out[i].base && out[i].stride[d] == 0);
    part[i] = meets && f.rows > rows_together ? scope.take<char>(out[i].elements * out[i].type->size) : nullptr;
    if (part[i]) std::memset(part[i], 0, static_cast<std::size_t>(out[i].elements * out[i].type->size));
  }
  char const** const given = scope.take<char const*>(p.size);
  index_t at[max_rank] = {};
  for (index_t r = 0; r < f.rows; ++r) {
    for (int i = 0; i < p.size; ++i) {
      uneven_step const& u = p.steps[i];
      engine::frame const& g = frames[u.stretch];
      if (u.leaf >= 0) {
        engine::leaf const& l = leaves[leaves[u.leaf].twin >= 0 ? leaves[u.leaf].twin : u.leaf];
        engine::region const tile{at, g.row > 0 ? at[g.row - 1] : 0, 1, 0, g.n};
        if (u.once)
          std::memcpy(row.values[i], static_cast<char const*>(l.base) + engine::row_offset(l, g, tile) * u.tiles->size,
                      static_cast<std::size_t>(u.tiles->size));
        else
          l.type->stage(l, g, tile, row.values[i]);
      } else if (u.run) {
        for (int k = 0; k < u.read_count; ++k) given[u.reads[k]] = row.value(u.reads[k], u.stretch, k);
        u.run(given, row.values[i], u.once && !u.reduces ? 1 : g.n);
      }
    }
    for (int i = 0; i < results; ++i) {
      if (!out[i].base || p.result[i] < 0) continue;
      uneven_step const& u = p.steps[p.result[i]];
      engine::frame const& g = frames[p.sink[i]];
      char const* x = row.value(p.result[i], p.sink[i], most_reads);
      index_t offset = 0;
      for (int d = 0; d < f.row; ++d) offset += at[d] * out[i].stride[d];
      char* const to = (part[i] ? part[i] + out[i].offset * out[i].type->size : static_cast<char*>(out[i].base)) +
                       offset * out[i].type->size;
      if (out[i].narrow) {
        double wide = 0;
        if (out[i].type->size != u.tiles->size) {  // numbers are summed in double
          wide = double(*reinterpret_cast<float const*>(x));
          x = reinterpret_cast<char const*>(&wide);
        }
        out[i].type->add(to, x, 1);
      } else if (g.n > 0) {
        if (u.once) {
          char* const all = row.spare[0];
          for (index_t k = 0; k < g.n; ++k) std::memcpy(all + k * u.tiles->size, x, static_cast<std::size_t>(u.tiles->size));
          x = all;
        }
        out[i].type->gather_sums(out[i], to, x, g, 0, g.n);
      }
    }
    if ((r + 1) % rows_together == 0 || r + 1 == f.rows)
      for (int i = 0; i < results; ++i) {
        if (!part[i]) continue;
        out[i].type->add(engine::memory_of(out[i]), part[i], out[i].elements);
        std::memset(part[i], 0, static_cast<std::size_t>(out[i].elements * out[i].type->size));
      }
    for (int d = f.row - 1; d >= 0 && ++at[d] == f.ext[d]; --d) at[d] = 0;
  }
}

}  // namespace autodiff
}  // namespace WEFT_ISA
}  // namespace weft
