// The innermost block of a matrix product: a few rows of c by one or two registers, held in registers over all of k.
//
//   auto f = gemm::kernel<float>(rows, reach::two);           // rows <= tile<float>::rows
//   f({k, a, a_row, a_step, b, b_step, c, ld, columns, add, fetch});  // c (rows, columns) = or += a (rows, k) b
//
// Strides are run-time values: packed panels and operands that stay where they are share the kernels. Every element
// is one chain of multiply-adds (fused where it is floating) in the order of k, whatever the tile it lies in. `b` is read in whole registers
// even where `columns` ends in the middle of one, except by reach::part; `c` is not touched beyond `columns`.
#pragma once
#include <weft/config.hpp>
#include <weft/core/dtype.hpp>
#include <weft/simd/arithmetic.hpp>

#include <type_traits>
#include <utility>

namespace weft {
inline namespace WEFT_ISA {
namespace gemm {

// The largest tile: its accumulators, one row of b and a broadcast element of a fill the register file. Integers have no
// fused multiply-add, and older instruction sets make a product of 32 or 64 bits of several: they need registers for
// what is in between, and fewer kernels are fewer to compile.
template <class T>
struct tile {
  static constexpr int width = simd::lanes<T>;
  static constexpr int registers = 2;
  static constexpr int most_rows = simd::register_bytes == 64 ? 14 : simd::register_bytes == 32 ? 6 : 4;
  static constexpr int rows = std::is_floating_point_v<T> ? most_rows : most_rows > 6 ? 8 : sizeof(T) == 4 ? 4 : 2;
  static constexpr int columns = registers * width;
};
template <class T>
using lane_pack = simd::pack<T, simd::lanes<T>>;

template <class T>
struct kernel_arguments {
  index_t k;
  T const* a;
  index_t a_row, a_step;
  T const* b;
  index_t b_step;
  T* c;
  index_t ld, columns;
  bool add, fetch;  // fetch: c is likely not in cache, and the sum over k gives it time to come
};

// Keeps the compiler from deriving n pointers from one (it then spills them) and from loading b twice.
#if WEFT_SIMD_LEVEL
#define WEFT_OPAQUE_POINTER(p) asm("" : "+r"(p))
#define WEFT_OPAQUE_REGISTER(v) asm("" : "+v"(v))
#else
#define WEFT_OPAQUE_POINTER(p) static_cast<void>(0)
#define WEFT_OPAQUE_REGISTER(v) static_cast<void>(0)
#endif

enum class reach { one, two, part };  // how many registers of a row of b a kernel reads

template <class T, int Rows, reach Reach>
[[gnu::noinline]] void fill_tile(kernel_arguments<T> const& s) {
  constexpr int Registers = Reach == reach::two ? 2 : 1;
  using pack = lane_pack<T>;
  constexpr int width = pack::size, group = 3, groups = (Rows + group - 1) / group;
  constexpr int line = 64 / int(sizeof(T));
  pack sum[unsigned(Rows)][unsigned(Registers)];
#pragma GCC unroll 32
  for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 4
    for (int j = 0; j < Registers; ++j) sum[i][j] = pack(T(0));
  // Three rows share a pointer: base, base + stride and base + 2 stride are all addressing modes.
  T const* a[unsigned(groups)];
#pragma GCC unroll 8
  for (int g = 0; g < groups; ++g) {
    a[g] = s.a + group * g * s.a_row;
    WEFT_OPAQUE_POINTER(a[g]);
  }
  if (s.fetch)
#pragma GCC unroll 1
    for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 4
      for (int j = 0; j < Registers * width; j += line) __builtin_prefetch(s.c + i * s.ld + j, 1, 3);
  T const* b = s.b;
  index_t const a_row = s.a_row, a_step = s.a_step, b_step = s.b_step;
  int const tail = int(s.columns) - (Registers - 1) * width;
  for (index_t q = s.k; q > 0; --q) {
    pack row[unsigned(Registers)];
#pragma GCC unroll 4
    for (int j = 0; j < Registers; ++j) {
      row[j] = Reach == reach::part ? pack::load_partial(b, tail) : pack::load(b + j * width);
      WEFT_OPAQUE_REGISTER(row[j].data);
    }
#pragma GCC unroll 32
    for (int i = 0; i < Rows; ++i) {
      pack const x(a[i / group][(i % group) * a_row]);
#pragma GCC unroll 4
      for (int j = 0; j < Registers; ++j) sum[i][j] = fma(x, row[j], sum[i][j]);
    }
    // What follows on this row of b: where b is not packed, the panel after next, which lies on the same page.
#pragma GCC unroll 4
    for (int j = 0; j < Registers * width; j += line) __builtin_prefetch(b + 2 * tile<T>::columns + j, 0, 2);
    b += b_step;
#pragma GCC unroll 8
    for (int g = 0; g < groups; ++g) a[g] += a_step;
  }
  T* c = s.c;
  index_t const ld = s.ld;
  bool const add = s.add;
  if constexpr (Reach == reach::part) {
#pragma GCC unroll 32
    for (int i = 0; i < Rows; ++i) {
      if (add) sum[i][0] = pack::load_partial(c, tail) + sum[i][0];
      sum[i][0].store_partial(c, tail);
      c += ld;
      WEFT_OPAQUE_POINTER(c);
    }
  } else if (tail == width) {
#pragma GCC unroll 32
    for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 4
      for (int j = 0; j < Registers; ++j) {
        if (add) sum[i][j] = pack::load(c + j * width) + sum[i][j];
        sum[i][j].store(c + j * width);
      }
      c += ld;
      WEFT_OPAQUE_POINTER(c);
    }
  } else {
    // Rare, so by way of memory: the code would be as long again as the rest.
    alignas(64) T edge[unsigned(Rows)][unsigned(Registers * width)];
#pragma GCC unroll 32
    for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 4
      for (int j = 0; j < Registers; ++j) sum[i][j].store(edge[i] + j * width);
#pragma GCC unroll 1
    for (int i = 0; i < Rows; ++i, c += ld) {
      T* to = c;
      T const* from = edge[i];
      if constexpr (Registers == 2) {
        pack x = pack::load(from);
        if (add) x = pack::load(to) + x;
        x.store(to);
        to += width;
        from += width;
      }
      pack x = pack::load(from);
      if (add) x = pack::load_partial(to, tail) + x;
      x.store_partial(to, tail);
    }
  }
}
#undef WEFT_OPAQUE_POINTER
#undef WEFT_OPAQUE_REGISTER

template <class T>
using kernel_function = void (*)(kernel_arguments<T> const&);

template <class T, int... Rows>
inline constexpr kernel_function<T> kernels[3][sizeof...(Rows)] = {{&fill_tile<T, Rows + 1, reach::one>...},
                                                                   {&fill_tile<T, Rows + 1, reach::two>...},
                                                                   {&fill_tile<T, Rows + 1, reach::part>...}};
template <class T, int... Rows>
WEFT_INLINE kernel_function<T> kernel_of(index_t rows, reach registers, std::integer_sequence<int, Rows...>) {
  return kernels<T, Rows...>[int(registers)][rows - 1];
}
template <class T>
WEFT_INLINE kernel_function<T> kernel(index_t rows, reach registers) {
  return kernel_of<T>(rows, registers, std::make_integer_sequence<int, tile<T>::rows>{});
}

}  // namespace gemm
}  // namespace WEFT_ISA
}  // namespace weft
