// SPDX-License-Identifier: Apache-2.0
#include "export/read_detections.h"

namespace detect {

Result<std::vector<std::vector<Detection>>> read_detections(std::span<const Tensor> outputs) {
    const Error unexpected{ErrorCode::internal, "the graph's outputs are not boxes, labels, scores"};
    if (outputs.size() < 3 || outputs[0].dims().rank() < 2) return unexpected;
    const bool batched = outputs[0].dims().rank() == 3;
    const std::int64_t batch = batched ? outputs[0].dims()[0] : 1;
    const std::int64_t columns = outputs[0].dims()[batched ? 1 : 0];
    if (batched && outputs.size() < 4) return unexpected;
    std::vector<std::vector<Detection>> result;
    for (std::int64_t n = 0; n < batch; ++n) {
        const std::int64_t valid = batched ? outputs[3].data<std::int64_t>()[static_cast<std::size_t>(n)] : columns;
        if (valid < 0 || valid > columns) return unexpected;
        std::vector<Detection> detections;
        for (std::int64_t k = 0; k < valid; ++k) {
            const auto row = static_cast<std::size_t>(n * columns + k);
            const auto box = outputs[0].data<float>().subspan(4 * row, 4);
            detections.push_back({.box = {box[0], box[1], box[2], box[3]},
                                  .label = static_cast<int>(outputs[1].data<std::int64_t>()[row]),
                                  .score = outputs[2].data<float>()[row]});
        }
        result.push_back(std::move(detections));
    }
    return result;
}

} // namespace detect
