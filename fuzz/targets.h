// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fuzz/target.h"

/// Every target, by the name of its source in fuzz/targets/, of its seeds, its dictionary and its findings.
#define DETECT_FUZZ_TARGETS(DO)                                                                                        \
    DO(bmp)                                                                                                            \
    DO(coco_detections)                                                                                                \
    DO(coco_results)                                                                                                   \
    DO(coco_truth)                                                                                                     \
    DO(jpeg)                                                                                                           \
    DO(kernels_conv)                                                                                                   \
    DO(kernels_elements)                                                                                               \
    DO(kernels_expression)                                                                                             \
    DO(kernels_fused)                                                                                                  \
    DO(kernels_int8)                                                                                                   \
    DO(kernels_product)                                                                                                \
    DO(kernels_winograd)                                                                                               \
    DO(labels)                                                                                                         \
    DO(npy)                                                                                                            \
    DO(onnx_external_data)                                                                                             \
    DO(onnx_read)                                                                                                      \
    DO(onnx_run)                                                                                                       \
    DO(orientation)                                                                                                    \
    DO(pickle)                                                                                                         \
    DO(png)                                                                                                            \
    DO(regions)                                                                                                        \
    DO(results)                                                                                                        \
    DO(safetensors)                                                                                                    \
    DO(settings)                                                                                                       \
    DO(text)                                                                                                           \
    DO(tiff)                                                                                                           \
    DO(torch_stream)                                                                                                   \
    DO(torch_zip)                                                                                                      \
    DO(webp)

namespace detect::fuzz {

#define DETECT_DECLARE_FUZZ_TARGET(name) void name(Bytes input);
DETECT_FUZZ_TARGETS(DETECT_DECLARE_FUZZ_TARGET)
#undef DETECT_DECLARE_FUZZ_TARGET

} // namespace detect::fuzz
