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
#include <weft/engine/assign.hpp>
#include <weft/engine/producer.hpp>

#include <string>

namespace weft {

// What is said of a statement, and of a gradient (autodiff/explain.hpp).
struct explained {
  int kernels = 0;
  index_t scratch_bytes = 0;
  std::string text;  // a line a kernel

  // "elementwise -> float32(4, 5), 2 passes over each row in cache"
  static std::string of_kernel(std::string const& what, char const* to, dtype type, std::string const& sizes, int passes) {
    std::string line = what + to + weft::name(type) + sizes;
    if (passes > 1) line += ", " + std::to_string(passes) + " passes over each row in cache";
    return line;
  }
};
struct explanation : explained {
  int temporaries = 0;
  int passes = 1;
  index_t bytes_read = 0;
  index_t bytes_written = 0;
};

template <class Stream>
Stream& operator<<(Stream& out, explained const& e) {
  out << e.text;
  return out;
}

inline namespace WEFT_ISA {
namespace engine {

template <class E>
void explain_statement(E const& e, explanation& x, char const* role);

inline void say(explanation& x, std::string const& what, char const* role, int passes, std::string const& sizes,
                dtype type) {
  x.text += "kernel " + std::to_string(++x.kernels) + ": " + explained::of_kernel(what + " -> " + role, " ", type, sizes, passes) + "\n";
}

// A binder that evaluates nothing and says what would be, in the order in which it is done.
struct survey {
  explanation& x;
  frame const& f;
  struct seen {
    void const* type;
    void const* node;
  };
  static constexpr int room = 64;
  seen parts[room]{};
  int parts_count = 0;
  companion_list companions{};

  template <class T>
  void constant(T) {}
  template <class T, class Map>
  void leaf_of(T const*, Map const&, index_t const*, int, bool) {}
  template <class T>
  void tile_of() {}
  template <std::size_t R>
  bool covers(std::array<index_t, R> const& e) const {
    return covers_frame(e, f);
  }
  template <class Node, class Names>
  void number(Node const& n, Names const& names) {
    explain_statement(close_over(n, names), x, "number");
  }
  template <class Node, class Map, class Names>
  void part(Node const& n, Map const&, Names const& names, bool) {
    if (again(n)) return;
    ++x.temporaries;
    explain_statement(close_over(n, names), x, "temporary");
  }
  // Is it among what was seen?
  template <class Node>
  bool again(Node const& n) {
    if constexpr (!is_open<Node>()) {
      for (int i = 0; i < parts_count; ++i)
        if (parts[i].type == &type_mark<Node> && same_expression(n, *static_cast<Node const*>(parts[i].node))) return true;
      if (parts_count < room) parts[parts_count++] = {&type_mark<Node>, &n};
    }
    return false;
  }
  // What stands for the value has its sizes, and no memory.
  template <class Id, class Node, class Names>
  auto const& made(Node const& n, Names const& names) {
    using D = kid_t<0, Node>;
    using value = tensor<element_t<D>, D::dims.rank>;
    if constexpr (D::dims.rank > 0) ++x.temporaries;
    explain_statement(close_over(kid<0>(n), names), x, "temporary");
    value stand_in;
    if constexpr (D::dims.rank > 0) stand_in = value(storage(), kid<0>(n).sizes());
    auto body = with_value<Id>(kid<1>(n), stand_in);
    return companions.add(new made_body<decltype(body)>(static_cast<decltype(body)&&>(body)))->body;
  }
  template <class Node>
  void tiles(Node const& n) {
    std::string what;
    if (!again(n)) Node::production::explain(n, *this, what);
  }
  template <class Node>
  void rows(Node const& n) {
    if (again(n)) return;
    std::string what = Node::name;
    Node::production::explain(n, *this, what);
    say(x, what + ", some rows at a time", "rows", 1, to_text(n.sizes()), dtype_of<element_t<Node>>);
  }
};

// One loop of the statement.
template <class Context, bool Narrow, class E>
void explain_rows(E const& e, explanation& x, char const* role) {
  using code = code_of<bound<Context, E>>;
  frame f;
  extents<Context::domain> domain{};
  if constexpr (Narrow)
    domain = reduced_sizes(e);
  else
    domain = e.sizes();
  set_extents<Context::domain>(f, domain);
  survey s{x, f};
  bind<Context>(e, s, whole_domain<E::dims.rank>{}, no_names{});
  char const* const what = Narrow ? "rows, one value each" : code::last > 0 ? "row program" : "elementwise";
  say(x, what, role, code::last + 1, to_text(e.sizes()), dtype_of<element_t<E>>);
  x.passes = code::last + 1;
  index_t bytes = code::schedule.row_bytes;
  for (int i = Context::domain - Context::q; i < Context::domain; ++i) bytes *= domain[static_cast<std::size_t>(i)];
  if (code::schedule.slots > 0 && bytes > x.scratch_bytes) x.scratch_bytes = bytes;
}

template <class Loop, class E>
void explain_loop(E const& e, explanation& x, char const* role) {
  constexpr strategy S = Loop::strategy;
  if constexpr (S == strategy::columns) {
    auto const& k = kid<0>(fold_of(e));
    constexpr int R = std::remove_cvref_t<decltype(k)>::dims.rank;
    frame f;
    set_extents<R>(f, k.sizes());
    survey s{x, f};
    bind<context<R, 0, true>>(k, s, whole_domain<R>{}, no_names{});
    say(x, "columns, added up in strips", role, 1, to_text(e.sizes()), dtype_of<element_t<E>>);
  } else if constexpr (S == strategy::producer) {
    auto const& n = tile_in(e);
    using node = std::remove_cvref_t<decltype(n)>;
    constexpr bool has_epilogue = !std::is_same_v<E, node> && node::dims.rank == E::dims.rank;
    if constexpr (has_epilogue)
      if (n.sizes() != e.sizes()) return explain_rows<typename rows_alone<E>::context, false>(e, x, role);  // stretched: made first
    frame f;
    set_extents<node::dims.rank>(f, n.sizes());
    survey s{x, f};
    std::string what = node::name;
    node::production::explain(n, s, what);
    if constexpr (has_epilogue) {
      bind<context<E::dims.rank, 0, true, false, true>>(e, s, whole_domain<E::dims.rank>{}, no_names{});
      what += ", the rest on its tiles";
    }
    say(x, what, role, 1, to_text(e.sizes()), dtype_of<element_t<E>>);
  } else {
    explain_rows<typename Loop::context, S == strategy::narrow>(e, x, role);
  }
}
template <class E>
void explain_statement(E const& e, explanation& x, char const* role) {
  with_plan(e, [&]<class Loop>(Loop) { explain_loop<Loop>(e, x, role); });
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
    expr::each_leaf(e, [&](auto const& leaf) {
      if constexpr (requires { leaf.data(); }) x.bytes_read += leaf.size() * index_t(sizeof(element_t<decltype(leaf)>));
    });
    x.bytes_written = e.size() * index_t(sizeof(element_t<node>));
    return x;
  }
}

// What the compiler knows of a plan, for static_assert.
template <expression E>
struct plan {
  static constexpr engine::strategy strategy = engine::strategy_of<E>;

 private:
  static constexpr auto context_of() {
    if constexpr (strategy == engine::strategy::producer)
      return engine::context<E::dims.rank, 0, true, false, true>{};
    else if constexpr (strategy == engine::strategy::narrow)
      return typename engine::values_fused<E>::context{};
    else
      return typename engine::rows_fused<E>::context{};
  }
  using code = engine::code_of<engine::bound<decltype(context_of()), E>>;

 public:
  static constexpr int passes = code::last + 1;
  static constexpr int lanes = engine::lanes_of_width<engine::larger(code::code.width, sizeof(element_t<E>))>;
};

}  // namespace WEFT_ISA
}  // namespace weft
