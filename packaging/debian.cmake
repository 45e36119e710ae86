# SPDX-License-Identifier: Apache-2.0
# Debian packages: `cpack` in the build folder.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME detect)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "The detect authors <detect@localhost>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_COMPONENTS_ALL library development tools)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME libdetect${PROJECT_VERSION_MAJOR})
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
# The linker's cache is renewed.
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_SOURCE_DIR}/debian/triggers)
set(CPACK_COMPONENT_LIBRARY_DESCRIPTION "Finds objects in pictures: Faster R-CNN MobileNetV3-FPN (libraries)
 libdetect runs exported models; libdetect_export reads checkpoints.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libdetect-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "libdetect${PROJECT_VERSION_MAJOR} (= ${PROJECT_VERSION})")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SUGGESTS libopencv-dev)
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION "Finds objects in pictures: Faster R-CNN MobileNetV3-FPN (development files)
 Headers for C++ and C, CMake and pkg-config files, sample programs.")

set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME detect-tools)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION graphics)
# Without any font, drawn boxes have no labels.
set(CPACK_DEBIAN_TOOLS_PACKAGE_RECOMMENDS fonts-dejavu-core)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SUGGESTS "fonts-noto-cjk, fonts-noto-core")
set(CPACK_COMPONENT_TOOLS_DESCRIPTION "Finds objects in pictures: Faster R-CNN MobileNetV3-FPN (the detect command)
 Exports torchvision checkpoints to ONNX and runs them.
 A circuit board model is included.")

# Copyright, changelog and the like, in each package.
set(CPACK_DEBIAN_FILES ${CMAKE_CURRENT_SOURCE_DIR}/debian)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_SOURCE_DIR}/debian_files.cmake)

include(CPack)
