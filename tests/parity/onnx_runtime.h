// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"
#include "graph/tensor.h"
#include "tests/support/compare.h"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace detect::test {

/// Outputs of one run, by name.
using Outputs = std::map<std::string, Tensor, std::less<>>;

/// Why ONNX Runtime cannot be run here, as a sentence; nothing if it can.
[[nodiscard]] std::optional<std::string> onnx_runtime_missing();

/// Runs a model file in ONNX Runtime on each of `inputs` (its only input, `input`), one after the other in one session.
/// The first run that fails fails the whole, with ONNX Runtime's message.
[[nodiscard]] Result<std::vector<Outputs>> run_onnx_runtime(const std::filesystem::path& model,
                                                            const std::vector<Tensor>& inputs, int threads = 2);

/// Image `index` of a batch in the exported model's layout.
[[nodiscard]] std::vector<Found> to_found(const Outputs& outputs, std::int64_t index);

} // namespace detect::test
