# SPDX-License-Identifier: Apache-2.0
# Script: links every entry of SOURCE (python/cogway) and the headers of INCLUDE into PACKAGE, and drops
# links whose source is gone.
file(MAKE_DIRECTORY "${PACKAGE}")
file(GLOB present LIST_DIRECTORIES true RELATIVE "${PACKAGE}" "${PACKAGE}/*")
foreach(name IN LISTS present)
  if(IS_SYMLINK "${PACKAGE}/${name}" AND NOT EXISTS "${PACKAGE}/${name}")
    file(REMOVE "${PACKAGE}/${name}")
  endif()
endforeach()
file(GLOB entries LIST_DIRECTORIES true RELATIVE "${SOURCE}" "${SOURCE}/*")
if(NOT EXISTS "${PACKAGE}/include")
  file(CREATE_LINK "${INCLUDE}" "${PACKAGE}/include" SYMBOLIC)  # cogway.get_include(), as in a wheel
endif()
foreach(name IN LISTS entries)
  if(NOT name STREQUAL "__pycache__" AND NOT EXISTS "${PACKAGE}/${name}")
    file(CREATE_LINK "${SOURCE}/${name}" "${PACKAGE}/${name}" SYMBOLIC)
  endif()
endforeach()
