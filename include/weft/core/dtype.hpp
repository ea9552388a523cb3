// Element types: their names, sizes and kinds, and which type an operation on two of them has.
//
//   promote_t<int64, uint64>      float32            promote(dtype::int8, dtype::uint8) == dtype::int16
//   weak_t<double, float32>       float32            a literal takes the tensor's type within its kind
//   weak_t<double, int32>         float32            ... and a fractional one lifts integers to float32
//   sum_t<uint8>                  uint32
//
// Public: index_t, int8 .. int64, uint8 .. uint64, float32, float64; dtype, kind, element, dtype_of, type_of,
// kind_of, size_of, name; promote, promote_t, weak_t, sum_t, mean_t, float_t.
//
// One table over `dtype` serves the compiler and the files. A new element type (float16, bfloat16, complex64)
// needs its struct, one line `template <> struct detail::dtype_tag<...>` and one line `detail::type_tag<...>`;
// the rules below know it already.
#pragma once

#include <cstdint>
#include <type_traits>

namespace weft {

using index_t = std::int64_t;  // sizes and positions: signed, so that differences are harmless

enum class dtype : std::uint8_t {
  bool_,
  uint8,
  uint16,
  uint32,
  uint64,
  int8,
  int16,
  int32,
  int64,
  float16,
  bfloat16,
  float32,
  float64,
  complex64
};
inline constexpr int dtype_count = 14;

// Below the enumeration: GCC 12 warns of enumerators that shadow a type declared before them.
using int8 = std::int8_t;
using int16 = std::int16_t;
using int32 = std::int32_t;
using int64 = std::int64_t;
using uint8 = std::uint8_t;
using uint16 = std::uint16_t;
using uint32 = std::uint32_t;
using uint64 = std::uint64_t;
using float32 = float;
using float64 = double;

static_assert(sizeof(float) == 4 && sizeof(double) == 8, "weft: IEEE float and double are assumed");

// Ordered: an operand of a higher kind decides the kind of the result.
enum class kind : std::uint8_t { boolean, integer, floating, complex };

constexpr bool is_unsigned(dtype d) { return d >= dtype::uint8 && d <= dtype::uint64; }
constexpr bool is_signed_integer(dtype d) { return d >= dtype::int8 && d <= dtype::int64; }

constexpr kind kind_of(dtype d) {
  if (d == dtype::bool_) return kind::boolean;
  if (d <= dtype::int64) return kind::integer;
  return d == dtype::complex64 ? kind::complex : kind::floating;
}

// Bytes of one element.
constexpr index_t size_of(dtype d) {
  switch (d) {
    case dtype::bool_:
    case dtype::uint8:
    case dtype::int8:
      return 1;
    case dtype::uint16:
    case dtype::int16:
    case dtype::float16:
    case dtype::bfloat16:
      return 2;
    case dtype::uint32:
    case dtype::int32:
    case dtype::float32:
      return 4;
    case dtype::uint64:
    case dtype::int64:
    case dtype::float64:
    case dtype::complex64:
      return 8;
  }
  return 0;
}

constexpr char const* name(dtype d) {
  switch (d) {
    case dtype::bool_:
      return "bool";
    case dtype::uint8:
      return "uint8";
    case dtype::uint16:
      return "uint16";
    case dtype::uint32:
      return "uint32";
    case dtype::uint64:
      return "uint64";
    case dtype::int8:
      return "int8";
    case dtype::int16:
      return "int16";
    case dtype::int32:
      return "int32";
    case dtype::int64:
      return "int64";
    case dtype::float16:
      return "float16";
    case dtype::bfloat16:
      return "bfloat16";
    case dtype::float32:
      return "float32";
    case dtype::float64:
      return "float64";
    case dtype::complex64:
      return "complex64";
  }
  return "?";
}

namespace detail {

constexpr dtype integer_of(bool sign, index_t bytes) {
  int const step = bytes == 1 ? 0 : bytes == 2 ? 1 : bytes == 4 ? 2 : 3;
  return static_cast<dtype>(static_cast<int>(sign ? dtype::int8 : dtype::uint8) + step);
}

}  // namespace detail

// The element type of an operation on both: symmetric, associative but for 64-bit unsigned with signed.
constexpr dtype promote(dtype a, dtype b) {
  if (a == b) return a;
  if (kind_of(a) < kind_of(b)) return b;
  if (kind_of(b) < kind_of(a)) return a;
  if (kind_of(a) == kind::floating) {
    if (a == dtype::float64 || b == dtype::float64) return dtype::float64;
    return dtype::float32;  // also float16 with bfloat16: neither holds the other
  }
  if (is_unsigned(a) == is_unsigned(b)) return size_of(a) < size_of(b) ? b : a;
  index_t const sign = is_unsigned(a) ? size_of(b) : size_of(a);
  index_t const plain = is_unsigned(a) ? size_of(a) : size_of(b);
  if (plain < sign) return detail::integer_of(true, sign);
  if (plain == 8) return dtype::float32;  // no integer holds both int64 and uint64
  return detail::integer_of(true, 2 * plain);
}

// The element type of `tensor of d` with a literal of kind `k`.
constexpr dtype promote_weak(kind k, dtype d) {
  if (k <= kind_of(d)) return d;
  return k == kind::integer ? dtype::int32 : k == kind::floating ? dtype::float32 : dtype::complex64;
}

// sum and prod: small integers are added in 32 bits, 64-bit ones and floating types keep their type.
constexpr dtype promote_sum(dtype d) {
  if (kind_of(d) > kind::integer || size_of(d) == 8) return d;
  return is_unsigned(d) ? dtype::uint32 : dtype::int32;
}

// exp and the like, mean, var, the quotient of integers.
constexpr dtype promote_float(dtype d) { return kind_of(d) <= kind::integer ? dtype::float32 : d; }

namespace detail {

// `char` and the other character types are no numbers; float16, bfloat16 and complex64 specialise this.
template <class T>
struct dtype_tag {
  static constexpr bool known = false;
};
template <dtype D>
struct known_dtype {
  static constexpr bool known = true;
  static constexpr dtype value = D;
};
// clang-format off
template <> struct dtype_tag<bool> : known_dtype<dtype::bool_> {};
template <> struct dtype_tag<signed char> : known_dtype<integer_of(true, 1)> {};
template <> struct dtype_tag<short> : known_dtype<integer_of(true, sizeof(short))> {};
template <> struct dtype_tag<int> : known_dtype<integer_of(true, sizeof(int))> {};
template <> struct dtype_tag<long> : known_dtype<integer_of(true, sizeof(long))> {};
template <> struct dtype_tag<long long> : known_dtype<integer_of(true, sizeof(long long))> {};
template <> struct dtype_tag<unsigned char> : known_dtype<integer_of(false, 1)> {};
template <> struct dtype_tag<unsigned short> : known_dtype<integer_of(false, sizeof(short))> {};
template <> struct dtype_tag<unsigned> : known_dtype<integer_of(false, sizeof(int))> {};
template <> struct dtype_tag<unsigned long> : known_dtype<integer_of(false, sizeof(long))> {};
template <> struct dtype_tag<unsigned long long> : known_dtype<integer_of(false, sizeof(long long))> {};
template <> struct dtype_tag<float> : known_dtype<dtype::float32> {};
template <> struct dtype_tag<double> : known_dtype<dtype::float64> {};
// clang-format on

template <dtype D>
struct type_tag;
// clang-format off
template <> struct type_tag<dtype::bool_> { using type = bool; };
template <> struct type_tag<dtype::uint8> { using type = uint8; };
template <> struct type_tag<dtype::uint16> { using type = uint16; };
template <> struct type_tag<dtype::uint32> { using type = uint32; };
template <> struct type_tag<dtype::uint64> { using type = uint64; };
template <> struct type_tag<dtype::int8> { using type = int8; };
template <> struct type_tag<dtype::int16> { using type = int16; };
template <> struct type_tag<dtype::int32> { using type = int32; };
template <> struct type_tag<dtype::int64> { using type = int64; };
template <> struct type_tag<dtype::float32> { using type = float32; };
template <> struct type_tag<dtype::float64> { using type = float64; };
// clang-format on

}  // namespace detail

// A type a tensor can hold: bool, float, double, the integers of 8 to 64 bits however they are spelled.
template <class T>
concept element = detail::dtype_tag<T>::known;

template <element T>
inline constexpr dtype dtype_of = detail::dtype_tag<T>::value;

template <dtype D>
using type_of = typename detail::type_tag<D>::type;

template <element T>
inline constexpr kind kind_of_type = kind_of(dtype_of<T>);

// A number in an expression: any arithmetic type (weak), `char` included.
template <class S>
concept weak_scalar = std::is_arithmetic_v<S>;

template <weak_scalar S>
inline constexpr kind weak_kind = std::is_same_v<S, bool> ? kind::boolean
                                  : std::is_integral_v<S> ? kind::integer
                                                          : kind::floating;

namespace detail {

// Keeps `T` itself where the rule gives its own dtype: `long long` must not turn into `long`.
template <class T, dtype D>
struct keep {
  using type = type_of<D>;
};
template <class T, dtype D>
  requires(dtype_of<T> == D)
struct keep<T, D> {
  using type = T;
};

}  // namespace detail

template <element A, element B>
using promote_t = typename detail::keep<A, promote(dtype_of<A>, dtype_of<B>)>::type;

template <weak_scalar S, element T>
using weak_t = typename detail::keep<T, promote_weak(weak_kind<S>, dtype_of<T>)>::type;

template <element T>
using sum_t = typename detail::keep<T, promote_sum(dtype_of<T>)>::type;

template <element T>
using float_t = typename detail::keep<T, promote_float(dtype_of<T>)>::type;

template <element T>
using mean_t = float_t<T>;

}  // namespace weft
