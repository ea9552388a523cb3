// weft::simd::pack<T, N>, the only thing in the library that knows an instruction set.
//
//   using namespace weft::simd;
//   using P = pack<float, lanes<float>>;
//   P y = fma(P::load(a), P::load(b), P::load(c));          // or load_partial(a, n) in a tail
//   select(y > 0.f, y, P(0.f)).store(out);
//
// One lane count serves a whole expression, whatever types it mixes: pack<std::int8_t, 16> is one register of 16
// bytes beside pack<float, 16>, pack<double, 16> as many registers as it takes. What a lane holds never depends on
// N nor on which lane it is. The parts:
//
//   lanes.hpp        pack, lanes<T>: memory, operators, halves, bit_cast
//   mask.hpp         mask, comparisons, select, any all count first_set bits, isnan
//   arithmetic.hpp   fma fnma min max minimum maximum abs copysign sqrt floor ceil trunc rint, reduce_*
//   convert.hpp      convert, convert_mask, to_pack, to_mask
//   transpose.hpp    transpose
//
// Beside these: math.hpp (exp, log, tanh, ...), half.hpp (16-bit floats), exact.hpp (nothing contracted), random.hpp.
#pragma once
#include <weft/simd/arithmetic.hpp>
#include <weft/simd/convert.hpp>
#include <weft/simd/transpose.hpp>
