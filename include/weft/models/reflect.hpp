// The fields of a plain struct: how many, their names, and a visit of each, without a word from the struct.
//
//   struct mlp {
//     nn::Linear hidden{784, 128};
//     nn::Linear output{128, 10};
//   };
//   nn::for_each_field(model, [](std::string_view name, auto& field) { ... });   // "hidden", then "output"
//   nn::field_names<mlp>()[1] == "output"
//
// A field may be anything (a nested struct, std::vector, std::array, std::optional, move-only); it is handed over
// as it is. Local and unnamed structs work. Base classes and C arrays are refused with a message.
// A type with constructors or private members lists its fields itself:
//
//   class Linear {
//     tensor<float, 2> weight;
//    public:
//     static constexpr void fields(auto list) { list("weight", &Linear::weight); }
//   };
//
// Public, as weft::nn's: for_each_field, field_count, field_names, lists_fields, reflectable.
#pragma once
#include <weft/models/bindings.hpp>

#include <array>
#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>

namespace weft::models {

namespace detail {

struct any_member {
  template <class Member>
  constexpr void operator()(std::string_view, Member) const {}
};

}  // namespace detail

// Has `static constexpr void fields(auto list)`, which calls list(name, pointer to member) for each of its fields.
template <class T>
concept lists_fields = requires {
  std::remove_const_t<T>::fields(detail::any_member{});
};

// A class whose fields can be visited. std::array and other tuples are containers, not structs.
template <class T>
concept reflectable = lists_fields<T> ||(std::is_class_v<T>&& std::is_aggregate_v<std::remove_const_t<T>> &&
                                         !requires { std::tuple_size<std::remove_const_t<T>>::value; });

namespace detail {

// Becomes a value of any type. The explicit conversion exists to be ambiguous in std::optional's and its like's
// question "can you be made from this?", which would otherwise compete with the conversion to the optional itself.
struct any_value {
  template <class T>
  operator T() const;
  template <class T, class = void>
  explicit operator T() const;
};
// Becomes a base class of `T` only.
template <class T>
struct any_base {
  template <class Base>
    requires(std::is_base_of_v<Base, T> && !std::is_same_v<Base, T>)
  operator Base() const;
};
struct no_value {};

template <std::size_t>
using any_value_at = any_value;

template <class T, std::size_t... I>
constexpr bool takes(std::index_sequence<I...>) {
  return requires { T{any_value_at<I>{}...}; };
}
// With {} for one field: an array takes its braces whole, so fewer values follow.
template <class T, std::size_t... I, std::size_t... After>
constexpr bool takes_braces(std::index_sequence<I...>, std::index_sequence<After...>) {
  return requires { T{any_value_at<I>{}..., {}, any_value_at<After>{}...}; };
}
template <class T, class First, std::size_t... After>
constexpr bool takes_first(std::index_sequence<After...>) {
  return requires { T{First{}, any_value_at<After>{}...}; };
}

// The first number of values that T{values...} accepts: above 0 where a field has neither a default constructor
// nor an initialiser.
template <class T, std::size_t N = 0>
constexpr std::size_t fewest() {
  if constexpr (N > max_bindings + 1 || takes<T>(std::make_index_sequence<N>{})) {
    return N;
  } else {
    return fewest<T, N + 1>();
  }
}
template <class T, std::size_t N>
constexpr std::size_t most() {
  if constexpr (N <= max_bindings && takes<T>(std::make_index_sequence<N + 1>{})) {
    return most<T, N + 1>();
  } else {
    return N;
  }
}

template <class T, std::size_t N>
constexpr bool has_base() {
  if constexpr (N == 0) {
    return !std::is_empty_v<T>;
  } else {
    using after = std::make_index_sequence<N - 1>;
    return takes_first<T, any_base<T>>(after{}) && !takes_first<T, no_value>(after{});
  }
}
// `N` counts the elements of arrays one by one.
template <class T, std::size_t N, std::size_t At = 0>
constexpr bool has_array() {
  if constexpr (At >= N) {
    return false;
  } else {
    using before = std::make_index_sequence<At>;
    if constexpr (!takes_braces<T>(before{}, std::make_index_sequence<N - At - 1>{}) &&
                  takes_braces<T>(before{}, std::index_sequence<>{})) {
      return true;
    } else {
      return has_array<T, N, At + 1>();
    }
  }
}

// What keeps an aggregate's fields from being visited.
struct member_count {
  std::size_t values = 0;
  bool base = false, array = false;
  constexpr bool visible() const { return !base && !array && values <= max_bindings; }
};
template <class T>
constexpr member_count examine_members() {
  if constexpr (std::is_empty_v<T>) {
    return {};
  } else {
    constexpr std::size_t values = most<T, fewest<T>()>();
    return {values, has_base<T, values>(), has_array<T, values>()};
  }
}
template <class T>
inline constexpr member_count members_of = examine_members<T>();

template <class T>
constexpr std::size_t count_members() {
  constexpr member_count m = members_of<T>;
  static_assert(!m.base, "weft: a struct with a base class has no visible fields; make the base a field instead");
  static_assert(!m.array, "weft: a C array can't be a field of a model; use std::array");
  static_assert(m.array || m.values <= max_bindings,
                "weft: more than 32 fields, or a field that can't be initialised; nest structs, or list the fields "
                "with `static constexpr void fields(auto list)`");
  return m.visible() ? m.values : 0;
}

struct list_counter {
  std::size_t* count;
  template <class Member>
  constexpr void operator()(std::string_view, Member) const {
    ++*count;
  }
};
struct list_names {
  std::string_view* next;
  template <class Member>
  constexpr void operator()(std::string_view name, Member) {
    *next++ = name;
  }
};

template <class T>
constexpr std::size_t count_fields() {
  if constexpr (lists_fields<T>) {
    std::size_t count = 0;
    T::fields(list_counter{&count});
    return count;
  } else {
    static_assert(std::is_class_v<T> && std::is_aggregate_v<T>,
                  "weft: not a plain struct (it has constructors, private members or virtual functions); list its "
                  "fields with `static constexpr void fields(auto list) { list(\"weight\", &Name::weight); }`");
    if constexpr (std::is_class_v<T> && std::is_aggregate_v<T>) {
      return count_members<T>();
    } else {
      return 0;
    }
  }
}

}  // namespace detail

template <class T>
inline constexpr std::size_t field_count = detail::count_fields<std::remove_const_t<T>>();

namespace detail {

template <class T>
constexpr auto names_of() {
  if constexpr (lists_fields<T>) {
    std::array<std::string_view, field_count<T>> names{};
    T::fields(list_names{names.data()});
    return names;
  } else if constexpr (field_count<T> == 0) {
    return std::array<std::string_view, 0>{};
  } else {
    return member_names<field_count<T>, T>();
  }
}
template <class T>
inline constexpr auto names = names_of<T>();

}  // namespace detail

// In the order of declaration: std::array<std::string_view, field_count<T>>.
template <class T>
constexpr auto const& field_names() {
  return detail::names<std::remove_const_t<T>>;
}

// Calls f(name, field) for each field in order; the fields of a const object are const.
template <class T, class F>
constexpr void for_each_field(T& object, F&& f) {
  using plain = std::remove_const_t<T>;
  if constexpr (lists_fields<plain>) {
    plain::fields([&](std::string_view name, auto member) { f(name, object.*member); });
  } else if constexpr (field_count<plain> != 0) {
    detail::bind<field_count<plain>>(object, [&f](auto&... field) {
      static_assert((!std::is_array_v<std::remove_reference_t<decltype(field)>> && ...),
                    "weft: a C array can't be a field of a model; use std::array");
      std::string_view const* name = detail::names<plain>.data();
      (f(*name++, field), ...);
    });
  }
}

}  // namespace weft::models
