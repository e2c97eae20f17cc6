# SPDX-License-Identifier: Apache-2.0
# One CMake target per layer, linked downward only.

add_library(cogway_flags INTERFACE)
target_compile_features(cogway_flags INTERFACE cxx_std_20)
target_link_libraries(cogway_flags INTERFACE Threads::Threads ${CMAKE_DL_LIBS})
set_target_properties(cogway_flags PROPERTIES EXPORT_NAME flags)
# Our warnings are ours: they do not follow the installed targets into a user's build.
target_compile_options(cogway_flags INTERFACE
  $<BUILD_INTERFACE:$<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wpedantic;-Wconversion;-Wshadow>>
  # g++ 12 warns at -O3 of what std::string's own operator+ does (GCC bug 105651).
  $<BUILD_INTERFACE:$<$<AND:$<CONFIG:Release>,$<CXX_COMPILER_ID:GNU>,$<COMPILE_LANGUAGE:CXX>>:-Wno-restrict>>
  $<BUILD_INTERFACE:$<$<BOOL:${COGWAY_WERROR}>:-Werror>>)
if(COGWAY_SANITIZE)
  target_compile_options(cogway_flags INTERFACE
    -fsanitize=${COGWAY_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(cogway_flags INTERFACE -fsanitize=${COGWAY_SANITIZE})
endif()

# What a kernel pack sees: headers over kernel_abi.h, and nothing of the layers.
add_library(cogway_kernel INTERFACE)
add_library(cogway::kernel ALIAS cogway_kernel)
set_target_properties(cogway_kernel PROPERTIES EXPORT_NAME kernel)
target_include_directories(cogway_kernel INTERFACE
  "$<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include>")  # installed: see install.cmake

# cogway_layer(<name> [DEPENDS <lower>]): src/<name>/**.cpp + include/cogway/<name>/ as cogway::<name>.
# The sanitizer trees compile several files of a layer as one, so no two may define the same private name.
function(cogway_layer name)
  cmake_parse_arguments(arg "" "" "DEPENDS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/src/${name}/*.cpp")
  set(target cogway_${name})
  if(sources)
    add_library(${target} STATIC ${sources})
    set(scope PUBLIC)
    target_include_directories(${target} PRIVATE "${CMAKE_SOURCE_DIR}/src")
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  add_library(cogway::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name}
    UNITY_BUILD ${COGWAY_UNITY} UNITY_BUILD_BATCH_SIZE 8)
  target_include_directories(${target} ${scope}
    "$<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include>")  # installed: see install.cmake
  target_link_libraries(${target} ${scope} cogway_flags)
  foreach(lower IN LISTS arg_DEPENDS)
    target_link_libraries(${target} ${scope} cogway_${lower})
  endforeach()
endfunction()

# cogway_test(<name> <source> LAYER <layer> [LABELS ...]): one executable per test file.
function(cogway_test name source)
  cmake_parse_arguments(arg "" "LAYER" "LABELS;LIBS" ${ARGN})
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE cogway::${arg_LAYER} cogway_doctest_main ${arg_LIBS})
  # Not __FILE__: a compiler cache with a base folder makes that relative to the build tree. Only for
  # who asks: an absolute path on the command line keeps checkouts from sharing the object.
  file(STRINGS ${source} asks REGEX COGWAY_TESTS_FOLDER LIMIT_COUNT 1)
  if(asks)
    target_compile_definitions(${name} PRIVATE COGWAY_TESTS_FOLDER="${CMAKE_SOURCE_DIR}/tests")
  endif()
  # The model checker reads its sources by std::source_location, which is relative in the same way.
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY "${CMAKE_BINARY_DIR}")
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT 300)
  if("model" IN_LIST arg_LABELS)
    add_dependencies(cogway_model_tests ${name})
  else()
    add_dependencies(cogway_tests ${name})
  endif()
endfunction()
