// SPDX-License-Identifier: Apache-2.0
#include "export/mirror_image.h"

#include "base/try.h"

#include <algorithm>

namespace detect {

Result<Tensor> mirror_image(const Tensor& image) {
    DETECT_TRY_ASSIGN(Tensor result, Tensor::create(DataType::float32, image.dims()));
    const auto in = image.data<float>();
    const auto out = result.mutable_data<float>();
    const auto width = static_cast<std::size_t>(image.dims()[2]);
    for (std::size_t row = 0; row < in.size(); row += width)
        std::ranges::reverse_copy(in.subspan(row, width), out.subspan(row, width).begin());
    return result;
}

} // namespace detect
