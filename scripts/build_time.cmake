# SPDX-License-Identifier: Apache-2.0
# What makes a build take less time: ccache, and -O3 only where a picture's time is spent.

if(DETECT_CCACHE)
  find_program(DETECT_CCACHE_PROGRAM ccache)
  mark_as_advanced(DETECT_CCACHE_PROGRAM)
  foreach(language C CXX)
    if(DETECT_CCACHE_PROGRAM AND NOT CMAKE_${language}_COMPILER_LAUNCHER)
      set(CMAKE_${language}_COMPILER_LAUNCHER ${DETECT_CCACHE_PROGRAM})
    endif()
  endforeach()
endif()

# Half of the time of a test's source goes into headers of GoogleTest and the standard library. ccache saves more than this,
# and would have to trust compiled headers blindly: with it, every source reads its own.
set(detect_precompile OFF)
if(PROJECT_IS_TOP_LEVEL AND NOT DETECT_CCACHE_PROGRAM)
  set(detect_precompile ON)
endif()
option(DETECT_PRECOMPILE_HEADERS "Compile the headers of the tests once for all" ${detect_precompile})

# Files that are compiled together see each other's names, and hide some of them.
if(CMAKE_UNITY_BUILD)
  target_compile_options(detect_options INTERFACE -Wno-shadow)
endif()

# detect_room(FOLDER LEVEL): a room, and the level that a release compiles its libraries at. No level changes a result: the
# sources' order of operations holds at each.
function(detect_room folder level)
  add_subdirectory(${folder})
  set(folders ${folder})
  while(folders)
    list(POP_FRONT folders here)
    get_property(targets DIRECTORY ${here} PROPERTY BUILDSYSTEM_TARGETS)
    foreach(target ${targets})
      get_target_property(type ${target} TYPE)
      if(NOT type MATCHES "INTERFACE|UTILITY")
        target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:${level}>)
      endif()
    endforeach()
    get_property(below DIRECTORY ${here} PROPERTY SUBDIRECTORIES)
    list(APPEND folders ${below})
  endwhile()
endfunction()
