// Found before doctest's own header. Tests ask for main() in each file, so that any of them compiles by hand; here that
// wish is dropped and doctest's implementation is linked from a library instead, which saves seconds a program.
#pragma GCC system_header
#ifndef WEFT_DOCTEST_MAIN
#undef DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#endif
#include_next <doctest/doctest.h>
