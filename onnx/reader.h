// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/graph.h"

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>

namespace detect {

/// The versions of ONNX's own operators a model may import.
inline constexpr int min_opset = 7;
inline constexpr int max_opset = 17;

struct OnnxReadOptions {
    /// Where tensors stored outside the file may lie: in this folder and below. Empty: such tensors are refused.
    std::filesystem::path external_data_folder = {};
    /// Bytes that reading may take: the parsed file, the graph made of it, and all weights. 0: no limit. Beside this
    /// there are at most 250000 nodes and as many tensors, 500000 declared values and as many metadata entries.
    std::size_t memory_limit = 0;
};

/// Reads a serialised ONNX model. Constant nodes and initializers become constants, nodes are put in an order in which
/// they can run, and every value gets the type and shape its operator's rule gives it. What the file declares about
/// types is checked, never trusted.
///
/// Fails with `unreadable_input` (not an ONNX file, cut off, external data missing), `bad_model` (names defined twice
/// or not at all, cycles, nodes that break their operator's rules), `unsupported` (opset, operators: all that are
/// missing are listed) or `resource_limit`. Messages begin with `name`.
[[nodiscard]] Result<Graph> read_onnx(std::span<const std::byte> bytes, std::string_view name,
                                      const OnnxReadOptions& options = {});

/// The same from a file of up to 2 GiB; external data may lie in its folder. `memory_limit` as in the options.
[[nodiscard]] Result<Graph> read_onnx(const std::filesystem::path& path, std::size_t memory_limit = 0);

} // namespace detect
