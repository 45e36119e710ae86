// SPDX-License-Identifier: Apache-2.0
// Where the system has no memory, an error comes back: never a crash, an exception, or memory that nobody gives back.

#include "tests/detector/c_api.h"
#include "tests/detector/tiny_network.h"
#include "tests/support/failing_allocations.h"
#include "tests/support/require.h"

#include <gtest/gtest.h>

namespace detect::test {
namespace {

TEST(FailingAllocations, OfLoading) {
    const auto bytes = std::as_bytes(std::span(tiny_model()));
    fail_everywhere("load", [&] { return Detector::load(bytes, {.threads = 1}).ok(); }, {.lost = 1});
}

TEST(FailingAllocations, OfRunning) {
    const Detector detector = tiny_detector({.threads = 1});
    const Pixels picture = noise(120, 100, 1);
    fail_everywhere("run", [&] {
        const auto found = detector.run(picture.view());
        return found.ok() && detector.examine(picture.view()).ok();
    });
}

TEST(FailingAllocations, OfTheCInterface) {
    const Pixels picture = noise(120, 100, 1);
    const detect_image image{picture.bytes.data(), picture.width,
                             picture.height,       static_cast<std::size_t>(picture.width) * 3,
                             DETECT_RGB8,          0};
    detect_options options;
    ASSERT_EQ(detect_options_init(&options), DETECT_OK);
    options.threads = 1;
    fail_everywhere("C",
                    [&] {
                        detect_detector* detector = nullptr;
                        detect_result* result = nullptr;
                        bool done = detect_create(&detector) == DETECT_OK;
                        done = done &&
                               detect_load_memory(detector, tiny_model().data(), tiny_model().size(), &options) ==
                                   DETECT_OK &&
                               detect_run(detector, &image, 1, &result) == DETECT_OK;
                        detect_result_free(detector, result);
                        return detect_destroy(detector) == DETECT_OK && done;
                    },
                    {.step = 7, .beyond = 500 / 7, .lost = 1});
}

} // namespace
} // namespace detect::test
