// The steps of a program as text, made by the compiler from the same code and schedule that the kernel runs.
//
//   max | subtract exp sum | as_divisor divide         three passes over each row
//
// `d exp` is a step of exp's derivative. A pass of nothing stores what passes before it found. A program that says of itself what
// it was kept from (`C::limits`, of backward programs: autodiff/sums.hpp) has a remark about it behind its steps.
#pragma once
#include <weft/engine/code.hpp>

namespace weft {
inline namespace WEFT_ISA {
namespace engine {

// What is written, to nowhere where only its length is asked for.
// (With a sanitizer, GCC doesn't know that the address of a constant isn't null.)
struct writer {
  bool writes = false;
  char* to = nullptr;
  int length = 0;
  constexpr void put(int n) {
    if (n > 9) put(n / 10);
    char const digit[] = {static_cast<char>('0' + n % 10), 0};
    put(digit);
  }
  constexpr void put(char const* s) {
    for (; *s; ++s, ++length)
      if (writes) to[length] = *s;
  }
};
template <class C>
constexpr void write_steps(writer& w) {
  for (int p = 0; p <= C::last; ++p) {
    if (p > 0) w.put(" |");
    for (int i = 0; i < C::size; ++i) {
      step_facts const& t = facts_in<typename C::list>::at[C::code.at[i].from];
      bool const computes = C::schedule.folds[p][i] || (C::code.at[i].what == act::map && !C::code.at[i].given &&
                                                        (C::schedule.in_row[p][i] == how::compute || C::schedule.before[p][i]));
      if (!computes) continue;
      if (w.length > 0) w.put(" ");
      w.put(t.back ? "d " : "");
      w.put(t.name);
    }
  }
  if constexpr (requires { C::limits; })
    if (C::limits.count() > 0) C::limits.write(w);
}
template <class C>
struct listing {
  static constexpr int length = [] {
    writer w;
    write_steps<C>(w);
    return w.length;
  }();
  char text[static_cast<std::size_t>(length + 1)] = {};
  constexpr listing() {
    writer w{true, text};
    write_steps<C>(w);
  }
};
template <class C>
inline constexpr listing<C> listing_of{};

}  // namespace engine
}  // namespace WEFT_ISA
}  // namespace weft
