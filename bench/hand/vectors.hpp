// What the hand-written loops of our own benchmarks are made of: a register of floats, and its exp, sigmoid and tanh,
// with AVX-512 or AVX2. WEFT_BENCH_HAS_HAND is 1 where the machine has one of them; elsewhere there are no such loops.
//
// exp is the one of the peers' hand-tuned loops (common/avx512.hpp), so that a backward loop compares with a forward
// one; AVX2 has a polynomial, also of 2 ulp. sigmoid and tanh are weft's own: the short form of the peers' loops
// (1 - 2 / (exp(2x) + 1)) loses what is near 0, and forms with a division that don't are slower than weft's tables.
#pragma once
#include <immintrin.h>
#include <weft/simd/math.hpp>

#include <cstddef>

#if defined(__AVX512F__) && defined(__AVX512DQ__)
#define WEFT_BENCH_HAS_HAND 1
#define WEFT_BENCH_HAND_512 1
#elif defined(__AVX2__) && defined(__FMA__)
#define WEFT_BENCH_HAS_HAND 1
#define WEFT_BENCH_HAND_512 0
#else
#define WEFT_BENCH_HAS_HAND 0
#endif

#if WEFT_BENCH_HAS_HAND
namespace hand {

#if WEFT_BENCH_HAND_512
using V = __m512;
inline V set(float x) { return _mm512_set1_ps(x); }
inline V load(float const* p) { return _mm512_loadu_ps(p); }
inline void store(float* p, V x) { _mm512_storeu_ps(p, x); }
inline V fma(V a, V b, V c) { return _mm512_fmadd_ps(a, b, c); }    // a b + c
inline V fnma(V a, V b, V c) { return _mm512_fnmadd_ps(a, b, c); }  // c - a b
inline V larger(V a, V b) { return _mm512_max_ps(a, b); }
inline float add_up(V x) { return _mm512_reduce_add_ps(x); }
inline float largest(V x) { return _mm512_reduce_max_ps(x); }

// 2^(i/32)
alignas(64) inline constexpr float exp2_table[32] = {
#define WEFT_E(i) float(__builtin_exp2((i) / 32.0))
#define WEFT_E4(i) WEFT_E(i), WEFT_E(i + 1), WEFT_E(i + 2), WEFT_E(i + 3)
    WEFT_E4(0),  WEFT_E4(4),  WEFT_E4(8), WEFT_E4(12), WEFT_E4(16),
    WEFT_E4(20), WEFT_E4(24), WEFT_E4(28)
#undef WEFT_E4
#undef WEFT_E
};
// x = (k + 32 n) ln 2 / 32 + r: the table in two registers, a cubic for r.
inline V exp(V x) {
  V const magic = set(12582912.0f);       // 1.5 * 2^23 rounds to an integer
  x = _mm512_range_ps(x, set(120.f), 2);  // |x| at most 120, its sign kept
  V const k = fma(x, set(46.166241308446828f), magic), whole = k - magic;
  V r = fnma(whole, set(0.0216064453125f), x);
  r = fnma(whole, set(float(0.021660849392498290 - 0.0216064453125)), r);
  V p = fma(r, set(1 / 6.f), set(0.5f)) * r;
  p = fma(p, r, r);
  V const t = _mm512_permutex2var_ps(load(exp2_table), _mm512_castps_si512(k), load(exp2_table + 16));
  return _mm512_scalef_ps(fma(t, p, t), whole * set(1.f / 32));
}
#else
using V = __m256;
inline V set(float x) { return _mm256_set1_ps(x); }
inline V load(float const* p) { return _mm256_loadu_ps(p); }
inline void store(float* p, V x) { _mm256_storeu_ps(p, x); }
inline V fma(V a, V b, V c) { return _mm256_fmadd_ps(a, b, c); }
inline V fnma(V a, V b, V c) { return _mm256_fnmadd_ps(a, b, c); }
inline V larger(V a, V b) { return _mm256_max_ps(a, b); }
template <class F>
float folded(V x, F f) {
  __m128 y = f(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  y = f(y, _mm_movehl_ps(y, y));
  return _mm_cvtss_f32(f(y, _mm_movehdup_ps(y)));
}
inline float add_up(V x) {
  return folded(x, [](__m128 a, __m128 b) { return _mm_add_ps(a, b); });
}
inline float largest(V x) {
  return folded(x, [](__m128 a, __m128 b) { return _mm_max_ps(a, b); });
}
// x = k ln 2 + r
inline V exp(V x) {
  V const magic = set(12582912.0f);
  x = _mm256_max_ps(set(-87.f), _mm256_min_ps(set(88.f), x));
  V const k = fma(x, set(1.44269504f), magic), whole = k - magic;
  V const r = fnma(whole, set(-2.12194440e-4f), fnma(whole, set(0.693359375f), x));
  V p = fma(set(1.9875691500e-4f), r, set(1.3981999507e-3f));
  p = fma(p, r, set(8.3334519073e-3f));
  p = fma(p, r, set(4.1665795894e-2f));
  p = fma(p, r, set(1.6666665459e-1f));
  p = fma(p, r, set(5.0000001201e-1f));
  V const y = fma(p, r * r, r) + set(1.f);
  __m256i const power = _mm256_slli_epi32(_mm256_add_epi32(_mm256_castps_si256(k), _mm256_set1_epi32(127)), 23);
  return y * _mm256_castsi256_ps(power);
}
#endif
inline constexpr std::size_t lanes = sizeof(V) / sizeof(float);

inline V sigmoid(V x) { return weft::simd::sigmoid(weft::simd::pack<float, int(lanes)>(x)).data; }
inline V tanh(V x) { return weft::simd::tanh(weft::simd::pack<float, int(lanes)>(x)).data; }

}  // namespace hand
#endif
