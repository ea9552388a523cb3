// How many of an expression's leaves hold a buffer: whether a statement may write to it.
#pragma once
#include <weft/core/storage.hpp>
#include <weft/expr/node.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace engine {

struct counts_holders {
  storage const& buffer;
  long& n;
  template <class Leaf>
  WEFT_INLINE void operator()(Leaf const& leaf) const {
    if constexpr (requires { leaf.items().buffer; })
      if (leaf.items().buffer == buffer) ++n;
  }
};
// How often the expression holds this buffer. An expression that is nothing but a tensor is the user's own variable:
// what it holds is not the statement's.
template <class E>
WEFT_INLINE long holders_in(E const& e, storage const& buffer) {
  long n = 0;
  if constexpr (!requires { e.items().buffer; }) expr::each_leaf(e, counts_holders{buffer, n});
  return n;
}
// The same of what the statement was given. A variable keeps what it holds when the statement has ended, so that none
// of it may be written to.
template <class E>
WEFT_INLINE long holders_in(E const& e, owner whose, storage const& buffer) {
  return whose == owner::statement ? holders_in(e, buffer) : 0;
}

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft
