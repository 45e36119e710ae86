// SPDX-License-Identifier: Apache-2.0
// Which classes are reported, and warming up.

#include "detector/detector_from_graph.h"
#include "tests/detector/tiny_network.h"
#include "tests/support/require.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::set<int> labels_of(const std::vector<Detection>& detections) {
    std::set<int> labels;
    for (const Detection& detection : detections) labels.insert(detection.label);
    return labels;
}

TEST(DetectorOptions, OnlyTheClassesAskedForAreReported) {
    const Pixels picture = noise(180, 150, 3);
    const auto all = require(tiny_detector().run(picture.view())).detections;
    ASSERT_GT(labels_of(all).size(), 1U);
    const int wanted = *labels_of(all).begin();
    const Detector detector = tiny_detector({.classes = {tiny_detector().label_name(wanted)}});
    std::vector<Detection> expected;
    for (const Detection& detection : all) {
        if (detection.label == wanted) expected.push_back(detection);
    }
    EXPECT_EQ(require(detector.run(picture.view())).detections, expected);
    EXPECT_EQ(require(tiny_detector({.classes = {"c", "a", "b"}}).run(picture.view())).detections, all);
}

TEST(DetectorOptions, AClassThatTheModelDoesNotHaveIsAnError) {
    const auto refused = detector_from_graph(tiny_graph(), {.classes = {"a", "spur"}});
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
    EXPECT_THAT(refused.error().message, AllOf(HasSubstr("'spur'"), HasSubstr("a, b, c"), Not(HasSubstr("\n"))));
}

TEST(DetectorOptions, ClassesWithoutNamesGoByNumber) {
    Graph graph = tiny_graph();
    graph.metadata.erase("labels");
    const Pixels picture = noise(180, 150, 3);
    const auto all = require(require(detector_from_graph(graph, {})).run(picture.view())).detections;
    const int wanted = *labels_of(all).begin();
    const auto some =
        require(
            require(detector_from_graph(graph, {.classes = {"class " + std::to_string(wanted)}})).run(picture.view()))
            .detections;
    EXPECT_EQ(labels_of(some), std::set<int>{wanted});
    for (const char* name : {"a", "class ", "class 0", "class -1", "class 1x", "class 99999999999"}) {
        EXPECT_FALSE(detector_from_graph(graph, {.classes = {name}}).ok()) << name;
    }
}

TEST(DetectorOptions, WarmingUpPreparesASizeAndChangesNothing) {
    const Pixels picture = noise(180, 150, 3);
    const auto expected = require(tiny_detector({.threads = 1}).run(picture.view())).detections;
    const Detector detector = tiny_detector({.threads = 1, .pictures_per_run = 3});
    const std::size_t cold = detector.memory_use().now;
    require(detector.warm_up(180, 150, 3));
    const std::size_t peak = detector.memory_use().peak;
    EXPECT_GT(detector.memory_use().now, cold);
    EXPECT_EQ(require(detector.run(picture.view())).detections, expected);
    EXPECT_LE(detector.memory_use().peak, peak + peak / 20); // a plan for one picture comes to it
    for (const auto& [width, height, batch] :
         {std::array{0, 5, 1}, std::array{5, 0, 1}, std::array{5, 5, 0}, std::array{-1, 5, 1}}) {
        const auto refused = detector.warm_up(width, height, batch);
        ASSERT_FALSE(refused.ok());
        EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
    }
}

} // namespace
} // namespace detect::test
