// The tables behind reflect.hpp: a plain struct of N fields taken apart, and the names of its fields. Structured
// bindings can't be a pack before C++26, hence a branch for each number of fields.
//
//   bind<3>(object, visit)        visit(first, second, third)
//   member_names<3, T>()          std::array<std::string_view, 3>{"first", "second", "third"}
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace weft::models::detail {

inline constexpr std::size_t max_bindings = 32;

// Never defined and never read: only addresses of its members are named.
template <class T>
struct holder {
  T value;
};
#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wundefined-internal"
#pragma clang diagnostic ignored "-Wundefined-var-template"
#endif
template <class T>
extern holder<T> const specimen;

// The last identifier in the compiler's own spelling of an address: `...::weight)]` or `...value.weight}]`.
constexpr std::string_view last_name(char const* text, std::size_t size) {
  std::size_t end = size;
  while (end > 0 && (text[end - 1] == ']' || text[end - 1] == ')' || text[end - 1] == '}')) --end;
  std::size_t begin = end;
  while (begin > 0 && text[begin - 1] != ':' && text[begin - 1] != '.') --begin;
  return {text + begin, end - begin};
}

#if defined(__clang__)
// Clang 14 takes the address of a member as a template argument only inside a class.
template <class Pointer>
struct address {
  Pointer pointer;
  constexpr address(Pointer p) : pointer(p) {}
};
#define WEFT_ADDRESS ::weft::models::detail::address
#else
#define WEFT_ADDRESS auto
#endif

template <WEFT_ADDRESS Member>
constexpr auto label() {
  return last_name(__PRETTY_FUNCTION__, sizeof(__PRETTY_FUNCTION__) - 1);
}
template <WEFT_ADDRESS... Members>
constexpr auto label_list() {
  return std::array<std::string_view, sizeof...(Members)>{label<Members>()...};
}
#undef WEFT_ADDRESS

template <std::size_t N, class T, class Visit>
constexpr void bind(T& object, Visit&& visit) {
  if constexpr (N == 1) {
    auto& [a0] = object;
    return visit(a0);
  } else if constexpr (N == 2) {
    auto& [a0, a1] = object;
    return visit(a0, a1);
  } else if constexpr (N == 3) {
    auto& [a0, a1, a2] = object;
    return visit(a0, a1, a2);
  } else if constexpr (N == 4) {
    auto& [a0, a1, a2, a3] = object;
    return visit(a0, a1, a2, a3);
  } else if constexpr (N == 5) {
    auto& [a0, a1, a2, a3, a4] = object;
    return visit(a0, a1, a2, a3, a4);
  } else if constexpr (N == 6) {
    auto& [a0, a1, a2, a3, a4, a5] = object;
    return visit(a0, a1, a2, a3, a4, a5);
  } else if constexpr (N == 7) {
    auto& [a0, a1, a2, a3, a4, a5, a6] = object;
    return visit(a0, a1, a2, a3, a4, a5, a6);
  } else if constexpr (N == 8) {
    auto& [a0, a1, a2, a3, a4, a5, a6, a7] = object;
    return visit(a0, a1, a2, a3, a4, a5, a6, a7);
  } else if constexpr (N == 9) {
    auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8] = object;
    return visit(a0, a1, a2, a3, a4, a5, a6, a7, a8);
  } else if constexpr (N == 10) {
    auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9] = object;
    return visit(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9);
  } else if constexpr (N == 11) {
    auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10] = object;
    return visit(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10);
  } else if constexpr (N == 12) {
    auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11] = object;
    return visit(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11);
  } else if constexpr (N == 13) {
    auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12] = object;
    return visit(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12);
  } else if constexpr (N == 14) {
    auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13] = object;
    return visit(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13);
  } else if constexpr (N == 15) {
    auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14] = object;
    return visit(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14);
  } else if constexpr (N == 16) {
    auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15] = object;
    return visit(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15);
  } else if constexpr (N == 17) {
    auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16] = object;
    return visit(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16);
  } else if constexpr (N == 18) {
    auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17] = object;
    return visit(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17);
  } else if constexpr (N == 19) {
    auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18] = object;
    return visit(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18);
  } else if constexpr (N == 20) {
    auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19] = object;
    return visit(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19);
  } else if constexpr (N == 21) {
    auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20] = object;
    return visit(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20);
  } else if constexpr (N == 22) {
    auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21] =
        object;
    return visit(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20,
        a21);
  } else if constexpr (N == 23) {
    auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22]
        = object;
    return visit(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21,
        a22);
  } else if constexpr (N == 24) {
    auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22,
        a23] = object;
    return visit(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21,
        a22, a23);
  } else if constexpr (N == 25) {
    auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22,
        a23, a24] = object;
    return visit(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21,
        a22, a23, a24);
  } else if constexpr (N == 26) {
    auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22,
        a23, a24, a25] = object;
    return visit(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21,
        a22, a23, a24, a25);
  } else if constexpr (N == 27) {
    auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22,
        a23, a24, a25, a26] = object;
    return visit(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21,
        a22, a23, a24, a25, a26);
  } else if constexpr (N == 28) {
    auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22,
        a23, a24, a25, a26, a27] = object;
    return visit(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21,
        a22, a23, a24, a25, a26, a27);
  } else if constexpr (N == 29) {
    auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22,
        a23, a24, a25, a26, a27, a28] = object;
    return visit(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21,
        a22, a23, a24, a25, a26, a27, a28);
  } else if constexpr (N == 30) {
    auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22,
        a23, a24, a25, a26, a27, a28, a29] = object;
    return visit(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21,
        a22, a23, a24, a25, a26, a27, a28, a29);
  } else if constexpr (N == 31) {
    auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22,
        a23, a24, a25, a26, a27, a28, a29, a30] = object;
    return visit(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21,
        a22, a23, a24, a25, a26, a27, a28, a29, a30);
  } else if constexpr (N == 32) {
    auto& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22,
        a23, a24, a25, a26, a27, a28, a29, a30, a31] = object;
    return visit(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21,
        a22, a23, a24, a25, a26, a27, a28, a29, a30, a31);
  }
}
template <std::size_t N, class T>
consteval auto member_names() {
  if constexpr (N == 1) {
    auto const& [a0] = specimen<T>.value;
    return label_list<&a0>();
  } else if constexpr (N == 2) {
    auto const& [a0, a1] = specimen<T>.value;
    return label_list<&a0, &a1>();
  } else if constexpr (N == 3) {
    auto const& [a0, a1, a2] = specimen<T>.value;
    return label_list<&a0, &a1, &a2>();
  } else if constexpr (N == 4) {
    auto const& [a0, a1, a2, a3] = specimen<T>.value;
    return label_list<&a0, &a1, &a2, &a3>();
  } else if constexpr (N == 5) {
    auto const& [a0, a1, a2, a3, a4] = specimen<T>.value;
    return label_list<&a0, &a1, &a2, &a3, &a4>();
  } else if constexpr (N == 6) {
    auto const& [a0, a1, a2, a3, a4, a5] = specimen<T>.value;
    return label_list<&a0, &a1, &a2, &a3, &a4, &a5>();
  } else if constexpr (N == 7) {
    auto const& [a0, a1, a2, a3, a4, a5, a6] = specimen<T>.value;
    return label_list<&a0, &a1, &a2, &a3, &a4, &a5, &a6>();
  } else if constexpr (N == 8) {
    auto const& [a0, a1, a2, a3, a4, a5, a6, a7] = specimen<T>.value;
    return label_list<&a0, &a1, &a2, &a3, &a4, &a5, &a6, &a7>();
  } else if constexpr (N == 9) {
    auto const& [a0, a1, a2, a3, a4, a5, a6, a7, a8] = specimen<T>.value;
    return label_list<&a0, &a1, &a2, &a3, &a4, &a5, &a6, &a7, &a8>();
  } else if constexpr (N == 10) {
    auto const& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9] = specimen<T>.value;
    return label_list<&a0, &a1, &a2, &a3, &a4, &a5, &a6, &a7, &a8, &a9>();
  } else if constexpr (N == 11) {
    auto const& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10] = specimen<T>.value;
    return label_list<&a0, &a1, &a2, &a3, &a4, &a5, &a6, &a7, &a8, &a9, &a10>();
  } else if constexpr (N == 12) {
    auto const& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11] = specimen<T>.value;
    return label_list<&a0, &a1, &a2, &a3, &a4, &a5, &a6, &a7, &a8, &a9, &a10, &a11>();
  } else if constexpr (N == 13) {
    auto const& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12] = specimen<T>.value;
    return label_list<&a0, &a1, &a2, &a3, &a4, &a5, &a6, &a7, &a8, &a9, &a10, &a11, &a12>();
  } else if constexpr (N == 14) {
    auto const& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13] = specimen<T>.value;
    return label_list<&a0, &a1, &a2, &a3, &a4, &a5, &a6, &a7, &a8, &a9, &a10, &a11, &a12, &a13>();
  } else if constexpr (N == 15) {
    auto const& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14] = specimen<T>.value;
    return label_list<&a0, &a1, &a2, &a3, &a4, &a5, &a6, &a7, &a8, &a9, &a10, &a11, &a12, &a13, &a14>();
  } else if constexpr (N == 16) {
    auto const& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15] = specimen<T>.value;
    return label_list<&a0, &a1, &a2, &a3, &a4, &a5, &a6, &a7, &a8, &a9, &a10, &a11, &a12, &a13, &a14, &a15>();
  } else if constexpr (N == 17) {
    auto const& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16] = specimen<T>.value;
    return label_list<&a0, &a1, &a2, &a3, &a4, &a5, &a6, &a7, &a8, &a9, &a10, &a11, &a12, &a13, &a14, &a15, &a16>();
  } else if constexpr (N == 18) {
    auto const& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17] =
        specimen<T>.value;
    return label_list<&a0, &a1, &a2, &a3, &a4, &a5, &a6, &a7, &a8, &a9, &a10, &a11, &a12, &a13, &a14, &a15, &a16,
        &a17>();
  } else if constexpr (N == 19) {
    auto const& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18] =
        specimen<T>.value;
    return label_list<&a0, &a1, &a2, &a3, &a4, &a5, &a6, &a7, &a8, &a9, &a10, &a11, &a12, &a13, &a14, &a15, &a16,
        &a17, &a18>();
  } else if constexpr (N == 20) {
    auto const& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19] =
        specimen<T>.value;
    return label_list<&a0, &a1, &a2, &a3, &a4, &a5, &a6, &a7, &a8, &a9, &a10, &a11, &a12, &a13, &a14, &a15, &a16,
        &a17, &a18, &a19>();
  } else if constexpr (N == 21) {
    auto const& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20] =
        specimen<T>.value;
    return label_list<&a0, &a1, &a2, &a3, &a4, &a5, &a6, &a7, &a8, &a9, &a10, &a11, &a12, &a13, &a14, &a15, &a16,
        &a17, &a18, &a19, &a20>();
  } else if constexpr (N == 22) {
    auto const& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21]
        = specimen<T>.value;
    return label_list<&a0, &a1, &a2, &a3, &a4, &a5, &a6, &a7, &a8, &a9, &a10, &a11, &a12, &a13, &a14, &a15, &a16,
        &a17, &a18, &a19, &a20, &a21>();
  } else if constexpr (N == 23) {
    auto const& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21,
        a22] = specimen<T>.value;
    return label_list<&a0, &a1, &a2, &a3, &a4, &a5, &a6, &a7, &a8, &a9, &a10, &a11, &a12, &a13, &a14, &a15, &a16,
        &a17, &a18, &a19, &a20, &a21, &a22>();
  } else if constexpr (N == 24) {
    auto const& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21,
        a22, a23] = specimen<T>.value;
    return label_list<&a0, &a1, &a2, &a3, &a4, &a5, &a6, &a7, &a8, &a9, &a10, &a11, &a12, &a13, &a14, &a15, &a16,
        &a17, &a18, &a19, &a20, &a21, &a22, &a23>();
  } else if constexpr (N == 25) {
    auto const& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21,
        a22, a23, a24] = specimen<T>.value;
    return label_list<&a0, &a1, &a2, &a3, &a4, &a5, &a6, &a7, &a8, &a9, &a10, &a11, &a12, &a13, &a14, &a15, &a16,
        &a17, &a18, &a19, &a20, &a21, &a22, &a23, &a24>();
  } else if constexpr (N == 26) {
    auto const& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21,
        a22, a23, a24, a25] = specimen<T>.value;
    return label_list<&a0, &a1, &a2, &a3, &a4, &a5, &a6, &a7, &a8, &a9, &a10, &a11, &a12, &a13, &a14, &a15, &a16,
        &a17, &a18, &a19, &a20, &a21, &a22, &a23, &a24, &a25>();
  } else if constexpr (N == 27) {
    auto const& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21,
        a22, a23, a24, a25, a26] = specimen<T>.value;
    return label_list<&a0, &a1, &a2, &a3, &a4, &a5, &a6, &a7, &a8, &a9, &a10, &a11, &a12, &a13, &a14, &a15, &a16,
        &a17, &a18, &a19, &a20, &a21, &a22, &a23, &a24, &a25, &a26>();
  } else if constexpr (N == 28) {
    auto const& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21,
        a22, a23, a24, a25, a26, a27] = specimen<T>.value;
    return label_list<&a0, &a1, &a2, &a3, &a4, &a5, &a6, &a7, &a8, &a9, &a10, &a11, &a12, &a13, &a14, &a15, &a16,
        &a17, &a18, &a19, &a20, &a21, &a22, &a23, &a24, &a25, &a26, &a27>();
  } else if constexpr (N == 29) {
    auto const& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21,
        a22, a23, a24, a25, a26, a27, a28] = specimen<T>.value;
    return label_list<&a0, &a1, &a2, &a3, &a4, &a5, &a6, &a7, &a8, &a9, &a10, &a11, &a12, &a13, &a14, &a15, &a16,
        &a17, &a18, &a19, &a20, &a21, &a22, &a23, &a24, &a25, &a26, &a27, &a28>();
  } else if constexpr (N == 30) {
    auto const& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21,
        a22, a23, a24, a25, a26, a27, a28, a29] = specimen<T>.value;
    return label_list<&a0, &a1, &a2, &a3, &a4, &a5, &a6, &a7, &a8, &a9, &a10, &a11, &a12, &a13, &a14, &a15, &a16,
        &a17, &a18, &a19, &a20, &a21, &a22, &a23, &a24, &a25, &a26, &a27, &a28, &a29>();
  } else if constexpr (N == 31) {
    auto const& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21,
        a22, a23, a24, a25, a26, a27, a28, a29, a30] = specimen<T>.value;
    return label_list<&a0, &a1, &a2, &a3, &a4, &a5, &a6, &a7, &a8, &a9, &a10, &a11, &a12, &a13, &a14, &a15, &a16,
        &a17, &a18, &a19, &a20, &a21, &a22, &a23, &a24, &a25, &a26, &a27, &a28, &a29, &a30>();
  } else if constexpr (N == 32) {
    auto const& [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21,
        a22, a23, a24, a25, a26, a27, a28, a29, a30, a31] = specimen<T>.value;
    return label_list<&a0, &a1, &a2, &a3, &a4, &a5, &a6, &a7, &a8, &a9, &a10, &a11, &a12, &a13, &a14, &a15, &a16,
        &a17, &a18, &a19, &a20, &a21, &a22, &a23, &a24, &a25, &a26, &a27, &a28, &a29, &a30, &a31>();
  }
}
#if defined(__clang__)
#pragma clang diagnostic pop
#endif

}  // namespace weft::models::detail
