// Versions, the instruction set's name, and the only macros of the library (all start with WEFT_).
//
//   WEFT_VERSION            10203 for 1.2.3
//   WEFT_ISA                inline namespace of everything whose code depends on compiler flags, so that
//                           translation units built with different -march can be linked together
//   WEFT_PLAIN_PACKS        define as 1 to use the plain-array packs instead of xsimd
//   WEFT_INLINE             forced inlining in optimised builds only: debug builds stay quick to compile
//   WEFT_ALWAYS_INLINE      forced inlining in every build: for the members of types that are shared between
//                           instruction sets (storage, tensor), whose code must never be emitted out of line
//   WEFT_UNROLL             before a loop: four rounds at a time, decided late, so that compilers see one;
//                           WEFT_UNROLL_2: two
//   WEFT_NO_EXCEPTIONS      set when the compiler runs with -fno-exceptions; mistakes then call weft::on_error
//   WEFT_COMPILED           set by linking weft::compiled: what has no type of the user's in it is only declared, by headers
//                           that include no bodies (*_once.hpp); without it everything is in the headers
//   WEFT_ONCE               before the body of such a function: `inline` where headers include it
//   WEFT_EACH_ELEMENT       X(float), X(double), ...: for the instantiations that weft::compiled has
//   WEFT_CHECKS             1 (default without NDEBUG): the index in a(i, j) is checked, and that an expression was not
//                           moved from; 0: they are not
#pragma once

#define WEFT_VERSION_MAJOR 0
#define WEFT_VERSION_MINOR 1
#define WEFT_VERSION_PATCH 0
#define WEFT_VERSION (WEFT_VERSION_MAJOR * 10000 + WEFT_VERSION_MINOR * 100 + WEFT_VERSION_PATCH)

#ifndef WEFT_PLAIN_PACKS
#define WEFT_PLAIN_PACKS 0
#endif

// What was built for other instructions, with other blocks or without exceptions has other names: a program that links it
// says so, and nothing runs what it was not built for.
#if !defined(__cpp_exceptions) && !defined(WEFT_NO_EXCEPTIONS)
#define WEFT_NO_EXCEPTIONS 1
#endif
#define WEFT_JOIN_NAMES(a, b, c) a##b##c
#define WEFT_NAME_OF(a, b, c) WEFT_JOIN_NAMES(a, b, c)
#ifdef WEFT_NO_EXCEPTIONS
#define WEFT_ISA_EXCEPTIONS _noexcept
#else
#define WEFT_ISA_EXCEPTIONS
#endif
#if defined(WEFT_SMALL_BLOCKS) && WEFT_SMALL_BLOCKS
#define WEFT_ISA_BLOCKS _small
#undef WEFT_COMPILED
#else
#define WEFT_ISA_BLOCKS
#endif
#define WEFT_ISA WEFT_NAME_OF(WEFT_ISA_SET, WEFT_ISA_BLOCKS, WEFT_ISA_EXCEPTIONS)

#if WEFT_PLAIN_PACKS
#define WEFT_ISA_SET v0_1_plain
#elif defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#define WEFT_ISA_SET v0_1_avx512
#elif defined(__AVX2__) && defined(__FMA__)
#define WEFT_ISA_SET v0_1_avx2
#elif defined(__AVX__)
#define WEFT_ISA_SET v0_1_avx
#elif defined(__SSE4_2__)
#define WEFT_ISA_SET v0_1_sse42
#elif defined(__SSE2__) || defined(_M_X64)
#define WEFT_ISA_SET v0_1_sse2
#else
#define WEFT_ISA_SET v0_1_other
#endif

#define WEFT_ALWAYS_INLINE __attribute__((always_inline)) inline
#if defined(__OPTIMIZE__)
#define WEFT_INLINE __attribute__((always_inline)) inline
#else
#define WEFT_INLINE inline
#endif

// The same for the function of a lambda: [&](int i) WEFT_INLINE_LAMBDA { ... }
#if defined(__OPTIMIZE__)
#define WEFT_INLINE_LAMBDA __attribute__((always_inline))
#else
#define WEFT_INLINE_LAMBDA
#endif

#define WEFT_NOINLINE_LAMBDA __attribute__((noinline))

#if defined(__clang__)
#define WEFT_UNROLL _Pragma("clang loop unroll_count(4)")
#define WEFT_UNROLL_2 _Pragma("clang loop unroll_count(2)")
#else
#define WEFT_UNROLL _Pragma("GCC unroll 4")
#define WEFT_UNROLL_2 _Pragma("GCC unroll 2")
#endif

#ifdef WEFT_COMPILED
#define WEFT_ONCE
#else
#define WEFT_ONCE inline
#endif
#define WEFT_EACH_ELEMENT(X) \
  X(bool) X(int8) X(int16) X(int32) X(int64) X(uint8) X(uint16) X(uint32) X(uint64) X(float) X(double)

#ifndef WEFT_CHECKS
#ifdef NDEBUG
#define WEFT_CHECKS 0
#else
#define WEFT_CHECKS 1
#endif
#endif

#if (defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__) || defined(__ASSOCIATIVE_MATH__)) && \
    !defined(WEFT_ALLOW_FAST_MATH)
#error "weft: -ffast-math and its parts remove NaN and infinity handling; define WEFT_ALLOW_FAST_MATH to build anyway"
#endif
