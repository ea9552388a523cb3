// Reading and replacing files: what is no file, and what is left behind when something goes wrong.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <weft/io/file.hpp>

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "support.hpp"

using support::contains;
using support::message;
using weft::io_error;
namespace io = weft::io;

namespace {

int entries(std::string const& folder) {
  int count = 0;
  if (DIR* d = ::opendir(folder.c_str())) {
    while (dirent const* e = ::readdir(d))
      count += std::strcmp(e->d_name, ".") != 0 && std::strcmp(e->d_name, "..") != 0;
    ::closedir(d);
  }
  return count;
}
unsigned mode(std::string const& path) {
  struct ::stat about;
  return ::stat(path.c_str(), &about) == 0 ? about.st_mode & 07777 : 0;
}

}  // namespace

TEST_CASE("a file is read whole or by pieces") {
  support::scratch const dir;
  std::string const bytes("a\0b\xFF", 4);
  std::string const path = dir.file("x", bytes);
  CHECK(io::read_file(path) == bytes);
  CHECK(io::read_file(dir.file("empty", "")).empty());
  io::input_file const in(path);
  CHECK(in.size() == 4);
  char piece[2] = {};
  in.read(2, piece, 2);
  CHECK(piece[0] == 'b');
  CHECK(piece[1] == '\xFF');
  in.read(4, piece, 0);
}

TEST_CASE("what is no regular file is refused at once, by name") {
  support::scratch const dir;
  std::string const fifo = dir.path + "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  for (std::string const& path : {dir.path, fifo, std::string("/dev/zero"), std::string("/dev/null")}) {
    CAPTURE(path);
    std::string const said = message<io_error>([&] { io::read_file(path); });
    CHECK(contains(said, path));
    CHECK(contains(said, "not a regular file"));
    CHECK_THROWS_AS(io::write_file(path, "x"), io_error);
  }
  CHECK(contains(message<io_error>([&] { io::read_file(dir.path + "none"); }), "none: can't be opened: No such file"));
  CHECK_THROWS_AS(io::read_file(""), io_error);
  CHECK_THROWS_AS(io::read_file(std::string("x\0y", 3)), io_error);
  CHECK_THROWS_AS(io::write_file(std::string("x\0y", 3), "z"), io_error);
  CHECK_THROWS_AS(io::read_file(std::string(5000, 'x')), io_error);
  CHECK_THROWS_AS(io::write_file(dir.path + "no/such/folder", "x"), io_error);
  if (::getuid() != 0) {
    std::string const locked = dir.file("locked", "x");
    ::chmod(locked.c_str(), 0);
    CHECK_THROWS_AS(io::read_file(locked), io_error);
  }
}

TEST_CASE("odd names and long paths") {
  support::scratch const dir;
  std::string path = dir.path;
  for (int i = 0; i < 3; ++i) {
    path += std::string(100, 'd') + "\xC3\xBC " + "/";
    REQUIRE(::mkdir(path.c_str(), 0700) == 0);
  }
  path += "\xE2\x82\xAC '\"\n.bin";
  REQUIRE(path.size() > 300);
  io::write_file(path, "long");
  CHECK(io::read_file(path) == "long");
}

TEST_CASE("writing replaces atomically, keeps the mode and leaves nothing behind") {
  support::scratch const dir;
  std::string const path = dir.path + "out";
  io::write_file(path, "first");
  CHECK(io::read_file(path) == "first");
  ::chmod(path.c_str(), 0640);
  io::write_file(path, "second, longer");
  CHECK(io::read_file(path) == "second, longer");
  CHECK(mode(path) == 0640);
  CHECK(entries(dir.path) == 1);

  {
    io::output_file out(path);
    out.write("half");
    CHECK(entries(dir.path) == 2);
  }  // no commit: as after a crash, but for the temporary
  CHECK(io::read_file(path) == "second, longer");
  CHECK(entries(dir.path) == 1);

  io::input_file const old(path);  // whoever reads the old file goes on reading it
  io::write_file(path, "third");
  char text[6] = {};
  old.read(0, text, 6);
  CHECK(std::string(text, 6) == "second");
}

TEST_CASE("a symbolic link to nothing stays one, and the file is made where it leads to") {
  support::scratch const dir;
  REQUIRE(::mkdir((dir.path + "deep").c_str(), 0700) == 0);
  auto const link = [&](char const* name, std::string const& to) {
    REQUIRE(::symlink(to.c_str(), (dir.path + name).c_str()) == 0);
    return dir.path + name;
  };
  auto const is_link = [](std::string const& path) {
    struct ::stat about;
    return ::lstat(path.c_str(), &about) == 0 && S_ISLNK(about.st_mode);
  };
  std::string const far = link("deep/far", "../target"), near = link("near", "deep/far");
  io::write_file(near, "new");
  CHECK(is_link(near));
  CHECK(is_link(far));
  CHECK(io::read_file(dir.path + "target") == "new");
  CHECK(io::read_file(near) == "new");

  char here[4096];
  REQUIRE(::getcwd(here, sizeof here) != nullptr);
  std::string const whole = link("whole", std::string(here) + '/' + dir.path + "deep/other");
  io::write_file(whole, "whole");
  CHECK(is_link(whole));
  CHECK(io::read_file(dir.path + "deep/other") == "whole");

  std::string const lost = link("lost", "no folder/x");
  CHECK(contains(message<io_error>([&] { io::write_file(lost, "x"); }), "no folder/x"));
  CHECK(is_link(lost));
  std::string const ring = link("ring", "round");
  (void)link("round", "ring");
  CHECK_THROWS_AS(io::write_file(ring, "x"), io_error);
  CHECK(is_link(ring));
  CHECK(entries(dir.path) == 7);
  CHECK(entries(dir.path + "deep") == 2);
}

TEST_CASE("a symbolic link stays one") {
  support::scratch const dir;
  std::string const target = dir.file("target", "old");
  std::string const link = dir.path + "link";
  REQUIRE(::symlink("target", link.c_str()) == 0);
  io::write_file(link, "new");
  struct ::stat about;
  REQUIRE(::lstat(link.c_str(), &about) == 0);
  CHECK(S_ISLNK(about.st_mode));
  CHECK(io::read_file(target) == "new");
}

TEST_CASE("a file that shrinks while it is read") {
  support::scratch const dir;
  std::string const path = dir.file("x", std::string(10000, 'x'));
  io::input_file const in(path);
  REQUIRE(::truncate(path.c_str(), 100) == 0);
  std::vector<char> bytes(10000);
  CHECK(contains(message<io_error>([&] { in.read(0, bytes.data(), 10000); }), "became shorter"));
}

TEST_CASE("threads that write the same file leave one whole version") {
  support::scratch const dir;
  std::string const path = dir.path + "x";
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 5; ++i) io::write_file(path, std::string(100000, static_cast<char>('a' + t)));
    });
  }
  for (auto& t : threads) t.join();
  std::string const text = io::read_file(path);
  CHECK(text.size() == 100000);
  CHECK(text == std::string(100000, text[0]));
  CHECK(entries(dir.path) == 1);
}
