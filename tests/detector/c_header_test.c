// SPDX-License-Identifier: Apache-2.0
/* The C header alone, in the strictest C99: it compiles, or the build fails. */
#include <detect/detect.h>

detect_status use_header(detect_detector* detector, const detect_image* image, float* score);

detect_status use_header(detect_detector* detector, const detect_image* image, float* score) {
    detect_result* result;
    const detect_detection* found;
    size_t count;
    detect_status status = detect_run(detector, image, 1, &result);
    if (status == DETECT_OK) status = detect_result_detections(detector, result, 0, &found, &count);
    if (status == DETECT_OK && count > 0) *score = found[0].score;
    return status;
}
