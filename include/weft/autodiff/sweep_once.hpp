// What of weft/autodiff/sweep.hpp is compiled once: how a bound backward pass finds the memory of its cotangents, and is run.
#pragma once
#include <weft/autodiff/sweep.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace autodiff {

[[gnu::noinline]] WEFT_ONCE void lay_out_target(target& g, engine::result_type const& type, frame const& f, axis_map const* m,
                                                int axes, index_t const* ext, int rank, bool single) {
  g.rank = rank;
  for (int i = 0; i < rank; ++i) g.ext[i] = ext[i];
  g.out.type = &type;
  g.out.narrow = single;
  g.out.gathers = true;
  axis_map whole;
  if (!m) {
    whole.set_identity(axes);
    m = &whole;
  }
  g.out.offset = engine::lay_out_dense(g.out, f, *m, ext, rank);
  g.out.elements = elements_of(g);
}
[[gnu::noinline]] WEFT_ONCE void lay_out_number(target& g) {
  g.out.type = &engine::sum_type_of<double>;
  g.out.narrow = g.out.gathers = true;
  g.out.elements = 1;
  for (int d = 0; d < max_rank; ++d) g.out.stride[d] = 0;
  g.connect = &connect_number;
}
[[gnu::noinline]] WEFT_ONCE void leave_out(engine::leaf& l, engine::leaf_type const& type) {
  l.base = nullptr;
  l.type = &type;
  l.ext = nullptr;
  l.single = true;
  for (int d = 0; d < max_rank; ++d) l.stride[d] = 0;
}
[[gnu::noinline]] WEFT_ONCE void set_counts(engine::number_bits* numbers, row_count const* which, int count, index_t n) {
  for (int i = 0; i < count; ++i) {
    auto const x = static_cast<double>(which[i].one ? 1 : n);
    if (which[i].type == dtype::float64)
      engine::set_number(numbers[which[i].number], x);
    else
      engine::set_number(numbers[which[i].number], static_cast<float>(x));
  }
}
[[gnu::noinline]] WEFT_ONCE void run_sweep(bound_sweep const& s, tape& t) {
  engine::place_leaves(s.leaves, s.leaf_count, s.f);
  spare_buffer spare = s.spare;
  for (int i = 0; i < s.wanted; ++i) s.out[i].type = s.targets[i].out.type;
  for (int k = 0; k < s.order_count; ++k) {
    int const i = s.order[k];
    target& x = s.targets[i];
    bool const fresh = x.connect(x, t, s.f, spare);
    s.out[i] = x.out;
    if (!s.out[i].base) continue;
    if (!s.uneven)
      engine::prepare_sink(s.out, s.order, k, s.f, fresh);
    else if (fresh)
      std::memset(engine::memory_of(s.out[i]), 0, static_cast<std::size_t>(s.out[i].elements * s.out[i].type->size));
  }
  if (s.total) {
    engine::result& sum = s.out[s.wanted];
    sum.base = s.total;
    sum.type = &engine::sum_type_of<double>;
    sum.narrow = sum.adds = sum.gathers = true;
    sum.elements = 1;
    for (int d = 0; d < max_rank; ++d) sum.stride[d] = 0;
  }
  if (s.by_elements) engine::join_axes_of_sinks(s.f, s.leaves, s.leaf_count, s.out, s.results);
  if (s.uneven) {
    run_uneven(*s.uneven, s.f, s.leaves, s.numbers, s.out, s.results);
  } else if (s.program) {
    engine::job j{*s.program, s.f, s.leaves, s.leaf_count, s.out, s.results, s.numbers, false};
    j.may_cut = s.by_elements;
    engine::run_with_sinks(j);
  }
  for (int k = 0; k < s.order_count; ++k) s.targets[s.order[k]].settle(s.targets[s.order[k]], t);
}

}  // namespace autodiff
}  // namespace WEFT_ISA
}  // namespace weft
