// doctest's implementation and main(), compiled once.
#define WEFT_DOCTEST_MAIN
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
