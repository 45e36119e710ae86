// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/graph.h"
#include "onnx/model_file.h"
#include "onnx/tensor_reader.h"

#include <string_view>

#include <onnx/onnx_pb.h>

namespace detect {

/// Turns a file's graph into a Graph: sorted, types and shapes inferred, validated. Bodies of If and Loop become graphs
/// of their own, with what they read from around them as inputs.
[[nodiscard]] Result<Graph> read_onnx_graph(const OnnxFile& file, int opset, const TensorSource& source);

/// Whether a domain is that of ONNX's own operators, by its short (empty) or long name.
[[nodiscard]] bool is_default_onnx_domain(std::string_view domain);

} // namespace detect
