// SPDX-License-Identifier: Apache-2.0
// An evaluation that runs out of memory, at any moment of it: an error, no file, and nothing that is kept.

#include "base/atomic_file.h"
#include "base/exceptions.h"
#include "base/try.h"
#include "evaluation/report/report.h"
#include "evaluation/summary.h"
#include "tests/evaluation/made_up.h"
#include "tests/support/failing_allocations.h"
#include "tests/support/require.h"
#include "tests/support/temp_dir.h"

#include <fstream>
#include <unistd.h>

#include <gtest/gtest.h>

namespace detect::evaluation {
namespace {

using test::fail_everywhere;

Picture grey() {
    return {.width = 64, .height = 48, .format = PixelFormat::rgb8, .pixels = std::vector(64 * 48 * 3, std::byte{99})};
}

class EvaluationAllocations : public testing::Test {
protected:
    EvaluationAllocations() {
        std::ofstream(truth_) << R"({"images": [{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": "b.png"}],
            "categories": [{"id": 1, "name": "one"}, {"id": 2, "name": "two"}], "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 10, 12]},
            {"id": 2, "image_id": 1, "category_id": 2, "bbox": [20, 20, 10, 12], "area": 99, "iscrowd": 1},
            {"id": 3, "image_id": 2, "category_id": 2, "bbox": [5, 5, 30, 20]}]})";
        std::ofstream(found_) << R"([{"image_id": 1, "category_id": 1, "bbox": [1, 2, 10, 11], "score": 0.9},
            {"image_id": 1, "category_id": 2, "bbox": [5, 5, 9, 9], "score": 0.8},
            {"image_id": 2, "category_id": 1, "bbox": [5, 5, 30, 20], "score": 0.7}])";
    }

    Result<Summary> evaluated() const {
        Summary summary{.annotations = "truth.json", .dataset = {}, .models = {}};
        DETECT_TRY_ASSIGN(summary.dataset, read_ground_truth(truth_));
        for (const char* name : {"a", "b"}) {
            DETECT_TRY_ASSIGN(ReadDetections read, read_detections(found_, summary.dataset));
            summary.models.push_back({.name = name, .detections = std::move(read.detections)});
        }
        summary.models.resize(models_);
        DETECT_TRY(evaluate_models(summary, {}));
        return summary;
    }

    test::TempDir folder_;
    std::filesystem::path truth_ = folder_ / "truth.json";
    std::filesystem::path found_ = folder_ / "found.json";
    std::size_t models_ = 1;
};

TEST_F(EvaluationAllocations, OfReadingAndComputing) {
    for (models_ = 1; models_ <= 2; ++models_)
        fail_everywhere("evaluate", [&] { return without_exceptions([&] { return evaluated(); }).ok(); });
}

/// Not of JSON: what the destructor of nlohmann's lists does without memory only the command can answer (cli/main.cpp).
TEST_F(EvaluationAllocations, OfWhatIsWritten) {
    for (models_ = 1; models_ <= 2; ++models_) {
        const Summary summary = test::require(evaluated());
        const std::filesystem::path file = folder_ / "written";
        const auto written = [&](const auto& text) {
            const auto call = [&] {
                ::unlink(file.c_str());
                const bool done = without_exceptions([&] { return write_file(file, text()); }).ok();
                EXPECT_EQ(::access(file.c_str(), F_OK) == 0, done);
                return done;
            };
            fail_everywhere("write", call);
        };
        written([&] { return to_table(summary); });
    }
}

TEST_F(EvaluationAllocations, OfTheReport) {
    const Summary summary = test::require(evaluated());
    const PictureReader reader = [](const std::string&) -> Result<Picture> { return grey(); };
    const auto call = [&] {
        return without_exceptions([&]() -> Result<std::string> { return to_html(summary, reader); }).ok();
    };
    fail_everywhere("report", call);
}

} // namespace
} // namespace detect::evaluation
