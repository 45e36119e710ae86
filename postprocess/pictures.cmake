# Picture files, drawing and result writers: what the command and the samples need around a detector.
# The codecs are called directly rather than through OpenCV's imgcodecs: that library prints to stderr, shows a cut-off
# file as a half-grey picture, and costs a program 50 ms and 45 MB at its start.
include_guard(GLOBAL)
include(${PROJECT_SOURCE_DIR}/detector/image.cmake)

find_package(JPEG REQUIRED)
find_package(PNG REQUIRED)
find_package(TIFF 4.5 REQUIRED)
find_path(WEBP_INCLUDE_DIR webp/decode.h REQUIRED)
find_library(WEBP_LIBRARY webp REQUIRED)

add_library(detect_pictures STATIC
  ${CMAKE_CURRENT_LIST_DIR}/drawing.cpp
  ${CMAKE_CURRENT_LIST_DIR}/exif.cpp
  ${CMAKE_CURRENT_LIST_DIR}/picture.cpp
  ${CMAKE_CURRENT_LIST_DIR}/picture_bmp.cpp
  ${CMAKE_CURRENT_LIST_DIR}/picture_jpeg.cpp
  ${CMAKE_CURRENT_LIST_DIR}/picture_png.cpp
  ${CMAKE_CURRENT_LIST_DIR}/picture_tiff.cpp
  ${CMAKE_CURRENT_LIST_DIR}/picture_webp.cpp
  ${CMAKE_CURRENT_LIST_DIR}/picture_write.cpp
  ${CMAKE_CURRENT_LIST_DIR}/result_json.cpp)
target_include_directories(detect_pictures SYSTEM PRIVATE ${OpenCV_INCLUDE_DIRS} ${WEBP_INCLUDE_DIR})
target_link_libraries(detect_pictures
  PUBLIC detect_image
  PRIVATE opencv_core opencv_imgproc nlohmann_json::nlohmann_json JPEG::JPEG PNG::PNG TIFF::TIFF ${WEBP_LIBRARY})
