// What of weft/core/errors.hpp is compiled once: how a message is put together.
#pragma once
#include <weft/core/errors.hpp>

namespace weft {
inline namespace WEFT_ISA {

[[gnu::cold]] inline std::string real_text(double x) {
  char text[40];
  std::snprintf(text, sizeof text, "%.9g", x);
  return text;
}
[[gnu::cold, gnu::noinline]] WEFT_ONCE std::string complaint::text() const {
  std::string all;
  for (piece const& x : pieces)
    all += x.kind == piece::is_text       ? std::string(x.text)
           : x.kind == piece::is_real     ? real_text(x.real)
           : x.kind == piece::is_unsigned ? std::to_string(static_cast<unsigned long long>(x.whole))
                                          : std::to_string(x.whole);
  return all;
}

}  // namespace WEFT_ISA
}  // namespace weft
