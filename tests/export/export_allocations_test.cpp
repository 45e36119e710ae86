// SPDX-License-Identifier: Apache-2.0
// An export that runs out of memory, at any moment of it: an error, no file, and nothing that is kept.

#include "base/exceptions.h"
#include "export/exporter.h"
#include "onnx/model_checker.h"
#include "onnx/writer.h"
#include "tests/detector/tiny_network.h"
#include "tests/export/bundled_network.h"
#include "tests/support/failing_allocations.h"
#include "tests/support/require.h"
#include "tests/support/temp_dir.h"

#include <unistd.h>

#include <gtest/gtest.h>

namespace detect::test {
namespace {

/// Whether it succeeded. Nobody may be told that a checkpoint or a file is bad where memory was short.
template <class Body>
bool succeeds(const Body& body) {
    const auto result = without_exceptions(body);
    if (result.ok()) return true;
    const ErrorCode code = result.error().code;
    EXPECT_TRUE(code != ErrorCode::verification_failed && code != ErrorCode::bad_model) << result.error().message;
    return false;
}

/// Without C++'s own means: what is looked at here must not depend on memory.
bool is_there(const std::filesystem::path& file) { return ::access(file.c_str(), F_OK) == 0; }

/// The whole of it, from the bundled checkpoint: the one network that it can be, so only some moments beyond the
/// reading of its header. What follows looks at each part with a network of a few channels.
TEST(ExportAllocations, OfACheckpointToItsFile) {
    const TempDir folder;
    const std::filesystem::path output = folder / "a.onnx";
    const std::filesystem::path report = folder / "a.report.json";
    const Tensor image = drawn_image(48, 40);
    const ExportOptions options{.checkpoint = bundled_checkpoint(),
                                .output = output,
                                .settings = {.min_size = 32, .max_size = 32},
                                .progress = {}};
    int half = 0;
    const auto call = [&] {
        ::unlink(output.c_str());
        ::unlink(report.c_str());
        const bool written = succeeds([&] { return export_model(options, image); });
        if (written ? !is_there(output) || !is_there(report) : is_there(output) || is_there(report)) ++half;
        return written;
    };
    fail_everywhere("export", call, {.step = 5, .beyond = 20, .lost = 1});
    EXPECT_EQ(half, 0);
    ::unlink(output.c_str());
    ::unlink(report.c_str());
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(ExportAllocations, OfReadingACheckpoint) {
    fail_everywhere("checkpoint",
                    [] {
                        return succeeds([] {
                            return graph_from_checkpoint(bundled_checkpoint(), {.min_size = 32, .max_size = 32},
                                                         OutputLayout::batched, 17);
                        });
                    },
                    {.step = 10, .beyond = 50});
}

TEST(ExportAllocations, OfWritingTheModel) {
    const Graph& graph = tiny_graph();
    fail_everywhere("write", [&] { return succeeds([&] { return write_onnx(graph); }); }, {.lost = 1});
}

TEST(ExportAllocations, OfOnnxsChecker) {
    const std::string bytes = require(write_onnx(tiny_graph()));
    fail_everywhere("check", [&] { return succeeds([&] { return check_onnx(bytes); }); }, {.lost = 1});
}

TEST(ExportAllocations, OfTheVerification) {
    const Graph& graph = tiny_graph();
    const Tensor image = drawn_image(48, 40);
    fail_everywhere("verify", [&] { return succeeds([&] { return verify(graph, image, [](const std::string&) {}); }); },
                    {.step = 4, .beyond = 60});
}

} // namespace
} // namespace detect::test
