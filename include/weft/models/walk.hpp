// The cells of a model (its parameters and buffers) with their paths, in the order of its fields: through plain
// structs, std::vector, std::array, std::optional and whatever lists its fields. One model, or several of one type
// side by side. A field that is none of these is no part of the model; behind pointers, in pairs, tuples, variants and
// maps parameters are refused.
//
//   each_cell(model, [](std::string_view path, auto& cell) { ... });    // "blocks.1.down.bias", nn::parameter
//   each_cell_of(f, model, gradient);                                   // f(cell, cell); no paths, no allocation
//   each_parameter(model, [](auto& p) { ... });                         // the same of parameters alone, of anything
#pragma once
#include <weft/core/errors.hpp>
#include <weft/models/buffer.hpp>
#include <weft/models/parameter.hpp>
#include <weft/models/reflect.hpp>

#include <optional>
#include <string>

namespace weft::models {
inline namespace WEFT_ISA {

template <class X>
inline constexpr bool is_optional = false;
template <class X>
inline constexpr bool is_optional<std::optional<X>> = true;

template <class X>
concept range = requires(X& x) {
  *x.begin();
  x.end();
};
template <class X>
using item_of = decltype(*std::declval<X&>().begin());
// Its items are objects, and not of its own type, as those of a path are.
template <class X>
concept sequence = range<X> && std::is_lvalue_reference_v<item_of<X>> &&
                   !std::is_same_v<std::remove_cvref_t<item_of<X>>, X> && requires(X& x) {
  x.size();
};

template <class X>
inline constexpr bool is_cell = is_parameter<X> || is_buffer<X>;

// Has no cells, whatever it holds: a number, a tensor, a string.
template <class X>
constexpr bool is_opaque() {
  if constexpr (!std::is_class_v<X> || (expression<X> && !is_cell<X>)) {
    return true;
  } else if constexpr (sequence<X>) {
    return !std::is_class_v<std::remove_cvref_t<item_of<X>>>;
  } else {
    return !is_cell<X> && !is_optional<X> && !reflectable<X>;
  }
}

// A parameter can be found in it. `Above`: in whose fields or items X was come across, and `unopened` if X is only
// asked what it is initialised from: structured bindings are a compile error for some structs, which are no mistake where
// nobody walks.
struct unopened;
template <class X, class... Above>
consteval bool finds_parameter();
template <class... Above>
inline constexpr bool opens = !(std::is_same_v<Above, unopened> || ...);

// Becomes what a parameter can be found in, and nothing else.
template <class... Above>
struct any_found {
  template <class T>
    requires(finds_parameter<T, Above...>())
  operator T() const {  // nobody calls it, but what std::optional is made of is compiled
    __builtin_unreachable();
  }
};
// One of the first fields is initialised from such a thing, but not from whatever there is.
template <class X, class First, std::size_t... Before>
consteval bool takes_after(std::index_sequence<Before...>) {
  return requires { X{detail::any_value_at<Before>{}..., First{}}; };
}
template <class X, class Found, std::size_t... At>
consteval bool takes(std::index_sequence<At...>) {
  return ((takes_after<X, Found>(std::make_index_sequence<At>{}) &&
           !takes_after<X, detail::no_value>(std::make_index_sequence<At>{})) ||
          ...);
}

#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wundefined-var-template"
#endif
template <class X, class... Above>
consteval bool finds_parameter() {
  if constexpr (is_parameter<X>) {
    return true;
  } else if constexpr (is_opaque<X>() || is_buffer<X> || (std::is_same_v<X, Above> || ...)) {
    return false;
  } else if constexpr (is_optional<X>) {
    return finds_parameter<typename X::value_type, X, Above...>();
  } else if constexpr (sequence<X>) {
    return finds_parameter<std::remove_cvref_t<item_of<X>>, X, Above...>();
  } else if constexpr (lists_fields<X>) {
    if constexpr (requires { typename std::bool_constant<(X::fields(detail::any_member{}), true)>; }) {
      bool any = false;
      X::fields([&any](std::string_view, auto member) {
        any = any || finds_parameter<std::remove_cvref_t<decltype(std::declval<X&>().*member)>, X, Above...>();
      });
      return any;
    } else {
      return true;  // not constexpr: only a walk can tell
    }
  } else if constexpr (!opens<Above...> || !detail::members_of<X>.visible()) {
    // A model's own mistake is named where it is walked.
    return sizeof...(Above) == 0 ||
           takes<X, any_found<X, Above...>>(std::make_index_sequence<detail::max_bindings + 1>{});
  } else {
    bool any = false;
    if constexpr (field_count<X> != 0)
      detail::bind<field_count<X>>(detail::specimen<X>.value, [&any](auto&... field) {
        any = (finds_parameter<std::remove_cvref_t<decltype(field)>, X, Above...>() || ...);
      });
    return any;
  }
}
#if defined(__clang__)
#pragma clang diagnostic pop
#endif
// Opaque, and yet it leads to parameters: behind a pointer, in a pair, tuple or variant (a map's item is a pair), in a
// list without a size. They would be lost in silence.
template <class X>
consteval bool hides_parameter();
template <class Item, class X>
consteval bool leads_to_parameter() {
  if constexpr (std::is_same_v<Item, X> || !requires { sizeof(Item); })
    return false;
  else
    return finds_parameter<Item, X, unopened>() || (is_opaque<Item>() && hides_parameter<Item>());
}
// What a pointer, std::unique_ptr, std::shared_ptr or std::reference_wrapper points to.
template <class X>
struct target_of {};
template <class X>
  requires(std::is_pointer_v<X> && std::is_object_v<std::remove_pointer_t<X>>)
struct target_of<X> : std::remove_pointer<X> {};
template <class X>
  requires requires(X& x) {
    typename X::element_type;
    x.get();
  }
struct target_of<X> : std::remove_all_extents<typename X::element_type> {};
template <class X>
  requires requires(X& x) {
    { x.get() } -> std::same_as<typename X::type&>;
  }
struct target_of<X> : std::type_identity<typename X::type> {};
template <class X>
struct alternatives_of {};
template <template <class...> class V, class... A>
  requires requires(V<A...>& x) { x.valueless_by_exception(); }
struct alternatives_of<V<A...>> {
  template <class X>
  static consteval bool lead() {
    return (leads_to_parameter<A, X>() || ...);
  }
};

template <class X>
consteval bool hides_parameter() {
  if constexpr (requires { typename target_of<X>::type; }) {
    return leads_to_parameter<std::remove_cv_t<typename target_of<X>::type>, X>();
  } else if constexpr (!std::is_class_v<X> || expression<X>) {
    return false;
  } else if constexpr (range<X>) {
    return leads_to_parameter<std::remove_cvref_t<item_of<X>>, X>();
  } else if constexpr (requires { std::tuple_size<X>::value; }) {
    return []<std::size_t... I>(std::index_sequence<I...>) {
      return (leads_to_parameter<std::remove_cvref_t<std::tuple_element_t<I, X>>, X>() || ...);
    }
    (std::make_index_sequence<std::tuple_size_v<X>>{});
  } else if constexpr (requires { alternatives_of<X>::template lead<X>(); }) {
    return alternatives_of<X>::template lead<X>();
  } else {
    return false;
  }
}

// Dots and names at the end of a path; nothing where nobody reads it.
struct no_path {
  std::size_t length() const { return 0; }
  void enter(std::string_view) {}
  void enter(std::size_t) {}
  void leave(std::size_t) {}
  std::string_view text() const { return {}; }
};
struct path {
  std::string name;
  std::size_t length() const { return name.size(); }
  void enter(std::string_view part) {
    if (!name.empty()) name += '.';
    name += part;
  }
  void enter(std::size_t i) { enter(std::string_view(std::to_string(i))); }
  void leave(std::size_t n) { name.resize(n); }
  std::string_view text() const { return name; }
};

// The fields of several structs of one type, side by side.
template <class F, class X, class... More>
constexpr void each_field_of(F const& f, X& x, More&... more) {
  using plain = std::remove_const_t<X>;
  if constexpr (lists_fields<plain>) {
    plain::fields([&](std::string_view name, auto member) { f(name, x.*member, (more.*member)...); });
  } else if constexpr (sizeof...(More) == 0) {
    for_each_field(x, f);
  } else if constexpr (field_count<plain> != 0) {
    static_assert(sizeof...(More) == 1);
    detail::bind<field_count<plain>>(x, [&](auto&... a) {
      detail::bind<field_count<plain>>(more..., [&](auto&... b) {
        std::string_view const* name = field_names<plain>().data();
        (f(*name++, a, b), ...);
      });
    });
  }
}

template <class Path, class F, class X, class... More>
void walk(Path& at, F const& f, X& x, More&... more) {
  using plain = std::remove_const_t<X>;
  auto const below = [&](auto const& name, auto&... child) {
    auto const length = at.length();
    at.enter(name);
    walk(at, f, child...);
    at.leave(length);
  };
  if constexpr (is_cell<plain>) {
    f(at.text(), x, more...);
  } else if constexpr (is_opaque<plain>()) {
    static_assert(!hides_parameter<plain>(),
                  "weft: nn: parameters behind a pointer, in a pair, tuple, variant or map are not found: make them "
                  "fields, or items of a std::optional, std::vector or std::array");
  } else if constexpr (is_optional<plain>) {
    if (((x.has_value() != more.has_value()) || ...)) fail<error>("nn: the models differ in what they hold");
    if (x) walk(at, f, *x, *more...);
  } else if constexpr (sequence<plain>) {
    if (((x.size() != more.size()) || ...)) fail<error>("nn: the models differ in the number of their parts");
    std::size_t i = 0;
    [&](auto it, auto... others) {
      for (; it != x.end(); ++it, ((void)++others, ...)) below(i++, *it, *others...);
    }(x.begin(), more.begin()...);
  } else {
    each_field_of([&](std::string_view name, auto&... field) { below(name, field...); }, x, more...);
  }
}

template <class X>
constexpr void check_model() {
  static_assert(!is_opaque<X>(),
                "weft: nn: no model: neither a plain struct, nor a parameter, nor a container of them; a struct with "
                "constructors or private members lists its fields with `static constexpr void fields(auto list) { "
                "list(\"weight\", &Name::weight); }`");
}

// f(path, cell)
template <class X, class F>
void each_cell(X& x, F const& f) {
  check_model<std::remove_const_t<X>>();
  path at;
  walk(at, f, x);
}
// f(cell...)
template <class F, class... X>
void each_cell_of(F const& f, X&... x) {
  (check_model<std::remove_const_t<X>>(), ...);
  no_path at;
  walk(at, [&f](std::string_view, auto&... cell) { f(cell...); }, x...);
}

// f(parameter)
template <class X, class F>
void each_parameter(X& x, F const& f) {
  no_path at;
  walk(
      at,
      [&f](std::string_view, auto& cell) {
        if constexpr (is_parameter<std::remove_cvref_t<decltype(cell)>>) f(cell);
      },
      x);
}

}  // namespace WEFT_ISA
}  // namespace weft::models
