// SPDX-License-Identifier: Apache-2.0
#include "results/crops.h"

#include "base/escape.h"
#include "base/file_names.h"
#include "base/label_name.h"
#include "base/text.h"
#include "base/try.h"
#include "pictures/pixel_rect.h"
#include "results/time_of_change.h"

#include <map>
#include <optional>
#include <set>
#include <vector>

namespace detect {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view best_crop = "-1.png";

/// Two classes may get the same.
std::string folder_name(const std::string& label) { return short_file_name(path_component(label)); }

/// The folder of each class, by its name.
class ClassFolders {
public:
    explicit ClassFolders(std::span<const std::string> labels) : labels_(labels) {
        std::set<std::string> taken;
        for (std::size_t i = 0; i < labels.size(); ++i) {
            const std::string name = label_name(static_cast<int>(i) + 1, labels);
            const auto [entry, is_new] = folders_.try_emplace(name);
            if (!is_new) continue; // several labels of one name are one class
            std::string& folder = entry->second = folder_name(name);
            if (path_component(name).size() > longest_file_name) cut_.push_back(folder);
            for (int number = 2; !taken.insert(folder).second; ++number)
                folder = folder_name(name) + "_" + std::to_string(number);
        }
    }

    [[nodiscard]] std::string of(int label) const {
        const std::string name = label_name(label, labels_);
        const auto found = folders_.find(name);
        return found == folders_.end() ? folder_name(name) : found->second;
    }
    /// Those whose names hold but the beginning of their class's.
    [[nodiscard]] const std::vector<std::string>& cut() const { return cut_; }

private:
    std::span<const std::string> labels_;
    std::map<std::string, std::string> folders_;
    std::vector<std::string> cut_;
};

ImageView part_of(const Picture& picture, const PixelRect& rect) {
    ImageView view = picture.view();
    view.pixels = picture.pixels.data() + static_cast<std::size_t>(rect.y) * view.stride_bytes +
                  static_cast<std::size_t>(rect.x) * bytes_per_pixel(picture.format);
    view.width = rect.width;
    view.height = rect.height;
    return view;
}

class CropsWriter final : public PictureWriter {
public:
    explicit CropsWriter(PictureTarget target) : target_(std::move(target)), folders_(target_.labels) {}

    [[nodiscard]] std::string remark() const override;
    [[nodiscard]] std::vector<fs::path> folders_of(const fs::path& stem) override;
    void resume() override;
    [[nodiscard]] bool has(const fs::path& stem, const std::string& picture, bool nothing_found) const override {
        const auto found = earlier_.find(stem.string());
        return nothing_found || (found != earlier_.end() && is_up_to_date(found->second, picture));
    }
    Result<void> write(const fs::path& stem, const PictureResult& result, const Picture& picture) const override;

private:
    PictureTarget target_;
    ClassFolders folders_;
    /// The best crop, which is written last, by the stem of its picture.
    std::map<std::string, fs::path> earlier_;
    /// The folders of classes that were there before this run.
    std::optional<std::vector<fs::path>> earlier_folders_;
};

std::string CropsWriter::remark() const {
    if (folders_.cut().empty()) return {};
    return "cuts names of classes that are longer than " + std::to_string(longest_file_name) +
           " bytes, and puts a number behind them: their folders are " + listed(std::span(folders_.cut()), {.most = 1});
}

std::vector<fs::path> CropsWriter::folders_of(const fs::path& stem) {
    std::error_code code;
    if (!earlier_folders_) {
        earlier_folders_.emplace();
        for (fs::directory_iterator entry(target_.folder, code), end; !code && entry != end; entry.increment(code))
            earlier_folders_->push_back(entry->path());
    }
    std::vector<fs::path> folders;
    for (const fs::path& folder : *earlier_folders_) folders.push_back((folder / stem).parent_path());
    return folders;
}

void CropsWriter::resume() {
    std::error_code code;
    if (!fs::is_directory(target_.folder, code)) return;
    for (fs::recursive_directory_iterator entry(target_.folder, code), end; !code && entry != end;
         entry.increment(code)) {
        std::string path = entry->path().lexically_relative(target_.folder).string();
        const std::size_t slash = path.find('/');
        if (slash != std::string::npos && path.ends_with(best_crop))
            earlier_.insert_or_assign(path.substr(slash + 1, path.size() - slash - 1 - best_crop.size()),
                                      entry->path());
    }
}

Result<void> CropsWriter::write(const fs::path& stem, const PictureResult& result, const Picture& picture) const {
    // The best one last: if it is there, all are.
    for (std::size_t number = result.detections.size(); number > 0; --number) {
        const Detection& detection = result.detections[number - 1];
        fs::path path = target_.folder / folders_.of(detection.label) / stem;
        path += "-" + std::to_string(number) + ".png";
        DETECT_TRY(make_folder(path.parent_path(), "crops"));
        const ImageView crop = part_of(picture, covered_pixels(detection.box, picture.width, picture.height));
        // A file has no place for a white of its own.
        if (picture.format == PixelFormat::rgb_float || (picture.bits != 0 && picture.bits != 16)) {
            DETECT_TRY_ASSIGN(const Picture converted, to_rgb8(crop));
            DETECT_TRY(write_picture(path, converted.view(), PictureOrigin::ours));
        } else {
            DETECT_TRY(write_picture(path, crop, PictureOrigin::ours));
        }
    }
    return {};
}

std::unique_ptr<PictureWriter> open(PictureTarget target) { return std::make_unique<CropsWriter>(std::move(target)); }

} // namespace

constinit const PictureFormat crops_format{
    .option = {.flag = "--crops",
               .value = "DIR",
               .help = "Write what is in each box as CLASS/NAME-NUMBER.png; number 1 is the best of its picture"},
    .writes_pictures = true,
    .open = open,
};

} // namespace detect
