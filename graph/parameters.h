// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/tensor.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace detect {

/// Where a network definition gets its trained tensors from: float32, contiguous, by torchvision's (newer) key names.
class ParameterSource {
public:
    virtual ~ParameterSource() = default;
    [[nodiscard]] virtual std::optional<Tensor> find(std::string_view name) const = 0;
};

/// Parameters held in memory.
class ParameterMap final : public ParameterSource {
public:
    ParameterMap() = default;
    explicit ParameterMap(std::map<std::string, Tensor, std::less<>> tensors) : tensors_(std::move(tensors)) {}
    [[nodiscard]] std::optional<Tensor> find(std::string_view name) const override {
        const auto found = tensors_.find(name);
        return found == tensors_.end() ? std::nullopt : std::optional(found->second);
    }
    [[nodiscard]] const std::map<std::string, Tensor, std::less<>>& tensors() const { return tensors_; }

private:
    std::map<std::string, Tensor, std::less<>> tensors_;
};

} // namespace detect
