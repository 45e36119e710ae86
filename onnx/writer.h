// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/graph.h"

#include <string>

namespace detect {

/// The bytes of an ONNX file (a serialised ModelProto) with this graph: constants as initialisers, `metadata` as
/// metadata_props. Fails with `resource_limit` past protobuf's 2 GiB.
[[nodiscard]] Result<std::string> write_onnx(const Graph& graph);

} // namespace detect
