#pragma once

#include "graph/graph.h"

#include <string>

namespace detect {

/// The bytes of an ONNX file (a serialised ModelProto) with this graph: constants as initialisers, `metadata` as
/// metadata_props. Fails with `resource_limit` past protobuf's 2 GiB.
[[nodiscard]] Result<std::string> write_onnx(const Graph& graph);

/// What ONNX's own tools say of these bytes: its checker, and strict shape inference with data propagation.
/// `verification_failed` with their sentence if they object.
[[nodiscard]] Result<void> check_onnx(const std::string& bytes);

} // namespace detect
