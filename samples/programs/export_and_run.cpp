// SPDX-License-Identifier: Apache-2.0
// export_and_run CHECKPOINT PICTURE MODEL.onnx: what libdetect_export adds. A checkpoint is run as it is, then written
// as an ONNX file that anybody can run, and that finds the same.
#include <detect/export.h>
#include <detect/opencv.h>

#include <opencv2/imgcodecs.hpp>

#include <cstdio>

namespace {

int fail(const detect::Error& error) {
    std::fprintf(stderr, "%s\n", error.message.c_str());
    return 1;
}

} // namespace

int main(int count, char** words) {
    if (count != 4) return std::fprintf(stderr, "usage: export_and_run CHECKPOINT PICTURE MODEL.onnx\n"), 2;
    const cv::Mat picture = cv::imread(words[2]);
    const detect::SettingsOverrides settings{.min_size = 320, .max_size = 320};
    const auto detector = detect::load_checkpoint(words[1], settings);
    if (!detector) return fail(detector.error());
    const auto found = detect::run(*detector, picture);
    if (!found) return fail(found.error());
    const auto example = detect::image_view(picture);
    if (!example) return fail(example.error());
    const auto model = detect::export_checkpoint(words[1], words[3], *example, settings);
    if (!model) return fail(model.error());
    std::printf("%zu objects; %s holds %.1f MB\n", found->detections.size(), model->model.c_str(),
                static_cast<double>(model->file_bytes) / 1e6);
    const auto again = detect::Detector::load(words[3]);
    if (!again) return fail(again.error());
    const auto same = detect::run(*again, picture);
    if (!same) return fail(same.error());
    return same->detections == found->detections ? 0 : 1;
}
