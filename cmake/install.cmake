# SPDX-License-Identifier: Apache-2.0
# What others build against: headers, the static layers and the CMake package. A wheel holds them under
# cogway/ beside the module and the packs; `cmake --install` lays them out as a plain C++ library.
include(CMakePackageConfigHelpers)

if(SKBUILD)
  set(_include cogway/include)
  set(_lib cogway/lib)
  set(_config cogway/cmake)
  set(_pkgconfig cogway/pkgconfig)
  set(_packs_dir cogway/packs)
else()
  include(GNUInstallDirs)
  set(_include ${CMAKE_INSTALL_INCLUDEDIR})
  set(_lib ${CMAKE_INSTALL_LIBDIR})
  set(_config ${CMAKE_INSTALL_LIBDIR}/cmake/cogway)
  set(_pkgconfig ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
  set(_packs_dir ${CMAKE_INSTALL_LIBDIR}/cogway/packs)
endif()

install(DIRECTORY "${CMAKE_SOURCE_DIR}/include/cogway" DESTINATION ${_include}
  FILES_MATCHING PATTERN "*.hpp" PATTERN "*.h")
install(TARGETS cogway_kernel cogway_flags cogway_base cogway_sync cogway_queue cogway_bus cogway_engine cogway_flow
  EXPORT cogway-targets ARCHIVE DESTINATION ${_lib} INCLUDES DESTINATION ${_include})
install(EXPORT cogway-targets NAMESPACE cogway:: DESTINATION ${_config})
configure_package_config_file("${CMAKE_SOURCE_DIR}/cmake/cogway-config.cmake.in"
  "${CMAKE_BINARY_DIR}/cogway-config.cmake" INSTALL_DESTINATION ${_config})
write_basic_package_version_file("${CMAKE_BINARY_DIR}/cogway-config-version.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_BINARY_DIR}/cogway-config.cmake" "${CMAKE_BINARY_DIR}/cogway-config-version.cmake"
  "${CMAKE_SOURCE_DIR}/cmake/cogway-pack.cmake" DESTINATION ${_config})
# The headers from the file's own place, so that the folder may be moved as a whole.
file(RELATIVE_PATH _pc_include "/${_pkgconfig}" "/${_include}")
configure_file("${CMAKE_SOURCE_DIR}/cmake/cogway-kernel.pc.in" "${CMAKE_BINARY_DIR}/cogway-kernel.pc" @ONLY)
install(FILES "${CMAKE_BINARY_DIR}/cogway-kernel.pc" DESTINATION ${_pkgconfig})

get_property(_packs GLOBAL PROPERTY COGWAY_PACK_TARGETS)
if(_packs)
  install(TARGETS ${_packs} LIBRARY DESTINATION ${_packs_dir})
endif()
if(SKBUILD AND TARGET cogway_core)
  install(TARGETS cogway_core LIBRARY DESTINATION cogway)
endif()

# The package in the build tree is found as the installed one is: cogway.get_cmake_dir() and the rest.
if(COGWAY_PACKAGE_DIR AND NOT SKBUILD)
  set(_there "${COGWAY_PACKAGE_DIR}/cmake")
  export(EXPORT cogway-targets NAMESPACE cogway:: FILE "${_there}/cogway-targets.cmake")
  configure_package_config_file("${CMAKE_SOURCE_DIR}/cmake/cogway-config.cmake.in"
    "${_there}/cogway-config.cmake" INSTALL_DESTINATION "${_there}")
  configure_file("${CMAKE_SOURCE_DIR}/cmake/cogway-pack.cmake" "${_there}/cogway-pack.cmake" COPYONLY)
  configure_file("${CMAKE_BINARY_DIR}/cogway-config-version.cmake"
    "${_there}/cogway-config-version.cmake" COPYONLY)
  set(_pc_include "../include")
  configure_file("${CMAKE_SOURCE_DIR}/cmake/cogway-kernel.pc.in"
    "${COGWAY_PACKAGE_DIR}/pkgconfig/cogway-kernel.pc" @ONLY)
endif()
