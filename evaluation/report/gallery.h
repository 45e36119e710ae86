// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "evaluation/report/report.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace detect::evaluation::html {

/// One picture of a gallery: a place in an image, and what there is to say about it.
struct Shot {
    std::size_t image = 0;
    /// What the shot is about: an object, or something that was reported. None: the whole picture.
    std::optional<CocoBox> box = std::nullopt;
    bool is_object = false;
    std::string heading;
    std::string explanation;
};

/// The shots that explain a model's errors, worst first.
[[nodiscard]] std::vector<Shot> miss_shots(const ModelSummary& model, const Dataset& dataset, std::size_t count);
[[nodiscard]] std::vector<Shot> false_alarm_shots(const ModelSummary& model, const Dataset& dataset, std::size_t count);
/// Objects that only this model of several finds.
[[nodiscard]] std::vector<Shot> alone_shots(const ModelSummary& model, const Dataset& dataset, std::size_t count);
/// False alarms that only this model raises.
[[nodiscard]] std::vector<Shot> alone_alarm_shots(const ModelSummary& model, const Dataset& dataset, std::size_t count);

/// Cuts shots out of their pictures and draws every object and everything this model reports there.
class Gallery {
public:
    Gallery(const Dataset& dataset, const PictureReader& reader) : dataset_(&dataset), reader_(&reader) {}

    /// A shot whose picture cannot be read says so in its place.
    [[nodiscard]] std::string show(std::span<const Shot> shots, const ModelSummary& model) const;

private:
    [[nodiscard]] std::string show(const Shot& shot, const ModelSummary& model) const;

    const Dataset* dataset_;
    const PictureReader* reader_;
};

} // namespace detect::evaluation::html
