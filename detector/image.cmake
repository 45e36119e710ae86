# Pictures as the detector takes them: plain views and their conversion to the network's input. No third-party library.
include_guard(GLOBAL)
add_library(detect_image STATIC ${CMAKE_CURRENT_LIST_DIR}/image_to_tensor.cpp)
target_include_directories(detect_image PUBLIC ${CMAKE_CURRENT_LIST_DIR}/include)
target_link_libraries(detect_image PUBLIC detect_graph)
