// What an evaluation will do, asked before it is done.
//
//   std::cout << explain(softmax(x));      explain(e).kernels == 1      plan<decltype(e)>::passes == 3
//
//   kernels        sweeps over memory; a program that goes row by row in cache counts as one
//   temporaries    intermediate tensors that are written to memory
//   passes         of the final sweep over each row
//   scratch_bytes  rows of definitions, per thread; it does not grow with the number of rows
//   bytes_read, bytes_written   leaves and result, each once
#pragma once
#include <weft/eval/assign.hpp>

#include <string>

namespace weft {

struct explanation {
  int kernels = 0;
  int temporaries = 0;
  int passes = 1;
  index_t scratch_bytes = 0;
  index_t bytes_read = 0;
  index_t bytes_written = 0;
  std::string text;  // a line a kernel
};

template <class Stream>
Stream& operator<<(Stream& out, explanation const& e) {
  out << e.text;
  return out;
}

inline namespace WEFT_ISA {
namespace engine {

enum class strategy { rows, narrow, columns, product };

// How `execute` will run an expression of this type.
template <class E>
constexpr strategy strategy_of() {
  if constexpr (product_in<E>::whole)
    return strategy::product;
  else if constexpr (root<E>::columns)
    return strategy::columns;
  else
    return expr::narrow<E>.q > 0 ? strategy::narrow : strategy::rows;
}

// What `bind` evaluates apart below a node, in the order in which it is done.
template <class Node>
struct survey;
template <class Context, class Node, class Names>
void look(Node const& n, explanation& x, Names const& names) {
  survey<Node>::template visit<Context>(n, x, names);
}
template <class E>
void explain_statement(E const& e, explanation& x, char const* role);

template <class Node, class Names>
void look_apart(Node const& n, explanation& x, Names const& names) {
  if constexpr (Node::dims.rank > 0) ++x.temporaries;
  explain_statement(close_over(n, names), x, "temporary");
}
template <class Node>
struct survey {
  template <class Context, class Names>
  static void visit(Node const&, explanation&, Names const&) {}
};
template <class Op, class A>
struct survey<map<Op, A>> {
  template <class Context, class Names>
  static void visit(map<Op, A> const& n, explanation& x, Names const& names) {
    look<Context>(n.a, x, names);
  }
};
template <class Op, class A, class B>
struct survey<map<Op, A, B>> {
  template <class Context, class Names>
  static void visit(map<Op, A, B> const& n, explanation& x, Names const& names) {
    look<child_context<Context, map<Op, A, B>, A>>(n.a, x, names);
    look<child_context<Context, map<Op, A, B>, B>>(n.b, x, names);
  }
};
template <class Op, class A, class B, class C>
struct survey<map<Op, A, B, C>> {
  template <class Context, class Names>
  static void visit(map<Op, A, B, C> const& n, explanation& x, Names const& names) {
    using node = map<Op, A, B, C>;
    look<child_context<Context, node, A>>(n.a, x, names);
    look<child_context<Context, node, B>>(n.b, x, names);
    look<child_context<Context, node, C>>(n.c, x, names);
  }
};
template <class Op, unsigned Mask, class A>
struct survey<reduce<Op, Mask, A>> {
  template <class Context, class Names>
  static void visit(reduce<Op, Mask, A> const& n, explanation& x, Names const& names) {
    if constexpr (binding<reduce<Op, Mask, A>>::template fuses<Context>)
      look<typename Context::inside>(n.a, x, names);
    else
      look_apart(n, x, names);
  }
};
template <class A, class B>
struct survey<contract<A, B>> {
  template <class Context, class Names>
  static void visit(contract<A, B> const& n, explanation& x, Names const& names) {
    if constexpr (!Context::tile) look_apart(n, x, names);
  }
};
template <class A, weft::shape D>
struct survey<view<A, D>> {
  template <class Context, class Names>
  static void visit(view<A, D> const& n, explanation& x, Names const& names) {
    if constexpr (elementwise<A>)
      look<typename Context::indirect>(n.a, x, names);
    else
      look_apart(n.a, x, names);
  }
};
template <unsigned Mask, class A>
struct survey<squeeze_node<Mask, A>> {
  template <class Context, class Names>
  static void visit(squeeze_node<Mask, A> const& n, explanation& x, Names const& names) {
    if constexpr (Context::outer && A::dims.rank == Context::domain && expr::trailing(Mask, A::dims.rank) == Context::q)
      look<Context>(n.a, x, names);
    else if constexpr (elementwise<A>)
      look<typename Context::indirect>(n.a, x, names);
    else if constexpr (evaluated_number<squeeze_node<Mask, A>>)
      explain_statement(close_over(n.a, names), x, "number");
    else
      look_apart(n.a, x, names);
  }
};
template <class Id, class D, class B>
struct survey<let_node<Id, D, B>> {
  template <class Context, class Names>
  static void visit(let_node<Id, D, B> const& n, explanation& x, Names const& names) {
    if constexpr (met<Id, Context, B>::value) look<defining_context<Context, D>>(n.definition, x, names);
    look<Context>(n.body, x, name<Id, D, 0, false, Names>{n.definition, names});
  }
};

template <class E>
constexpr auto statement_context() {
  constexpr auto one = expr::narrow<E>;
  if constexpr (strategy_of<E>() == strategy::product)
    return context<2, 0, true, false, true>{};
  else if constexpr (strategy_of<E>() == strategy::narrow)
    return context<one.domain, one.q, true, true>{};
  else
    return context<E::dims.rank, expr::fused_axes<E>, true>{};
}
template <class E>
using cursor_of = bound<decltype(statement_context<E>()), E>;

inline void say(explanation& x, char const* what, char const* role, int passes, std::string const& sizes, char const* type) {
  x.text += "kernel " + std::to_string(++x.kernels) + ": " + what + " -> " + role + " " + type + sizes;
  if (passes > 1) x.text += ", " + std::to_string(passes) + " passes over each row in cache";
  x.text += "\n";
}

// One loop of the statement, bound in `Context`. `Narrow`: one value a row.
template <class Context, bool Narrow, class E>
void explain_rows(E const& e, explanation& x, char const* role) {
  using cursor = bound<Context, E>;
  constexpr int last = cursor::avail;
  look<Context>(e, x, no_names{});
  char const* const what = Narrow ? "rows, one value each" : last > 0 ? "row program" : "elementwise";
  say(x, what, role, last + 1, to_text(e.sizes()), weft::name(dtype_of<element_t<E>>));
  x.passes = last + 1;
  if constexpr (last > 0) {
    index_t n = rows_kept<cursor, last>::bytes;
    auto const of_row = [&n](auto const& ext) {
      for (int i = Context::domain - Context::q; i < Context::domain; ++i) n *= ext[static_cast<std::size_t>(i)];
    };
    if constexpr (Narrow)
      of_row(reduced<E>::sizes(e));
    else
      of_row(e.sizes());
    if (n > x.scratch_bytes) x.scratch_bytes = n;
  }
}

// The loop that `execute` chooses, which depends on whether the reductions have the rows of the result.
template <class E>
void explain_loop(E const& e, explanation& x, char const* role) {
  using with = decltype(statement_context<E>());
  using alone = context<E::dims.rank, 0, true>;
  if constexpr (strategy_of<E>() == strategy::narrow) {
    if constexpr (single_reduction<E>)
      explain_rows<with, true>(e, x, role);
    else if (narrow_agrees<with>(e, reduced<E>::sizes(e).data()))
      explain_rows<with, true>(e, x, role);
    else if constexpr (root_reduction<E>)
      explain_rows<shallow_context<with::domain, with::q>, true>(e, x, role);
    else
      explain_rows<alone, false>(e, x, role);
  } else if constexpr (with::q > 0) {
    if (rows_agree<with>(e, e.sizes().data()))
      explain_rows<with, false>(e, x, role);
    else
      explain_rows<alone, false>(e, x, role);
  } else {
    explain_rows<with, false>(e, x, role);
  }
}

template <class E>
void explain_statement(E const& e, explanation& x, char const* role) {
  constexpr strategy s = strategy_of<E>();
  using with = decltype(statement_context<E>());
  std::string const sizes = to_text(e.sizes());
  char const* const type = weft::name(dtype_of<element_t<E>>);
  if constexpr (s == strategy::columns) {
    auto const& n = root<E>::node(e);
    using A = std::remove_cvref_t<decltype(n.a)>;
    look<context<A::dims.rank, 0, true>>(n.a, x, no_names{});
    say(x, "columns, added up in strips", role, 1, sizes, type);
  } else if constexpr (s == strategy::product) {
    auto const& n = product_in<E>::find(e);
    using P = std::remove_cvref_t<decltype(n)>;
    if constexpr (!std::is_same_v<E, P> && P::dims.rank == E::dims.rank)
      if (n.sizes() != e.sizes()) return explain_rows<context<E::dims.rank, 0, true>, false>(e, x, role);  // stretched
    auto const operand = [&](auto const& o) {
      using O = std::remove_cvref_t<decltype(o)>;
      look<context<2, 0, true>>(o, x, no_names{});
      return std::is_base_of_v<memory<element_t<P>>, typename operand_source<element_t<P>, O>::cursor>;
    };
    bool const left = operand(n.a), right = operand(n.b);
    if constexpr (!std::is_same_v<E, P>) look<with>(e, x, no_names{});
    std::string what = "product";
    if (!left || !right) what += ", operands computed while packing";
    if constexpr (!std::is_same_v<E, P> && E::dims.rank == 2) what += ", the rest on its tiles";
    say(x, what.c_str(), role, 1, sizes, type);
  } else {
    explain_loop(e, x, role);
  }
}

}  // namespace engine

template <expression X>
[[nodiscard]] explanation explain(X const& given) {
  using node = stored_t<X>;
  if constexpr (parametric<node> && order_of<node> == 0) {
    return explain(settled(stored(given)));
  } else {
    decltype(auto) e = stored(given);
    explanation x;
    engine::explain_statement(e, x, "result");
    engine::each_leaf(e, [&](auto const& leaf) {
      if constexpr (requires { leaf.data(); }) x.bytes_read += leaf.size() * index_t(sizeof(element_t<decltype(leaf)>));
    });
    x.bytes_written = e.size() * index_t(sizeof(element_t<node>));
    return x;
  }
}

// What the compiler knows of a plan, for static_assert.
template <expression E>
struct plan {
  static constexpr engine::strategy strategy = engine::strategy_of<E>();
  static constexpr int passes = engine::cursor_of<E>::avail + 1;
  static constexpr int lanes = engine::lanes_of_width<engine::larger(engine::cursor_of<E>::width, sizeof(element_t<E>))>;
};

}  // namespace WEFT_ISA
}  // namespace weft
