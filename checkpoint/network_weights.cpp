// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/network_weights.h"

#include "base/text.h"
#include "base/try.h"
#include "checkpoint/network_recognition.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace detect {

namespace {

constexpr std::string_view target_network = "torchvision's fasterrcnn_mobilenet_v3_large_fpn";
constexpr std::string_view scores_name = "roi_heads.box_predictor.cls_score.weight";
constexpr std::string_view boxes_name = "roi_heads.box_predictor.bbox_pred.weight";
constexpr std::string_view batch_counter = "num_batches_tracked";

Error bad_model(const Checkpoint& checkpoint, const std::string& message) {
    return {ErrorCode::bad_model, printable_path(checkpoint.path()) + ": " + message};
}

bool is_digits(std::string_view text) {
    return !text.empty() &&
           std::ranges::all_of(text, [](char character) { return character >= '0' && character <= '9'; });
}

/// torchvision 0.13 put each convolution of the FPN and of the RPN head into a sequence: "…inner_blocks.0.weight"
/// became "…inner_blocks.0.0.weight", and "rpn.head.conv.weight" became "rpn.head.conv.0.0.weight".
std::string canonical_name(const std::string& name) {
    const auto parameter_at = name.rfind('.');
    const std::string_view parameter =
        std::string_view(name).substr(parameter_at == std::string::npos ? 0 : parameter_at + 1);
    if (parameter != "weight" && parameter != "bias") return name;
    const std::string_view module = std::string_view(name).substr(0, name.size() - parameter.size() - 1);
    if (module == "rpn.head.conv") return "rpn.head.conv.0.0." + std::string(parameter);
    for (const std::string_view blocks : {"backbone.fpn.inner_blocks.", "backbone.fpn.layer_blocks."}) {
        if (module.starts_with(blocks) && is_digits(module.substr(blocks.size()))) {
            return std::string(module) + ".0." + std::string(parameter);
        }
    }
    return name;
}

/// The first NaN or infinity, if there is one. Works on the bits, so that the loop is vectorised: all exponents at
/// once.
std::optional<float> first_not_finite(std::span<const float> values) {
    constexpr std::uint32_t exponent = 0x7f800000;
    std::uint32_t found = 0;
    for (const float value : values) {
        found |= static_cast<std::uint32_t>((std::bit_cast<std::uint32_t>(value) & exponent) == exponent);
    }
    if (found == 0) return std::nullopt;
    return *std::ranges::find_if(
        values, [](float value) { return (std::bit_cast<std::uint32_t>(value) & exponent) == exponent; });
}

/// Rows of the classifier; the box regressor must have four for each.
Result<std::int64_t> count_classes(const Checkpoint& checkpoint) {
    const TensorEntry* scores = checkpoint.find(scores_name);
    const TensorEntry* boxes = checkpoint.find(boxes_name);
    for (const auto& [name, entry] : {std::pair(scores_name, scores), std::pair(boxes_name, boxes)}) {
        if (entry == nullptr) {
            return bad_model(checkpoint,
                             "tensor " + std::string(name) + " is missing, so the number of classes is unknown");
        }
        if (entry->dims.rank() != 2) {
            return bad_model(checkpoint, "tensor " + std::string(name) + " is " + to_string(entry->dims) +
                                             ", expected two dimensions");
        }
    }
    const std::int64_t classes = scores->dims[0];
    if (classes < 2) {
        return bad_model(checkpoint, "tensor " + std::string(scores_name) + " is " + to_string(scores->dims) +
                                         ", expected at least two rows (background and one class)");
    }
    if (boxes->dims[0] % 4 != 0 || boxes->dims[0] / 4 != classes) {
        return bad_model(checkpoint, "tensor " + std::string(boxes_name) + " is " + to_string(boxes->dims) +
                                         ", expected " + std::to_string(4 * classes) + " rows (4 for each of the " +
                                         std::to_string(classes) + " classes of cls_score)");
    }
    return classes;
}

} // namespace

std::optional<Tensor> NetworkWeights::find(std::string_view name) const {
    const auto found = weights_.find(name);
    return found == weights_.end() ? std::nullopt : std::optional(found->second.tensor);
}

std::vector<std::string> NetworkWeights::unexpected(const std::set<std::string, std::less<>>& used) const {
    std::vector<std::string> keys;
    for (const auto& [name, weight] : weights_) {
        if (!used.contains(name)) keys.push_back(weight.key_in_file);
    }
    return keys;
}

Result<NetworkWeights> load_network_weights(const Checkpoint& checkpoint) {
    if (checkpoint.tensors().empty()) return bad_model(checkpoint, "holds no tensors; save model.state_dict()");
    if (const auto computed = find_computed_weights(checkpoint.tensors())) return bad_model(checkpoint, *computed);
    if (const auto other = recognise_other_network(checkpoint.tensors())) {
        return bad_model(checkpoint, "looks like " + *other + ", not " + std::string(target_network));
    }
    NetworkWeights weights;
    DETECT_TRY_ASSIGN(weights.class_count_, count_classes(checkpoint));
    for (const auto& [key, entry] : checkpoint.tensors()) {
        if (key.ends_with(batch_counter)) {
            weights.frozen_batch_norm_ = false;
            continue;
        }
        DETECT_TRY_ASSIGN(Tensor tensor, checkpoint.load(key));
        if (const auto value = first_not_finite(tensor.data<float>())) {
            return bad_model(checkpoint, "tensor " + printable(key) + " contains " + std::to_string(*value) +
                                             "; training has diverged, or the file is damaged");
        }
        const auto [weight, added] =
            weights.weights_.try_emplace(canonical_name(key), NetworkWeights::Weight{key, std::move(tensor)});
        if (!added) {
            return bad_model(checkpoint, "tensors " + printable(weight->second.key_in_file) + " and " + printable(key) +
                                             " are the same parameter under the old and the new name; remove one");
        }
    }
    return weights;
}

} // namespace detect
