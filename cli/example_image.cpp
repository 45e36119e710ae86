// SPDX-License-Identifier: Apache-2.0
#include "cli/example_image.h"

#include "base/try.h"
#include "cli/exit_code.h"
#include "cli/picture_input.h"
#include "pictures/image_to_tensor.h"
#include "pictures/picture.h"
#include "pictures/picture_pages.h"

#include <cstdio>

namespace detect::cli {

Result<Tensor> read_example_image(const std::filesystem::path& path, int bits) {
    DETECT_TRY_ASSIGN(const PicturePages pages, find_pages(path));
    if (pages.pages > 1)
        warn(path.string() + ": holds " + std::to_string(pages.pages) + " pages; the first one is the example");
    if (!pages.left_out.empty()) warn(path.string() + ": " + pages.left_out);
    DETECT_TRY_ASSIGN(Picture picture, read_picture(path));
    if (auto sound = apply_bits(picture, bits); !sound)
        return Error{ErrorCode::unreadable_input, path.string() + ": " + sound.error().message};
    DETECT_TRY_ASSIGN(Tensor tensor,
                      Tensor::create_uninitialised(DataType::float32, {3, picture.height, picture.width}));
    if (auto converted = image_to_tensor(picture.view(), tensor.mutable_data<float>()); !converted) {
        return Error{ErrorCode::unreadable_input, path.string() + ": " + converted.error().message};
    }
    DETECT_TRY_ASSIGN(const PictureStatistics statistics, measure(picture.view()));
    if (statistics.is_flat()) {
        char text[160];
        std::snprintf(text, sizeof text,
                      "the picture is flat (values %.4f to %.4f, mean %.4f): it cannot show whether the model works",
                      statistics.min, statistics.max, statistics.mean);
        warn(path.string() + ": " + text);
    }
    return tensor;
}

} // namespace detect::cli
