// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "checkpoint/tensor_entry.h"
#include "detect/error.h"

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace detect {

/// The tensors of a checkpoint file, whose bytes stay in memory: opening looks at names and shapes only. Recognised by
/// content, whatever the file is called:
///   - "PyTorch ZIP": torch.save since 1.6;
///   - "PyTorch legacy pickle": torch.save before, or with `_use_new_zipfile_serialization=False`;
///   - "safetensors".
/// Nothing in a file is ever executed (see pickle.h). A copy shares the bytes and is cheap; all calls are
/// thread-safe. Every error message is one line and begins with the file's name.
class Checkpoint {
public:
    /// `unreadable_input`: missing, damaged or no checkpoint; `bad_model`: wants to run code, a pickled module, no
    /// weights; `unsupported`: element types that cannot be read; `resource_limit`: unfolds to far more than its own
    /// size.
    static Result<Checkpoint> open(const std::filesystem::path& path);

    [[nodiscard]] const std::filesystem::path& path() const;
    [[nodiscard]] std::string_view format() const;
    /// Every tensor of the state dict by its key; wrapping dictionaries and common prefixes (`module.`) are gone.
    [[nodiscard]] const TensorEntries& tensors() const;
    /// Null if there is no such tensor.
    [[nodiscard]] const TensorEntry* find(std::string_view name) const;
    /// The tensor as contiguous float32. Float32 tensors that lie so in the file are views of the mapping; float16,
    /// bfloat16, float64 and strided ones are copies. `invalid_argument` if it is not there, `unsupported` for
    /// integers.
    [[nodiscard]] Result<Tensor> load(std::string_view name) const;
    /// safetensors' `__metadata__`; empty for the other formats.
    [[nodiscard]] const std::map<std::string, std::string>& metadata() const;
    /// What was done to find the weights, for the user: "weights taken from "model"".
    [[nodiscard]] const std::vector<std::string>& notes() const;
    /// SHA-256 of the whole file in lower-case hexadecimal. Computed at each call (80 MB take about half a second).
    [[nodiscard]] std::string sha256() const;

private:
    struct State;
    explicit Checkpoint(std::shared_ptr<const State> state) : state_(std::move(state)) {}

    std::shared_ptr<const State> state_;
};

} // namespace detect
