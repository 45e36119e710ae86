// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/picture_result.h"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace detect::cli {

/// What a run comes to.
class Summary {
public:
    void add(const PictureResult& result, double milliseconds);
    /// Not judged.
    void add_failure() { ++failures_; }
    void add_skipped() { ++skipped_; }

    [[nodiscard]] std::int64_t pictures() const { return pictures_; }
    [[nodiscard]] std::int64_t failures() const { return failures_; }
    /// Of the pictures: those with warnings.
    [[nodiscard]] std::int64_t doubtful() const { return doubtful_; }
    [[nodiscard]] std::int64_t skipped() const { return skipped_; }
    [[nodiscard]] std::int64_t inputs() const { return pictures_ + failures_ + skipped_; }
    /// Of one of these classes; of any, if there are none in `labels`.
    [[nodiscard]] bool detected(std::span<const int> labels) const;

    /// A few lines: pictures, failures, detections per class, the detector's latency.
    [[nodiscard]] std::string text(std::span<const std::string> names, double seconds) const;

private:
    /// Latency of a run of any length: the last so many pictures.
    static constexpr std::size_t most_latencies = 1'000'000;

    std::int64_t pictures_ = 0;
    std::int64_t failures_ = 0;
    std::int64_t skipped_ = 0;
    std::int64_t doubtful_ = 0;
    std::map<int, std::int64_t> detections_;
    std::vector<float> milliseconds_;
};

} // namespace detect::cli
