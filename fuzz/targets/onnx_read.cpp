// SPDX-License-Identifier: Apache-2.0
#include "fuzz/targets.h"
#include "onnx/reader.h"
#include "onnx/writer.h"

/// What is read, written and read again is the same graph.
void detect::fuzz::onnx_read(Bytes input) {
    const auto graph = read_onnx(input, "model.onnx");
    if (value_of(graph) == nullptr) return;
    const auto written = write_onnx(*graph);
    if (!written.ok() && written.error().code == ErrorCode::unsupported) return; // bodies are not written
    require(written.ok(), "what was read can be written");
    const auto again = read_onnx(std::as_bytes(std::span(*written)), "written.onnx");
    require(again.ok(), [&] { return "what was written can be read: " + (again.ok() ? "" : again.error().message); });
    const auto rewritten = write_onnx(*again);
    require(rewritten.ok() && *rewritten == *written, "reading and writing change nothing");
}
