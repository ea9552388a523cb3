# Installs headers, the CMake package and weft.pc. Everything lies under include/ and share/ and finds itself from its
# own place, so a prefix may be moved, and one prefix serves every architecture.
include(CMakePackageConfigHelpers)
set(weft_package share/cmake/weft)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/weft DESTINATION include FILES_MATCHING PATTERN "*.hpp" PATTERN "*.cpp")
install(TARGETS weft weft_native_arch EXPORT weft_targets)
install(EXPORT weft_targets NAMESPACE weft:: FILE weft-targets.cmake DESTINATION ${weft_package})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/weft-config-version.cmake
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES ${PROJECT_SOURCE_DIR}/cmake/weft-config.cmake ${PROJECT_SOURCE_DIR}/cmake/weft_dependencies.cmake
  ${PROJECT_SOURCE_DIR}/cmake/weft_compiled.cmake
  ${PROJECT_BINARY_DIR}/weft-config-version.cmake DESTINATION ${weft_package})

if(WEFT_WITH_XSIMD)
  set(weft_pc_requires "Requires: xsimd")
else()
  set(weft_pc_flags " -DWEFT_PLAIN_PACKS=1")
endif()
configure_file(${PROJECT_SOURCE_DIR}/cmake/weft.pc.in ${PROJECT_BINARY_DIR}/weft.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/weft.pc DESTINATION share/pkgconfig)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION share/doc/weft)
