// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "checkpoint/checkpoint.h"
#include "detect/error.h"
#include "graph/parameters.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace detect {

/// The weights of a Faster R-CNN MobileNetV3-Large FPN under the key names that torchvision writes since 0.13
/// (`backbone.fpn.inner_blocks.0.0.weight`, `rpn.head.conv.0.0.weight`), whichever generation the file has.
/// Float32 weights are views of what was read of the file, which they keep alive.
class NetworkWeights final : public ParameterSource {
public:
    [[nodiscard]] std::optional<Tensor> find(std::string_view name) const override;

    /// Background included, at index 0.
    [[nodiscard]] std::int64_t class_count() const { return class_count_; }
    /// Trained with FrozenBatchNorm2d: there are no `num_batches_tracked`. Makes no difference to what is computed.
    [[nodiscard]] bool frozen_batch_norm() const { return frozen_batch_norm_; }
    /// The file's keys that nothing in `used` (canonical names, see GraphBuilder::used_parameters) corresponds to.
    [[nodiscard]] std::vector<std::string> unexpected(const std::set<std::string, std::less<>>& used) const;

private:
    friend Result<NetworkWeights> load_network_weights(const Checkpoint& checkpoint);

    struct Weight {
        std::string key_in_file;
        Tensor tensor;
    };
    std::map<std::string, Weight, std::less<>> weights_;
    std::int64_t class_count_ = 0;
    bool frozen_batch_norm_ = true;
};

/// Takes every floating-point tensor of the checkpoint. `bad_model`, beginning with the file's name, if it is another
/// network (the message says which it looks like), if the predictor's shapes disagree about the number of classes, or
/// if a weight is NaN or infinite. Missing and mis-shaped tensors are found by GraphBuilder::parameter.
[[nodiscard]] Result<NetworkWeights> load_network_weights(const Checkpoint& checkpoint);

} // namespace detect
