// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/detect.h"
#include "onnx/writer.h"
#include "tests/detector/tiny_network.h"
#include "tests/support/require.h"

#include <string>

namespace detect::test {

/// The tiny network as the bytes of an ONNX file.
inline const std::string& tiny_model() {
    static const std::string bytes = require(write_onnx(tiny_graph()));
    return bytes;
}

inline detect_image image_of(const Pixels& picture) {
    const ImageView view = picture.view();
    return {view.pixels, view.width, view.height, view.stride_bytes, static_cast<std::int32_t>(view.format), view.bits};
}

} // namespace detect::test
