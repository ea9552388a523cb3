// Do the fused reductions have the rows of the domain?
//
// The compiler cannot know: x - mean(y, keepdims) may have a y with longer rows. Then the reductions are evaluated
// apart, which is another loop. `rows_agree<Context>(node, ext)` asks.
#pragma once
#include <weft/eval/cursor.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace engine {

template <class Context, class Node>
WEFT_INLINE bool rows_agree(Node const& n, index_t const* ext);

template <class Node>
struct agreement {
  template <class Context>
  WEFT_INLINE static bool check(Node const&, index_t const*) {
    return true;
  }
};
template <class Context, class Node>
WEFT_INLINE bool rows_agree(Node const& n, index_t const* ext) {
  return agreement<Node>::template check<Context>(n, ext);
}
template <class Op, class A>
struct agreement<map<Op, A>> {
  template <class Context>
  WEFT_INLINE static bool check(map<Op, A> const& n, index_t const* ext) {
    return rows_agree<Context>(n.a, ext);
  }
};
template <class Op, class A, class B>
struct agreement<map<Op, A, B>> {
  template <class Context>
  WEFT_INLINE static bool check(map<Op, A, B> const& n, index_t const* ext) {
    return rows_agree<Context>(n.a, ext) && rows_agree<Context>(n.b, ext);
  }
};
template <class Op, class A, class B, class C>
struct agreement<map<Op, A, B, C>> {
  template <class Context>
  WEFT_INLINE static bool check(map<Op, A, B, C> const& n, index_t const* ext) {
    return rows_agree<Context>(n.a, ext) && rows_agree<Context>(n.b, ext) && rows_agree<Context>(n.c, ext);
  }
};
template <class Op, unsigned Mask, class A>
struct agreement<reduce<Op, Mask, A>> {
  template <class Context>
  WEFT_INLINE static bool check(reduce<Op, Mask, A> const& n, index_t const* ext) {
    if constexpr (A::dims.rank == Context::domain && reduce<Op, Mask, A>::q == Context::q) {
      auto const e = n.a.sizes();
      for (int i = 0; i < A::dims.rank; ++i)
        if (e[static_cast<std::size_t>(i)] != ext[i]) return false;
      return rows_agree<Context>(n.a, ext);
    } else {
      return true;
    }
  }
};
template <unsigned Mask, class A>
struct agreement<squeeze_node<Mask, A>> {
  template <class Context>
  WEFT_INLINE static bool check(squeeze_node<Mask, A> const& n, index_t const* ext) {
    return rows_agree<Context>(n.a, ext);
  }
};
template <class Id, class D, class B>
struct agreement<let_node<Id, D, B>> {
  template <class Context>
  WEFT_INLINE static bool check(let_node<Id, D, B> const& n, index_t const* ext) {
    return rows_agree<Context>(n.definition, ext) && rows_agree<Context>(n.body, ext);
  }
};

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft
