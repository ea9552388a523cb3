// Every operation of pack and mask against plain C++, lane by lane, for every type and for packs from a fraction of
// a register to many of them.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <weft/simd/pack.hpp>

#include <sys/mman.h>

#include "samples.hpp"

using namespace weft::simd;

namespace {

template <class T, int N, class F, class G>
void same_lanes(char const* what, F packed, G scalar) {
  static auto const x = samples<T>(1), y = samples<T>(2), z = samples<T>(3);
  using R = decltype(scalar(x[0], y[0], z[0]));
  R got[512], want[512];
  for (std::size_t k = 0; k < 512; k += N) {
    packed(pack<T, N>::load(&x[k]), pack<T, N>::load(&y[k]), pack<T, N>::load(&z[k])).store(got + k);
  }
  for (std::size_t k = 0; k < 512; ++k) want[k] = scalar(x[k], y[k], z[k]);
  equal(what, got, want, 512, N);
}

template <class T>
T wrap(std::uint64_t x) {
  return static_cast<T>(x);
}

#define SAME(packed, scalar)                                       \
  same_lanes<T, N>(                                                \
      #packed, [](P a, P b, P c) { return (void)a, (void)b, (void)c, packed; }, \
      [](T a, T b, T c) { return (void)a, (void)b, (void)c, scalar; })

template <class T, int N>
void operators() {
  using P = pack<T, N>;
  using U = std::uint64_t;
  if constexpr (std::is_floating_point_v<T>) {
    SAME(a + b, a + b);
    SAME(a - b, a - b);
    SAME(a * b, a * b);
    SAME(a / b, a / b);
    SAME(-a, -a);
    SAME(abs(a), std::abs(a));
    SAME(sqrt(a), std::sqrt(a));
    SAME(floor(a), std::floor(a));
    SAME(ceil(a), std::ceil(a));
    SAME(trunc(a), std::trunc(a));
    SAME(rint(a), std::nearbyint(a));
    SAME(copysign(a, b), std::copysign(a, b));
    SAME(min(a, b), a < b ? a : b);
    SAME(max(a, b), a > b ? a : b);
    SAME(minimum(a, b), a != a || a < b ? a : b);
    SAME(maximum(a, b), a != a || a > b ? a : b);
#if defined(__FMA__)
    SAME(fma(a, b, c), std::fma(a, b, c));
    SAME(fnma(a, b, c), std::fma(-a, b, c));
#else
    SAME(fma(a, b, c), a * b + c);
    SAME(fnma(a, b, c), c - a * b);
#endif
    SAME(to_pack(isnan(a)), a != a);
  } else if constexpr (!std::is_same_v<T, bool>) {
    constexpr unsigned top = 8 * sizeof(T) - 1;
    SAME(a + b, wrap<T>(U(a) + U(b)));
    SAME(a - b, wrap<T>(U(a) - U(b)));
    SAME(a * b, wrap<T>(U(a) * U(b)));
    SAME(fma(a, b, c), wrap<T>(U(a) * U(b) + U(c)));
    SAME(fnma(a, b, c), wrap<T>(U(c) - U(a) * U(b)));
    SAME(a / ((b & P(T(31))) + P(T(1))), static_cast<T>(a / static_cast<T>((b & 31) + 1)));
    SAME(a % ((b & P(T(31))) + P(T(1))), static_cast<T>(a % static_cast<T>((b & 31) + 1)));
    SAME(-a, wrap<T>(-U(a)));
    SAME(a & b, static_cast<T>(a & b));
    SAME(a | b, static_cast<T>(a | b));
    SAME(a ^ b, static_cast<T>(a ^ b));
    SAME(~a, static_cast<T>(~a));
    SAME(a << 3, wrap<T>(U(a) << 3));
    SAME(a >> 3, static_cast<T>(a >> 3));
    SAME(a << (b & P(T(top))), wrap<T>(U(a) << (U(b) & top)));
    SAME(a >> (b & P(T(top))), static_cast<T>(a >> (U(b) & top)));
    SAME(abs(a), a < 0 ? wrap<T>(-U(a)) : a);
    SAME(min(a, b), a < b ? a : b);
    SAME(max(a, b), a > b ? a : b);
    SAME(minimum(a, b), a < b ? a : b);
    SAME(maximum(a, b), a > b ? a : b);
  } else {
    SAME(a & b, bool(a & b));
    SAME(a | b, bool(a | b));
    SAME(a ^ b, bool(a ^ b));
    SAME(~a, !a);
  }
  SAME(to_pack(a == b), a == b);
  SAME(to_pack(a != b), a != b);
  SAME(to_pack(a < b), a < b);
  SAME(to_pack(a <= b), a <= b);
  SAME(to_pack(a > b), a > b);
  SAME(to_pack(a >= b), a >= b);
  SAME(to_pack((a == b) & (b > c)), a == b && b > c);
  SAME(to_pack((a == b) | ~(b > c)), a == b || !(b > c));
  SAME(to_pack((a == b) ^ (b > c)), (a == b) != (b > c));
  SAME(select(a < b, c, b), a < b ? c : b);
  SAME(select(to_mask<T>(to_pack(~(a < b))), c, b), !(a < b) ? c : b);
}

template <class T, int N>
void lanes_and_masks() {
  using P = pack<T, N>;
  auto v = samples<T>(5), w = samples<T>(6);
  P a = P::load(v.data());
  for (int i = 0; i < N; ++i) {
    CHECK(same(a[i], v[std::size_t(i)]));
    P b = a;
    b.set(i, T(1));
    for (int j = 0; j < N; ++j) CHECK(same(b[j], j == i ? T(1) : v[std::size_t(j)]));
    CHECK(same(P(v[std::size_t(i)])[i], v[std::size_t(i)]));
    if constexpr (!std::is_same_v<T, bool>) CHECK(same(P::iota(T(3))[i], static_cast<T>(T(3) + static_cast<T>(i))));
  }
  if constexpr (N > 1) {
    for (int i = 0; i < N; ++i) {
      CHECK(same(i < N / 2 ? lower(a)[i] : upper(a)[i - N / 2], a[i]));
      CHECK(same(combine(lower(a), upper(a))[i], a[i]));
    }
  }
  for (int n = 0; n <= N; ++n) {
    auto m = mask<T, N>::first(n);
    CHECK(count(m) == n);
    CHECK(any(m) == (n > 0));
    CHECK(all(m) == (n == N));
    CHECK(any(~m) == (n < N));
    CHECK(all(~m) == (n == 0));
    CHECK(count(~m) == N - n);
    CHECK(first_set(m) == (n ? 0 : N));
    CHECK(first_set(~m) == n);
    CHECK(bits(m) == (n == 64 ? ~0ull : (1ull << n) - 1));
    for (int i = 0; i < N; ++i) CHECK(m[i] == (i < n));
    if constexpr (N > 1) {
      CHECK(bits(combine(lower(m), upper(m))) == bits(m));
      CHECK(bits(combine(upper(~m), lower(~m))) == (bits(~m) >> (N / 2) | (bits(lower(~m)) << (N / 2))));
    }
  }
  CHECK(all(mask<T, N>::all_of(true)));
  CHECK(!any(mask<T, N>::all_of(false)));
  CHECK(bits(P::load(v.data()) == P::load(w.data())) == bits(P::load(w.data()) == P::load(v.data())));
}

// Two pages of which the second must not be touched.
struct guarded {
  char* start;
  static constexpr std::size_t page = 4096;
  guarded() {
    void* p = mmap(nullptr, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(p != MAP_FAILED);
    start = static_cast<char*>(p);
    REQUIRE(mprotect(start, page, PROT_NONE) == 0);
    REQUIRE(mprotect(start + 2 * page, page, PROT_NONE) == 0);
  }
  ~guarded() { munmap(start, 3 * page); }
};

template <class T, int N>
void partial(guarded const& f) {
  auto v = samples<T>(7);
  using P = pack<T, N>;
  P other = P::load(&v[100]);
  for (int n = 0; n <= N; ++n) {
    for (bool at_end : {true, false}) {
      T* p = reinterpret_cast<T*>(f.start + f.page) + (at_end ? std::ptrdiff_t(f.page / sizeof(T)) - n : 0);
      for (int i = 0; i < n; ++i) p[i] = v[std::size_t(i)];
      P a = P::load_partial(p, n, T(1)), zeros = P::load_partial(p, n);
      for (int i = 0; i < N; ++i) {
        CHECK(same(a[i], i < n ? v[std::size_t(i)] : T(1)));
        CHECK(same(zeros[i], i < n ? v[std::size_t(i)] : T(0)));
      }
      other.store_partial(p, n);
      for (int i = 0; i < n; ++i) CHECK(same(p[i], other[i]));
    }
  }
  alignas(64) T out[std::size_t{N} + 1];
  for (T& x : out) x = T(1);
  for (int n = 0; n <= N; ++n) {
    P(T(0)).store_partial(out, n);
    other.store_partial(out, n);
    for (int i = 0; i <= N; ++i) CHECK(same(out[i], i < n ? other[i] : T(1)));
  }
  P(T(0)).store_aligned(out);
  other.stream(out);
  for (int i = 0; i < N; ++i) CHECK(same(P::load_aligned(out)[i], other[i]));
  CHECK(same(out[N], T(1)));
}

template <class T, int N>
void reductions() {
  if constexpr (!std::is_same_v<T, bool>) {
    auto v = samples<T>(9);
    for (std::size_t k = 0; k + N <= v.size(); k += N) {
      T sum[std::size_t{N}], product[std::size_t{N}], low[std::size_t{N}], high[std::size_t{N}];
      for (int i = 0; i < N; ++i) {
        T x = v[k + std::size_t(i)];
        if (std::is_floating_point_v<T> && k % 2) x = x != x || x - x != x - x ? T(2) : x;
        sum[i] = product[i] = low[i] = high[i] = x;
      }
      auto a = pack<T, N>::load(sum);
      for (int n = N / 2; n > 0; n /= 2) {
        for (int i = 0; i < n; ++i) {
          if constexpr (std::is_integral_v<T>) {
            sum[i] = wrap<T>(std::uint64_t(sum[i]) + std::uint64_t(sum[i + n]));
            product[i] = wrap<T>(std::uint64_t(product[i]) * std::uint64_t(product[i + n]));
          } else {
            sum[i] += sum[i + n];
            product[i] *= product[i + n];
          }
          low[i] = low[i] < low[i + n] ? low[i] : low[i + n];
          high[i] = high[i] > high[i + n] ? high[i] : high[i + n];
        }
      }
      CHECK(same(reduce_add(a), sum[0]));
      CHECK(same(reduce_mul(a), product[0]));
      CHECK(same(reduce_min(a), low[0]));
      CHECK(same(reduce_max(a), high[0]));
    }
  }
}

template <class T, int W>
void transposed() {
  pack<T, W> rows[std::size_t{W}];
  for (int i = 0; i < W; ++i) {
    for (int j = 0; j < W; ++j) rows[i].set(j, static_cast<T>(i * W + j));
  }
  transpose(rows);
  for (int i = 0; i < W; ++i) {
    for (int j = 0; j < W; ++j) CHECK(rows[i][j] == static_cast<T>(j * W + i));
  }
}

}  // namespace

TEST_CASE_TEMPLATE("operators", T, TYPES) {
  operators<T, 4>();
  operators<T, 16>();
  operators<T, 64>();
}
TEST_CASE_TEMPLATE("lanes and masks", T, TYPES) {
  lanes_and_masks<T, 1>();
  lanes_and_masks<T, 2>();
  lanes_and_masks<T, 16>();
  lanes_and_masks<T, 64>();
}
TEST_CASE_TEMPLATE("partial loads and stores touch n lanes", T, TYPES) {
  guarded f;
  partial<T, 1>(f);
  partial<T, 4>(f);
  partial<T, 16>(f);
  partial<T, 64>(f);
}
TEST_CASE_TEMPLATE("reductions are trees of halves", T, TYPES) {
  reductions<T, 1>();
  reductions<T, 4>();
  reductions<T, 16>();
  reductions<T, 64>();
}
TEST_CASE_TEMPLATE("transpose", T, float, double, std::int8_t, std::int32_t) {
  transposed<T, 2>();
  transposed<T, 4>();
  transposed<T, 8>();
  transposed<T, 16>();
}
TEST_CASE("native lanes") {
#if WEFT_SIMD_LEVEL == 3
  CHECK(lanes<float> == 16);
#elif WEFT_SIMD_LEVEL == 2
  CHECK(lanes<float> == 8);
#else
  CHECK(lanes<float> == 4);
#endif
  CHECK(lanes<std::int8_t> == 4 * lanes<float>);
}
