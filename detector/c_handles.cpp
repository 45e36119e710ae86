// SPDX-License-Identifier: Apache-2.0
#include "detector/c_handles.h"

#include "base/text.h"

namespace detect {

std::optional<Detector> CDetector::model() const {
    const std::lock_guard lock(mutex_);
    return model_;
}

bool CDetector::set_model(Detector model) {
    const std::lock_guard lock(mutex_);
    if (model_) return false;
    model_ = std::move(model);
    return true;
}

const char* CDetector::label_name(std::int32_t label) const {
    const std::lock_guard lock(mutex_);
    if (!model_ || label < 1 || static_cast<std::size_t>(label) > model_->labels().size()) return nullptr;
    return model_->labels()[static_cast<std::size_t>(label) - 1].c_str();
}

detect_result* CDetector::keep(Results results) {
    auto* handle = reinterpret_cast<detect_result*>(CDetectorRegistry::instance().next_number());
    const std::lock_guard lock(mutex_);
    results_.emplace(handle, std::move(results));
    return handle;
}

const CDetector::Results* CDetector::find(const detect_result* result) const {
    const std::lock_guard lock(mutex_);
    const auto found = results_.find(result);
    return found == results_.end() ? nullptr : &found->second;
}

bool CDetector::drop(const detect_result* result) {
    const std::lock_guard lock(mutex_);
    return results_.erase(result) > 0;
}

void CDetector::fail(std::string message) {
    const std::lock_guard lock(mutex_);
    errors_[std::this_thread::get_id()] = without_controls(message, '?'); // names in it may hold anything
}

const char* CDetector::last_error() const {
    const std::lock_guard lock(mutex_);
    const auto found = errors_.find(std::this_thread::get_id());
    return found == errors_.end() ? "" : found->second.c_str();
}

CDetectorRegistry& CDetectorRegistry::instance() {
    // Never destroyed: a program may still give handles back while it ends.
    static CDetectorRegistry& registry = *std::make_unique<CDetectorRegistry>().release();
    return registry;
}

detect_detector* CDetectorRegistry::create() {
    auto* handle = reinterpret_cast<detect_detector*>(next_number());
    auto detector = std::make_shared<CDetector>();
    const std::lock_guard lock(mutex_);
    detectors_.emplace(handle, std::move(detector));
    return handle;
}

std::shared_ptr<CDetector> CDetectorRegistry::find(const detect_detector* handle) const {
    const std::lock_guard lock(mutex_);
    const auto found = detectors_.find(handle);
    return found == detectors_.end() ? nullptr : found->second;
}

bool CDetectorRegistry::destroy(const detect_detector* handle) {
    std::shared_ptr<CDetector> last; // goes after the lock: giving back a model takes a while
    const std::lock_guard lock(mutex_);
    const auto found = detectors_.find(handle);
    if (found == detectors_.end()) return false;
    last = std::move(found->second);
    detectors_.erase(found);
    return true;
}

std::uintptr_t CDetectorRegistry::next_number() {
    const std::lock_guard lock(mutex_);
    return ++last_number_;
}

} // namespace detect
