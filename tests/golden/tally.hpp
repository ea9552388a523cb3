// Runs the cases of a group through a table of handlers and counts.
//
//   golden::answer add(golden::test_case const& c);                     // calls weft, returns the outputs
//   golden::handler_entry const table[] = {{"add", add}, ...};
//   golden::tally t = golden::run(golden::read_group("binary"), table);
//   t.print();      golden binary: 581 cases, 80 passed, 0 failed, 501 left out
//                     left out: 12 no handler for where
//
// A case passes when everything it stores was compared and agreed; one that leaves something out says why.
#pragma once
#include "golden.hpp"
#include "rules.hpp"

#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace golden {

struct answer {
  std::vector<any_tensor> outs;                           // in the order of the case's outs
  std::vector<std::pair<std::string, any_tensor>> grads;  // in any order; by the names of the case's grads
  std::string left_out;                                   // why this case isn't run at all
  std::string gradients_left_out;                         // why its values are compared, but not its gradients
  bool raised = false;                                    // the call failed with an error; `message` is its text
  std::string message;
  bool checked = false;  // for cases that store no outputs (tables, moments): the handler compared what there is,
  std::string mistake;   // and found this; "" for nothing wrong
};

inline answer leave_out(std::string reason) {
  answer a;
  a.left_out = std::move(reason);
  return a;
}

using handler = answer (*)(test_case const&);

struct handler_entry {
  char const* op;
  handler run;
  char const* kind = nullptr;  // nullptr: whatever is a call with outputs (op, fn, loss, create)
};

inline bool handles(handler_entry const& entry, test_case const& c) {
  if (c.op != entry.op) return false;
  if (entry.kind) return c.kind == entry.kind;
  return c.kind == "op" || c.kind == "fn" || c.kind == "loss" || c.kind == "create";
}

struct tally {
  std::string group;
  int cases = 0, passed = 0, failed = 0, left_out = 0;
  std::map<std::string, int> reasons;
  std::vector<std::string> failures;  // name of the case: what differs

  void print(std::size_t failures_shown = 10) const {
    std::printf("golden %s: %d cases, %d passed, %d failed, %d left out\n", group.c_str(), cases, passed, failed,
                left_out);
    for (auto const& [reason, count] : reasons) std::printf("  left out: %d %s\n", count, reason.c_str());
    for (std::size_t i = 0; i < failures.size() && i < failures_shown; ++i) {
      std::printf("  failed: %s\n", failures[i].c_str());
    }
    if (failures.size() > failures_shown) {
      std::printf("  failed: ... and %zu more\n", failures.size() - failures_shown);
    }
  }
};

// "" where the answer is right.
inline std::string verdict(test_case const& c, answer const& a) {
  if (c.raises) return a.raised ? "" : "should have failed with an error";
  if (a.raised) return "failed: " + a.message;
  if (!a.mistake.empty()) return a.mistake;
  if (c.outs.empty() && !a.checked) return "nothing was compared";
  std::string why = difference(c, a.outs);
  if (!why.empty() || !a.gradients_left_out.empty()) return why;
  for (std::string const& name : c.grads) {
    any_tensor const* got = nullptr;
    for (auto const& [grad, tensor] : a.grads) {
      if (grad == name) got = &tensor;
    }
    if (!got) return "no gradient of " + name;
    why = difference(*got, c.grad(name), c.grad_rtol, c.grad_atol);
    if (!why.empty()) return "the gradient of " + name + ' ' + why;
  }
  return "";
}

inline answer call(handler run, test_case const& c) {
#ifdef WEFT_NO_EXCEPTIONS
  if (c.raises) return leave_out("errors end the program without exceptions");
  return run(c);
#else
  try {
    return run(c);
  } catch (weft::error const& e) {
    answer a;
    a.raised = true;
    a.message = e.what();
    return a;
  }
#endif
}

// `find` gives the handler of a case, or nullptr.
template <class Find>
  requires requires(Find find, test_case const& c) { handler{find(c)}; }
tally run(group const& g, Find find) {
  tally t;
  t.group = g.name;
  for (test_case const& c : g.cases) {
    ++t.cases;
    handler const h = find(c);
    answer const a = h ? call(h, c) : leave_out("no handler for " + c.op);
    std::string const why = a.left_out.empty() ? verdict(c, a) : "";
    if (!a.left_out.empty()) {
      ++t.left_out;
      ++t.reasons[a.left_out];
    } else if (!why.empty()) {
      ++t.failed;
      t.failures.push_back(c.name + ": " + why);
    } else if (!c.raises && !c.grads.empty() && !a.gradients_left_out.empty()) {
      ++t.left_out;  // its values agree, but that is not all it stores
      ++t.reasons["values agree, gradients not compared: " + a.gradients_left_out];
    } else {
      ++t.passed;
    }
  }
  return t;
}

template <std::size_t N>
tally run(group const& g, handler_entry const (&table)[N]) {
  return run(g, [&](test_case const& c) -> handler {
    for (handler_entry const& entry : table) {
      if (handles(entry, c)) return entry.run;
    }
    return nullptr;
  });
}

}  // namespace golden
