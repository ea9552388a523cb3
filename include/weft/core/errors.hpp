// What the library throws, and what it does where exceptions are off.
//
//   throw-like:  weft::fail<weft::shape_error>("add: (2, 3) and (4, 5) do not broadcast");
//                weft::fail<weft::shape_error>(complaint{"Linear: ", inputs, " inputs"});
//
// With -fno-exceptions the message goes to the hook `weft::on_error`, which must not return; the default
// prints it and aborts.
#pragma once
#include <weft/config.hpp>

#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace weft {

struct error : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct shape_error : error {
  using error::error;
};
struct index_error : error {
  using error::error;
};
struct dtype_error : error {
  using error::error;
};
struct format_error : error {
  using error::error;
};
struct io_error : error {
  using error::error;
};
struct autograd_error : error {
  using error::error;
};

using error_hook = void (*)(char const* message);
inline error_hook& on_error() {
  static error_hook hook = [](char const* message) {
    std::fprintf(stderr, "weft: %s\n", message);
    std::abort();
  };
  return hook;
}

inline namespace WEFT_ISA {

// A message in pieces. Putting strings together where a mistake is found would be more code there than the check.
struct complaint {
  struct piece {
    char const* text = nullptr;
    long long whole = 0;  // of an unsigned number: its bits
    double real = 0;
    enum { is_text, is_signed, is_unsigned, is_real } kind;

    piece(char const* t) : text(t), kind(is_text) {}
    piece(std::string const& t) : text(t.c_str()), kind(is_text) {}
    template <class T>
      requires std::is_arithmetic_v<T>
    piece(T x) {
      if constexpr (std::is_floating_point_v<T>)
        real = static_cast<double>(x), kind = is_real;
      else
        whole = static_cast<long long>(x), kind = std::is_signed_v<T> ? is_signed : is_unsigned;
    }
  };
  std::initializer_list<piece> pieces;
  complaint(std::initializer_list<piece> p) : pieces(p) {}
  std::string text() const;
};

// Cold and never inlined: the callers are hot paths that only test a condition.
template <class Error>
[[noreturn, gnu::cold, gnu::noinline]] void fail(std::string message) {
#ifdef WEFT_NO_EXCEPTIONS
  on_error()(message.c_str());
  std::abort();
#else
  throw Error(std::move(message));
#endif
}
template <class Error>
[[noreturn, gnu::cold, gnu::noinline]] void fail(complaint const& c) {
  fail<Error>(c.text());
}
#define WEFT_FAIL_OF(keyword, Error)                 \
  keyword template void fail<Error>(std::string); \
  keyword template void fail<Error>(complaint const&);
#ifdef WEFT_COMPILED
WEFT_FAIL_OF(extern, error)
WEFT_FAIL_OF(extern, shape_error)
WEFT_FAIL_OF(extern, index_error)
WEFT_FAIL_OF(extern, dtype_error)
WEFT_FAIL_OF(extern, format_error)
WEFT_FAIL_OF(extern, io_error)
WEFT_FAIL_OF(extern, autograd_error)
#endif
}  // namespace WEFT_ISA

}  // namespace weft

#ifndef WEFT_COMPILED
#include <weft/core/errors_once.hpp>
#endif
