# weft::compiled: what has no type of the user's in it, built once in the project that uses it, with that project's flags,
# compiler and build type. (A library that came with the package would be for one instruction set.) It costs nothing
# unless something links it.
#
# `folder`: where weft/ lies. Targets that link weft::compiled need the flags that it is built with: the namespace of another
# instruction set has another name, and the linker says so. For -march of a target's own: target_compile_options(weft_compiled
# PRIVATE ...), or target_link_libraries(weft_compiled PRIVATE weft::native_arch).
function(weft_add_compiled folder)
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  if(TARGET weft_compiled OR NOT CXX IN_LIST languages OR NOT EXISTS ${folder}/weft/compiled/engine.cpp)
    return()
  endif()
  add_library(weft_compiled STATIC EXCLUDE_FROM_ALL
    ${folder}/weft/compiled/elements.cpp
    ${folder}/weft/compiled/engine.cpp
    ${folder}/weft/compiled/models.cpp
    ${folder}/weft/compiled/products_of_floats.cpp
    ${folder}/weft/compiled/products_of_integers.cpp
    ${folder}/weft/compiled/sorting.cpp)
  add_library(weft::compiled ALIAS weft_compiled)
  target_link_libraries(weft_compiled PUBLIC weft::weft)
  target_compile_definitions(weft_compiled PUBLIC WEFT_COMPILED)
  set_target_properties(weft_compiled PROPERTIES POSITION_INDEPENDENT_CODE ON)
endfunction()
