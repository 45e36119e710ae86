# SPDX-License-Identifier: Apache-2.0
# What makes a defect harder to use, in every program and library of ours; tests/install/hardening_test.py looks for it in
# what is shipped. A sanitizer's build checks more than this, and in its own way: it goes without.
option(DETECT_HARDENING "Compile and link with stack protector, FORTIFY, CET, full RELRO" ${PROJECT_IS_TOP_LEVEL})
if(NOT DETECT_HARDENING OR DETECT_SANITIZE)
  return()
endif()

include(CheckCXXCompilerFlag)
include(CheckLinkerFlag)
include(CheckPIESupported)

# Programs can be loaded anywhere, as libraries can. CMake compiles for that, and links so only after this.
check_pie_supported(LANGUAGES C CXX)

# detect_compile_if_known(FLAG…): for all that is compiled below this folder, as far as the compiler has it.
function(detect_compile_if_known)
  foreach(flag ${ARGN})
    string(MAKE_C_IDENTIFIER "DETECT_HAS${flag}" known)
    check_cxx_compiler_flag(${flag} ${known})
    if(${known})
      set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY COMPILE_OPTIONS ${flag})
    endif()
  endforeach()
endfunction()

function(detect_link_if_known)
  foreach(flag ${ARGN})
    string(MAKE_C_IDENTIFIER "DETECT_LINKS${flag}" known)
    check_linker_flag(CXX ${flag} ${known})
    if(${known})
      set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY LINK_OPTIONS ${flag})
    endif()
  endforeach()
endfunction()

detect_compile_if_known(-fstack-protector-strong -fstack-clash-protection)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  detect_compile_if_known(-fcf-protection)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  detect_compile_if_known(-mbranch-protection=standard)
endif()
# No path of this machine in what is built, so that two folders build the same. (The check has a path without blanks.)
check_cxx_compiler_flag(-ffile-prefix-map=/a=. DETECT_HAS_file_prefix_map)
if(DETECT_HAS_file_prefix_map)
  set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY COMPILE_OPTIONS -ffile-prefix-map=${PROJECT_SOURCE_DIR}=.)
endif()
# Addresses of functions are looked up at the start, and the table is then read-only; data is no code.
detect_link_if_known(-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)

# FORTIFY checks the sizes that the optimiser knows, so it needs one. Level 3 knows those of allocations, too (GCC 12 and
# clang 9 with glibc 2.34); elsewhere it would be a warning in every file.
include(CheckCXXSourceCompiles)
set(CMAKE_REQUIRED_FLAGS "-O2 -Werror -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3")
check_cxx_source_compiles("#include <cstring>
int main(int, char** words) { char text[8]; std::strncpy(text, words[0], 7); return text[0]; }" DETECT_FORTIFY_3)
unset(CMAKE_REQUIRED_FLAGS)
set(detect_fortify 2)
if(DETECT_FORTIFY_3)
  set(detect_fortify 3)
endif()
set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY COMPILE_OPTIONS
  "$<$<CONFIG:Release,RelWithDebInfo,MinSizeRel>:SHELL:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=${detect_fortify}>")
