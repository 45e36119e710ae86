// SPDX-License-Identifier: Apache-2.0
#include "graph_harness.h"
#include "postprocess/box_selection.h"

#include <gmock/gmock.h>

namespace detect {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A proposal of some image with a score for each class; its box is the proposal itself for every class (deltas 0).
struct Proposal {
    std::int64_t image;
    std::vector<float> box;
    std::vector<float> scores;
};

struct Selected {
    Dims boxes_dims;
    std::vector<float> boxes;
    std::vector<std::int64_t> labels;
    std::vector<float> scores;
    std::vector<std::int64_t> valid;
};

Selected select(std::int64_t batch, std::int64_t classes, const std::vector<Proposal>& proposals,
                const BoxSelectionSettings& settings, std::vector<float> to_input_scale = {1, 1, 1, 1}) {
    const auto count = static_cast<std::int64_t>(proposals.size());
    std::vector<float> boxes;
    std::vector<float> scores;
    std::vector<std::int64_t> image_and_slot;
    std::vector<std::int64_t> filled(static_cast<std::size_t>(batch), 0);
    for (const Proposal& p : proposals) {
        boxes.insert(boxes.end(), p.box.begin(), p.box.end());
        scores.insert(scores.end(), p.scores.begin(), p.scores.end());
        image_and_slot.push_back(p.image);
        image_and_slot.push_back(filled[static_cast<std::size_t>(p.image)]++);
    }
    const std::int64_t slots = std::max<std::int64_t>(1, *std::ranges::max_element(filled));
    const auto outputs = evaluate([&](GraphBuilder& b) {
        const BoxSelectionInput input{
            .proposals = b.constant("proposals", Tensor::of<float>({count, 4}, boxes)),
            .image_and_slot = b.constant("image_and_slot", Tensor::of<std::int64_t>({count, 2}, image_and_slot)),
            .slots = b.constant("slots", Tensor::of<std::int64_t>({1}, {slots})),
            .scores = b.constant("scores", Tensor::of<float>({count, classes - 1}, scores)),
            .deltas = b.constant("deltas", Tensor::create(DataType::float32, {count, classes - 1, 4}).value()),
            .images = b.constant("images", Tensor::create(DataType::float32, {batch, 1}).value()),
            .limits = b.constant("limits", Tensor::of<float>({4}, {1000, 1000, 1000, 1000})),
            .to_input_scale = b.constant("scale", Tensor::of<float>({4}, to_input_scale)),
            .classes = classes};
        const DetectionOutputs o = add_box_selection(b, input, settings);
        return std::vector{o.boxes, o.labels, o.scores, o.valid_detections};
    });
    return {.boxes_dims = outputs[0].dims(),
            .boxes = values_of<float>(outputs[0]),
            .labels = values_of<std::int64_t>(outputs[1]),
            .scores = values_of<float>(outputs[2]),
            .valid = values_of<std::int64_t>(outputs[3])};
}

const std::vector<float> here{10, 10, 50, 50};
const std::vector<float> nearly_here{10, 10, 50, 52};
const std::vector<float> there{200, 200, 240, 260};

TEST(BoxSelection, SuppressesWithinAClassOnlyAndSortsByScore) {
    const Selected s =
        select(1, 3, {{0, here, {0.6F, 0.7F}}, {0, nearly_here, {0.8F, 0.1F}}, {0, there, {0.2F, 0.0F}}}, {});
    EXPECT_THAT(s.scores, ElementsAre(0.8F, 0.7F, 0.2F));
    EXPECT_THAT(s.labels, ElementsAre(1, 2, 1));
    EXPECT_THAT(s.boxes, ElementsAre(10, 10, 50, 52, 10, 10, 50, 50, 200, 200, 240, 260));
    EXPECT_THAT(s.valid, ElementsAre(3));
}

TEST(BoxSelection, ScoreThresholdIsExclusive) {
    const Selected s = select(1, 2, {{0, here, {0.5F}}, {0, there, {0.51F}}}, {.score_threshold = 0.5F});
    EXPECT_THAT(s.scores, ElementsAre(0.51F));
}

TEST(BoxSelection, SliversGo) {
    const Selected s = select(1, 2, {{0, {10, 10, 10.005F, 50}, {0.9F}}, {0, {10, 10, 10.02F, 50}, {0.8F}}}, {});
    EXPECT_THAT(s.scores, ElementsAre(0.8F));
}

TEST(BoxSelection, KeepsTheBestPerImageAndFillsTheRestWithZeros) {
    const Selected s = select(3, 2, {{0, here, {0.3F}}, {0, there, {0.9F}}, {2, here, {0.4F}}}, {.max_detections = 2});
    EXPECT_EQ(s.boxes_dims, (Dims{3, 2, 4}));
    EXPECT_THAT(s.valid, ElementsAre(2, 0, 1));
    EXPECT_THAT(s.scores, ElementsAre(0.9F, 0.3F, 0, 0, 0.4F, 0));
    EXPECT_THAT(s.labels, ElementsAre(1, 1, 0, 0, 1, 0));
    EXPECT_THAT(s.boxes,
                ElementsAre(200, 200, 240, 260, 10, 10, 50, 50, 0, 0, 0, 0, 0, 0, 0, 0, 10, 10, 50, 50, 0, 0, 0, 0));
}

TEST(BoxSelection, MaxDetectionsCutsTheFaintest) {
    const Selected s = select(1, 2, {{0, here, {0.3F}}, {0, there, {0.9F}}}, {.max_detections = 1});
    EXPECT_THAT(s.scores, ElementsAre(0.9F));
}

TEST(BoxSelection, NothingAtAllIsLegal) {
    const Selected s = select(2, 5, {}, {});
    EXPECT_EQ(s.boxes_dims, (Dims{2, 0, 4}));
    EXPECT_THAT(s.valid, ElementsAre(0, 0));
    EXPECT_THAT(s.scores, IsEmpty());
}

TEST(BoxSelection, ScalesBackToInputPixels) {
    const Selected s = select(1, 2, {{0, here, {0.5F}}}, {}, {0.5F, 2.0F, 0.5F, 2.0F});
    EXPECT_THAT(s.boxes, ElementsAre(5, 20, 25, 100));
}

} // namespace
} // namespace detect
