// Assignment: where the result of a statement goes.
//
//   a = e            into a's own buffer when nobody else holds it and every read of it is at the element being
//                    written; into a new buffer otherwise. Never through a temporary that is copied
//   a(all, 0) = e    into the region; staged when the region is read elsewhere than at the element being written
//   a += e           a keeps its shape: e must broadcast into it
//   eval(e)          a tensor with e's names and static sizes
//
// Public: eval. Inside: what tensors and views call (assign_to, assign_place, update_in_place, fill_with, number_of).
#pragma once
#include <weft/engine/execute.hpp>
#include <weft/engine/holders.hpp>
#include <weft/expr/element.hpp>

namespace weft {
inline namespace WEFT_ISA {

namespace engine {

template <shape D>
constexpr auto spelling() {
  if constexpr (D.plain() || D.rank == 0)
    return D.rank;
  else
    return D;
}

// Into a tensor whose elements are inside it. (Apart, for a constant expression may not even pass a `room`.)
template <class T, auto S, class E>
void write_inside(tensor<T, S>& t, E const& e) {
  room where;
  where.in_place = t.items().items;
  execute<T>(e, where);
  if (where.used_fresh) std::memcpy(t.items().items, where.fresh.data(), sizeof(T) * static_cast<std::size_t>(t.size()));
}

// Into a tensor whose elements are in a buffer: its own if nobody else holds it.
template <class T, auto S, class E, std::size_t R>
WEFT_INLINE void write_outside(tensor<T, S>& t, E const& e, owner whose, std::array<index_t, R> const& ext) {
  room where;
  auto& items = t.items();
  if (items.buffer && same_extents(items.ext, ext) && !items.buffer.borrowed() &&
      items.buffer.holders() == 1 + holders_in(e, whose, items.buffer)) {
    items.buffer.drop_derived();
    where.in_place = items.buffer.data();
  }
  execute<T>(e, where);
  if (where.used_fresh) items = typename tensor<T, S>::items_t(static_cast<storage&&>(where.fresh), ext);
}

}  // namespace engine

// The tensor type of an expression.
template <class E>
using tensor_of = tensor<element_t<E>, engine::spelling<dims_of<E>>()>;

template <class T, auto S, class E>
WEFT_INLINE constexpr void assign_to(tensor<T, S>& t, E const& given, owner whose) {
  using target_type = tensor<T, S>;
  decltype(auto) e = stored(given);
  using node = std::remove_cvref_t<decltype(e)>;
  if constexpr (poisoned<node>) {
    return;
  } else if constexpr (order_of<node> > 0) {
    static_assert(order_of<node> == 0, "weft: a tracked value becomes a plain tensor only through detach");
  } else if constexpr (parametric<node>) {
    assign_to(t, settled(e), owner::statement);
  } else {
    auto const ext = e.sizes();
    if constexpr (target_type::stored_inline) {
      t.check_fit(ext);
      if (std::is_constant_evaluated()) {
        target_type result;
        expr::fill_elements(e, result.items().items);
        t = result;
      } else {
        engine::write_inside(t, e);
      }
    } else {
      t.check_fit(ext);
      if constexpr (requires { e.items().buffer; }) {  // another tensor: the buffer is shared
        if constexpr (std::is_same_v<T, element_t<node>>) {
          t.items() = typename target_type::items_t(e.items().buffer, ext);
          return;
        }
      }
      engine::write_outside(t, e, whose, ext);
    }
  }
}

template <expression X>
[[nodiscard]] WEFT_INLINE constexpr auto eval(X const& given) {
  using node = stored_t<X>;
  if constexpr (poisoned<node>) {
    return poison{};
  } else if constexpr (order_of<node> > 0) {
    return tracked_eval(stored(given));
  } else if constexpr (parametric<node>) {
    return eval(settled(stored(given)));
  } else if constexpr (std::is_same_v<node, tensor_of<node>>) {
    return node(stored(given));
  } else {
    tensor_of<node> result;
    assign_to(result, stored(given), owner::variable);
    return result;
  }
}

namespace engine {
// A tensor of dynamic sizes: what is evaluated apart while binding.
template <class T, int R, class E>
[[gnu::noinline]] tensor<T, R> evaluated(E const& e) {
  tensor<T, R> t;
  room where;
  if constexpr (R == 0) {
    where.in_place = t.items().items;
    execute<T>(e, where);
    if (where.used_fresh) t.items().items[0] = *static_cast<T const*>(where.fresh.data());
  } else {
    execute<T>(e, where);
    t.items() = typename tensor<T, R>::items_t(static_cast<storage&&>(where.fresh), e.sizes());
  }
  return t;
}
}  // namespace engine

// The number that a rank-0 expression is.
template <class E>
WEFT_INLINE constexpr element_t<E> number_of(E const& e) {
  if constexpr (order_of<E> > 0) {
    return tracked_number(e);
  } else if constexpr (parametric<E>) {
    return number_of(settled(e));
  } else {
    if constexpr (requires { e.items().items; }) return e.items().items[0];
    if (std::is_constant_evaluated()) {
      index_t const at[1] = {0};
      return expr::element_at(e, at, expr::nothing_named{});
    }
    tensor<element_t<E>, 0> t;
    assign_to(t, e, owner::variable);
    return t.items().items[0];
  }
}

template <class T, auto S, class X>
WEFT_INLINE void fill_with(tensor<T, S>& t, X const& x) {
  static_assert(std::is_same_v<T, promote_t<T, weak_t<typename detail::number_type<X>::type, T>>>,
                "weft: assign: a fractional number would be lost in a tensor of integers");
  T const value = exactly<T>(x);
  T* const out = t.data();
  index_t const n = t.size();
  for (index_t i = 0; i < n; ++i) out[i] = value;
}

// The node stretched to the sizes `e`, which it must broadcast into.
template <int R, class E>
WEFT_INLINE auto stretched_to(char const* operation, extents<R> const& ext, E const& e) {
  constexpr int C = E::dims.rank;
  static_assert(C <= R, "weft: assign: the value has more axes than where it goes");
  auto const s = e.sizes();
  expr::axis_sources<C> from{};
  for (int c = 0; c < C; ++c) {
    index_t const n = s[static_cast<std::size_t>(c)], want = ext[static_cast<std::size_t>(c + R - C)];
    if (n != want && n != 1) fail_shapes(operation, ext.data(), R, s.data(), C, "differ: the value does not fit");
    from[static_cast<std::size_t>(c)] = {n == want ? c + R - C : -1, 0, n == want ? 1 : 0};
  }
  return expr::view<E, unknown(R)>(e, ext, from);
}

// t op= x: the shape of t stays. Precondition: nobody but the statement has `e`.
template <class T, auto S, class E>
WEFT_INLINE void update_in_place(tensor<T, S>& t, E const& e) {
  constexpr bool fits = E::dims.rank == tensor<T, S>::dims.rank;
  static_assert(fits || poisoned<E>, "weft: update: the value has more axes than the tensor, which keeps its shape");
  if constexpr (fits && !poisoned<E>) {
    auto const ext = t.sizes();
    if (!same_extents(e.sizes(), ext)) {
      auto const s = e.sizes();
      fail_shapes("update", ext.data(), tensor<T, S>::dims.rank, s.data(), E::dims.rank, "differ: the tensor keeps its shape");
    }
    assign_to(t, e, owner::statement);
  }
}

namespace engine {

// Writes `e` (sizes `ext`) through strides; staged when what is read lies across what is written.
template <int R, class T, class E>
void write_through(T* base, index_t const* strides, extents<R> const& ext, E const& e) {
  frame f;
  set_extents<R>(f, ext);
  result out;
  out.base = base;
  out.type = &result_type_of<T>;
  for (int d = 0; d < R; ++d) out.stride[d] = strides[d];
  room where;
  where.in_place = base;
  if (out.dense_axes(f) < R) where.strides = strides;
  execute<T>(e, where);
  if (!where.used_fresh) return;
  using copy = code_of<tokens<memory<T>>>;
  leaf fresh;
  fresh.base = where.fresh.data();
  fresh.type = &leaf_type_of<T>;
  fresh.ext = nullptr;
  fresh.single = false;
  dense_strides(ext.data(), R, fresh.stride);
  f.set_row(R);
  join_axes(f, &fresh, 1, &out, 1);
  run({program_of<false, copy, results<result_as<T>>>, f, &fresh, 1, &out, 1, nullptr});
}

}  // namespace engine

template <class Tensor, shape D, class X>
void assign_place(expr::place<Tensor, D>& p, X const& given, owner whose) {
  using T = element_t<Tensor>;
  constexpr int R = D.rank, C = Tensor::dims.rank;
  if constexpr (!expression<X>) {
    static_assert(C >= 0 && std::is_same_v<T, promote_t<T, weak_t<typename detail::number_type<X>::type, T>>>,
                  "weft: assign: a fractional number would be lost in a tensor of integers");
    assign_place(p, expr::constant<T>(exactly<T>(given)), owner::statement);
  } else {
    decltype(auto) e0 = stored(given);
    using node = std::remove_cvref_t<decltype(e0)>;
    if constexpr (poisoned<node>) {
      return;
    } else if constexpr (order_of<node> > 0) {
      static_assert(order_of<node> == 0, "weft: a tracked value becomes a plain tensor only through detach");
    } else if constexpr (parametric<node>) {
      assign_place(p, settled(e0), owner::statement);
    } else {
      static_assert(holds<T, element_t<node>>,
                    "weft: this would narrow the tensor's elements or change their kind: use cast<T>");
      static_assert(node::dims.rank == 0 || node::dims.rank == R, "weft: assign: the view and the value differ in rank");
      if constexpr (node::dims.rank == R) {
        auto const s = e0.sizes();
        if (s != p.ext) fail_shapes("assign", p.ext.data(), R, s.data(), R, "differ: a view keeps its shape");
      }
      auto const run = [&](auto const& e, bool copied) {
        index_t dense[max_rank], strides[max_rank] = {};
        engine::dense_strides(p.a.sizes().data(), C, dense);
        index_t offset = 0;
        for (int c = 0; c < C; ++c) {
          auto const& s = p.from[static_cast<std::size_t>(c)];
          offset += s.start * dense[c];
          if (s.axis >= 0) strides[s.axis] += s.step * dense[c];
        }
        T* base = nullptr;
        if constexpr (!requires { p.a.items(); }) {
          base = p.a.data();  // borrowed memory
        } else if constexpr (Tensor::stored_inline) {
          base = p.target->items().items;
        } else {
          auto& buffer = p.target->items().buffer;
          p.a.items().buffer = storage();  // the place's own handle is no reader
          if constexpr (Tensor::dims.known())
            if (!buffer) p.target->items() = typename Tensor::items_t();  // moved from: zeros again
          long const own = engine::holders_in(e0, whose, buffer) + (copied ? engine::holders_in(e, buffer) : 0);
          if (buffer && buffer.holders() != 1 + own) unshare(buffer);
          if (buffer) buffer.drop_derived();
          base = static_cast<T*>(buffer.data());
        }
        engine::write_through<R>(base + offset, strides, p.ext, e);
      };
      if constexpr (node::dims.rank == R)
        run(e0, false);
      else if constexpr (node::dims.rank == 0)
        run(stretched_to<R>("assign", p.ext, e0), true);
    }
  }
}

}  // namespace WEFT_ISA
}  // namespace weft
