# SPDX-License-Identifier: Apache-2.0
# The extension module `_core`: src/python + src/module over every layer. The build tree gets an importable
# package, <build>/python/cogway: the module, the packs and links to the sources of python/cogway.

if(NOT Python_EXECUTABLE)
  find_package(Python 3.11 COMPONENTS Interpreter REQUIRED)
endif()

# Asked of the interpreter itself: FindPython of CMake 3.25 cannot describe a free-threaded build.
set(_probe "import sys, sysconfig as s; v = sys.version_info; print(f'{v[0]}.{v[1]}', s.get_path('include'), s.get_config_var('EXT_SUFFIX'), sep=';')")
execute_process(
  COMMAND "${Python_EXECUTABLE}" -c "${_probe}"
  OUTPUT_VARIABLE _python OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
list(GET _python 0 _python_version)
list(GET _python 1 _python_include)
list(GET _python 2 _python_suffix)
if(_python_version VERSION_LESS 3.11)
  message(FATAL_ERROR "cogway needs Python 3.11 or later; ${Python_EXECUTABLE} is ${_python_version}.")
endif()
if(NOT EXISTS "${_python_include}/Python.h")
  message(FATAL_ERROR "${Python_EXECUTABLE} has no headers: ${_python_include}/Python.h is missing. "
                      "Install the development package of that Python.")
endif()
message(STATUS "Python ${_python_version}: ${Python_EXECUTABLE} (_core${_python_suffix})")

file(GLOB_RECURSE _module_sources CONFIGURE_DEPENDS
  "${CMAKE_SOURCE_DIR}/src/python/*.cpp" "${CMAKE_SOURCE_DIR}/src/module/*.cpp")
if(NOT _module_sources)
  message(STATUS "src/module holds no source yet: _core is not built")
  return()
endif()

set(COGWAY_PACKAGE_DIR "${CMAKE_BINARY_DIR}/python/cogway")
add_library(cogway_core MODULE ${_module_sources})
set_target_properties(cogway_core PROPERTIES
  OUTPUT_NAME _core PREFIX "" SUFFIX "${_python_suffix}"
  LIBRARY_OUTPUT_DIRECTORY "${COGWAY_PACKAGE_DIR}")
target_include_directories(cogway_core PRIVATE "${CMAKE_SOURCE_DIR}/include" "${CMAKE_SOURCE_DIR}/src")
target_include_directories(cogway_core SYSTEM PRIVATE "${_python_include}")
target_link_libraries(cogway_core PRIVATE cogway::flow)
# The static layers stay private to the module: a pack or another extension must not bind to them.
target_link_options(cogway_core PRIVATE -Wl,--exclude-libs,ALL)

get_property(_packs GLOBAL PROPERTY COGWAY_PACK_TARGETS)
foreach(pack IN LISTS _packs)
  set_target_properties(${pack} PROPERTIES LIBRARY_OUTPUT_DIRECTORY "${COGWAY_PACKAGE_DIR}/packs")
endforeach()

# At build time, not at configure time: a new Python file is seen by the next build.
add_custom_target(cogway_package ALL
  COMMAND "${CMAKE_COMMAND}" "-DSOURCE=${CMAKE_SOURCE_DIR}/python/cogway" "-DPACKAGE=${COGWAY_PACKAGE_DIR}"
          "-DINCLUDE=${CMAKE_SOURCE_DIR}/include" -P "${CMAKE_SOURCE_DIR}/cmake/link_package.cmake"
  COMMENT "Linking python/cogway into ${COGWAY_PACKAGE_DIR}" VERBATIM)
add_dependencies(cogway_package cogway_core ${_packs})
