// SPDX-License-Identifier: Apache-2.0
#include "base/checked.h"
#include "base/exceptions.h"
#include "base/try.h"
#include "detector/implementation.h"
#include "detector/tiling.h"
#include "pictures/image_to_tensor.h"

#include <algorithm>
#include <functional>

namespace detect {

namespace {

using Results = std::vector<ImageResult>;

/// Pictures of one size, and where their values come from.
struct Batch {
    int width = 0;
    int height = 0;
    std::size_t count = 0;
    /// Writes a row of picture `index` as planar RGB, [3, width].
    std::function<void(std::size_t index, std::size_t row, float* planes)> read;
};

/// Some pictures of a batch, from `begin` on.
class SomeRows final : public PictureRows {
public:
    SomeRows(const Batch& batch, std::size_t begin) : batch_(batch), begin_(begin) {}
    void read(std::size_t picture, std::size_t row, float* planes) const override {
        batch_.read(begin_ + picture, row, planes);
    }

private:
    const Batch& batch_;
    std::size_t begin_;
};

/// Reads the outputs of one run; what does not look like detections is the model's fault.
Result<Results> read_results(const Detector::Implementation& self, const std::vector<Tensor>& outputs,
                             std::size_t batch) {
    const auto output = [&](std::size_t which) -> const Tensor& {
        return outputs[static_cast<std::size_t>(self.outputs[which])];
    };
    const Tensor& boxes = output(0);
    const auto labels = output(1).data<std::int64_t>();
    const auto scores = output(2).data<float>();
    const std::size_t columns = batch == 0 ? 0 : scores.size() / batch;
    const Error odd{ErrorCode::bad_model, "the model's outputs do not fit together"};
    if (labels.size() != scores.size() || boxes.data<float>().size() != 4 * scores.size() ||
        columns * batch != scores.size()) {
        return odd;
    }
    Results results(batch);
    for (std::size_t n = 0; n < batch; ++n) {
        std::size_t valid = columns;
        if (self.outputs[3] >= 0) {
            const auto counts = output(3).data<std::int64_t>();
            if (counts.size() != batch || counts[n] < 0 || static_cast<std::size_t>(counts[n]) > columns) return odd;
            valid = static_cast<std::size_t>(counts[n]);
        }
        for (std::size_t row = n * columns; row < n * columns + valid; ++row) {
            const auto label = static_cast<int>(labels[row]);
            if (!(scores[row] >= self.min_score_of(label))) continue;
            if (!self.classes.empty() && !self.classes.contains(label)) continue;
            const auto box = boxes.data<float>().subspan(4 * row, 4);
            results[n].detections.push_back(
                {.box = {box[0], box[1], box[2], box[3]}, .label = label, .score = scores[row]});
        }
    }
    return results;
}

Dims input_dims(const Batch& batch, std::size_t count) {
    return {static_cast<std::int64_t>(count), 3, batch.height, batch.width};
}

/// Pictures [begin, begin + count) of the batch in one run.
Result<Results> run_once(const Detector::Implementation& self, const Batch& batch, std::size_t begin,
                         std::size_t count) {
    DETECT_TRY_ASSIGN(const auto outputs, self.model->run(input_dims(batch, count), SomeRows(batch, begin)));
    return read_results(self, outputs, count);
}

/// The same; what does not fit into memory together is run apart.
Result<Results> run_within_memory(const Detector::Implementation& self, const Batch& batch, std::size_t begin,
                                  std::size_t count) {
    const auto is_refused = [](const Result<Results>& results) {
        return !results && results.error().code == ErrorCode::resource_limit;
    };
    auto results = self.gate.together([&] { return run_once(self, batch, begin, count); });
    if (!is_refused(results)) return results;
    if (self.model->can_hold(input_dims(batch, count))) {
        results = self.gate.alone([&] {
            self.model->release_unused();
            return run_once(self, batch, begin, count);
        });
        if (!is_refused(results)) return results;
    }
    if (count == 1) {
        Error error = std::move(results).error();
        error.message = "a picture of " + std::to_string(batch.width) + "x" + std::to_string(batch.height) +
                        " pixels: " + error.message;
        return error;
    }
    DETECT_TRY_ASSIGN(Results first, run_within_memory(self, batch, begin, count / 2));
    DETECT_TRY_ASSIGN(Results second, run_within_memory(self, batch, begin + count / 2, count - count / 2));
    std::ranges::move(second, std::back_inserter(first));
    return first;
}

/// Small pictures share a run: the box head's weights, which are more than a cache holds, are then read once for all of
/// them. And as many as keep all threads busy. Otherwise what is computed of one picture stays closer to the cores than
/// what is computed of several in turn.
std::size_t pictures_to_share_a_run(const Detector::Implementation& self, const Batch& batch) {
    constexpr double pixels_together = 640000.0;
    constexpr std::size_t threads_per_picture = 4;
    constexpr std::size_t most = 8;
    const double scale = self.scale(batch.width, batch.height);
    const double scaled_pixels = batch.width * scale * batch.height * scale;
    const std::size_t small =
        scaled_pixels > 0.0
            ? static_cast<std::size_t>(std::min(pixels_together / scaled_pixels, static_cast<double>(most)))
            : 0;
    const std::size_t busy = static_cast<std::size_t>(self.model->threads().threads()) / threads_per_picture;
    return std::clamp(std::max(small, busy), std::size_t{1}, most);
}

Result<Results> run_batch(const Detector::Implementation& self, const Batch& batch) {
    const std::size_t wanted = self.pictures_per_run > 0 ? self.pictures_per_run : pictures_to_share_a_run(self, batch);
    const std::size_t largest = self.one_picture_per_run ? 1 : wanted;
    Results results;
    for (std::size_t begin = 0; begin < batch.count; begin += largest) {
        DETECT_TRY_ASSIGN(Results some, run_within_memory(self, batch, begin, std::min(largest, batch.count - begin)));
        std::ranges::move(some, std::back_inserter(results));
    }
    return results;
}

/// Pictures of one size that passed `check_view`, each as a whole.
Result<Results> run_whole(const Detector::Implementation& self, std::span<const ImageView> images) {
    const auto read = [&](std::size_t index, std::size_t row, float* planes) {
        image_row_to_planes(images[index], row, planes);
    };
    return run_batch(self,
                     {.width = images[0].width, .height = images[0].height, .count = images.size(), .read = read});
}

Result<Results> run_in_tiles(const Detector::Implementation& self, std::span<const ImageView> images) {
    const auto stride = [&](int width, int height) { return self.stride_in_pixels(width, height); };
    const auto run_tiles = [&](std::span<const ImageView> tiles) { return run_whole(self, tiles); };
    Results results;
    for (const ImageView& image : images) {
        DETECT_TRY_ASSIGN(ImageResult found, run_tiled(image, *self.tiling, stride, run_tiles));
        results.push_back(std::move(found));
    }
    return results;
}

/// Pictures of one size that passed `check_view`, as a whole or in tiles, as the options say.
Result<Results> run_pictures(const Detector::Implementation& self, std::span<const ImageView> images) {
    const bool may_be_tiled = self.tiling && std::max(images[0].width, images[0].height) > self.tiling->tile;
    if (may_be_tiled && self.tiling->when == TileWhen::larger_than_a_tile) return run_in_tiles(self, images);
    auto results = run_whole(self, images);
    const bool too_large = !results && results.error().code == ErrorCode::resource_limit;
    if (may_be_tiled && too_large) return run_in_tiles(self, images);
    return results;
}

Result<Results> run_images(const Detector::Implementation& self, std::span<const ImageView> images) {
    std::map<std::pair<int, int>, std::vector<std::size_t>> groups;
    for (std::size_t i = 0; i < images.size(); ++i) {
        DETECT_TRY(check_view(images[i]));
        DETECT_TRY(check_samples(images[i]));
        groups[{images[i].height, images[i].width}].push_back(i);
    }
    Results results(images.size());
    for (const auto& [size, members] : groups) {
        std::vector<ImageView> same_size;
        for (const std::size_t member : members) same_size.push_back(images[member]);
        DETECT_TRY_ASSIGN(Results found, run_pictures(self, same_size));
        for (std::size_t i = 0; i < members.size(); ++i) results[members[i]] = std::move(found[i]);
    }
    return results;
}

Result<Results> run_tensor(const Detector::Implementation& self, const TensorView& batch) {
    if (batch.data == nullptr || batch.batch < 1 || batch.height < 1 || batch.width < 1) {
        return Error{ErrorCode::invalid_argument, "a tensor view needs data and sizes of at least 1"};
    }
    const Dims dims{batch.batch, 3, batch.height, batch.width};
    const auto element_count = checked_element_count(dims.sizes());
    if (!element_count || *element_count > INT64_MAX / static_cast<std::int64_t>(sizeof(float))) {
        return Error{ErrorCode::resource_limit, "a tensor view of sizes " + to_string(dims) + " is impossible"};
    }
    const std::span values(batch.data, static_cast<std::size_t>(*element_count));
    DETECT_TRY(check_unit_range(values));
    const PlanarRows rows(batch.data, static_cast<std::size_t>(batch.height), static_cast<std::size_t>(batch.width));
    const auto read = [&](std::size_t index, std::size_t row, float* planes) { rows.read(index, row, planes); };
    return run_batch(
        self,
        {.width = batch.width, .height = batch.height, .count = static_cast<std::size_t>(batch.batch), .read = read});
}

Result<void> run_blank(const Detector::Implementation& self, int width, int height, int batch) {
    if (width < 1 || height < 1 || batch < 1) {
        return Error{ErrorCode::invalid_argument, "warm-up: width, height and batch must be at least 1"};
    }
    const auto grey = [&](std::size_t, std::size_t, float* planes) {
        std::fill_n(planes, 3 * static_cast<std::size_t>(width), 0.5F);
    };
    const Batch blank{.width = width, .height = height, .count = static_cast<std::size_t>(batch), .read = grey};
    DETECT_TRY(run_batch(self, blank));
    return {};
}

} // namespace

// Where memory is short, the standard library throws; nothing leaves these.

Result<ImageResult> Detector::run(const ImageView& image) const {
    DETECT_TRY_ASSIGN(auto results, run(std::span(&image, 1)));
    return std::move(results.front());
}

Result<std::vector<ImageResult>> Detector::run(std::span<const ImageView> images) const {
    return without_exceptions([&] { return run_images(*implementation_, images); });
}

Result<std::vector<ImageResult>> Detector::run(const TensorView& batch) const {
    return without_exceptions([&] { return run_tensor(*implementation_, batch); });
}

Result<void> Detector::warm_up(int width, int height, int batch) const {
    return without_exceptions([&] { return run_blank(*implementation_, width, height, batch); });
}

} // namespace detect
