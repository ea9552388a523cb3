// Files: read whole or by pieces, and written so that a crash leaves the old file as it was.
//
//   std::string text = io::read_file("config.json");
//   io::input_file in("model.safetensors");       // in.size(); in.read(offset, destination, bytes)
//   io::write_file("notes.txt", text);            // temporary beside it, fsync, rename
//   io::output_file out("model.safetensors");     // out.write(bytes, n) ...; out.commit(), or nothing has happened
//
// Only regular files: a directory, pipe or device is refused at once. What fails throws io_error with the path and the
// system's reason. Public, in weft::io: read_file, write_file, input_file, output_file.
#pragma once
#include <weft/core/dtype.hpp>
#include <weft/core/errors.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace weft::io {
inline namespace WEFT_ISA {

namespace detail {

[[noreturn, gnu::cold, gnu::noinline]] inline void file_error(std::string const& path, std::string const& what,
                                                              int code = 0) {
  fail<io_error>(path + ": " + what + (code ? std::string(": ") + std::strerror(code) : std::string()));
}

// The system would end the path at the NUL, and open another file than the caller named.
inline void check_path(std::string const& path) {
  if (path.find('\0') != std::string::npos) file_error(path.substr(0, path.find('\0')), "a path with a NUL in it");
}

// The file that the path leads to, without symbolic links; empty where there is none.
inline std::string real_path(std::string const& path) {
  char found[PATH_MAX];  // not the system's own memory: nobody would free it if the string can't be made
  return ::realpath(path.c_str(), found) ? std::string(found) : std::string();
}

// With its slash.
inline std::string folder_of(std::string const& path) {
  std::size_t const slash = path.rfind('/');
  return slash == std::string::npos ? std::string("./") : path.substr(0, slash + 1);
}

// Where the symbolic links at the end of a path lead to, though no file be there; the path itself if it isn't a link.
inline std::string linked_path(std::string path) {
  char found[PATH_MAX];
  for (int hops = 0; hops < 40; ++hops) {  // the system's own limit
    ::ssize_t const length = ::readlink(path.c_str(), found, sizeof found);
    if (length < 0) return path;
    std::string const target(found, static_cast<std::size_t>(length));
    path = target.starts_with('/') ? target : folder_of(path) + target;
  }
  file_error(path, "can't be written", ELOOP);
}

}  // namespace detail

class input_file {
 public:
  // O_NONBLOCK, since opening a pipe would wait for its writer; a regular file doesn't mind.
  explicit input_file(std::string path) : path_(std::move(path)) {
    detail::check_path(path_);
    do {
      descriptor_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    } while (descriptor_ < 0 && errno == EINTR);
    if (descriptor_ < 0) detail::file_error(path_, "can't be opened", errno);
    struct ::stat about;
    if (::fstat(descriptor_, &about) != 0) give_up("can't be examined", errno);
    if (!S_ISREG(about.st_mode)) give_up("is not a regular file", 0);
    size_ = about.st_size;
  }
  input_file(input_file const&) = delete;
  input_file& operator=(input_file const&) = delete;
  ~input_file() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  std::string const& path() const { return path_; }
  index_t size() const { return size_; }  // when it was opened

  // Precondition: offset and bytes are not negative and within size(). Throws if the file has shrunk since.
  void read(index_t offset, void* destination, index_t bytes) const {
    char* to = static_cast<char*>(destination);
    while (bytes > 0) {
      index_t const piece = bytes < (index_t{1} << 30) ? bytes : (index_t{1} << 30);  // the system's limit is 2 GiB
      ::ssize_t const got = ::pread(descriptor_, to, static_cast<std::size_t>(piece), static_cast<::off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) detail::file_error(path_, "can't be read", errno);
      if (got == 0) detail::file_error(path_, "became shorter while it was read");
      to += got;
      offset += got;
      bytes -= got;
    }
  }

 private:
  std::string path_;
  int descriptor_ = -1;
  index_t size_ = 0;

  [[noreturn]] void give_up(char const* what, int code) {  // the destructor won't run
    ::close(descriptor_);
    detail::file_error(path_, what, code);
  }
};

inline std::string read_file(std::string const& path) {
  input_file const in(path);
  std::string text(static_cast<std::size_t>(in.size()), '\0');
  in.read(0, text.data(), in.size());
  return text;
}

// A symbolic link stays one: its target is replaced, or made where there is none. The mode of the file that is
// replaced is kept.
class output_file {
 public:
  explicit output_file(std::string path) : path_(std::move(path)) {
    detail::check_path(path_);
    ::mode_t mode = 0;
    if (std::string target = detail::real_path(path_); !target.empty()) {
      path_ = std::move(target);
      struct ::stat about;
      if (::stat(path_.c_str(), &about) != 0) detail::file_error(path_, "can't be examined", errno);
      if (!S_ISREG(about.st_mode)) detail::file_error(path_, "is not a regular file");
      mode = about.st_mode & 07777;
    } else {
      path_ = detail::linked_path(std::move(path_));
    }
    static unsigned count = 0;  // two threads may meet: O_EXCL lets one win, the other takes the next name
    for (int attempt = 0; attempt < 100 && descriptor_ < 0; ++attempt) {
      unsigned const number = __atomic_fetch_add(&count, 1u, __ATOMIC_RELAXED);
      temporary_ =
          detail::folder_of(path_) + ".weft." + std::to_string(::getpid()) + '.' + std::to_string(number) + ".tmp";
      descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (descriptor_ < 0 && errno != EEXIST && errno != EINTR) break;
    }
    if (descriptor_ < 0) detail::file_error(path_, "can't be written", errno);
    if (mode && ::fchmod(descriptor_, mode) != 0) {
      int const code = errno;
      abandon();
      detail::file_error(path_, "its mode can't be kept", code);
    }
  }
  output_file(output_file const&) = delete;
  output_file& operator=(output_file const&) = delete;
  ~output_file() { abandon(); }

  void write(void const* bytes, index_t count) {
    char const* from = static_cast<char const*>(bytes);
    while (count > 0) {
      index_t const piece = count < (index_t{1} << 30) ? count : (index_t{1} << 30);
      ::ssize_t const put = ::write(descriptor_, from, static_cast<std::size_t>(piece));
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) detail::file_error(path_, "can't be written", errno);
      from += put;
      count -= put;
    }
  }
  void write(std::string_view text) { write(text.data(), static_cast<index_t>(text.size())); }

  // Now the path names the new bytes, also after a loss of power.
  void commit() {
    if (::fsync(descriptor_) != 0) detail::file_error(path_, "can't be written to the disk", errno);
    int const closed = ::close(descriptor_);
    descriptor_ = -1;
    if (closed != 0) {
      int const code = errno;
      abandon();
      detail::file_error(path_, "can't be written", code);
    }
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
      int const code = errno;
      abandon();
      detail::file_error(path_, "can't be replaced", code);
    }
    temporary_.clear();
    int const parent = ::open(detail::folder_of(path_).c_str(), O_RDONLY | O_CLOEXEC);
    if (parent >= 0) {  // some file systems don't sync folders: the rename itself has happened
      ::fsync(parent);
      ::close(parent);
    }
  }

 private:
  std::string path_;
  std::string temporary_;
  int descriptor_ = -1;

  void abandon() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
    descriptor_ = -1;
    temporary_.clear();
  }
};

inline void write_file(std::string const& path, std::string_view bytes) {
  output_file out(path);
  out.write(bytes);
  out.commit();
}

}  // namespace WEFT_ISA
}  // namespace weft::io
