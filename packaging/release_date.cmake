# SPDX-License-Identifier: Apache-2.0
# release_seconds(VARIABLE CHANGELOG): the day that goes into what is made, so that it is the same whenever it is made, in
# seconds since 1970: SOURCE_DATE_EPOCH, or that of the newest entry of a Debian changelog.
function(release_seconds variable changelog)
  if(DEFINED ENV{SOURCE_DATE_EPOCH})
    set(${variable} $ENV{SOURCE_DATE_EPOCH} PARENT_SCOPE)
    return()
  endif()
  file(STRINGS ${changelog} entries REGEX "^ -- .*>  ")
  list(GET entries 0 newest)
  string(REGEX REPLACE "^ -- .*>  " "" day "${newest}")
  execute_process(COMMAND date -u -d ${day} +%s OUTPUT_VARIABLE seconds OUTPUT_STRIP_TRAILING_WHITESPACE
    COMMAND_ERROR_IS_FATAL ANY)
  set(${variable} ${seconds} PARENT_SCOPE)
endfunction()
