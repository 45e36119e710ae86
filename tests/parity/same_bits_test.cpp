// SPDX-License-Identifier: Apache-2.0
// The same picture gives the same bits: in any batch, at any number of threads, every time.

#include "export/checkpoint_graph.h"
#include "tests/parity/references.h"
#include "tests/support/require.h"

#include <gtest/gtest.h>

namespace detect::test {
namespace {

class SameBits : public testing::Test {
protected:
    void SetUp() override {
        if (const auto why = references_missing()) GTEST_SKIP() << *why;
        boards_ = load_case("trained");
    }

    /// The trained network, for pictures scaled to `side`.
    std::shared_ptr<const Model> trained_model(int threads, std::int64_t side) const {
        SettingsOverrides overrides = boards_.overrides();
        overrides.min_size = side;
        overrides.max_size = side;
        return compile(require(graph_from_checkpoint(boards_.checkpoint, overrides, OutputLayout::batched, 17)).graph,
                       threads);
    }

    static std::vector<Tensor> run(const Model& model, const Tensor& input) {
        return require(model.run(std::span(&input, 1)));
    }

    static std::vector<Found> image(const std::vector<Tensor>& outputs, std::int64_t index) {
        return to_found(outputs[0], outputs[1], outputs[2], outputs[3], index);
    }

    /// Pictures of 640×640 with few, many and no detections.
    std::vector<Tensor> pictures() const {
        return {boards_.pictures.at(0).input(), flat_image(640, 640, 0), boards_.pictures.at(2).input(),
                boards_.pictures.at(8).input(), boards_.pictures.at(1).input()};
    }

    Case boards_;
};

TEST_F(SameBits, InABatchAndAlone) {
    const auto model = trained_model(2, 1024);
    const std::vector<Tensor> images = pictures();
    const auto together = run(*model, stack(images));
    std::size_t detections = 0;
    for (std::size_t i = 0; i < images.size(); ++i) {
        const auto alone = image(run(*model, images[i]), 0);
        EXPECT_EQ(image(together, static_cast<std::int64_t>(i)), alone) << "picture " << i;
        detections += alone.size();
    }
    EXPECT_GT(detections, 100U);
    // In another place of another batch.
    const auto pair = run(*model, stack({images[3], images[0]}));
    EXPECT_EQ(image(pair, 1), image(together, 0));
    EXPECT_EQ(image(pair, 0), image(together, 3));
}

TEST_F(SameBits, AtOneTwoAndFourThreads) {
    const std::vector<Tensor> images = pictures();
    const Tensor batch = stack({images[0], images[1], images[2]});
    const auto expected = run(*trained_model(1, 1024), batch);
    ASSERT_GT(image(expected, 0).size(), 10U);
    for (const int threads : {2, 4}) {
        const auto outputs = run(*trained_model(threads, 1024), batch);
        for (std::size_t i = 0; i < outputs.size(); ++i) {
            EXPECT_TRUE(same_bits(outputs[i], expected[i])) << threads << " threads, output " << i;
        }
    }
}

TEST_F(SameBits, OnTheHundredthRun) {
    const auto model = trained_model(2, 640);
    const Tensor input = boards_.pictures.at(2).input();
    const Tensor other = crop(boards_.pictures.at(3).input(), 0, 0, 320, 500);
    const auto first = run(*model, input);
    ASSERT_GT(image(first, 0).size(), 3U);
    for (int repetition = 2; repetition <= 100; ++repetition) {
        // Another size in between now and then: memory of its run must not shine through.
        if (repetition % 10 == 0) run(*model, other);
        const auto again = run(*model, input);
        for (std::size_t i = 0; i < again.size(); ++i) {
            ASSERT_TRUE(same_bits(again[i], first[i])) << "run " << repetition << ", output " << i;
        }
    }
}

} // namespace
} // namespace detect::test
