// SPDX-License-Identifier: Apache-2.0
#include "cli/run/pipeline.h"

#include "cli/run/waiting_pictures.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::cli {
namespace {

using namespace std::chrono_literals;

/// Lets threads wait for one another's progress, with an end to patience.
class Events {
public:
    void happen(const std::string& event) {
        const std::lock_guard lock(mutex_);
        happened_.insert(event);
        changed_.notify_all();
    }
    bool wait_for(const std::string& event) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, 120s, [&] { return happened_.contains(event); });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::set<std::string> happened_;
};

/// A pipeline of numbers 0 to count - 1, each stage a function of the number.
struct Stages {
    int count = 0;
    std::function<void(int)> load = [](int) {};
    std::function<void(int)> detect = [](int) {};
    std::function<void(int)> render = [](int) {};
    std::function<bool(int)> finish = [](int) { return true; };

    void run(const PipelineOptions& options = {}) const {
        int next = 0;
        run_pipeline(
            options,
            [&] {
                const auto task = [this, i = next] { return load(i), i; };
                return next++ < count ? std::optional(task) : std::nullopt;
            },
            [&](int i) {
                detect(i);
                return [this, i] { return render(i), i; };
            },
            finish);
    }
};

TEST(Pipeline, EverythingComesOutOnceAndInOrder) {
    std::vector<int> detected;
    std::vector<int> finished;
    Stages stages{.count = 500};
    stages.load = [](int i) { std::this_thread::sleep_for(std::chrono::microseconds(i * 37 % 100)); };
    stages.detect = [&](int i) { detected.push_back(i); };
    stages.render = [](int i) { std::this_thread::sleep_for(std::chrono::microseconds(i * 53 % 200)); };
    stages.finish = [&](int i) { return finished.push_back(i), true; };
    stages.run({.helpers = 3});
    std::vector<int> all(500);
    std::iota(all.begin(), all.end(), 0);
    EXPECT_EQ(detected, all);
    EXPECT_EQ(finished, all);
}

// While one picture is detected in, the next is read and the one before is written: each waits for the other two, so
// that stages which took turns would never come to an end.
TEST(Pipeline, ReadingDetectingAndWritingOverlap) {
    Events events;
    const auto name = [](const char* stage, int i) { return stage + std::to_string(i); };
    int together = 0;
    Stages stages{.count = 6};
    stages.load = [&](int i) { events.happen(name("load", i)); };
    stages.detect = [&](int i) {
        events.happen(name("detect", i));
        const bool next_is_read = i + 1 == 6 || events.wait_for(name("load", i + 1));
        const bool last_is_written = i == 0 || events.wait_for(name("render", i - 1));
        together += next_is_read && last_is_written ? 1 : 0;
    };
    stages.render = [&](int i) {
        events.happen(name("render", i));
        EXPECT_TRUE(i + 1 == 6 || events.wait_for(name("detect", i + 1)));
    };
    stages.run();
    EXPECT_EQ(together, 6);
}

TEST(Pipeline, DrawingIsSharedByHelpers) {
    Events events;
    Stages stages{.count = 2};
    stages.render = [&](int i) {
        events.happen("render" + std::to_string(i));
        EXPECT_TRUE(events.wait_for("render" + std::to_string(1 - i)));
    };
    stages.run({.helpers = 2});
}

TEST(Pipeline, NobodyGetsFarAhead) {
    std::atomic<int> loaded = 0;
    int finished = 0;
    int farthest = 0;
    Stages stages{.count = 200};
    stages.load = [&](int) { ++loaded; };
    stages.finish = [&](int) {
        std::this_thread::sleep_for(200us);
        farthest = std::max(farthest, loaded - ++finished);
        return true;
    };
    stages.run({.ahead = 3, .helpers = 2});
    // Three wait between each two stages, one is in each stage's hands.
    EXPECT_LE(farthest, 3 + 3 + 3);
    EXPECT_GT(farthest, 1);
}

TEST(Pipeline, StoppingFinishesWhatHasBeenDetected) {
    std::atomic<bool> stopped = false;
    std::vector<int> detected;
    std::vector<int> finished;
    Stages stages{.count = 1000};
    stages.detect = [&](int i) {
        detected.push_back(i);
        if (i == 5) stopped = true;
    };
    stages.finish = [&](int i) { return finished.push_back(i), true; };
    stages.run({.stopped = [&] { return stopped.load(); }});
    EXPECT_THAT(detected, testing::ElementsAre(0, 1, 2, 3, 4, 5));
    EXPECT_EQ(finished, detected);
}

TEST(Pipeline, TheLastStageCanEndIt) {
    bool told = false;
    std::vector<int> finished;
    Stages stages{.count = 1000};
    stages.finish = [&](int i) { return finished.push_back(i), i < 3; };
    stages.run({.stop = [&] { told = true; }});
    EXPECT_THAT(finished, testing::ElementsAre(0, 1, 2, 3));
    EXPECT_TRUE(told);
}

TEST(Pipeline, ExceptionsOfAnyStageComeOut) {
    for (const int stage : {0, 1, 2, 3}) {
        const auto fail = [&](int here, int i) {
            if (here == stage && i == 7) throw std::runtime_error("stage " + std::to_string(here));
        };
        Stages stages{.count = 100};
        stages.load = [&](int i) { fail(0, i); };
        stages.detect = [&](int i) { fail(1, i); };
        stages.render = [&](int i) { fail(2, i); };
        stages.finish = [&](int i) { return fail(3, i), true; };
        try {
            stages.run();
            ADD_FAILURE() << stage;
        } catch (const std::runtime_error& error) {
            EXPECT_EQ(error.what(), "stage " + std::to_string(stage));
        }
    }
}

TEST(Pipeline, NothingToDo) { Stages{}.run(); }

TEST(WaitingPictures, LargePicturesWaitForOneAnother) {
    WaitingPictures budget(100);
    auto first = budget.take(60);
    Events events;
    std::thread second([&] {
        const auto share = budget.take(1000); // more than there is: alone, then
        events.happen("second");
        events.wait_for("end");
    });
    auto small = budget.take(40);
    first.resize(10);
    small = {};
    std::this_thread::sleep_for(10ms);
    first = {};
    EXPECT_TRUE(events.wait_for("second"));
    events.happen("end");
    second.join();
}

} // namespace
} // namespace detect::cli
