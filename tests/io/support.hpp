// What the tests of files share: scratch files, the material beside the sources, and the text of an error.
#pragma once
#include <weft/core/errors.hpp>
#include <weft/io/file.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace support {

// A folder that goes with the test.
struct scratch {
  std::string path;
  scratch() {
    std::string name = "weft_scratch_" + std::string(6, 'X');  // which mkdtemp replaces
    char const* made = ::mkdtemp(name.data());
    path = std::string(made ? made : ".") + "/";
  }
  scratch(scratch const&) = delete;
  scratch& operator=(scratch const&) = delete;
  ~scratch() {
    std::string const command = "rm -rf '" + path + "'";
    if (path.find("weft_scratch_") == 0 && std::system(command.c_str()) != 0) std::puts("scratch folder left behind");
  }
  // Writes without any help of what is being tested.
  std::string file(std::string const& name, std::string_view bytes) const {
    std::string const full = path + name;
    std::FILE* f = std::fopen(full.c_str(), "wb");
    if (f) {
      if (std::fwrite(bytes.data(), 1, bytes.size(), f) != bytes.size()) std::puts("short write");
      std::fclose(f);
    }
    return full;
  }
};

inline bool exists(std::string const& path) {
  struct ::stat about;
  return ::lstat(path.c_str(), &about) == 0;
}

// The folder of models and golden files, with a slash; empty, and said so, where there is none.
inline std::string shared(std::string const& wanted) {
  char const* set = std::getenv("WEFT_SHARED");
  for (std::string const& folder : {set ? std::string(set) : std::string("../shared"), std::string("../../shared")}) {
    if (exists(folder + "/" + wanted)) return folder + "/";
  }
  std::printf("SKIPPED: no %s in %s: what needs it is NOT tested\n", wanted.c_str(), set ? set : "../shared");
  return "";
}

// The message of the Error that f() throws; "" if it returns, and another exception passes through.
template <class Error, class F>
std::string message(F&& f) {
  try {
    f();
  } catch (Error const& e) {
    return e.what();
  }
  return "";
}

inline bool contains(std::string const& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace support
