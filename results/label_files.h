// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/picture_format.h"

namespace detect {

/// A text file per picture, as annotation tools and training scripts read them.
struct LabelFileForm {
    /// With its point.
    std::string_view extension = {};
    std::string (*text)(const PictureResult& result, std::span<const std::string> labels,
                        const Picture& picture) = nullptr;
    /// A file that the folder has besides; its name empty: none.
    std::string_view folder_file = {};
    std::string (*folder_text)(std::span<const std::string> labels) = nullptr;
};

/// Writes such a format.
class LabelFiles final : public PictureWriter {
public:
    LabelFiles(const LabelFileForm& form, PictureTarget target) : form_(form), target_(std::move(target)) {}

    [[nodiscard]] std::filesystem::path file(const std::filesystem::path& stem) const override;
    [[nodiscard]] std::vector<std::filesystem::path> folders_of(const std::filesystem::path& stem) override {
        return {target_.folder, file(stem).parent_path()};
    }
    Result<void> make_folder_of(const std::filesystem::path& stem) override;
    Result<void> begin() override;
    [[nodiscard]] bool has(const std::filesystem::path& stem, const std::string& picture,
                           bool nothing_found) const override;
    Result<void> write(const std::filesystem::path& stem, const PictureResult& result,
                       const Picture& picture) const override;

private:
    LabelFileForm form_;
    PictureTarget target_;
};

} // namespace detect
