// SPDX-License-Identifier: Apache-2.0
// The C interface: the same detections as C++, and an error code for whatever a caller gets wrong.

#include "tests/detector/c_api.h"
#include "tests/detector/tiny_network.h"
#include "tests/support/require.h"
#include "tests/support/temp_dir.h"

#include <array>
#include <fstream>
#include <limits>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::test {
namespace {

using testing::HasSubstr;
using testing::StrNe;

class CApi : public testing::Test {
protected:
    CApi() { EXPECT_EQ(detect_create(&detector_), DETECT_OK); }
    ~CApi() override { detect_destroy(detector_); }

    void load(const detect_options* options = nullptr) {
        ASSERT_EQ(detect_load_memory(detector_, tiny_model().data(), tiny_model().size(), options), DETECT_OK)
            << detect_last_error(detector_);
    }

    detect_detector* detector_ = nullptr;
    const Pixels picture_ = noise(180, 150, 3);
    const detect_image image_ = image_of(picture_);
};

TEST_F(CApi, GivesWhatCppGives) {
    load();
    const std::vector<Pixels> pictures{picture_, noise(90, 120, 4), noise(180, 150, 5)};
    std::vector<detect_image> images;
    for (const Pixels& picture : pictures) images.push_back(image_of(picture));
    detect_result* result = nullptr;
    ASSERT_EQ(detect_run(detector_, images.data(), images.size(), &result), DETECT_OK);
    const Detector reference = tiny_detector();
    for (std::size_t i = 0; i < pictures.size(); ++i) {
        const auto expected = require(reference.run(pictures[i].view())).detections;
        const detect_detection* found = nullptr;
        std::size_t count = 0;
        ASSERT_EQ(detect_result_detections(detector_, result, i, &found, &count), DETECT_OK);
        ASSERT_EQ(count, expected.size());
        ASSERT_GT(count, 0U);
        for (std::size_t k = 0; k < count; ++k) {
            EXPECT_EQ((Detection{{found[k].x1, found[k].y1, found[k].x2, found[k].y2}, found[k].label, found[k].score}),
                      expected[k]);
        }
    }
    EXPECT_EQ(detect_result_free(detector_, result), DETECT_OK);
    // A picture of one colour.
    const std::vector<std::uint8_t> grey(std::size_t{64} * 48, 90);
    const detect_image flat{grey.data(), 64, 48, 64, DETECT_GREY8, 0};
    detect_doubt doubts[2] = {};
    std::size_t doubt_count = 7;
    ASSERT_EQ(detect_examine(detector_, &flat, doubts, 2, &doubt_count), DETECT_OK);
    ASSERT_EQ(doubt_count, 1U);
    EXPECT_STREQ(doubts[0].code, "flat");
    EXPECT_THAT(doubts[0].message, HasSubstr("there is nothing to see in it"));
    ASSERT_EQ(detect_examine(detector_, &flat, nullptr, 0, &doubt_count), DETECT_OK);
    EXPECT_EQ(doubt_count, 1U);
    EXPECT_EQ(detect_examine(detector_, &flat, nullptr, 1, &doubt_count), DETECT_ERROR_INVALID_ARGUMENT);
    EXPECT_EQ(detect_examine(detector_, nullptr, doubts, 2, &doubt_count), DETECT_ERROR_INVALID_ARGUMENT);
    // Twelve bits, and rows that go upwards in memory.
    const std::vector<std::uint16_t> words(std::size_t{64} * 48, 4095);
    detect_image wide{words.data(), 64, 48, 128, DETECT_GREY16, 0};
    EXPECT_EQ(detect_run(detector_, &wide, 1, &result), DETECT_ERROR_INVALID_ARGUMENT);
    EXPECT_THAT(detect_last_error(detector_), HasSubstr("12 bits in 16; set bits to 12"));
    wide = {words.data() + std::size_t{64} * 47, 64, 48, static_cast<std::size_t>(-128), DETECT_GREY16, 12};
    EXPECT_EQ(detect_run(detector_, &wide, 1, &result), DETECT_OK) << detect_last_error(detector_);
    EXPECT_EQ(detect_label_count(detector_), 3U);
    EXPECT_STREQ(detect_label_name(detector_, 1), "a");
    EXPECT_STREQ(detect_label_name(detector_, 3), "c");
    for (const std::int32_t label : {0, 4, -1, INT32_MAX, INT32_MIN}) {
        EXPECT_EQ(detect_label_name(detector_, label), nullptr) << label;
    }
    std::uint64_t now = 0;
    std::uint64_t peak = 0;
    EXPECT_EQ(detect_memory_use(detector_, &now, &peak), DETECT_OK);
    EXPECT_GT(now, 0U);
    EXPECT_GE(peak, now);
}

TEST_F(CApi, LoadsFilesWithOptions) {
    const TempDir folder;
    std::ofstream(folder / "model.onnx", std::ios::binary) << tiny_model();
    detect_options options;
    ASSERT_EQ(detect_options_init(&options), DETECT_OK);
    const char* classes[] = {"b"};
    options.classes = classes;
    options.class_count = 1;
    options.min_score = 0.1F;
    ASSERT_EQ(detect_load_file(detector_, (folder / "model.onnx").c_str(), &options), DETECT_OK)
        << detect_last_error(detector_);
    ASSERT_EQ(detect_warm_up(detector_, 180, 150, 1), DETECT_OK);
    detect_result* result = nullptr;
    ASSERT_EQ(detect_run(detector_, &image_, 1, &result), DETECT_OK);
    const detect_detection* found = nullptr;
    std::size_t count = 0;
    ASSERT_EQ(detect_result_detections(detector_, result, 0, &found, &count), DETECT_OK);
    const auto expected = require(tiny_detector({.min_score = 0.1F, .classes = {"b"}}).run(picture_.view())).detections;
    EXPECT_EQ(count, expected.size());
    for (std::size_t k = 0; k < count; ++k) EXPECT_EQ(found[k].label, 2);
}

TEST_F(CApi, ScoresPerClassAreThoseOfTheOptions) {
    detect_options options;
    ASSERT_EQ(detect_options_init(&options), DETECT_OK);
    EXPECT_EQ(options.class_score_count, 0U);
    EXPECT_EQ(options.model_scores, DETECT_MODEL_SCORES_LOWER_BOUNDS);
    const char* names[] = {"a", "c"};
    const float scores[] = {0.2F, 1.0F};
    options.class_score_names = names;
    options.class_scores = scores;
    options.class_score_count = 2;
    options.min_score = 0.1F;
    options.model_scores = DETECT_MODEL_SCORES_IGNORED;
    load(&options);
    detect_result* result = nullptr;
    ASSERT_EQ(detect_run(detector_, &image_, 1, &result), DETECT_OK) << detect_last_error(detector_);
    const detect_detection* found = nullptr;
    std::size_t count = 0;
    ASSERT_EQ(detect_result_detections(detector_, result, 0, &found, &count), DETECT_OK);
    const DetectorOptions same{.min_score = 0.1F, .class_scores = {{"a", 0.2F}, {"c", 1.0F}}};
    const auto expected = require(tiny_detector(same).run(picture_.view())).detections;
    ASSERT_EQ(count, expected.size());
    ASSERT_NE(expected.size(), require(tiny_detector({.min_score = 0.1F}).run(picture_.view())).detections.size());
    for (std::size_t k = 0; k < count; ++k) EXPECT_EQ(found[k].score, expected[k].score);
}

TEST_F(CApi, LooksAtLargePicturesInTiles) {
    detect_options options;
    ASSERT_EQ(detect_options_init(&options), DETECT_OK);
    EXPECT_EQ(options.tile, 0);
    EXPECT_EQ(options.tile_overlap, TilingOptions().overlap);
    options.memory_limit = 8'000'000;
    options.tile = 256;
    options.tile_overlap = 0.25;
    options.tile_merge = DETECT_MERGE_NMS;
    options.tile_when = DETECT_TILE_LARGER;
    load(&options);
    const Pixels large = noise(2000, 1500, 6);
    const std::vector<detect_image> images{image_, image_of(large)};
    detect_result* result = nullptr;
    ASSERT_EQ(detect_run(detector_, images.data(), images.size(), &result), DETECT_OK) << detect_last_error(detector_);
    const TilingOptions tiling{.tile = 256, .overlap = 0.25, .merge = TileMerge::nms};
    const std::array expected{require(tiny_detector().run(picture_.view())).detections,
                              require(tiny_detector({.tiling = tiling}).run(large.view())).detections};
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const detect_detection* found = nullptr;
        std::size_t count = 0;
        ASSERT_EQ(detect_result_detections(detector_, result, i, &found, &count), DETECT_OK);
        ASSERT_EQ(count, expected[i].size());
        for (std::size_t k = 0; k < count; ++k) EXPECT_EQ(found[k].x1, expected[i][k].box.x1);
    }
    std::uint64_t now = 0;
    std::uint64_t peak = 0;
    EXPECT_EQ(detect_memory_use(detector_, &now, &peak), DETECT_OK);
    EXPECT_LE(peak, options.memory_limit);
}

TEST_F(CApi, TilingThatMakesNoSenseIsRefused) {
    const auto refused = [&](auto change) {
        detect_options options;
        EXPECT_EQ(detect_options_init(&options), DETECT_OK);
        options.tile = 256;
        change(options);
        EXPECT_EQ(detect_load_memory(detector_, tiny_model().data(), tiny_model().size(), &options),
                  DETECT_ERROR_INVALID_ARGUMENT);
        return std::string(detect_last_error(detector_));
    };
    EXPECT_THAT(refused([](detect_options& o) { o.tile = 31; }), HasSubstr("32"));
    EXPECT_THAT(refused([](detect_options& o) { o.tile = -1; }), HasSubstr("-1"));
    EXPECT_THAT(refused([](detect_options& o) { o.tile_overlap = 1.0; }), HasSubstr("0.9"));
    EXPECT_THAT(refused([](detect_options& o) { o.tile_merge = 2; }), HasSubstr("tile_merge"));
    EXPECT_THAT(refused([](detect_options& o) { o.tile_when = -1; }), HasSubstr("tile_when"));
}

TEST_F(CApi, TellsItsVersionAndNamesItsCodes) {
    EXPECT_EQ(detect_abi_version(), static_cast<std::uint32_t>(DETECT_ABI_VERSION));
    EXPECT_STREQ(detect_version(), "0.2.0");
    EXPECT_STREQ(detect_status_name(DETECT_OK), "ok");
    EXPECT_STREQ(detect_status_name(DETECT_ERROR_INVALID_ARGUMENT), "invalid_argument");
    EXPECT_STREQ(detect_status_name(DETECT_ERROR_RESOURCE_LIMIT), "resource_limit");
    EXPECT_STREQ(detect_status_name(DETECT_ERROR_INTERNAL), "internal");
    EXPECT_STREQ(detect_status_name(DETECT_ERROR_INVALID_HANDLE), "invalid_handle");
    EXPECT_STREQ(detect_status_name(DETECT_ERROR_NOT_LOADED), "not_loaded");
    EXPECT_STREQ(detect_status_name(static_cast<detect_status>(15)), "unknown");
}

TEST_F(CApi, FreeingTwiceOrElsewhereIsAnErrorAndNothingElse) {
    load();
    detect_detector* other = nullptr;
    ASSERT_EQ(detect_create(&other), DETECT_OK);
    detect_result* result = nullptr;
    ASSERT_EQ(detect_run(detector_, &image_, 1, &result), DETECT_OK);
    EXPECT_EQ(detect_result_free(other, result), DETECT_ERROR_INVALID_HANDLE);
    EXPECT_THAT(detect_last_error(other), HasSubstr("none of this detector's"));
    EXPECT_EQ(detect_result_free(detector_, nullptr), DETECT_ERROR_INVALID_HANDLE);
    EXPECT_EQ(detect_result_free(detector_, reinterpret_cast<detect_result*>(&other)), DETECT_ERROR_INVALID_HANDLE);
    EXPECT_EQ(detect_result_free(detector_, result), DETECT_OK);
    EXPECT_EQ(detect_result_free(detector_, result), DETECT_ERROR_INVALID_HANDLE);
    const detect_detection* found = nullptr;
    std::size_t count = 7;
    EXPECT_EQ(detect_result_detections(detector_, result, 0, &found, &count), DETECT_ERROR_INVALID_HANDLE);
    EXPECT_EQ(count, 0U);
    // A new result never gets the number of an old one.
    detect_result* next = nullptr;
    ASSERT_EQ(detect_run(detector_, &image_, 1, &next), DETECT_OK);
    EXPECT_NE(next, result);
    EXPECT_EQ(detect_result_free(detector_, result), DETECT_ERROR_INVALID_HANDLE);

    EXPECT_EQ(detect_destroy(other), DETECT_OK);
    EXPECT_EQ(detect_destroy(other), DETECT_ERROR_INVALID_HANDLE);
    EXPECT_EQ(detect_destroy(nullptr), DETECT_ERROR_INVALID_HANDLE);
    EXPECT_EQ(detect_destroy(reinterpret_cast<detect_detector*>(&count)), DETECT_ERROR_INVALID_HANDLE);
    EXPECT_EQ(detect_run(other, &image_, 1, &next), DETECT_ERROR_INVALID_HANDLE);
    EXPECT_EQ(next, nullptr);
    EXPECT_EQ(detect_load_file(other, "model.onnx", nullptr), DETECT_ERROR_INVALID_HANDLE);
    EXPECT_THAT(detect_last_error(other), StrNe(""));
    EXPECT_EQ(detect_label_count(other), 0U);
    EXPECT_EQ(detect_label_name(other, 1), nullptr);
}

TEST_F(CApi, ADetectorWithoutAModelSaysSo) {
    EXPECT_STREQ(detect_last_error(detector_), "");
    detect_result* result = nullptr;
    EXPECT_EQ(detect_run(detector_, &image_, 1, &result), DETECT_ERROR_NOT_LOADED);
    EXPECT_THAT(detect_last_error(detector_), HasSubstr("detect_load_file"));
    EXPECT_EQ(detect_warm_up(detector_, 10, 10, 1), DETECT_ERROR_NOT_LOADED);
    EXPECT_EQ(detect_load_file(detector_, "/no/such/file.onnx", nullptr), DETECT_ERROR_UNREADABLE_INPUT);
    EXPECT_THAT(detect_last_error(detector_), HasSubstr("/no/such/file.onnx"));
    EXPECT_EQ(detect_load_file(detector_, nullptr, nullptr), DETECT_ERROR_INVALID_ARGUMENT);
    EXPECT_EQ(detect_load_memory(detector_, nullptr, 5, nullptr), DETECT_ERROR_INVALID_ARGUMENT);
    EXPECT_EQ(detect_load_memory(detector_, "onnx", 0, nullptr), DETECT_ERROR_UNREADABLE_INPUT);
    EXPECT_EQ(detect_load_memory(detector_, "not a model", 11, nullptr), DETECT_ERROR_UNREADABLE_INPUT);
    load();
    EXPECT_EQ(detect_load_memory(detector_, tiny_model().data(), tiny_model().size(), nullptr),
              DETECT_ERROR_INVALID_ARGUMENT);
    EXPECT_THAT(detect_last_error(detector_), HasSubstr("already"));
}

TEST_F(CApi, WrongArgumentsHaveACodeAndASentence) {
    load();
    detect_result* result = nullptr;
    const auto expect_refused = [&](const detect_image* images, std::size_t count, detect_status status) {
        EXPECT_EQ(detect_run(detector_, images, count, &result), status) << detect_last_error(detector_);
        EXPECT_EQ(result, nullptr);
        EXPECT_THAT(detect_last_error(detector_), StrNe(""));
    };
    const auto changed = [&](auto change) {
        detect_image image = image_;
        change(image);
        expect_refused(&image, 1, DETECT_ERROR_INVALID_ARGUMENT);
    };
    expect_refused(nullptr, 1, DETECT_ERROR_INVALID_ARGUMENT);
    expect_refused(&image_, 0, DETECT_ERROR_INVALID_ARGUMENT);
    expect_refused(&image_, 65537, DETECT_ERROR_INVALID_ARGUMENT);
    expect_refused(&image_, std::numeric_limits<std::size_t>::max(), DETECT_ERROR_INVALID_ARGUMENT);
    changed([](detect_image& image) { image.pixels = nullptr; });
    changed([](detect_image& image) { image.width = 0; });
    changed([](detect_image& image) { image.width = -5; });
    changed([](detect_image& image) { image.height = INT32_MIN; });
    changed([](detect_image& image) { image.stride_bytes = 5; });
    changed([](detect_image& image) { image.stride_bytes = std::numeric_limits<std::size_t>::max(); });
    changed([](detect_image& image) { image.format = 8; });
    changed([](detect_image& image) { image.format = -1; });
    EXPECT_EQ(detect_run(detector_, &image_, 1, nullptr), DETECT_ERROR_INVALID_ARGUMENT);
    // Larger than any memory: refused before a pixel is read.
    detect_image huge = image_;
    huge.width = 1 << 30;
    huge.height = 1 << 30;
    huge.stride_bytes = std::size_t{3} << 30;
    expect_refused(&huge, 1, DETECT_ERROR_RESOURCE_LIMIT);
    EXPECT_EQ(detect_warm_up(detector_, INT32_MAX, INT32_MAX, INT32_MAX), DETECT_ERROR_RESOURCE_LIMIT);
    EXPECT_EQ(detect_warm_up(detector_, 0, 1, 1), DETECT_ERROR_INVALID_ARGUMENT);

    ASSERT_EQ(detect_run(detector_, &image_, 1, &result), DETECT_OK);
    const detect_detection* found = nullptr;
    std::size_t count = 0;
    EXPECT_EQ(detect_result_detections(detector_, result, 1, &found, &count), DETECT_ERROR_INVALID_ARGUMENT);
    EXPECT_EQ(detect_result_detections(detector_, result, 0, nullptr, &count), DETECT_ERROR_INVALID_ARGUMENT);
    EXPECT_EQ(detect_result_detections(detector_, result, 0, &found, nullptr), DETECT_ERROR_INVALID_ARGUMENT);
    EXPECT_EQ(detect_create(nullptr), DETECT_ERROR_INVALID_ARGUMENT);
    EXPECT_EQ(detect_options_init(nullptr), DETECT_ERROR_INVALID_ARGUMENT);
    std::uint64_t bytes = 0;
    EXPECT_EQ(detect_memory_use(detector_, &bytes, nullptr), DETECT_ERROR_INVALID_ARGUMENT);
}

TEST_F(CApi, WrongOptionsHaveACodeAndASentence) {
    const char* with_null[] = {"a", nullptr};
    const char* unknown[] = {"no such class"};
    const auto refused = [&](auto change) {
        detect_options options;
        detect_options_init(&options);
        change(options);
        EXPECT_EQ(detect_load_memory(detector_, tiny_model().data(), tiny_model().size(), &options),
                  DETECT_ERROR_INVALID_ARGUMENT);
        EXPECT_THAT(detect_last_error(detector_), StrNe(""));
    };
    refused([](detect_options& options) { options.struct_size = 0; });
    refused([](detect_options& options) { options.struct_size = sizeof options + 8; });
    refused([](detect_options& options) { options.threads = -1; });
    refused([](detect_options& options) { options.min_score = std::numeric_limits<float>::quiet_NaN(); });
    refused([](detect_options& options) { options.model_scores = 3; });
    refused([](detect_options& options) { options.model_scores = -1; });
    refused([](detect_options& options) { options.class_score_count = 1; });
    static const char* const twice[] = {"a", "a"};
    static const char* const none[] = {nullptr};
    static const float scores[] = {0.5F, 0.5F};
    const auto refuse_scores = [&](const char* const* names, const float* numbers, std::size_t count) {
        refused([&](detect_options& options) {
            options.class_score_names = names;
            options.class_scores = numbers;
            options.class_score_count = count;
        });
    };
    refuse_scores(twice, nullptr, 1);
    refuse_scores(nullptr, scores, 1);
    refuse_scores(none, scores, 1);
    refuse_scores(twice, scores, 2);
    refuse_scores(twice, scores, SIZE_MAX);
    refused([](detect_options& options) { options.class_count = 1; });
    refused([](detect_options& options) { options.class_count = std::numeric_limits<std::size_t>::max(); });
    refused([&](detect_options& options) { options.classes = with_null, options.class_count = 2; });
    refused([&](detect_options& options) { options.classes = unknown, options.class_count = 1; });
    detect_options small;
    detect_options_init(&small);
    small.memory_limit = 1000;
    EXPECT_EQ(detect_load_memory(detector_, tiny_model().data(), tiny_model().size(), &small),
              DETECT_ERROR_RESOURCE_LIMIT);
}

/// Arguments out of a bag of odd ones, in odd orders: whatever happens, it is a status.
TEST(CApiFuzz, OddArgumentsNeverEndTheProgram) {
    std::mt19937 random(5);
    const auto pick = [&](auto... choices) {
        const std::array<std::common_type_t<decltype(choices)...>, sizeof...(choices)> all{choices...};
        return all[random() % all.size()];
    };
    const Pixels picture = noise(64, 48, 1);
    std::vector<detect_detector*> detectors{nullptr, reinterpret_cast<detect_detector*>(&random)};
    std::vector<detect_result*> results{nullptr, reinterpret_cast<detect_result*>(&random)};
    std::map<int, int> statuses;
    for (int step = 0; step < 10000; ++step) {
        detect_detector* detector = detectors[random() % detectors.size()];
        detect_result* result = results[random() % results.size()];
        detect_status status = DETECT_OK;
        switch (random() % 8) {
        case 0:
            status = detect_create(&detector);
            detectors.push_back(detector);
            break;
        case 1:
            if (random() % 4 == 0) status = detect_destroy(detector);
            break;
        case 2: {
            detect_options options;
            detect_options_init(&options);
            options.threads = pick(0, 1, 2, -1, INT32_MAX);
            options.min_score = pick(0.0F, 0.5F, -1.0F, 2.0F, std::numeric_limits<float>::infinity());
            options.memory_limit = pick(std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{100'000'000}, UINT64_MAX);
            const std::size_t size = pick(tiny_model().size(), std::size_t{0}, tiny_model().size() / 2, std::size_t{7});
            status = detect_load_memory(detector, pick(tiny_model().data(), static_cast<const char*>(nullptr)), size,
                                        pick(&options, static_cast<detect_options*>(nullptr)));
            break;
        }
        case 3:
        case 4: {
            // What it claims is either true, or too much for any memory.
            const std::int32_t width = pick(64, 64, 64, 0, -1, 1, INT32_MAX);
            const std::int32_t height = pick(48, 48, 48, 0, -1, 1, INT32_MIN);
            const detect_image image{
                pick(picture.bytes.data(), picture.bytes.data(), static_cast<const std::uint8_t*>(nullptr)),
                width,
                width == INT32_MAX && height > 0 ? INT32_MAX : height,
                pick(std::size_t{192}, std::size_t{192}, std::size_t{0}, SIZE_MAX, std::size_t{3} * INT32_MAX),
                pick(2, 3, 0, 99, -7),
                pick(0, 0, 12, 99)};
            const bool too_far = image.stride_bytes == std::size_t{3} * INT32_MAX && height > 1 && width != INT32_MAX;
            if (too_far) break;
            detect_result* made = nullptr;
            status = detect_run(detector, pick(&image, static_cast<const detect_image*>(nullptr)),
                                pick(std::size_t{1}, std::size_t{0}, SIZE_MAX),
                                pick(&made, static_cast<detect_result**>(nullptr)));
            if (made != nullptr) results.push_back(made);
            break;
        }
        case 5: status = detect_result_free(detector, result); break;
        case 6: {
            const detect_detection* found = nullptr;
            std::size_t count = 0;
            status = detect_result_detections(detector, result, pick(std::size_t{0}, std::size_t{1}, SIZE_MAX), &found,
                                              pick(&count, static_cast<std::size_t*>(nullptr)));
            for (std::size_t i = 0; i < count; ++i) EXPECT_GT(found[i].score, 0.0F);
            break;
        }
        default:
            status = detect_warm_up(detector, pick(20, 0, INT32_MAX), pick(20, -1, INT32_MAX), pick(1, 0, 2));
            EXPECT_NE(detect_last_error(detector), nullptr);
            static_cast<void>(detect_label_name(detector, pick(1, 0, INT32_MAX)));
            break;
        }
        ++statuses[status];
    }
    for (detect_detector* detector : detectors) detect_destroy(detector);
    // The bag was odd enough, and not only odd.
    for (const int status : {DETECT_OK, DETECT_ERROR_INVALID_ARGUMENT, DETECT_ERROR_UNREADABLE_INPUT,
                             DETECT_ERROR_RESOURCE_LIMIT, DETECT_ERROR_INVALID_HANDLE, DETECT_ERROR_NOT_LOADED}) {
        EXPECT_GT(statuses[status], 10) << status;
    }
    EXPECT_EQ(statuses[DETECT_ERROR_INTERNAL], 0);
}

} // namespace
} // namespace detect::test
