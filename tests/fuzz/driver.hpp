// Runs the statements of one program on many random sizes and values and compares them with the reference. Knows nothing
// of weft either: a statement reaches its tensors through `held`.
#pragma once
#include "reference.hpp"

#include <cstring>
#include <memory>

namespace fuzz {

// A tensor, whatever its type and rank.
struct held {
  virtual ~held() = default;
  virtual type element() const = 0;
  virtual int rank() const = 0;
  virtual sizes dims() const = 0;
  virtual void const* data() const = 0;
  virtual void fill(sizes const& dims, void const* elements) = 0;
};

struct run {
  std::vector<std::unique_ptr<held>> tensors;
  std::vector<span> spans;
  std::vector<int64_t> indices;
};

enum class outcome { done, refused };

struct statement {
  char const* name;
  char const* code;   // as C++
  char const* tree;   // (program (tensors ..) (results ..) ..)
  std::unique_ptr<held> (*const* make)();
  outcome (*execute)(run&);
};

struct program {
  char const* name;
  unsigned seed;
  bool small_blocks;
  bool can_refuse;  // built with exceptions
  void (*set_threads)(int);
  statement const* statements;
  int count;
};

int run_program(program const& p, int argc, char** argv);

}  // namespace fuzz
