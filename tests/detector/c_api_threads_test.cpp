// SPDX-License-Identifier: Apache-2.0
// The C interface called from several threads at once.

#include "tests/detector/c_api.h"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::test {
namespace {

using testing::HasSubstr;

TEST(CApiThreads, DestroyingWhileOthersRunIsNoAccident) {
    const Pixels picture = noise(64, 48, 1);
    const detect_image image = image_of(picture);
    for (int round = 0; round < 20; ++round) {
        detect_detector* detector = nullptr;
        ASSERT_EQ(detect_create(&detector), DETECT_OK);
        ASSERT_EQ(detect_load_memory(detector, tiny_model().data(), tiny_model().size(), nullptr), DETECT_OK);
        std::atomic<int> odd = 0;
        std::vector<std::thread> threads;
        for (int caller = 0; caller < 3; ++caller) {
            threads.emplace_back([&] {
                for (int run = 0; run < 10; ++run) {
                    detect_result* result = nullptr;
                    const detect_status status = detect_run(detector, &image, 1, &result);
                    if (status != DETECT_OK && status != DETECT_ERROR_INVALID_HANDLE) ++odd;
                }
            });
        }
        EXPECT_EQ(detect_destroy(detector), DETECT_OK);
        for (std::thread& thread : threads) thread.join();
        EXPECT_EQ(odd, 0);
    }
}

TEST(CApiThreads, OneIsReplacedWhileOthersRun) {
    const Pixels picture = noise(64, 48, 1);
    const detect_image image = image_of(picture);
    const auto load = [] {
        detect_detector* detector = nullptr;
        EXPECT_EQ(detect_create(&detector), DETECT_OK);
        EXPECT_EQ(detect_load_memory(detector, tiny_model().data(), tiny_model().size(), nullptr), DETECT_OK);
        return detector;
    };
    std::atomic<detect_detector*> current = load();
    std::atomic<bool> goes_on = true;
    std::atomic<int> odd = 0;
    std::atomic<int> runs = 0;
    const auto look = [&] {
        while (goes_on) {
            detect_detector* const taken = current;
            detect_result* result = nullptr;
            const detect_status status = detect_run(taken, &image, 1, &result);
            // The other thread may have destroyed it in the meantime.
            if (status == DETECT_OK)
                ++runs;
            else if (status != DETECT_ERROR_INVALID_HANDLE)
                ++odd;
            const detect_status freed = detect_result_free(taken, result);
            if (freed != DETECT_OK && freed != DETECT_ERROR_INVALID_HANDLE) ++odd;
        }
    };
    {
        std::vector<std::jthread> lookers;
        for (int i = 0; i < 3; ++i) lookers.emplace_back(look);
        for (int i = 0; i < 10 || runs < 20; ++i) EXPECT_EQ(detect_destroy(current.exchange(load())), DETECT_OK);
        goes_on = false;
    }
    EXPECT_EQ(odd, 0);
    EXPECT_EQ(detect_destroy(current), DETECT_OK);
}

TEST(CApiThreads, EveryThreadReadsItsOwnError) {
    detect_detector* detector = nullptr;
    ASSERT_EQ(detect_create(&detector), DETECT_OK);
    EXPECT_EQ(detect_load_file(detector, "/first", nullptr), DETECT_ERROR_UNREADABLE_INPUT);
    const char* mine = detect_last_error(detector);
    std::thread([&] {
        EXPECT_STREQ(detect_last_error(detector), "");
        EXPECT_EQ(detect_load_file(detector, "/second", nullptr), DETECT_ERROR_UNREADABLE_INPUT);
        EXPECT_THAT(detect_last_error(detector), HasSubstr("/second"));
    }).join();
    EXPECT_THAT(mine, HasSubstr("/first"));
    EXPECT_EQ(detect_last_error(detector), mine);
    detect_destroy(detector);
}

} // namespace
} // namespace detect::test
