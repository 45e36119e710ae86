// SPDX-License-Identifier: Apache-2.0
// Models are loaded, replaced and given back in one thread while others run them. ThreadSanitizer runs it, too.

#include "tests/detector/c_api.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

namespace detect::test {
namespace {

constexpr int callers = 2;
#ifdef DETECT_SANITIZED
constexpr int swaps = 6;
#else
constexpr int swaps = 40;
#endif

std::span<const std::byte> model_bytes() { return std::as_bytes(std::span(tiny_model())); }

/// Two detectors of one file that find different things.
Detector load_version(int version) {
    return require(Detector::load(model_bytes(), {.threads = 1, .min_score = version % 2 == 0 ? 0.0F : 0.4F}));
}

/// A detector that programs replace while others run it: whoever has the old one keeps it until the run is over.
class Current {
public:
    struct Version {
        int number;
        Detector detector;
    };
    std::shared_ptr<const Version> get() const {
        const std::lock_guard lock(mutex_);
        return version_;
    }
    void set(int number) {
        auto next = std::make_shared<const Version>(number, load_version(number));
        const std::lock_guard lock(mutex_);
        version_.swap(next);
    }

private:
    mutable std::mutex mutex_;
    std::shared_ptr<const Version> version_;
};

TEST(SwapThreads, WhoRunsADetectorKeepsItWhileAnotherOneTakesItsPlace) {
    const Pixels picture = noise(64, 48, 1);
    std::array<std::vector<Detection>, 2> expected;
    for (int version = 0; version < 2; ++version)
        expected[static_cast<std::size_t>(version)] = require(load_version(version).run(picture.view())).detections;
    ASSERT_FALSE(expected[1].empty());
    ASSERT_LT(expected[1].size(), expected[0].size());

    Current current;
    current.set(0);
    std::atomic<bool> over = false;
    std::atomic<int> wrong = 0;
    std::atomic<int> runs = 0;
    {
        std::vector<std::jthread> threads;
        for (int caller = 0; caller < callers; ++caller) {
            threads.emplace_back([&] {
                while (!over) {
                    const auto version = current.get();
                    const auto found = version->detector.run(picture.view());
                    if (!found || found->detections != expected[static_cast<std::size_t>(version->number % 2)]) ++wrong;
                    ++runs;
                }
            });
        }
        for (int number = 1; number <= swaps; ++number) {
            const int before = runs;
            current.set(number);
            while (runs == before) std::this_thread::yield(); // somebody runs in between
        }
        over = true;
    }
    EXPECT_EQ(wrong, 0);
    EXPECT_GE(runs, swaps);
}

TEST(SwapThreads, SeveralLoadAtOnceAndGetTheSame) {
    const Pixels picture = noise(64, 48, 1);
    const auto expected = require(load_version(0).run(picture.view())).detections;
    std::atomic<int> wrong = 0;
    {
        std::vector<std::jthread> threads;
        for (int caller = 0; caller < 3; ++caller) {
            threads.emplace_back([&] {
                for (int i = 0; i < swaps / 2; ++i) {
                    const auto detector = Detector::load(model_bytes(), {.threads = 1});
                    if (!detector) {
                        ++wrong;
                        continue;
                    }
                    const auto found = detector->run(picture.view());
                    if (!found || found->detections != expected) ++wrong;
                }
            });
        }
    }
    EXPECT_EQ(wrong, 0);
}

// A handle that is no more is an error, never an accident. (What a result holds may not be read any more once another
// thread destroys its detector: detect.h says so, and nobody does it here.)
TEST(SwapThreads, HandlesOfCAreReplacedWhileOthersRunThem) {
    const Pixels picture = noise(64, 48, 1);
    const detect_image image = image_of(picture);
    const auto make = [] {
        detect_detector* detector = nullptr;
        EXPECT_EQ(detect_create(&detector), DETECT_OK);
        EXPECT_EQ(detect_load_memory(detector, tiny_model().data(), tiny_model().size(), nullptr), DETECT_OK);
        return detector;
    };
    std::atomic<detect_detector*> current = make();
    std::atomic<bool> over = false;
    std::atomic<int> odd = 0;
    std::atomic<int> runs = 0;
    {
        std::vector<std::jthread> threads;
        for (int caller = 0; caller < callers; ++caller) {
            threads.emplace_back([&] {
                while (!over) {
                    detect_detector* const detector = current;
                    detect_result* result = nullptr;
                    const detect_status status = detect_run(detector, &image, 1, &result);
                    if (status != DETECT_OK && status != DETECT_ERROR_INVALID_HANDLE) ++odd;
                    if (status == DETECT_OK) {
                        ++runs;
                        detect_result_free(detector, result);
                    }
                    if (detect_last_error(detector) == nullptr) ++odd;
                }
            });
        }
        for (int i = 0; i < swaps; ++i) {
            const int before = runs;
            detect_detector* const old = current.exchange(make());
            EXPECT_EQ(detect_destroy(old), DETECT_OK);
            EXPECT_EQ(detect_destroy(old), DETECT_ERROR_INVALID_HANDLE);
            while (runs == before) std::this_thread::yield();
        }
        over = true;
    }
    EXPECT_EQ(odd, 0);
    EXPECT_EQ(detect_destroy(current), DETECT_OK);
}

} // namespace
} // namespace detect::test
