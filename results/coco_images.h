// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/coco.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace detect {

/// The pictures of a run and the images of an annotation file. Two pictures may look like one image until all are
/// known: line1/a.png and line2/a.png both end like a.png.
class CocoImages {
public:
    explicit CocoImages(std::optional<CocoIds> ids) : ids_(std::move(ids)) {}

    /// Nothing if there are no annotations.
    [[nodiscard]] const std::optional<CocoIds>& ids() const { return ids_; }

    /// The id of a picture, as far as can be said now; nothing if there is none, or it may be one of several.
    [[nodiscard]] std::optional<std::int64_t> add(const std::string& file);
    /// A picture of an earlier run, whose results are written already.
    void add_earlier(const std::string& file);

    /// All pictures are known: of several that look like one image, the one that shares most of its name is it.
    void settle();
    /// After `settle`: whether the results of this picture are to be written.
    [[nodiscard]] bool keeps(const std::string& file) const;
    /// After `settle`: pictures that have no id.
    [[nodiscard]] std::size_t left_out() const;
    /// What a user has to know of them: the end of a sentence that begins with the format. Empty: nothing.
    [[nodiscard]] std::string remark(const std::string& annotations) const;

private:
    struct Picture {
        std::optional<CocoIds::Image> image;
        /// A picture that looks like the same image; empty: none does.
        std::string rival;
        bool earlier = false;

        [[nodiscard]] bool kept() const { return image && image->other.empty() && rival.empty(); }
    };

    std::optional<CocoIds> ids_;
    /// By path.
    std::map<std::string, Picture> pictures_;
};

} // namespace detect
