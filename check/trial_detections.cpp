// SPDX-License-Identifier: Apache-2.0
#include "check/trials.h"

#include <algorithm>

namespace detect::checking {

namespace {

using Detections = std::vector<Detection>;

std::int64_t integer_at(const Tensor& tensor, std::size_t index) {
    return tensor.type() == DataType::int64 ? tensor.data<std::int64_t>()[index] : tensor.data<std::int32_t>()[index];
}

bool is_integer(const Tensor& tensor) { return tensor.type() == DataType::int64 || tensor.type() == DataType::int32; }

/// Rows [first, first + count) of boxes, labels and scores.
Detections read_rows(const Tensor& boxes, const Tensor& labels, const Tensor& scores, std::size_t first,
                     std::size_t count) {
    Detections result;
    for (std::size_t row = first; row < first + count; ++row) {
        const auto box = boxes.data<float>().subspan(4 * row, 4);
        result.push_back({.box = {box[0], box[1], box[2], box[3]},
                          .label = static_cast<int>(integer_at(labels, row)),
                          .score = scores.data<float>()[row]});
    }
    return result;
}

/// The outputs of a detector among all others, in the order in which they stand; batched: with one axis more.
struct Found {
    std::vector<const Tensor*> boxes;
    std::vector<const Tensor*> labels;
    std::vector<const Tensor*> scores;
    const Tensor* counts = nullptr;
};

Found find_outputs(const std::vector<Tensor>& outputs, std::size_t batch_axes) {
    Found found;
    for (const Tensor& output : outputs) {
        const std::size_t rank = output.dims().rank();
        const bool real = output.type() == DataType::float32;
        if (real && rank == 2 + batch_axes && output.dims()[rank - 1] == 4)
            found.boxes.push_back(&output);
        else if (real && rank == 1 + batch_axes)
            found.scores.push_back(&output);
        else if (is_integer(output) && rank == 1 + batch_axes)
            found.labels.push_back(&output);
        else if (is_integer(output) && batch_axes == 1 && rank == 1)
            found.counts = &output;
    }
    return found;
}

bool fit(const Found& found, std::size_t i) {
    const std::int64_t rows = found.scores[i]->element_count();
    return found.labels[i]->element_count() == rows && found.boxes[i]->element_count() == 4 * rows;
}

std::vector<Detections> read_batched(const Found& found) {
    if (found.boxes.size() != 1 || found.labels.size() != 1 || found.scores.size() != 1 || !fit(found, 0)) return {};
    const std::int64_t batch = found.boxes[0]->dims()[0];
    const std::int64_t rows = found.boxes[0]->dims()[1];
    std::vector<Detections> result;
    for (std::int64_t n = 0; n < batch; ++n) {
        std::int64_t valid = rows;
        if (found.counts != nullptr) {
            if (found.counts->element_count() != batch) return {};
            valid = integer_at(*found.counts, static_cast<std::size_t>(n));
            if (valid < 0 || valid > rows) return {};
        }
        result.push_back(read_rows(*found.boxes[0], *found.labels[0], *found.scores[0],
                                   static_cast<std::size_t>(n * rows), static_cast<std::size_t>(valid)));
    }
    return result;
}

} // namespace

std::vector<Detections> read_detections(const std::vector<Tensor>& outputs) {
    const Found batched = find_outputs(outputs, 1);
    // [n, 4] boxes look like [batch, n] scores: only with [batch, n, 4] beside them are they that.
    if (!batched.boxes.empty()) return read_batched(batched);
    const Found found = find_outputs(outputs, 0);
    if (found.boxes.empty() || found.boxes.size() != found.labels.size() || found.boxes.size() != found.scores.size())
        return {};
    std::vector<Detections> result;
    for (std::size_t i = 0; i < found.boxes.size(); ++i) {
        if (!fit(found, i)) return {};
        result.push_back(read_rows(*found.boxes[i], *found.labels[i], *found.scores[i], 0,
                                   static_cast<std::size_t>(found.scores[i]->element_count())));
    }
    return result;
}

} // namespace detect::checking
