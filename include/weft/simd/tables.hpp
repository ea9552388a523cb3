// The coefficients that AVX-512 picks from two registers (vpermt2ps), and AVX2 from one (vpermps), by some bits of the
// argument.
#pragma once
#include <weft/config.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace simd {
namespace detail {

// 2^(i / 32)
alignas(64) inline constexpr float exp2_table[32] = {
    0x1.000000p+0f, 0x1.059b0ep+0f, 0x1.0b5586p+0f, 0x1.11301ep+0f, 0x1.172b84p+0f, 0x1.1d4874p+0f, 0x1.2387a6p+0f,
    0x1.29e9e0p+0f, 0x1.306fe0p+0f, 0x1.371a74p+0f, 0x1.3dea64p+0f, 0x1.44e086p+0f, 0x1.4bfdaep+0f, 0x1.5342b6p+0f,
    0x1.5ab07ep+0f, 0x1.6247ecp+0f, 0x1.6a09e6p+0f, 0x1.71f75ep+0f, 0x1.7a1148p+0f, 0x1.82589ap+0f, 0x1.8ace54p+0f,
    0x1.93737cp+0f, 0x1.9c4918p+0f, 0x1.a5503cp+0f, 0x1.ae89fap+0f, 0x1.b7f770p+0f, 0x1.c199bep+0f, 0x1.cb720ep+0f,
    0x1.d5818ep+0f, 0x1.dfc974p+0f, 0x1.ea4afap+0f, 0x1.f50766p+0f};

// tanh near the centre c of interval i is t0 + d (t1 + d (... t6)), d = x - c: two intervals an octave of 0.82 x + 1/2,
// from 1/2 to 8, i being the first bit of the mantissa below the two last bits of the exponent. The centres are chosen
// so that t0 is nearly tanh c. Rows: c, t0 to t6.
alignas(32) inline constexpr float tanh_table_of_8[8][8] = {
    {0x1.38849ap+1f, 0x1.d44acap+1f, 0x1.5f5842p+2f, 0x1.0a2b24p+3f,
     0.f, 0x1.d3b222p-2f, 0x1.d42020p-1f, 0x1.8606dcp+0f},
    {0x1.f84d90p-1f, 0x1.ff5206p-1f, 0x1.fffb88p-1f, 0x1.fffffcp-1f,
     0.f, 0x1.b5ad44p-2f, 0x1.724666p-1f, 0x1.d19178p-1f},
    {0x1.e8e886p-6f, 0x1.5bbe8ap-9f, 0x1.1f59d4p-14f, 0x1.fb37f6p-23f,
     0x1.000000p+0f, 0x1.a276e2p-1f, 0x1.e87096p-2f, 0x1.629c44p-3f},
    {-0x1.e18b3ep-6f, -0x1.5b4694p-9f, -0x1.1f139ep-14f, -0x1.034a10p-22f,
     -0x1.5e8b22p-19f, -0x1.65b816p-2f, -0x1.613d3ap-2f, -0x1.4273a8p-3f},
    {0x1.374c0ap-6f, 0x1.cccd62p-10f, 0x1.6ddfe6p-15f, 0x1.736284p-23f,
     -0x1.55343ep-2f, -0x1.f85e10p-4f, 0x1.725738p-4f, 0x1.5e207cp-4f},
    {-0x1.24aeaep-7f, -0x1.ca8c9cp-11f, -0x1.6f35cep-16f, -0x1.1315c0p-24f,
     -0x1.033d42p-9f, 0x1.5a43a4p-3f, 0x1.972b40p-5f, -0x1.9d7430p-6f},
    {0x1.9b4b18p-9f, 0x1.80dbb0p-12f, 0x1.836dd4p-17f, 0x1.1e98cep-26f,
     0x1.2cf6cap-3f, -0x1.8b9c88p-7f, -0x1.bb187ap-5f, -0x1.2ebe44p-9f},
    {-0x1.6e42a0p-11f, -0x1.f2a25cp-14f, -0x1.001372p-18f, -0x1.03019ep-25f,
     -0x1.638d36p-5f, -0x1.dd576ap-5f, 0x1.c42aeap-7f, 0x1.b54b7ep-8f}};

// tanh near the centre c of interval i is t0 + d (t1 + d (... t5)), d = x - c. Four intervals an octave from 1/16
// to 8, i being the two bits of the mantissa below the three last bits of the exponent; entry 8 reaches from 8 to
// 9.02, entry 11 from 0 to 1/16. The centres are chosen so that t0 is tanh c to 32 bits. Rows: c, t0 to t5.
alignas(64) inline constexpr float tanh_table[7][32] = {
    {
    0x1.1ff226p+1f, 0x1.5ff05ep+1f, 0x1.9feb98p+1f, 0x1.e01726p+1f, 0x1.2004d2p+2f, 0x1.5fe8bep+2f, 0x1.9fef28p+2f,
    0x1.e01770p+2f, 0x1.10695cp+3f, 0x1.10695cp+3f, 0x1.10695cp+3f, 0.f, 0x1.200c32p-4f, 0x1.5ff334p-4f,
    0x1.9ffde6p-4f, 0x1.e00434p-4f, 0x1.1ff20ep-3f, 0x1.6006a0p-3f, 0x1.a01724p-3f, 0x1.e01738p-3f, 0x1.1ff652p-2f,
    0x1.600068p-2f, 0x1.9fefaap-2f, 0x1.e0167ep-2f, 0x1.1ff3a2p-1f, 0x1.5ffc7cp-1f, 0x1.9fef8ap-1f, 0x1.dff95ap-1f,
    0x1.20155cp+0f, 0x1.5fef1ep+0f, 0x1.a01248p+0f, 0x1.dfe980p+0f},
    {
    0x1.f4bd6ep-1f, 0x1.fbd406p-1f, 0x1.fe75fcp-1f, 0x1.ff6f4cp-1f, 0x1.ffdfacp-1f, 0x1.fffb9cp-1f, 0x1.ffff68p-1f,
    0x1.ffffecp-1f, 0x1.fffffep-1f, 0x1.fffffep-1f, 0x1.fffffep-1f, 0.f, 0x1.1f92e0p-4f, 0x1.5f161ep-4f,
    0x1.9e9142p-4f, 0x1.ddd4b8p-4f, 0x1.1e1024p-3f, 0x1.5c9976p-3f, 0x1.9a7552p-3f, 0x1.d77c5ap-3f, 0x1.189aa6p-2f,
    0x1.52c322p-2f, 0x1.8a79f8p-2f, 0x1.bfc09cp-2f, 0x1.04ff48p-1f, 0x1.31559cp-1f, 0x1.577ff2p-1f, 0x1.77d528p-1f,
    0x1.9e6b72p-1f, 0x1.c27104p-1f, 0x1.d9cc3cp-1f, 0x1.e87494p-1f},
    {
    0x1.645bf0p-5f, 0x1.09e80ep-6f, 0x1.896c6cp-8f, 0x1.213f2ep-9f, 0x1.0299cap-11f, 0x1.1900a6p-14f,
    0x1.3001e8p-17f, 0x1.73491ap-20f, -0x1.099d36p-23f, -0x1.099d36p-23f, -0x1.099d36p-23f, 0x1.000000p+0f,
    0x1.fd79eap-1f, 0x1.fc3d04p-1f, 0x1.fac14cp-1f, 0x1.f9083cp-1f, 0x1.f602c0p-1f, 0x1.f12a74p-1f, 0x1.eb6f20p-1f,
    0x1.e4dd2ap-1f, 0x1.d98daap-1f, 0x1.c7f704p-1f, 0x1.b4048ap-1f, 0x1.9e1bbap-1f, 0x1.7af43cp-1f, 0x1.49e972p-1f,
    0x1.198bf2p-1f, 0x1.d83dd4p-2f, 0x1.61204ep-2f, 0x1.cedcf8p-3f, 0x1.26374ep-3f, 0x1.700d5ap-4f},
    {
    -0x1.5c8316p-5f, -0x1.07bc0ep-6f, -0x1.8836c4p-8f, -0x1.20e95cp-9f, -0x1.0236cap-11f, -0x1.18a42ap-14f,
    -0x1.2f9ff0p-17f, -0x1.d55778p-20f, -0x1.f64a76p-21f, -0x1.f64a76p-21f, -0x1.f64a76p-21f, 0x1.344358p-27f,
    -0x1.1e27f8p-4f, -0x1.5c81a6p-4f, -0x1.9a51e2p-4f, -0x1.d753e0p-4f, -0x1.187b60p-3f, -0x1.527fdep-3f,
    -0x1.89f894p-3f, -0x1.be7f3ap-3f, -0x1.038880p-2f, -0x1.2dafd8p-2f, -0x1.4fef5cp-2f, -0x1.6a24fcp-2f,
    -0x1.8259c0p-2f, -0x1.897d70p-2f, -0x1.79c73cp-2f, -0x1.5aa5e6p-2f, -0x1.1dd3bcp-2f, -0x1.9736fcp-3f,
    -0x1.1043aep-3f, -0x1.5f208ap-4f},
    {
    0x1.bc263ep-6f, 0x1.59e540p-7f, 0x1.03e81ap-8f, 0x1.802faep-10f, 0x1.5814d0p-12f, 0x1.762f50p-15f,
    0x1.94d63cp-18f, -0x1.649e80p-20f, 0x1.f1e31ap-19f, 0x1.f1e31ap-19f, 0x1.f1e31ap-19f, -0x1.5555aep-2f,
    -0x1.4e9e34p-2f, -0x1.4b67a0p-2f, -0x1.47b6eep-2f, -0x1.42d08ap-2f, -0x1.3b145cp-2f, -0x1.2ea2a4p-2f,
    -0x1.202388p-2f, -0x1.0fd9a8p-2f, -0x1.e92a94p-3f, -0x1.983efcp-3f, -0x1.428836p-3f, -0x1.d6e300p-4f,
    -0x1.bd901ep-5f, 0x1.d6fd7ep-7f, 0x1.070454p-4f, 0x1.842e8ep-4f, 0x1.c693eep-4f, 0x1.97ef90p-4f, 0x1.33c1fcp-4f,
    0x1.a898a4p-5f},
    {
    -0x1.961f30p-7f, -0x1.50a37ap-8f, -0x1.038e3ep-9f, -0x1.82c6bap-11f, -0x1.6863d8p-13f, -0x1.88492ep-16f,
    -0x1.a88088p-19f, 0x1.f1279ep-20f, 0x1.a7dc8ap-19f, 0x1.a7dc8ap-19f, 0x1.a7dc8ap-19f, 0x1.e51374p-15f,
    0x1.7779e8p-5f, 0x1.b81ebcp-5f, 0x1.fa6fbcp-5f, 0x1.2ac1c2p-4f, 0x1.6b98eep-4f, 0x1.afa54ap-4f, 0x1.ed0bc6p-4f,
    0x1.122d64p-3f, 0x1.32deecp-3f, 0x1.50255ep-3f, 0x1.5c06e6p-3f, 0x1.583b74p-3f, 0x1.38c244p-3f, 0x1.e94960p-4f,
    0x1.476708p-4f, 0x1.62f982p-5f, 0x1.da1a80p-9f, -0x1.59b984p-6f, -0x1.9bab44p-6f, -0x1.55f0d8p-6f},
    {
    0x1.049e38p-8f, 0x1.f6be32p-10f, 0x1.9458d4p-11f, 0x1.3d5f9ap-12f, 0x1.1fb08cp-14f, 0x1.38b092p-17f,
    0x1.52b8bap-20f, 0x1.9cf35ap-18f, -0x1.3feeaep-17f, -0x1.3feeaep-17f, -0x1.3feeaep-17f, 0x1.0f5e54p-3f,
    0x1.03271ep-7f, 0x1.4abb48p-1f, 0x1.9cbd82p+1f, -0x1.707eecp+0f, 0x1.8ccecap-4f, 0x1.a527fep-4f, 0x1.424a00p-4f,
    0x1.696e34p-4f, 0x1.e4d4ccp-5f, -0x1.5afbd2p-8f, 0x1.89d804p-8f, -0x1.1822c4p-6f, -0x1.969f90p-5f,
    -0x1.f801c2p-5f, -0x1.021686p-4f, -0x1.bae656p-5f, -0x1.070f8ep-5f, -0x1.38f778p-7f, 0x1.6a2630p-10f,
    0x1.27ca08p-8f}};

// sigmoid near -i / 2 is s0 + d (s1 + d (... s5)), d = x + i / 2 in [-0.25, 0.25]. Rows: s0 to s5.
alignas(64) inline constexpr float sigmoid_table[6][32] = {
    {
    0x1.000000p-1f, 0x1.829a06p-2f, 0x1.136562p-2f, 0x1.759b84p-3f, 0x1.e84152p-4f, 0x1.36b712p-4f, 0x1.848344p-5f,
    0x1.e04068p-6f, 0x1.26afa2p-6f, 0x1.680528p-7f, 0x1.b69f68p-8f, 0x1.0abd94p-8f, 0x1.441778p-9f, 0x1.8986a2p-10f,
    0x1.dda738p-11f, 0x1.21d0b2p-11f, 0x1.5fa3dep-12f, 0x1.aa9e06p-13f, 0x1.02c6f6p-13f, 0x1.39ed86p-14f,
    0x1.7cd32ep-15f, 0x1.cdf8e4p-16f, 0x1.183410p-16f, 0x1.53e7f6p-17f, 0x1.9c541ep-18f, 0x1.f42e5ap-19f,
    0x1.2f6026p-19f, 0x1.700376p-20f, 0x1.be6c58p-21f, 0x1.0ec4fap-21f, 0x1.4875c4p-22f, 0x1.8e7134p-23f},
    {
    0x1.000000p-2f, 0x1.e1499ep-3f, 0x1.92a946p-3f, 0x1.3173b2p-3f, 0x1.ae0dc2p-4f, 0x1.1f2514p-4f, 0x1.721654p-5f,
    0x1.d22ca2p-6f, 0x1.2162c2p-6f, 0x1.64108ap-7f, 0x1.b3afe2p-8f, 0x1.09a7a6p-8f, 0x1.434a50p-9f, 0x1.88ef66p-10f,
    0x1.dd37d0p-11f, 0x1.21a7aep-11f, 0x1.5f85acp-12f, 0x1.aa87cep-13f, 0x1.02bec8p-13f, 0x1.39e782p-14f,
    0x1.7ccec0p-15f, 0x1.cdf5a2p-16f, 0x1.1832dcp-16f, 0x1.53e714p-17f, 0x1.9c5376p-18f, 0x1.f42ddep-19f,
    0x1.2f5ffap-19f, 0x1.700354p-20f, 0x1.be6c3ep-21f, 0x1.0ec4f2p-21f, 0x1.4875bcp-22f, 0x1.8e712ep-23f},
    {
    0x1.dba092p-30f, 0x1.d77d94p-6f, 0x1.7425e0p-5f, 0x1.8403ccp-5f, 0x1.478746p-5f, 0x1.e729ecp-6f, 0x1.4efc3cp-6f,
    0x1.b6d892p-7f, 0x1.16f9cep-7f, 0x1.5c3d68p-8f, 0x1.adda96p-9f, 0x1.077dd0p-9f, 0x1.41b0b6p-10f,
    0x1.87c0f8p-11f, 0x1.dc58aep-12f, 0x1.21555ep-12f, 0x1.5f48eap-13f, 0x1.aa5ae2p-14f, 0x1.02ae22p-14f,
    0x1.39db1cp-15f, 0x1.7cc574p-16f, 0x1.cdee94p-17f, 0x1.183022p-17f, 0x1.53e4eap-18f, 0x1.9c51aep-19f,
    0x1.f42c54p-20f, 0x1.2f5f44p-20f, 0x1.7002a4p-21f, 0x1.be6b88p-22f, 0x1.0ec48ep-22f, 0x1.48754cp-23f,
    0x1.8e70acp-24f},
    {
    -0x1.555248p-6f, -0x1.0719c0p-6f, -0x1.81d546p-8f, 0x1.567636p-9f, 0x1.a85710p-8f, 0x1.bba0c0p-8f,
    0x1.67b0d6p-8f, 0x1.01b9eap-8f, 0x1.58f574p-9f, 0x1.bbcde8p-10f, 0x1.16e01cp-10f, 0x1.5998a8p-11f,
    0x1.a8ae3ep-12f, 0x1.039acep-12f, 0x1.3c69a6p-13f, 0x1.80eeb2p-14f, 0x1.d3c2c2p-15f, 0x1.1c02d8p-15f,
    0x1.58be62p-16f, 0x1.a25b96p-17f, 0x1.fb9cfcp-18f, 0x1.33ed4ep-18f, 0x1.759114p-19f, 0x1.c52ee2p-20f,
    0x1.12e0d4p-20f, 0x1.4d735ap-21f, 0x1.948032p-22f, 0x1.eab010p-23f, 0x1.299e52p-23f, 0x1.6907c6p-24f,
    0x1.b5f3e2p-25f, 0x1.09a1c8p-25f},
    {
    -0x1.6eee06p-25f, -0x1.1afddep-8f, -0x1.4f0570p-8f, -0x1.987b8ep-9f, -0x1.ccb636p-11f, 0x1.91b1cap-12f,
    0x1.967e34p-11f, 0x1.80a260p-11f, 0x1.252e6ap-11f, 0x1.944c14p-12f, 0x1.0837f8p-12f, 0x1.4f0204p-13f,
    0x1.a1492ap-14f, 0x1.012910p-14f, 0x1.3af72ap-15f, 0x1.804d0cp-16f, 0x1.d3d33cp-17f, 0x1.1c5b3cp-17f,
    0x1.59635cp-18f, 0x1.a34e3ep-19f, 0x1.fce2a8p-20f, 0x1.34be5cp-20f, 0x1.769726p-21f, 0x1.c67308p-22f,
    0x1.13a7bap-22f, 0x1.4e6652p-23f, 0x1.95a82ep-24f, 0x1.ec1804p-25f, 0x1.2a78fcp-25f, 0x1.6a1144p-26f,
    0x1.b73620p-27f, 0x1.0a654ep-27f},
    {
    0x1.0e07f0p-9f, 0x1.2385a0p-10f, -0x1.ba0a1ep-12f, -0x1.03cd2ap-10f, -0x1.787a46p-11f, -0x1.38f074p-12f,
    -0x1.5d7414p-15f, 0x1.e10330p-15f, 0x1.37e354p-14f, 0x1.046206p-14f, 0x1.7542cep-15f, 0x1.f164c0p-16f,
    0x1.3ea496p-16f, 0x1.8f42e4p-17f, 0x1.edce74p-18f, 0x1.2f0562p-18f, 0x1.722dc0p-19f, 0x1.c2f6dep-20f,
    0x1.123ab2p-20f, 0x1.4d2d34p-21f, 0x1.948bd2p-22f, 0x1.eb0558p-23f, 0x1.29ec3ep-23f, 0x1.697992p-24f,
    0x1.b68c1cp-25f, 0x1.0a0356p-25f, 0x1.42b48ep-26f, 0x1.8778f6p-27f, 0x1.dae36cp-28f, 0x1.200992p-28f,
    0x1.5d68c4p-29f, 0x1.a7db40p-30f}};

}  // namespace detail
}  // namespace simd
}  // namespace WEFT_ISA
}  // namespace weft
