// SPDX-License-Identifier: Apache-2.0
#include "evaluation/coco_metrics.h"
#include "tests/support/require.h"
#include "tests/support/shared_data.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace detect::evaluation {
namespace {

using test::require;

constexpr double tolerance = 1e-9;

/// pycocotools writes -1 where there is no figure.
double as_pycocotools(const std::optional<double>& figure) { return figure.value_or(-1.0); }

class PycocotoolsFigures : public testing::TestWithParam<const char*> {};

TEST_P(PycocotoolsFigures, AreReproduced) {
    const auto shared = test::shared_folder();
    if (!shared) GTEST_SKIP() << "no DETECT_SHARED_DIR with golden/coco_eval";
    const auto folder = *shared / "golden/coco_eval" / GetParam();
    const auto expected = nlohmann::json::parse(std::ifstream(folder / "expected.json"));
    const Dataset dataset = require(read_ground_truth(folder / "gt.json"));
    const ReadDetections read = require(read_detections(folder / "dt.json", dataset));
    const CocoMetrics metrics = coco_metrics(Findings(dataset, read.detections));

    std::size_t compared = 0;
    for (const auto& [name, value] : named_figures(metrics)) {
        EXPECT_NEAR(as_pycocotools(value), expected["metrics"].at(std::string(name)).get<double>(), tolerance) << name;
        ++compared;
    }
    EXPECT_EQ(compared, expected["metrics"].size());
    ASSERT_EQ(dataset.categories.size(), expected["per_class_AP"].size());
    for (std::size_t i = 0; i < dataset.categories.size(); ++i) {
        const std::string id = std::to_string(dataset.categories[i].id);
        EXPECT_NEAR(as_pycocotools(metrics.categories[i].ap), expected["per_class_AP"].at(id).get<double>(), tolerance)
            << id;
    }
}

INSTANTIATE_TEST_SUITE_P(Golden, PycocotoolsFigures, testing::Values("plain", "crowd", "ties", "many_classes"),
                         [](const auto& one) { return std::string(one.param); });

} // namespace
} // namespace detect::evaluation
