# SPDX-License-Identifier: Apache-2.0
# Run by cpack before it packs: what Debian asks of each package, and `cmake --install` does not give.
cmake_minimum_required(VERSION 3.25)
set(debian ${CPACK_DEBIAN_FILES})
include(${CMAKE_CURRENT_LIST_DIR}/release_date.cmake)

# compress(FILE TO): reproducibly, as Debian's policy asks.
function(compress file to)
  execute_process(COMMAND gzip -9 -n -c ${file} OUTPUT_FILE ${to} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

foreach(component ${CPACK_COMPONENTS_ALL})
  string(TOUPPER ${component} upper)
  set(package ${CPACK_DEBIAN_${upper}_PACKAGE_NAME})
  set(usr ${CPACK_TEMPORARY_DIRECTORY}/${component}/usr)
  set(documents ${usr}/share/doc/${package})
  file(MAKE_DIRECTORY ${documents})
  file(COPY ${debian}/copyright DESTINATION ${documents})
  compress(${debian}/changelog ${documents}/changelog.gz)
  # Debian has the licence's text for all packages; what is in /usr/share/doc lies in the package's folder.
  file(REMOVE ${usr}/share/doc/detect/LICENSE)
  if(EXISTS ${usr}/share/doc/detect)
    file(GLOB files ${usr}/share/doc/detect/*)
    foreach(file ${files})
      get_filename_component(name ${file} NAME)
      file(RENAME ${file} ${documents}/${name})
    endforeach()
    file(REMOVE_RECURSE ${usr}/share/doc/detect)
  endif()
  file(GLOB pages ${usr}/share/man/man1/*.1)
  foreach(page ${pages})
    compress(${page} ${page}.gz)
    file(REMOVE ${page})
  endforeach()
  if(EXISTS ${debian}/${package}.lintian-overrides)
    file(MAKE_DIRECTORY ${usr}/share/lintian/overrides)
    file(COPY_FILE ${debian}/${package}.lintian-overrides ${usr}/share/lintian/overrides/${package})
  endif()
endforeach()

# The same packages whenever and wherever they are made: everything is as old as the release.
release_seconds(seconds ${debian}/changelog)
set(ENV{SOURCE_DATE_EPOCH} ${seconds})
execute_process(COMMAND find ${CPACK_TEMPORARY_DIRECTORY} -exec touch --no-dereference --date=@${seconds} {} +
  COMMAND_ERROR_IS_FATAL ANY)
