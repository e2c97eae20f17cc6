# SPDX-License-Identifier: Apache-2.0
# cogway_add_pack(<target> <source>...): a kernel pack of C or C++ sources, <target>.so, that links nothing
# of cogway. Load it with cogway.load().
function(cogway_add_pack target)
  add_library(${target} MODULE ${ARGN})
  target_link_libraries(${target} PRIVATE cogway::kernel)
  set_target_properties(${target} PROPERTIES
    PREFIX "" SUFFIX ".so" POSITION_INDEPENDENT_CODE ON
    C_STANDARD 11 CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
endfunction()
