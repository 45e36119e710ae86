// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/detect.h"
#include "detect/detector.h"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

namespace detect {

/// What a C program holds by a number.
class CDetector {
public:
    /// Null before a model is loaded. A copy: loading in another thread does not disturb a run.
    [[nodiscard]] std::optional<Detector> model() const;
    /// False if there is one already.
    bool set_model(Detector model);
    /// Null if there is no such name.
    [[nodiscard]] const char* label_name(std::int32_t label) const;

    using Results = std::vector<std::vector<detect_detection>>;
    detect_result* keep(Results results);
    /// Null if this detector has no such result.
    [[nodiscard]] const Results* find(const detect_result* result) const;
    bool drop(const detect_result* result);

    /// Errors are per thread: another thread's failure does not replace the sentence that this one is about to read.
    void fail(std::string message);
    [[nodiscard]] const char* last_error() const;

private:
    mutable std::mutex mutex_;
    std::optional<Detector> model_;
    std::map<const detect_result*, Results> results_;
    std::map<std::thread::id, std::string> errors_;
};

/// All detectors of C programs. The one thing in the library that is shared by all its users: only so can a handle that
/// is no more be told from one that is.
class CDetectorRegistry {
public:
    static CDetectorRegistry& instance();

    detect_detector* create();
    /// Null if the handle is none.
    [[nodiscard]] std::shared_ptr<CDetector> find(const detect_detector* handle) const;
    bool destroy(const detect_detector* handle);
    /// Never given out twice, so a stale handle cannot come to mean something else.
    std::uintptr_t next_number();

private:
    mutable std::mutex mutex_;
    std::uintptr_t last_number_ = 0;
    std::map<const detect_detector*, std::shared_ptr<CDetector>> detectors_;
};

} // namespace detect
