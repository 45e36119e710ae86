// SPDX-License-Identifier: Apache-2.0
#include "evaluation/picture_files.h"

#include "results/picture_names.h"

#include <map>
#include <optional>

namespace detect::evaluation {

namespace fs = std::filesystem;

namespace {

/// A folder with more files is hardly the one that is meant; looking through all of a disk would take for ever.
constexpr std::size_t most_files = 2'000'000;

/// Relative to the folder; nothing if there are too many. Links to folders are not followed: they may lead in a circle.
std::optional<std::vector<std::string>> files_below(const fs::path& folder) {
    std::vector<std::string> names;
    std::error_code code;
    fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, code);
    for (; !code && at != fs::recursive_directory_iterator(); at.increment(code)) {
        std::error_code unknown;
        if (!at->is_regular_file(unknown)) continue;
        if (names.size() == most_files) return std::nullopt;
        names.push_back(at->path().lexically_relative(folder).string());
    }
    return names;
}

Error unclear(const DatasetImage& image, const std::string& what) {
    return {ErrorCode::unreadable_input,
            "image " + std::to_string(image.id) + ": file_name " + image.file_name + " " + what};
}

class Finder {
public:
    Finder(const std::vector<DatasetImage>& images, const fs::path& folder)
        : images_(images), folder_(folder), found_{.files = std::vector<Result<fs::path>>(images.size(), fs::path())} {}

    PictureFiles find() {
        std::vector<std::size_t> others;
        for (std::size_t image = 0; image < images_.size(); ++image) {
            if (images_[image].file_name.empty()) continue;
            const fs::path file = folder_ / images_[image].file_name;
            found_.files[image] = file;
            if (std::error_code code; !fs::exists(file, code)) {
                others.push_back(image);
            } else {
                taken_.emplace(fs::weakly_canonical(file, code), image);
            }
        }
        if (!others.empty()) find_by_end_of_name(others);
        return std::move(found_);
    }

private:
    void find_by_end_of_name(const std::vector<std::size_t>& others) {
        auto names = files_below(folder_);
        if (!names) {
            for (const std::size_t image : others) {
                found_.files[image] = unclear(images_[image], "is not in " + folder_.string() +
                                                                  ", which holds too many files to look for it there; "
                                                                  "give the folder that file_name starts from");
            }
            return;
        }
        names_ = *std::move(names);
        const PictureNames choice(names_);
        for (const std::size_t image : others) {
            const auto match = choice.find(images_[image].file_name);
            if (match.count == 1) {
                claims_[match.first].push_back({image, match.shared});
            } else if (match.count > 1) {
                found_.files[image] =
                    unclear(images_[image], "may be " + names_[match.first] + " or " + names_[match.second] + " in " +
                                                folder_.string() + "; name the folder in file_name");
            }
        }
        for (const auto& [name, claims] : claims_) settle(name, claims);
    }

    struct Claim {
        std::size_t image = 0;
        std::size_t shared = 0;
    };

    /// Of several images that may mean one file, the one that shares most of its name.
    void settle(std::size_t name, const std::vector<Claim>& claims) {
        const fs::path file = folder_ / names_[name];
        std::error_code code;
        const auto taken = taken_.find(fs::weakly_canonical(file, code));
        std::optional<std::size_t> winner;
        std::size_t most = 0;
        for (const Claim& claim : claims) {
            if (claim.shared < most) continue;
            winner = claim.shared > most ? std::optional(claim.image) : std::nullopt;
            most = claim.shared;
        }
        if (taken != taken_.end()) winner = taken->second;
        for (const Claim& claim : claims) {
            if (winner == claim.image) {
                found_.files[claim.image] = file;
                if (found_.by_end_of_name++ == 0)
                    found_.example = images_[claim.image].file_name + " is " + names_[name];
                continue;
            }
            const std::size_t other = winner ? *winner : claims[claims[0].image == claim.image ? 1 : 0].image;
            found_.files[claim.image] = unclear(
                images_[claim.image], "is not in " + folder_.string() + ", and " + names_[name] +
                                          (winner ? " is the picture of image " : " may also be that of image ") +
                                          std::to_string(images_[other].id) + " (" + images_[other].file_name +
                                          "); give file_name as it is in the folder");
        }
    }

    const std::vector<DatasetImage>& images_;
    const fs::path& folder_;
    PictureFiles found_;
    /// The files of whole names.
    std::map<fs::path, std::size_t> taken_;
    std::vector<std::string> names_;
    /// By position in `names_`.
    std::map<std::size_t, std::vector<Claim>> claims_;
};

} // namespace

PictureFiles find_picture_files(const std::vector<DatasetImage>& images, const fs::path& folder) {
    return Finder(images, folder).find();
}

} // namespace detect::evaluation
