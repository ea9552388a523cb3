"""Conan recipe of a header-only library: `conan create .`, then `weft/<version>` in requires()."""
import os
import re

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain
from conan.tools.files import load, rmdir


class WeftConan(ConanFile):
    name = "weft"
    description = "Expression templates for tensors: SIMD loops, fused products, gradients"
    license = "MIT"
    topics = ("tensor", "simd", "expression-templates", "autodiff", "header-only")
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"with_xsimd": [True, False]}
    default_options = {"with_xsimd": True}
    exports_sources = "CMakeLists.txt", "LICENSE", "cmake/*", "include/*"
    no_copy_source = True

    def set_version(self):
        header = load(self, os.path.join(self.recipe_folder, "include", "weft", "config.hpp"))
        parts = dict(re.findall(r"#define WEFT_VERSION_(MAJOR|MINOR|PATCH) (\d+)", header))
        self.version = "{MAJOR}.{MINOR}.{PATCH}".format(**parts)

    def requirements(self):
        if self.options.with_xsimd:
            self.requires("xsimd/[>=8.1]", transitive_headers=True)

    def package_id(self):
        self.info.settings.clear()

    def validate(self):
        check_min_cppstd(self, 20)

    def generate(self):
        CMakeDeps(self).generate()
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["WEFT_BUILD_TESTS"] = False
        toolchain.cache_variables["WEFT_BUILD_EXAMPLES"] = False
        toolchain.cache_variables["WEFT_WITH_XSIMD"] = bool(self.options.with_xsimd)
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()

    def package(self):
        CMake(self).install()
        rmdir(self, os.path.join(self.package_folder, "share", "pkgconfig"))
        rmdir(self, os.path.join(self.package_folder, "share", "cmake"))

    def package_info(self):
        self.cpp_info.bindirs = []
        self.cpp_info.libdirs = []
        self.cpp_info.set_property("cmake_file_name", "weft")
        self.cpp_info.set_property("cmake_target_name", "weft::weft")
        self.cpp_info.set_property("pkg_config_name", "weft")
        if not self.options.with_xsimd:
            self.cpp_info.defines = ["WEFT_PLAIN_PACKS=1"]
        if self.settings.os in ("Linux", "FreeBSD"):
            self.cpp_info.system_libs = ["pthread"]
