// The derivatives, each written once: what an operation's operands get of the cotangent of its result.
//
//   template <> struct rule<op::multiply> {
//     static auto da(auto g, auto, auto, auto b) { return g * b; }
//     static auto db(auto g, auto, auto a, auto) { return g * a; }
//   };
//
// `g` is the cotangent, `y` the result, `a`, `b`, `c` the operands; what comes back is an expression. In a sweep the
// arguments are packs that pose as numbers, at higher orders tracked tensors. Which of y, a, b, c a rule mentions
// decides what is computed again, kept on the tape, or forgotten. An operand without da, db, dc gets nothing.
//
// At ties and bounds: maximum and minimum give the second operand what equal ones share, relu'(0) = abs'(0) = 0,
// sqrt'(0) is infinite, where differentiates both branches. A sum of broadcast axes and a change of type are added
// by whoever applies the rule.
#pragma once
#include <weft/expr/contract.hpp>
#include <weft/expr/functions.hpp>
#include <weft/expr/reduce.hpp>
#include <weft/grad/tracked.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace reverse {

namespace op = expr::op;
using expr::map;

template <class Op>
struct no_rule {
  static constexpr bool known = false;
};

// The primary template: an operation that nobody wrote a rule for.
template <class Op>
struct rule {
  static constexpr bool missing = true;
};
// Constant between its steps.
struct flat_rule {};

// clang-format off
template <> struct rule<op::add> {
  static WEFT_INLINE auto da(auto const& g, auto const&, auto const&, auto const&) { return g; }
  static WEFT_INLINE auto db(auto const& g, auto const&, auto const&, auto const&) { return g; }
};
template <> struct rule<op::subtract> {
  static WEFT_INLINE auto da(auto const& g, auto const&, auto const&, auto const&) { return g; }
  static WEFT_INLINE auto db(auto const& g, auto const&, auto const&, auto const&) { return -g; }
};
template <> struct rule<op::multiply> {
  static WEFT_INLINE auto da(auto const& g, auto const&, auto const&, auto const& b) { return g * b; }
  static WEFT_INLINE auto db(auto const& g, auto const&, auto const& a, auto const&) { return g * a; }
};
template <> struct rule<op::divide> {
  static WEFT_INLINE auto da(auto const& g, auto const&, auto const&, auto const& b) { return g / b; }
  static WEFT_INLINE auto db(auto const& g, auto const& y, auto const&, auto const& b) { return -(g / b * y); }
};
template <> struct rule<op::maximum> {
  static WEFT_INLINE auto da(auto const& g, auto const&, auto const& a, auto const& b) { return where(a > b, g, 0); }
  static WEFT_INLINE auto db(auto const& g, auto const&, auto const& a, auto const& b) { return where(a > b, 0, g); }
};
template <> struct rule<op::minimum> {
  static WEFT_INLINE auto da(auto const& g, auto const&, auto const& a, auto const& b) { return where(a < b, g, 0); }
  static WEFT_INLINE auto db(auto const& g, auto const&, auto const& a, auto const& b) { return where(a < b, 0, g); }
};
template <> struct rule<op::where> {
  static WEFT_INLINE auto db(auto const& g, auto const&, auto const& a, auto const&, auto const&) {
    return where(a, g, 0);
  }
  static WEFT_INLINE auto dc(auto const& g, auto const&, auto const& a, auto const&, auto const&) {
    return where(a, 0, g);
  }
};

#define WEFT_RULE(NAME, ...)                                                                              \
  template <> struct rule<op::NAME> {                                                                     \
    static WEFT_INLINE auto da([[maybe_unused]] auto const& g, [[maybe_unused]] auto const& y,            \
                               [[maybe_unused]] auto const& a) { return __VA_ARGS__; }                    \
  };
WEFT_RULE(negative, -g)
WEFT_RULE(square, 2 * (g * a))
WEFT_RULE(relu, where(y > 0, g, 0))
WEFT_RULE(abs, where(a > 0, g, where(a < 0, -g, 0)))
WEFT_RULE(exp, g * y)
WEFT_RULE(expm1, g * (y + 1))
WEFT_RULE(log, g / a)
WEFT_RULE(log1p, g / (a + 1))
WEFT_RULE(sin, g * cos(a))
WEFT_RULE(cos, -(g * sin(a)))
WEFT_RULE(tanh, g * (1 - y * y))
WEFT_RULE(sigmoid, g * (y - y * y))
WEFT_RULE(erf, 1.1283791670955126 * (g * exp(-(a * a))))  // 2 / sqrt(pi)
// The distribution function plus a times the density: 1 / sqrt(2), 1 / sqrt(2 pi).
WEFT_RULE(gelu, g * (0.5 * erf(a * 0.7071067811865476) + 0.5 + 0.3989422804014327 * (a * exp(-0.5 * (a * a)))))
WEFT_RULE(sqrt, 0.5 * (g / y))
WEFT_RULE(rsqrt, -0.5 * (g * (y * y * y)))
#undef WEFT_RULE

template <class T> struct rule<op::cast<T>> {
  template <class G, class Y, class A>
  static WEFT_INLINE auto da(G const& g, Y const&, A const&) { return cast<element_t<A>>(g); }
};
template <> struct rule<op::floor> : flat_rule {};
template <> struct rule<op::ceil> : flat_rule {};
template <> struct rule<op::trunc> : flat_rule {};
template <> struct rule<op::round> : flat_rule {};
// clang-format on

// -- what a rule reads -------------------------------------------------------------------------------------------

// Stands for an argument of a rule that is only asked about, or that the rule doesn't mention.
enum class role { g, y, a, b, c };
template <role R, class T>
struct asked : described<asked<R, T>, T, weft::shape{}> {
  WEFT_INLINE constexpr extents<0> sizes() const { return {}; }
};

struct reading {
  bool y = false, a = false, b = false, c = false;
  constexpr reading operator|(reading o) const { return {y || o.y, a || o.a, b || o.b, c || o.c}; }
};

template <class E>
struct mentions {
  static constexpr reading value{};
};
template <role R, class T>
struct mentions<asked<R, T>> {
  static constexpr reading value{R == role::y, R == role::a, R == role::b, R == role::c};
};
template <class Op, class A>
struct mentions<map<Op, A>> {
  static constexpr reading value = mentions<A>::value;
};
template <class Op, class A, class B>
struct mentions<map<Op, A, B>> {
  static constexpr reading value = mentions<A>::value | mentions<B>::value;
};
template <class Op, class A, class B, class C>
struct mentions<map<Op, A, B, C>> {
  static constexpr reading value = mentions<A>::value | mentions<B>::value | mentions<C>::value;
};

// What an operand contributes of the cotangent `g`, for operand 0, 1 or 2; extra arguments are y, a, b, c.
template <class Op, int I, class... X>
WEFT_INLINE auto pulled(X const&... x) {
  if constexpr (I == 0)
    return rule<Op>::da(x...);
  else if constexpr (I == 1)
    return rule<Op>::db(x...);
  else
    return rule<Op>::dc(x...);
}

// Does operand I of the operation get a cotangent at all?
template <class Op, int I>
constexpr bool passes() {
  if constexpr (requires { rule<Op>::missing; } || std::is_base_of_v<flat_rule, rule<Op>>)
    return false;
  else
    return !(std::is_same_v<Op, op::where> && I == 0);
}

// -- which children lead to something tracked ----------------------------------------------------------------------

template <class E>
struct reaching {
  static constexpr bool value = false;
};
// Through floating-point children with a derivative alone. Precondition: parameters were resolved.
template <class E>
constexpr bool find_reaching() {
  if constexpr (kind_of_type<element_t<E>> == kind::floating)
    return reaching<E>::value;
  else
    return false;
}
template <class E>
inline constexpr bool reaches = find_reaching<E>();

template <class T, auto S, int N>
struct reaching<tracked<T, S, N>> {
  static constexpr bool value = true;
};
template <class Op, int I, class A>
constexpr bool reaches_through() {
  if constexpr (reaches<A>)
    return passes<Op, I>();
  else
    return false;
}
template <class Op, class A>
struct reaching<map<Op, A>> {
  static constexpr bool value = reaches_through<Op, 0, A>();
};
template <class Op, class A, class B>
struct reaching<map<Op, A, B>> {
  static constexpr bool value = reaches_through<Op, 0, A>() || reaches_through<Op, 1, B>();
};
template <class Op, class A, class B, class C>
struct reaching<map<Op, A, B, C>> {
  static constexpr bool value =
      reaches_through<Op, 0, A>() || reaches_through<Op, 1, B>() || reaches_through<Op, 2, C>();
};
template <class Op, unsigned Mask, class A>
struct reaching<expr::reduce<Op, Mask, A>> {
  static constexpr bool value = reaches<A>;
};
template <class A, weft::shape D>
struct reaching<expr::view<A, D>> {
  static constexpr bool value = reaches<A>;
};
template <unsigned Mask, class A>
struct reaching<expr::squeeze_node<Mask, A>> {
  static constexpr bool value = reaches<A>;
};
template <class A, class B>
struct reaching<expr::contract<A, B>> {
  static constexpr bool value = reaches<A> || reaches<B>;
};

// The first operation without a rule that has something tracked below it, or void. Asked once a statement, so that
// the compiler's message is short.
template <class E>
struct without_rule {
  using type = void;
};
template <class A, class B = void, class C = void>
using first_type = std::conditional_t<!std::is_void_v<A>, A, std::conditional_t<!std::is_void_v<B>, B, C>>;
template <class Op, class A, class B, class C>
struct without_rule<map<Op, A, B, C>> {
  static constexpr bool missing = [] {
    if constexpr (requires { rule<Op>::missing; })
      return kind_of_type<element_t<map<Op, A, B, C>>> == kind::floating && expr::leaves_of<map<Op, A, B, C>>.order > 0;
    else
      return false;
  }();
  using type = first_type<std::conditional_t<missing, Op, void>, typename without_rule<A>::type,
                          first_type<typename without_rule<B>::type, typename without_rule<C>::type>>;
};
template <class Op, unsigned Mask, class A>
struct without_rule<expr::reduce<Op, Mask, A>> : without_rule<A> {};
template <class A, weft::shape D>
struct without_rule<expr::view<A, D>> : without_rule<A> {};
template <unsigned Mask, class A>
struct without_rule<expr::squeeze_node<Mask, A>> : without_rule<A> {};
template <class A, class B>
struct without_rule<expr::contract<A, B>> {
  using type = first_type<typename without_rule<A>::type, typename without_rule<B>::type>;
};
template <class E>
constexpr bool check_rules() {
  using op = typename without_rule<E>::type;
  constexpr bool known = std::is_void_v<op> || no_rule<op>::known;
  static_assert(std::is_void_v<op> || no_rule<op>::known, "weft: grad: this operation has no rule in grad/rules.hpp");
  return known;
}

// What the backward pass through a map node reads, below which is something tracked.
template <class Op, int I, class T, class... A>
constexpr reading reads_for() {
  using g = asked<role::g, T>;
  using y = asked<role::y, T>;
  return mentions<decltype(pulled<Op, I>(std::declval<g>(), std::declval<y>(), std::declval<A>()...))>::value;
}
template <class E>
struct reads {
  static constexpr reading value{};
};
template <class Op, class A>
struct reads<map<Op, A>> {
  static constexpr reading find() {
    if constexpr (reaches<map<Op, A>>)
      return reads_for<Op, 0, element_t<map<Op, A>>, asked<role::a, element_t<A>>>();
    else
      return {};
  }
  static constexpr reading value = find();
};
template <class Op, class A, class B>
struct reads<map<Op, A, B>> {
  using a = asked<role::a, element_t<A>>;
  using b = asked<role::b, element_t<B>>;
  static constexpr reading find() {
    using T = element_t<map<Op, A, B>>;
    reading r;
    if constexpr (reaches<map<Op, A, B>>) {
      if constexpr (reaches_through<Op, 0, A>()) r = r | reads_for<Op, 0, T, a, b>();
      if constexpr (reaches_through<Op, 1, B>()) r = r | reads_for<Op, 1, T, a, b>();
    }
    return r;
  }
  static constexpr reading value = find();
};
template <class Op, class A, class B, class C>
struct reads<map<Op, A, B, C>> {
  using a = asked<role::a, element_t<A>>;
  using b = asked<role::b, element_t<B>>;
  using c = asked<role::c, element_t<C>>;
  static constexpr reading find() {
    using T = element_t<map<Op, A, B, C>>;
    reading r;
    if constexpr (reaches<map<Op, A, B, C>>) {
      if constexpr (reaches_through<Op, 0, A>()) r = r | reads_for<Op, 0, T, a, b, c>();
      if constexpr (reaches_through<Op, 1, B>()) r = r | reads_for<Op, 1, T, a, b, c>();
      if constexpr (reaches_through<Op, 2, C>()) r = r | reads_for<Op, 2, T, a, b, c>();
    }
    return r;
  }
  static constexpr reading value = find();
};

}  // namespace reverse
}  // namespace WEFT_ISA
}  // namespace weft
