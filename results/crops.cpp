// SPDX-License-Identifier: Apache-2.0
#include "results/crops.h"

#include "base/escape.h"
#include "base/label_name.h"
#include "base/try.h"
#include "pictures/pixel_rect.h"

#include <set>

namespace detect {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view best_crop = "-1.png";

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
    explicit CropsWriter(PictureTarget target) : target_(std::move(target)) {}

    void resume() override;
    [[nodiscard]] bool has(const fs::path& stem, const std::string& /*picture*/, bool nothing_found) const override {
        return nothing_found || earlier_.contains(stem.string());
    }
    Result<void> write(const fs::path& stem, const PictureResult& result, const Picture& picture) const override;

private:
    PictureTarget target_;
    /// Stems of pictures whose best crop, which is written last, is there.
    std::set<std::string> earlier_;
};

void CropsWriter::resume() {
    std::error_code code;
    if (!fs::is_directory(target_.folder, code)) return;
    for (fs::recursive_directory_iterator entry(target_.folder, code), end; !code && entry != end;
         entry.increment(code)) {
        std::string path = entry->path().lexically_relative(target_.folder).string();
        const std::size_t slash = path.find('/');
        if (slash != std::string::npos && path.ends_with(best_crop))
            earlier_.insert(path.substr(slash + 1, path.size() - slash - 1 - best_crop.size()));
    }
}

Result<void> CropsWriter::write(const fs::path& stem, const PictureResult& result, const Picture& picture) const {
    // The best one last: if it is there, all are.
    for (std::size_t number = result.detections.size(); number > 0; --number) {
        const Detection& detection = result.detections[number - 1];
        fs::path path = target_.folder / path_component(label_name(detection.label, target_.labels)) / stem;
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
